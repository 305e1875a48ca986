"""Classifiers by name, each with defaults for small data and a grid for searches."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression

from ..exceptions import FerError
from .block_linear import BlockRidge, BlockSGD
from .block_nystroem import BlockNystroem
from .hgb import HGB
from .kernel_ridge.classifier import KernelRidgeClassifier
from .linear_svm import LinearSVM
from .svm import SVM
from .xgb import XGB


@dataclasses.dataclass(frozen=True)
class ClassifierSpec:
    """A classifier that pipeline specifications can name.

    Attributes
    ----------
    steps : callable
        Returns the last steps of a pipeline, a list of (name, estimator), for a random state. The name of the last one
        is 'classifier'.
    grid : dict
        Values worth searching, by the name of the parameter in the pipeline.
    description, reference : str
        For listings.
    calibration_cv : int, default=5
        Number of folds that calibrate its probabilities. Each costs a fit.

    Examples
    --------
    >>> from fer_features.classifiers import CLASSIFIERS
    >>> spec = CLASSIFIERS["svm"]
    >>> spec.steps(0)
    [('classifier', SVM(random_state=0))]
    >>> spec.grid["classifier__gamma"]
    [0.1, 0.3, 1.0]
    """

    steps: Callable[[int], list[tuple[str, Any]]]
    grid: dict[str, list[Any]]
    description: str
    reference: str
    calibration_cv: int = 5


#: Parameters of histogram boosting for hundreds of samples with thousands of features: coarse bins, and few features
#: per split.
HGB_SMALL_DATA_PARAMS: dict[str, Any] = {
    "max_iter": 100,
    "learning_rate": 0.15,
    "max_leaf_nodes": 6,
    "min_samples_leaf": 8,
    "max_features": 0.05,
    "max_bins": 32,
}

CLASSIFIERS: dict[str, ClassifierSpec] = {
    "svm": ClassifierSpec(
        lambda random_state: [("classifier", SVM(C=10, gamma=0.5, random_state=random_state))],
        # The total variance of the features is 1, so that gamma suits one block of features as well as several.
        {"classifier__C": [1, 3, 10, 30], "classifier__gamma": [0.1, 0.3, 1.0]},
        "support vector machine, RBF kernel",
        "Cortes and Vapnik, Machine Learning 1995",
    ),
    "linear": ClassifierSpec(
        lambda random_state: [("classifier", LinearSVM(C=1.0, random_state=random_state))],
        {"classifier__C": [0.1, 0.3, 1, 3, 10]},
        "linear support vector machine, one versus rest",
        "Fan et al., LIBLINEAR, JMLR 2008",
    ),
    "krr": ClassifierSpec(
        lambda random_state: [("classifier", KernelRidgeClassifier(random_state=random_state))],
        {"classifier__alpha": [0.03, 0.1, 0.3], "classifier__gamma": [0.5, 1, 2]},
        "kernel ridge classifier, RBF kernel, one versus rest, leave-one-out errors in closed form",
        "Saunders et al., ICML 1998; mirror invariance: Haasdonk and Burkhardt, Machine Learning 2007",
    ),
    "ridge": ClassifierSpec(
        lambda random_state: [("classifier", BlockRidge())],
        {"classifier__alpha": [1e-5, 1e-4, 1e-3]},
        "linear least squares, one versus rest; trained block by block",
        "Hoerl and Kennard, Technometrics 1970",
    ),
    "sgd": ClassifierSpec(
        lambda random_state: [("classifier", BlockSGD(random_state=random_state))],
        {"classifier__alpha": [1e-6, 1e-5, 1e-4]},
        "logistic regression by stochastic gradient descent; trained block by block",
        "Bottou, COMPSTAT 2010",
    ),
    "nystroem": ClassifierSpec(
        lambda random_state: [("classifier", BlockNystroem(random_state=random_state))],
        {"classifier__alpha": [0.03, 0.1, 0.3], "classifier__gamma": [0.5, 1, 2]},
        "kernel ridge classifier with inducing samples, RBF kernel; trained block by block",
        "Williams and Seeger, NIPS 2000",
    ),
    "logreg": ClassifierSpec(
        lambda random_state: [("classifier", LogisticRegression(C=30, max_iter=2000, random_state=random_state))],
        {"classifier__C": [3, 10, 30, 100]},
        "multinomial logistic regression",
        "Cox, JRSS B 1958",
    ),
    "lda": ClassifierSpec(
        # The projection on the span of the training samples loses nothing, and the covariance is n x n, not d x d.
        lambda random_state: [
            ("reduce", PCA(0.99, random_state=random_state)),
            ("classifier", LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3)),
        ],
        {"classifier__shrinkage": [0.1, 0.3, 0.6, 0.9]},
        "linear discriminant analysis with shrinkage, after PCA",
        "Fisher 1936; Friedman, JASA 1989 (shrinkage)",
    ),
    "xgb": ClassifierSpec(
        lambda random_state: [("classifier", XGB(random_state=random_state))],
        {"classifier__max_depth": [2, 3, 5], "classifier__learning_rate": [0.05, 0.1, 0.2]},
        "gradient boosting, XGBoost",
        "Chen and Guestrin, KDD 2016",
        calibration_cv=3,
    ),
    "hgb": ClassifierSpec(
        lambda random_state: [("classifier", HGB(**HGB_SMALL_DATA_PARAMS, random_state=random_state))],
        {"classifier__max_leaf_nodes": [4, 6, 12], "classifier__learning_rate": [0.05, 0.1, 0.2]},
        "histogram-based gradient boosting, scikit-learn",
        "Friedman, Annals of Statistics 2001; Ke et al., LightGBM, NeurIPS 2017",
        calibration_cv=3,
    ),
}


def register_classifier(
    name: str,
    estimator_or_factory: BaseEstimator | Callable[[], BaseEstimator],
    grid: Mapping[str, Iterable[Any]] | None = None,
    description: str = "",
    reference: str = "",
    calibration_cv: int = 5,
) -> ClassifierSpec:
    """Add a classifier to those that pipeline specifications can name.

    Parameters
    ----------
    name : str
        Last word of a pipeline specification, such as ``knn`` in ``hog_knn``: letters, digits and hyphens.
    estimator_or_factory : estimator, class or callable
        A classifier of scikit-learn's interface, which is cloned; or its class or another callable, which is called
        without arguments for every pipeline. Every parameter ``random_state`` of it is set to the random state of the
        pipeline.
    grid : mapping of str to iterable, optional
        Values worth searching, by the name of the parameter, with or without the prefix ``classifier__``.
    description : str, default=''
        For listings. Empty: the first line of the docstring.
    reference : str, default=''
        For listings.
    calibration_cv : int, default=5
        Number of folds that calibrate its probabilities. 0: no calibration.

    Returns
    -------
    ClassifierSpec
        The new entry of `CLASSIFIERS`.

    Raises
    ------
    FerError
        For a name that is taken or has another character, for an object that is not a classifier, or for a parameter
        in `grid` that it does not have.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from fer_features import make_pipeline
    >>> from fer_features.classifiers import CLASSIFIERS, register_classifier
    >>> spec = register_classifier("knn", KNeighborsClassifier(weights="distance"), {"n_neighbors": [3, 5, 9]})
    >>> make_pipeline("hog_knn", classifier__n_neighbors=3).named_steps["classifier"]
    KNeighborsClassifier(n_neighbors=3, weights='distance')
    >>> spec.grid
    {'classifier__n_neighbors': [3, 5, 9]}
    >>> del CLASSIFIERS["knn"]
    """
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9-]+", name):
        raise FerError(f"the classifier name {name!r} must consist of letters, digits and hyphens, without '_' and '+'")
    if name in CLASSIFIERS:
        raise FerError(f"the classifier name '{name}' is already taken: choose another one")
    given: Any = estimator_or_factory
    make = given if isinstance(given, type) or not hasattr(given, "fit") else functools.partial(clone, given)

    def steps(random_state: int) -> list[tuple[str, Any]]:
        estimator = make()
        seeded = [key for key in estimator.get_params() if key.rpartition("__")[2] == "random_state"]
        return [("classifier", estimator.set_params(**dict.fromkeys(seeded, random_state)))]

    estimator = make() if callable(make) else make
    if not (hasattr(estimator, "get_params") and is_classifier(estimator)):
        raise FerError(f"the classifier '{name}' does not have the interface of a scikit-learn classifier: {given!r}")
    values = {f"classifier__{key.removeprefix('classifier__')}": list(v) for key, v in (grid or {}).items()}
    for key in values:
        if key.removeprefix("classifier__") not in estimator.get_params():
            raise FerError(f"grid of the classifier '{name}': {type(estimator).__name__} has no parameter '{key}'")
    if not description:
        description = (type(estimator).__doc__ or type(estimator).__name__).strip().splitlines()[0].rstrip(".")
    CLASSIFIERS[name] = ClassifierSpec(steps, values, description, reference, calibration_cv)
    return CLASSIFIERS[name]
