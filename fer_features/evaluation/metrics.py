"""Classification metrics of a set of predictions, with their spread over subjects."""

from __future__ import annotations

import numpy as np

from ..samples.groups import group_codes
from .calibration_metrics import calibration, risk_coverage
from .metric_types import ClassMetrics, Metrics
from .statistics import bootstrap_confusion


def confusion_by_subject(
    true: np.ndarray, predicted: np.ndarray, subject: np.ndarray | None, n_classes: int
) -> np.ndarray:
    """Confusion matrix of each subject.

    Parameters
    ----------
    true, predicted : ndarray of int, shape (n,)
        Class indices, 0 to `n_classes` - 1.
    subject : ndarray, shape (n,), or None
        None: one confusion matrix of all samples.
    n_classes : int

    Returns
    -------
    ndarray of int, shape (n_subjects, n_classes, n_classes)
        Subjects in the order of their first occurrence; true classes in rows, predicted classes in columns.

    Examples
    --------
    >>> import numpy as np
    >>> confusion_by_subject(np.array([0, 1, 1]), np.array([0, 1, 0]), np.array(["a", "a", "b"]), 2).tolist()
    [[[1, 0], [0, 1]], [[0, 0], [1, 0]]]
    """
    codes = np.zeros(len(true), int) if subject is None else group_codes(subject)
    counts = np.zeros((codes.max(initial=-1) + 1, n_classes, n_classes), np.int64)
    np.add.at(counts, (codes, true, predicted), 1)
    return counts


def metrics_from_confusion(confusion: np.ndarray) -> dict[str, np.ndarray]:
    """Accuracy, balanced accuracy and macro-F1 of confusion matrices.

    Parameters
    ----------
    confusion : ndarray, shape (..., k, k)
        Counts, true classes in rows.

    Returns
    -------
    dict of str to ndarray, shape (...)
        Keys 'accuracy', 'balanced_accuracy' and 'macro_f1'. Classes without samples are excluded from the means
        over classes, as in `sklearn.metrics.balanced_accuracy_score`.
    """
    recall, _, f1, present = _per_class(confusion)
    hits = np.trace(confusion, axis1=-2, axis2=-1)
    n_present = np.maximum(present.sum(-1), 1)
    return {
        "accuracy": hits / np.maximum(confusion.sum((-2, -1)), 1),
        "balanced_accuracy": (recall * present).sum(-1) / n_present,
        "macro_f1": (f1 * present).sum(-1) / n_present,
    }


def compute_metrics(
    true: np.ndarray,
    predicted: np.ndarray,
    subject: np.ndarray | None,
    classes: list[str],
    seed: int = 0,
    *,
    probability: np.ndarray | None = None,
    duplicate: np.ndarray | None = None,
    sample: np.ndarray | None = None,
) -> Metrics:
    """All metrics of a set of predictions.

    Parameters
    ----------
    true, predicted : ndarray of int, shape (n,)
        Indices into `classes`.
    subject : ndarray, shape (n,), or None
        None where subjects are unknown; samples are then resampled for the intervals, which are too narrow.
    classes : list of str
    seed : int
        Random state of the bootstrap.
    probability : ndarray, shape (n, k), optional
        Class probabilities; NaN for a class absent from the training samples.
    duplicate : ndarray of bool, shape (n,), optional
        Samples whose image also occurs in the training samples.
    sample : ndarray of int, shape (n,), optional
        Sample of each prediction, where folds are repeated; by default all are different. Samples are counted once.

    Returns
    -------
    Metrics
    """
    by_subject = confusion_by_subject(true, predicted, subject, len(classes))
    total = by_subject.sum(0)
    values = {name: float(value) for name, value in metrics_from_confusion(total).items()}
    accuracy = np.zeros(0) if subject is None else metrics_from_confusion(by_subject)["accuracy"]
    duplicate = np.zeros(len(true), bool) if duplicate is None else duplicate
    hits = true == predicted
    first = np.arange(len(true)) if sample is None else np.unique(sample, return_index=True)[1]
    n_of_class = np.bincount(true[first], minlength=len(classes))
    is_duplicate = duplicate if sample is None else np.isin(sample, sample[duplicate])
    intervals = bootstrap_confusion(total if subject is None else by_subject, metrics_from_confusion, seed)
    return Metrics(
        **values,
        ci95={name: (float(low), float(high)) for name, (low, high) in intervals.items()},
        n_samples=len(first),
        n_subjects=len(accuracy),
        per_class=per_class_metrics(total, classes, n_of_class),
        confusion=tuple(tuple(row) for row in total.tolist()),
        per_subject={} if subject is None else _by_name(subject, accuracy),
        subject_mean=float(accuracy.mean()) if len(accuracy) else None,
        subject_sd=(float(accuracy.std(ddof=1)) if len(accuracy) > 1 else 0.0) if len(accuracy) else None,
        n_duplicates=int(is_duplicate[first].sum()),
        accuracy_excluding_duplicates=float(hits[~duplicate].mean()) if (~duplicate).any() else None,
        calibration=None if probability is None else calibration(probability, true, predicted),
        risk_coverage=None if probability is None else risk_coverage(np.nanmax(probability, axis=1), hits),
    )


def per_class_metrics(
    confusion: np.ndarray, classes: list[str], n_samples: np.ndarray | None = None
) -> dict[str, ClassMetrics]:
    """Precision, recall, F1 and number of samples of each class of one confusion matrix, (k, k).

    `n_samples`, shape (k,), is needed where folds are repeated: the confusion matrix counts predictions.
    """
    n_samples = confusion.sum(1) if n_samples is None else n_samples
    recall, precision, f1, _ = _per_class(confusion)
    return {
        name: ClassMetrics(float(precision[i]), float(recall[i]), float(f1[i]), int(n_samples[i]))
        for i, name in enumerate(classes)
    }


def _by_name(subject: np.ndarray, values: np.ndarray) -> dict[str, float]:
    """Value of each subject, in the sorted order of the ids."""
    names, first = np.unique(subject, return_index=True)
    return {str(name): float(value) for name, value in zip(names, values[group_codes(subject)[first]], strict=True)}


def _per_class(confusion: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    n_true, n_predicted = confusion.sum(-1), confusion.sum(-2)
    recall = hits / np.maximum(n_true, 1e-12)
    precision = hits / np.maximum(n_predicted, 1e-12)
    f1 = 2 * hits / np.maximum(n_true + n_predicted, 1e-12)
    return recall, precision, f1, n_true > 0
