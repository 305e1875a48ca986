"""Fit a pipeline on all training samples and predict an unlabelled test split, without an evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator

from ._progress import progress_enabled, stage, stages
from .evaluation.fit_predict import precompute_features
from .evaluation.profiling import Stopwatch
from .evaluation.rejection import check_rejection
from .faces.landmarker_training import attach_landmarker, check_landmark_columns
from .inputs import resolve_inputs
from .pipelines import check_columns, pipeline_name
from .recognition.face_in_crop import attach_face_in_crop
from .recognition.rest import attach_rest_thresholds
from .samples.splits import training_mask
from .samples.table import Samples
from .trained_model import TrainedModel, fit_on_training_samples, predict_test_split


def train_model(
    model: str | BaseEstimator,
    X: str | Path | Samples,
    *,
    seed: int = 0,
    name: str | None = None,
    drop_duplicates: bool = False,
    reject_below: float | None = None,
    train_landmarker: bool = False,
    settings: Mapping[str, Any] | None = None,
    watch: Stopwatch | None = None,
    verbose: bool = False,
) -> TrainedModel:
    """Fit a pipeline on all training samples and predict an unlabelled test split, without an evaluation.

    Parameters
    ----------
    model, X, seed, name, drop_duplicates, reject_below, train_landmarker, settings, watch, verbose
        See `run_experiment`.

    Returns
    -------
    TrainedModel

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples, make_pipeline
    >>> landmarks = np.random.default_rng(0).normal(50, 9, (24, 2, 68, 2))
    >>> X = Samples.from_arrays(
    ...     landmarks=landmarks, label=np.tile(["fear", "joy"], 12), subject=np.repeat(np.arange(6), 4)
    ... )
    >>> from fer_features.training import train_model
    >>> print(train_model("landmarks_lda", X))
    landmarks_lda on arrays: fitted on 24 samples, 6 subjects (arrays); not evaluated
    """
    watch = watch or Stopwatch()
    with progress_enabled(verbose), stages(3 + train_landmarker):
        pipeline, table, chosen = resolve_inputs(model, X, seed, settings or {})
        prepare(pipeline, table, reject_below, train_landmarker, watch)
        return train_and_predict(
            pipeline,
            table,
            name=name or (model if isinstance(model, str) else pipeline_name(pipeline)),
            seed=seed,
            drop_duplicates=drop_duplicates,
            reject_below=reject_below,
            train_landmarker=train_landmarker,
            settings=chosen,
            watch=watch,
        )


def prepare(
    pipeline: Any, table: Samples, reject_below: float | None, train_landmarker: bool, watch: Stopwatch
) -> None:
    """Check what the pipeline needs, and compute the features that are fitted on no other sample."""
    check_columns(pipeline, table)
    if reject_below is not None:
        check_rejection(pipeline)
    if train_landmarker:
        check_landmark_columns(table)
    watch.lap("read")
    stage("extracting features")
    precompute_features(pipeline, table)
    watch.lap("extract")


def train_and_predict(
    pipeline: Any,
    table: Samples,
    *,
    name: str,
    seed: int,
    drop_duplicates: bool,
    reject_below: float | None,
    train_landmarker: bool,
    settings: Mapping[str, Any],
    watch: Stopwatch,
    fitted: Any = None,
) -> TrainedModel:
    """Fit the pipeline, unless it is `fitted`, and predict the test split."""
    landmarker = None
    if fitted is None:
        stage("fitting on all training samples")
        fitted = fit_on_training_samples(pipeline, table, drop_duplicates)
        watch.lap("fit")
    else:
        attach_rest_thresholds(fitted, table[training_mask(table)])
        attach_face_in_crop(fitted, table[training_mask(table)])
    if train_landmarker:
        stage("training the landmarker")
        landmarker = attach_landmarker(fitted, table[training_mask(table)], seed)
        watch.lap("landmarker")
    stage("predicting the test split")
    test = predict_test_split(fitted, table)
    watch.lap("predict")
    return TrainedModel(fitted, table, name, settings, reject_below, landmarker, test)
