"""Calibration of probabilities, and selective classification.

References
----------
M. Naeini, G. Cooper, M. Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015: the
expected calibration error.
C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On calibration of modern neural networks", ICML 2017: reliability diagrams.
G. Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78, 1950,
doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2.
Y. Geifman, R. El-Yaniv, "Selective classification for deep neural networks", NIPS 2017: the risk-coverage curve.
Y. Geifman, G. Uziel, R. El-Yaniv, "Bias-reduced uncertainty estimation for deep neural classifiers", ICLR 2019: AURC.
"""

from __future__ import annotations

import math

import numpy as np

from .metric_types import Calibration, Rejection, RiskCoverage

#: Bins of confidence, of equal width between 0 and 1.
N_BINS = 10
#: Coverages at which the accuracy is reported.
COVERAGES = tuple(round(0.05 * i, 2) for i in range(1, 21))
#: Lower limit of probabilities in the log-loss: a class that is absent from a training fold has probability 0.
MIN_PROBABILITY = 1e-9


def reliability_diagram(
    confidence: np.ndarray, correct: np.ndarray, n_bins: int = N_BINS
) -> list[tuple[float, float, int]]:
    """Mean confidence, accuracy and number of samples in bins of confidence.

    Parameters
    ----------
    confidence : ndarray, shape (n,)
        The largest probability of each sample, 0 to 1.
    correct : ndarray of bool, shape (n,)
    n_bins : int, default 10
        Bins of equal width; a confidence of 1 belongs to the last.

    Returns
    -------
    list of (float, float, int)
        In increasing order of confidence, without empty bins.

    Examples
    --------
    >>> import numpy as np
    >>> reliability_diagram(np.array([0.25, 0.75, 0.75]), np.array([False, True, False]), n_bins=2)
    [(0.25, 0.0, 1), (0.75, 0.5, 2)]
    """
    index = np.minimum((np.asarray(confidence) * n_bins).astype(int), n_bins - 1)
    return [
        (float(confidence[index == b].mean()), float(correct[index == b].mean()), int((index == b).sum()))
        for b in np.unique(index)
    ]


def expected_calibration_error(bins: list[tuple[float, float, int]]) -> float:
    """Expected calibration error (ECE): mean of ``|accuracy - confidence|`` over bins, weighted by their samples.

    Parameters
    ----------
    bins : list of (float, float, int)
        As returned by `reliability_diagram`.

    Returns
    -------
    float
        0 to 1. It is biased upwards for few samples, the more so the more bins there are.
    """
    n = sum(count for _, _, count in bins)
    return sum(abs(confidence - accuracy) * count for confidence, accuracy, count in bins) / max(n, 1)


def calibration(probability: np.ndarray, true: np.ndarray, predicted: np.ndarray) -> Calibration:
    """ECE, Brier score and log-loss of class probabilities.

    Parameters
    ----------
    probability : ndarray, shape (n, k)
        NaN, for a class absent from the training samples, counts as 0.
    true, predicted : ndarray of int, shape (n,)
        Columns of the true and the predicted class.

    Returns
    -------
    Calibration
        The Brier score is the mean squared distance, 0 to 2, between the probabilities and the one-hot true class.
    """
    p = np.nan_to_num(np.asarray(probability, np.float64))
    index = np.arange(len(true))
    bins = reliability_diagram(p.max(1), np.asarray(true == predicted))
    residual = p.copy()
    residual[index, true] -= 1
    return Calibration(
        ece=expected_calibration_error(bins),
        brier=float((residual**2).sum(1).mean()),
        log_loss=float(-np.log(np.maximum(p[index, true], MIN_PROBABILITY)).mean()),
        bins=tuple(bins),
    )


def risk_coverage(confidence: np.ndarray, correct: np.ndarray) -> RiskCoverage:
    """Accuracy of the most confident samples, at increasing coverage.

    Parameters
    ----------
    confidence : ndarray, shape (n,)
    correct : ndarray of bool, shape (n,)

    Returns
    -------
    RiskCoverage
        AURC is the mean risk (error rate) over the coverages ``1/n, 2/n, ..., 1``. Errors of samples with equal
        confidence are shared among them, so that their order does not matter.
    """
    _, index = np.unique(-np.asarray(confidence), return_inverse=True)
    hits = (np.bincount(index, correct) / np.bincount(index))[np.sort(index)]
    accuracy = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return RiskCoverage(
        coverage=COVERAGES,
        accuracy=tuple(float(accuracy[_n_covered(len(hits), coverage) - 1]) for coverage in COVERAGES),
        aurc=float(1 - accuracy.mean()),
    )


def threshold_at_coverage(confidence: np.ndarray, coverage: float) -> float:
    """The confidence that a fraction of the samples reaches.

    Parameters
    ----------
    confidence : ndarray, shape (n,)
        Of held-out samples; those of training samples are too high.
    coverage : float
        In (0, 1].

    Returns
    -------
    float
        Where samples have equal confidence, more of them than `coverage` may reach it.
    """
    return float(np.sort(confidence)[-_n_covered(len(confidence), coverage)])


def rejection_at(confidence: np.ndarray, correct: np.ndarray, threshold: float) -> Rejection:
    """Coverage and selective accuracy of rejecting samples below a confidence threshold."""
    accepted = confidence >= threshold
    return Rejection(
        threshold=float(threshold),
        coverage=float(accepted.mean()),
        selective_accuracy=float(correct[accepted].mean()) if accepted.any() else None,
        accuracy=float(correct.mean()),
    )


def _n_covered(n: int, coverage: float) -> int:
    # Rounding first: 0.55 * 540 is 297.00000000000006 in floating point.
    return max(1, math.ceil(round(coverage * n, 9)))
