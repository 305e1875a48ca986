"""Invariances of Fisher vectors and VLAD on random sets of descriptors."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.vision.codebook import DiagonalGMM
from fer_features.vision.fisher import fisher_vectors, power_l2_normalize, vlad_vectors

quick = settings(deadline=None, max_examples=30, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)
D = 4


def random_sets(seed, p, words):
    """Sets (2, p, D), a mixture and a codebook with random parameters."""
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.2, 1, words)
    mixture = DiagonalGMM(weights / weights.sum(), rng.normal(size=(words, D)), rng.uniform(0.2, 2, (words, D)))
    return rng.normal(size=(2, p, D)).astype(np.float32), mixture, rng.normal(size=(words, D)).astype(np.float32)


def encode(x, mixture, codebook):
    return fisher_vectors(x, mixture, weight_gradients=True), vlad_vectors(x, codebook)


@quick
@given(SEEDS, st.integers(1, 30), st.integers(1, 6))
def test_invariant_to_order_of_descriptors(seed, p, words):
    x, *models = random_sets(seed, p, words)
    order = np.random.default_rng(seed).permutation(p)
    for found, expected in zip(encode(x[:, order], *models), encode(x, *models), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


@quick
@given(SEEDS, st.integers(1, 20), st.integers(1, 6), st.integers(2, 4))
def test_invariant_to_repetition_of_all_descriptors(seed, p, words, times):
    x, *models = random_sets(seed, p, words)
    for found, expected in zip(encode(np.repeat(x, times, 1), *models), encode(x, *models), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


@quick
@given(SEEDS, st.integers(1, 20), st.integers(1, 20), st.integers(1, 6))
def test_vector_of_union_is_weighted_mean_of_vectors(seed, p, q, words):
    x, *models = random_sets(seed, p + q, words)
    vectors = zip(encode(x[:, :p], *models), encode(x[:, p:], *models), encode(x, *models), strict=True)
    for first, second, union in vectors:
        np.testing.assert_allclose(union, (p * first + q * second) / (p + q), atol=1e-5)


@quick
@given(SEEDS, st.integers(1, 20), st.integers(1, 6), st.lists(st.floats(-3, 3), min_size=D, max_size=D))
def test_invariant_to_translation_of_descriptors_and_words(seed, p, words, shift):
    x, mixture, codebook = random_sets(seed, p, words)
    offset = np.float32(shift)
    translated = encode(
        x + offset, DiagonalGMM(mixture.weights, mixture.means + offset, mixture.variances), codebook + offset
    )
    for found, expected in zip(translated, encode(x, mixture, codebook), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-3)


@quick
@given(SEEDS, st.floats(0.01, 100))
def test_normalized_vector_is_invariant_to_scale(seed, factor):
    vectors = np.random.default_rng(seed).normal(size=(2, 3, 8)).astype(np.float32)
    expected = power_l2_normalize(vectors.copy())
    np.testing.assert_allclose(power_l2_normalize(np.float32(factor) * vectors), expected, atol=1e-5)
