"""Classifiers that are trained block by block, on features that need not fit into memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import SGDClassifier
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ..exceptions import FerError
from ..samples.feature_blocks import FeatureBlocks, row_blocks
from .kernel_ridge.mirror_kernel import EvenOdd, rbf_kernel_block

#: Blocks whose rows are mixed in stochastic gradient descent: neighbouring samples often have the same class.
MIXED_BLOCKS = 16
#: Added to the diagonal of a kernel matrix, relative to its mean.
JITTER = 1e-6


class BlockwiseClassifier(ClassifierMixin, BaseEstimator):
    """Base class: labels, and scores of blocks of samples.

    A subclass defines ``_fit(X, codes)`` and ``_scores(block)`` of shape (m, k).

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
    n_features_in_ : int
    """

    classes_: np.ndarray

    def fit(self, X: Any, y: Any) -> Any:
        """Fit the classifier.

        Parameters
        ----------
        X : FeatureBlocks, or array-like of shape (n, d)
            Of `FeatureBlocks`, a few blocks are in memory at once.
        y : array-like of shape (n,)

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For a single class.
        """
        if isinstance(X, FeatureBlocks):
            y = np.asarray(y)
            self.n_features_in_ = X.shape[1]
        else:
            X, y = validate_data(self, X, y, dtype=(np.float32, np.float64))
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"{type(self).__name__} needs samples of at least 2 classes, but the data hold 1 class")
        self._fit(X, codes)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Compute the score of each class, block by block.

        Parameters
        ----------
        X : FeatureBlocks, or array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n, k), or (n,) for two classes, float64
        """
        check_is_fitted(self)
        if not isinstance(X, FeatureBlocks):
            X = validate_data(self, X, dtype=(np.float32, np.float64), reset=False)
        scores = np.empty((len(X), len(self.classes_)))
        for rows in row_blocks(X):
            scores[rows] = self._scores(X[rows])
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: Any) -> np.ndarray:
        """Predict labels, shape (n,), for features of shape (n, d)."""
        scores = self.decision_function(X)
        return self.classes_[(scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(1)]

    def _fit(self, X: Any, codes: np.ndarray) -> None:
        raise NotImplementedError

    def _scores(self, block: np.ndarray) -> np.ndarray:
        raise NotImplementedError


class BlockRidge(BlockwiseClassifier):
    """Linear least squares classifier, one versus rest, from sums of products over blocks.

    Parameters
    ----------
    alpha : float, default=1e-4
        Regularization strength, relative to the number of samples: ``alpha`` is added to the eigenvalues of the
        covariance matrix.

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
    coef_ : ndarray of shape (k, d), float64
    intercept_ : ndarray of shape (k,), float64

    Notes
    -----
    One pass over the features. Memory is that of one block and of the matrix of products, d x d in float64.

    References
    ----------
    A. Hoerl, R. Kennard, "Ridge regression", Technometrics 12, 1970, doi:10.1080/00401706.1970.10488634.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from fer_features.classifiers import BlockRidge
    >>> X, y = load_iris(return_X_y=True)
    >>> BlockRidge().fit(X, y).score(X, y) > 0.8
    True
    """

    def __init__(self, alpha: float = 1e-4):
        self.alpha = alpha

    def _fit(self, X: Any, codes: np.ndarray) -> None:
        if not self.alpha > 0:
            raise FerError(f"BlockRidge: alpha={self.alpha!r}, but it must be above 0")
        n, d = X.shape
        k = len(self.classes_)
        gram, right, total = np.zeros((d, d)), np.zeros((d, k)), np.zeros(d)
        for rows in row_blocks(X):
            block = X[rows]
            gram += block.T @ block
            total += block.sum(0, dtype=np.float64)
            right += block.T @ np.eye(k, dtype=block.dtype)[codes[rows]]
        mean, frequency = total / n, np.bincount(codes, minlength=k) / n
        gram -= n * np.outer(mean, mean)
        right -= n * np.outer(mean, frequency)
        gram.flat[:: d + 1] += n * self.alpha
        self.coef_ = scipy.linalg.solve(gram, right, assume_a="pos", overwrite_a=True, overwrite_b=True).T
        self.intercept_ = frequency - self.coef_ @ mean

    def _scores(self, block: np.ndarray) -> np.ndarray:
        return block @ self.coef_.T + self.intercept_


class BlockSGD(BlockwiseClassifier):
    """Logistic regression, one versus rest, by averaged stochastic gradient descent.

    Parameters
    ----------
    alpha : float, default=1e-5
        Regularization strength, for features whose mean variance is 1: they are scaled to it.
    n_epochs : int, default=5
        Number of passes over the features.
    random_state : int, RandomState instance or None, default=None
        Seed of the order of samples.

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
    coef_ : ndarray of shape (k, d), float64
    intercept_ : ndarray of shape (k,), float64

    Notes
    -----
    The rows of `MIXED_BLOCKS` blocks, chosen at random, are in memory at once and used in random order.

    References
    ----------
    L. Bottou, "Large-scale machine learning with stochastic gradient descent", COMPSTAT 2010,
    doi:10.1007/978-3-7908-2604-3_16.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from fer_features.classifiers import BlockSGD
    >>> X, y = load_iris(return_X_y=True)
    >>> BlockSGD(n_epochs=20, random_state=0).fit(X - X.mean(0), y).score(X - X.mean(0), y) > 0.8
    True
    """

    def __init__(self, alpha: float = 1e-5, n_epochs: int = 5, random_state: int | np.random.RandomState | None = None):
        self.alpha = alpha
        self.n_epochs = n_epochs
        self.random_state = random_state

    def _fit(self, X: Any, codes: np.ndarray) -> None:
        if not self.n_epochs >= 1:
            raise FerError(f"BlockSGD: n_epochs={self.n_epochs!r}, but it must be at least 1")
        # Of few samples the order does not depend on the blocks.
        seed, *seeds = check_random_state(self.random_state).randint(np.iinfo(np.int32).max, size=3)
        order_random, row_random = map(np.random.RandomState, seeds)
        sgd = SGDClassifier(loss="log_loss", alpha=self.alpha, average=True, random_state=int(seed))
        blocks = row_blocks(X)
        read = (X[rows] for rows in blocks)
        squares = sum(float(np.einsum("ij,ij->", block, block, dtype=np.float64)) for block in read)
        scale = float(np.sqrt(X.shape[0] * X.shape[1] / squares)) if squares else 1.0
        for _ in range(self.n_epochs):
            order = order_random.permutation(len(blocks))
            for start in range(0, len(order), MIXED_BLOCKS):
                mixed = np.sort(np.concatenate([blocks[i] for i in order[start : start + MIXED_BLOCKS]]))
                rows = row_random.permutation(mixed)
                block = X[rows]
                sgd.partial_fit(block * block.dtype.type(scale), codes[rows], np.arange(len(self.classes_)))
        coef, intercept = sgd.coef_ * scale, sgd.intercept_
        if len(self.classes_) == 2:  # half for and half against
            coef, intercept = np.concatenate([-coef, coef]) / 2, np.concatenate([-intercept, intercept]) / 2
        self.coef_, self.intercept_ = coef, intercept

    def _scores(self, block: np.ndarray) -> np.ndarray:
        return block @ self.coef_.T + self.intercept_


class BlockNystroem(BlockwiseClassifier):
    """Kernel ridge classifier with inducing samples, from sums over blocks (Nystroem method).

    Parameters
    ----------
    n_inducing : int, default=2000
        Number of training samples, selected at random, whose kernels the solution is a combination of.
    gamma : float, default=1.0
        Coefficient of the RBF kernel, relative to the mean squared distance of training samples.
    alpha : float, default=0.1
        Regularization strength, as in `KernelRidgeClassifier`.
    random_state : int, RandomState instance or None, default=None
        Seed of the selection.

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
    X_fit_ : ndarray of shape (m, d)
        The inducing samples.
    dual_coef_ : ndarray of shape (m, k), float64
    gamma_ : float

    Notes
    -----
    Two passes over the features: one for the mean squared distance, one for the sums. Memory is that of the inducing
    samples, of one block and of matrices of m x m in float64, whatever the number of samples. The solution is that of
    `KernelRidgeClassifier` with the same inducing samples.

    References
    ----------
    C. Williams, M. Seeger, "Using the Nystroem method to speed up kernel machines", NIPS 2000,
    https://papers.nips.cc/paper/1866-using-the-nystrom-method-to-speed-up-kernel-machines.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from fer_features.classifiers import BlockNystroem
    >>> X, y = load_iris(return_X_y=True)
    >>> round(BlockNystroem(n_inducing=50, random_state=0).fit(X, y).score(X, y), 1)
    1.0
    """

    def __init__(
        self,
        n_inducing: int = 2000,
        gamma: float = 1.0,
        alpha: float = 0.1,
        random_state: int | np.random.RandomState | None = None,
    ):
        self.n_inducing = n_inducing
        self.gamma = gamma
        self.alpha = alpha
        self.random_state = random_state

    def _fit(self, X: Any, codes: np.ndarray) -> None:
        for name in ("n_inducing", "gamma", "alpha"):
            if not getattr(self, name) > 0:
                raise FerError(f"BlockNystroem: {name}={getattr(self, name)!r}, but it must be above 0")
        n, k = X.shape[0], len(self.classes_)
        total, squares = np.zeros(X.shape[1]), 0.0
        for rows in row_blocks(X):
            block = X[rows]
            total += block.sum(0, dtype=np.float64)
            squares += float(np.einsum("ij,ij->", block, block, dtype=np.float64))
        distance = 2 * (squares / n - float(((total / n) ** 2).sum()))
        self.gamma_ = self.gamma / distance if distance > 0 else self.gamma
        chosen = check_random_state(self.random_state).choice(n, min(int(self.n_inducing), n), replace=False)
        self.X_fit_ = X[np.sort(chosen)]
        m = len(self.X_fit_)
        gram, right = np.zeros((m, m)), np.zeros((m, k))
        for rows in row_blocks(X):
            kernel = self._kernel(X[rows]).astype(np.float64)  # sums of products square the condition number
            gram += kernel.T @ kernel
            right += kernel.T @ (np.eye(k)[codes[rows]] - 1 / k)
        gram += self.alpha * self._kernel(self.X_fit_)
        gram.flat[:: m + 1] += JITTER * gram.diagonal().mean()
        try:
            self.dual_coef_ = scipy.linalg.solve(gram, right, assume_a="pos", overwrite_a=True, overwrite_b=True)
        except np.linalg.LinAlgError:
            raise ValueError(
                f"the kernel matrix of {m} inducing samples is singular: increase alpha or gamma"
            ) from None

    def _kernel(self, block: np.ndarray) -> np.ndarray:
        """Kernel of a block with the inducing samples, shape (b, m)."""
        some, fitted = EvenOdd(block), EvenOdd(self.X_fit_)
        out = np.empty((len(block), len(self.X_fit_)), block.dtype)
        rbf_kernel_block(some, fitted, self.gamma_, (some.squared_norms(), fitted.squared_norms()), out)
        return out

    def _scores(self, block: np.ndarray) -> np.ndarray:
        return self._kernel(block.astype(self.X_fit_.dtype, copy=False)) @ self.dual_coef_
