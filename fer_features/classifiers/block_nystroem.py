"""Kernel ridge regression with inducing samples, trained block by block."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
from sklearn.utils import check_random_state

from ..exceptions import FerError
from ..samples.feature_blocks import row_blocks
from .blockwise import BlockwiseClassifier
from .kernel_ridge.mirror_kernel import EvenOdd, rbf_kernel_block

#: Added to the diagonal of a kernel matrix, relative to its mean.
JITTER = 1e-6


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
