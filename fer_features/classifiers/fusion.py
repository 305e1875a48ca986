"""Late fusion: pipelines that vote with calibrated probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import softmax
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.validation import check_is_fitted

from .calibrated import uncalibrated
from .calibration_folds import calibration_folds, class_scores, held_out_scores
from .temperature import TEMPERATURES, likeliest_factor


class LateFusion(ClassifierMixin, _BaseComposition):
    """Pipelines side by side, each with an equal vote: the mean of their calibrated probabilities.

    Parameters
    ----------
    members : list of (str, estimator)
        Classifiers of the same table, with ``decision_function`` or ``predict_proba``. They are calibrated here, one
        alone too, and not a second time by themselves where they are `CalibratedPipeline`.
    folds : int
        Held-out parts of the training rows that probabilities are calibrated on, grouped by subject where the table
        has the column 'subject'; otherwise people stand on both sides and probabilities come out too sure.
    seed : int
        Of the folds.

    Attributes
    ----------
    classes_ : ndarray, shape (k,)
    fitted_ : list of estimator
        The members, fitted to all training rows.
    factors_ : ndarray, shape (m,)
        What the scores of each member (`class_scores`) are multiplied by before the softmax.
    sharpness_ : float
        The power that the mean of the members' probabilities is raised to.

    Notes
    -----
    Calibration is temperature scaling (Guo et al., ICML 2017): one factor a member, found by the likelihood of
    held-out rows, so that no member's choice changes, only how sure it is. Averages of calibrated probabilities
    are too unsure wherever members differ in their mistakes; a last power mends that (Ranjan and Gneiting, JRSS B
    2010). Votes are equal instead of learnt: weights would favour what knows the collection best, and that is
    texture, which carries over to other collections worst (Kittler et al., PAMI 1998, on the rule of the sum).
    """

    def __init__(self, members: list[tuple[str, Any]], folds: int = 5, seed: int = 0):
        self.members = members
        self.folds = folds
        self.seed = seed

    def fit(self, X: Any, y: Any) -> LateFusion:
        """Fit the members, and their calibration on held-out rows.

        Parameters
        ----------
        X : Samples, or array that every member takes
        y : array-like, shape (n,)
        """
        y = np.asarray(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        folds = calibration_folds(X, codes, self.folds, self.seed)
        models = [uncalibrated(model) for _, model in self.members]
        held_out = [held_out_scores(model, X, y, folds) for model in models]
        truth = codes[np.concatenate([test for _, test in folds])] if folds else codes[:0]
        self.factors_ = np.array([likeliest_factor(scores, truth, TEMPERATURES) for scores in held_out])
        self.sharpness_ = likeliest_factor(self._pool(held_out), truth, TEMPERATURES)
        self.fitted_ = [model.fit(X, y) for model in models]
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each class, (n, k) float64, in the order of `classes_`."""
        check_is_fitted(self)
        return softmax(self.sharpness_ * self._pool([class_scores(model, X) for model in self.fitted_]), 1)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row, (n,)."""
        return self.classes_[self.predict_proba(X).argmax(1)]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters, with those of the members under their names."""
        return self._get_params("members", deep=deep)

    def set_params(self, **params: Any) -> LateFusion:
        """Set parameters, such as ``hog_svm__classifier__C``."""
        return self._set_params("members", **params)

    def _pool(self, scores: list[np.ndarray]) -> np.ndarray:
        probabilities = [softmax(f * s, 1) for f, s in zip(self.factors_, scores, strict=True)]
        return np.log(np.maximum(np.mean(probabilities, 0), 1e-12))
