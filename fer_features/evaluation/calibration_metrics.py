"""How far confidence can be believed, and what is gained by not answering where it is low.

References
----------
M. Naeini, G. Cooper, M. Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015: the
expected calibration error.
C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On calibration of modern neural networks", ICML 2017: reliability diagrams.
G. Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78, 1950.
Y. Geifman, R. El-Yaniv, "Selective classification for deep neural networks", NIPS 2017: the curve of risk and coverage.
Y. Geifman, G. Uziel, R. El-Yaniv, "Bias-reduced uncertainty estimation for deep neural classifiers", ICLR 2019: the
area under it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

#: Bins of confidence, of equal width between 0 and 1.
BINS = 10
#: Shares of rows that are answered, of which the accuracy is told.
COVERAGES = tuple(round(0.05 * i, 2) for i in range(1, 21))
#: The least probability in the logarithm: a class that a fold has not seen is given none.
LEAST = 1e-9


def reliability(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> list[tuple[float, float, int]]:
    """Mean confidence, accuracy and number of rows in bins of confidence; bins without rows are left out.

    Parameters
    ----------
    confidence : ndarray, shape (n,)
        The largest probability of each row, 0 to 1.
    right : ndarray of bool, shape (n,)
    bins : int
        Of equal width; 1 belongs to the last.

    Returns
    -------
    list of (float, float, int)
        In increasing order.
    """
    at = np.minimum((np.asarray(confidence) * bins).astype(int), bins - 1)
    return [
        (float(confidence[at == b].mean()), float(right[at == b].mean()), int((at == b).sum())) for b in np.unique(at)
    ]


def calibration_error(table: list[tuple[float, float, int]]) -> float:
    """Expected calibration error: the mean over rows of ``|accuracy - confidence|`` of their bins.

    Parameters
    ----------
    table : list of (float, float, int)
        As `reliability` gives it.

    Returns
    -------
    float
        0 to 1. Of few rows it is above 0 by chance, the more so the more bins there are.
    """
    rows = sum(n for _, _, n in table)
    return sum(abs(confidence - accuracy) * n for confidence, accuracy, n in table) / max(rows, 1)


def calibration(probability: np.ndarray, truth: np.ndarray, prediction: np.ndarray) -> dict[str, Any]:
    """Figures of probabilities against what was true, ready for JSON.

    Parameters
    ----------
    probability : ndarray, shape (n, k)
        NaN counts as 0: a class that the model does not know.
    truth, prediction : ndarray of int, shape (n,)
        Columns of the true and the predicted class.

    Returns
    -------
    dict
        'ece': `calibration_error`; 'brier': mean over rows of the squared distance, 0 to 2, between the probabilities
        and the true class, which has 1; 'log_loss': mean over rows of ``-log p`` of the true class, in nats; 'bins':
        as `reliability` gives them.
    """
    p = np.nan_to_num(np.asarray(probability, np.float64))
    rows = np.arange(len(truth))
    table = reliability(p.max(1), np.asarray(truth == prediction))
    missed = p.copy()
    missed[rows, truth] -= 1
    return {
        "ece": calibration_error(table),
        "brier": float((missed**2).sum(1).mean()),
        "log_loss": float(-np.log(np.maximum(p[rows, truth], LEAST)).mean()),
        "bins": [list(one) for one in table],
    }


def risk_coverage(confidence: np.ndarray, right: np.ndarray) -> dict[str, Any]:
    """Accuracy of the rows that are answered, if only the surest share of them is.

    Parameters
    ----------
    confidence : ndarray, shape (n,)
    right : ndarray of bool, shape (n,)

    Returns
    -------
    dict
        'coverage': `COVERAGES`; 'accuracy': of so many rows, the surest; 'aurc': the mean risk (share of mistakes) over
        all coverages ``1/n, 2/n, ... 1``, which is 0 for what is always right. Rows of equal confidence share their
        mistakes, so that no order among them counts.
    """
    _, at = np.unique(-np.asarray(confidence), return_inverse=True)
    hits = (np.bincount(at, right) / np.bincount(at))[np.sort(at)]
    accuracy = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    upto = [_kept(len(hits), share) for share in COVERAGES]
    return {
        "coverage": list(COVERAGES),
        "accuracy": [float(accuracy[n - 1]) for n in upto],
        "aurc": float(1 - accuracy.mean()),
    }


def threshold_of(confidence: np.ndarray, share: float) -> float:
    """The confidence that a share of rows, the surest, have at least.

    Parameters
    ----------
    confidence : ndarray, shape (n,)
        Of rows that were held out: those of training rows are too high.
    share : float
        Above 0, at most 1.

    Returns
    -------
    float
        Of rows with equal confidence more than the share may have it.
    """
    return float(np.sort(confidence)[-_kept(len(confidence), share)])


def rejection(confidence: np.ndarray, right: np.ndarray, threshold: float) -> dict[str, float | None]:
    """What is gained by not answering below a threshold, ready for JSON.

    Returns
    -------
    dict
        'threshold'; 'coverage': share of rows with at least that confidence; 'accuracy_of_kept': theirs, None of no
        rows; 'accuracy': of all rows.
    """
    kept = confidence >= threshold
    return {
        "threshold": float(threshold),
        "coverage": float(kept.mean()),
        "accuracy_of_kept": float(right[kept].mean()) if kept.any() else None,
        "accuracy": float(right.mean()),
    }


def _kept(n: int, share: float) -> int:
    # Of 540 rows a share of 0.55 are 297, whatever floating point makes of it.
    return max(1, math.ceil(round(share * n, 9)))
