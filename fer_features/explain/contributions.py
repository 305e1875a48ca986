"""What a fitted linear or tree model leans on, class by class: by feature, and by place on the face.

Weights alone mislead: a model also weighs features that only cancel the noise of others, and Haufe et al. show that
such a weight may be large, and of either sign, where the feature knows nothing of the class. So a linear model is asked
for what its weights do on data. Its score is a sum over features, and the lead of a class, its mean score on its own
rows above that on all rows, is the same sum with each feature's mean difference in it:

    lead of class c = sum over features j of  w[c, j] * (mean of x[j] in class c - mean of x[j])

A feature that does not differ for the class adds nothing, whatever its weight, and one that the model does not weigh
adds nothing, however it differs. Each term is also the feature's SHAP value (Lundberg and Lee) in a linear model of
independent features, averaged over the class. Trees have no weights: of them it is the gain, the loss that splits by
the feature took away in training.

References
----------
S. Haufe et al., "On the interpretation of weight vectors of linear models in multivariate neuroimaging", NeuroImage
2014.
S. Lundberg, S.-I. Lee, "A unified approach to interpreting model predictions", NIPS 2017.
J. Friedman, "Greedy function approximation: a gradient boosting machine", Annals of Statistics 2001 (gain).
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
from ..evaluation.cross_validation import class_name
from ..exceptions import FerError
from ..extractors.features import extractors_of
from ..pipelines import describable, name_of, prepared
from ..samples.table import Samples
from ..vision.landmark_names import POINTS
from .locations import Places

#: Classifiers that say what they lean on, by their names in a pipeline.
LINEAR = {"linear": LinearSVM, "logreg": LogisticRegression, "lda": LinearDiscriminantAnalysis}
TREES = {"xgb": XGB, "hgb": HGB}


def leaning(model: BaseEstimator, X: Samples, feature: str) -> np.ndarray:
    """What each feature of an extractor adds to each class.

    Parameters
    ----------
    model : Pipeline
        Fitted, as `make_pipeline` makes it.
    X : Samples
        Labelled rows of every class that the model knows.
    feature : str
        Name of one of the pipeline's extractors.

    Returns
    -------
    ndarray, shape (classes, d), float64
        Of linear models the part of each feature in the lead of the class, which is below 0 where it speaks against
        it; of trees its gain. Rows are in the order of ``model.classes_``.

    Raises
    ------
    FerError
        For another kind of model, an extractor that it does not have, or classes that are not those of the data.
    """
    check_leaning(model, feature)
    return contributions(model, X)[:, columns_of(model, feature)]


def contributions(model: BaseEstimator, X: Samples) -> np.ndarray:
    """As `leaning`, of all features of the pipeline side by side, (classes, D) float64."""
    check_leaning(model)
    rows = rows_of(model, X)
    if not is_linear(model):
        return _gains(model)
    features, y = _features(model, X[rows]), np.asarray(X["label"])[rows]
    means = np.stack([features[y == code].mean(0, dtype=np.float64) for code in _classes(model)])
    return _weights(model) * (means - features.mean(0, dtype=np.float64))


def columns_of(model: BaseEstimator, feature: str) -> slice:
    """Where the features of an extractor stand among all of a fitted pipeline."""
    sizes = [len(mean) for mean in _step(model, "features").means_]
    number = [name for name, _ in extractors_of(model)].index(feature)
    return slice(sum(sizes[:number]), sum(sizes[: number + 1]))


def by_place(leans: np.ndarray, places: Places) -> np.ndarray:
    """Shares of places in what a model leans on.

    Parameters
    ----------
    leans : ndarray, shape (classes, d)
        As `leaning` gives it.
    places : Places
        Of the same d features, m places.

    Returns
    -------
    ndarray, shape (classes, m), float64
        What the features of a place add together; places that speak against the class are 0, and the others sum
        to 1, or to 0 where nothing speaks for the class.
    """
    summed = np.maximum(leans @ places.spread, 0)
    total = summed.sum(1, keepdims=True)
    return summed / np.where(total > 0, total, 1)


def directions(model: BaseEstimator, X: Samples, feature: str) -> np.ndarray | None:
    """How landmarks move when the score of a class rises.

    Parameters
    ----------
    model, X, feature
        As in `leaning`.

    Returns
    -------
    ndarray, shape (classes, 68, 2), float64, or None
        Displacement at the apex, in inter-ocular distances, that goes with a score of one standard deviation above
        its mean: the covariance of displacement and score by the score's deviation, which is the pattern of Haufe et
        al. for that score. None where the model is not linear or the features are no displacements.
    """
    check_leaning(model, feature)
    extractor, rows = dict(extractors_of(model))[feature], rows_of(model, X)
    found = [
        (i, match) for i, name in enumerate(extractor.get_feature_names_out()) if (match := DISPLACEMENT.match(name))
    ]
    if not is_linear(model) or not found:
        return None
    moved = extractor.transform(prepared(model, X[rows]))[:, [i for i, _ in found]].astype(np.float64)
    scores = (_features(model, X[rows]) @ _weights(model).T.astype(np.float32)).astype(np.float64)
    scores -= scores.mean(0)
    deviation = scores.std(0)
    pattern = scores.T @ (moved - moved.mean(0)) / len(scores) / np.where(deviation > 0, deviation, 1)[:, None]
    arrows = np.zeros((len(pattern), len(POINTS), 2))
    for k, (_, match) in enumerate(found):
        arrows[:, POINTS.index(match[1]), "xy".index(match[2])] = pattern[:, k]
    return arrows


#: A displacement at the apex; of a course it is the last.
DISPLACEMENT = re.compile(r"displacement\[(.+?), ([xy])(?:, time=1)?\]$")


def is_linear(model: BaseEstimator) -> bool:
    """Whether a pipeline ends in one of the `LINEAR` classifiers."""
    return isinstance(_last(model), tuple(LINEAR.values()))


def check_leaning(model: BaseEstimator, feature: str | None = None) -> None:
    """Refuse models that cannot be asked what they lean on, and features that they do not have.

    Raises
    ------
    FerError
        Which says what can be asked.
    """
    steps = getattr(model, "named_steps", {})
    if not {"features", "classifier"} <= set(steps) or not isinstance(
        _last(model), (*LINEAR.values(), *TREES.values())
    ):
        raise FerError(
            f"{name_of(model)} does not say which features it leans on: "
            f"a single pipeline that ends in {', '.join([*LINEAR, *TREES])} does"
        )
    between = _between(model)
    if (not is_linear(model) and between) or not all(isinstance(step, PCA) for step in between):
        kinds = ", ".join(type(step).__name__ for step in between)
        raise FerError(f"{name_of(model)} has {kinds} before its classifier: its features cannot be told apart")
    names = [name for name, _ in extractors_of(model)]
    if feature is not None and feature not in names:
        raise FerError(f"the model has no features '{feature}'; {name_of(model)} has {', '.join(names)}")


def rows_of(model: BaseEstimator, X: Samples) -> np.ndarray:
    """Positions of the labelled rows that a pipeline can describe, (n,) int.

    Raises
    ------
    FerError
        Where their classes are not those of the model.
    """
    labels = np.asarray(X["label"])
    rows = np.flatnonzero((labels >= 0) & describable(model, X))
    here, known = set(labels[rows].tolist()), set(_classes(model).tolist())
    for codes, words in ((known - here, "which the data lack"), (here - known, "which the model does not know")):
        if codes:
            owner = "the model has" if codes <= known else "the data have"
            listed = ", ".join(class_name(X, code) for code in sorted(codes))
            raise FerError(f"{owner} the class(es) {listed}, {words}: data with the model's classes are needed")
    return rows


def _features(model: BaseEstimator, X: Samples) -> np.ndarray:
    return _step(model, "features").transform(prepared(model, X))


def _weights(model: BaseEstimator) -> np.ndarray:
    """Weights of scaled features in the score of each class, (classes, D) float64."""
    weights = np.asarray(_last(model).coef_, np.float64)
    if len(weights) == 1:
        weights = np.concatenate([-weights, weights])
    # The class of the highest score is predicted: what all scores have in common says nothing.
    weights = weights - weights.mean(0)
    for step in reversed(_between(model)):
        if step.whiten:
            weights = weights / np.sqrt(step.explained_variance_)
        weights = weights @ step.components_
    return weights


def _gains(model: BaseEstimator) -> np.ndarray:
    """Gain of each feature in the trees of each class, (classes, D) float64."""
    last, n = _last(model), len(_classes(model))
    gains = np.zeros((n, sum(len(mean) for mean in _step(model, "features").means_)))
    for tree, features, gain in _xgb_splits(last) if isinstance(last, XGB) else _hgb_splits(last):
        # Trees of the classes take turns; of two classes there is one tree a turn, for one and against the other.
        gains[tree % n if n > 2 else slice(None)] += np.bincount(features, gain, gains.shape[1])
    return gains


def _xgb_splits(classifier: XGB) -> list[tuple[int, np.ndarray, np.ndarray]]:
    table = classifier.booster_.get_booster().trees_to_dataframe()
    table = table[table["Feature"] != "Leaf"]
    number = table["Feature"].str[1:].astype(int)
    trees = table["Tree"].to_numpy()
    return [(t, number[trees == t].to_numpy(), table["Gain"][trees == t].to_numpy()) for t in np.unique(trees)]


def _hgb_splits(classifier: HGB) -> list[tuple[int, np.ndarray, np.ndarray]]:
    # Scikit-learn keeps the trees to itself; a model is loaded only by the version that made it, and where these
    # names change, the tests tell.
    predictors = [predictor for turn in classifier._predictors for predictor in turn]
    splits = [(t, predictor.nodes[predictor.nodes["is_leaf"] == 0]) for t, predictor in enumerate(predictors)]
    return [(t, nodes["feature_idx"].astype(int), nodes["gain"].astype(float)) for t, nodes in splits]


def _between(model: BaseEstimator) -> list[Any]:
    names = [name for name, _ in model.steps]
    steps = [step for _, step in model.steps[names.index("features") + 1 : names.index("classifier")]]
    return [step for step in steps if step != "passthrough"]


def _step(model: BaseEstimator, name: str) -> Any:
    return model.named_steps[name]


def _last(model: BaseEstimator) -> Any:
    return _step(model, "classifier")


def _classes(model: BaseEstimator) -> np.ndarray:
    return np.asarray(_last(model).classes_)
