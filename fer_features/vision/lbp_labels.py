"""Labels of uniform local binary patterns of chunks of images, with the same labels as scikit-image."""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Iterator

import cv2
import numpy as np

from .lbp_ties import bilinear, flat_patch_patterns, neighbour_offsets, position_fractions

#: Number of labels of the uniform patterns of 8 neighbours: 58 uniform patterns and one label for all others.
N_LBP_LABELS = 59

#: Number of pixels that are processed at once. Arrays of this size fit into the cache and are allocated once for all
#: chunks.
PIXELS_PER_CHUNK = 1 << 16

#: Grey-level difference below which a float32 comparison is not reliable. The float32 error is below 2e-4.
TIE_TOLERANCE = 1e-3


@functools.cache
def uniform_labels() -> np.ndarray:
    """Return the label of each 8-bit pattern in the order of scikit-image: by number of ones, then by rotation.

    Returns
    -------
    ndarray, shape (256,), uint8

    Examples
    --------
    >>> labels = uniform_labels()
    >>> int(labels[0b00000000]), int(labels[0b11111111]), int(labels[0b01010101])
    (0, 57, 58)
    """
    labels = np.full(256, N_LBP_LABELS - 1, np.uint8)
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


def images_per_chunk(images: np.ndarray) -> int:
    """Return the number of images of a chunk, such that all chunks have nearly the same size."""
    n, height, width = images.shape
    return math.ceil(n / math.ceil(n / max(1, PIXELS_PER_CHUNK // max(1, height * width)))) if n else 1


def label_chunks(images: np.ndarray, radius: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the labels of consecutive chunks of images.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8
    radius : int
        Radius of the circle of neighbours in pixels.

    Yields
    ------
    start : int
        Index of the first image of the chunk.
    labels : ndarray, shape (<= images_per_chunk(images), H + radius, W + radius), uint8
        The last `radius` rows and columns are padding without meaning. The array is overwritten by the next chunk.
    """
    n, height, width = images.shape
    k = images_per_chunk(images)
    buffers = _get_buffers(k, height, width, radius)
    kernels = [_difference_kernel(dy, dx) for dy, dx in buffers.diagonal]
    code, flat, level, bit = buffers.code, buffers.flat, buffers.level, buffers.bit
    for start in range(0, n, k):
        # A last chunk of fewer images is processed together with images of the previous chunk, which are not yielded.
        m = min(k, n - start)
        buffers.images[:m] = images[start : start + m]
        buffers.grey_float[...] = buffers.grey
        # True where a pixel, the next one and the two below have the same grey value: a value that is interpolated
        # there belongs to a flat patch.
        level_pair = np.equal(buffers.padded[:-1], buffers.padded[1:], out=buffers.level_pair.view(bool)).view(np.uint8)
        np.equal(buffers.padded[: -buffers.line], buffers.padded[buffers.line :], out=level.view(bool))
        level[:-1] &= level_pair[: -buffers.line]
        level[:-1] &= level_pair[buffers.line :]
        for i, (weights, anchor) in enumerate(kernels):
            cv2.filter2D(
                buffers.grey_sheet, cv2.CV_32F, weights, buffers.difference_sheet, anchor, 0, cv2.BORDER_CONSTANT
            )
            np.greater(buffers.difference, TIE_TOLERANCE, out=buffers.brighter[i].view(bool))
            near_tie = np.greater_equal(buffers.difference, -TIE_TOLERANCE, out=bit.view(bool)).view(np.uint8)
            near_tie ^= buffers.brighter[i]
            np.bitwise_and(near_tie, buffers.level_at[i], out=buffers.flat_tie[i])
            np.bitwise_xor(near_tie, buffers.flat_tie[i], out=buffers.other_tie[i])
        ties = _flatnonzero_sparse(buffers.other_tie.reshape(-1))
        buffers.brighter.reshape(-1)[ties] = _resolve_ties(buffers, ties)
        code[...] = flat[...] = 0
        # From the last neighbour to the first: doubling is faster than a shift by a different number of bits for each.
        for i in (3, 2, 1, 0):
            code += code
            code += buffers.brighter[i]
            code += code
            code += np.greater_equal(buffers.axis_neighbour[i], buffers.grey, out=bit.view(bool)).view(np.uint8)
            flat += flat
            flat += buffers.flat_tie[i]
            flat += flat
        if flat.any():
            np.add(buffers.flat_index, buffers.grey.reshape(k, -1), out=buffers.index)
            np.take(buffers.flat_patterns, buffers.index.reshape(-1), out=buffers.labels, mode="clip")
            flat &= buffers.labels
            code |= flat
        cv2.LUT(code[None], uniform_labels(), buffers.labels[None])
        yield start, buffers.labels.reshape(k, buffers.rows, buffers.line)[:m]


class _Buffers:
    """Arrays for one chunk of images, and the views of them that are needed.

    The images follow each other line by line in one flat array. Each line and each image is followed by zeros.
    Therefore a neighbour is at a fixed distance in the flat array, and each operation runs over one contiguous array,
    which is faster than line by line.
    """

    def __init__(self, k: int, height: int, width: int, radius: int):
        offsets = neighbour_offsets(radius)
        self.diagonal = np.array(offsets[1::2])
        self.rows, self.line = rows, line = height + radius, width + radius
        size = k * rows * line
        self.margin = margin = (radius + 1) * (line + 1)
        self.padded = np.zeros(size + 2 * margin, np.uint8)
        self.grey = self.padded[margin : margin + size]
        self.images = self.grey.reshape(k, rows, line)[:, :height, :width]
        self.level_pair = np.zeros(self.padded.size - 1, np.uint8)
        self.level = np.zeros(self.padded.size - line, np.uint8)
        self.grey_float, self.difference = np.zeros((2, size), np.float32)
        # All images one below the other, for OpenCV.
        self.grey_sheet, self.difference_sheet = self.grey_float.reshape(-1, line), self.difference.reshape(-1, line)
        self.brighter, self.flat_tie, self.other_tie = np.zeros((3, 4, size), np.uint8)
        self.code, self.flat, self.labels, self.bit = np.zeros((4, size), np.uint8)
        self.flat_index, self.flat_patterns = flat_patch_patterns(rows, line, radius)
        self.index = np.zeros((k, rows * line), np.intp)
        #: Distance in the flat array from a pixel to the (upper left) pixel of each neighbour.
        self.steps = [math.floor(dy) * line + math.floor(dx) for dy, dx in offsets]
        self.fractions = [
            position_fractions(side, self.diagonal[:, i : i + 1]).ravel() for i, side in enumerate((rows, line))
        ]
        slices = [slice(margin + step, margin + step + size) for step in self.steps]
        self.level_at = [self.level[s] for s in slices[1::2]]
        self.axis_neighbour = [self.padded[s] for s in slices[::2]]


_LOCAL = threading.local()


def _get_buffers(*key: int) -> _Buffers:
    """Return the buffers of the previous call of this thread if they have the right size, otherwise new ones.

    For a few images the allocation of new memory would take longer than the computation.
    """
    if getattr(_LOCAL, "key", None) == key:
        return _LOCAL.buffers
    buffers = _Buffers(*key)
    if buffers.grey.size <= 2 * PIXELS_PER_CHUNK:  # the buffers of a large image are not retained
        _LOCAL.buffers, _LOCAL.key = buffers, key
    return buffers


def _flatnonzero_sparse(flags: np.ndarray) -> np.ndarray:
    """Return `np.flatnonzero` of an array of bytes 0 or 1 of which few are 1, by tests of eight bytes at once."""
    if flags.size % 8:
        return np.flatnonzero(flags.view(bool))
    # np.flatnonzero is several times faster on booleans than on other types.
    eights = flags.view(np.uint64)
    groups = np.flatnonzero(eights != 0)
    found = np.flatnonzero(eights.take(groups).view(bool))
    return groups.take(found >> 3) * 8 + (found & 7)


def _difference_kernel(dy: float, dx: float) -> tuple[np.ndarray, tuple[int, int]]:
    """Return the kernel of neighbour minus centre, and the position (x, y) of the centre in the kernel."""
    top, left = math.floor(dy), math.floor(dx)
    y, x = max(0, -top), max(0, -left)
    weights = np.zeros((max(0, top) + y + 2, max(0, left) + x + 2))
    weights[y + top : y + top + 2, x + left : x + left + 2] = np.outer([1 - dy % 1, dy % 1], [1 - dx % 1, dx % 1])
    weights[y, x] -= 1
    return weights, (x, y)


def _resolve_ties(buffers: _Buffers, indices: np.ndarray) -> np.ndarray:
    """Return whether diagonal neighbours are at least as bright as the centre, in the arithmetic of scikit-image.

    `indices` are positions in the flattened `buffers.other_tie`.
    """
    rows, line, size = buffers.rows, buffers.line, buffers.grey.size
    neighbour = indices // size
    centre = indices - neighbour * size
    image_line = centre // line
    row, x = image_line % rows, centre - image_line * line
    centre += buffers.margin
    upper_left = centre + np.array(buffers.steps[1::2]).take(neighbour)
    corners = [buffers.padded.take(upper_left + step) for step in (0, 1, line, line + 1)]
    fy = buffers.fractions[0].take(neighbour * rows + row)
    fx = buffers.fractions[1].take(neighbour * line + x)
    return bilinear(corners, fy, fx) >= buffers.padded.take(centre)
