"""Blocked Cholesky factorization against that of NumPy, for sizes that do and do not fill the blocks."""

import numpy as np
import pytest

from fer_features.classifiers.kernel_ridge import cholesky

dtypes = pytest.mark.parametrize(("dtype", "tol"), [(np.float32, 1e-4), (np.float64, 1e-12)])


@pytest.mark.parametrize("n", [1, 5, 8, 29, 40])
@dtypes
def test_factor_solution_and_diagonal_of_inverse_are_those_of_numpy(n, dtype, tol, monkeypatch):
    monkeypatch.setattr(cholesky, "BLOCK_SIZE", 8)
    X = np.random.default_rng(n).normal(size=(n, n + 3))
    A = X @ X.T / n + np.eye(n)
    upper = np.random.default_rng(0).normal(size=(n, n)).astype(dtype)
    given = np.tril(A).astype(dtype) + np.triu(upper, 1)
    inverses = cholesky.factorize(given)
    np.testing.assert_allclose(np.tril(given), np.linalg.cholesky(A), atol=tol / 10)
    np.testing.assert_array_equal(np.triu(given, 1), np.triu(upper, 1))
    right = np.random.default_rng(1).normal(size=(n, 3))
    found = cholesky.solve(given, inverses, right)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, np.linalg.solve(A, right), atol=tol)
    np.testing.assert_allclose(cholesky.inverse_diagonal(given, inverses), np.linalg.inv(A).diagonal(), rtol=tol)


@pytest.mark.parametrize("sizes", [[3] * 8, [1, 7, 2, 10, 4], [24], [1] * 24], ids=str)
@dtypes
def test_blocks_of_inverse_are_those_of_numpy_wherever_they_are(sizes, dtype, tol, monkeypatch):
    monkeypatch.setattr(cholesky, "BLOCK_SIZE", 8)
    X = np.random.default_rng(0).normal(size=(24, 30))
    A = X @ X.T / 24 + np.eye(24)
    given, bounds = A.astype(dtype), np.cumsum([0, *sizes])
    blocks = cholesky.inverse_blocks(given, cholesky.factorize(given), bounds)
    assert len(blocks) == len(sizes)
    for block, start, stop in zip(blocks, bounds[:-1], bounds[1:], strict=True):
        np.testing.assert_allclose(block, np.linalg.inv(A)[start:stop, start:stop], atol=tol)


def test_matrix_that_is_not_positive_definite_is_refused():
    with pytest.raises(ValueError, match="increase alpha"):
        cholesky.factorize(-np.eye(3, dtype=np.float32))
