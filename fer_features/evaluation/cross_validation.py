"""Judging a pipeline: fit on some subjects or the official training part, judge on others, keep every prediction."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from threadpoolctl import threadpool_limits

from .._progress import progress
from ..classifiers import CalibratedPipeline, LateFusion
from ..extractors.features import extractors_of
from ..pipelines import describable, members, name_of, prepared
from ..samples.duplicates import copies_in, exact_duplicates, without_duplicates
from ..samples.mirroring import mirrored
from ..samples.table import Samples
from .eligible_samples import known_subjects, labelled_rows, rows_for_folds
from .protocol import choose_protocol, official_parts
from .results import prediction_table, record
from .summary import summary


@dataclasses.dataclass(frozen=True)
class Result:
    """What an evaluation found.

    Attributes
    ----------
    scores : dict
        All figures and what they rest on; what `scores.json` holds.
    predictions : DataFrame
        One line a judged row (and repeat): id, row, subject, fold, official part where those are judged, truth,
        prediction, and one probability or score a class.
    model : estimator or None
        Fitted to the official training part, where the other parts were judged.
    """

    scores: dict[str, Any]
    predictions: pd.DataFrame
    model: Any = None

    @property
    def accuracy(self) -> float:
        """Share of rows predicted right."""
        return self.scores["accuracy"]

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall over classes (UAR)."""
        return self.scores["balanced_accuracy"]

    @property
    def macro_f1(self) -> float:
        """Mean F1 over classes."""
        return self.scores["macro_f1"]

    def __str__(self) -> str:
        return summary(self.scores)


def evaluate(
    model: BaseEstimator,
    X: Samples,
    cv: str | None = None,
    *,
    repeats: int = 1,
    jobs: int = 1,
    seed: int = 0,
    name: str | None = None,
    drop_duplicates: bool = False,
) -> Result:
    """Judge a pipeline on the labelled rows of a table: by folds grouped by subject, or on the official parts.

    Parameters
    ----------
    model : estimator
        As made by `make_pipeline`, or any scikit-learn classifier that takes `Samples`. It is cloned, not fitted.
    X : Samples
        With the columns 'label' and, unless the score may leak, 'subject'. Rows with label -1 are left out.
    cv : {'loso', '5fold', '10fold', '<k>fold', 'official'}, optional
        'official' fits to the part 'train' and judges the others, and is the default where those have labels; the
        headline is the part 'test' where it is among them, and every part is in ``scores["parts"]``. Otherwise
        leave-one-subject-out up to 30 subjects and 10-fold above. Folds are drawn within the training part.
    repeats : int
        How often k folds are drawn anew.
    jobs : int
        Folds run side by side, in processes of their own; -1 for all cores. Results do not depend on it.
    seed : int
        Of folds and intervals.
    name : str, optional
        Of the pipeline, for the record; found from its steps where not given.
    drop_duplicates : bool
        Learn from one row of each group of equal pictures. Rows that are judged are all kept; those with a copy in
        training are marked, and ``scores["accuracy_no_duplicates"]`` leaves them out.

    Returns
    -------
    Result

    Raises
    ------
    FerError
        For one class, one subject, a class shown by too few subjects, or a column that is absent.

    Notes
    -----
    Features that are computed sample by sample are computed once, before the folds; whatever learns (scaling,
    classifier) learns in each fold from its training rows alone.
    """
    start = time.perf_counter()
    rows, left_out = labelled_rows(describable(model, X), X)
    part = np.asarray(X[rows]["split"]) if "split" in X else None
    official = cv == "official" or (cv is None and bool(official_parts(part)))
    if not official:
        rows = rows_for_folds(X, rows, left_out)
    known = known_subjects(X, rows)
    if known is not None and not known.all():  # official parts must stay whole
        known = None
    X = X[rows]
    label = np.asarray(X["label"])
    subject = None if known is None else np.asarray(X["subject"])
    part = part if official else None
    protocol = choose_protocol(cv, label, subject, X.info.classes, repeats, seed, part)
    folds = list(protocol.split(label, subject, part))
    group = exact_duplicates(X) if "images" in X else np.arange(len(X))
    copies = np.concatenate([copies_in(group, test, train) for train, test in folds])
    if drop_duplicates:
        folds = [(without_duplicates(X, train, group), test) for train, test in folds]
    describe_all(model, X)
    fitted = None
    if official:
        *outcome, fitted = _fit_and_judge(model, X, label, *folds[0])
        outcomes: list[Any] = [outcome]
    else:
        work = (joblib.delayed(_fold)(model, X, label, train, test) for train, test in folds)
        pool = joblib.Parallel(n_jobs=jobs, return_as="generator")
        outcomes = list(progress(pool(work), len(folds), "folds"))
    codes = np.unique(label)
    names = [class_name(X, code) for code in codes]
    test = np.concatenate([t for _, t in folds])
    columns = {} if part is None else {"part": part[test]}
    columns |= {"copy_in_training": copies} if copies.any() else {}
    predictions = prediction_table(X, names, codes, folds, outcomes, subject, columns)
    scores = record(X, name or name_of(model), protocol, names, predictions, seed)
    if official and subject is not None:
        shared = len(np.intersect1d(*(subject[rows].astype(str) for rows in folds[0])))
        if shared:
            scores["leakage"] = f"{shared} subject(s) stand in the official training part and in a judged one: "
            scores["leakage"] += "this score leaks and is too high; --cv loso or --cv 10fold keeps them apart"
    scores["folds"] = [
        {
            "fold": i,
            "n_train": len(train),
            "n_test": len(test),
            "subjects": [] if subject is None else [_plain(s) for s in np.unique(subject[test])],
            "accuracy": float(np.mean(predicted == label[test])),
            "seconds": round(seconds, 3),
        }
        for i, ((train, test), (predicted, _, _, seconds)) in enumerate(zip(folds, outcomes, strict=True))
    ]
    scores["left_out"] = left_out
    scores["described"] = X.store.described
    scores["seconds"] = round(time.perf_counter() - start, 3)
    return Result(scores, predictions, fitted)


def describe_all(model: BaseEstimator, X: Samples) -> None:
    """Compute the features of all rows of a table once, so that every fold finds them there.

    Extractors that learn are passed over: what they give depends on the rows of the fold.
    """
    for member in members(model):
        table = prepared(member, X)
        for _, extractor in extractors_of(member):
            if not get_tags(extractor).requires_fit:
                extractor.fit(table).transform(table)
                if member.named_steps["features"].mirror != "none":
                    extractor.transform(mirrored(table, extractor.reads))


def scores_of(model: BaseEstimator, X: Any) -> tuple[np.ndarray, np.ndarray, str]:
    """Prediction and one figure a class of a fitted classifier.

    Returns
    -------
    prediction : ndarray, shape (n,)
    values : ndarray, shape (n, k)
        In the order of ``model.classes_``.
    kind : {'probability', 'score'}
    """
    if isinstance(model, CalibratedPipeline | LateFusion) and hasattr(model, "predict_proba"):
        values = model.predict_proba(X)
        return model.classes_[values.argmax(1)], values, "probability"
    if isinstance(model, Pipeline) and len(model) > 1:
        # Both figures rest on the same features.
        X, model = model[:-1].transform(X), model[-1]
    kind = "probability" if hasattr(model, "predict_proba") else "score"
    values = model.predict_proba(X) if kind == "probability" else model.decision_function(X)
    if values.ndim == 1:  # two classes: one figure, positive for the second
        values = np.stack([-values, values], 1)
    return model.predict(X), values, kind


def _fold(model: BaseEstimator, X: Samples, label: np.ndarray, train: np.ndarray, test: np.ndarray) -> Any:
    # One thread a fold: sums come out the same on any machine and beside any other fold, and the threads of small
    # problems wait for each other longer than they work.
    with threadpool_limits(1):
        return _fit_and_judge(model, X, label, train, test)[:-1]


def _fit_and_judge(model: BaseEstimator, X: Samples, label: np.ndarray, train: np.ndarray, test: np.ndarray) -> Any:
    start = time.perf_counter()
    fitted = clone(model).fit(X[train], label[train])
    prediction, values, kind = scores_of(fitted, X[test])
    full = np.full((len(test), len(np.unique(label))), np.nan)
    full[:, np.searchsorted(np.unique(label), fitted.classes_)] = values
    return prediction, full, kind, time.perf_counter() - start, fitted


def class_name(X: Samples, code: Any) -> str:
    """Name of a label code, or the code itself where it has none."""
    return X.info.classes[int(code)] if 0 <= int(code) < len(X.info.classes) else str(code)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
