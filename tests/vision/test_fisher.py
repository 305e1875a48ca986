"""Properties of Fisher vectors and VLAD: equality with scikit-image, spatial cells, approximations."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.feature import fisher_vector
from sklearn.mixture import GaussianMixture

from fer_features.vision.codebook import DiagonalGMM, fit_mixture, nearest_words
from fer_features.vision.fisher import fisher_vectors, grid_cell_weights, power_l2_normalize, vlad_vectors
from fer_features.vision.pca import fit_pca
from fer_features.vision.sift import dense_sift


def blobs(m, d=5, n_blobs=4, seed=0, std=0.3):
    rng = np.random.default_rng(seed)
    means = np.random.default_rng(99).normal(size=(n_blobs, d))
    return (means[rng.integers(n_blobs, size=m)] + std * rng.normal(size=(m, d))).astype(np.float32)


def from_sklearn(model):
    return DiagonalGMM(model.weights_, model.means_, model.covariances_)


@pytest.fixture(scope="module")
def model():
    return GaussianMixture(6, covariance_type="diag", random_state=0).fit(blobs(3000))


@pytest.mark.parametrize("p", [1, 40, 1500])
def test_equals_scikit_image(model, p):
    sets = np.array([blobs(p, seed=s) for s in range(3)])
    found = fisher_vectors(sets, from_sklearn(model), weight_gradients=True, min_relative_posterior=0)[:, 0]
    exact = sets.astype(float)  # on float32 input the error of scikit-image is 2e-5
    np.testing.assert_allclose(found, [fisher_vector(x, model) for x in exact], atol=1e-5, rtol=1e-5)
    expected = [fisher_vector(x, model, improved=True) for x in exact]
    # The slope of the square root is infinite at 0, so the tolerance is larger for small values.
    np.testing.assert_allclose(power_l2_normalize(found), expected, atol=1e-4)
    large = np.abs(expected) > 0.03
    np.testing.assert_allclose(power_l2_normalize(found)[large], np.array(expected)[large], atol=1e-5)
    default = fisher_vectors(sets, from_sklearn(model), min_relative_posterior=0)[:, 0]
    np.testing.assert_array_equal(default, found[:, 6:])


def test_equals_scikit_image_on_descriptors_of_real_faces(kdef):
    faces = np.ascontiguousarray(kdef["images"][::200, 40:136, 48:144])
    descriptors, _ = dense_sift(faces, (4, 6), 4, rootsift=True)
    mean, basis = fit_pca(descriptors[:, ::7].reshape(-1, 128), 32)
    x = (descriptors - mean) @ basis
    model = GaussianMixture(16, covariance_type="diag", random_state=0).fit(x[:, ::7].reshape(-1, 32))
    found, exact = (
        fisher_vectors(x, from_sklearn(model), weight_gradients=True, min_relative_posterior=0)[:, 0],
        x.astype(float),
    )
    np.testing.assert_allclose(found, [fisher_vector(s, model) for s in exact], atol=1e-5)
    np.testing.assert_allclose(
        power_l2_normalize(found), [fisher_vector(s, model, improved=True) for s in exact], atol=1e-5
    )


@pytest.mark.parametrize(("minimum", "max_error"), [(1e-4, 1e-3), (1e-3, 1e-2), (1e-2, 0.05)])
@pytest.mark.parametrize("grid", [1, 3])
def test_error_of_ignoring_improbable_words_is_small(minimum, max_error, grid):
    images = blurred_noise(6)
    descriptors, positions = dense_sift(images, (4, 6), 4, rootsift=True)
    mean, basis = fit_pca(descriptors.reshape(-1, 128), 32)
    x = (descriptors - mean) @ basis
    mixture, cells = fit_mixture(x.reshape(-1, 32), 24), grid_cell_weights(positions, 64, 64, grid)
    exact = fisher_vectors(x, mixture, cells, weight_gradients=True, min_relative_posterior=0)
    found = fisher_vectors(x, mixture, cells, weight_gradients=True, min_relative_posterior=minimum)
    assert (np.linalg.norm(found - exact, axis=-1) < max_error * np.linalg.norm(exact, axis=-1)).all()
    assert not np.array_equal(found, exact)


def test_minimum_posterior_below_all_posteriors_gives_exact_vector(model):
    sets = np.array([blobs(40, seed=s) for s in range(3)])
    cells = np.random.default_rng(0).uniform(size=(40, 4)) * [1, 1, 0, 3]
    for cell_weights in (None, cells):
        exact = fisher_vectors(sets, from_sklearn(model), cell_weights, weight_gradients=True, min_relative_posterior=0)
        found = fisher_vectors(
            sets, from_sklearn(model), cell_weights, weight_gradients=True, min_relative_posterior=1e-30
        )
        np.testing.assert_allclose(found, exact, atol=2e-5, rtol=1e-4)


def test_minimum_relative_posterior_of_1_is_hard_assignment_to_most_probable_word(model):
    x, mixture = blobs(60), from_sklearn(model)
    most_probable = model.predict(x)
    expected = np.zeros((2, 6, 5))
    for row, word in zip(x.astype(float), most_probable, strict=True):
        z = (row - mixture.means[word]) / np.sqrt(mixture.variances[word])
        expected[0, word] += z / np.sqrt(mixture.weights[word]) / 60
        expected[1, word] += (1 - z**2) / np.sqrt(2 * mixture.weights[word]) / 60
    found = fisher_vectors(x[None], mixture, min_relative_posterior=1).reshape(2, 6, 5)
    np.testing.assert_allclose(found, expected, atol=1e-5, rtol=1e-5)


def blurred_noise(n):
    rng = np.random.default_rng(0)
    images = np.array([cv2.GaussianBlur(rng.normal(size=(64, 64)), (0, 0), 2) for _ in range(n)])
    return np.clip(128 + 45 * images / images.std(), 0, 255).astype(np.uint8)


def test_fisher_vector_of_training_sample_is_zero():
    # The gradient of the likelihood is 0 at its maximum.
    x = blobs(4000)
    mixture = fit_mixture(x, 4, max_iter=300, tol=0)
    assert np.abs(fisher_vectors(x[None], mixture, weight_gradients=True)).max() < 2e-3
    assert np.abs(fisher_vectors(x[None] + np.float32(0.1), mixture)).max() > 0.05


def test_cells_are_independent_sets_and_weights_are_repetitions(model):
    mixture, x = from_sklearn(model), np.array([blobs(30, seed=s) for s in range(2)])
    cells = np.zeros((30, 3), np.float32)
    cells[:12, 0], cells[20:, 1] = 1, 1
    for encode, vocabulary in ((fisher_vectors, mixture), (vlad_vectors, model.means_)):
        found = encode(x, vocabulary, cells)
        np.testing.assert_allclose(found[:, 0], encode(x[:, :12], vocabulary)[:, 0], atol=1e-5)
        np.testing.assert_allclose(found[:, 1], encode(x[:, 20:], vocabulary)[:, 0], atol=1e-5)
        assert (found[:, 2] == 0).all()
        times = np.random.default_rng(0).integers(0, 4, 30)
        weighted = encode(x, vocabulary, times[:, None] / 7)
        np.testing.assert_allclose(weighted, encode(np.repeat(x, times, 1), vocabulary), atol=1e-5)
        np.testing.assert_allclose(encode(x[:, ::-1], vocabulary), encode(x, vocabulary), atol=1e-5)
    assert (fisher_vectors(x, mixture, cells, weight_gradients=True)[:, 2] == 0).all()


def test_result_does_not_depend_on_batch(model):
    sets = np.array([blobs(50, seed=s) for s in range(4)])
    batch = fisher_vectors(sets, from_sklearn(model))
    for i in range(4):
        np.testing.assert_array_equal(fisher_vectors(sets[[i]], from_sklearn(model))[0], batch[i])


def test_descriptor_far_from_all_words_has_finite_vector(model):
    assert np.isfinite(fisher_vectors(np.full((1, 3, 5), 100, np.float32), from_sklearn(model))).all()


def test_vlad_is_mean_of_residuals_to_nearest_word():
    x, codebook = blobs(200), blobs(5, seed=8)
    expected = np.zeros((5, 5))
    for row in x:
        word = ((codebook - row) ** 2).sum(1).argmin()
        expected[word] += (row - codebook[word]) / len(x)
    np.testing.assert_allclose(vlad_vectors(x[None], codebook)[0, 0], expected.ravel(), atol=1e-6)


def test_vlad_of_words_is_zero():
    codebook = blobs(6)
    assert (vlad_vectors(codebook[None], codebook) == 0).all()
    np.testing.assert_array_equal(nearest_words(codebook, codebook), np.arange(6))


@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.integers(1, 6), st.integers(10, 60), st.integers(10, 60), st.booleans())
def test_weights_of_position_sum_to_1_and_mirrored_position_has_mirrored_weights(grid, height, width, soft):
    rng = np.random.default_rng(height)
    positions = rng.uniform(0, [width - 1, height - 1], (20, 2))
    cells = grid_cell_weights(positions, height, width, grid, soft)
    assert cells.shape == (20, grid * grid)
    np.testing.assert_allclose(cells.sum(1), 1, rtol=1e-6)
    assert ((cells > 0).sum(1) <= (4 if soft else 1)).all()
    mirrored = grid_cell_weights([width - 1, 0] + positions * [-1, 1], height, width, grid, soft)
    expected = cells.reshape(20, grid, grid)[:, :, ::-1].reshape(20, -1)
    np.testing.assert_allclose(mirrored, expected, atol=1e-6)


def test_hard_assignment_to_containing_cell_and_soft_assignment_to_nearest_centres():
    positions = np.stack(np.meshgrid(np.arange(12), np.arange(6)), -1).reshape(-1, 2)
    hard = grid_cell_weights(positions, 6, 12, 3, soft_assignment=False).reshape(6, 12, 3, 3)
    expected = np.zeros_like(hard)
    for r in range(3):
        for c in range(3):
            expected[2 * r : 2 * r + 2, 4 * c : 4 * c + 4, r, c] = 1
    np.testing.assert_array_equal(hard, expected)
    soft = grid_cell_weights(np.array([[5.5, 2.5], [3.5, 2.5]]), 6, 12, 3)
    np.testing.assert_allclose(soft[0], np.arange(9) == 4)
    np.testing.assert_allclose(soft[1], 0.5 * np.isin(np.arange(9), [3, 4]))


def test_normalized_vectors_have_length_one_and_keep_signs():
    vectors = np.random.default_rng(0).normal(size=(3, 2, 10)).astype(np.float32)
    vectors[1, 1] = 0
    found = power_l2_normalize(vectors)
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), [[1, 1], [1, 0], [1, 1]], rtol=1e-6)
    np.testing.assert_array_equal(np.sign(found), np.sign(vectors))


def test_constant_columns_have_finite_vectors():
    x = np.concatenate([blobs(500), np.ones((500, 1), np.float32)], 1)
    assert np.isfinite(fisher_vectors(x[None], fit_mixture(x, 3))).all()
