"""Bilinear interpolation of LBP neighbours with the same float64 rounding errors as scikit-image.

In case of a tie between a pixel and an interpolated neighbour, rounding errors decide the bit of the pattern. These
functions repeat the operations of ``skimage.feature.local_binary_pattern`` in the same order, so that ties are decided
in the same way.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np


def neighbour_offsets(radius: int) -> list[tuple[float, float]]:
    """Return the offsets (dy, dx) of the 8 neighbours in pixels, rounded to 5 decimals as in scikit-image.

    Examples
    --------
    >>> neighbour_offsets(1)[1]
    (-0.70711, 0.70711)
    """
    angles = [2 * np.pi * p / 8 for p in range(8)]
    return [(float(np.round(-radius * np.sin(a), 5)), float(np.round(radius * np.cos(a), 5))) for a in angles]


def bilinear(corners: Sequence[np.ndarray], fy: np.ndarray, fx: np.ndarray) -> np.ndarray:
    """Interpolate between four pixels in float64.

    Parameters
    ----------
    corners : sequence of 4 ndarray
        Grey values: upper left, upper right, lower left, lower right.
    fy, fx : ndarray, float64
        Fractions of the position.

    Returns
    -------
    ndarray, float64

    Examples
    --------
    >>> import numpy as np
    >>> bilinear([np.array([0]), np.array([10]), np.array([20]), np.array([30])], np.array([0.5]), np.array([0.1]))
    array([11.])
    """
    upper = (1 - fx) * corners[0] + fx * corners[1]
    lower = (1 - fx) * corners[2] + fx * corners[3]
    return (1 - fy) * upper + fy * lower


def position_fractions(length: int, offset: np.ndarray) -> np.ndarray:
    """Return the fractional parts of the positions ``0 .. length - 1`` plus an offset.

    They are computed from the absolute positions, because the rounding error grows with the position.
    """
    return (np.arange(length) + offset) % 1


@functools.lru_cache(maxsize=8)
def flat_patch_patterns(height: int, width: int, radius: int) -> tuple[np.ndarray, np.ndarray]:
    """Compute the bits of diagonal neighbours in flat patches for each position and grey value.

    Parameters
    ----------
    height, width : int
        Size of the image in pixels.
    radius : int
        Radius of the circle of neighbours in pixels.

    Returns
    -------
    index : ndarray, shape (height * width,), int
        The pattern of a pixel is ``patterns[index + grey]``.
    patterns : ndarray, shape (m,), uint8

    Notes
    -----
    Positions with identical float64 fractions share an entry. A fraction changes only where the position reaches the
    next power of two, so the table is small.
    """
    offsets = neighbour_offsets(radius)
    signed_offset = np.array([[1], [-1]]) * abs(offsets[1][0])
    (row_fractions, row), (column_fractions, column) = (
        np.unique(position_fractions(length, signed_offset), axis=1, return_inverse=True) for length in (height, width)
    )
    grey = np.arange(256.0)
    patterns = np.zeros((row_fractions.shape[1], column_fractions.shape[1], 256), np.uint8)
    for p, (dy, dx) in zip((1, 3, 5, 7), offsets[1::2], strict=True):
        fy, fx = row_fractions[int(dy < 0)][:, None, None], column_fractions[int(dx < 0)][:, None]
        patterns |= (bilinear([grey] * 4, fy, fx) >= grey).astype(np.uint8) << np.uint8(p)
    index = (row.reshape(-1)[:, None] * column_fractions.shape[1] + column.reshape(-1)) * 256
    return index.ravel(), patterns.ravel()
