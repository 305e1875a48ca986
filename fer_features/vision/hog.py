"""Histograms of oriented gradients (Dalal and Triggs 2005), batched."""

from __future__ import annotations

import functools

import numpy as np


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
    expressions, which puts gradients on the edge of two bins where scikit-image puts them.
    """
    cells = cell_histograms(images, orientations, cell, signed)
    n, rows, columns, _ = cells.shape
    if rows < block or columns < block:
        raise ValueError(
            f"a picture of {images.shape[2]} x {images.shape[1]} holds no block of {block} x {block} cells of {cell}"
        )
    windows = np.lib.stride_tricks.sliding_window_view(cells, (block, block), axis=(1, 2))
    blocks = windows.transpose(0, 1, 2, 4, 5, 3).reshape(n, rows - block + 1, columns - block + 1, -1)
    return l2_hys(blocks).reshape(n, -1).astype(np.float32)


def cell_histograms(images: np.ndarray, orientations: int, cell: int, signed: bool = False) -> np.ndarray:
    """Mean gradient magnitude by cell and orientation, (n, rows, columns, orientations) float64."""
    n, height, width = images.shape
    rows, columns = height // cell, width // cell
    bins, magnitudes = _gradient_table(orientations, signed)
    grey = images.astype(np.int32)
    code = np.full((n, height, width), 255 * 511 + 255, np.int32)
    code[:, 1:-1] += (grey[:, 2:] - grey[:, :-2]) * 511
    code[:, :, 1:-1] += grey[:, :, 2:] - grey[:, :, :-2]
    code = code[:, : rows * cell, : columns * cell]
    at = (np.arange(rows * cell) // cell * columns)[:, None] + np.arange(columns * cell) // cell
    at = at + rows * columns * np.arange(n)[:, None, None]
    votes = np.bincount(
        (at * orientations + bins[code]).ravel(), magnitudes[code].ravel(), n * rows * columns * orientations
    )
    return votes.reshape(n, rows, columns, orientations) / (cell * cell)


def l2_hys(blocks: np.ndarray, epsilon: float = 1e-5) -> np.ndarray:
    """L2 norm, clipped at 0.2, L2 norm again, over the last axis."""
    blocks = blocks / np.sqrt((blocks**2).sum(-1, keepdims=True) + epsilon**2)
    blocks = np.minimum(blocks, 0.2)
    return blocks / np.sqrt((blocks**2).sum(-1, keepdims=True) + epsilon**2)


@functools.cache
def _gradient_table(orientations: int, signed: bool) -> tuple[np.ndarray, np.ndarray]:
    """Orientation bin and magnitude of each whole gradient, by (dy + 255) * 511 + dx + 255."""
    dy, dx = np.mgrid[-255.0:256, -255.0:256]
    turn = 360.0 if signed else 180.0
    angle = np.rad2deg(np.arctan2(dy, dx)) % turn
    bins = np.zeros(angle.shape, np.int32)
    for i in range(1, orientations):
        bins[angle >= turn / orientations * i] = i
    return bins.ravel(), np.hypot(dy, dx).ravel()
