"""Magnitudes of a bank of Gabor filters (Daugman 1985), pooled over a grid."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import cv2
import numpy as np

#: Standard deviation of the Gaussian in wave lengths, for a bandwidth of one octave.
SIGMA = math.sqrt(math.log(2) / 2) / math.pi * 3

#: Where the Gaussian is cut off, in standard deviations.
CUT = 3


def gabor_magnitudes(images: np.ndarray, frequencies: Sequence[float] = (0.25,), orientations: int = 8) -> np.ndarray:
    """Magnitudes of the responses of pictures to complex Gabor filters.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8
    frequencies : sequence of float
        In cycles a pixel, above 0 and at most 0.5.
    orientations : int
        Directions of the wave, equally spaced over 180 degrees from 0, the horizontal.

    Returns
    -------
    ndarray, shape (n, frequencies, orientations, H, W), float32
        In grey levels.

    Raises
    ------
    ValueError
        For a frequency that is not above 0 and at most 0.5.

    References
    ----------
    J. G. Daugman, "Uncertainty relation for resolution in space, spatial frequency, and orientation optimized by
    two-dimensional visual cortical filters", JOSA A 2(7), 1985. On faces: M. Lyons, S. Akamatsu, M. Kamachi, J. Gyoba,
    "Coding facial expressions with Gabor wavelets", FG 1998.

    Notes
    -----
    Equal to the magnitude of ``skimage.filters.gabor(image.astype(float), frequency, theta)`` with its bandwidth of
    one octave to 1e-3 grey levels (sums are float32); beyond the picture it is mirrored, edge pixels repeated, as
    there. The Gaussian is round and its window a rectangle, so that each filter is the product of a complex row
    and a complex column: four short passes in place of two long ones. As in scikit-image, and unlike in Lyons et
    al., filters keep the small response to a flat picture that a Gaussian times a wave has: up to 0.4 % of its grey.
    """
    n, height, width = images.shape
    bank = [kernels for frequency in frequencies for kernels in _kernels(float(frequency), orientations)]
    found = np.empty((n, len(bank), height, width), np.float32)
    pictures = images.astype(np.float32)
    for picture, magnitudes in zip(pictures, found, strict=True):
        for kernels, magnitude in zip(bank, magnitudes, strict=True):
            _magnitude(picture, kernels, magnitude)
    return found.reshape(n, len(frequencies), orientations, height, width)


def gabor(
    images: np.ndarray,
    frequencies: Sequence[float] = (0.25,),
    orientations: int = 8,
    grid: int = 6,
    deviation: bool = False,
) -> np.ndarray:
    """Gabor magnitudes pooled over a grid of cells.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8
    frequencies, orientations
        See `gabor_magnitudes`.
    grid : int
        The picture is cut into `grid` x `grid` cells.
    deviation : bool
        Whether the standard deviation in each cell follows its mean.

    Returns
    -------
    ndarray, shape (n, d), float32
        In grey levels: cells row by row, in each the frequencies, in each the orientations, in each the mean and,
        if asked for, the standard deviation. d is grid * grid * frequencies * orientations, or twice as much.

    Raises
    ------
    ValueError
        Where the picture has fewer pixels than cells a side, or for a frequency that is not above 0 and at most 0.5.
    """
    n, height, width = images.shape
    if min(height, width) < grid:
        raise ValueError(f"a picture of {width} x {height} cannot be cut into {grid} x {grid} cells")
    filters = len(frequencies) * orientations
    pooled = np.empty((n, grid, grid, filters, 1 + deviation), np.float32)
    # One picture at a time: the responses of many would be the largest arrays of all.
    for i in range(n):
        responses = gabor_magnitudes(images[i : i + 1], frequencies, orientations).reshape(filters, height, width)
        mean = _cell_means(responses, grid)
        pooled[i, ..., 0] = mean.transpose(1, 2, 0)
        if deviation:
            variance = _cell_means(responses * responses, grid) - mean * mean
            pooled[i, ..., 1] = np.sqrt(np.maximum(variance, 0)).transpose(1, 2, 0)
    return pooled.reshape(n, grid * grid * filters * (1 + deviation))


def _magnitude(picture: np.ndarray, kernels: tuple[np.ndarray, ...], out: np.ndarray) -> None:
    """Absolute value of a picture convolved with (row + i row')(column + i column')."""
    row, row_i, column, column_i = kernels

    def product(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        if not (x.any() and y.any()):  # a wave along an axis swings along that axis only
            return np.zeros_like(picture)
        return cv2.sepFilter2D(picture, cv2.CV_32F, x, y, borderType=cv2.BORDER_REFLECT)

    real = product(row, column)
    real -= product(row_i, column_i)
    imaginary = product(row, column_i)
    imaginary += product(row_i, column)
    # Not cv2.magnitude, whose last digit depends on where in memory the arrays lie.
    real *= real
    imaginary *= imaginary
    real += imaginary
    np.sqrt(real, out=out)


@functools.lru_cache(maxsize=32)
def _kernels(frequency: float, orientations: int) -> tuple[tuple[np.ndarray, ...], ...]:
    """Real and imaginary row, real and imaginary column of each filter, float64."""
    if not 0 < frequency <= 0.5:
        raise ValueError(f"a Gabor filter of frequency {frequency:g}: above 0 and at most 0.5 cycles a pixel is needed")
    sigma = SIGMA / frequency
    bank = []
    for o in range(orientations):
        theta = math.pi * o / orientations
        lines = []
        for along, across in ((math.cos(theta), math.sin(theta)), (math.sin(theta), math.cos(theta))):
            reach = math.ceil(max(abs(CUT * sigma * along), abs(CUT * sigma * across), 1))
            x = np.arange(-reach, reach + 1)
            bell = np.exp(-0.5 * (x / sigma) ** 2) / (math.sqrt(2 * math.pi) * sigma)
            phase = 2 * math.pi * frequency * along * x
            # Across a horizontal or vertical wave nothing swings: 6e-17 is the cosine of 90 degrees.
            still = abs(along) < 1e-12
            lines += [bell if still else bell * np.cos(phase), np.zeros_like(bell) if still else bell * np.sin(phase)]
        bank.append(tuple(lines))
    return tuple(bank)


def _cell_means(values: np.ndarray, grid: int) -> np.ndarray:
    """Means over a grid of cells, (k, H, W) -> (k, grid, grid) float64, of cells as in `lbp_histograms`."""
    _, height, width = values.shape
    tops, lefts = (-(-np.arange(grid) * side // grid) for side in (height, width))
    sums = np.add.reduceat(np.add.reduceat(values, tops, axis=1, dtype=np.float64), lefts, axis=2)
    rows, columns = np.diff(np.append(tops, height)), np.diff(np.append(lefts, width))
    return sums / np.outer(rows, columns)
