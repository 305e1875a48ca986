"""Fit on some samples, predict others: the one place where folds are run, in this process or in workers."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from typing import Any

import joblib
import numpy as np
from sklearn import config_context, get_config
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from threadpoolctl import threadpool_limits

from .._cluster import active_cluster
from .._parallel import parallel
from .._progress import progress
from .._threads import map_in_threads
from ..classifiers import SVM, CalibratedPipeline, LinearSVM, SoftVoting, uncalibrated
from ..classifiers.calibrated_pipeline import is_calibrated_by_loo
from ..classifiers.soft_voting import has_loo_scores
from ..exceptions import FerError
from ..extractors.features import named_extractors
from ..pipelines import ensemble_members, transformed
from ..samples.feature_blocks import stored_features
from ..samples.mirroring import mirror_samples
from ..samples.table import Samples

#: Largest number of samples of fits that run in threads: an interruption waits for the fits that have started.
MAX_SAMPLES_IN_THREADS = 1000


@dataclasses.dataclass(frozen=True)
class FitTask:
    """A fit: the model, the target of every sample of the table, and training and test indices."""

    model: BaseEstimator
    y: np.ndarray
    train: np.ndarray
    test: np.ndarray


@dataclasses.dataclass(frozen=True)
class FoldOutcome:
    """Predictions of the test samples of a fold.

    Attributes
    ----------
    predicted : ndarray, shape (n_test,)
    scores : ndarray, shape (n_test, k), or None
        Of each class of `y`, in increasing order; NaN for a class absent from the training samples. None where only
        predictions were requested.
    score_kind : {'probability', 'score'}
        Whether `scores` are probabilities or values of a decision function.
    seconds : float
    model : estimator or None
        The fitted model, where it was requested.
    """

    predicted: np.ndarray
    scores: np.ndarray | None
    score_kind: str
    seconds: float
    model: Any = None


def fit_predict(
    tasks: Sequence[FitTask],
    X: Samples,
    *,
    n_jobs: int = 1,
    with_scores: bool = False,
    label: str = "folds",
) -> Iterator[FoldOutcome]:
    """Outcomes of fits, in order, with progress shown.

    Parameters
    ----------
    tasks : sequence of FitTask
    X : Samples
    n_jobs : int, default 1
        Number of worker processes in which fits run in parallel; -1 for all cores. Results do not depend on it.
    with_scores : bool, default False
        Whether scores of each class are computed; if not, models are not calibrated, which does not change their
        predictions.
    label : str
        Shown with the progress.

    Yields
    ------
    FoldOutcome

    Notes
    -----
    Fits of support vector machines to few samples share the cores of one process: their native code releases the
    interpreter lock, and starting worker processes would take longer than the fits.
    """
    if n_jobs == 1 and len(tasks) > 1 and _can_run_in_threads(tasks[0].model, X):
        precompute_features(tasks[0].model, X)  # the feature store is then only read
        config = get_config()  # of this thread

        def outcome(task: FitTask) -> FoldOutcome:
            with config_context(**config):
                return fit_fold(task, X, with_scores=with_scores)

        with threadpool_limits(1):  # that of each fit would end with the first of them
            yield from progress(map_in_threads(outcome, tasks), len(tasks), label)
        return
    calls = (joblib.delayed(fit_fold)(task, X, with_scores=with_scores) for task in tasks)
    yield from progress(parallel(calls, len(tasks), n_jobs), len(tasks), label)


def _can_run_in_threads(model: BaseEstimator, X: Samples) -> bool:
    """Whether fits are short, are native code without a common random state, and extract no features."""
    if len(X) > MAX_SAMPLES_IN_THREADS or active_cluster() is not None:
        return False
    for member in ensemble_members(model):
        extractors = [extractor for _, extractor in named_extractors(member)]
        if not extractors or any(get_tags(extractor).requires_fit for extractor in extractors):
            return False
        if not isinstance(member, CalibratedPipeline) or member.augmentation:
            return False
        if not isinstance(member.steps[-1][1], LinearSVM | SVM):
            return False
    return True


def fit_fold(task: FitTask, X: Samples, *, with_scores: bool = True, keep_model: bool = False) -> FoldOutcome:
    """The outcome of one fit.

    Notes
    -----
    Fits of folds use one thread each: floating-point sums are then equal on any machine and with any number of
    parallel fits, and small problems are faster. A fit whose model is kept is the only one, and uses all threads.
    """
    if keep_model:
        return _fit(task, X, with_scores, keep_model)
    with threadpool_limits(1):
        return _fit(task, X, with_scores, keep_model)


def _fit(task: FitTask, X: Samples, with_scores: bool, keep_model: bool) -> FoldOutcome:
    start = time.perf_counter()
    model = (clone if with_scores else uncalibrated)(task.model)
    model.fit(X[task.train], task.y[task.train])
    scores, kind = None, "score"
    if with_scores:
        predicted, values, kind = predict_with_scores(model, X[task.test])
        classes = np.unique(task.y)
        scores = np.full((len(task.test), len(classes)), np.nan)
        scores[:, np.searchsorted(classes, model.classes_)] = values
    else:
        predicted = model.predict(X[task.test])
    return FoldOutcome(predicted, scores, kind, time.perf_counter() - start, model if keep_model else None)


def predict_with_scores(model: BaseEstimator, X: Any) -> tuple[np.ndarray, np.ndarray, str]:
    """Predictions and scores of each class of a fitted classifier.

    Returns
    -------
    predicted : ndarray, shape (n,)
    scores : ndarray, shape (n, k)
        In the order of ``model.classes_``.
    kind : {'probability', 'score'}
    """
    own = isinstance(model, CalibratedPipeline | SoftVoting)
    if own and hasattr(model, "predict_proba"):
        scores = model.predict_proba(X)
        return model.classes_[scores.argmax(1)], scores, "probability"
    if isinstance(model, Pipeline) and not own and len(model) > 1:
        # Features are computed once for predictions and scores.
        X, model = model[:-1].transform(X), model[-1]
    if not hasattr(model, "predict_proba") and not hasattr(model, "decision_function"):
        raise FerError(f"{type(model).__name__} has neither predict_proba nor decision_function, and one is needed")
    kind = "probability" if hasattr(model, "predict_proba") else "score"
    scores = model.predict_proba(X) if kind == "probability" else model.decision_function(X)
    if scores.ndim == 1:  # binary decision function, positive for the second class
        scores = np.stack([-scores, scores], 1)
    return model.predict(X), scores, kind


def extracts_once(model: BaseEstimator, X: Samples) -> bool:
    """Whether a single fit of a model to a table requests the features of each sample once.

    Calibration by folds can request them again, and so do members of an ensemble with a common extractor.
    """
    if isinstance(model, SoftVoting):
        names = [name for member in ensemble_members(model) for name, _ in named_extractors(member)]
        return len(set(names)) == len(names) and all(has_loo_scores(member, X) for member in ensemble_members(model))
    if not isinstance(model, CalibratedPipeline):
        return False
    return is_calibrated_by_loo(model, X) or not model.calibration_cv


def precompute_features(model: BaseEstimator, X: Samples) -> None:
    """Compute the features of all samples once, so that every fold finds them in the feature store.

    Extractors that are fitted are skipped: their features depend on the training samples of the fold.
    """
    if stored_features(X):
        return
    for member in ensemble_members(model):
        table = transformed(member, X)
        for _, extractor in named_extractors(member):
            if not get_tags(extractor).requires_fit:
                extractor.fit(table).feature_array(table)
                if member.named_steps["features"].mirror != "none":
                    extractor.feature_array(mirror_samples(table, extractor.required_columns))
