"""The RBF support vector machine, with its kernel computed by matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.svm import SVC
from sklearn.utils.validation import check_is_fitted

#: Training rows up to which the kernel is made at once: 8,000 rows are 256 MB in float32, and twice that in libsvm.
WHOLE_KERNEL = 8000


class SVM(ClassifierMixin, BaseEstimator):
    """Support vector machine, one class against one, with the kernel ``exp(-gamma |x - x'|^2)``.

    Parameters
    ----------
    C : float
    gamma : float or 'scale'
        In units of the features, which come with a total variance of 1; 'scale' divides by that variance where they
        do not.
    class_weight : dict, 'balanced' or None
    random_state : int or None

    Attributes
    ----------
    classes_ : ndarray, shape (k,)
    support_vectors_ : ndarray, shape (s, d), float32

    Notes
    -----
    The same problem as `sklearn.svm.SVC`, which evaluates the kernel in loops of its own; a matrix product does that
    many times faster for features by the thousand. Above `WHOLE_KERNEL` rows SVC's own kernel is used, whose memory
    does not grow with the square of the rows.
    """

    def __init__(
        self,
        C: float = 10,
        gamma: float | str = 0.5,
        class_weight: dict[Any, float] | str | None = None,
        random_state: int | None = None,
    ):
        self.C = C
        self.gamma = gamma
        self.class_weight = class_weight
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> SVM:
        """Fit on features (n, d) and labels (n,)."""
        X = np.asarray(X, np.float32)
        self.whole_ = len(X) <= WHOLE_KERNEL
        variance = X.shape[1] * float(X.var(dtype=np.float64))
        self.gamma_ = 1 / (variance or 1.0) if self.gamma == "scale" else float(self.gamma)
        svc = SVC(
            C=self.C,
            kernel="precomputed" if self.whole_ else "rbf",
            gamma=self.gamma_,
            class_weight=self.class_weight,
            random_state=self.random_state,
        )
        self.svc_ = svc.fit(self._kernel(X, X) if self.whole_ else X, y)
        self.classes_ = svc.classes_
        # What is no support vector is not needed again.
        self.support_vectors_ = X[svc.support_] if self.whole_ else svc.support_vectors_
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Score of each class, (n, k): votes of the pairs, ties broken by their margins; (n,) for two classes."""
        return self.svc_.decision_function(self._seen(X))

    def predict(self, X: Any) -> np.ndarray:
        """Labels, (n,)."""
        return self.svc_.predict(self._seen(X))

    def _seen(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        X = np.asarray(X, np.float32)
        if not self.whole_:
            return X
        # libsvm looks at the columns of support vectors among all training rows.
        kernel = np.zeros((len(X), self.svc_.shape_fit_[0]))
        kernel[:, self.svc_.support_] = self._kernel(X, self.support_vectors_)
        return kernel

    def _kernel(self, A: np.ndarray, B: np.ndarray) -> np.ndarray:
        squares = (A**2).sum(1, dtype=np.float64)[:, None] + (B**2).sum(1, dtype=np.float64) - 2.0 * (A @ B.T)
        return np.exp(-self.gamma_ * np.maximum(squares, 0))
