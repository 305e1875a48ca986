"""Accuracy against the number of training subjects, on given folds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from ..exceptions import FerError
from ..samples.duplicates import exact_duplicates, without_duplicates
from ..samples.groups import group_codes
from ..samples.table import Samples
from .eligible_samples import training_indices
from .fit_predict import FitTask, fit_predict
from .metric_types import LearningCurve
from .protocol import Folds, reported_predictions
from .results import correct_of, subjects_of
from .statistics import bootstrap_ratio

#: Random subsets of subjects per point and fold, and the number of folds from which one is enough.
N_REPEATS, MIN_FOLDS_FOR_ONE_REPEAT = 3, 8

#: Attempts to draw subjects that show every class.
MAX_ATTEMPTS = 50


@dataclasses.dataclass(frozen=True)
class CurvePoints:
    """Correctness of each sample for each training size.

    Attributes
    ----------
    sizes : tuple of int
        Numbers of training subjects, increasing.
    correct : ndarray, shape (len(sizes), n), float
        Fraction of the repeats that predict each sample correctly.
    """

    sizes: tuple[int, ...]
    correct: np.ndarray


def curve_points(
    model: BaseEstimator,
    X: Samples,
    label: np.ndarray,
    subset: list[tuple[int, list[Folds]]],
    *,
    n_jobs: int = 1,
) -> CurvePoints:
    """Fit a model on increasing numbers of subjects.

    Parameters
    ----------
    model : estimator
        Cloned, not fitted.
    X : Samples
    label : ndarray, shape (n,)
    subset : list of (int, list of Folds)
        For each training size the repeats: folds whose training indices are reduced to so many subjects.
    n_jobs : int, default 1

    Returns
    -------
    CurvePoints
    """
    tasks = [FitTask(model, label, *fold) for _, repeats in subset for folds in repeats for fold in folds]
    outcomes = fit_predict(tasks, X, n_jobs=n_jobs, label="learning curve")
    correct = np.zeros((len(subset), len(label)))
    for k, (_, repeats) in enumerate(subset):
        for folds in repeats:
            for _, test in folds:
                correct[k, test] += (next(outcomes).predicted == label[test]) / len(repeats)
    return CurvePoints(tuple(size for size, _ in subset), correct)


def learning_curve_of(
    model: BaseEstimator,
    X: Samples,
    predictions: pd.DataFrame,
    n_points: int,
    *,
    drop_duplicates: bool = False,
    seed: int = 0,
    n_jobs: int = 1,
) -> LearningCurve:
    """Learning curve over subjects on the folds of an evaluation.

    Parameters
    ----------
    model : estimator
        Cloned, not fitted.
    X : Samples
        The table that was given to the evaluation.
    predictions : DataFrame
        Predictions of the evaluation, which define the folds. With repeated folds the first repeat is used, with
        predefined splits the reported one.
    n_points : int
        Training sizes, in even steps; the last uses all subjects and needs no fit.
    drop_duplicates : bool, default False
        As in that evaluation.
    seed : int, default 0
    n_jobs : int, default 1

    Returns
    -------
    LearningCurve

    Raises
    ------
    FerError
        Where the folds evaluate a sample more than once, as those of `sklearn.model_selection.ShuffleSplit` do.
    """
    folds, table = _folds(model, X, predictions)
    label = X.label_codes
    known = subjects_of(table) is not None
    unit = group_codes(X["subject"]) if known else np.arange(len(X))
    duplicates = exact_duplicates(X) if drop_duplicates and "images" in X else np.arange(len(X))
    n_repeats = 1 if len(folds) >= MIN_FOLDS_FOR_ONE_REPEAT else N_REPEATS
    rng = np.random.default_rng(seed)
    full = min(len(np.unique(unit[train])) for train, _ in folds)
    smallest = 2 if known else len(np.unique(label[folds[0][0]]))
    sizes = sorted({int(n) for n in np.rint(full * np.arange(1, n_points) / n_points) if smallest <= n < full})

    def reduced(train: np.ndarray, size: int) -> np.ndarray:
        chosen = subset_of_subjects(label[train], unit[train], size, rng)
        return without_duplicates(X, train[chosen], duplicates)

    subset = [(n, [[(reduced(train, n), test) for train, test in folds] for _ in range(n_repeats)]) for n in sizes]
    points = curve_points(model, X, label, subset, n_jobs=n_jobs)
    evaluated = table["sample"].to_numpy()
    correct = np.concatenate([points.correct[:, evaluated], correct_of(table)[None].astype(float)])
    codes = np.unique(unit[evaluated], return_inverse=True)[1]
    hits = np.stack([np.bincount(codes, one) for one in correct], 1)
    counts = np.repeat(np.bincount(codes)[:, None], len(correct), 1)
    low, high = bootstrap_ratio(hits, counts, seed)
    return LearningCurve(
        unit="subjects" if known else "samples",
        n_train=(*sizes, full),
        accuracy=tuple(float(value) for value in correct.mean(1)),
        ci95=tuple((float(a), float(b)) for a, b in zip(low, high, strict=True)),
        n_folds=len(folds),
        n_repeats=n_repeats,
    )


def subset_of_subjects(label: np.ndarray, unit: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of the samples of `size` random subjects, who show every class if such subjects are found.

    Parameters
    ----------
    label, unit : ndarray, shape (n,)
        Label and subject of each sample. Where every sample has a unit of its own, samples are drawn, stratified by
        class, with at least one per class.
    size : int
    rng : Generator

    Returns
    -------
    ndarray of int
    """
    units = np.unique(unit)
    if len(units) == len(unit):
        classes, counts = np.unique(label, return_counts=True)
        n_of_class = np.maximum(1, np.floor(size * counts / len(label)).astype(int))
        chosen = [rng.permutation(np.flatnonzero(label == c))[:n] for c, n in zip(classes, n_of_class, strict=True)]
        return np.sort(np.concatenate(chosen))
    for _ in range(MAX_ATTEMPTS):
        indices = np.flatnonzero(np.isin(unit, rng.permutation(units)[:size]))
        if len(np.unique(label[indices])) == len(np.unique(label)):
            break
    return indices


def _folds(model: BaseEstimator, X: Samples, predictions: pd.DataFrame) -> tuple[Folds, pd.DataFrame]:
    """Training and test indices of each fold of an evaluation, and the predictions of these folds."""
    if "split" in predictions:
        table = reported_predictions(predictions)
        train = training_indices(model, X)
        return [(train, table["sample"].to_numpy())], table
    samples, first_repeat = np.unique(predictions["sample"]), []
    folds: Folds = []
    for fold, rows in predictions.groupby("fold"):
        if sum(len(test) for _, test in folds) == len(samples):
            break
        test = np.sort(rows["sample"].to_numpy())
        folds.append((np.setdiff1d(samples, test), test))
        first_repeat.append(fold)
    if len(np.unique(np.concatenate([test for _, test in folds]))) < sum(len(test) for _, test in folds):
        raise FerError("a learning curve needs folds that evaluate each sample once: use k folds, such as cv='5fold'")
    return folds, predictions[predictions["fold"].isin(first_repeat)]
