"""Scaling of blocks of features to the same total variance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

#: Allowed values of the parameter `scale` of `Features`.
SCALES = ("standardize", "block", "none")

#: Entries of a block that are processed at once: they fit into the cache of a core.
ENTRIES_PER_CHUNK = 1 << 17
#: Smallest standard deviation that a feature is divided by, relative to the root mean square over the block. A feature
#: that hardly varies in training must not become the largest one.
MIN_RELATIVE_STD = 1e-2


def fit_block_scaling(block: np.ndarray, scale: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and divisor that centre a block of features and give it a total variance of 1.

    Parameters
    ----------
    block : ndarray, shape (n, d) or (n, 2, d), float32
        Features of the training samples. With three dimensions, features of images and of their mirror images, which
        have a common mean and divisor.
    scale : {'standardize', 'block', 'none'}
        'standardize': a divisor for each feature. 'block': the same divisor for all features. 'none': mean 0 and
        divisor 1.

    Returns
    -------
    mean, divisor : ndarray, shape (d,), float32

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.extractors.scaling import fit_block_scaling
    >>> block = np.array([[0, 10], [2, 50]], np.float32)
    >>> mean, divisor = fit_block_scaling(block, "block")
    >>> round(float(((block - mean) / divisor).var(0).sum()), 3)
    1.0
    """
    if scale == "none":
        return np.zeros(block.shape[-1], np.float32), np.ones(block.shape[-1], np.float32)
    axes = tuple(range(block.ndim - 1))
    mean = block.mean(axes, dtype=np.float64)
    squares = np.zeros(block.shape[-1])
    # Centred values are differences of float32; the sums of a few rows of them are as exact.
    for rows in chunks_of_rows(block):
        centred = (block[rows] - mean.astype(np.float32)).reshape(-1, block.shape[-1])
        squares += np.einsum("ij,ij->j", centred, centred)
    std = np.sqrt(squares / max(1, block.size // max(1, block.shape[-1])))
    return mean.astype(np.float32), divisor_of(std, scale)


def divisor_of(std: np.ndarray, scale: str) -> np.ndarray:
    """Divisor of a block of features with these standard deviations, shape (d,), float32; see `fit_block_scaling`."""
    if scale == "none":
        return np.ones(std.shape, np.float32)
    total = np.sqrt((std**2).sum())
    if scale == "standardize":
        divisor = np.maximum(std, MIN_RELATIVE_STD * total / np.sqrt(std.size))
        divisor *= np.sqrt(((std / np.where(divisor, divisor, 1)) ** 2).sum())
    else:
        divisor = np.full(std.shape, total)
    divisor[divisor == 0] = 1
    return divisor.astype(np.float32)


def chunks_of_rows(block: np.ndarray) -> Iterator[slice]:
    """Slices of the rows of a block, with `ENTRIES_PER_CHUNK` entries each."""
    step = max(1, ENTRIES_PER_CHUNK // max(1, block[:1].size))
    for start in range(0, len(block), step):
        yield slice(start, start + step)


def finite_rows(block: np.ndarray) -> np.ndarray:
    """Rows of a block without NaN, (n,) bool; sums need no temporary array of its size."""
    rows = block.reshape(len(block), -1)
    with np.errstate(over="ignore", invalid="ignore"):
        finite = np.isfinite(rows.sum(1))
    doubtful = np.flatnonzero(~finite)  # also sums of large values
    finite[doubtful] = np.isfinite(rows[doubtful]).all(1)
    return finite
