"""Evaluate, refit, save and report: what ``fer-features run`` does, as functions."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator

from .._progress import progress_enabled, stage, stages
from ..evaluation.cross_validation import evaluate_pipeline, plan_evaluation
from ..evaluation.learning_curve import learning_curve_of
from ..evaluation.profiling import Stopwatch, peak_memory_mb, seconds_per_sample
from ..evaluation.protocol import check_protocol_name
from ..evaluation.rejection import check_rejection, with_rejection
from ..experiment import Experiment
from ..inputs import resolve_inputs
from ..pipelines import pipeline_name
from ..recognition.rest import attach_rest_thresholds
from ..samples.splits import training_mask
from ..samples.table import Samples
from ..trained_model import TrainedModel
from ..training import prepare, train_and_predict


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
    cv : {'loso', '5fold', '10fold', '<k>fold', 'holdout', 'predefined'}, int, scikit-learn splitter or None
        'predefined' trains on the split 'train' and evaluates the others, and is the default where those have labels;
        ``scores.metrics`` are those of the split 'test' if it is among them, and ``scores.splits`` holds all.
        Otherwise the default is 'holdout' from 5,000 samples on, one stratified hold-out of a fifth, grouped by
        subject; else leave-one-subject-out up to 30 subjects and 10-fold above. An integer k is '<k>fold': stratified,
        grouped by subject. A splitter gets ``X.groups`` as groups. Folds are made of the
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
    >>> import numpy as np
    >>> from fer_features import Samples, evaluate
    >>> landmarks = np.random.default_rng(0).normal(50, 9, (24, 2, 68, 2))
    >>> X = Samples.from_arrays(
    ...     landmarks=landmarks, label=np.tile(["fear", "joy"], 12), subject=np.repeat(np.arange(6), 4)
    ... )
    >>> result = evaluate("landmarks_lda", X, cv=2)
    >>> result.scores.protocol
    'stratified 2-fold grouped by subject, seed 0'
    >>> result.to_frame().columns.tolist()
    ['precision', 'recall', 'f1', 'n_samples']
    """
    check_protocol_name(cv, n_repeats)
    with progress_enabled(verbose):
        pipeline, table, settings = resolve_inputs(model, X, seed)
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
    if result.model is not None:
        attach_rest_thresholds(result.model, table[training_mask(table)])
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
    learning_curve: int | None = None,
    train_landmarker: bool = False,
    settings: Mapping[str, Any] | None = None,
    command: str = "",
    command_options: Mapping[str, Any] | None = None,
    watch: Stopwatch | None = None,
    on_trained: Callable[[TrainedModel], None] | None = None,
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
    learning_curve : int, optional
        Number of training sizes of a learning curve over subjects; each needs a fit per fold.
    train_landmarker : bool, default False
        Train a landmarker on the training samples too, so that the model takes raw images and videos.
    settings : mapping, optional
        Parameters by name, such as ``{"classifier__C": 10}``. A pipeline given as text is made with them; for an
        estimator they are those that were set already, for the report.
    command : str, default=''
        The command line, for the report and ``scores.json``.
    command_options : mapping, optional
        Its options.
    watch : Stopwatch, optional
        Started before the data were read; by default it starts with the call.
    on_trained : callable, optional
        Called with the model and its predictions of the test split before folds are evaluated, which can take long.

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
    >>> import numpy as np
    >>> from fer_features import Samples, make_pipeline, run_experiment
    >>> landmarks = np.random.default_rng(0).normal(50, 9, (24, 2, 68, 2))
    >>> X = Samples.from_arrays(
    ...     landmarks=landmarks, label=np.tile(["fear", "joy"], 12), subject=np.repeat(np.arange(6), 4)
    ... )
    >>> experiment = run_experiment(make_pipeline("landmarks_lda", calibration_cv=0), X, cv="2fold")
    >>> experiment.scores.metrics.n_subjects, experiment.model.predict(X[:2]).shape
    (6, (2,))
    """
    n_stages = 4 + bool(learning_curve) + train_landmarker
    watch = watch or Stopwatch()
    check_protocol_name(cv, n_repeats)
    with progress_enabled(verbose), stages(n_stages):
        pipeline, table, chosen = resolve_inputs(model, X, seed, settings or {})
        name = name or (model if isinstance(model, str) else pipeline_name(pipeline))
        if target_coverage is not None:
            check_rejection(pipeline)
        train = functools.partial(
            train_and_predict,
            pipeline,
            table,
            name=name,
            seed=seed,
            drop_duplicates=drop_duplicates,
            reject_below=reject_below,
            train_landmarker=train_landmarker,
            settings=chosen,
            watch=watch,
        )
        prepare(pipeline, table, reject_below, train_landmarker, watch)
        is_predefined = bool(plan_evaluation(pipeline, table, cv, n_repeats, seed).protocol.splits)
        # The evaluation can take long: the model and the predictions of the test split are available before it.
        trained = None if is_predefined else train()
        if trained is not None and on_trained is not None:
            on_trained(trained)
        stage("evaluating")
        result = evaluate_pipeline(
            pipeline,
            table,
            cv,
            n_repeats=n_repeats,
            n_jobs=n_jobs,
            seed=seed,
            name=name,
            drop_duplicates=drop_duplicates,
        )
        watch.lap("evaluate")
        result = with_rejection(result, reject_below, target_coverage)
        if trained is None:
            trained = train(fitted=result.model)
        scores = result.scores
        if learning_curve:
            stage("learning curve")
            curve = learning_curve_of(
                pipeline,
                table,
                result.predictions,
                learning_curve,
                drop_duplicates=drop_duplicates,
                seed=seed,
                n_jobs=n_jobs,
            )
            scores = scores.replace(learning_curve=curve)
            watch.lap("learning_curve")
        watch.record("predict_per_sample", seconds_per_sample(trained.model, table))
        scores = scores.replace(
            landmarker=trained.landmarker,
            timing=watch.timing,
            peak_memory_mb=peak_memory_mb(),
            seconds=watch.total,
            command=None if command_options is None else dict(command_options),
        )
    return Experiment(
        scores,
        result.predictions,
        trained.model,
        X=table,
        pipeline=pipeline,
        settings=chosen,
        command=command,
        seed=seed,
        drop_duplicates=drop_duplicates,
        test=trained.test,
    )
