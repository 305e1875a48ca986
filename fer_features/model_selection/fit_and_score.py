"""One fit of a search: a candidate is trained on some samples and evaluated on others."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from threadpoolctl import threadpool_limits

from ..classifiers import uncalibrated
from ..evaluation.metrics import confusion_by_subject, metrics_from_confusion
from ..samples.table import Samples
from .grids import n_feature_steps

#: Exceptions of a candidate that cannot be fitted: by scikit-learn, XGBoost and this package, or because a value has
#: another type than a step expects.
CANDIDATE_ERRORS = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError)


@dataclasses.dataclass(frozen=True)
class CandidateFit:
    """Result of one fit of a candidate.

    Attributes
    ----------
    accuracy, balanced_accuracy, macro_f1 : float
        On the samples that were not used for training.
    seconds : float
    predicted : tuple of int, or None
        Predicted label codes; kept for outer test folds only.
    error : str
        Why the candidate failed, or empty.
    """

    accuracy: float = float("nan")
    balanced_accuracy: float = float("nan")
    macro_f1: float = float("nan")
    seconds: float = 0.0
    predicted: tuple[int, ...] | None = dataclasses.field(default=None, metadata={"omit_none": True})
    error: str = ""


def candidate_error(error: Exception) -> CandidateFit:
    """The result of a candidate that failed.

    Raises
    ------
    Exception
        The error itself where its cause is the file system (a full disk), not the candidate.
    """
    if isinstance(error.__cause__, OSError):
        raise error
    text = " ".join(str(error).split())
    return CandidateFit(error=text if isinstance(error, ValueError) else f"{type(error).__name__}: {text}")


#: Scaled features of the fold that was fitted last in this process, by its key: consecutive candidates share them.
_last_features: dict[str, tuple[np.ndarray, np.ndarray]] = {}


def fit_and_score(
    model: BaseEstimator,
    X: Samples,
    label: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    features_key: str,
    keep_predictions: bool = False,
) -> CandidateFit:
    """Fit on some samples, evaluate on others.

    Parameters
    ----------
    model : estimator
        Cloned, not fitted.
    X : Samples
    label : ndarray, shape (n,)
    train, test : ndarray of int
    features_key : str
        Identifies fold and feature settings: equal keys mean equal scaled features.
    keep_predictions : bool, default False

    Returns
    -------
    CandidateFit
    """
    start = time.perf_counter()
    # One thread per fit: sums are equal on any machine and with any number of parallel fits.
    with threadpool_limits(1):
        try:
            predicted = _predict(model, X, label, train, test, features_key)
        except CANDIDATE_ERRORS as error:
            return candidate_error(error)
    codes = np.unique(label)
    true_index, predicted_index = np.searchsorted(codes, label[test]), np.searchsorted(codes, predicted)
    confusion = confusion_by_subject(true_index, predicted_index, None, len(codes))[0]
    values = {name: float(value) for name, value in metrics_from_confusion(confusion).items()}
    return CandidateFit(
        accuracy=values["accuracy"],
        balanced_accuracy=values["balanced_accuracy"],
        macro_f1=values["macro_f1"],
        seconds=round(time.perf_counter() - start, 3),
        predicted=tuple(np.asarray(predicted).tolist()) if keep_predictions else None,
    )


def discard_last_features() -> None:
    """Release the features that are kept for the next candidate."""
    _last_features.clear()


def _predict(
    model: Any, X: Samples, label: np.ndarray, train: np.ndarray, test: np.ndarray, features_key: str
) -> np.ndarray:
    n = n_feature_steps(model)
    if not n or getattr(model, "augmentation", None):  # augmented copies pass through the complete pipeline
        return uncalibrated(model).fit(X[train], label[train]).predict(X[test])
    if features_key not in _last_features:
        _last_features.clear()
        first = clone(model[:n])
        features = first.fit_transform(X[train], label[train]), first.transform(X[test])
        for block in features:  # later steps must not change them for the next candidate
            if isinstance(block, np.ndarray):
                block.flags.writeable = False
        _last_features[features_key] = features
    train_features, test_features = _last_features[features_key]
    return clone(model[n:]).fit(train_features, label[train]).predict(test_features)
