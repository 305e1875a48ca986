"""Evaluate, refit, save and report: what ``fer-features run`` and ``search`` do, as functions.

>>> from fer_features import load_dataset, make_pipeline, run_experiment
>>> X = load_dataset("demo")
>>> experiment = run_experiment(make_pipeline("landmarks_svm"), X, cv="5fold")
>>> experiment.scores.metrics.n_subjects
12
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from ._progress import progress_enabled, stage, stages
from .datasets import load_dataset
from .evaluation.cross_validation import evaluate_pipeline
from .evaluation.fit_predict import precompute_features, predict_with_scores
from .evaluation.learning_curve import learning_curve_of
from .evaluation.profiling import Stopwatch, peak_memory_mb, seconds_per_sample
from .evaluation.protocol import training_mask
from .evaluation.rejection import check_rejection, with_rejection
from .evaluation.results import sample_ids
from .exceptions import FerError
from .experiment import Experiment, TestPredictions, fit_on_training_samples
from .faces.landmarker_training import attach_landmarker, check_landmark_columns
from .model_selection.search_result import SearchResult
from .pipelines import can_extract, default_alignment, make_pipeline, required_columns
from .samples.table import Samples


def evaluate(
    model: str | BaseEstimator,
    X: str | Path | Samples,
    cv: Any = None,
    *,
    n_repeats: int = 1,
    n_jobs: int = 1,
    seed: int = 0,
    name: str | None = None,
    drop_duplicates: bool = False,
    verbose: bool = False,
) -> Experiment:
    """Evaluate a pipeline by cross-validation grouped by subject, or on predefined splits.

    Parameters
    ----------
    model : str or estimator
        Pipeline specification such as 'hog_svm', a pipeline made by `make_pipeline`, or any scikit-learn classifier
        that takes `Samples`. It is cloned, not fitted. A pipeline given as text uses cropped faces without landmarks
        as they are, without alignment.
    X : Samples, or str or Path of a data set
        With the columns 'label' and, unless the scores may be too high, 'subject'. Samples without a label are
        ignored.
    cv : {'loso', '5fold', '10fold', '<k>fold', 'predefined'}, int, scikit-learn splitter or None
        'predefined' trains on the split 'train' and evaluates the others, and is the default where those have labels;
        ``scores.metrics`` are those of the split 'test' if it is among them, and ``scores.splits`` holds all.
        Otherwise the default is leave-one-subject-out up to 30 subjects and 10-fold above. An integer k is
        '<k>fold': stratified, grouped by subject. A splitter gets the subjects as groups. Folds are made of the
        training split.
    n_repeats : int, default 1
        Repetitions of k folds, each with other folds.
    n_jobs : int, default 1
        Folds run in parallel worker processes; -1 for all cores. Results do not depend on it.
    seed : int, default 0
        Random state of folds and intervals.
    name : str, optional
        Name of the pipeline in the scores; by default its specification.
    drop_duplicates : bool, default False
        Train on one sample of each group of identical images. All samples are evaluated; those with a duplicate in
        the training samples are marked, and ``scores.metrics.accuracy_excluding_duplicates`` excludes them.
    verbose : bool, default False
        Show progress.

    Returns
    -------
    Experiment

    Raises
    ------
    FerError
        For a single class or subject, a class shown by too few subjects, or an absent column.

    Examples
    --------
    >>> from fer_features import evaluate
    >>> result = evaluate("landmarks_svm", "demo", cv=5)
    >>> result.to_frame().columns.tolist()
    ['precision', 'recall', 'f1', 'n_samples']
    """
    with progress_enabled(verbose):
        pipeline, table, settings = _inputs(model, X, seed, {})
        result = evaluate_pipeline(
            pipeline,
            table,
            cv,
            n_repeats=n_repeats,
            n_jobs=n_jobs,
            seed=seed,
            name=name or (model if isinstance(model, str) else None),
            drop_duplicates=drop_duplicates,
        )
    return Experiment(
        result.scores,
        result.predictions,
        result.model,
        X=table,
        pipeline=pipeline,
        settings=settings,
        seed=seed,
        drop_duplicates=drop_duplicates,
    )


def run_experiment(
    model: str | BaseEstimator,
    X: str | Path | Samples,
    cv: Any = None,
    *,
    n_repeats: int = 1,
    n_jobs: int = 1,
    seed: int = 0,
    name: str | None = None,
    drop_duplicates: bool = False,
    reject_below: float | None = None,
    target_coverage: float | None = None,
    learning_curve_points: int | None = None,
    train_landmarker: bool = False,
    settings: Mapping[str, Any] | None = None,
    command: str = "",
    command_options: Mapping[str, Any] | None = None,
    watch: Stopwatch | None = None,
    verbose: bool = False,
) -> Experiment:
    """Evaluate a pipeline, fit it on all training samples, and predict an unlabelled test split.

    Parameters
    ----------
    model, X, cv, n_repeats, n_jobs, seed, name, drop_duplicates, verbose
        See `evaluate`.
    reject_below : float, optional
        Report 'uncertain' where the largest probability is below this threshold.
    target_coverage : float, optional
        Choose that threshold so that about this fraction of the samples is accepted.
    learning_curve_points : int, optional
        Number of training sizes of a learning curve over subjects; each needs a fit per fold.
    train_landmarker : bool, default False
        Train a landmarker on the training samples too, so that the model takes raw images and videos.
    settings : mapping, optional
        Parameters by name, such as ``{"classifier__C": 10}``. A pipeline given as text is made with them; for an
        estimator they are those that were set already, for the report.
    command, command_options
        The command line and its options, for the report and ``scores.json``.
    watch : Stopwatch, optional
        Started before the data were read; by default it starts with the call.

    Returns
    -------
    Experiment
        With ``.scores``, ``.predictions``, ``.model``, ``.save(folder)`` and ``.report(path)``.

    Raises
    ------
    FerError
        See `evaluate`; and for rejection without probabilities, or `train_landmarker` without landmarks.

    Examples
    --------
    >>> from fer_features import run_experiment
    >>> experiment = run_experiment("landmarks_svm", "demo", cv=5)
    >>> experiment.model.classes_.shape
    (6,)
    """
    n_stages = 4 + bool(learning_curve_points) + train_landmarker
    watch = watch or Stopwatch()
    with progress_enabled(verbose), stages(n_stages):
        pipeline, table, chosen = _inputs(model, X, seed, settings or {})
        for column in required_columns(pipeline):
            table.column(column)
        if reject_below is not None or target_coverage is not None:
            check_rejection(pipeline)
        if train_landmarker:
            check_landmark_columns(table)
        watch.lap("read")
        stage("extracting features")
        precompute_features(pipeline, table)
        watch.lap("extract")
        stage("evaluating")
        result = evaluate_pipeline(
            pipeline,
            table,
            cv,
            n_repeats=n_repeats,
            n_jobs=n_jobs,
            seed=seed,
            name=name or (model if isinstance(model, str) else None),
            drop_duplicates=drop_duplicates,
        )
        watch.lap("evaluate")
        stage("fitting on all training samples")
        if result.model is None:
            fitted = fit_on_training_samples(pipeline, table, drop_duplicates)
            result = dataclasses.replace(result, model=fitted)
            watch.lap("fit")
        result = with_rejection(result, reject_below, target_coverage)
        scores = result.scores
        if learning_curve_points:
            stage("learning curve")
            curve = learning_curve_of(
                pipeline,
                table,
                result.predictions,
                learning_curve_points,
                drop_duplicates=drop_duplicates,
                seed=seed,
                n_jobs=n_jobs,
            )
            scores = scores.replace(learning_curve=curve)
            watch.lap("learning curve")
        if train_landmarker:
            stage("training the landmarker")
            info = attach_landmarker(result.model, table[training_mask(table)], seed)
            scores = scores.replace(landmarker=info.to_json())
            watch.lap("landmarker")
        stage("predicting the test split")
        test = predict_test_split(result.model, table)
        watch.lap("predict")
        watch.seconds["predict_per_sample"] = seconds_per_sample(result.model, table)
        scores = scores.replace(
            timing=watch.seconds,
            peak_memory_mb=peak_memory_mb(),
            seconds=watch.total,
            command=None if command_options is None else dict(command_options),
        )
    return Experiment(
        scores,
        result.predictions,
        result.model,
        X=table,
        pipeline=pipeline,
        settings=chosen,
        command=command,
        seed=seed,
        drop_duplicates=drop_duplicates,
        test=test,
    )


def finish_search(
    found: SearchResult,
    X: Samples,
    cv: Any,
    *,
    n_jobs: int = 1,
    seed: int = 0,
    name: str | None = None,
    reject_below: float | None = None,
    target_coverage: float | None = None,
    command: str = "",
    command_options: Mapping[str, Any] | None = None,
    watch: Stopwatch | None = None,
) -> Experiment:
    """Evaluate the best candidate of a search on the folds of the search, and fit it on all training samples.

    Parameters
    ----------
    found : SearchResult
    X : Samples
        The table that was searched on.
    cv, n_jobs, seed, name, reject_below, target_coverage, command, command_options, watch
        See `run_experiment`.

    Returns
    -------
    Experiment
    """
    watch = watch or Stopwatch()
    result = evaluate_pipeline(found.model, X[found.indices], cv, n_jobs=n_jobs, seed=seed, name=name)
    positions = found.indices[result.predictions["sample"]]
    result = dataclasses.replace(result, predictions=result.predictions.assign(sample=positions))
    result = with_rejection(result, reject_below, target_coverage)
    watch.lap("evaluate")
    model = fit_on_training_samples(found.model, X)
    watch.lap("fit")
    test = predict_test_split(model, X)
    watch.lap("predict")
    watch.seconds["predict_per_sample"] = seconds_per_sample(model, X)
    note = (
        f"the settings were chosen among {len(found.table)} candidates by these scores, which are therefore optimistic"
    )
    scores = result.scores.replace(
        notes=(*result.scores.notes, note),
        excluded=found.excluded,
        search=found.to_dict(),
        n_features_computed=0,  # it depends on how often the search was interrupted
        timing=watch.seconds,
        peak_memory_mb=peak_memory_mb(),
        seconds=watch.total,
        command=None if command_options is None else dict(command_options),
    )
    return Experiment(
        scores,
        result.predictions,
        model,
        X=X,
        pipeline=found.model,
        settings=found.best_params,
        command=command,
        seed=seed,
        test=test,
        search=found,
    )


def predict_test_split(model: Any, X: Samples) -> TestPredictions | None:
    """Predictions of the split 'test', if none of its samples has a label; else None."""
    test = np.flatnonzero(X["split"] == "test") if "split" in X else np.array([], int)
    label = np.asarray(X.label_codes)
    if not test.size or (label[test] >= 0).any():
        return None
    usable = can_extract(model, X[test])
    known, counts = np.unique(label[label >= 0], return_counts=True)
    codes = np.full(len(test), known[counts.argmax()])
    table = pd.DataFrame({"id": sample_ids(X)[test], "predicted": ""})
    if usable.any():
        predicted, values, kind = predict_with_scores(model, X[test[usable]])
        codes[usable] = X.info.codes_of(predicted)
        columns = [f"{kind}_{name}" for name in X.info.names_of(model.classes_)]
        table = table.join(pd.DataFrame(values, index=np.flatnonzero(usable), columns=columns))
        table.loc[usable, "predicted"] = X.info.names_of(predicted)
    return TestPredictions(table, codes, int((~usable).sum()))


def _inputs(
    model: str | BaseEstimator, X: str | Path | Samples, seed: int, settings: Mapping[str, Any]
) -> tuple[Any, Samples, dict[str, Any]]:
    """The pipeline, the table, and the parameters that were set by name."""
    if not isinstance(X, str | Path | Samples):
        raise FerError(f"X is {type(X).__name__}: give Samples (Samples.from_arrays makes them) or a path")
    pipeline = make_pipeline(model, seed, **settings) if isinstance(model, str) else model
    table = X if isinstance(X, Samples) else load_dataset(X)
    alignment = default_alignment(pipeline, table, settings) if isinstance(model, str) else {}
    return pipeline, table, {**settings, **alignment}
