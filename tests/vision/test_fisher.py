"""Laws of Fisher vectors and VLAD: equal to scikit-image's, cells are sets of their own, mixtures are found again."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.feature import fisher_vector
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

from fer_features.vision.codebook import Mixture, fit_codebook, fit_mixture, fit_pca, nearest
from fer_features.vision.fisher import fisher_vectors, grid_cells, improve, vlad_vectors
from fer_features.vision.sift import dense_sift


def blobs(m, d=5, words=4, seed=0, spread=0.3):
    rng = np.random.default_rng(seed)
    means = np.random.default_rng(99).normal(size=(words, d))
    return (means[rng.integers(words, size=m)] + spread * rng.normal(size=(m, d))).astype(np.float32)


def of_sklearn(model):
    return Mixture(model.weights_, model.means_, model.covariances_)


@pytest.fixture(scope="module")
def learnt():
    return GaussianMixture(6, covariance_type="diag", random_state=0).fit(blobs(3000))


@pytest.mark.parametrize("p", [1, 40, 1500])
def test_equals_scikit_image(learnt, p):
    sets = np.array([blobs(p, seed=s) for s in range(3)])
    found = fisher_vectors(sets, of_sklearn(learnt), priors=True, floor=0)[:, 0]
    exact = sets.astype(float)  # of float32, scikit-image's own error is 2e-5: it squares and sums in it
    np.testing.assert_allclose(found, [fisher_vector(x, learnt) for x in exact], atol=1e-5, rtol=1e-5)
    expected = [fisher_vector(x, learnt, improved=True) for x in exact]
    # The root is infinitely steep at 0: what is nearly 0 there is compared less strictly.
    np.testing.assert_allclose(improve(found), expected, atol=1e-4)
    large = np.abs(expected) > 0.03
    np.testing.assert_allclose(improve(found)[large], np.array(expected)[large], atol=1e-5)
    without = fisher_vectors(sets, of_sklearn(learnt), floor=0)[:, 0]
    np.testing.assert_array_equal(without, found[:, 6:])


def test_equals_scikit_image_on_the_descriptors_of_real_faces(kdef):
    faces = np.ascontiguousarray(kdef["images"][::100, 40:168, 48:176])
    descriptors, _ = dense_sift(faces, (4, 6), 4, root=True)
    mean, basis = fit_pca(descriptors[:, ::7].reshape(-1, 128), 32)
    x = (descriptors - mean) @ basis
    model = GaussianMixture(16, covariance_type="diag", random_state=0).fit(x[:, ::7].reshape(-1, 32))
    found, exact = fisher_vectors(x, of_sklearn(model), priors=True, floor=0)[:, 0], x.astype(float)
    np.testing.assert_allclose(found, [fisher_vector(s, model) for s in exact], atol=1e-5)
    np.testing.assert_allclose(improve(found), [fisher_vector(s, model, improved=True) for s in exact], atol=1e-5)


@pytest.mark.parametrize(("floor", "most"), [(1e-4, 1e-3), (1e-3, 1e-2), (1e-2, 0.05)])
@pytest.mark.parametrize("grid", [1, 3])
def test_dropping_unlikely_words_changes_the_vector_by_little(floor, most, grid):
    pictures = blurred_noise(6)
    descriptors, places = dense_sift(pictures, (4, 6), 4, root=True)
    mean, basis = fit_pca(descriptors.reshape(-1, 128), 32)
    x = (descriptors - mean) @ basis
    mixture, cells = fit_mixture(x.reshape(-1, 32), 24), grid_cells(places, 64, 64, grid)
    exact = fisher_vectors(x, mixture, cells, priors=True, floor=0)
    found = fisher_vectors(x, mixture, cells, priors=True, floor=floor)
    assert (np.linalg.norm(found - exact, axis=-1) < most * np.linalg.norm(exact, axis=-1)).all()
    assert not np.array_equal(found, exact)


def test_a_floor_that_drops_nothing_is_the_exact_vector(learnt):
    sets = np.array([blobs(40, seed=s) for s in range(3)])
    cells = np.random.default_rng(0).uniform(size=(40, 4)) * [1, 1, 0, 3]
    for some in (None, cells):
        exact = fisher_vectors(sets, of_sklearn(learnt), some, priors=True, floor=0)
        found = fisher_vectors(sets, of_sklearn(learnt), some, priors=True, floor=1e-30)
        np.testing.assert_allclose(found, exact, atol=2e-5, rtol=1e-4)


def test_the_highest_floor_leaves_each_descriptor_to_its_likeliest_word(learnt):
    x, mixture = blobs(60), of_sklearn(learnt)
    likeliest = learnt.predict(x)
    expected = np.zeros((2, 6, 5))
    for row, word in zip(x.astype(float), likeliest, strict=True):
        away = (row - mixture.means[word]) / np.sqrt(mixture.variances[word])
        expected[0, word] += away / np.sqrt(mixture.weights[word]) / 60
        expected[1, word] += (1 - away**2) / np.sqrt(2 * mixture.weights[word]) / 60
    found = fisher_vectors(x[None], mixture, floor=1).reshape(2, 6, 5)
    np.testing.assert_allclose(found, expected, atol=1e-5, rtol=1e-5)


def blurred_noise(n):
    rng = np.random.default_rng(0)
    pictures = np.array([cv2.GaussianBlur(rng.normal(size=(64, 64)), (0, 0), 2) for _ in range(n)])
    return np.clip(128 + 45 * pictures / pictures.std(), 0, 255).astype(np.uint8)


def test_the_vector_of_what_the_mixture_was_fitted_to_is_zero():
    # It is the gradient of the likelihood, which is 0 at its maximum.
    x = blobs(4000)
    mixture = fit_mixture(x, 4, rounds=300, tolerance=0)
    assert np.abs(fisher_vectors(x[None], mixture, priors=True)).max() < 2e-3
    assert np.abs(fisher_vectors(x[None] + np.float32(0.1), mixture)).max() > 0.05


def test_cells_are_sets_of_their_own_and_weights_are_repetitions(learnt):
    mixture, x = of_sklearn(learnt), np.array([blobs(30, seed=s) for s in range(2)])
    cells = np.zeros((30, 3), np.float32)
    cells[:12, 0], cells[20:, 1] = 1, 1
    for encode, words in ((fisher_vectors, mixture), (vlad_vectors, learnt.means_)):
        found = encode(x, words, cells)
        np.testing.assert_allclose(found[:, 0], encode(x[:, :12], words)[:, 0], atol=1e-5)
        np.testing.assert_allclose(found[:, 1], encode(x[:, 20:], words)[:, 0], atol=1e-5)
        assert (found[:, 2] == 0).all()
        times = np.random.default_rng(0).integers(0, 4, 30)
        weighted = encode(x, words, times[:, None] / 7)
        np.testing.assert_allclose(weighted, encode(np.repeat(x, times, 1), words), atol=1e-5)
        np.testing.assert_allclose(encode(x[:, ::-1], words), encode(x, words), atol=1e-5)
    assert (fisher_vectors(x, mixture, cells, priors=True)[:, 2] == 0).all()


def test_each_set_is_encoded_alone(learnt):
    sets = np.array([blobs(50, seed=s) for s in range(4)])
    together = fisher_vectors(sets, of_sklearn(learnt))
    for i in range(4):
        np.testing.assert_array_equal(fisher_vectors(sets[[i]], of_sklearn(learnt))[0], together[i])


def test_a_descriptor_far_from_every_word_is_still_encoded(learnt):
    assert np.isfinite(fisher_vectors(np.full((1, 3, 5), 100, np.float32), of_sklearn(learnt))).all()


def test_vlad_is_the_sum_of_differences_to_the_nearest_word():
    x, codebook = blobs(200), blobs(5, seed=8)
    expected = np.zeros((5, 5))
    for row in x:
        word = ((codebook - row) ** 2).sum(1).argmin()
        expected[word] += (row - codebook[word]) / len(x)
    np.testing.assert_allclose(vlad_vectors(x[None], codebook)[0, 0], expected.ravel(), atol=1e-6)


def test_words_on_the_descriptors_leave_no_vlad():
    codebook = blobs(6)
    assert (vlad_vectors(codebook[None], codebook) == 0).all()
    np.testing.assert_array_equal(nearest(codebook, codebook), np.arange(6))


@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.integers(1, 6), st.integers(10, 60), st.integers(10, 60), st.booleans())
def test_a_place_has_a_weight_of_one_and_a_mirrored_place_is_in_the_mirrored_cell(grid, height, width, soft):
    rng = np.random.default_rng(height)
    places = rng.uniform(0, [width - 1, height - 1], (20, 2))
    cells = grid_cells(places, height, width, grid, soft)
    assert cells.shape == (20, grid * grid)
    np.testing.assert_allclose(cells.sum(1), 1, rtol=1e-6)
    assert ((cells > 0).sum(1) <= (4 if soft else 1)).all()
    mirrored = grid_cells([width - 1, 0] + places * [-1, 1], height, width, grid, soft)
    expected = cells.reshape(20, grid, grid)[:, :, ::-1].reshape(20, -1)
    np.testing.assert_allclose(mirrored, expected, atol=1e-6)


def test_a_hard_cell_holds_the_places_in_it_and_a_soft_one_is_full_at_its_centre():
    places = np.stack(np.meshgrid(np.arange(12), np.arange(6)), -1).reshape(-1, 2)
    hard = grid_cells(places, 6, 12, 3, soft=False).reshape(6, 12, 3, 3)
    expected = np.zeros_like(hard)
    for r in range(3):
        for c in range(3):
            expected[2 * r : 2 * r + 2, 4 * c : 4 * c + 4, r, c] = 1
    np.testing.assert_array_equal(hard, expected)
    centre = grid_cells(np.array([[5.5, 2.5], [3.5, 2.5]]), 6, 12, 3)
    np.testing.assert_allclose(centre[0], np.arange(9) == 4)
    np.testing.assert_allclose(centre[1], 0.5 * np.isin(np.arange(9), [3, 4]))


def test_components_are_those_of_scikit_learn():
    x = blobs(20_000, d=9, words=5) * np.arange(1, 10, dtype=np.float32) + 3
    mean, basis = fit_pca(x, 4)
    expected = PCA(4).fit(x)
    np.testing.assert_allclose(mean, expected.mean_, rtol=1e-4)
    np.testing.assert_allclose(np.abs((basis * expected.components_.T).sum(0)), 1, atol=1e-5)
    np.testing.assert_allclose(basis.T @ basis, np.eye(4), atol=1e-6)


def test_a_mixture_is_found_again():
    rng = np.random.default_rng(0)
    weights, means = np.array([0.5, 0.3, 0.2]), np.array([[0, 0], [4, 0], [0, 5.0]])
    variances = np.array([[1, 0.25], [0.09, 1], [0.5, 0.5]])
    word = rng.choice(3, 30_000, p=weights)
    found = fit_mixture((means[word] + np.sqrt(variances[word]) * rng.normal(size=(30_000, 2))).astype(np.float32), 3)
    order = [0, *(1 + np.argsort(-found.means[np.argsort(-found.weights)][1:, 0]))]
    order = np.argsort(-found.weights)[order]
    np.testing.assert_allclose(found.weights[order], weights, atol=0.02)
    np.testing.assert_allclose(found.means[order], means, atol=0.05)
    np.testing.assert_allclose(found.variances[order], variances, atol=0.05)


def test_a_mixture_is_as_likely_as_scikit_learn_s():
    x = blobs(9000, d=12, words=9, spread=0.8)
    expected = GaussianMixture(8, covariance_type="diag", random_state=0).fit(x)
    found = fit_mixture(x, 8)
    ours = GaussianMixture(8, covariance_type="diag")
    ours.weights_, ours.means_, ours.covariances_ = found.weights, found.means, found.variances
    ours.precisions_cholesky_ = 1 / np.sqrt(found.variances)
    assert ours.score(x) > expected.score(x) - 0.1


def test_equal_seeds_learn_the_same_and_others_do_not():
    x = blobs(3000, spread=1)
    for learn in (fit_codebook, lambda x, k, s: fit_mixture(x, k, s).means):
        np.testing.assert_array_equal(learn(x, 6, 3), learn(x, 6, 3))
        assert not np.array_equal(learn(x, 6, 3), learn(x, 6, 4))


def test_words_are_means_of_what_is_nearest_to_them():
    x = blobs(2000, spread=0.1)
    words = fit_codebook(x, 4, rounds=100)
    label = nearest(x, words)
    np.testing.assert_allclose(words, [x[label == w].mean(0) for w in range(4)], atol=1e-5)


def test_more_words_than_different_descriptors_are_refused_and_constant_columns_are_not():
    x = np.repeat(blobs(3), 50, 0)
    with pytest.raises(ValueError, match="4 words of a sample of 3 different"):
        fit_codebook(x, 4)
    x = np.concatenate([blobs(500), np.ones((500, 1), np.float32)], 1)
    mixture = fit_mixture(x, 3)
    assert np.isfinite(fisher_vectors(x[None], mixture)).all()
    assert (mixture.variances > 0).all()


def test_improved_vectors_have_length_one_and_keep_their_signs():
    vectors = np.random.default_rng(0).normal(size=(3, 2, 10)).astype(np.float32)
    vectors[1, 1] = 0
    found = improve(vectors)
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), [[1, 1], [1, 0], [1, 1]], rtol=1e-6)
    np.testing.assert_array_equal(np.sign(found), np.sign(vectors))
