"""Cholesky factorisation in place and in blocks, for float32 matrices of gigabytes.

LAPACK's own (``spotrf`` of OpenBLAS 0.3.30 with two threads) ends with a segmentation fault at 28,558 rows. Here it
sees blocks alone, and products of matrices do the rest at the same speed.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.linalg import lapack

#: Side of a block.
SIDE = 1024


def factorise(A: np.ndarray) -> list[np.ndarray]:
    """Turn the lower triangle of a positive matrix (n, n) float32, diagonal included, into its factor L, A = L L'.

    The upper triangle is left as it is.

    Returns
    -------
    list of ndarray
        Inverses of L's blocks on the diagonal, lower triangles, which what follows is given.

    Raises
    ------
    ValueError
        Where the matrix is not positive in float32.
    """
    n, inverses = len(A), []
    for start in range(0, n, SIDE):
        stop = min(start + SIDE, n)
        done = A[start:stop, :start]
        block = np.tril(A[start:stop, start:stop])
        block -= np.tril(done @ done.T)
        lower, failed = lapack.spotrf(block, lower=1)
        if failed:
            raise ValueError("the kernel is singular in float32: a larger ridge is needed")
        inverse, _ = lapack.strtri(lower, lower=1)
        inverse = np.ascontiguousarray(np.tril(inverse))
        keep = np.triu(A[start:stop, start:stop], 1)
        A[start:stop, start:stop] = np.tril(lower) + keep
        if stop < n:
            panel = A[stop:, start:stop] - A[stop:, :start] @ done.T
            np.matmul(panel, inverse.T, out=panel)
            A[stop:, start:stop] = panel
        inverses.append(inverse)
    return inverses


def solve(A: np.ndarray, inverses: list[np.ndarray], right: np.ndarray) -> np.ndarray:
    """Solution (n, k) float32 of L L' x = right, with L in the lower triangle of `A`."""
    x = np.array(right, np.float32)
    for i, start in enumerate(range(0, len(A), SIDE)):
        at = slice(start, start + SIDE)
        x[at] = inverses[i] @ (x[at] - A[at, :start] @ x[:start])
    for i in reversed(range(len(inverses))):
        at = slice(i * SIDE, (i + 1) * SIDE)
        x[at] = inverses[i].T @ (x[at] - A[at.stop :, at].T @ x[at.stop :])
    return x


def inverse_diagonal(A: np.ndarray, inverses: list[np.ndarray]) -> np.ndarray:
    """Diagonal (n,) float64 of the inverse of L L', with L in the lower triangle of `A`.

    Squared columns of L's inverse are summed; they are solved for block by block and not kept.
    """
    found = np.zeros(len(A))
    for first, part in _columns_of_inverse(A, inverses):
        found[first : first + part.shape[1]] = np.einsum("ij,ij->j", part, part, dtype=np.float64)
    return found


def inverse_blocks(A: np.ndarray, inverses: list[np.ndarray], bounds: np.ndarray) -> list[np.ndarray]:
    """Square blocks on the diagonal of the inverse of L L', with L in the lower triangle of `A`.

    Parameters
    ----------
    A, inverses
        As `factorise` leaves and returns them.
    bounds : ndarray of int, shape (g + 1,)
        Where the blocks begin, from 0, and the end.

    Returns
    -------
    list of g ndarrays, float64
    """
    found: dict[int, np.ndarray] = {}
    for first, part in _columns_of_inverse(A, inverses):
        product, stop = part.T @ part, first + part.shape[1]
        for i in range(np.searchsorted(bounds, first), np.searchsorted(bounds, stop, "right") - 1):
            at = slice(bounds[i] - first, bounds[i + 1] - first)
            found[i] = product[at, at].astype(np.float64)
    # Of those that lie across two blocks of columns each column is solved for.
    across = [i for i in range(len(bounds) - 1) if i not in found]
    if across:
        rows = np.concatenate([np.arange(bounds[i], bounds[i + 1]) for i in across])
        units = np.zeros((len(A), len(rows)), np.float32)
        units[rows, np.arange(len(rows))] = 1
        product, start = solve(A, inverses, units)[rows].astype(np.float64), 0
        for i in across:
            at = slice(start, start + bounds[i + 1] - bounds[i])
            found[i], start = product[at, at], at.stop
    return [found[i] for i in range(len(bounds) - 1)]


def _columns_of_inverse(A: np.ndarray, inverses: list[np.ndarray]) -> Iterator[tuple[int, np.ndarray]]:
    """Some columns of L's inverse at a time, from their first row that is not 0, and where that is; not to be kept."""
    n = len(A)
    column = np.empty((n, SIDE), np.float32)
    for k, inverse in enumerate(inverses):
        first, width = k * SIDE, len(inverse)
        column[first : first + width, :width] = inverse
        for i in range(k + 1, len(inverses)):
            at = slice(i * SIDE, min((i + 1) * SIDE, n))
            column[at, :width] = inverses[i] @ -(A[at, first : at.start] @ column[first : at.start, :width])
        yield first, column[first:, :width]
