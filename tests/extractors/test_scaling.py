"""Scaling of blocks: independent of units, and safe for features that hardly vary."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.extractors import scaling
from fer_features.extractors.scaling import fit_block_scaling

each_scale = pytest.mark.parametrize("scale", ["standardize", "block"])


@each_scale
def test_scaling_does_not_depend_on_the_unit_of_a_block(scale):
    block = np.random.default_rng(0).normal(2, [1, 5, 0.5], (50, 3)).astype(np.float32)
    one, two = ((b - m) / s for b in (block, 1000 * block + 7) for m, s in [fit_block_scaling(b, scale)])
    np.testing.assert_allclose(one, two, atol=1e-3)


def test_block_keeps_and_standardize_removes_the_relative_variance_of_features():
    block = np.random.default_rng(0).normal(0, [1, 10], (500, 2)).astype(np.float32)
    ratios = {}
    for scale in ("standardize", "block"):
        mean, divisor = fit_block_scaling(block, scale)
        std = ((block - mean) / divisor).std(0)
        ratios[scale] = std[1] / std[0]
    assert ratios["standardize"] == pytest.approx(1, rel=1e-4)
    assert ratios["block"] == pytest.approx(block[:, 1].std() / block[:, 0].std(), rel=1e-4)


@each_scale
@settings(deadline=None, max_examples=40, derandomize=True)
@given(n=st.integers(3, 12), varying=st.integers(1, 8), constant=st.integers(1, 40), level=st.floats(0, 100))
def test_constant_features_are_zero_and_do_not_change_the_total_variance(scale, n, varying, constant, level):
    rng = np.random.default_rng(n)
    block = np.concatenate([rng.normal(size=(n, varying)), np.full((n, constant), level)], 1).astype(np.float32)
    mean, divisor = fit_block_scaling(block, scale)
    scaled = (block - mean) / divisor
    assert np.isfinite(scaled).all()
    assert (scaled[:, varying:] == 0).all()
    assert scaled.var(0, dtype=np.float64).sum() == pytest.approx(1, rel=0.01)


@pytest.mark.parametrize("scale", ["standardize", "block", "none"])
@pytest.mark.parametrize("n", [1, 5])
def test_block_without_variance_is_only_centred(scale, n):
    mean, divisor = fit_block_scaling(np.full((n, 3), 0.1, np.float32), scale)
    assert (divisor == 1).all()
    assert (mean == np.float32(0 if scale == "none" else 0.1)).all()


def test_feature_that_hardly_varies_in_training_does_not_become_large():
    block = np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)
    block[:, 3] *= 1e-6
    mean, divisor = fit_block_scaling(block, "standardize")
    assert abs((1.0 - mean[3]) / divisor[3]) < 101  # a test sample that differs by 1, as in other features


@each_scale
def test_images_and_mirror_images_have_a_common_mean_and_scale(scale):
    pairs = np.random.default_rng(0).normal(size=(9, 2, 5)).astype(np.float32)
    expected = fit_block_scaling(pairs.reshape(18, 5), scale)
    for a, b in zip(fit_block_scaling(pairs, scale), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_size_of_the_chunks_does_not_matter(monkeypatch):
    block = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    expected = fit_block_scaling(block, "standardize")
    monkeypatch.setattr(scaling, "ENTRIES_PER_CHUNK", 12)
    for a, b in zip(fit_block_scaling(block, "standardize"), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
