"""Temperature scaling: one factor for all scores changes the confidence of predictions, but no prediction.

References
----------
C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On calibration of modern neural networks", ICML 2017.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

#: Natural logarithms between which the inverse temperature is searched. If all held-out predictions are correct, the
#: likelihood grows with it without bound.
LOG_INVERSE_TEMPERATURE_BOUNDS = (-4.0, 4.0)


def fit_inverse_temperature(
    scores: np.ndarray,
    class_index: np.ndarray,
    bounds: tuple[float, float] = LOG_INVERSE_TEMPERATURE_BOUNDS,
    sample_weight: np.ndarray | None = None,
) -> float:
    """Find the factor of the scores that maximizes the likelihood of the true classes under the softmax.

    Parameters
    ----------
    scores : ndarray of shape (n, k)
        Scores of held-out samples.
    class_index : ndarray of int, shape (n,)
        Column of the true class of each sample.
    bounds : tuple of float
        Natural logarithms between which the factor is searched.
    sample_weight : ndarray of shape (n,), optional

    Returns
    -------
    float
        The inverse of the temperature. 1 if there are no samples.

    Examples
    --------
    One prediction in four is wrong, at equal margins. The probability of the predicted class should be 3/4:

    >>> import numpy as np
    >>> scores = np.array([[2.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 0.0]])
    >>> beta = fit_inverse_temperature(scores, np.array([0, 0, 1, 1]))
    >>> print(f"{1 / (1 + np.exp(-2 * beta)):.2f}")
    0.75
    """
    if not len(class_index):
        return 1.0
    samples, scores = np.arange(len(class_index)), np.asarray(scores, np.float64)

    def loss(log_factor: float) -> float:
        likelihood = log_softmax(np.exp(log_factor) * scores, 1)[samples, class_index]
        return -float(np.average(likelihood, weights=sample_weight))

    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))
