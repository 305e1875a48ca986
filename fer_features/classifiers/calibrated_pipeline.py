"""A pipeline whose classifier returns calibrated probabilities."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.metrics import accuracy_score
from sklearn.pipeline import Pipeline
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from ..exceptions import FerError
from ..samples.augmentation import augment_samples
from .calibration_folds import (
    Folds,
    calibration_folds,
    class_scores,
    clipped_log_proba,
    has_several_subjects,
    sample_aligned,
)
from .calibration_scores import fit_with_scores
from .class_coding import encode_labels
from .kernel_ridge.classifier import KernelRidgeClassifier
from .sample_weights import check_sample_weight
from .temperature_scaling import fit_inverse_temperature


def uncalibrated(model: BaseEstimator) -> Any:
    """Clone a model without calibration, for uses that need its predictions only: these are the same.

    Parameters
    ----------
    model : estimator

    Returns
    -------
    estimator
        Unfitted. An estimator other than `CalibratedPipeline` is only cloned.

    Examples
    --------
    >>> from fer_features import make_pipeline
    >>> from fer_features.classifiers import uncalibrated
    >>> uncalibrated(make_pipeline("hog_svm", calibration_cv=3)).calibration_cv
    0
    """
    model = clone(model)
    return model.set_params(calibration_cv=0) if isinstance(model, CalibratedPipeline) else model


def fit_sample_weight(params: Mapping[str, Any], n_samples: int) -> np.ndarray | None:
    """Sample weights among the arguments of ``fit``, as ``sample_weight`` or ``STEP__sample_weight``, or None."""
    weights = [value for name, value in params.items() if name.rpartition("__")[2] == "sample_weight"]
    return check_sample_weight(weights[-1], n_samples) if weights else None


def _has_probabilities(model: CalibratedPipeline) -> bool:
    last = model.steps[-1][1]
    if not model.calibration_cv:
        return hasattr(last, "predict_proba")
    return any(hasattr(last, name) for name in ("decision_function", "predict_proba")) and is_classifier(last)


def _has_decision_function(model: CalibratedPipeline) -> bool:
    return hasattr(model.steps[-1][1], "decision_function")


@contextlib.contextmanager
def _fer_errors() -> Iterator[None]:
    """Raise errors of scikit-learn about the samples as `FerError`."""
    try:
        yield
    except FerError:
        raise
    except ValueError as error:  # of a classifier, such as too few samples
        if isinstance(error, TypeError):  # of scikit-learn for an invalid parameter, which it names
            raise
        raise FerError(f"the pipeline cannot be fitted to these samples: {' '.join(str(error).split())}") from error


class CalibratedPipeline(Pipeline):
    """A `sklearn.pipeline.Pipeline` that calibrates its probabilities in `fit`.

    Parameters
    ----------
    steps, transform_input, memory, verbose
        See `sklearn.pipeline.Pipeline`.
    calibration_cv : int, default=5
        Number of folds of the training samples whose out-of-fold scores calibrate the probabilities. Folds are grouped
        by subject if the table has the column 'subject'. The classifier is fitted once for each fold. So are the other
        steps, unless they are transformers of this package that fit no more than the mean and scale of features. 0: no
        calibration; `predict_proba` is that of the classifier, if it has this method.
    random_state : int, default=0
        Seed of the folds and of the augmentation.
    augmentation : tuple of str, or str, default=()
        Transformations of the images of augmented copies that are added to the training samples: some of mirror, shift,
        rotation, scale and contrast (see `fer_features.vision.image_transforms`), as a tuple or separated by commas.
        Copies are made in `fit` of the samples that it is given, and thus never of the held-out samples of a fold. A
        sample and its copies are always held out together. `X` must be a `Samples` table.
    n_augmented_copies : int, default=1
        Number of augmented copies of each sample.

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
    n_features_in_ : int
        As in `sklearn.pipeline.Pipeline`.
    class_coding_ : ClassCoding or None
        Set where labels are class names of the table: the steps are then fitted on label codes.
    inverse_temperature_ : float or None
        Factor of the scores before the softmax. None if the probabilities are those of the classifier.

    Notes
    -----
    Temperature scaling fits one factor by the likelihood of held-out samples. It changes confidence, but no
    prediction. Scores are the decision function, or the logarithm of probabilities. If no sample can be held out (a
    class with one sample, or no class with two subjects), the probabilities are those of the classifier, or the softmax
    of its scores. If subjects are unknown, folds ignore them, and probabilities are overconfident for new subjects.

    `KernelRidgeClassifier` calibrates its probabilities by leave-one-out scores. Without subjects this is as good, and
    no further pipeline is fitted.

    Sample weights in `fit` are also used in calibration. Slices are plain pipelines.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On calibration of modern neural networks", ICML 2017,
    https://proceedings.mlr.press/v70/guo17a.html.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import StandardScaler
    >>> from fer_features.classifiers import CalibratedPipeline, LinearSVM
    >>> iris = load_iris()
    >>> model = CalibratedPipeline([("scale", StandardScaler()), ("classifier", LinearSVM(random_state=0))])
    >>> model = model.fit(iris.data, iris.target_names[iris.target])
    >>> model.predict(iris.data[:1]).tolist()
    ['setosa']
    >>> print(f"{model.predict_proba(iris.data[:1]).max():.1f}")
    1.0
    """

    def __init__(
        self,
        steps: list[tuple[str, Any]],
        *,
        transform_input: list[str] | None = None,
        memory: Any = None,
        verbose: bool = False,
        calibration_cv: int = 5,
        random_state: int = 0,
        augmentation: tuple[str, ...] | str = (),
        n_augmented_copies: int = 1,
    ):
        super().__init__(steps, transform_input=transform_input, memory=memory, verbose=verbose)
        self.calibration_cv = calibration_cv
        self.random_state = random_state
        self.augmentation = augmentation
        self.n_augmented_copies = n_augmented_copies

    def fit(self, X: Any, y: Any = None, **params: Any) -> CalibratedPipeline:
        """Fit all steps, and the inverse temperature to held-out samples.

        Parameters
        ----------
        X : Samples, or array-like that the first step accepts
            Arrays have the form of `Samples.from_arrays`; colours are red, green, blue.
        y : array-like of shape (n,)
        **params
            See `sklearn.pipeline.Pipeline.fit`. Values of shape (n, ...) are split into folds with the samples.

        Returns
        -------
        self
        """
        y, self.class_coding_ = encode_labels(X, y)
        with _fer_errors():
            if y is None or not self.calibration_cv or not _has_probabilities(self) or is_calibrated_by_loo(self, X):
                self._fit_steps(X, y, **params)
                self.inverse_temperature_ = None
                return self
            y = column_or_1d(y, warn=True)
            codes = np.unique(y, return_inverse=True)[1]
            weight = fit_sample_weight(params, len(y))
            folds = calibration_folds(X, codes, self.calibration_cv, self.random_state, weight)
            scores = fit_with_scores(self, self._fit_steps, uncalibrated(self), X, y, folds, params)
        self.inverse_temperature_ = None
        if folds:
            held_out = np.concatenate([test for _, test in folds])
            weight = None if weight is None else weight[held_out]
            self.inverse_temperature_ = fit_inverse_temperature(scores, codes[held_out], sample_weight=weight)
        elif not hasattr(self.steps[-1][1], "predict_proba"):
            self.inverse_temperature_ = 1.0
        return self

    def fit_with_scores(self, X: Any, y: np.ndarray, folds: Folds, params: Mapping[str, Any]) -> np.ndarray:
        """Fit all steps without calibration, and compute scores of the samples that each fold holds out.

        Parameters
        ----------
        X : Samples, or array-like that the first step accepts
        y : ndarray of shape (n,)
        folds : list of (ndarray of int, ndarray of int)
            Indices of training and held-out samples. The training samples must have all of the k classes.
        params : mapping
            Further arguments of `fit`.

        Returns
        -------
        ndarray of shape (m, k), float64
            One fold after the other; see `fer_features.classifiers.calibration_scores.fit_with_scores`.
        """
        y, self.class_coding_ = encode_labels(X, y)
        with _fer_errors():
            scores = fit_with_scores(self, self._fit_steps, uncalibrated(self), X, y, folds, params)
        self.inverse_temperature_ = None
        return scores

    def _fit_steps(self, X: Any, y: Any, **params: Any) -> None:
        if self.augmentation:
            self._fit_augmented(X, np.asarray(y), params)
        else:
            super().fit(X, y, **params)

    def _fit_augmented(self, X: Any, y: np.ndarray, params: Mapping[str, Any]) -> None:
        """Fit all steps to samples and their augmented copies."""
        augmented, source = augment_samples(X, self.augmentation, self.n_augmented_copies, self.random_state)
        expanded = {k: np.asarray(v)[source] if sample_aligned(v, len(y)) else v for k, v in params.items()}
        name, last = self.steps[-1]
        if has_fit_parameter(last, "groups"):  # its leave-one-out scores must leave out a sample with its copies
            expanded[f"{name}__groups"] = source
        super().fit(augmented, y[source], **expanded)

    @property
    def classes_(self) -> np.ndarray:
        """Class labels, sorted, shape (k,)."""
        coding = getattr(self, "class_coding_", None)
        return self.steps[-1][1].classes_ if coding is None else coding.classes

    def predict(self, X: Any, **params: Any) -> np.ndarray:
        """Predict the class of each sample, shape (n,); see `sklearn.pipeline.Pipeline.predict`."""
        predicted = super().predict(X, **params)
        coding = getattr(self, "class_coding_", None)
        return predicted if coding is None else coding.decode(predicted)

    def score(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> float:
        """Compute the accuracy for labels of shape (n,)."""
        return float(accuracy_score(y, self.predict(X, **params), sample_weight=sample_weight))

    @available_if(_has_decision_function)
    def decision_function(self, X: Any, **params: Any) -> np.ndarray:
        """Compute the scores of the classifier, shape (n, k), or (n,) for two classes."""
        scores = super().decision_function(X, **params)
        coding = getattr(self, "class_coding_", None)
        return scores if coding is None else coding.reorder(scores)

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any, **params: Any) -> np.ndarray:
        """Compute calibrated probabilities.

        Parameters
        ----------
        X : Samples, or array-like that the first step accepts
        **params
            See `sklearn.pipeline.Pipeline.predict_proba`. Used only without calibration.

        Returns
        -------
        ndarray of shape (n, k), float64
            Classes are in the order of `classes_`.
        """
        if not hasattr(self, "inverse_temperature_"):  # `check_is_fitted` takes longer than a small descriptor
            check_is_fitted(self)
        if self.inverse_temperature_ is None:
            probabilities = np.asarray(super().predict_proba(X, **params), np.float64)
        else:
            probabilities = softmax(self.inverse_temperature_ * class_scores(self._plain(), X), 1)
        return probabilities if self.class_coding_ is None else self.class_coding_.reorder(probabilities)

    @available_if(_has_probabilities)
    def predict_log_proba(self, X: Any, **params: Any) -> np.ndarray:
        """Compute logarithms of the calibrated probabilities, shape (n, k) float64."""
        return clipped_log_proba(self.predict_proba(X, **params))

    def __getitem__(self, key: Any) -> Any:
        return self._plain()[key] if isinstance(key, slice) else super().__getitem__(key)

    def _plain(self) -> Pipeline:
        """The same steps, fitted or not, without calibration."""
        return Pipeline(self.steps, transform_input=self.transform_input, memory=self.memory, verbose=self.verbose)


def is_calibrated_by_loo(pipeline: CalibratedPipeline, X: Any) -> bool:
    """Whether leave-one-out scores of a kernel ridge classifier calibrate a pipeline that is fitted to `X`.

    With several subjects they do not: samples of the same subject must be held out together.
    """
    return isinstance(pipeline.steps[-1][1], KernelRidgeClassifier) and not has_several_subjects(X)
