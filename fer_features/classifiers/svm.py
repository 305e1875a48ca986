"""Support vector machine with the RBF kernel, which is computed by matrix products."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from scipy.special import log_expit
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.svm import SVC
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ..exceptions import FerError
from .calibration_folds import Folds
from .sample_weights import check_sample_weight

#: Training samples up to which the kernel matrix is precomputed: 256 MB in float32, and twice as much in libsvm.
MAX_PRECOMPUTED_SAMPLES = 8000
#: Slope of the sigmoid from the margin of a pair of classes to the probability of its first class. At margin 1, where
#: support vectors end, the probability is 0.98.
PAIR_SIGMOID_SLOPE = 4.0


class SVM(ClassifierMixin, BaseEstimator):
    """Support vector machine, one versus one, with the RBF kernel ``exp(-gamma |x - x'|^2)``.

    Parameters
    ----------
    C : float, default=10
        Inverse of the regularization strength.
    gamma : float or 'scale', default=0.5
        Coefficient of the kernel. `Features` returns features with a total variance of 1, so that a number suits any
        number of features. 'scale' divides by the total variance of other features.
    class_weight : dict, 'balanced' or None, default=None
    tol : float, default=1e-3
        Tolerance of the stopping criterion.
    random_state : int, RandomState instance or None, default=None
        Has no effect, because libsvm uses random numbers for its own probabilities only. Exists for a uniform
        interface.

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (d,)
        Defined only if `X` has feature names that are all strings.
    support_vectors_ : ndarray of shape (s, d)
    gamma_ : float
        Coefficient that is used.

    Notes
    -----
    The optimization problem is that of `sklearn.svm.SVC`, which evaluates the kernel in loops. A matrix product is many
    times faster for thousands of features. Above `MAX_PRECOMPUTED_SAMPLES` samples the kernel of SVC is used, whose
    memory does not grow with the square of the number of samples. The kernel is computed in the dtype of `X`, float32
    or float64; other dtypes are converted to float32.

    The class that wins most pairs is predicted, as in libsvm. The number of pairs won is an integer and
    a poor measure of confidence; `pairwise_scores` are meant for calibration.

    References
    ----------
    C. Cortes, V. Vapnik, "Support-vector networks", Machine Learning 20, 1995, doi:10.1007/BF00994018.
    C.-C. Chang, C.-J. Lin, "LIBSVM: a library for support vector machines", ACM TIST 2011,
    doi:10.1145/1961189.1961199.
    T. Hastie, R. Tibshirani, "Classification by pairwise coupling", Annals of Statistics 26, 1998,
    doi:10.1214/aos/1028144844.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from fer_features.classifiers import SVM
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = SVM(gamma="scale").fit(X, y)
    >>> round(model.score(X, y), 1)
    1.0
    >>> model.feature_names_in_[:2].tolist()
    ['sepal length (cm)', 'sepal width (cm)']
    >>> model.predict(X[:2]).tolist(), model.decision_function(X[:2]).shape
    ([0, 0], (2, 3))
    """

    def __init__(
        self,
        C: float = 10,
        gamma: float | str = 0.5,
        class_weight: dict[Any, float] | str | None = None,
        tol: float = 1e-3,
        random_state: int | np.random.RandomState | None = None,
    ):
        self.C = C
        self.gamma = gamma
        self.class_weight = class_weight
        self.tol = tol
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> SVM:
        """Fit the classifier.

        Parameters
        ----------
        X : array-like of shape (n, d)
        y : array-like of shape (n,)
        sample_weight : array-like of shape (n,), optional
            Factor of `C` for each sample. Samples of weight 0 are ignored.

        Returns
        -------
        self

        Raises
        ------
        FerError
            For an invalid `gamma`.
        ValueError
            For invalid data, a single class, or another invalid parameter.
        """
        X, y, sample_weight = self._validated(X, y, sample_weight)
        if sample_weight is not None:
            used = _used_samples(sample_weight, len(X))
            X, y, sample_weight = X[used], y[used], sample_weight[used]
        distances = _squared_distances(X, X) if len(X) <= MAX_PRECOMPUTED_SAMPLES else None
        return self._fit(X, y, sample_weight, distances)

    def fit_with_scores(self, X: Any, y: Any, folds: Folds, sample_weight: Any = None) -> np.ndarray:
        """Fit the classifier, and compute scores of held-out samples by a clone that is fitted to those of each fold.

        Parameters
        ----------
        X : array-like of shape (n, d)
        y : array-like of shape (n,)
        folds : list of (ndarray of int, ndarray of int)
            Indices of training and held-out samples. The training samples must have all of the k classes.
        sample_weight : array-like of shape (n,), optional
            As in `fit`.

        Returns
        -------
        ndarray of shape (m, k), float64
            `pairwise_scores` of the held-out samples of all folds, one fold after the other.

        Notes
        -----
        The distances of all samples are computed once; the kernel of a fold has some of their rows and columns.
        """
        X, y, weight = self._validated(X, y, sample_weight)
        distances = _squared_distances(X, X)

        def fit(model: SVM, indices: np.ndarray) -> np.ndarray:
            used = indices[_used_samples(weight, len(X))[indices]]
            model._fit(X[used], y[used], None if weight is None else weight[used], distances[np.ix_(used, used)])
            return used

        fit(self, np.arange(len(X)))
        scores = [np.zeros((0, len(self.classes_)))]
        for train, test in folds:
            model = clone(self)
            used = fit(model, train)
            kernel = _rbf_kernel(distances[np.ix_(test, used)], model.gamma_)
            scores.append(_pairwise_scores(_margins_of_pairs(model._svc, kernel)))
        return np.concatenate(scores)

    def decision_function(self, X: Any) -> np.ndarray:
        """Compute a score per class.

        Parameters
        ----------
        X : array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n, k), or (n,) for two classes, float64
            Number of pairs that the class wins. Ties are broken by the margins. For two classes, the margin of the
            second class.
        """
        margins = self._margins(X)
        if margins.shape[1] == 1:
            return -margins[:, 0]
        total = _sum_pairs(margins, -margins)
        return _pairs_won(margins) + total / (3 * (np.abs(total) + 1))

    def pairwise_scores(self, X: Any) -> np.ndarray:
        """Compute a score per class that grows with the confidence of its prediction.

        Parameters
        ----------
        X : array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n, k), float64
            Logarithm of the product of the probabilities that the class wins each of its pairs. The probability is a
            sigmoid of the margin of the pair. Where a class other than the predicted one has the largest score, in
            about 2 % of the samples, these two scores are exchanged, so that the largest score is always that of the
            prediction of `predict`.
        """
        return _pairwise_scores(self._margins(X))

    def predict(self, X: Any) -> np.ndarray:
        """Predict labels, shape (n,), for features of shape (n, d)."""
        margins = self._margins(X)
        return self.classes_[_pairs_won(margins).argmax(1)]

    def _check_gamma(self, X: np.ndarray) -> float:
        if isinstance(self.gamma, str) and self.gamma == "scale":
            return 1 / (X.shape[1] * float(X.var(dtype=np.float64)) or 1.0)
        if not isinstance(self.gamma, numbers.Real) or not self.gamma > 0:
            raise FerError(f"SVM: gamma={self.gamma!r}, but it must be a number above 0, or 'scale'")
        return float(self.gamma)

    def _margins(self, X: Any) -> np.ndarray:
        """Margin of each pair of classes (0, 1), (0, 2), ... (k-2, k-1), above 0 for the first, (n, k (k-1) / 2)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=self.support_vectors_.dtype, reset=False)
        if self._precomputed:
            # libsvm reads only the columns of the support vectors, among columns for all training samples.
            kernel = np.zeros((len(X), self._svc.shape_fit_[0]))
            distances = _squared_distances(X, self.support_vectors_)
            kernel[:, self._svc.support_] = _rbf_kernel(distances, self.gamma_)
            X = kernel
        return _margins_of_pairs(self._svc, X)

    def _validated(self, X: Any, y: Any, sample_weight: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        X, y = validate_data(self, X, y, dtype=(np.float32, np.float64))
        check_classification_targets(y)
        return X, y, check_sample_weight(sample_weight, len(X))

    def _fit(self, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None, distances: np.ndarray | None) -> SVM:
        """Fit to samples with weights above 0.

        The kernel is precomputed in the memory of their squared distances, or computed by libsvm if these are None.
        """
        self.gamma_ = self._check_gamma(X)
        self._precomputed = distances is not None
        svc = SVC(
            C=self.C,
            kernel="rbf" if distances is None else "precomputed",
            gamma=self.gamma_,
            decision_function_shape="ovo",
            class_weight=self.class_weight,
            tol=self.tol,
            random_state=self.random_state,
        )
        self._svc = svc.fit(X if distances is None else _rbf_kernel(distances, self.gamma_), y, weight)
        self.classes_ = svc.classes_
        # Training samples that are not support vectors are not needed for prediction.
        self.support_vectors_ = X[svc.support_] if self._precomputed else svc.support_vectors_
        return self


def _used_samples(weight: np.ndarray | None, n: int) -> np.ndarray:
    """Samples with a weight above 0, (n,) bool. libsvm omits the others, but counts support vectors with them."""
    return np.ones(n, bool) if weight is None else weight > 0


def _margins_of_pairs(svc: SVC, X: np.ndarray) -> np.ndarray:
    """Margin of each pair of classes (0, 1), (0, 2), ... (k-2, k-1), above 0 for the first, (n, k (k-1) / 2)."""
    margins = svc.decision_function(X)
    return margins if margins.ndim == 2 else -margins[:, None]


def _pairwise_scores(margins: np.ndarray) -> np.ndarray:
    """Scores of `SVM.pairwise_scores`, (n, k)."""
    scores = _sum_pairs(log_expit(PAIR_SIGMOID_SLOPE * margins), log_expit(-PAIR_SIGMOID_SLOPE * margins))
    samples, predicted, best = np.arange(len(scores)), _pairs_won(margins).argmax(1), scores.argmax(1)
    scores[samples, predicted], scores[samples, best] = scores[samples, best], scores[samples, predicted]
    return scores


def _pairs_won(margins: np.ndarray) -> np.ndarray:
    return _sum_pairs((margins > 0).astype(float), (margins <= 0).astype(float))


def _sum_pairs(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Sum values over the pairs of each class: `first` of its pairs as first class, `second` of the others."""
    n_pairs = first.shape[1]
    n_classes = round((1 + np.sqrt(1 + 8 * n_pairs)) / 2)
    a, b = np.triu_indices(n_classes, 1)
    to_first, to_second = np.zeros((2, n_pairs, n_classes))
    to_first[np.arange(n_pairs), a] = to_second[np.arange(n_pairs), b] = 1
    return first @ to_first + second @ to_second


def _squared_distances(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances of the rows of `A` from those of `B`, float64."""
    distances = (A @ B.T).astype(np.float64)
    distances *= -2
    distances += np.einsum("ij,ij->i", A, A).astype(np.float64)[:, None]
    distances += np.einsum("ij,ij->i", B, B).astype(np.float64)
    return np.maximum(distances, 0, out=distances)


def _rbf_kernel(squared_distances: np.ndarray, gamma: float) -> np.ndarray:
    """Values of the kernel, in the memory of the distances."""
    squared_distances *= -gamma
    return np.exp(squared_distances, out=squared_distances)
