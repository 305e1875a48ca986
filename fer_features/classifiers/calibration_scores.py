"""Scores of held-out samples, by which a fitted pipeline is calibrated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import indexable

from ..samples.feature_blocks import stored_features
from .calibration_folds import Folds, out_of_fold_scores, take_samples
from .linear_svm import LinearSVM
from .svm import MAX_PRECOMPUTED_SAMPLES, SVM


def fit_with_scores(
    pipeline: Pipeline,
    fit: Callable[..., Any],
    unfitted: BaseEstimator,
    X: Any,
    y: np.ndarray,
    folds: Folds,
    params: Mapping[str, Any],
) -> np.ndarray:
    """Fit a pipeline, and compute scores of held-out samples by models that are fitted to the samples of each fold.

    Parameters
    ----------
    pipeline : Pipeline
    fit : callable
        Fits it, with the signature of ``fit``.
    unfitted : estimator
        The same, without calibration.
    X, y, folds, params
        See `out_of_fold_scores`.

    Returns
    -------
    ndarray of shape (m, k), float64
        See `out_of_fold_scores`.

    Notes
    -----
    Where the other steps of a pipeline are transformers of this package, which fit nothing but the mean and scale of
    features, only the classifier is fitted for each fold: features are those of the pipeline that is calibrated, as in
    the calibration of a kernel ridge classifier by leave-one-out scores. Mean and scale then include held-out samples.
    Otherwise the complete pipeline is fitted for each fold.

    `SVM` and `LinearSVM` compute their kernel matrix once for all of these fits.
    """
    name, classifier = pipeline.steps[-1]
    weight_name = f"{name}__sample_weight"
    has_other_params = bool(params) and (set(params) != {weight_name} or get_config()["enable_metadata_routing"])
    if has_other_params or not _only_scales(pipeline):
        fit(X, y, **params)
        return out_of_fold_scores(unfitted, X, y, folds, params)
    on_access = len(y) > MAX_PRECOMPUTED_SAMPLES or bool(stored_features(X))
    # Not subclasses, which can override `fit`.
    if type(classifier) in (SVM, LinearSVM) and not on_access:
        features = Pipeline(pipeline.steps[:-1], verbose=pipeline.verbose).fit_transform(X, y)
        return classifier.fit_with_scores(features, y, folds, params.get(weight_name))
    fit(X, y, **params)
    steps = pipeline[:-1]
    features = FeaturesOnAccess(steps, X, len(y)) if on_access else steps.transform(X)
    return out_of_fold_scores(Pipeline(unfitted.steps[-1:]), features, y, folds, params)


class FeaturesOnAccess:
    """Features of samples, computed for those that are selected.

    Parameters
    ----------
    steps : Pipeline
        Fitted transformers.
    X : Samples, array-like, DataFrame or sparse matrix
        n samples.
    n : int
    """

    def __init__(self, steps: Pipeline, X: Any, n: int):
        self.steps, self.X, self.shape = steps, indexable(X)[0], (n,)

    def __getitem__(self, indices: np.ndarray) -> Any:
        return self.steps.transform(take_samples(self.X, indices))


def _only_scales(pipeline: Pipeline) -> bool:
    """Whether the steps before the classifier declare that they fit nothing but the mean and scale of features."""
    if len(pipeline) < 2 or pipeline.memory is not None or getattr(pipeline, "augmentation", None):
        return False
    return all(getattr(step, "fits_only_scales", False) for _, step in pipeline.steps[:-1])
