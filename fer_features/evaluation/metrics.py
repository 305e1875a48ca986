"""Figures of a set of predictions, with their spread over people."""

from __future__ import annotations

from typing import Any

import numpy as np


def confusion_by_subject(truth: np.ndarray, prediction: np.ndarray, subject: np.ndarray, n_classes: int) -> np.ndarray:
    """Counts by subject, true class and predicted class.

    Parameters
    ----------
    truth, prediction : ndarray of int, shape (n,)
        Positions in the list of classes, 0..n_classes - 1.
    subject : ndarray, shape (n,)
    n_classes : int

    Returns
    -------
    ndarray of int, shape (n_subjects, n_classes, n_classes)
        Subjects in the order of `numpy.unique`.
    """
    _, who = np.unique(subject, return_inverse=True)
    counts = np.zeros((who.max(initial=-1) + 1, n_classes, n_classes), np.int64)
    np.add.at(counts, (who, truth, prediction), 1)
    return counts


def figures(confusion: np.ndarray) -> dict[str, np.ndarray]:
    """Accuracy, balanced accuracy and macro-F1 of confusion matrices.

    Parameters
    ----------
    confusion : ndarray, shape (..., k, k)
        Counts, truth by row.

    Returns
    -------
    dict of str to ndarray, shape (...)
        Classes without a row do not count in balanced accuracy and macro-F1.
    """
    recall, _, f1, seen = _by_class(confusion)
    hits = np.trace(confusion, axis1=-2, axis2=-1)
    n_seen = np.maximum(seen.sum(-1), 1)
    return {
        "accuracy": hits / np.maximum(confusion.sum((-2, -1)), 1),
        "balanced_accuracy": (recall * seen).sum(-1) / n_seen,
        "macro_f1": (f1 * seen).sum(-1) / n_seen,
    }


def per_class(confusion: np.ndarray, classes: list[str]) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and number of rows of each class of one confusion matrix."""
    recall, precision, f1, _ = _by_class(confusion)
    return {
        name: {
            "precision": float(precision[i]),
            "recall": float(recall[i]),
            "f1": float(f1[i]),
            "n": int(confusion[i].sum()),
        }
        for i, name in enumerate(classes)
    }


def bootstrap(by_subject: np.ndarray, seed: int = 0, rounds: int = 2000) -> dict[str, list[float]]:
    """95 % intervals of the figures by drawing subjects with replacement.

    Parameters
    ----------
    by_subject : ndarray, shape (n_subjects, k, k)
        As made by `confusion_by_subject`.
    seed : int
    rounds : int

    Returns
    -------
    dict of str to [low, high]
        The 2.5th and 97.5th percentile of each figure.

    Notes
    -----
    Rows of one person are alike, so people are drawn, not rows (Efron and Tibshirani 1993, ch. 8; the cluster
    bootstrap). The interval says how the score would vary with other people from the same population, for the
    models that were trained; it does not train them anew.
    """
    rng = np.random.default_rng(seed)
    n = len(by_subject)
    times = rng.multinomial(n, np.full(n, 1 / n), size=rounds)
    drawn = (times.astype(float) @ by_subject.reshape(n, -1)).reshape(rounds, *by_subject.shape[1:])
    return _limits(drawn)


def bootstrap_rows(confusion: np.ndarray, seed: int = 0, rounds: int = 2000) -> dict[str, list[float]]:
    """95 % intervals of the figures by drawing rows with replacement, where no subjects are known.

    Parameters
    ----------
    confusion : ndarray, shape (k, k)
    seed : int
    rounds : int

    Returns
    -------
    dict of str to [low, high]

    Notes
    -----
    Rows that are drawn fall on the cells of the matrix in proportion, so the cells are drawn, however many rows there
    are. Rows of one person are alike, so these intervals are too narrow.
    """
    n = confusion.sum()
    drawn = np.random.default_rng(seed).multinomial(n, confusion.ravel() / max(n, 1), size=rounds)
    return _limits(drawn.reshape(rounds, *confusion.shape))


def _limits(drawn: np.ndarray) -> dict[str, list[float]]:
    return {name: [float(v) for v in np.percentile(values, [2.5, 97.5])] for name, values in figures(drawn).items()}


def summarise(
    truth: np.ndarray, prediction: np.ndarray, subject: np.ndarray | None, classes: list[str], seed: int = 0
) -> dict[str, Any]:
    """All figures of a set of predictions, ready for JSON.

    Parameters
    ----------
    truth, prediction : ndarray of int, shape (n,)
        Positions in `classes`.
    subject : ndarray, shape (n,), or None
        Without subjects rows are drawn for the intervals, which are then too narrow.
    classes : list of str
    seed : int

    Returns
    -------
    dict
        accuracy, balanced_accuracy, macro_f1, per_class, confusion, per_subject, subject_mean, subject_sd, ci95.
    """
    units = np.zeros(len(truth), int) if subject is None else subject
    by_unit = confusion_by_subject(truth, prediction, units, len(classes))
    total = by_unit.sum(0)
    result: dict[str, Any] = {name: float(value) for name, value in figures(total).items()}
    result["per_class"] = per_class(total, classes)
    result["confusion"] = total.tolist()
    if subject is not None:
        accuracy = figures(by_unit)["accuracy"]
        result["per_subject"] = {str(s): float(a) for s, a in zip(np.unique(subject), accuracy, strict=True)}
        result["subject_mean"], result["subject_sd"] = (
            float(accuracy.mean()),
            float(accuracy.std(ddof=1)) if len(accuracy) > 1 else 0.0,
        )
    result["ci95"] = bootstrap_rows(total, seed) if subject is None else bootstrap(by_unit, seed)
    return result


def _by_class(confusion: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    truth, predicted = confusion.sum(-1), confusion.sum(-2)
    recall = hits / np.maximum(truth, 1e-12)
    precision = hits / np.maximum(predicted, 1e-12)
    f1 = 2 * hits / np.maximum(truth + predicted, 1e-12)
    return recall, precision, f1, truth > 0
