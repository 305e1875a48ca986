"""Principal components of even and odd parts."""

import pickle

import numpy as np
import pytest

from fer_features.classifiers.kernel_ridge import reduction
from fer_features.classifiers.kernel_ridge.mirror_kernel import LazyPart
from fer_features.classifiers.kernel_ridge.reduction import EvenOddReduction, principal_components

from ..toy_features import clouds

shapes = pytest.mark.parametrize(("n", "d"), [(200, 12), (15, 40)])


def features(n, d, dtype=np.float32):
    rng = np.random.default_rng(0)
    return (rng.normal(size=(n, d)) * np.linspace(3, 0.2, d) + 1).astype(dtype)


@shapes
@pytest.mark.parametrize("center", [True, False])
def test_components_are_the_singular_vectors(n, d, center):
    X = features(n, d)
    mean, components = principal_components(X, 5, center)
    np.testing.assert_allclose(mean, X.mean(0) if center else 0, atol=1e-5)
    theirs = np.linalg.svd(X - mean)[2][:5]
    np.testing.assert_allclose(np.abs(theirs @ components), np.eye(5), atol=2e-3)


@shapes
@pytest.mark.parametrize("center", [True, False])
def test_weighted_components_are_those_of_repeated_samples(n, d, center, monkeypatch):
    monkeypatch.setattr(reduction, "BLOCK_ENTRIES", 100)  # several blocks
    X = features(n, d, np.float64)
    weight = np.random.default_rng(1).integers(1, 4, n)
    mean, components = principal_components(X, 5, center, weight.astype(float))
    theirs = principal_components(X.repeat(weight, 0), 5, center)
    np.testing.assert_allclose(mean, theirs[0], rtol=1e-12)
    np.testing.assert_allclose(components, theirs[1], atol=1e-8)


def test_directions_without_variance_are_omitted():
    X = features(50, 3)[:, [0, 1, 2, 2, 1]]
    assert principal_components(X, 5, True)[1].shape == (5, 3)


def test_components_of_a_lazy_part_are_those_of_the_part():
    X = clouds(60, 12)[0]
    for sign in (1, -1):
        lazy = LazyPart(X, sign)
        for a, b in zip(principal_components(lazy, 4, True), principal_components(lazy[:], 4, True), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("block_entries", [1 << 24, 50])
def test_reduction_scales_by_a_power_of_two_and_is_the_same_in_blocks(block_entries, monkeypatch):
    X = clouds(60, 12)[0]
    expected = EvenOddReduction(True, 4, 3, True).fit_transform(X)
    monkeypatch.setattr(reduction, "BLOCK_ENTRIES", block_entries)
    model = EvenOddReduction(True, 4, 3, True)
    samples = model.fit_transform(X)
    assert np.log2(model.scale_).is_integer()
    assert 512 <= max(np.abs(samples.even).max(), np.abs(samples.odd).max()) <= 1024
    assert samples.even.shape == (60, 4)
    assert samples.odd.shape == (60, 3)
    np.testing.assert_allclose(samples.even, expected.even, rtol=1e-2, atol=0.2)
    np.testing.assert_allclose(model.transform(X).even, samples.even, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pickled_reduction_is_the_same_in_half_the_size(dtype):
    X = clouds(300, 400)[0].astype(dtype)
    sizes = []
    for store_float16 in (False, True):
        model = EvenOddReduction(True, 90, 80, store_float16)
        samples = model.fit_transform(X)
        pickled = pickle.dumps(model)
        loaded = pickle.loads(pickled)
        assert loaded.even_[1].dtype == loaded.odd_[1].dtype == dtype
        np.testing.assert_array_equal(loaded.transform(X).odd, samples.odd)
        sizes.append(len(pickled))
    assert sizes[1] < 0.6 * sizes[0]
