"""Blocked Cholesky factorization in place, for kernel matrices of several gigabytes.

The factorization of LAPACK (``spotrf`` of OpenBLAS 0.3.30 with two threads) ends with a segmentation fault at 28,558
rows. Here, LAPACK factorizes blocks on the diagonal only, and matrix products do the rest at the same speed.

The functions work in the dtype of the matrix, float32 or float64.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.linalg import get_lapack_funcs

#: Rows and columns of a block.
BLOCK_SIZE = 1024


def factorize(A: np.ndarray) -> list[np.ndarray]:
    """Replace the lower triangle of a positive definite matrix by its Cholesky factor L, with A = L L'.

    Parameters
    ----------
    A : ndarray of shape (n, n), float32 or float64
        The lower triangle, including the diagonal, is read and overwritten. The part above the diagonal is neither
        read nor changed.

    Returns
    -------
    list of ndarray
        Inverses of the diagonal blocks of L, which are lower triangular. The other functions of this module need
        them.

    Raises
    ------
    ValueError
        If the matrix is not positive definite in its dtype.
    """
    potrf, trtri = get_lapack_funcs(("potrf", "trtri"), (A,))
    n, inverses = len(A), []
    for start in range(0, n, BLOCK_SIZE):
        stop = min(start + BLOCK_SIZE, n)
        done = A[start:stop, :start]
        block = np.tril(A[start:stop, start:stop])
        block -= np.tril(done @ done.T)
        lower, failed = potrf(block, lower=1)
        if failed:
            raise ValueError(f"the kernel matrix is singular in {A.dtype}: increase alpha")
        inverse, _ = trtri(lower, lower=1)
        inverse = np.ascontiguousarray(np.tril(inverse))
        upper = np.triu(A[start:stop, start:stop], 1)
        A[start:stop, start:stop] = np.tril(lower) + upper
        if stop < n:
            panel = A[stop:, start:stop] - A[stop:, :start] @ done.T
            np.matmul(panel, inverse.T, out=panel)
            A[stop:, start:stop] = panel
        inverses.append(inverse)
    return inverses


def solve(A: np.ndarray, inverses: list[np.ndarray], right: np.ndarray) -> np.ndarray:
    """Solve L L' x = right.

    Parameters
    ----------
    A : ndarray of shape (n, n)
        Lower triangle holds L, as `factorize` leaves it.
    inverses : list of ndarray
        As returned by `factorize`.
    right : ndarray of shape (n, k)

    Returns
    -------
    ndarray of shape (n, k), dtype of `A`
    """
    x = np.array(right, A.dtype)
    for i, start in enumerate(range(0, len(A), BLOCK_SIZE)):
        at = slice(start, start + BLOCK_SIZE)
        x[at] = inverses[i] @ (x[at] - A[at, :start] @ x[:start])
    for i in reversed(range(len(inverses))):
        at = slice(i * BLOCK_SIZE, (i + 1) * BLOCK_SIZE)
        x[at] = inverses[i].T @ (x[at] - A[at.stop :, at].T @ x[at.stop :])
    return x


def inverse_diagonal(A: np.ndarray, inverses: list[np.ndarray]) -> np.ndarray:
    """Compute the diagonal of the inverse of L L'.

    Parameters
    ----------
    A, inverses
        As `factorize` leaves and returns them.

    Returns
    -------
    ndarray of shape (n,), float64

    Notes
    -----
    The diagonal of the inverse is the sum of the squared columns of the inverse of L. These columns are computed block
    by block and not stored.
    """
    diagonal = np.zeros(len(A))
    for first, columns in _columns_of_inverse(A, inverses):
        diagonal[first : first + columns.shape[1]] = np.einsum("ij,ij->j", columns, columns, dtype=np.float64)
    return diagonal


def inverse_blocks(A: np.ndarray, inverses: list[np.ndarray], bounds: np.ndarray) -> list[np.ndarray]:
    """Compute square blocks on the diagonal of the inverse of L L'.

    Parameters
    ----------
    A, inverses
        As `factorize` leaves and returns them.
    bounds : ndarray of int, shape (g + 1,)
        First row of each of the g blocks, starting with 0, and the number of rows.

    Returns
    -------
    list of g ndarrays, float64
    """
    found: dict[int, np.ndarray] = {}
    for first, columns in _columns_of_inverse(A, inverses):
        product, stop = columns.T @ columns, first + columns.shape[1]
        for i in range(np.searchsorted(bounds, first), np.searchsorted(bounds, stop, "right") - 1):
            at = slice(bounds[i] - first, bounds[i + 1] - first)
            found[i] = product[at, at].astype(np.float64)
    # A block that spans several blocks of columns is solved for column by column.
    spanning = [i for i in range(len(bounds) - 1) if i not in found]
    if spanning:
        rows = np.concatenate([np.arange(bounds[i], bounds[i + 1]) for i in spanning])
        units = np.zeros((len(A), len(rows)), A.dtype)
        units[rows, np.arange(len(rows))] = 1
        product, start = solve(A, inverses, units)[rows].astype(np.float64), 0
        for i in spanning:
            at = slice(start, start + bounds[i + 1] - bounds[i])
            found[i], start = product[at, at], at.stop
    return [found[i] for i in range(len(bounds) - 1)]


def _columns_of_inverse(A: np.ndarray, inverses: list[np.ndarray]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the first row that is not 0, and the columns of a block of the inverse of L from that row on.

    The array is overwritten in the next iteration.
    """
    n = len(A)
    column = np.empty((n, BLOCK_SIZE), A.dtype)
    for k, inverse in enumerate(inverses):
        first, width = k * BLOCK_SIZE, len(inverse)
        column[first : first + width, :width] = inverse
        for i in range(k + 1, len(inverses)):
            at = slice(i * BLOCK_SIZE, min((i + 1) * BLOCK_SIZE, n))
            column[at, :width] = inverses[i] @ -(A[at, first : at.start] @ column[first : at.start, :width])
        yield first, column[first:, :width]
