"""Classifiers by name, each with a default for small data and a grid. Adding one is a line here."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression

from .calibrated import CalibratedPipeline, uncalibrated
from .fusion import LateFusion
from .hgb import HGB
from .kernel_ridge.estimator import KRR
from .linear import LinearSVM
from .svm import SVM
from .xgb import XGB


@dataclasses.dataclass(frozen=True)
class Classifier:
    """How a name becomes the last steps of a pipeline.

    Attributes
    ----------
    steps : callable
        From a seed to a list of (name, estimator); the last is called 'classifier'.
    grid : dict
        Parameters worth searching, by their names in the pipeline.
    about, cites : str
        For `--list`.
    calibration : int
        Held-out parts that its probabilities are calibrated on, each of which costs a fit.
    """

    steps: Callable[[int], list[tuple[str, Any]]]
    grid: dict[str, list[Any]]
    about: str
    cites: str
    calibration: int = 5


#: Histogram boosting for some hundred rows of some thousand features: coarse bins, few features a split.
SMALL_DATA = {
    "max_iter": 100,
    "learning_rate": 0.15,
    "max_leaf_nodes": 6,
    "min_samples_leaf": 8,
    "max_features": 0.05,
    "max_bins": 32,
}

CLASSIFIERS: dict[str, Classifier] = {
    "svm": Classifier(
        lambda seed: [("classifier", SVM(C=10, gamma=0.5, random_state=seed))],
        # Features come with a total variance of 1: gamma is in its units, the same for one block as for several.
        {"classifier__C": [1, 3, 10, 30], "classifier__gamma": [0.1, 0.3, 1.0]},
        "support vector machine, RBF kernel",
        "Cortes and Vapnik, Machine Learning 1995",
    ),
    "linear": Classifier(
        lambda seed: [("classifier", LinearSVM(C=1.0, random_state=seed))],
        {"classifier__C": [0.1, 0.3, 1, 3, 10]},
        "linear support vector machine, one against the rest",
        "Fan et al., LIBLINEAR, JMLR 2008",
    ),
    "krr": Classifier(
        lambda seed: [("classifier", KRR(random_state=seed))],
        {"classifier__ridge": [0.03, 0.1, 0.3], "classifier__gamma": [0.5, 1, 2]},
        "kernel ridge, RBF, one against the rest, with left-out errors in closed form",
        "Saunders et al., ICML 1998; mirror: Haasdonk and Burkhardt, Machine Learning 2007",
    ),
    "logreg": Classifier(
        lambda seed: [("classifier", LogisticRegression(C=30, max_iter=2000, random_state=seed))],
        {"classifier__C": [3, 10, 30, 100]},
        "multinomial logistic regression",
        "Cox, JRSS B 1958",
    ),
    "lda": Classifier(
        # In the span of the training rows nothing is lost, and the covariance is n x n instead of d x d.
        lambda seed: [
            ("reduce", PCA(0.99, random_state=seed)),
            ("classifier", LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3)),
        ],
        {"classifier__shrinkage": [0.1, 0.3, 0.6, 0.9]},
        "linear discriminant analysis with shrinkage, after PCA",
        "Fisher 1936; Friedman, JASA 1989 (shrinkage)",
    ),
    "xgb": Classifier(
        lambda seed: [("classifier", XGB(random_state=seed))],
        {"classifier__max_depth": [2, 3, 5], "classifier__learning_rate": [0.05, 0.1, 0.2]},
        "gradient boosting, XGBoost",
        "Chen and Guestrin, KDD 2016",
        calibration=3,
    ),
    "hgb": Classifier(
        lambda seed: [("classifier", HGB(**SMALL_DATA, random_state=seed))],
        {"classifier__max_leaf_nodes": [4, 6, 12], "classifier__learning_rate": [0.05, 0.1, 0.2]},
        "gradient boosting on histograms, scikit-learn",
        "Friedman, Annals of Statistics 2001; Ke et al., LightGBM, NeurIPS 2017",
        calibration=3,
    ),
}

__all__ = [
    "CLASSIFIERS",
    "HGB",
    "KRR",
    "SVM",
    "XGB",
    "CalibratedPipeline",
    "Classifier",
    "LateFusion",
    "LinearSVM",
    "uncalibrated",
]
