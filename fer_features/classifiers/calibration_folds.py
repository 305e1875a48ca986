"""Scores of training rows by models that have not seen them, which is what calibration learns from."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline

from ..samples.table import Samples

#: Rows of train and test, a pair for each fold.
Folds = list[tuple[np.ndarray, np.ndarray]]

#: Held-out rows that are enough for one factor: of large tables not every fold is fitted.
ENOUGH = 5000


def knows_people(X: Any) -> bool:
    """Whether a table says of its rows whose they are, and they are of more than one person."""
    return isinstance(X, Samples) and "subject" in X and len(np.unique(np.asarray(X["subject"]))) > 1


def calibration_folds(X: Any, codes: np.ndarray, n: int, seed: int) -> Folds:
    """Folds of training rows, grouped by subject where the table has more than one.

    Parameters
    ----------
    X : Samples or array, n rows
    codes : ndarray of int, shape (n,)
        Classes as 0..k-1.
    n : int
        How many folds are drawn at most; fewer where people or rows are fewer.
    seed : int

    Returns
    -------
    list of (ndarray of int, ndarray of int)
        Training and held-out rows. Only as many folds as hold out `ENOUGH` rows together; and without those whose
        training rows lack a class, which could say nothing of it: a person who alone shows a class is never held out.
        Empty where there is nothing to hold out: of people who share no class, or without people where a class has one
        row only.

    Notes
    -----
    Rows whose subject is unknown (-1) count as one person. Without subjects folds are of rows, stratified by class;
    people then stand on both sides, and probabilities come out too sure for new people.
    """
    counts = np.bincount(codes)
    if knows_people(X):
        subject = np.asarray(X["subject"])
        n = min(n, len(np.unique(subject)), int(counts.max()))
        split: Any = StratifiedGroupKFold(max(n, 2), shuffle=True, random_state=seed)
    else:
        subject = None
        n = min(n, int(counts.min()))
        split = StratifiedKFold(max(n, 2), shuffle=True, random_state=seed)
    if n < 2:
        return []
    found: Folds = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of classes with fewer rows than folds
        for train, test in split.split(codes, codes, subject):
            if len(np.unique(codes[train])) == len(counts) and sum(len(t) for _, t in found) < ENOUGH:
                found.append((train, test))
    return found


def held_out_scores(
    model: BaseEstimator, X: Any, y: np.ndarray, folds: Folds, params: Mapping[str, Any] | None = None
) -> np.ndarray:
    """Scores of the held-out rows of some folds, each by a model that is fitted to the fold's training rows.

    Parameters
    ----------
    model : estimator
        It is cloned, not fitted.
    X : Samples or array
    y : ndarray, shape (n,)
        Every training part has all of its k classes.
    folds : list of (ndarray of int, ndarray of int)
    params : mapping, optional
        Further arguments of ``fit``; of those with a value a row the fold's are taken.

    Returns
    -------
    ndarray, shape (m, k), float64
        In the order of the held-out rows of all folds, one after the other.
    """
    X = X if hasattr(X, "shape") else np.asarray(X)
    found = [np.zeros((0, len(np.unique(y))))]
    for train, test in folds:
        some = {k: np.asarray(v)[train] if np.shape(v)[:1] == (len(y),) else v for k, v in (params or {}).items()}
        found.append(class_scores(clone(model).fit(X[train], y[train], **some), X[test]))
    return np.concatenate(found)


def class_scores(model: BaseEstimator, X: Any) -> np.ndarray:
    """One score a class, (n, k) float64, whose softmax under some factor are probabilities.

    The last step's ``pair_scores`` where it has them; the decision function, of two classes as a half for and a half
    against; or else the logarithms of probabilities. The largest is that of the class that is predicted.
    """
    if isinstance(model, Pipeline) and hasattr(model[-1], "pair_scores"):
        return model[-1].pair_scores(model[:-1].transform(X) if len(model) > 1 else X)
    if not hasattr(model, "decision_function"):
        return log_probability(model.predict_proba(X))
    scores = np.asarray(model.decision_function(X), np.float64)
    return scores if scores.ndim == 2 else np.stack([-scores, scores], 1) / 2


def log_probability(probability: np.ndarray) -> np.ndarray:
    """Logarithms of probabilities, float64, of none below 1e-9: a 0 would be a certainty that no factor mends."""
    return np.log(np.maximum(np.asarray(probability, np.float64), 1e-9))
