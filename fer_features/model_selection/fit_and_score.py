"""One fit of a search: a candidate learns from some rows and is judged on others."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from threadpoolctl import threadpool_limits

from ..classifiers import uncalibrated
from ..evaluation.metrics import confusion_by_subject, figures
from ..samples.table import Samples
from .grids import front_of

#: What a candidate that cannot be fitted raises: scikit-learn, XGBoost and this package.
REFUSALS = (ValueError, TypeError)

#: Scaled features of the fold that was fitted last in this process, by its name: the candidates that share them follow
#: each other.
_last: dict[str, tuple[np.ndarray, np.ndarray]] = {}


def fit_and_score(
    model: BaseEstimator, X: Samples, label: np.ndarray, train: np.ndarray, test: np.ndarray, fold: str
) -> dict[str, Any]:
    """Fit to some rows, judge on others.

    Parameters
    ----------
    model : estimator
        Not fitted; it is not changed.
    X : Samples
    label : ndarray, shape (n,)
    train, test : ndarray of int
    fold : str
        A name of rows and features: equal names, equal scaled features.

    Returns
    -------
    dict
        Figures, 'seconds' and 'prediction' (a list of codes); or 'error' in words.
    """
    start = time.perf_counter()
    # One thread a fit: sums come out the same on any machine and beside any other fit.
    with threadpool_limits(1):
        try:
            prediction = _predict(model, X, label, train, test, fold)
        except REFUSALS as error:
            if isinstance(error.__cause__, OSError):  # a full disk is no fault of the candidate
                raise
            return {"error": " ".join(str(error).split())}
    codes = np.unique(label)
    truth, predicted = np.searchsorted(codes, label[test]), np.searchsorted(codes, prediction)
    confusion = confusion_by_subject(truth, predicted, np.zeros(len(test), int), len(codes))[0]
    scores = {name: float(value) for name, value in figures(confusion).items()}
    return {**scores, "seconds": round(time.perf_counter() - start, 3), "prediction": np.asarray(prediction).tolist()}


def forget_last() -> None:
    """Give back the memory of the features that were kept for the next candidate."""
    _last.clear()


def _predict(
    model: BaseEstimator, X: Samples, label: np.ndarray, train: np.ndarray, test: np.ndarray, fold: str
) -> np.ndarray:
    front = front_of(model)
    if not front or getattr(model, "augment", None):  # copies of training rows are made by the whole pipeline
        return uncalibrated(model).fit(X[train], label[train]).predict(X[test])
    if fold not in _last:
        _last.clear()
        first = clone(model[:front])
        features = first.fit_transform(X[train], label[train]), first.transform(X[test])
        for part in features:  # what follows must leave them as they are for the next candidate
            part.flags.writeable = False
        _last[fold] = features
    learnt, judged = _last[fold]
    return clone(model[front:]).fit(learnt, label[train]).predict(judged)
