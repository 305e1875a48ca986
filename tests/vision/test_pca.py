"""Properties of principal component analyses: equality with scikit-learn, accuracy of subspace iteration."""

import numpy as np
from sklearn.decomposition import PCA

from fer_features.vision.pca import fit_dual_pca, fit_pca, largest_eigenpairs


def correlated(m, d, seed=0):
    rng = np.random.default_rng(seed)
    return ((rng.normal(size=(m, d)) * np.arange(1, d + 1)) @ rng.normal(size=(d, d)) + 3).astype(np.float32)


def test_pca_equals_scikit_learn():
    x = correlated(10_000, 9)
    mean, basis = fit_pca(x, 4)
    expected = PCA(4).fit(x)
    np.testing.assert_allclose(mean, expected.mean_, rtol=1e-4)
    np.testing.assert_allclose(np.abs((basis * expected.components_.T).sum(0)), 1, atol=1e-5)
    np.testing.assert_allclose(basis.T @ basis, np.eye(4), atol=1e-6)


def test_dual_pca_equals_scikit_learn():
    x = correlated(20, 50)
    mean, basis = fit_dual_pca(x, 4)
    expected = PCA(4).fit(x)
    np.testing.assert_allclose(mean, expected.mean_, rtol=1e-4)
    np.testing.assert_allclose(np.abs((basis * expected.components_.T).sum(0)), 1, atol=1e-4)
    np.testing.assert_allclose(basis.T @ basis, np.eye(4), atol=1e-4)


def test_dual_pca_omits_directions_without_variance():
    x = np.repeat(correlated(5, 50), 4, axis=0)
    assert fit_dual_pca(x, 10)[1].shape == (50, 4)


def test_largest_eigenpairs_of_large_matrix_by_subspace_iteration():
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(1000, 1500)) * np.arange(1, 1501) ** -0.5).astype(np.float32)
    values, vectors = largest_eigenpairs(x @ x.T, 60)
    exact, directions = np.linalg.eigh(x @ x.T)
    np.testing.assert_allclose(values[:40], exact[::-1][:40], rtol=5e-3)
    assert values.sum() > 0.998 * exact[::-1][:60].sum()
    assert np.linalg.norm(vectors.T @ directions[:, ::-1][:, :60]) ** 2 / 60 > 0.95
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(60), atol=1e-3)
