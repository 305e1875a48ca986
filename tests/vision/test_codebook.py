"""Properties of k-means codebooks and Gaussian mixtures: optimality, agreement with scikit-learn, reproducibility."""

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from fer_features.vision.codebook import fit_codebook, fit_mixture, nearest_words


def blobs(m, d=5, n_blobs=4, seed=0, std=0.3):
    rng = np.random.default_rng(seed)
    means = np.random.default_rng(99).normal(size=(n_blobs, d))
    return (means[rng.integers(n_blobs, size=m)] + std * rng.normal(size=(m, d))).astype(np.float32)


def test_fit_mixture_recovers_parameters():
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


def test_likelihood_of_mixture_is_as_high_as_with_scikit_learn():
    x = blobs(4000, d=12, n_blobs=9, std=0.8)
    expected = GaussianMixture(8, covariance_type="diag", random_state=0).fit(x)
    found = fit_mixture(x, 8)
    ours = GaussianMixture(8, covariance_type="diag")
    ours.weights_, ours.means_, ours.covariances_ = found.weights, found.means, found.variances
    ours.precisions_cholesky_ = 1 / np.sqrt(found.variances)
    assert ours.score(x) > expected.score(x) - 0.1


def test_equal_seeds_give_equal_vocabularies_and_other_seeds_do_not():
    x = blobs(2000, std=1)
    for fit in (fit_codebook, lambda x, k, s: fit_mixture(x, k, s).means):
        np.testing.assert_array_equal(fit(x, 6, 3), fit(x, 6, 3))
        assert not np.array_equal(fit(x, 6, 3), fit(x, 6, 4))


def test_words_are_means_of_their_descriptors():
    x = blobs(1000, std=0.1)
    words = fit_codebook(x, 4, max_iter=100)
    label = nearest_words(x, words)
    np.testing.assert_allclose(words, [x[label == w].mean(0) for w in range(4)], atol=1e-5)


def test_more_words_than_distinct_descriptors_raise():
    x = np.repeat(blobs(3), 50, 0)
    with pytest.raises(ValueError, match="4 words cannot be fitted to a sample of 3 distinct descriptors"):
        fit_codebook(x, 4)


def test_variances_of_constant_columns_are_positive():
    mixture = fit_mixture(np.concatenate([blobs(500), np.ones((500, 1), np.float32)], 1), 3)
    assert (mixture.variances > 0).all()
