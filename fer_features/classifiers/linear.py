"""The linear support vector machine, fitted in the span of its training rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import eigh
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.svm import LinearSVC
from sklearn.utils.validation import check_is_fitted


class LinearSVM(ClassifierMixin, BaseEstimator):
    """Linear support vector machine, one class against the rest.

    Parameters
    ----------
    C : float
    class_weight : dict, 'balanced' or None
    random_state : int or None

    Attributes
    ----------
    classes_ : ndarray, shape (k,)
    coef_ : ndarray, shape (k, d); (1, d) for two classes
    intercept_ : ndarray, shape (k,) or (1,)

    Notes
    -----
    The same problem as `sklearn.svm.LinearSVC`. Where features outnumber rows its solution lies in the span of the
    rows, and is found there: some hundred coordinates instead of thousands, with the same result.
    """

    def __init__(
        self, C: float = 1.0, class_weight: dict[Any, float] | str | None = None, random_state: int | None = None
    ):
        self.C = C
        self.class_weight = class_weight
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> LinearSVM:
        """Fit on features (n, d) and labels (n,)."""
        X = np.asarray(X)
        svc = LinearSVC(C=self.C, class_weight=self.class_weight, random_state=self.random_state)
        if X.shape[0] < X.shape[1]:
            X = X.astype(np.float64)
            values, vectors = eigh(X @ X.T)
            kept = values > values[-1] * 1e-10
            length, vectors = np.sqrt(values[kept]), vectors[:, kept]
            # Rows in the orthonormal basis X.T @ vectors / length of their span.
            svc.fit(vectors * length, y)
            self.coef_ = (svc.coef_ / length) @ vectors.T @ X
        else:
            self.coef_ = svc.fit(X, y).coef_
        self.classes_, self.intercept_ = svc.classes_, svc.intercept_
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Signed distance of each class from the rest, (n, k); (n,) for two classes."""
        check_is_fitted(self)
        scores = np.asarray(X) @ self.coef_.T + self.intercept_
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict(self, X: Any) -> np.ndarray:
        """Labels, (n,)."""
        scores = self.decision_function(X)
        return self.classes_[(scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(1)]
