"""Feature contributions of a fitted linear or tree model, by class, feature and location on the face.

Weights alone are misleading: a linear model also weights features that only cancel the noise of other features. These
weights can be large, and of either sign, although the features are unrelated to the class (Haufe et al. 2014).
Therefore the contribution of a feature to a linear model is its weight times its mean difference. The score of a class
is a sum over features. So is its lead, the mean score of the samples of the class minus the mean score of all samples:

    lead of class c = sum over features j of  w[c, j] * (mean of x[j] in class c - mean of x[j])

A feature without a mean difference contributes nothing, whatever its weight. Each term is also the SHAP value of the
feature in a linear model with independent features (Lundberg and Lee 2017), averaged over the class. The contribution
of a feature to a tree model is its gain: the decrease of the training loss by its splits.

References
----------
S. Haufe et al., "On the interpretation of weight vectors of linear models in multivariate neuroimaging", NeuroImage
87, 2014, doi:10.1016/j.neuroimage.2013.10.067.
S. Lundberg, S.-I. Lee, "A unified approach to interpreting model predictions", NIPS 2017.
J. Friedman, "Greedy function approximation: a gradient boosting machine", Annals of Statistics 29, 2001,
doi:10.1214/aos/1013203451.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression

from ..classifiers import HGB, XGB, LinearSVM
from ..exceptions import FerError
from ..extractors.features import named_extractors
from ..pipelines import can_extract, pipeline_name, transformed
from ..samples.data_info import class_name
from ..samples.table import Samples
from ..vision.landmark_names import LANDMARK_NAMES
from .locations import FeatureLocations

#: Supported classifiers, by their names in a pipeline specification.
LINEAR_CLASSIFIERS = {"linear": LinearSVM, "logreg": LogisticRegression, "lda": LinearDiscriminantAnalysis}
TREE_CLASSIFIERS = {"xgb": XGB, "hgb": HGB}

#: Name of a displacement feature at the apex; of a trajectory that of the last frame.
DISPLACEMENT_NAME = re.compile(r"displacement\[(.+?), ([xy])(?:, time=1)?\]$")


def feature_contributions(model: BaseEstimator, X: Samples, feature: str | None = None) -> np.ndarray:
    """Contribution of each feature to each class.

    Parameters
    ----------
    model : Pipeline
        Fitted, as made by `make_pipeline`.
    X : Samples
        Labelled samples of every class of the model.
    feature : str, optional
        Name of one of the extractors; by default all features of the pipeline.

    Returns
    -------
    ndarray, shape (n_classes, d), float64
        For linear models the part of each feature in the lead of the class, negative if it is evidence against the
        class; for tree models its gain. Rows are in the order of `class_codes`, columns in that of the features.

    Raises
    ------
    FerError
        For another kind of model, an extractor that it does not have, or other classes than those of the data.

    References
    ----------
    S. Lundberg, S.-I. Lee, "A unified approach to interpreting model predictions", NIPS 2017,
    https://papers.nips.cc/paper/7062-a-unified-approach-to-interpreting-model-predictions (linear models).
    J. Friedman, "Greedy function approximation: a gradient boosting machine", Annals of Statistics 29, 2001,
    doi:10.1214/aos/1013203451 (tree models).

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples, make_pipeline
    >>> from fer_features.explain import feature_contributions
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> clips = np.random.default_rng(0).normal(60 * MEAN_FACE + 100, 0.3, (24, 2, 68, 2))
    >>> clips[12:, 1, 8, 1] += 9  # where the class is surprise, the chin moves down
    >>> X = Samples.from_arrays(landmarks=clips, label=["anger"] * 12 + ["surprise"] * 12)
    >>> model = make_pipeline("landmarks_linear", calibration_cv=0).fit(X, X["label"])
    >>> contributions = feature_contributions(model, X)
    >>> contributions.shape
    (2, 192)
    >>> model.named_steps["features"].get_feature_names_out()[contributions[1].argmax()]
    'landmarks__displacement[jaw 9, y]'
    """
    check_contributions(model, feature)
    indices = samples_of_model_classes(model, X)
    if is_linear(model):
        features, y = _features(model, X[indices]), X.label_codes[indices]
        means = np.stack([features[y == code].mean(0, dtype=np.float64) for code in class_codes(model, X)])
        found = _weights(model) * (means - features.mean(0, dtype=np.float64))
    else:
        found = _gains(model)
    return found if feature is None else found[:, feature_columns(model, feature)]


def class_codes(model: Any, X: Samples) -> np.ndarray:
    """Label codes of the classes of the classifier, in its order.

    Parameters
    ----------
    model : Pipeline
        Fitted.
    X : Samples
        Its label codes are returned.

    Returns
    -------
    ndarray of int, shape (n_classes,)
        Increasing for pipelines made by `make_pipeline`, while ``model.classes_`` are sorted by name.

    Raises
    ------
    FerError
        For a class name that the data lack.
    """
    classes, coding = np.asarray(_classifier(model).classes_), getattr(model, "class_coding_", None)
    if coding is not None:
        classes = coding.decode(classes)
    if classes.dtype.kind in "UO" and (missing := sorted(set(classes.tolist()) - set(X.info.classes))):
        raise _mismatch("the model has", missing, "the data lack")
    return X.info.codes_of(classes)


def feature_columns(model: BaseEstimator, feature: str) -> slice:
    """Columns of the features of an extractor among all features of a fitted pipeline."""
    sizes = [len(mean) for mean in model.named_steps["features"].means_]
    number = [name for name, _ in named_extractors(model)].index(feature)
    return slice(sum(sizes[:number]), sum(sizes[: number + 1]))


def contributions_by_location(contributions: np.ndarray, locations: FeatureLocations) -> np.ndarray:
    """Fraction of each location in the contributions to each class.

    Parameters
    ----------
    contributions : ndarray, shape (n_classes, d)
        As returned by `feature_contributions`.
    locations : FeatureLocations
        Of the same d features, with m locations.

    Returns
    -------
    ndarray, shape (n_classes, m), float64
        Sums over the features of a location. Negative sums are set to 0 and the others sum to 1, or to 0 where no
        location has a positive sum.
    """
    summed = np.maximum(contributions @ locations.weights, 0)
    total = summed.sum(1, keepdims=True)
    return summed / np.where(total > 0, total, 1)


def displacement_patterns(model: BaseEstimator, X: Samples, feature: str) -> np.ndarray | None:
    """Landmark displacements that go with a high score of each class.

    Parameters
    ----------
    model, X, feature
        See `feature_contributions`.

    Returns
    -------
    ndarray, shape (n_classes, 68, 2), float64, or None
        Displacement at the apex, in interocular distances, at a score one SD above its mean: the covariance of
        displacement and score divided by the SD of the score, which is the activation pattern of Haufe et al. (2014).
        None where the model is not linear or the features are not displacements. Rows are in the order of
        `class_codes`.
    """
    check_contributions(model, feature)
    extractor, indices = dict(named_extractors(model))[feature], samples_of_model_classes(model, X)
    names = extractor.get_feature_names_out()
    found = [(i, match) for i, name in enumerate(names) if (match := DISPLACEMENT_NAME.match(name))]
    if not is_linear(model) or not found:
        return None
    table = transformed(model, X[indices])
    displacement = extractor.feature_array(table)[:, [i for i, _ in found]].astype(np.float64)
    scores = (_features(model, X[indices]) @ _weights(model).T.astype(np.float32)).astype(np.float64)
    scores -= scores.mean(0)
    sd = scores.std(0)
    covariance = scores.T @ (displacement - displacement.mean(0)) / len(scores)
    pattern = covariance / np.where(sd > 0, sd, 1)[:, None]
    arrows = np.zeros((len(pattern), len(LANDMARK_NAMES), 2))
    for k, (_, match) in enumerate(found):
        arrows[:, LANDMARK_NAMES.index(match[1]), "xy".index(match[2])] = pattern[:, k]
    return arrows


def is_linear(model: BaseEstimator) -> bool:
    """Whether a pipeline ends in one of the `LINEAR_CLASSIFIERS`."""
    return isinstance(_classifier(model), tuple(LINEAR_CLASSIFIERS.values()))


def has_contributions(model: BaseEstimator) -> bool:
    """Whether `feature_contributions` supports a model."""
    try:
        check_contributions(model)
    except FerError:
        return False
    return True


def check_contributions(model: BaseEstimator, feature: str | None = None) -> None:
    """Refuse models without feature contributions, and features that a model does not have.

    Raises
    ------
    FerError
    """
    supported = (*LINEAR_CLASSIFIERS.values(), *TREE_CLASSIFIERS.values())
    steps = getattr(model, "named_steps", {})
    if not {"features", "classifier"} <= set(steps) or not isinstance(_classifier(model), supported):
        names = ", ".join([*LINEAR_CLASSIFIERS, *TREE_CLASSIFIERS])
        raise FerError(
            f"{pipeline_name(model)} has no feature contributions: use a single pipeline that ends in {names}"
        )
    between = _between(model)
    if (not is_linear(model) and between) or not all(isinstance(step, PCA) for step in between):
        kinds = ", ".join(type(step).__name__ for step in between)
        raise FerError(
            f"{pipeline_name(model)} has {kinds} before its classifier: contributions of single features are unknown"
        )
    if getattr(steps["features"], "projections_", {}):
        raise FerError(
            f"{pipeline_name(model)} was trained on principal components of features: contributions of single features "
            "are unknown"
        )
    names_of_model = [name for name, _ in named_extractors(model)]
    if feature is not None and feature not in names_of_model:
        raise FerError(f"the model has no features '{feature}': {pipeline_name(model)} has {', '.join(names_of_model)}")


def samples_of_model_classes(model: BaseEstimator, X: Samples) -> np.ndarray:
    """Indices of the labelled samples from which a pipeline can extract features, (n,) int.

    Raises
    ------
    FerError
        Where their classes are not those of the model.
    """
    indices = np.flatnonzero((X.label_codes >= 0) & can_extract(model, X))
    in_data, in_model = set(X.label_codes[indices].tolist()), set(class_codes(model, X).tolist())
    for missing, owner, other in (
        (in_model - in_data, "the model has", "the data lack"),
        (in_data - in_model, "the data have", "the model lacks"),
    ):
        if missing:
            raise _mismatch(owner, [class_name(X.info, code) for code in sorted(missing)], other)
    return indices


def _mismatch(owner: str, names: list[str], other: str) -> FerError:
    return FerError(f"{owner} the class(es) {', '.join(names)}, which {other}: use data with the classes of the model")


def _features(model: Any, X: Samples) -> np.ndarray:
    return model.named_steps["features"].transform(transformed(model, X))


def _weights(model: BaseEstimator) -> np.ndarray:
    """Weights of scaled features in the score of each class, (n_classes, D) float64."""
    weights = np.asarray(_classifier(model).coef_, np.float64)
    if len(weights) == 1:
        weights = np.concatenate([-weights, weights])
    # The class with the highest score is predicted, so that a term that is common to all scores has no effect.
    weights = weights - weights.mean(0)
    for step in reversed(_between(model)):
        if step.whiten:
            weights = weights / np.sqrt(step.explained_variance_)
        weights = weights @ step.components_
    return weights


def _gains(model: Any) -> np.ndarray:
    """Gain of each feature in the trees of each class, (n_classes, D) float64."""
    last, n = _classifier(model), len(_classifier(model).classes_)
    gains = np.zeros((n, sum(len(mean) for mean in model.named_steps["features"].means_)))
    for tree, features, gain in last.tree_splits():
        # Trees of the classes alternate; two classes share one tree per iteration.
        gains[tree % n if n > 2 else slice(None)] += np.bincount(features, gain, gains.shape[1])
    return gains


def _between(model: Any) -> list[Any]:
    """Steps between the features and the classifier."""
    names = [name for name, _ in model.steps]
    steps = [step for _, step in model.steps[names.index("features") + 1 : names.index("classifier")]]
    return [step for step in steps if step != "passthrough"]


def _classifier(model: Any) -> Any:
    return model.named_steps["classifier"]
