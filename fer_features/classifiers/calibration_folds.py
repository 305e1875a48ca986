"""Cross-validation within the training samples, whose out-of-fold scores calibrate probabilities."""

from __future__ import annotations

import numbers
import threading
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import indexable

from ..exceptions import FerError
from ..samples.table import Samples

#: Indices of the training and of the held-out samples of each fold.
Folds = list[tuple[np.ndarray, np.ndarray]]

#: Number of held-out samples that determines one factor well enough: of large data not every fold is fitted.
SUFFICIENT_HELD_OUT_SAMPLES = 5000
#: Filters of warnings belong to the process: threads that change them take turns.
_WARNINGS_LOCK = threading.Lock()
#: Probabilities below this are raised to it: a probability of 0 would be a certainty that no temperature corrects.
MIN_PROBABILITY = 1e-9


def has_several_subjects(X: Any) -> bool:
    """Whether `X` is a table whose samples belong to more than one known or unknown subject."""
    return isinstance(X, Samples) and X.groups is not None and len(np.unique(X.groups)) > 1


def calibration_folds(
    X: Any,
    codes: np.ndarray,
    n_folds: int,
    random_state: int | np.random.RandomState | None,
    sample_weight: np.ndarray | None = None,
) -> Folds:
    """Split training samples into folds, grouped by subject if the table has more than one.

    Parameters
    ----------
    X : Samples or array of n samples
    codes : ndarray of int, shape (n,)
        Classes, 0 to k-1.
    n_folds : int
        Largest number of folds, or 0 for none. There are fewer if there are fewer subjects or samples.
    random_state : int, RandomState instance or None
    sample_weight : ndarray of shape (n,), optional
        Classes whose training samples all have weight 0 count as lacking.

    Returns
    -------
    list of (ndarray of int, ndarray of int)
        Indices of training and held-out samples. There are only as many folds as together hold out
        `SUFFICIENT_HELD_OUT_SAMPLES` samples. Folds whose training samples lack a class are omitted; if only one
        subject shows a class, that subject is never held out. The list is empty if nothing can be held out: if no
        two subjects share a class or, without subjects, if a class has one sample.

    Raises
    ------
    FerError
        For another number of folds.

    Notes
    -----
    Samples of unknown subjects (-1) count as one subject. Without subjects, folds are stratified by class only. The
    same subject is then in training and held-out samples, and probabilities are overconfident for new subjects.
    """
    if not isinstance(n_folds, numbers.Integral) or n_folds < 0 or n_folds == 1:
        raise FerError(f"calibration_cv={n_folds}: a number of folds of at least 2 is needed, or 0 for no calibration")
    counts = np.bincount(codes)
    groups = None
    if has_several_subjects(X):
        groups = X.groups
        n_folds = min(n_folds, len(np.unique(groups)), int(counts.max()))
        splitter: Any = StratifiedGroupKFold(max(n_folds, 2), shuffle=True, random_state=random_state)
    else:
        n_folds = min(n_folds, int(counts.min()))
        splitter = StratifiedKFold(max(n_folds, 2), shuffle=True, random_state=random_state)
    if n_folds < 2:
        return []
    folds: Folds = []
    with _WARNINGS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about classes with fewer samples than folds
        for train, test in splitter.split(codes, codes, groups):
            n_held_out = sum(len(held_out) for _, held_out in folds)
            fitted = train if sample_weight is None else train[sample_weight[train] > 0]
            if len(np.unique(codes[fitted])) == len(counts) and n_held_out < SUFFICIENT_HELD_OUT_SAMPLES:
                folds.append((train, test))
    return folds


def out_of_fold_scores(
    model: BaseEstimator, X: Any, y: np.ndarray, folds: Folds, params: Mapping[str, Any] | None = None
) -> np.ndarray:
    """Compute scores of held-out samples by a clone of the model, fitted to the training samples of each fold.

    Parameters
    ----------
    model : estimator
        Is cloned, not fitted.
    X : Samples, array-like, DataFrame or sparse matrix
    y : ndarray of shape (n,)
        The training samples of every fold must have all of its k classes.
    folds : list of (ndarray of int, ndarray of int)
    params : mapping, optional
        Further arguments of ``fit``. Of those with n values, the values of the training samples are passed.

    Returns
    -------
    ndarray of shape (m, k), float64
        Scores of the held-out samples of all folds, one fold after the other.
    """
    X = indexable(X)[0]
    scores = [np.zeros((0, len(np.unique(y))))]
    for train, test in folds:
        fold_params = {
            name: take_samples(value, train) if sample_aligned(value, len(y)) else value
            for name, value in (params or {}).items()
        }
        fitted = clone(model).fit(take_samples(X, train), y[train], **fold_params)
        scores.append(class_scores(fitted, take_samples(X, test)))
    return np.concatenate(scores)


def sample_aligned(value: Any, n_samples: int) -> bool:
    """Whether an argument of ``fit`` has one value per sample."""
    if hasattr(value, "shape"):
        return tuple(value.shape[:1]) == (n_samples,)
    return isinstance(value, list | tuple) and len(value) == n_samples


def class_scores(model: BaseEstimator, X: Any) -> np.ndarray:
    """Compute a score per class whose softmax, at some temperature, is a probability.

    Parameters
    ----------
    model : estimator
        Fitted classifier or pipeline.
    X : Samples or array of n samples

    Returns
    -------
    ndarray of shape (n, k), float64
        ``pairwise_scores`` of the classifier if it has this method; else its decision function, where a single score
        for two classes becomes half for and half against; else the logarithm of its probabilities. The largest score
        is that of the predicted class.
    """
    if isinstance(model, Pipeline) and hasattr(model[-1], "pairwise_scores"):
        return model[-1].pairwise_scores(model[:-1].transform(X) if len(model) > 1 else X)
    if not hasattr(model, "decision_function"):
        return clipped_log_proba(model.predict_proba(X))
    scores = np.asarray(model.decision_function(X), np.float64)
    return scores if scores.ndim == 2 else np.stack([-scores, scores], 1) / 2


def clipped_log_proba(probabilities: np.ndarray) -> np.ndarray:
    """Compute the logarithm of probabilities, float64, after raising them to at least `MIN_PROBABILITY`."""
    return np.log(np.maximum(np.asarray(probabilities, np.float64), MIN_PROBABILITY))


def take_samples(X: Any, indices: np.ndarray) -> Any:
    """Rows of a table, a data frame, an array or a list."""
    if hasattr(X, "iloc"):
        return X.iloc[indices]
    if hasattr(X, "shape"):
        return X[indices]
    return [X[i] for i in indices]
