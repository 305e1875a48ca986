"""Validation of sample weights."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from sklearn.utils import check_array


def check_sample_weight(sample_weight: Any, n_samples: int, dtype: Any = np.float64) -> np.ndarray | None:
    """Validate sample weights.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), float or None
        A number is the weight of every sample.
    n_samples : int
    dtype : dtype

    Returns
    -------
    ndarray of shape (n_samples,), or None
        None if there are no weights.

    Raises
    ------
    ValueError
        For another shape, for negative weights, NaN or infinity, or if all weights are zero.

    Examples
    --------
    >>> check_sample_weight([1, 2], 2)
    array([1., 2.])
    >>> check_sample_weight([1, -2], 2)
    Traceback (most recent call last):
    ...
    ValueError: sample_weight holds negative values
    """
    if sample_weight is None:
        return None
    if isinstance(sample_weight, numbers.Number):
        weight = np.full(n_samples, sample_weight, dtype)
    else:
        weight = check_array(sample_weight, ensure_2d=False, dtype=dtype, input_name="sample_weight")
    if weight.shape != (n_samples,):
        raise ValueError(f"sample_weight has shape {weight.shape}: expected ({n_samples},), one weight per sample")
    if (weight < 0).any():
        raise ValueError("sample_weight holds negative values")
    if not weight.any():
        raise ValueError("sample_weight is zero for all samples")
    return weight
