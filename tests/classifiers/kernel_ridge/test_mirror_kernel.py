"""The mirror-invariant kernel is a mean of RBF kernels."""

import numpy as np
import pytest

from fer_features.classifiers.kernel_ridge.mirror_kernel import EvenOdd, LazyPart, rbf_kernel_block, split_even_odd

from ..toy_features import clouds


def mirrored(X):
    """Features of the mirror images: the mirror image of each is the image."""
    return np.concatenate([X[:, X.shape[1] // 2 :], X[:, : X.shape[1] // 2]], 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_mirror_kernel_is_mean_over_image_and_mirror_image(dtype):
    X = clouds(40, 12)[0].astype(dtype)
    parts = split_even_odd(X)
    K = np.empty((40, 40), dtype)
    norms = parts.squared_norms()
    rbf_kernel_block(parts, parts, 0.1, (norms, norms), K)
    # The squared distances of the parts sum to |f - f'|^2 + |f_m - f_m'|^2.
    to_image = ((X[:, None] - X) ** 2).sum(2)
    to_mirror_image = ((X[:, None] - mirrored(X)) ** 2).sum(2)
    expected = (np.exp(-0.1 * to_image) + np.exp(-0.1 * to_mirror_image)) / 2
    np.testing.assert_allclose(K, expected, rtol=1e-4 if dtype == np.float32 else 1e-12)
    assert np.linalg.eigvalsh(K.astype(float)).min() > -1e-5


def test_mean_squared_distance_is_the_mean_over_pairs():
    X = clouds(30, 12)[0]
    parts = EvenOdd(X[:, :7], X[:, 7:])
    images = (X, X * np.where(np.arange(12) < 7, 1, -1))
    distances = sum(((X[:, None] - other) ** 2).sum(2) for other in images) / 2
    # The distance of an image to its own mirror image does not count.
    np.fill_diagonal(distances, 0)
    assert parts.mean_squared_distance() == pytest.approx(distances.sum() / (30 * 29), rel=1e-5)


@pytest.mark.parametrize("with_odd", [False, True])
def test_weighted_mean_squared_distance_counts_repetitions(with_odd):
    X = clouds(30, 12)[0].astype(np.float64)
    weight = np.random.default_rng(0).integers(1, 5, 30).astype(float)
    parts = EvenOdd(X[:, :7], X[:, 7:] if with_odd else None)
    repeated = parts[np.repeat(np.arange(30), weight.astype(int))]
    expected = repeated.mean_squared_distance()
    assert parts.mean_squared_distance(weight) == pytest.approx(expected, rel=1e-12)
    assert parts.mean_squared_distance(np.ones(30)) == pytest.approx(parts.mean_squared_distance(), rel=1e-12)


def test_parts_are_computed_for_the_slices_that_are_read():
    X = clouds(20, 12)[0]
    even, odd = LazyPart(X, 1), LazyPart(X, -1)
    assert even.shape == odd.shape == (20, 6)
    full = split_even_odd(X)
    np.testing.assert_array_equal(even[3:7], full.even[3:7])
    np.testing.assert_array_equal(odd[:, 2:4], full.odd[:, 2:4])
