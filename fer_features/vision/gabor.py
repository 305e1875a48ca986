"""Magnitudes of a bank of Gabor filters (Daugman, JOSA A 1985), pooled over a grid of cells."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import cv2
import numpy as np

#: Standard deviation of the Gaussian in wavelengths, for a bandwidth of one octave.
SIGMA_PER_WAVELENGTH = math.sqrt(math.log(2) / 2) / math.pi * 3

#: Extent of a filter on each side of its centre, in standard deviations of the Gaussian.
N_STDS = 3


def gabor_magnitudes(images: np.ndarray, frequencies: Sequence[float] = (0.25,), orientations: int = 8) -> np.ndarray:
    """Compute the magnitudes of the responses of images to complex Gabor filters.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8
        Grey images.
    frequencies : sequence of float, default=(0.25,)
        Frequencies of the waves in cycles per pixel, above 0 and at most 0.5.
    orientations : int, default=8
        Number of wave directions, equally spaced over 180 degrees. The first one, 0 degrees, is horizontal.

    Returns
    -------
    ndarray, shape (n, len(frequencies), orientations, H, W), float32
        Magnitudes in grey levels.

    Raises
    ------
    ValueError
        If a frequency is not above 0 and at most 0.5.

    References
    ----------
    J. G. Daugman, "Uncertainty relation for resolution in space, spatial frequency, and orientation optimized by
    two-dimensional visual cortical filters", JOSA A 2(7), 1985, doi:10.1364/JOSAA.2.001160.
    M. Lyons, S. Akamatsu, M. Kamachi, J. Gyoba, "Coding facial expressions with Gabor wavelets", FG 1998,
    doi:10.1109/AFGR.1998.670949.

    Notes
    -----
    The result equals the magnitude of ``skimage.filters.gabor(image.astype(float), frequency, theta)`` with its default
    bandwidth of one octave, up to 1e-3 grey levels (sums are float32). As there, the image is extended by reflection
    with repeated edge pixels.

    The Gaussian is isotropic and its support a rectangle. Each filter is therefore the product of a complex row and a
    complex column: four one-dimensional passes replace two two-dimensional ones.

    As in scikit-image, and unlike in Lyons et al., the filters are not corrected to a mean of 0. The response to a flat
    image is up to 0.4 % of its grey value.

    Examples
    --------
    >>> import numpy as np
    >>> wave = 127 + 100 * np.cos(2 * np.pi * 0.25 * np.arange(64))
    >>> images = np.tile(wave.round().astype(np.uint8), (1, 64, 1))
    >>> magnitudes = gabor_magnitudes(images, frequencies=(0.125, 0.25), orientations=4)
    >>> magnitudes.shape
    (1, 2, 4, 64, 64)
    >>> magnitudes[0, 1, 0, 32, 32].round()  # half the amplitude of the wave
    np.float32(50.0)
    >>> bool((magnitudes[0, :, 1:, 32, 32] < 2).all())
    True
    """
    n, height, width = images.shape
    bank = [kernels for frequency in frequencies for kernels in _kernels(float(frequency), orientations)]
    magnitudes = np.empty((n, len(bank), height, width), np.float32)
    for image, responses in zip(images.astype(np.float32), magnitudes, strict=True):
        for kernels, out in zip(bank, responses, strict=True):
            _magnitude(image, kernels, out)
    return magnitudes.reshape(n, len(frequencies), orientations, height, width)


def gabor(
    images: np.ndarray,
    frequencies: Sequence[float] = (0.25,),
    orientations: int = 8,
    grid: int = 6,
    with_std: bool = False,
) -> np.ndarray:
    """Compute Gabor magnitudes pooled over a grid of cells.

    Parameters
    ----------
    images : ndarray, shape (n, H, W), uint8
        Grey images.
    frequencies, orientations
        See `gabor_magnitudes`.
    grid : int, default=6
        Number of cells per side. Cells cover all pixels; their sizes differ by at most one pixel.
    with_std : bool, default=False
        Whether the mean of each cell is followed by the standard deviation.

    Returns
    -------
    ndarray, shape (n, d), float32
        Means (and standard deviations) of the magnitudes in grey levels: the cells in row-major order, in each cell the
        frequencies, for each frequency the orientations. The length d is
        ``grid * grid * len(frequencies) * orientations``, or twice as much with `with_std`.

    Raises
    ------
    ValueError
        If a side of the image has fewer pixels than cells, or if a frequency is not above 0 and at most 0.5.

    See Also
    --------
    gabor_magnitudes : The filters, and their differences to the papers.

    References
    ----------
    M. Lyons, S. Akamatsu, M. Kamachi, J. Gyoba, "Coding facial expressions with Gabor wavelets", FG 1998,
    doi:10.1109/AFGR.1998.670949.

    Examples
    --------
    >>> import numpy as np
    >>> gabor(np.zeros((3, 48, 48), np.uint8), frequencies=(0.125, 0.25), orientations=8, grid=6).shape
    (3, 576)
    """
    n, height, width = images.shape
    if min(height, width) < grid:
        raise ValueError(f"an image of {width} x {height} pixels cannot be divided into {grid} x {grid} cells")
    n_filters = len(frequencies) * orientations
    pooled = np.empty((n, grid, grid, n_filters, 1 + with_std), np.float32)
    # One image at a time: the responses of all images would need too much memory.
    for i in range(n):
        responses = gabor_magnitudes(images[i : i + 1], frequencies, orientations).reshape(n_filters, height, width)
        mean = _cell_means(responses, grid)
        pooled[i, ..., 0] = mean.transpose(1, 2, 0)
        if with_std:
            variance = _cell_means(responses * responses, grid) - mean * mean
            pooled[i, ..., 1] = np.sqrt(np.maximum(variance, 0)).transpose(1, 2, 0)
    return pooled.reshape(n, grid * grid * n_filters * (1 + with_std))


def _magnitude(image: np.ndarray, kernels: tuple[np.ndarray, ...], out: np.ndarray) -> None:
    """Compute the magnitude of an image convolved with (row + i row_i)(column + i column_i)."""
    row, row_i, column, column_i = kernels

    def convolve(along_x: np.ndarray, along_y: np.ndarray) -> np.ndarray:
        if not (along_x.any() and along_y.any()):  # the imaginary part across the direction of a wave along an axis
            return np.zeros_like(image)
        return cv2.sepFilter2D(image, cv2.CV_32F, along_x, along_y, borderType=cv2.BORDER_REFLECT)

    real = convolve(row, column)
    real -= convolve(row_i, column_i)
    imaginary = convolve(row, column_i)
    imaginary += convolve(row_i, column)
    # Not cv2.magnitude: its last digit depends on the memory alignment of the arrays.
    real *= real
    imaginary *= imaginary
    real += imaginary
    np.sqrt(real, out=out)


@functools.lru_cache(maxsize=32)
def _kernels(frequency: float, orientations: int) -> tuple[tuple[np.ndarray, ...], ...]:
    """Return the real and imaginary row and the real and imaginary column of each filter, float64."""
    if not 0 < frequency <= 0.5:
        raise ValueError(
            f"the frequency of a Gabor filter must be above 0 and at most 0.5 cycles/pixel, not {frequency:g}"
        )
    sigma = SIGMA_PER_WAVELENGTH / frequency
    bank = []
    for o in range(orientations):
        theta = math.pi * o / orientations
        kernels = []
        for along, across in ((math.cos(theta), math.sin(theta)), (math.sin(theta), math.cos(theta))):
            radius = math.ceil(max(abs(N_STDS * sigma * along), abs(N_STDS * sigma * across), 1))
            x = np.arange(-radius, radius + 1)
            gaussian = np.exp(-0.5 * (x / sigma) ** 2) / (math.sqrt(2 * math.pi) * sigma)
            phase = 2 * math.pi * frequency * along * x
            # A horizontal or vertical wave is constant across its direction: the cosine of 90 degrees is 6e-17, not 0.
            constant = abs(along) < 1e-12
            kernels += [
                gaussian if constant else gaussian * np.cos(phase),
                np.zeros_like(gaussian) if constant else gaussian * np.sin(phase),
            ]
        bank.append(tuple(kernels))
    return tuple(bank)


def _cell_means(values: np.ndarray, grid: int) -> np.ndarray:
    """Compute means over the cells of `lbp_histograms`, (k, H, W) -> (k, grid, grid) float64."""
    _, height, width = values.shape
    tops, lefts = (-(-np.arange(grid) * side // grid) for side in (height, width))
    sums = np.add.reduceat(np.add.reduceat(values, tops, axis=1, dtype=np.float64), lefts, axis=2)
    rows, columns = np.diff(np.append(tops, height)), np.diff(np.append(lefts, width))
    return sums / np.outer(rows, columns)
