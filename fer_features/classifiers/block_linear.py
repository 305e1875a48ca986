"""Linear classifiers that are trained block by block."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
from sklearn.linear_model import SGDClassifier
from sklearn.utils import check_random_state

from ..exceptions import FerError
from ..samples.feature_blocks import row_blocks
from .blockwise import BlockwiseClassifier

#: Blocks whose rows are mixed in stochastic gradient descent: neighbouring samples often have the same class.
MIXED_BLOCKS = 16


class LinearBlockwise(BlockwiseClassifier):
    """Base class: scores that are a product with coefficients, which a subclass fits.

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
    coef_ : ndarray of shape (k, d), float64
    intercept_ : ndarray of shape (k,), float64
    """

    coef_: np.ndarray
    intercept_: np.ndarray

    def _scores(self, block: np.ndarray) -> np.ndarray:
        return block @ self.coef_.T + self.intercept_


class BlockRidge(LinearBlockwise):
    """Linear least squares classifier, one versus rest, from sums of products over blocks.

    Parameters
    ----------
    alpha : float, default=1e-4
        Regularization strength, relative to the number of samples: ``alpha`` is added to the eigenvalues of the
        covariance matrix.

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


class BlockSGD(LinearBlockwise):
    """Logistic regression, one versus rest, by averaged stochastic gradient descent.

    Parameters
    ----------
    alpha : float, default=1e-5
        Regularization strength, for features whose mean variance is 1: they are scaled to it.
    n_epochs : int, default=5
        Number of passes over the features.
    random_state : int, RandomState instance or None, default=None
        Seed of the order of samples.

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
