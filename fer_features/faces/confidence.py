"""Confidence of a fitted shape."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

#: A face with a lower confidence is lost and must be detected again.
MIN_CONFIDENCE = 0.5


def predict_confidence(features: np.ndarray, coefficients: np.ndarray) -> float:
    """Confidence of one fitted shape.

    Parameters
    ----------
    features : ndarray, shape (d,)
        Input of the last stage of a cascade.
    coefficients : ndarray, shape (d + 1,)
        Logistic regression that separates good fits from lost ones and from non-faces; the last one is the intercept.

    Returns
    -------
    float
        In 0..1; 0 where the fit diverged.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.faces.confidence import predict_confidence
    >>> predict_confidence(np.array([1.0, -1.0]), np.array([2.0, 2.0, 0.0]))
    0.5
    """
    decision = float(features @ coefficients[:-1] + coefficients[-1])
    return float(expit(decision)) if np.isfinite(decision) else 0.0
