"""Uniform local binary patterns (Ojala, Pietikainen and Maenpaa 2002), batched."""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

#: Number of labels of the uniform patterns of 8 neighbours: 58 and one for all others.
BINS = 59

#: Pixels described at once: arrays of this many fit the processor's cache and are made once for all chunks.
CHUNK = 1 << 16

#: Below this difference of grey, float32 does not decide which of two is greater; its error is below 2e-4.
NEAR = 1e-3


def lbp_codes(images: np.ndarray, radius: int = 1) -> np.ndarray:
    """Uniform local binary patterns of 8 neighbours.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8
    radius : int
        Radius of the circle of neighbours in pixels; they are interpolated bilinearly.

    Returns
    -------
    ndarray, shape (n, H, W), uint8
        Labels 0..58, equal to ``skimage.feature.local_binary_pattern(image, 8, radius, 'nri_uniform')``.

    References
    ----------
    T. Ojala, M. Pietikainen, T. Maenpaa, "Multiresolution gray-scale and rotation invariant texture
    classification with local binary patterns", PAMI 24(7), 2002. Uniform labels with their rotation:
    T. Ahonen, A. Hadid, M. Pietikainen, "Face description with local binary patterns", PAMI 28(12), 2006.

    Notes
    -----
    Beyond the picture the grey value is 0, as in scikit-image.

    In ties, as on flat patches, scikit-image lets the sign of a float64 rounding error, which depends on the position,
    decide the bit. Here float32 decides all but near-ties. Of these the flat ones are looked up in a table made with
    scikit-image's expressions (`_flat_patches`); the others are computed one by one.
    """
    labels = np.empty(images.shape, np.uint8)
    for start, part in _chunks(images, radius):
        labels[start : start + len(part)] = part[:, : images.shape[1], : images.shape[2]]
    return labels


def lbp_histograms(images: np.ndarray, radius: int | Sequence[int] = 1, grid: int | Sequence[int] = 6) -> np.ndarray:
    """Histograms of uniform patterns over a grid of cells.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8
    radius : int or sequence of int
        See `lbp_codes`.
    grid : int or sequence of int
        The picture is cut into `grid` x `grid` cells. With several radii or grids, each radius is counted over
        each grid.

    Returns
    -------
    ndarray, shape (n, d), float32
        Radii one after the other, in each the grids, in each the cells row by row, in each the 59 labels, so that
        d is the number of radii times 59 times the sum of grid * grid; each histogram sums to 1.

    Raises
    ------
    ValueError
        Where the picture has fewer pixels than cells a side.
    """
    radii, grids = (list(x) if isinstance(x, Sequence) else [x] for x in (radius, grid))
    n, height, width = images.shape
    for size in grids:
        if min(height, width) < size:
            raise ValueError(f"a picture of {width} x {height} cannot be cut into {size} x {size} cells")
    k = _at_once(images)
    found = np.empty((n, len(radii), BINS * sum(size * size for size in grids)), np.float32)
    for i, one in enumerate(radii):
        places = [_places(k, height, width, one, size) for size in grids]
        slot = np.empty((k, (height + one) * (width + one)), np.intp)
        for start, labels in _chunks(images, one):
            m, at = len(labels), 0
            for place, pixels in places:
                bins = len(pixels) * BINS
                np.add(place[:m], labels.reshape(m, -1), out=slot[:m])
                counts = np.bincount(slot[:m].reshape(-1), minlength=(k + 1) * bins)[: m * bins]
                part = found[start : start + m, i, at : at + bins].reshape(m, -1, BINS)
                part[...] = counts.reshape(part.shape)
                part /= pixels
                at += bins
    return found.reshape(n, found.shape[1] * found.shape[2])


def _places(k: int, height: int, width: int, radius: int, grid: int) -> tuple[np.ndarray, np.ndarray]:
    """First bin of each pixel of k pictures as `_chunks` lays them, (k, d); pixels of each cell, (cells, 1).

    What is no pixel counts in a cell after the last.
    """
    cell = (np.arange(height) * grid // height)[:, None] * grid + np.arange(width) * grid // width
    place = np.full((k, height + radius, width + radius), k * grid * grid)
    place[:, :height, :width] = cell + grid * grid * np.arange(k)[:, None, None]
    return place.reshape(k, -1) * BINS, np.bincount(cell.ravel()).astype(np.float32)[:, None]


def _at_once(images: np.ndarray) -> int:
    """Pictures in a chunk: chunks of nearly equal size."""
    n, height, width = images.shape
    return math.ceil(n / math.ceil(n / max(1, CHUNK // max(1, height * width)))) if n else 1


def _chunks(images: np.ndarray, radius: int) -> Iterator[tuple[int, np.ndarray]]:
    """First picture and labels of a few at a time, (<= k, H + radius, W + radius) uint8, last rows and columns void."""
    n, height, width = images.shape
    k = _at_once(images)
    room = _room(k, height, width, radius)
    kernels = [_excess_kernel(dy, dx) for dy, dx in room.diagonal]
    code, flat, even, bit = room.code, room.flat, room.even, room.bit
    for start in range(0, n, k):
        # A last chunk of fewer pictures is described with older ones behind them, which nobody sees.
        m = min(k, n - start)
        room.pictures[:m] = images[start : start + m]
        room.reals[...] = room.grey
        # True where a pixel, the next, and the two below are of one grey: what is interpolated there is a flat patch.
        level = np.equal(room.padded[:-1], room.padded[1:], out=room.level.view(bool)).view(np.uint8)
        np.equal(room.padded[: -room.wide], room.padded[room.wide :], out=even.view(bool))
        even[:-1] &= level[: -room.wide]
        even[:-1] &= level[room.wide :]
        for i, (weights, anchor) in enumerate(kernels):
            cv2.filter2D(room.sheet, cv2.CV_32F, weights, room.excess_sheet, anchor, 0, cv2.BORDER_CONSTANT)
            np.greater(room.excess, NEAR, out=room.brighter[i].view(bool))
            near = np.greater_equal(room.excess, -NEAR, out=bit.view(bool)).view(np.uint8)
            near ^= room.brighter[i]
            np.bitwise_and(near, room.smooth[i], out=room.flat_of[i])
            np.bitwise_xor(near, room.flat_of[i], out=room.odd[i])
        rare = _true_at(room.odd.reshape(-1))
        room.brighter.reshape(-1)[rare] = _compare(room, rare)
        code[...] = flat[...] = 0
        # From the last neighbour to the first: doubling is faster than shifting each by its place.
        for i in (3, 2, 1, 0):
            code += code
            code += room.brighter[i]
            code += code
            code += np.greater_equal(room.straight[i], room.grey, out=bit.view(bool)).view(np.uint8)
            flat += flat
            flat += room.flat_of[i]
            flat += flat
        if flat.any():
            np.add(room.flat_base, room.grey.reshape(k, -1), out=room.slot)
            np.take(room.flat_table, room.slot.reshape(-1), out=room.labels, mode="clip")
            flat &= room.labels
            code |= flat
        cv2.LUT(code[None], _uniform_labels(), room.labels[None])
        # The memory is used again for the next chunk.
        yield start, room.labels.reshape(k, room.tall, room.wide)[:m]


class _Room:
    """Memory for one chunk of pictures, with the views that are needed of it.

    The pictures follow each other row by row in one line, each row and each picture with zeros behind it: a neighbour
    is a fixed step away, and every operation runs along the whole line, which is faster than row by row.
    """

    def __init__(self, k: int, height: int, width: int, radius: int):
        steps = _neighbours(radius)
        self.diagonal = np.array(steps[1::2])
        self.tall, self.wide = tall, wide = height + radius, width + radius
        size = k * tall * wide
        self.margin = margin = (radius + 1) * (wide + 1)
        self.padded = np.zeros(size + 2 * margin, np.uint8)
        self.grey = self.padded[margin : margin + size]
        self.pictures = self.grey.reshape(k, tall, wide)[:, :height, :width]
        self.level, self.even = np.zeros(self.padded.size - 1, np.uint8), np.zeros(self.padded.size - wide, np.uint8)
        self.reals, self.excess = np.zeros((2, size), np.float32)
        # All pictures one below the other, for OpenCV.
        self.sheet, self.excess_sheet = self.reals.reshape(-1, wide), self.excess.reshape(-1, wide)
        self.brighter, self.flat_of, self.odd = np.zeros((3, 4, size), np.uint8)
        self.code, self.flat, self.labels, self.bit = np.zeros((4, size), np.uint8)
        self.flat_base, self.flat_table = _flat_patches(tall, wide, radius)
        self.slot = np.zeros((k, tall * wide), np.intp)
        #: Where the (upper left) pixel of each neighbour stands, from the pixel itself.
        self.offsets = [math.floor(dy) * wide + math.floor(dx) for dy, dx in steps]
        self.fractions = [_fractions(side, self.diagonal[:, i : i + 1]).ravel() for i, side in enumerate((tall, wide))]
        places = [slice(margin + offset, margin + offset + size) for offset in self.offsets]
        self.smooth = [self.even[place] for place in places[1::2]]
        self.straight = [self.padded[place] for place in places[::2]]


_LOCAL = threading.local()


def _room(*key: int) -> _Room:
    """The room of the last call if it fits: for a few pictures, fresh memory would cost more than the work."""
    if getattr(_LOCAL, "key", None) == key:
        return _LOCAL.room
    room = _Room(*key)
    if room.grey.size <= 2 * CHUNK:  # that of a large picture is not kept
        _LOCAL.room, _LOCAL.key = room, key
    return room


def _true_at(flags: np.ndarray) -> np.ndarray:
    """`np.flatnonzero` of bytes 0 or 1 of which few are 1: eight are passed over at a time."""
    if flags.size % 8:
        return np.flatnonzero(flags.view(bool))
    # numpy is several times faster at booleans than at any other numbers.
    eights = flags.view(np.uint64)
    groups = np.flatnonzero(eights != 0)
    found = np.flatnonzero(eights.take(groups).view(bool))
    return groups.take(found >> 3) * 8 + (found & 7)


def _neighbours(radius: int) -> list[tuple[float, float]]:
    """Steps (dy, dx) to the 8 neighbours, rounded as in scikit-image."""
    angles = [2 * np.pi * p / 8 for p in range(8)]
    return [(float(np.round(-radius * np.sin(a), 5)), float(np.round(radius * np.cos(a), 5))) for a in angles]


def _excess_kernel(dy: float, dx: float) -> tuple[np.ndarray, tuple[int, int]]:
    """Weights of the value at a step less the value of the pixel itself, and where the pixel is: its (x, y)."""
    top, left = math.floor(dy), math.floor(dx)
    y, x = max(0, -top), max(0, -left)
    weights = np.zeros((max(0, top) + y + 2, max(0, left) + x + 2))
    weights[y + top : y + top + 2, x + left : x + left + 2] = np.outer([1 - dy % 1, dy % 1], [1 - dx % 1, dx % 1])
    weights[y, x] -= 1
    return weights, (x, y)


def _bilinear(corners: Sequence[np.ndarray], fy: np.ndarray, fx: np.ndarray) -> np.ndarray:
    """The value between four pixels (upper two, lower two) in float64, operation by operation as in scikit-image."""
    upper = (1 - fx) * corners[0] + fx * corners[1]
    lower = (1 - fx) * corners[2] + fx * corners[3]
    return (1 - fy) * upper + fy * lower


def _fractions(length: int, step: np.ndarray) -> np.ndarray:
    # Of the absolute position, not of the step: the rounding error grows with the position.
    return (np.arange(length) + step) % 1


def _compare(room: _Room, at: np.ndarray) -> np.ndarray:
    """Whether the diagonal neighbours `at` (places in `room.odd`) are not darker, exactly as scikit-image finds it."""
    tall, wide, size = room.tall, room.wide, room.grey.size
    which = at // size
    here = at - which * size
    line = here // wide
    row, x = line % tall, here - line * wide
    here += room.margin
    first = here + np.array(room.offsets[1::2]).take(which)
    corners = [room.padded.take(first + step) for step in (0, 1, wide, wide + 1)]
    fy, fx = room.fractions[0].take(which * tall + row), room.fractions[1].take(which * wide + x)
    return _bilinear(corners, fy, fx) >= room.padded.take(here)


@functools.lru_cache(maxsize=8)
def _flat_patches(height: int, width: int, radius: int) -> tuple[np.ndarray, np.ndarray]:
    """What scikit-image finds on flat patches: (H * W,) of indices, to which the grey is added, into patterns.

    Pixels whose fractions of position are the same float64 numbers share a class: a fraction changes only where the
    position reaches the next power of two, so there are few.
    """
    steps = _neighbours(radius)
    signs = np.array([[1], [-1]]) * abs(steps[1][0])
    (of_rows, row), (of_columns, column) = (
        np.unique(_fractions(length, signs), axis=1, return_inverse=True) for length in (height, width)
    )
    grey = np.arange(256.0)
    table = np.zeros((of_rows.shape[1], of_columns.shape[1], 256), np.uint8)
    for p, (dy, dx) in zip((1, 3, 5, 7), steps[1::2], strict=True):
        fy, fx = of_rows[int(dy < 0)][:, None, None], of_columns[int(dx < 0)][:, None]
        table |= (_bilinear([grey] * 4, fy, fx) >= grey).astype(np.uint8) << np.uint8(p)
    base = (row.reshape(-1)[:, None] * of_columns.shape[1] + column.reshape(-1)) * 256
    return base.ravel(), table.ravel()


@functools.cache
def _uniform_labels() -> np.ndarray:
    """Label of each 8-bit pattern in scikit-image's order: by number of ones, then by rotation."""
    labels = np.full(256, BINS - 1, np.uint8)
    for pattern in range(256):
        bits = [pattern >> p & 1 for p in range(8)]
        ones = sum(bits)
        if sum(bits[p] != bits[p + 1] for p in range(7)) > 2:
            continue
        if ones in (0, 8):
            labels[pattern] = 57 * (ones == 8)
        else:
            rotation = ones - bits.index(0) if bits[0] else 8 - bits.index(1)
            labels[pattern] = 1 + (ones - 1) * 8 + rotation % 8
    return labels
