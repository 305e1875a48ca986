"""Accuracy against how much there is to learn from, on the rows and folds of an evaluation."""

from __future__ import annotations

from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from threadpoolctl import threadpool_limits

from .._progress import progress
from ..classifiers import uncalibrated
from ..pipelines import describable
from ..samples.duplicates import exact_duplicates, without_duplicates
from ..samples.table import Samples
from .protocol import training_rows
from .statistics import bootstrap_ratio

#: Drawings of people for each point where folds are few, and how many are enough for one drawing each.
DRAWS, MANY = 3, 8


def learning_curve(
    model: BaseEstimator,
    X: Samples,
    predictions: pd.DataFrame,
    points: int,
    *,
    drop_duplicates: bool = False,
    seed: int = 0,
    jobs: int = 1,
) -> dict[str, Any]:
    """Accuracy on the held-out rows of an evaluation, learning from ever more people.

    Parameters
    ----------
    model : estimator
        Cloned, not fitted.
    X : Samples
        The table that was judged.
    predictions : DataFrame
        As `evaluate` gives them: they say which rows each fold held out. Of repeated folds the first are taken, of
        official parts the one that stands for the pipeline.
    points : int
        How many numbers of people, in even steps; the last is all of them, which costs no fit.
    drop_duplicates : bool
        As in that evaluation.
    seed, jobs : int

    Returns
    -------
    dict
        Ready for JSON: 'unit', 'subjects' or, where these are unknown, 'rows'; 'n', how many were learnt from;
        'accuracy' and 'ci95' of each; 'folds' and 'draws'.
    """
    folds, table = _folds(model, X, predictions)
    label = np.asarray(X["label"])
    known = bool((table["subject"].astype(str) != "-1").all())
    who = np.asarray(X["subject"]).astype(str) if known else np.arange(len(X))
    group = exact_duplicates(X) if drop_duplicates and "images" in X else np.arange(len(X))
    draws = 1 if len(folds) >= MANY else DRAWS
    rng = np.random.default_rng(seed)
    whole = min(len(np.unique(who[train])) for train, _ in folds)
    least = 2 if known else len(np.unique(label[folds[0][0]]))
    sizes = sorted({int(n) for n in np.rint(whole * np.arange(1, points) / points) if least <= n < whole})
    work = []
    for size in sizes:
        for _ in range(draws):
            for train, test in folds:
                rows = _fewer(label[train], who[train], size, rng)
                work.append((without_duplicates(X, train[rows], group), test))
    pool = joblib.Parallel(n_jobs=jobs, return_as="generator")
    hits = progress(pool(joblib.delayed(_hits)(model, X, *one) for one in work), len(work), "learning curve")
    by_row = np.zeros((len(sizes), len(X)))
    for k, (right, (_, test)) in enumerate(zip(hits, work, strict=True)):
        by_row[k // (draws * len(folds)), test] += right / draws
    judged = table["row"].to_numpy()
    right = (table["truth"] == table["prediction"]).to_numpy(float)
    columns = np.concatenate([by_row[:, judged], right[None]])
    unit = np.unique(who[judged], return_inverse=True)[1]
    top = np.stack([np.bincount(unit, column) for column in columns], 1)
    bottom = np.repeat(np.bincount(unit)[:, None], len(columns), 1)
    low, high = bootstrap_ratio(top, bottom, seed)
    return {
        "unit": "subjects" if known else "rows",
        "n": [*sizes, whole],
        "accuracy": [float(value) for value in columns.mean(1)],
        "ci95": [[float(a), float(b)] for a, b in zip(low, high, strict=True)],
        "folds": len(folds),
        "draws": draws,
    }


def _folds(
    model: BaseEstimator, X: Samples, predictions: pd.DataFrame
) -> tuple[list[tuple[np.ndarray, np.ndarray]], pd.DataFrame]:
    """Rows to learn from and rows to judge, fold by fold, and the lines of these predictions."""
    if "part" in predictions:
        part = "test" if (predictions["part"] == "test").any() else predictions["part"].iloc[0]
        table = predictions[predictions["part"] == part]
        return [(np.flatnonzero(training_rows(X) & describable(model, X)), table["row"].to_numpy())], table
    rows, taken = np.unique(predictions["row"]), []
    folds: list[tuple[np.ndarray, np.ndarray]] = []
    for fold, lines in predictions.groupby("fold"):
        if sum(len(test) for _, test in folds) == len(rows):
            break
        test = np.sort(lines["row"].to_numpy())
        folds.append((np.setdiff1d(rows, test), test))
        taken.append(fold)
    return folds, predictions[predictions["fold"].isin(taken)]


def _fewer(label: np.ndarray, who: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Rows of so many of the people, drawn so that they show every class if that can be done."""
    people = np.unique(who)
    if len(people) == len(who):  # rows alone: of each class its share, and one at the least
        classes, counts = np.unique(label, return_counts=True)
        shares = np.maximum(1, np.floor(size * counts / len(label)).astype(int))
        return np.sort(
            np.concatenate(
                [rng.permutation(np.flatnonzero(label == c))[:n] for c, n in zip(classes, shares, strict=True)]
            )
        )
    for _ in range(50):
        rows = np.flatnonzero(np.isin(who, rng.permutation(people)[:size]))
        if len(np.unique(label[rows])) == len(np.unique(label)):
            break
    return rows


def _hits(model: BaseEstimator, X: Samples, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    # One thread, as in cross-validation. Only choices are wanted, not how sure they are.
    label = np.asarray(X["label"])
    with threadpool_limits(1):
        return uncalibrated(model).fit(X[train], label[train]).predict(X[test]) == label[test]
