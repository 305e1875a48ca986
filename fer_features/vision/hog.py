"""Histograms of oriented gradients (Dalal and Triggs 2005), batched."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np

#: Pixels described at once: arrays of this many fit the processor's second cache and are made once for all chunks.
#: Fresh memory costs more than the arithmetic, and smaller chunks spend their time in calls.
CHUNK = 1 << 16


def hog(images: np.ndarray, orientations: int = 9, cell: int = 8, block: int = 2, signed: bool = False) -> np.ndarray:
    """Histograms of oriented gradients of a batch of pictures.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8
    orientations : int
        Number of orientation bins over 180 degrees, or 360 where `signed`.
    cell : int
        Side of a cell in pixels. Pixels beyond the last whole cell do not count.
    block : int
        Side of a block in cells; blocks overlap, at a stride of one cell.
    signed : bool
        Whether a gradient and its opposite are told apart.

    Returns
    -------
    ndarray, shape (n, d), float32
        Blocks row by row, in each its cells row by row, in each its orientations; block norm L2-Hys.

    Raises
    ------
    ValueError
        Where the picture holds not even one block.

    References
    ----------
    N. Dalal, B. Triggs, "Histograms of oriented gradients for human detection", CVPR 2005.

    Notes
    -----
    Equal to `skimage.feature.hog` (unsigned), which departs from the paper: votes are not interpolated
    between bins or cells, and blocks carry no Gaussian weights. Grey values are whole, so a gradient is one of
    511 x 511 pairs: bin and magnitude are looked up in a table made once with scikit-image's own float64
    expressions, which puts gradients on the edge of two bins where scikit-image puts them. Votes are summed in
    float64; blocks are normed in float32, which moves a feature by less than 2e-7.
    """
    n, height, width = images.shape
    rows, columns = height // cell - block + 1, width // cell - block + 1
    if min(rows, columns) < 1:
        raise ValueError(f"a picture of {width} x {height} holds no block of {block} x {block} cells of {cell}")
    blocks = np.empty((n, rows, columns, block, block, orientations), np.float32)
    start = 0
    for cells in _chunks(images, orientations, cell, signed):
        part = blocks[start : start + len(cells)]
        for i in range(block):
            for j in range(block):
                part[:, :, :, i, j] = cells[:, i : i + rows, j : j + columns]
        flat = part.reshape(len(cells), rows, columns, -1)
        l2_hys(flat, out=flat)
        start += len(cells)
    return blocks.reshape(n, rows * columns * block * block * orientations)


def cell_histograms(images: np.ndarray, orientations: int, cell: int, signed: bool = False) -> np.ndarray:
    """Mean gradient magnitude by cell and orientation.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8
    orientations, cell, signed
        See `hog`.

    Returns
    -------
    ndarray, shape (n, H // cell, W // cell, orientations), float64
        In grey levels over two pixels: central differences are not halved.
    """
    n, height, width = images.shape
    cells = np.empty((n, height // cell, width // cell, orientations))
    start = 0
    for part in _chunks(images, orientations, cell, signed):
        cells[start : start + len(part)] = part
        start += len(part)
    return cells


def l2_hys(blocks: np.ndarray, epsilon: float = 1e-5, out: np.ndarray | None = None) -> np.ndarray:
    """L2 norm, clipped at 0.2, L2 norm again, over the last axis.

    Parameters
    ----------
    blocks : ndarray, shape (..., d), float32 or float64
    epsilon : float
        Added to the norm, in quadrature: a block without gradients stays 0.
    out : ndarray, same shape and dtype, optional
        Where the result is put; may be `blocks` itself.

    Returns
    -------
    ndarray, shape (..., d)
    """
    normed = np.divide(blocks, _norm(blocks, epsilon), out=out)
    np.minimum(normed, 0.2, out=normed)
    return np.divide(normed, _norm(normed, epsilon), out=normed)


def _norm(blocks: np.ndarray, epsilon: float) -> np.ndarray:
    # One product without a temporary array of squares.
    squares = np.einsum("...i,...i->...", blocks, blocks)
    return np.sqrt(squares + epsilon**2)[..., None]


def _chunks(images: np.ndarray, orientations: int, cell: int, signed: bool) -> Iterator[np.ndarray]:
    """Cell histograms of a few pictures at a time, (<= k, rows, columns, orientations) float64."""
    n, height, width = images.shape
    rows, columns = height // cell, width // cell
    bins, magnitudes = _gradient_table(orientations, signed)
    k = max(1, min(n, CHUNK // max(1, height * width)))
    shape = k, rows * cell, columns * cell
    at = (np.arange(shape[1]) // cell * columns)[:, None] + np.arange(shape[2]) // cell
    at = (at + rows * columns * np.arange(k)[:, None, None]) * orientations
    # Indices as wide as pointers and arrays to write to: np.take and np.bincount copy any other.
    grey, dy, dx = (np.zeros((k, height, width), np.int16) for _ in range(3))
    pair = np.empty(shape, np.int32)
    code, slot, vote = np.empty(shape, np.intp), np.empty(shape, np.intp), np.empty(shape)
    for start in range(0, n, k):
        m = min(k, n - start)
        grey[:m] = images[start : start + m]
        np.subtract(grey[:m, 2:], grey[:m, :-2], out=dy[:m, 1:-1])
        np.subtract(grey[:m, :, 2:], grey[:m, :, :-2], out=dx[:m, :, 1:-1])
        pair[:m] = dy[:m, : shape[1], : shape[2]]
        np.multiply(pair[:m], 511, out=pair[:m])
        np.add(pair[:m], dx[:m, : shape[1], : shape[2]], out=pair[:m])
        np.add(pair[:m], 255 * 511 + 255, out=code[:m])
        # 'clip' never happens; the default mode would buffer its output.
        np.take(bins, code[:m], out=slot[:m], mode="clip")
        np.take(magnitudes, code[:m], out=vote[:m], mode="clip")
        np.add(slot[:m], at[:m], out=slot[:m])
        votes = np.bincount(slot[:m].reshape(-1), vote[:m].reshape(-1), m * rows * columns * orientations)
        yield (votes / (cell * cell)).reshape(m, rows, columns, orientations)


@functools.cache
def _gradient_table(orientations: int, signed: bool) -> tuple[np.ndarray, np.ndarray]:
    """Orientation bin and magnitude of each whole gradient, by (dy + 255) * 511 + dx + 255."""
    dy, dx = np.mgrid[-255.0:256, -255.0:256]
    turn = 360.0 if signed else 180.0
    angle = np.rad2deg(np.arctan2(dy, dx)) % turn
    bins = np.zeros(angle.shape, np.intp)
    for i in range(1, orientations):
        bins[angle >= turn / orientations * i] = i
    return bins.ravel(), np.hypot(dy, dx).ravel()
