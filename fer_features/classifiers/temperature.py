"""Temperature scaling (Guo et al., ICML 2017): one factor on all scores changes how sure they are, and no choice."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

#: Natural logarithms of factors on scores: where every held-out row is right, the best one has no end.
TEMPERATURES = (-4.0, 4.0)


def likeliest_factor(
    scores: np.ndarray, truth: np.ndarray, bounds: tuple[float, float], weight: np.ndarray | None = None
) -> float:
    """The factor under which the softmax makes the true classes likeliest.

    Parameters
    ----------
    scores : ndarray, shape (n, k)
        Of rows that were held out.
    truth : ndarray of int, shape (n,)
        Column of the true class.
    bounds : tuple of float
        Natural logarithms between which the factor is sought.
    weight : ndarray, shape (n,), optional

    Returns
    -------
    float
        1 without rows.
    """
    if not len(truth):
        return 1.0
    rows, scores = np.arange(len(truth)), np.asarray(scores, np.float64)

    def loss(log_factor: float) -> float:
        likelihood = log_softmax(np.exp(log_factor) * scores, 1)[rows, truth]
        return -float(np.average(likelihood, weights=weight))

    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))
