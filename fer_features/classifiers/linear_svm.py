"""Linear support vector machine, fitted in the span of its training samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dpstrf
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.svm import LinearSVC
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from .calibration_folds import Folds, out_of_fold_scores

#: Samples whose squared distance from the span of the others is below this fraction of the largest squared norm add
#: nothing to the span: the rounding errors of the Gram matrix are larger.
MIN_RELATIVE_PIVOT = {np.float32: 1e-6, np.float64: 1e-12}


class LinearSVM(ClassifierMixin, BaseEstimator):
    """Linear support vector machine, one versus rest.

    Parameters
    ----------
    C : float, default=1.0
        Inverse of the regularization strength.
    class_weight : dict, 'balanced' or None, default=None
    tol : float, default=1e-4
        Tolerance of the stopping criterion.
    max_iter : int, default=1000
    random_state : int, RandomState instance or None, default=None
        Seed of the order of samples in the dual coordinate descent.

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (d,)
        Defined only if `X` has feature names that are all strings.
    coef_ : ndarray of shape (k, d), or (1, d) for two classes
        Of the type of `X` if there are more features than samples, else float64.
    intercept_ : ndarray of shape (k,), or (1,) for two classes
    n_iter_ : int
        Largest number of iterations over the classes.

    Notes
    -----
    The optimization problem is that of `sklearn.svm.LinearSVC`. If there are more features than samples, its solution
    lies in the span of the samples, and is found there: with hundreds of coordinates instead of thousands, and the same
    result. The coordinates are the rows of the Cholesky factor of the Gram matrix, half of which are zero. They are
    skipped by liblinear.

    References
    ----------
    R.-E. Fan, K.-W. Chang, C.-J. Hsieh, X.-R. Wang, C.-J. Lin, "LIBLINEAR: a library for large linear classification",
    JMLR 9, 2008, https://www.jmlr.org/papers/v9/fan08a.html.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from fer_features.classifiers import LinearSVM
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LinearSVM(random_state=0).fit(X, y)
    >>> round(model.score(X, y), 1)
    1.0
    >>> model.coef_.shape
    (3, 4)
    >>> model.predict(X[:2]).tolist(), model.decision_function(X[:2]).shape
    ([0, 0], (2, 3))
    """

    def __init__(
        self,
        C: float = 1.0,
        class_weight: dict[Any, float] | str | None = None,
        tol: float = 1e-4,
        max_iter: int = 1000,
        random_state: int | np.random.RandomState | None = None,
    ):
        self.C = C
        self.class_weight = class_weight
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LinearSVM:
        """Fit the classifier.

        Parameters
        ----------
        X : array-like of shape (n, d)
        y : array-like of shape (n,)
        sample_weight : array-like of shape (n,), optional
            Factor of `C` for each sample.

        Returns
        -------
        self
        """
        self._fit(X, y, sample_weight)
        return self

    def fit_with_scores(self, X: Any, y: Any, folds: Folds, sample_weight: Any = None) -> np.ndarray:
        """Fit the classifier, and compute scores of held-out samples by a clone that is fitted to those of each fold.

        Parameters
        ----------
        X, y, folds, sample_weight
            See `SVM.fit_with_scores`.

        Returns
        -------
        ndarray of shape (m, k), float64
            See `class_scores`; one fold after the other.

        Notes
        -----
        The coordinates of all samples in their span have the same inner products as the features, and are fewer.
        """
        coordinates = self._fit(X, y, sample_weight)
        params = {} if sample_weight is None else {"sample_weight": np.asarray(sample_weight)}
        return out_of_fold_scores(self, coordinates, np.asarray(y), folds, params)

    def _fit(self, X: Any, y: Any, sample_weight: Any) -> np.ndarray:
        """Fit the classifier; returns coordinates of the samples with the inner products of the features, (n, r)."""
        X, y = validate_data(self, X, y, dtype=(np.float64, np.float32))
        check_classification_targets(y)
        svc = LinearSVC(
            C=self.C,
            class_weight=self.class_weight,
            tol=self.tol,
            max_iter=self.max_iter,
            random_state=self.random_state,
        )
        coordinates = X
        if X.shape[0] < X.shape[1] and X.any():  # zeros have no span
            coordinates, to_features = _span_coordinates(X)
            self.coef_ = to_features(svc.fit(coordinates, y, sample_weight).coef_)
        else:
            self.coef_ = svc.fit(X, y, sample_weight).coef_
        self.classes_, self.intercept_, self.n_iter_ = svc.classes_, svc.intercept_, svc.n_iter_
        return coordinates

    def decision_function(self, X: Any) -> np.ndarray:
        """Compute the signed distance of each class from the rest, up to the norm of its coefficients.

        Parameters
        ----------
        X : array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n, k), or (n,) for two classes, float64
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        scores = X @ self.coef_.T + self.intercept_
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict(self, X: Any) -> np.ndarray:
        """Predict labels, shape (n,), for features of shape (n, d)."""
        scores = self.decision_function(X)
        return self.classes_[(scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(1)]


def _span_coordinates(X: np.ndarray) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Coordinates of samples in an orthonormal basis of their span.

    Parameters
    ----------
    X : ndarray of shape (n, d)

    Returns
    -------
    coordinates : ndarray of shape (n, r), float64
        `X` is equal to ``coordinates @ B`` for the orthonormal basis `B`, of shape (r, d), of the span.
    to_features : callable
        Returns ``coef @ B`` for coefficients of shape (k, r).
    """
    gram = (X @ X.T).astype(np.float64)
    # With pivoting, since centred samples are linearly dependent.
    factor, pivots, rank, _ = dpstrf(gram, lower=1, tol=MIN_RELATIVE_PIVOT[X.dtype.type] * gram.diagonal().max())
    pivots, factor = pivots - 1, np.tril(factor)[:, :rank]
    coordinates = np.empty_like(factor)
    coordinates[pivots] = factor

    def to_features(coef: np.ndarray) -> np.ndarray:
        dual = np.zeros((len(coef), len(X)), X.dtype)
        dual[:, pivots[:rank]] = solve_triangular(factor[:rank], coef.T, lower=True, trans="T").T
        return dual @ X

    return coordinates, to_features
