"""Kernel ridge regression as a classifier, with a kernel that may be invariant to mirroring."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_consistent_length
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ...exceptions import FerError
from ...samples.feature_blocks import FeatureBlocks
from ..sample_weights import check_sample_weight
from ..temperature_scaling import fit_inverse_temperature
from .memory import choose_n_inducing
from .mirror_kernel import BLOCK_ENTRIES, EvenOdd
from .quantization import dequantize, quantization_steps, quantize
from .reduction import EvenOddReduction
from .solvers import (
    KERNEL_BLOCK_ROWS,
    RidgeProblem,
    group_bounds,
    kernel_expansion,
    solve_exact,
    solve_nystroem,
)

#: Natural logarithms between which the inverse temperature of leave-one-out scores is searched.
LOO_LOG_INVERSE_TEMPERATURE_BOUNDS = (-3.0, 6.0)


class KernelRidgeClassifier(ClassifierMixin, BaseEstimator):
    """Kernel ridge classifier, one versus rest, with the RBF kernel ``exp(-gamma |x - x'|^2)``.

    Parameters
    ----------
    gamma : float, default=1.0
        Coefficient of the kernel, relative to the mean squared distance of training samples: with 1, two samples at
        that distance have the kernel 1 / e.
    alpha : float or tuple of float, default=0.1
        Regularization strength, added to the diagonal of the kernel matrix, which is 1, or between 0.5 and 1 with
        `mirror_invariant`. Of several values, the one with the best leave-one-out accuracy is used. Each value costs a
        factorization.
    mirror_invariant : bool, default=False
        Whether the first half of the features describes an image and the second half its mirror image, as
        ``Features(mirror="concatenate")`` returns them. The kernel is then the mean of the kernels with the other
        image and with its mirror image, so that an image and its mirror image always have the same scores.
    n_components_even, n_components_odd : int, default=0
        Number of principal components of the even part (f + f_m) / sqrt 2 and of the odd part (f - f_m) / sqrt 2 of
        the features. 0 keeps all features. Without `mirror_invariant`, the even part is the features.
    n_inducing : int, default=0
        Number of training samples, selected at random, that the solution is a combination of (Nystroem method). 0 uses
        all. A fitted model stores these samples.
    class_weight : dict, 'balanced' or None, default=None
    max_memory : float, default=8.0
        Memory in GB that the kernel matrix may take. If it would need more, as many inducing samples are used as fit,
        with a warning.
    store_float16 : bool, default=True
        Whether training samples and components are rounded to float16, which halves the size of a saved model.
    store_int8 : bool, default=False
        Whether training samples are rounded to 255 levels of each component instead, which take half of the space of
        float16.
    random_state : int, Generator or None, default=None
        Seed of the selection of inducing samples.

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (d,)
        Defined only if `X` has feature names that are all strings.
    X_fit_ : EvenOdd
        Reduced training samples, or those selected.
    dual_coef_ : ndarray of shape (m, k)
    gamma_ : float
        Coefficient of the kernel in units of the features.
    alpha_ : float
        Regularization strength that is used.
    loo_decision_ : ndarray of shape (n, k)
        Leave-one-out scores of the training samples, in closed form. They are not pickled.
    inverse_temperature_ : float
        Factor of the scores before the softmax, fitted to `loo_decision_`.

    Notes
    -----
    One Cholesky factorization in place serves all classes. The lower triangle becomes the factor, and the upper
    triangle keeps the kernel, which refines the solution and serves for further values of `alpha`. Computations are in
    the dtype of `X`, float32 or float64; other dtypes are converted to float32. In float32, 28,709 samples take
    3.3 GB.

    The leave-one-out error of a sample is its coefficient over its diagonal entry of the inverse. Principal components
    and `gamma_` depend on a single sample a little; they are those of all samples. There is no intercept. Targets are
    1 - 1/k for the true class and -1/k for the others, and sum to 0 over the classes.

    A sample weight is the number of times that a sample counts. Leaving a sample out removes one of these repetitions.
    Copies of a sample, such as augmented ones, must be left out together: see the parameter `groups` of `fit`.

    References
    ----------
    C. Saunders, A. Gammerman, V. Vovk, "Ridge regression learning algorithm in dual variables", ICML 1998,
    https://eprints.soton.ac.uk/258942/.
    G. Cawley, N. Talbot, "Efficient leave-one-out cross-validation of kernel Fisher discriminant classifiers", Pattern
    Recognition 36, 2003, doi:10.1016/S0031-3203(03)00136-5.
    C. Williams, M. Seeger, "Using the Nystroem method to speed up kernel machines", NIPS 2000,
    https://papers.nips.cc/paper/1866-using-the-nystrom-method-to-speed-up-kernel-machines.
    B. Haasdonk, H. Burkhardt, "Invariant kernel functions for pattern analysis and machine learning", Machine Learning
    68, 2007, doi:10.1007/s10994-007-5009-7: kernels averaged over a group of transformations, here the mirror.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from fer_features.classifiers import KernelRidgeClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = KernelRidgeClassifier(alpha=(0.03, 0.1, 0.3)).fit(X, y)
    >>> round(model.score(X, y), 1)
    1.0
    >>> leave_one_out = model.classes_[model.loo_decision_.argmax(1)]
    >>> print(f"{(leave_one_out == y).mean():.1f}")
    1.0
    >>> model.predict(X[:2]).tolist(), model.predict_proba(X[:2]).shape
    ([0, 0], (2, 3))
    """

    X_fit_: EvenOdd
    dual_coef_: np.ndarray
    loo_decision_: np.ndarray
    #: Defaults for models saved without these.
    store_int8 = False
    _steps: EvenOdd | None = None

    def __init__(
        self,
        gamma: float = 1.0,
        alpha: float | tuple[float, ...] = 0.1,
        mirror_invariant: bool = False,
        n_components_even: int = 0,
        n_components_odd: int = 0,
        n_inducing: int = 0,
        class_weight: dict[Any, float] | str | None = None,
        max_memory: float = 8.0,
        store_float16: bool = True,
        store_int8: bool = False,
        random_state: int | np.random.Generator | None = None,
    ):
        self.gamma = gamma
        self.alpha = alpha
        self.mirror_invariant = mirror_invariant
        self.n_components_even = n_components_even
        self.n_components_odd = n_components_odd
        self.n_inducing = n_inducing
        self.class_weight = class_weight
        self.max_memory = max_memory
        self.store_float16 = store_float16
        self.store_int8 = store_int8
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> KernelRidgeClassifier:
        """Fit the classifier.

        Parameters
        ----------
        X : array-like of shape (n, d)
        y : array-like of shape (n,)
        sample_weight : array-like of shape (n,), optional
            Samples of weight 0 are ignored.
        groups : array-like of shape (n,), optional
            Samples of one group, which must be adjacent, are left out together in `loo_decision_`.

        Returns
        -------
        self

        Raises
        ------
        FerError
            For an invalid parameter.
        ValueError
            For invalid data, a single class, groups that are not adjacent, or a singular kernel matrix.
        """
        alphas = self._check_parameters()
        if isinstance(X, FeatureBlocks) and not self.n_inducing and 4 * X.shape[0] ** 2 > self.max_memory * 1e9:
            raise FerError(
                f"KernelRidgeClassifier: the kernel of {len(X)} samples takes {4e-9 * X.shape[0] ** 2:.1f} GB, above "
                f"max_memory={self.max_memory:g}: use nystroem, which is trained block by block"
            )
        X, y = validate_data(self, X, y, dtype=(np.float32, np.float64))
        check_classification_targets(y)
        if self.mirror_invariant and X.shape[1] % 2:
            raise FerError(
                f"KernelRidgeClassifier: mirror_invariant=True needs features of images and of mirror images, but "
                f"{X.shape[1]} features are not two halves: set features__mirror=concatenate"
            )
        sample_weight = check_sample_weight(sample_weight, len(X), X.dtype)
        groups = None if groups is None else np.asarray(groups)
        check_consistent_length(X, groups)
        used = np.ones(len(X), bool) if sample_weight is None else sample_weight > 0
        ignored = None if used.all() else X[~used]
        if sample_weight is not None and ignored is not None:
            X, y, sample_weight = X[used], y[used], sample_weight[used]
            groups = None if groups is None else groups[used]
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"KernelRidgeClassifier needs at least 2 classes, but y has 1 class: '{self.classes_[0]}'")
        self._reduction = EvenOddReduction(
            self.mirror_invariant, self.n_components_even, self.n_components_odd, self.store_float16
        )
        samples = self._reduction.fit_transform(X, sample_weight)
        ignored_samples = None if ignored is None else self._reduction.transform(ignored)
        del X  # may be a converted copy of gigabytes
        class_weight = compute_sample_weight(self.class_weight, y)
        self._solve(samples, codes, class_weight, sample_weight, groups, alphas)
        if ignored_samples is not None:
            fitted_loo = self.loo_decision_
            self.loo_decision_ = np.empty((len(used), len(self.classes_)), fitted_loo.dtype)
            self.loo_decision_[used], self.loo_decision_[~used] = fitted_loo, self._kernel_scores(ignored_samples)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Compute a score per class.

        Parameters
        ----------
        X : array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n, k), or (n,) for two classes
            In the dtype of the training data. For two classes, scores above 0 mean the second class.
        """
        scores = self._scores(self._validated(X))
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def predict_proba(self, X: Any) -> np.ndarray:
        """Compute the probability of each class, shape (n, k) float64, for features of shape (n, d)."""
        scores = self._scores(self._validated(X))
        return softmax(self.inverse_temperature_ * scores.astype(np.float64), 1)

    def predict(self, X: Any) -> np.ndarray:
        """Predict labels, shape (n,), for features of shape (n, d)."""
        scores = self._scores(self._validated(X))
        return self.classes_[scores.argmax(1)]

    def __getstate__(self) -> dict[str, Any]:
        # Leave-one-out scores are not needed for prediction. Samples have been rounded in `fit`.
        state = {key: value for key, value in super().__getstate__().items() if key not in ("loo_decision_", "_norms")}
        if "X_fit_" in state and self._steps is not None:
            state["X_fit_"] = quantize(state["X_fit_"], self._steps)
        elif "X_fit_" in state and self.store_float16:
            state["X_fit_"] = state["X_fit_"].astype(np.float16)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        # float32 takes twice the memory, but a conversion for every face would take longer than the face.
        super().__setstate__(state)
        if hasattr(self, "X_fit_"):
            if self._steps is not None:
                self.X_fit_ = dequantize(self.X_fit_, self._steps)
            self.X_fit_ = self.X_fit_.astype(self.dual_coef_.dtype)
            self._norms = self.X_fit_.squared_norms()

    def _check_parameters(self) -> list[float]:
        """Validate parameters, and return the values of `alpha` in descending order."""
        alphas = [float(a) for a in (self.alpha if isinstance(self.alpha, tuple | list) else [self.alpha])]
        non_negative = ("n_components_even", "n_components_odd", "n_inducing", "max_memory")
        invalid = {"alpha": not alphas or min(alphas) <= 0, "gamma": not self.gamma > 0}
        invalid |= {name: getattr(self, name) < 0 for name in non_negative}
        for name, is_invalid in invalid.items():
            if is_invalid:
                least = "at least 0" if name in non_negative else "above 0"
                raise FerError(f"KernelRidgeClassifier: {name}={getattr(self, name)!r}, but it must be {least}")
        return sorted(alphas, reverse=True)

    def _solve(
        self,
        samples: EvenOdd,
        codes: np.ndarray,
        class_weight: np.ndarray,
        sample_weight: np.ndarray | None,
        groups: np.ndarray | None,
        alphas: list[float],
    ) -> None:
        """Fit coefficients, alpha and inverse temperature to reduced samples of positive weight."""
        n, dtype = len(samples), samples.even.dtype
        self._gamma = float(self.gamma) / (samples.mean_squared_distance(sample_weight) or 1.0)
        self.gamma_ = self._gamma * self._reduction.scale_**2
        n_inducing = choose_n_inducing(n, self.n_inducing, self.max_memory, dtype.itemsize)
        # The fitted model and the loaded one predict the same.
        self._steps = quantization_steps(samples) if self.store_int8 else None
        if self._steps is not None:
            samples = dequantize(quantize(samples, self._steps), self._steps)
        elif self.store_float16:
            samples = samples.astype(np.float16).astype(dtype)
        weight, loo_fraction = class_weight.astype(dtype), np.ones(n, dtype)
        if sample_weight is not None:
            weight *= sample_weight
            loo_fraction /= np.maximum(sample_weight, 1)
        targets = (np.eye(len(self.classes_))[codes] - 1 / len(self.classes_)).astype(dtype)
        bounds = None if groups is None else group_bounds(groups)
        problem = RidgeProblem(samples, self._gamma, targets, weight, loo_fraction, bounds)
        if n_inducing:
            rng = np.random.default_rng(self.random_state)
            inducing = np.sort(rng.permutation(n)[:n_inducing])
            solutions = solve_nystroem(problem, inducing, alphas)
        else:
            solutions = solve_exact(problem, alphas)
        best = -1.0
        for solution in solutions:
            correct = float(weight @ (solution.loo_decision.argmax(1) == codes))
            if correct > best:
                best, self.alpha_ = correct, solution.alpha
                self.dual_coef_, self.loo_decision_ = solution.dual_coef, solution.loo_decision
        self.X_fit_ = samples[inducing] if n_inducing else samples
        self._norms = self.X_fit_.squared_norms()
        self.inverse_temperature_ = fit_inverse_temperature(
            self.loo_decision_, codes, LOO_LOG_INVERSE_TEMPERATURE_BOUNDS, weight
        )

    def _validated(self, X: Any) -> np.ndarray:
        if not hasattr(self, "dual_coef_"):  # `check_is_fitted` takes a tenth of the time of one face
            check_is_fitted(self)
        return validate_data(self, X, dtype=self.dual_coef_.dtype, reset=False)

    def _scores(self, X: np.ndarray) -> np.ndarray:
        step = max(1, BLOCK_ENTRIES // max(KERNEL_BLOCK_ROWS, X.shape[1]))
        starts = range(0, len(X), step)
        return np.concatenate([self._kernel_scores(self._reduction.transform(X[i : i + step])) for i in starts])

    def _kernel_scores(self, samples: EvenOdd) -> np.ndarray:
        return kernel_expansion(samples, self.X_fit_, self._norms, self._gamma, self.dual_coef_)
