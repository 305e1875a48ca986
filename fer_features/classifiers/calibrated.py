"""A pipeline whose classifier says how sure it is, and may be believed."""

from __future__ import annotations

from inspect import signature
from typing import Any

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import available_if

from ..samples.augmentation import augmented
from .calibration_folds import calibration_folds, class_scores, held_out_scores, knows_people, log_probability
from .temperature import TEMPERATURES, likeliest_factor


def uncalibrated(model: BaseEstimator) -> Any:
    """A clone that does not learn how sure it may be, where only its choices are wanted: they are the same."""
    model = clone(model)
    return model.set_params(calibration=0) if isinstance(model, CalibratedPipeline) else model


def _has_probabilities(model: CalibratedPipeline) -> bool:
    if not model.calibration:
        return hasattr(model._final_estimator, "predict_proba")
    return any(hasattr(model._final_estimator, name) for name in ("decision_function", "predict_proba"))


class CalibratedPipeline(Pipeline):
    """A `sklearn.pipeline.Pipeline` that learns in `fit` how sure it may be, and so has `predict_proba`.

    Parameters
    ----------
    steps, transform_input, memory, verbose
        As in `sklearn.pipeline.Pipeline`.
    calibration : int
        Held-out parts of the training rows that the factor is learnt from, grouped by subject where the table has the
        column 'subject'; of each of them the whole pipeline is fitted anew. 0: none, and `predict_proba` is the
        classifier's own, if it has one.
    seed : int
        Of those parts, and of `augment`.
    augment : tuple of str, or str
        Kinds of changed copies that are learnt from beside the training rows, some of mirror, shift, rotation, scale,
        contrast (`fer_features.vision.image_transforms`), in a tuple or with commas between; () for none. Made in
        `fit` of the rows that it is given, so of no row that a fold has set aside, and what is held out in it is held
        out with its copies. X is a table.
    copies : int
        How many of each row.

    Attributes
    ----------
    factor_ : float or None
        What scores are multiplied by before the softmax; the inverse of the temperature. None where probabilities are
        the classifier's own.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On calibration of modern neural networks", ICML 2017.

    Notes
    -----
    Temperature scaling: one factor, found by the likelihood of held-out rows, so that no choice changes, only how sure
    it is. Scores are the decision function, or the logarithms of probabilities. Where nothing can be held out (one row
    of a class, people who share no class) the classifier's own probabilities stay, or the softmax of its scores; where
    subjects are unknown, folds are of rows, and probabilities come out too sure for new people. A classifier that
    knows the scores of its training rows when each is left out (`KRR`) has learnt from them already: without subjects
    that is as good, and nothing is fitted again.

    Slices are plain pipelines: what they are given is not the table, and knows no people.
    """

    def __init__(
        self,
        steps: list[tuple[str, Any]],
        *,
        transform_input: list[str] | None = None,
        memory: Any = None,
        verbose: bool = False,
        calibration: int = 5,
        seed: int = 0,
        augment: tuple[str, ...] | str = (),
        copies: int = 1,
    ):
        super().__init__(steps, transform_input=transform_input, memory=memory, verbose=verbose)
        self.calibration = calibration
        self.seed = seed
        self.augment = augment
        self.copies = copies

    def fit(self, X: Any, y: Any = None, **params: Any) -> CalibratedPipeline:
        """Fit all steps, and the factor to held-out rows.

        Parameters
        ----------
        X : Samples, or array that the first step takes
        y : array-like, shape (n,)
        **params
            As in `sklearn.pipeline.Pipeline.fit`.
        """
        if self.augment:
            self._fit_augmented(X, np.asarray(y), params)
        else:
            super().fit(X, y, **params)
        self.factor_ = None
        last = self._final_estimator
        if self.calibration and _has_probabilities(self) and (knows_people(X) or not hasattr(last, "left_out_")):
            y = np.asarray(y)
            codes = np.unique(y, return_inverse=True)[1]
            folds = calibration_folds(X, codes, self.calibration, self.seed)
            if folds:
                scores = held_out_scores(uncalibrated(self), X, y, folds, params)
                truth = codes[np.concatenate([test for _, test in folds])]
                self.factor_ = likeliest_factor(scores, truth, TEMPERATURES)
            elif not hasattr(last, "predict_proba"):
                self.factor_ = 1.0
        return self

    def _fit_augmented(self, X: Any, y: np.ndarray, params: dict[str, Any]) -> None:
        """Fit all steps to rows and their copies."""
        rows, origin = augmented(X, self.augment, self.copies, self.seed)
        more = {k: np.asarray(v)[origin] if np.shape(v)[:1] == (len(y),) else v for k, v in params.items()}
        if "group" in signature(self._final_estimator.fit).parameters:  # it leaves rows out by itself
            more[f"{self.steps[-1][0]}__group"] = origin
        super().fit(rows, y[origin], **more)

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each class, (n, k) float64, in the order of `classes_`."""
        if self.factor_ is None:
            return np.asarray(super().predict_proba(X), np.float64)
        return softmax(self.factor_ * class_scores(self[:], X), 1)

    @available_if(_has_probabilities)
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of the probabilities, (n, k) float64."""
        return log_probability(self.predict_proba(X))

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, slice):
            return super().__getitem__(key)
        return Pipeline(self.steps, memory=self.memory, verbose=self.verbose)[key]
