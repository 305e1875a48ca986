"""Soft voting: classifiers whose calibrated probabilities are averaged."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import log_softmax, softmax
from sklearn import get_config
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags, column_or_1d, get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from ..exceptions import FerError
from .calibrated_pipeline import CalibratedPipeline, fit_sample_weight, is_calibrated_by_loo, uncalibrated
from .calibration_folds import calibration_folds, class_scores, out_of_fold_scores
from .class_coding import encode_labels
from .temperature_scaling import fit_inverse_temperature

#: Mean probabilities below this are raised to it before their logarithm.
MIN_MEAN_PROBABILITY = 1e-12
#: Allowed values of the parameter `rule`.
RULES = ("mean", "product")


class SoftVoting(ClassifierMixin, BaseEstimator):
    """Soft voting with equal weights: the mean or the product of the calibrated probabilities of several classifiers.

    Parameters
    ----------
    estimators : list of (str, estimator)
        Classifiers with ``decision_function`` or ``predict_proba``, which are fitted on the same samples. They are
        calibrated here, even a single one. The calibration of a `CalibratedPipeline` is disabled.
    calibration_cv : int, default=5
        Number of folds of the training samples whose out-of-fold scores calibrate the probabilities. Folds are grouped
        by subject if the table has the column 'subject'. Otherwise probabilities are overconfident for new subjects.
    random_state : int, default=0
        Seed of the folds.
    rule : {'mean', 'product'}, default='mean'
        Arithmetic mean of the calibrated probabilities, or their normalized geometric mean, which is the softmax of the
        mean of the calibrated scores.

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
    estimators_ : list of estimator
        The classifiers, fitted on all training samples.
    class_coding_ : ClassCoding or None
        Set where labels are class names of the table: the classifiers are then fitted on label codes.
    inverse_temperatures_ : ndarray of shape (m,)
        Factor of the scores of each classifier before the softmax.
    inverse_temperature_ : float
        Exponent of the mean probabilities.
    n_features_in_ : int
        Defined only if the first classifier defines it.
    feature_names_in_ : ndarray of shape (d,)
        Defined only if the first classifier defines it.

    Notes
    -----
    Each classifier is calibrated by temperature scaling on held-out samples (Guo et al., 2017), which does not change
    its predictions. The mean of calibrated probabilities is underconfident where the errors of the classifiers differ;
    a final exponent corrects this (Ranjan and Gneiting, 2010). Weights are equal (Kittler et al., 1998: the sum rule
    and the product rule) instead of fitted. Fitted weights would favor the classifier that is adapted best to the
    training data set, which is texture, and texture generalizes least to other data sets.

    Where all classifiers are pipelines with `KernelRidgeClassifier` and there are no known subjects, their
    leave-one-out scores take the place of the scores of folds, and nothing is fitted twice.

    References
    ----------
    J. Kittler, M. Hatef, R. Duin, J. Matas, "On combining classifiers", PAMI 20, 1998, doi:10.1109/34.667881.
    R. Ranjan, T. Gneiting, "Combining probability forecasts", JRSS B 72, 2010,
    doi:10.1111/j.1467-9868.2009.00726.x.
    C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On calibration of modern neural networks", ICML 2017,
    https://proceedings.mlr.press/v70/guo17a.html.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from fer_features.classifiers import SVM, LinearSVM, SoftVoting
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftVoting([("rbf", SVM()), ("linear", LinearSVM(random_state=0))]).fit(X, y)
    >>> round(model.score(X, y), 1)
    1.0
    >>> model.set_params(rbf__C=3).get_params()["rbf__C"]
    3
    >>> model.predict(X[:2]).tolist(), model.predict_proba(X[:2]).shape
    ([0, 0], (2, 3))
    """

    #: Default for models saved without this parameter.
    rule = "mean"

    def __init__(
        self,
        estimators: list[tuple[str, Any]],
        calibration_cv: int = 5,
        random_state: int = 0,
        rule: str = "mean",
    ):
        self.estimators = estimators
        self.calibration_cv = calibration_cv
        self.random_state = random_state
        self.rule = rule

    def fit(self, X: Any, y: Any, **params: Any) -> SoftVoting:
        """Fit the classifiers, and their calibration on held-out samples.

        Parameters
        ----------
        X : Samples, or array-like that every classifier accepts
        y : array-like of shape (n,)
        **params
            Arguments of ``fit`` of every classifier, such as ``classifier__sample_weight`` for pipelines. With metadata
            routing, arguments that the classifiers request.

        Returns
        -------
        self
        """
        self._check_names()
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        y, self.class_coding_ = encode_labels(X, y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        weight = fit_sample_weight(params, len(y))
        if weight is not None and len(np.unique(codes[weight > 0])) < len(self.classes_):
            raise ValueError("SoftVoting needs a sample with a sample_weight above 0 in every class")
        routed = {name: params for name, _ in self.estimators}
        if get_config()["enable_metadata_routing"]:
            requested = process_routing(self, "fit", **params)
            routed = {name: requested[name].fit for name in routed}
        models = {name: uncalibrated(model) for name, model in self.estimators}
        folds = calibration_folds(X, codes, self.calibration_cv, self.random_state, weight)
        by_loo = self.calibration_cv > 0 and all(has_loo_scores(model, X) for model in models.values())
        scores = []
        for name, model in models.items():
            if by_loo:
                scores.append(model.fit(X, y, **routed[name])[-1].loo_decision_.astype(np.float64))
            elif isinstance(model, CalibratedPipeline):
                scores.append(model.fit_with_scores(X, y, folds, routed[name]))
            else:
                scores.append(out_of_fold_scores(model, X, y, folds, routed[name]))
                model.fit(X, y, **routed[name])
        self.estimators_ = list(models.values())
        if by_loo:
            held_out = np.arange(len(y))
        else:
            held_out = np.concatenate([test for _, test in folds]) if folds else np.zeros(0, int)
        weight = None if weight is None else weight[held_out]
        true = codes[held_out]
        self.inverse_temperatures_ = np.array([fit_inverse_temperature(s, true, sample_weight=weight) for s in scores])
        self.inverse_temperature_ = fit_inverse_temperature(self._pool(scores), true, sample_weight=weight)
        if self.class_coding_ is not None:
            self.classes_ = self.class_coding_.classes
        if hasattr(self.estimators_[0], "feature_names_in_"):
            self.feature_names_in_ = self.estimators_[0].feature_names_in_
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Compute the probability of each class, shape (n, k) float64, in the order of `classes_`."""
        check_is_fitted(self)
        scores = [class_scores(estimator, X) for estimator in self.estimators_]
        probabilities = softmax(self.inverse_temperature_ * self._pool(scores), 1)
        return probabilities if self.class_coding_ is None else self.class_coding_.reorder(probabilities)

    def predict(self, X: Any) -> np.ndarray:
        """Predict the most probable class of each sample, shape (n,)."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(1)]

    @property
    def n_features_in_(self) -> int:
        """Number of features seen during `fit`."""
        check_is_fitted(self)
        return self.estimators_[0].n_features_in_

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get parameters.

        Parameters
        ----------
        deep : bool, default=True
            Whether the classifiers are included, by name, and their parameters, as ``NAME__PARAMETER``.
        """
        params = super().get_params(deep=False)
        for name, estimator in self._named_estimators() if deep else ():
            params[name] = estimator
            params.update({f"{name}__{key}": value for key, value in estimator.get_params(deep=True).items()})
        return params

    def set_params(self, **params: Any) -> SoftVoting:
        """Set parameters, classifiers by name, and parameters of classifiers, such as ``hog_svm__classifier__C``."""
        if "estimators" in params:
            self.estimators = params.pop("estimators")
        named = self._named_estimators()
        replaced = {name: params.pop(name) for name, _ in named if name in params}
        if replaced:
            self.estimators = [(name, replaced.get(name, estimator)) for name, estimator in named]
        return super().set_params(**params)

    def get_metadata_routing(self) -> MetadataRouter:
        """Get the metadata routing of this object, for `sklearn.utils.metadata_routing`."""
        router = MetadataRouter(owner=self)
        for name, estimator in self._named_estimators():
            router.add(**{name: estimator}, method_mapping=MethodMapping().add(caller="fit", callee="fit"))
        return router

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inputs = [get_tags(estimator).input_tags for _, estimator in self._named_estimators()]
        tags.input_tags.sparse = all(one.sparse for one in inputs)
        tags.input_tags.allow_nan = all(one.allow_nan for one in inputs)
        return tags

    def _named_estimators(self) -> list[tuple[str, Any]]:
        """The parameter `estimators`, or an empty list if it has another form, which only `fit` refuses."""
        try:
            return [(name, estimator) for name, estimator in self.estimators if isinstance(name, str)]
        except (TypeError, ValueError):
            return []

    def _check_names(self) -> None:
        if self.rule not in RULES:
            raise FerError(f"SoftVoting: rule={self.rule!r}, but one of {', '.join(RULES)} is needed")
        names = [name for name, _ in self._named_estimators()]
        if not names:
            raise FerError(f"SoftVoting: estimators={self.estimators!r}: a list of (name, classifier) is needed")
        for name in names:
            if names.count(name) > 1 or "__" in name or name in super().get_params(deep=False):
                raise FerError(f"SoftVoting: the name '{name}' is repeated, contains '__' or is a parameter")

    def _pool(self, scores: list[np.ndarray]) -> np.ndarray:
        """Logarithm of the arithmetic or geometric mean of the probabilities, shape (n, k), from scores."""
        pairs = list(zip(self.inverse_temperatures_, scores, strict=True))
        if self.rule == "product":
            return np.mean([log_softmax(beta * s, 1) for beta, s in pairs], 0)
        mean = np.mean([softmax(beta * s, 1) for beta, s in pairs], 0)
        return np.log(np.maximum(mean, MIN_MEAN_PROBABILITY))


def has_loo_scores(model: BaseEstimator, X: Any) -> bool:
    """Whether a fit of a model to `X` gives a leave-one-out score of each sample that calibrates it."""
    return isinstance(model, CalibratedPipeline) and not model.augmentation and is_calibrated_by_loo(model, X)
