"""Ridge regression with a penalty that is chosen on held-out samples, from sums over blocks of samples."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import scipy.linalg

#: Samples per block. The sums of each block are in the precision of the features, those over blocks in float64.
BLOCK_SIZE = 2048


def fit_ridge(
    features: np.ndarray,
    targets: np.ndarray,
    fold: np.ndarray,
    alphas: Sequence[float],
    rows: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Ridge regression with the best of several penalties, and its predictions for held-out samples.

    Parameters
    ----------
    features : ndarray, shape (n, d), float32
    targets : ndarray, shape (n, k)
    fold : ndarray, shape (n,), int
        From 0; every fold needs samples.
    alphas : sequence of float
        Penalties as fractions of the mean variance of the features.
    rows : ndarray, shape (m,), int, optional
        The samples that are used; all by default. They are not copied at once.

    Returns
    -------
    weights : ndarray, shape (d + 1, k), float32
        Fitted on all rows; the last line is the intercept.
    predicted : ndarray, shape (m, k), float32
        Prediction for each row by the regression that was fitted on the other folds.

    Notes
    -----
    Besides the arguments, the sums of each fold are in memory, which are d x d matrices of float64: 59 MB for 2,720
    features.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.ridge import fit_ridge
    >>> x = np.linspace(-1, 1, 9, dtype=np.float32)[:, None]
    >>> weights, predicted = fit_ridge(x, 3 * x + 1, np.arange(9) % 3, [1e-9, 1.0])
    >>> weights.ravel().round(3), bool(np.allclose(predicted, 3 * x + 1, atol=1e-3))
    (array([3., 1.], dtype=float32), True)
    """
    rows = np.arange(len(features)) if rows is None else rows
    members = [np.flatnonzero(fold[rows] == k) for k in range(int(fold[rows].max()) + 1)]
    sums = [_Sums(features, targets, rows[member]) for member in members]
    total = functools.reduce(operator.add, sums)
    best_error, best_alpha, best = np.inf, float(alphas[0]), np.empty((0, 0), np.float32)
    for alpha in alphas:
        predicted = np.empty((len(rows), targets.shape[1]), np.float32)
        error = 0.0
        for member, part in zip(members, sums, strict=True):
            weights = (total - part).solve(alpha)
            for block in _blocks(member):
                predicted[block] = features[rows[block]] @ weights[:-1] + weights[-1]
                error += float(((predicted[block] - targets[rows[block]]) ** 2).sum())
        if error < best_error:
            best_error, best_alpha, best = error, float(alpha), predicted
    return total.solve(best_alpha), best


def _blocks(rows: np.ndarray) -> Iterator[np.ndarray]:
    return (rows[i : i + BLOCK_SIZE] for i in range(0, len(rows), BLOCK_SIZE))


class _Sums:
    """Sums over samples that determine a ridge regression: of [x, 1] times [x, 1] and times y."""

    def __init__(self, features: np.ndarray, targets: np.ndarray, rows: np.ndarray):
        d, k = features.shape[1], targets.shape[1]
        self.count, self.x, self.y = float(len(rows)), np.zeros(d), np.zeros(k)
        self.xx, self.xy = np.zeros((d, d)), np.zeros((d, k))
        for block in _blocks(rows):
            x, y = features[block], targets[block].astype(np.float32)
            self.x += x.sum(0, dtype=np.float64)
            self.y += y.sum(0, dtype=np.float64)
            self.xx += x.T @ x
            self.xy += x.T @ y

    def __add__(self, other: _Sums) -> _Sums:
        return self._combined(other, operator.add)

    def __sub__(self, other: _Sums) -> _Sums:
        return self._combined(other, operator.sub)

    def _combined(self, other: _Sums, operation: Callable[[Any, Any], Any]) -> _Sums:
        combined = object.__new__(_Sums)
        vars(combined).update({name: operation(value, getattr(other, name)) for name, value in vars(self).items()})
        return combined

    def solve(self, alpha: float) -> np.ndarray:
        """Weights (d + 1, k) float32, the last line is the intercept."""
        mean_x, mean_y = self.x / self.count, self.y / self.count
        gram = np.outer(mean_x, mean_x)
        gram *= -self.count
        gram += self.xx
        gram[np.diag_indices_from(gram)] += alpha * np.trace(gram) / len(gram)
        weights = scipy.linalg.solve(
            gram.T, self.xy - self.count * np.outer(mean_x, mean_y), assume_a="pos", overwrite_a=True
        )
        return np.vstack([weights, mean_y - mean_x @ weights]).astype(np.float32)
