"""Evaluation of a pipeline by cross-validation grouped by subject, or on predefined splits."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..pipelines import can_extract, pipeline_name
from ..samples.data_info import class_name
from ..samples.duplicates import exact_duplicates, has_duplicate_in, without_duplicates
from ..samples.fingerprint import fingerprint
from ..samples.splits import split_column
from ..samples.table import Samples
from .eligible_samples import groups_for_folds, labelled_samples, samples_for_folds
from .fit_predict import FitTask, FoldOutcome, extracts_once, fit_fold, fit_predict, precompute_features
from .protocol import Folds, Protocol, choose_protocol, uses_predefined_splits
from .results import EvaluationResult, compute_scores, prediction_table
from .scores import FoldRecord

#: Leakage warnings where samples of one subject may be in training and test samples.
UNKNOWN_SUBJECTS = (
    "subjects are unknown, so training and test samples may be of the same subject: these scores may be far too high"
)
UNKNOWN_SUBJECTS_IN_SPLITS = "subjects are unknown: if the predefined splits share subjects, these scores are too high"


@dataclasses.dataclass(frozen=True)
class EvaluationPlan:
    """The samples that are evaluated, and how they are split.

    Attributes
    ----------
    X : Samples
    indices : ndarray of int, shape (len(X),)
        Their positions in the table that was given by the user.
    excluded : dict of str to int
        Labelled samples that are not evaluated, by reason.
    subject, groups : ndarray, shape (len(X),), or None
        Subject ids and their codes; None where folds ignore subjects.
    split : ndarray of str, shape (len(X),), or None
        With predefined splits.
    protocol : Protocol
    """

    X: Samples
    indices: np.ndarray
    excluded: dict[str, int]
    subject: np.ndarray | None
    groups: np.ndarray | None
    split: np.ndarray | None
    protocol: Protocol


def plan_evaluation(model: BaseEstimator, X: Samples, cv: Any, n_repeats: int, seed: int) -> EvaluationPlan:
    """Choose samples and protocol of an evaluation; nothing is fitted.

    Raises
    ------
    FerError
        See `fer_features.evaluate`.
    """
    indices, excluded = labelled_samples(can_extract(model, X), X)
    split = split_column(X[indices])
    predefined = uses_predefined_splits(cv, split)
    if not predefined:
        indices, more = samples_for_folds(X, indices)
        excluded |= more
    X = X[indices]
    # Predefined splits are evaluated completely, also where some samples have no subject.
    groups = groups_for_folds(X)
    subject = None if groups is None else np.asarray(X["subject"])
    split = split if predefined else None
    protocol = choose_protocol(cv, X.label_codes, groups, X.info.classes, n_repeats, seed, split)
    return EvaluationPlan(X, indices, excluded, subject, groups, split, protocol)


def evaluate_pipeline(
    model: BaseEstimator,
    X: Samples,
    cv: Any = None,
    *,
    n_repeats: int = 1,
    n_jobs: int = 1,
    seed: int = 0,
    name: str | None = None,
    drop_duplicates: bool = False,
) -> EvaluationResult:
    """Evaluate a pipeline on the labelled samples of a table.

    Parameters
    ----------
    model, X, cv, n_repeats, n_jobs, seed, name, drop_duplicates
        See `fer_features.evaluate`. The model is an estimator, and X a table.

    Returns
    -------
    EvaluationResult

    Raises
    ------
    FerError
        As `fer_features.evaluate`.

    Notes
    -----
    Features that depend on one sample only are computed once, before the folds. A single fit that requests them once
    does not keep them. Whatever is fitted (scaling, classifier) is fitted in each fold on its training samples only.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples, make_pipeline
    >>> from fer_features.evaluation import evaluate_pipeline
    >>> landmarks = np.random.default_rng(0).normal(50, 9, (24, 2, 68, 2))
    >>> X = Samples.from_arrays(
    ...     landmarks=landmarks, label=np.tile(["fear", "joy"], 12), subject=np.repeat(np.arange(6), 4)
    ... )
    >>> result = evaluate_pipeline(make_pipeline("landmarks_lda", calibration_cv=0), X, cv="2fold")
    >>> result.scores.metrics.n_samples, result.scores.metrics.n_subjects
    (24, 6)
    """
    start = time.perf_counter()
    plan = plan_evaluation(model, X, cv, n_repeats, seed)
    loaded, X, indices, excluded = X, plan.X, plan.indices, plan.excluded
    subject, groups, split, protocol = plan.subject, plan.groups, plan.split, plan.protocol
    label = X.label_codes
    folds = list(protocol.split(label, groups, split))
    duplicate_group = exact_duplicates(X) if "images" in X else np.arange(len(X))
    duplicate = np.concatenate([has_duplicate_in(duplicate_group, test, train) for train, test in folds])
    if drop_duplicates:
        folds = [(without_duplicates(X, train, duplicate_group), test) for train, test in folds]
    codes = np.unique(label)
    single_use = bool(protocol.splits) and extracts_once(model, X)
    if not single_use:
        precompute_features(model, X)
    if protocol.splits:
        # The fitted model is returned to the user: it is fitted on class names where the data set names its classes.
        with X.feature_store.without_keeping() if single_use else contextlib.nullcontext():
            outcome = fit_fold(FitTask(model, np.asarray(X["label"]), *folds[0]), X, keep_model=True)
        outcomes = [_with_codes(outcome, X)]
    else:
        tasks = [FitTask(model, label, train, test) for train, test in folds]
        outcomes = list(fit_predict(tasks, X, n_jobs=n_jobs, with_scores=True))
    columns: dict[str, Any] = {} if split is None else {"split": split[np.concatenate([test for _, test in folds])]}
    columns |= {"duplicate_in_train": duplicate} if duplicate.any() else {}
    predictions = prediction_table(X, indices, codes, folds, outcomes, subject, columns)
    records = tuple(
        FoldRecord(
            fold=i,
            n_train=len(train),
            n_test=len(test),
            subjects=() if subject is None else tuple(np.unique(subject[test]).tolist()),
            accuracy=float(np.mean(outcome.predicted == label[test])),
            seconds=round(outcome.seconds, 3),
        )
        for i, ((train, test), outcome) in enumerate(zip(folds, outcomes, strict=True))
    )
    scores = compute_scores(
        X,
        fingerprint(loaded),
        name or pipeline_name(model),
        protocol,
        [class_name(X.info, code) for code in codes],
        predictions,
        records,
        excluded,
        _leakage(X, protocol, folds, groups),
        time.perf_counter() - start,
        seed,
    )
    return EvaluationResult(scores, predictions, outcomes[0].model)


def _with_codes(outcome: FoldOutcome, X: Samples) -> FoldOutcome:
    """An outcome with label codes for class names, and its scores in the order of the codes."""
    assert outcome.scores is not None
    order = np.argsort(X.info.codes_of(np.unique(X["label"])), kind="stable")
    return dataclasses.replace(outcome, predicted=X.info.codes_of(outcome.predicted), scores=outcome.scores[:, order])


def _leakage(X: Samples, protocol: Protocol, folds: Folds, groups: np.ndarray | None) -> str:
    """Why the scores may be too high, or an empty text."""
    if groups is None:
        return UNKNOWN_SUBJECTS_IN_SPLITS if protocol.splits else UNKNOWN_SUBJECTS
    shared = max(len(np.intersect1d(groups[train], groups[test])) for train, test in folds)
    if shared:
        return (
            f"{shared} subject(s) are in both training and evaluated samples: these scores are too high; "
            "cv='loso' or cv='10fold' separates subjects"
        )
    return X.info.leakage
