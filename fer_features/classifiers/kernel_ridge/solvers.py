"""Kernel ridge regression with leave-one-out scores: exact by Cholesky, or approximate by the Nystroem method."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular

from .cholesky import factorize, inverse_blocks, inverse_diagonal, solve
from .mirror_kernel import EvenOdd, rbf_kernel_block

#: Rows of the kernel matrix that are computed or multiplied at once.
KERNEL_BLOCK_ROWS = 512
#: Entries of the kernel that are computed at once in prediction: they fit into the second-level cache.
PREDICT_BLOCK_ENTRIES = 1 << 16


@dataclasses.dataclass(frozen=True)
class RidgeProblem:
    """A weighted kernel ridge regression.

    Attributes
    ----------
    samples : EvenOdd
        n training samples.
    gamma : float
        Of the kernel, in units of `samples`.
    targets : ndarray of shape (n, k)
    weight : ndarray of shape (n,)
        Factor of the squared error of each sample, above 0.
    loo_fraction : ndarray of shape (n,)
        Fraction of the weight of a sample that is removed when the sample is left out. 1 leaves it out completely; 1/m
        leaves out one of m repetitions. It is not used with `bounds`.
    bounds : ndarray of int, shape (g + 1,), or None
        First sample of each group, and n. All samples of a group are left out together.
    """

    samples: EvenOdd
    gamma: float
    targets: np.ndarray
    weight: np.ndarray
    loo_fraction: np.ndarray
    bounds: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class RidgeSolution:
    """Solution for one regularization strength.

    Attributes
    ----------
    alpha : float
    dual_coef : ndarray of shape (m, k)
        Coefficients of the m training samples that the solution is a combination of.
    loo_decision : ndarray of shape (n, k)
        Leave-one-out score of each training sample.
    """

    alpha: float
    dual_coef: np.ndarray
    loo_decision: np.ndarray


def solve_exact(problem: RidgeProblem, alphas: list[float]) -> Iterator[RidgeSolution]:
    """Solve with all training samples, for each alpha in turn.

    Notes
    -----
    One buffer of shape (n, n) holds everything: its lower triangle becomes the Cholesky factor, and the upper triangle
    keeps the kernel matrix, which refines the solution and serves for the next alpha.

    The leave-one-out score of a sample is its target minus its coefficient over its diagonal entry of the inverse. If
    a fraction of the weight stays, that entry is averaged with weight / alpha, its value where nothing is left out.
    """
    samples, gamma, targets, weight = problem.samples, problem.gamma, problem.targets, problem.weight
    n, norms, dtype = len(samples), samples.squared_norms(), targets.dtype
    K = np.empty((n, n), dtype)
    for start in range(0, n, KERNEL_BLOCK_ROWS):
        at, upto = slice(start, start + KERNEL_BLOCK_ROWS), slice(0, min(start + KERNEL_BLOCK_ROWS, n))
        rbf_kernel_block(samples[at], samples[upto], gamma, (norms[at], norms[upto]), K[at, upto])
        K[upto, at] = K[at, upto].T
    own = K.diagonal().copy()
    for alpha in alphas:
        diagonal = own + alpha / weight
        for start in range(0, n, KERNEL_BLOCK_ROWS):
            at, upto = slice(start, start + KERNEL_BLOCK_ROWS), slice(0, min(start + KERNEL_BLOCK_ROWS, n))
            # The upper triangle still holds the kernel. The block on the diagonal is completed from its upper half.
            K[at, :start] = K[:start, at].T
            block = np.triu(K[at, at], 1)
            K[at, at] = block + block.T
        K.flat[:: n + 1] = diagonal
        inverses = factorize(K)
        coef = solve(K, inverses, targets)
        for _ in range(2):  # iterative refinement, against rounding errors in float32
            coef += solve(K, inverses, targets - _upper_product(K, coef, diagonal))
        if problem.bounds is None:
            inverse = inverse_diagonal(K, inverses) * problem.loo_fraction
            inverse += (1 - problem.loo_fraction) * (weight / alpha)
            loo = targets - coef / inverse[:, None].astype(dtype)
        else:
            loo = targets.copy()
            blocks = inverse_blocks(K, inverses, problem.bounds)
            for (start, stop), block in zip(itertools.pairwise(problem.bounds), blocks, strict=True):
                loo[start:stop] -= np.linalg.solve(block, coef[start:stop])
        yield RidgeSolution(alpha, coef, loo)


def _upper_product(K: np.ndarray, x: np.ndarray, diagonal: np.ndarray) -> np.ndarray:
    """Multiply the symmetric matrix with the strict upper triangle of `K` and the given diagonal by `x` (n, k)."""
    out = diagonal[:, None] * x
    for start in range(0, len(K), KERNEL_BLOCK_ROWS):
        at = slice(start, start + KERNEL_BLOCK_ROWS)
        block = np.triu(K[at, at], 1)
        out[at] += block @ x[at] + block.T @ x[at]
        right = K[at, start + KERNEL_BLOCK_ROWS :]
        out[at] += right @ x[start + KERNEL_BLOCK_ROWS :]
        out[start + KERNEL_BLOCK_ROWS :] += right.T @ x[at]
    return out


def solve_nystroem(problem: RidgeProblem, inducing: np.ndarray, alphas: list[float]) -> Iterator[RidgeSolution]:
    """Solve with the kernels of some training samples only, by weighted least squares, for each alpha in turn.

    Parameters
    ----------
    problem : RidgeProblem
    inducing : ndarray of int, shape (m,)
        Indices of the samples whose kernels the solution is a combination of.
    alphas : list of float

    Raises
    ------
    ValueError
        If the kernel matrix of the inducing samples is singular.

    Notes
    -----
    Sums of products are accumulated and solved in float64, because they square the condition number.
    """
    samples, gamma, targets, weight = problem.samples, problem.gamma, problem.targets, problem.weight
    bounds, dtype = problem.bounds, targets.dtype
    some, norms = samples[inducing], samples.squared_norms()
    m, n = len(inducing), len(samples)
    gram, right = np.zeros((m, m)), np.zeros((m, targets.shape[1]))

    def blocks() -> Iterator[tuple[slice, np.ndarray]]:
        if bounds is None:
            starts = np.arange(0, n, KERNEL_BLOCK_ROWS)
        else:  # a block holds complete groups
            starts = bounds[:-1][:: max(1, KERNEL_BLOCK_ROWS // np.diff(bounds).max())]
        for start, stop in zip(starts, [*starts[1:], n], strict=True):
            at = slice(start, stop)
            block = np.empty((stop - start, m), dtype)
            rbf_kernel_block(samples[at], some, gamma, (norms[at], norms[inducing]), block)
            yield at, block

    for at, block in blocks():
        weighted = block * weight[at, None]
        for start in range(0, m, KERNEL_BLOCK_ROWS):  # the upper triangle only: a full product would need a copy
            gram[start : start + KERNEL_BLOCK_ROWS, start:] += (
                weighted[:, start : start + KERNEL_BLOCK_ROWS].T @ block[:, start:]
            )
        right += weighted.T @ targets[at]
    for i, alpha in enumerate(alphas):
        A = gram if i == len(alphas) - 1 else gram.copy()
        for start in range(0, m, KERNEL_BLOCK_ROWS):
            own = slice(start, start + KERNEL_BLOCK_ROWS)
            block = np.empty((min(KERNEL_BLOCK_ROWS, m - start), m), dtype)
            rbf_kernel_block(some[own], some, gamma, (norms[inducing[own]], norms[inducing]), block)
            block *= dtype.type(alpha)
            A[own] += block
        A.flat[:: m + 1] += 1e-6 * A.diagonal().mean()
        # The transpose has the memory order of LAPACK, so that it is not copied. Its lower triangle is filled.
        try:
            factor = cho_factor(A.T, lower=True, overwrite_a=True)
        except np.linalg.LinAlgError:
            message = f"the kernel matrix of {m} inducing samples is singular: increase alpha or gamma"
            raise ValueError(message) from None
        solution = cho_solve(factor, right)
        loo = np.empty_like(targets)
        for at, block in blocks():
            half = solve_triangular(factor[0], block.T.astype(np.float64), lower=True)
            scores = block @ solution
            if bounds is None:
                # Influence of the own target of a sample on its score, which leaving the sample out removes.
                influence = (weight[at] * problem.loo_fraction[at] * np.einsum("mn,mn->n", half, half))[:, None]
                loo[at] = (scores - influence * targets[at]) / np.maximum(1 - influence, 1e-6)
                continue
            inside = bounds[(bounds >= at.start) & (bounds <= at.stop)]
            for start, stop in itertools.pairwise(inside):
                own = slice(start - at.start, stop - at.start)
                influence = half[:, own].T @ half[:, own] * weight[start:stop]
                rest = np.eye(stop - start) * (1 + 1e-6) - influence
                loo[start:stop] = np.linalg.solve(rest, scores[own] - influence @ targets[start:stop])
        yield RidgeSolution(alpha, solution.astype(dtype), loo)


def kernel_expansion(
    samples: EvenOdd, fitted: EvenOdd, fitted_norms: np.ndarray, gamma: float, dual_coef: np.ndarray
) -> np.ndarray:
    """Compute the scores of n samples, shape (n, k): the kernel with m fitted samples times their coefficients (m, k).

    `fitted_norms` are the squared norms of the fitted samples.
    """
    norms = samples.squared_norms()
    scores = np.zeros((len(samples), dual_coef.shape[1]), dual_coef.dtype)
    width = max(KERNEL_BLOCK_ROWS, PREDICT_BLOCK_ENTRIES // len(samples))
    for start in range(0, len(fitted), width):
        at = slice(start, start + width)
        some = fitted[at]
        block = np.empty((len(samples), len(some)), scores.dtype)
        rbf_kernel_block(samples, some, gamma, (norms, fitted_norms[at]), block)
        scores += block @ dual_coef[at]
    return scores


def group_bounds(groups: np.ndarray) -> np.ndarray:
    """Find the first sample of each of g groups, and the number of samples, shape (g + 1,).

    Raises
    ------
    ValueError
        If the samples of a group are not adjacent.
    """
    starts = np.flatnonzero(np.append(True, groups[1:] != groups[:-1]))
    if len(starts) > len(np.unique(groups)):
        raise ValueError("KernelRidgeClassifier: samples of a group must be adjacent")
    return np.append(starts, len(groups))
