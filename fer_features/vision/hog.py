"""Histograms of oriented gradients (Dalal and Triggs, CVPR 2005) of a batch of images."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np

#: Number of pixels that are processed at once. Arrays of this size fit into the second-level cache and are allocated
#: once for all chunks. Larger chunks pay for fresh memory, smaller chunks for the overhead of function calls.
PIXELS_PER_CHUNK = 1 << 16


def hog(
    images: np.ndarray,
    orientations: int = 9,
    pixels_per_cell: int = 8,
    cells_per_block: int = 2,
    signed_gradients: bool = False,
) -> np.ndarray:
    """Compute histograms of oriented gradients (HOG) of a batch of images.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8
        Grey images.
    orientations : int, default=9
        Number of orientation bins over 180 degrees, or over 360 degrees with `signed_gradients`.
    pixels_per_cell : int, default=8
        Side of a square cell in pixels. Rows and columns beyond the last complete cell have no cell; they are used
        only as neighbours in the gradients.
    cells_per_block : int, default=2
        Side of a square block in cells. Blocks overlap with a stride of one cell.
    signed_gradients : bool, default=False
        Whether a gradient and the opposite gradient fall into different bins.

    Returns
    -------
    ndarray, shape (n, d), float32
        Features between 0 and 1 (L2-Hys normalized): the blocks in row-major order, in each block its cells in
        row-major order, in each cell its orientations. The length is
        ``d = (H // pixels_per_cell - cells_per_block + 1) * (W // pixels_per_cell - cells_per_block + 1) *
        cells_per_block**2 * orientations``.

    Raises
    ------
    ValueError
        If the image is smaller than one block.

    References
    ----------
    N. Dalal, B. Triggs, "Histograms of oriented gradients for human detection", CVPR 2005,
    doi:10.1109/CVPR.2005.177.

    Notes
    -----
    The result equals ``skimage.feature.hog(..., block_norm='L2-Hys')`` for unsigned gradients. Like scikit-image, it
    departs from the paper in two ways: a pixel votes for one bin and one cell (no interpolation), and blocks have no
    Gaussian window.

    Pixels are integers, so a gradient is one of 511 x 511 pairs. Bin and magnitude are looked up in a table that is
    computed once with the float64 expressions of scikit-image. Therefore a gradient on the edge between two bins falls
    into the same bin as in scikit-image. Votes are summed in float64. Blocks are normalized in float32, which changes a
    feature by less than 2e-7.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.zeros((5, 64, 48), np.uint8)
    >>> images[:, 32:] = 255
    >>> hog(images, orientations=9, pixels_per_cell=8, cells_per_block=2).shape
    (5, 1260)
    >>> 7 * 5 * 2**2 * 9
    1260
    """
    n, height, width = images.shape
    rows, columns = height // pixels_per_cell - cells_per_block + 1, width // pixels_per_cell - cells_per_block + 1
    if min(rows, columns) < 1:
        raise ValueError(
            f"an image of {width} x {height} pixels is smaller than one block of {cells_per_block} x {cells_per_block} "
            f"cells of {pixels_per_cell} pixels"
        )
    blocks = np.empty((n, rows, columns, cells_per_block, cells_per_block, orientations), np.float32)
    start = 0
    for cells in _cell_histogram_chunks(images, orientations, pixels_per_cell, signed_gradients):
        chunk = blocks[start : start + len(cells)]
        for i in range(cells_per_block):
            for j in range(cells_per_block):
                chunk[:, :, :, i, j] = cells[:, i : i + rows, j : j + columns]
        flat = chunk.reshape(len(cells), rows, columns, -1)
        l2_hys(flat, out=flat)
        start += len(cells)
    return blocks.reshape(n, rows * columns * cells_per_block * cells_per_block * orientations)


def cell_histograms(
    images: np.ndarray, orientations: int, pixels_per_cell: int, signed_gradients: bool = False
) -> np.ndarray:
    """Compute the orientation histogram of each cell, before block normalization.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8
        Grey images.
    orientations, pixels_per_cell, signed_gradients
        See `hog`.

    Returns
    -------
    ndarray, shape (n, H // pixels_per_cell, W // pixels_per_cell, orientations), float64
        Sum of the gradient magnitudes of each orientation bin, divided by the number of pixels of the cell. The unit
        is grey levels per two pixels, because central differences are not halved.

    Examples
    --------
    A horizontal ramp with a slope of 3 grey levels per pixel:

    >>> import numpy as np
    >>> ramp = np.tile(3 * np.arange(24, dtype=np.uint8), (1, 24, 1))
    >>> cell_histograms(ramp, orientations=4, pixels_per_cell=8)[0, 1, 1]
    array([6., 0., 0., 0.])
    """
    n, height, width = images.shape
    histograms = np.empty((n, height // pixels_per_cell, width // pixels_per_cell, orientations))
    start = 0
    for chunk in _cell_histogram_chunks(images, orientations, pixels_per_cell, signed_gradients):
        histograms[start : start + len(chunk)] = chunk
        start += len(chunk)
    return histograms


def l2_hys(blocks: np.ndarray, eps: float = 1e-5, out: np.ndarray | None = None) -> np.ndarray:
    """Normalize over the last axis by L2-Hys: L2 normalization, clipping at 0.2, L2 normalization.

    Parameters
    ----------
    blocks : ndarray, shape (..., d), float32 or float64
    eps : float, default=1e-5
        Regularization: each norm is ``sqrt(sum(x**2) + eps**2)``. A block without gradients stays 0.
    out : ndarray, same shape and dtype as `blocks`, optional
        Array that receives the result. It may be `blocks` itself.

    Returns
    -------
    ndarray, shape (..., d)

    Examples
    --------
    >>> import numpy as np
    >>> l2_hys(np.array([3.0, 4.0])).round(3)
    array([0.707, 0.707])
    """
    normalized = np.divide(blocks, _l2_norm(blocks, eps), out=out)
    np.minimum(normalized, 0.2, out=normalized)
    return np.divide(normalized, _l2_norm(normalized, eps), out=normalized)


def _l2_norm(blocks: np.ndarray, eps: float) -> np.ndarray:
    # einsum needs no temporary array of squares.
    squares = np.einsum("...i,...i->...", blocks, blocks)
    return np.sqrt(squares + eps**2)[..., None]


def _cell_histogram_chunks(
    images: np.ndarray, orientations: int, pixels_per_cell: int, signed_gradients: bool
) -> Iterator[np.ndarray]:
    """Yield the cell histograms of consecutive chunks of images, each (<= k, rows, columns, orientations) float64."""
    n, height, width = images.shape
    rows, columns = height // pixels_per_cell, width // pixels_per_cell
    bins, magnitudes = _gradient_table(orientations, signed_gradients)
    k = max(1, min(n, PIXELS_PER_CHUNK // max(1, height * width)))
    shape = k, rows * pixels_per_cell, columns * pixels_per_cell
    first_bin = (np.arange(shape[1]) // pixels_per_cell * columns)[:, None] + np.arange(shape[2]) // pixels_per_cell
    first_bin = (first_bin + rows * columns * np.arange(k)[:, None, None]) * orientations
    # Buffers and pointer-sized indices: np.take and np.bincount copy indices of any other type.
    grey, dy, dx = (np.zeros((k, height, width), np.int16) for _ in range(3))
    gradient = np.empty(shape, np.int32)
    code, bin_index, magnitude = np.empty(shape, np.intp), np.empty(shape, np.intp), np.empty(shape)
    for start in range(0, n, k):
        m = min(k, n - start)
        grey[:m] = images[start : start + m]
        np.subtract(grey[:m, 2:], grey[:m, :-2], out=dy[:m, 1:-1])
        np.subtract(grey[:m, :, 2:], grey[:m, :, :-2], out=dx[:m, :, 1:-1])
        gradient[:m] = dy[:m, : shape[1], : shape[2]]
        np.multiply(gradient[:m], 511, out=gradient[:m])
        np.add(gradient[:m], dx[:m, : shape[1], : shape[2]], out=gradient[:m])
        np.add(gradient[:m], 255 * 511 + 255, out=code[:m])
        # All indices are valid. mode="clip" avoids the buffered output of the default mode.
        np.take(bins, code[:m], out=bin_index[:m], mode="clip")
        np.take(magnitudes, code[:m], out=magnitude[:m], mode="clip")
        np.add(bin_index[:m], first_bin[:m], out=bin_index[:m])
        sums = np.bincount(bin_index[:m].reshape(-1), magnitude[:m].reshape(-1), m * rows * columns * orientations)
        yield (sums / (pixels_per_cell * pixels_per_cell)).reshape(m, rows, columns, orientations)


@functools.cache
def _gradient_table(orientations: int, signed_gradients: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return orientation bin and magnitude of each integer gradient, at index (dy + 255) * 511 + dx + 255."""
    dy, dx = np.mgrid[-255.0:256, -255.0:256]
    period = 360.0 if signed_gradients else 180.0
    angle = np.rad2deg(np.arctan2(dy, dx)) % period
    bins = np.zeros(angle.shape, np.intp)
    for i in range(1, orientations):
        bins[angle >= period / orientations * i] = i
    return bins.ravel(), np.hypot(dy, dx).ravel()
