"""Uniform local binary patterns (Ojala, Pietikainen and Maenpaa 2002), batched."""

from __future__ import annotations

import functools
import math

import numpy as np

#: Number of labels of the uniform patterns of 8 neighbours: 58 and one for all others.
BINS = 59


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
    """
    grey = images.astype(np.float64)
    padded = np.pad(grey, ((0, 0), (radius + 1, radius + 1), (radius + 1, radius + 1)))
    height, width = images.shape[1:]
    code = np.zeros(images.shape, np.uint8)
    for p in range(8):
        # Rounded, placed and weighted exactly as in scikit-image: on flat patches the sign of the rounding error,
        # which depends on the absolute position, decides the bit.
        dy = float(np.round(-radius * np.sin(2 * np.pi * p / 8), 5))
        dx = float(np.round(radius * np.cos(2 * np.pi * p / 8), 5))
        top, left = radius + 1 + math.floor(dy), radius + 1 + math.floor(dx)
        corner = [padded[:, top + j : top + j + height, left + i : left + i + width] for j in (0, 1) for i in (0, 1)]
        fy = ((np.arange(height) + dy) % 1)[:, None]
        fx = (np.arange(width) + dx) % 1
        if dy % 1 == 0 and dx % 1 == 0:
            neighbour = corner[0]
        else:
            upper = (1 - fx) * corner[0] + fx * corner[1]
            lower = (1 - fx) * corner[2] + fx * corner[3]
            neighbour = (1 - fy) * upper + fy * lower
        code |= (neighbour >= grey).astype(np.uint8) << p
    return _uniform_labels()[code]


def lbp_histograms(images: np.ndarray, radius: int = 1, grid: int = 6) -> np.ndarray:
    """Histograms of uniform patterns over a grid of cells.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8
    radius : int
        See `lbp_codes`.
    grid : int
        The picture is cut into `grid` x `grid` cells.

    Returns
    -------
    ndarray, shape (n, grid * grid * 59), float32
        Cells row by row; each histogram sums to 1.

    Raises
    ------
    ValueError
        Where the picture has fewer pixels than cells a side.
    """
    codes = lbp_codes(images, radius)
    n, height, width = codes.shape
    if min(height, width) < grid:
        raise ValueError(f"a picture of {width} x {height} cannot be cut into {grid} x {grid} cells")
    rows = np.arange(height) * grid // height
    columns = np.arange(width) * grid // width
    cell = rows[:, None] * grid + columns + grid * grid * np.arange(n)[:, None, None]
    counts = np.bincount((cell * BINS + codes).ravel(), minlength=n * grid * grid * BINS).reshape(n, -1, BINS)
    return (counts / counts.sum(-1, keepdims=True)).reshape(n, -1).astype(np.float32)


@functools.cache
def _uniform_labels() -> np.ndarray:
    """Label of each 8-bit pattern in scikit-image's order: by number of ones, then by rotation."""
    labels = np.full(256, BINS - 1, np.uint8)
    for pattern in range(256):
        bits = [pattern >> p & 1 for p in range(8)]
        ones = sum(bits)
        changes = sum(bits[p] != bits[p + 1] for p in range(7))
        if changes > 2:
            continue
        if ones in (0, 8):
            labels[pattern] = 0 if ones == 0 else 57
            continue
        first_one = bits.index(1)
        first_zero = bits.index(0)
        rotation = 8 - first_one if ones and first_zero == 0 else ones - first_zero
        labels[pattern] = 1 + (ones - 1) * 8 + rotation % 8
    return labels
