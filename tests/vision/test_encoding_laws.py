"""Laws of sets of descriptors and of where they come from: order and repetition do not matter, OpenCV agrees."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.vision.codebook import _largest
from fer_features.vision.fisher import Mixture, fisher_vectors, improve, vlad_vectors
from fer_features.vision.sift import dense_sift

quick = settings(deadline=None, max_examples=30, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)
D = 4


def drawn(seed, p, words):
    """Sets (2, p, D), a mixture and a codebook of random words."""
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.2, 1, words)
    mixture = Mixture(weights / weights.sum(), rng.normal(size=(words, D)), rng.uniform(0.2, 2, (words, D)))
    return rng.normal(size=(2, p, D)).astype(np.float32), mixture, rng.normal(size=(words, D)).astype(np.float32)


def encoded(x, mixture, codebook):
    return fisher_vectors(x, mixture, priors=True), vlad_vectors(x, codebook)


@quick
@given(SEEDS, st.integers(1, 30), st.integers(1, 6))
def test_descriptors_in_another_order_are_encoded_the_same(seed, p, words):
    x, *models = drawn(seed, p, words)
    order = np.random.default_rng(seed).permutation(p)
    for found, expected in zip(encoded(x[:, order], *models), encoded(x, *models), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


@quick
@given(SEEDS, st.integers(1, 20), st.integers(1, 6), st.integers(2, 4))
def test_descriptors_that_are_all_repeated_are_encoded_the_same(seed, p, words, times):
    x, *models = drawn(seed, p, words)
    for found, expected in zip(encoded(np.repeat(x, times, 1), *models), encoded(x, *models), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


@quick
@given(SEEDS, st.integers(1, 20), st.integers(1, 20), st.integers(1, 6))
def test_the_vector_of_two_sets_together_is_the_mean_of_theirs_by_size(seed, p, q, words):
    x, *models = drawn(seed, p + q, words)
    parts = zip(encoded(x[:, :p], *models), encoded(x[:, p:], *models), encoded(x, *models), strict=True)
    for first, second, both in parts:
        np.testing.assert_allclose(both, (p * first + q * second) / (p + q), atol=1e-5)


@quick
@given(SEEDS, st.integers(1, 20), st.integers(1, 6), st.lists(st.floats(-3, 3), min_size=D, max_size=D))
def test_descriptors_moved_with_their_words_are_encoded_the_same(seed, p, words, shift):
    x, mixture, codebook = drawn(seed, p, words)
    by = np.float32(shift)
    moved = encoded(x + by, Mixture(mixture.weights, mixture.means + by, mixture.variances), codebook + by)
    for found, expected in zip(moved, encoded(x, mixture, codebook), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-3)


@quick
@given(SEEDS, st.floats(0.01, 100))
def test_an_improved_vector_is_that_of_any_multiple(seed, factor):
    vectors = np.random.default_rng(seed).normal(size=(2, 3, 8)).astype(np.float32)
    expected = improve(vectors.copy())
    np.testing.assert_allclose(improve(np.float32(factor) * vectors), expected, atol=1e-5)


@pytest.mark.parametrize("b", [4, 6])
def test_dense_sift_is_that_of_opencv_at_the_same_points_and_scale_on_photographs(photographs, b):
    # OpenCV smooths by 1.6 less the 0.5 that it takes a picture to have, and rounds to bytes.
    for picture in photographs[:3]:  # the moon is too smooth for bytes
        image = np.ascontiguousarray(picture[:121, :121])[None]
        found, positions = dense_sift(image, (b,), 8, blur=(1.6**2 - 0.5**2) ** 0.5)
        np.testing.assert_array_equal(positions, positions.round())
        points = [cv2.KeyPoint(float(x), float(y), b / 1.5, 0) for x, y in positions]
        expected = cv2.SIFT_create().compute(image[0], points)[1]
        expected /= np.maximum(np.linalg.norm(expected, axis=-1, keepdims=True), 1e-9)
        lit = np.linalg.norm(found, axis=-1) > 0.5
        assert np.corrcoef(found[0][lit[0]].ravel(), expected[lit[0]].ravel())[0, 1] > 0.999
        assert lit.mean() > 0.7


def test_the_largest_eigenvalues_of_a_large_matrix_are_found_on_a_subspace():
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(1200, 1500)) * np.arange(1, 1501) ** -0.5).astype(np.float32)
    values, vectors = _largest(x @ x.T, 60)
    exact, directions = np.linalg.eigh(x @ x.T)
    np.testing.assert_allclose(values[:40], exact[::-1][:40], rtol=5e-3)
    assert values.sum() > 0.998 * exact[::-1][:60].sum()
    assert np.linalg.norm(vectors.T @ directions[:, ::-1][:, :60]) ** 2 / 60 > 0.95
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(60), atol=1e-3)
