"""The factorisation in blocks against LAPACK's, with blocks that do and do not fill the matrix."""

import numpy as np
import pytest

from fer_features.classifiers.kernel_ridge import cholesky


@pytest.mark.parametrize("n", [1, 5, 8, 29, 40])
def test_factor_solution_and_diagonal_of_the_inverse_are_numpy_s(n, monkeypatch):
    monkeypatch.setattr(cholesky, "SIDE", 8)
    X = np.random.default_rng(n).normal(size=(n, n + 3))
    A = X @ X.T / n + np.eye(n)
    upper = np.random.default_rng(0).normal(size=(n, n)).astype(np.float32)
    given = np.tril(A).astype(np.float32) + np.triu(upper, 1)
    inverses = cholesky.factorise(given)
    np.testing.assert_allclose(np.tril(given), np.linalg.cholesky(A), atol=1e-5)
    np.testing.assert_array_equal(np.triu(given, 1), np.triu(upper, 1))
    right = np.random.default_rng(1).normal(size=(n, 3))
    np.testing.assert_allclose(cholesky.solve(given, inverses, right), np.linalg.solve(A, right), atol=1e-4)
    np.testing.assert_allclose(cholesky.inverse_diagonal(given, inverses), np.linalg.inv(A).diagonal(), rtol=1e-4)


@pytest.mark.parametrize("sides", [[3] * 8, [1, 7, 2, 10, 4], [24], [1] * 24], ids=str)
def test_blocks_of_the_inverse_are_numpy_s_wherever_they_lie(sides, monkeypatch):
    monkeypatch.setattr(cholesky, "SIDE", 8)
    X = np.random.default_rng(0).normal(size=(24, 30))
    A = X @ X.T / 24 + np.eye(24)
    given, bounds = A.astype(np.float32), np.cumsum([0, *sides])
    blocks = cholesky.inverse_blocks(given, cholesky.factorise(given), bounds)
    assert len(blocks) == len(sides)
    for block, start, stop in zip(blocks, bounds[:-1], bounds[1:], strict=True):
        np.testing.assert_allclose(block, np.linalg.inv(A)[start:stop, start:stop], atol=1e-4)


def test_a_matrix_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="larger ridge"):
        cholesky.factorise(-np.eye(3, dtype=np.float32))
