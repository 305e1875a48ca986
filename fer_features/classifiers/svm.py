"""The RBF support vector machine, with its kernel computed by matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import log_expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.svm import SVC
from sklearn.utils.validation import check_is_fitted

#: Training rows up to which the kernel is made at once: 8,000 rows are 256 MB in float32, and twice that in libsvm.
WHOLE_KERNEL = 8000
#: How fast the probability of a pair's class grows with its margin: at 1, where support vectors end, it is 0.98.
STEEPNESS = 4.0


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

    The class with the most votes of the pairs wins, as in libsvm. Votes are whole numbers and say next to nothing of
    how sure a choice is, so there are `pair_scores` for what has to know that.

    References
    ----------
    C.-C. Chang, C.-J. Lin, "LIBSVM: a library for support vector machines", ACM TIST 2011.
    T. Hastie, R. Tibshirani, "Classification by pairwise coupling", Annals of Statistics 26, 1998.
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
            decision_function_shape="ovo",
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
        margins = self._margins(X)
        if margins.shape[1] == 1:
            return -margins[:, 0]
        total = self._summed(margins, -margins)
        return self._votes(margins) + total / (3 * (np.abs(total) + 1))

    def pair_scores(self, X: Any) -> np.ndarray:
        """Score of each class that tells how sure its choice is, (n, k) float64.

        Returns
        -------
        ndarray
            The logarithm of the product of the probabilities that the class wins each of its pairs, each a sigmoid of
            the pair's margin. Where another class than the one with the most votes has the largest, about one row in
            fifty, the two change places: the choice stays that of `predict`.
        """
        margins = self._margins(X)
        scores = self._summed(log_expit(STEEPNESS * margins), log_expit(-STEEPNESS * margins))
        rows, chosen, best = np.arange(len(scores)), self._votes(margins).argmax(1), scores.argmax(1)
        scores[rows, chosen], scores[rows, best] = scores[rows, best], scores[rows, chosen]
        return scores

    def predict(self, X: Any) -> np.ndarray:
        """Labels, (n,)."""
        return self.classes_[self._votes(self._margins(X)).argmax(1)]

    def _margins(self, X: Any) -> np.ndarray:
        """Of each pair of classes, (0, 1), (0, 2), ... (k-2, k-1), above 0 for the first, (n, k (k-1) / 2) float64."""
        margins = self.svc_.decision_function(self._seen(X))
        return margins if margins.ndim == 2 else -margins[:, None]

    def _votes(self, margins: np.ndarray) -> np.ndarray:
        return self._summed((margins > 0).astype(float), (margins <= 0).astype(float))

    def _summed(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Over its pairs, for each class: what the first and what the second of each pair gets, (n, k) float64."""
        a, b = np.triu_indices(len(self.classes_), 1)
        pairs, classes = np.arange(len(a)), len(self.classes_)
        to_first, to_second = np.zeros((2, len(a), classes))
        to_first[pairs, a] = to_second[pairs, b] = 1
        return first @ to_first + second @ to_second

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
