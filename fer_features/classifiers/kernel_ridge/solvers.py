"""What a kernel ridge solution is made of: all training rows by Cholesky, or some of them by least squares."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular

from .cholesky import factorise, inverse_blocks, inverse_diagonal, solve
from .mirrored import Parts, kernel

#: Rows of the kernel that are made or multiplied at once.
ROWS = 512

#: Ridge, coefficients (m, k) float32 and left-out scores (n, k) float32.
Solution = tuple[float, np.ndarray, np.ndarray]


def of_all_rows(
    rows: Parts,
    gamma: float,
    ridges: list[float],
    targets: np.ndarray,
    weight: np.ndarray,
    bounds: np.ndarray | None = None,
) -> Iterator[Solution]:
    """Ridge, coefficients (n, k) and left-out scores (n, k) for each ridge, from one buffer (n, n) float32.

    With `bounds` (g + 1,), where groups of rows begin and the end, all rows of a group are left out together.
    """
    n, squares = len(rows), rows.squares()
    K = np.empty((n, n), np.float32)
    for start in range(0, n, ROWS):
        at, upto = slice(start, start + ROWS), slice(0, min(start + ROWS, n))
        kernel(rows[at], rows[upto], gamma, (squares[at], squares[upto]), K[at, upto])
        K[upto, at] = K[at, upto].T
    own = K.diagonal().copy()
    for ridge in ridges:
        diagonal = own + ridge / weight
        for start in range(0, n, ROWS):
            at, upto = slice(start, start + ROWS), slice(0, min(start + ROWS, n))
            # The upper triangle holds the kernel still; in the block on the diagonal the lower follows it.
            K[at, :start] = K[:start, at].T
            block = np.triu(K[at, at], 1)
            K[at, at] = block + block.T
        K.flat[:: n + 1] = diagonal
        inverses = factorise(K)
        coefficients = solve(K, inverses, targets)
        for _ in range(2):  # what float32 lost
            coefficients += solve(K, inverses, targets - _upper_product(K, coefficients, diagonal))
        if bounds is None:
            inverse = inverse_diagonal(K, inverses)
            left_out = targets - coefficients / inverse[:, None].astype(np.float32)
        else:
            left_out = targets.copy()
            for start, stop, block in zip(bounds[:-1], bounds[1:], inverse_blocks(K, inverses, bounds), strict=True):
                left_out[start:stop] -= np.linalg.solve(block, coefficients[start:stop])
        yield ridge, coefficients, left_out


def _upper_product(K: np.ndarray, x: np.ndarray, diagonal: np.ndarray) -> np.ndarray:
    """Product (n, k) of the symmetric matrix that the strict upper triangle of `K` and a diagonal stand for."""
    out = diagonal[:, None] * x
    for start in range(0, len(K), ROWS):
        at = slice(start, start + ROWS)
        block = np.triu(K[at, at], 1)
        out[at] += block @ x[at] + block.T @ x[at]
        right = K[at, start + ROWS :]
        out[at] += right @ x[start + ROWS :]
        out[start + ROWS :] += right.T @ x[at]
    return out


def of_landmarks(
    rows: Parts,
    chosen: np.ndarray,
    gamma: float,
    ridges: list[float],
    targets: np.ndarray,
    weight: np.ndarray,
    bounds: np.ndarray | None = None,
) -> Iterator[Solution]:
    """The same for a solution made of the `chosen` rows, coefficients (m, k): weighted least squares on their kernels.

    Products are summed in float64 and solved in it, for they square the condition.
    """
    some, squares = rows[chosen], rows.squares()
    m, n = len(chosen), len(rows)
    gram, right = np.zeros((m, m)), np.zeros((m, targets.shape[1]))

    def blocks() -> Iterator[tuple[slice, np.ndarray]]:
        starts = np.arange(0, n, ROWS) if bounds is None else bounds[:-1][:: max(1, ROWS // np.diff(bounds).max())]
        for start, stop in zip(starts, [*starts[1:], n], strict=True):  # no group is cut
            at = slice(start, stop)
            part = np.empty((stop - start, m), np.float32)
            kernel(rows[at], some, gamma, (squares[at], squares[chosen]), part)
            yield at, part

    for at, part in blocks():
        weighted = part * weight[at, None]
        for start in range(0, m, ROWS):  # the upper triangle alone; the whole product would be a second `gram`
            gram[start : start + ROWS, start:] += weighted[:, start : start + ROWS].T @ part[:, start:]
        right += weighted.T @ targets[at]
    for i, ridge in enumerate(ridges):
        A = gram if i == len(ridges) - 1 else gram.copy()
        for start in range(0, m, ROWS):
            own = slice(start, start + ROWS)
            part = np.empty((min(ROWS, m - start), m), np.float32)
            kernel(some[own], some, gamma, (squares[chosen[own]], squares[chosen]), part)
            part *= np.float32(ridge)
            A[own] += part
        A.flat[:: m + 1] += 1e-6 * A.diagonal().mean()
        # Turned round it lies as LAPACK wants it and is not copied; the upper triangle is the lower one then.
        try:
            factor = cho_factor(A.T, lower=True, overwrite_a=True)
        except np.linalg.LinAlgError:
            raise ValueError(f"the kernel of {m} landmarks is singular: a larger ridge or gamma is needed") from None
        solved = cho_solve(factor, right)
        coefficients, left_out = solved.astype(np.float32), np.empty_like(targets)
        for at, part in blocks():
            # How much the own targets of a row, or group, move its scores: that is taken out of them.
            half = solve_triangular(factor[0], part.T.astype(np.float64), lower=True)
            scores = part @ solved
            if bounds is None:
                own_say = (weight[at] * np.einsum("mn,mn->n", half, half))[:, None]
                left_out[at] = (scores - own_say * targets[at]) / np.maximum(1 - own_say, 1e-6)
                continue
            inside = bounds[(bounds >= at.start) & (bounds <= at.stop)]
            for start, stop in itertools.pairwise(inside):
                own = slice(start - at.start, stop - at.start)
                own_say = half[:, own].T @ half[:, own] * weight[start:stop]
                rest = np.eye(stop - start) * (1 + 1e-6) - own_say
                left_out[start:stop] = np.linalg.solve(rest, scores[own] - own_say @ targets[start:stop])
        yield ridge, coefficients, left_out
