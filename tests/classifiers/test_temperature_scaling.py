"""Temperature scaling finds the likeliest factor of scores."""

import numpy as np
import pytest
from scipy.special import log_softmax

from fer_features.classifiers.temperature_scaling import LOG_INVERSE_TEMPERATURE_BOUNDS, fit_inverse_temperature


@pytest.fixture(scope="module")
def held_out():
    """Scores of 400 samples of four classes, and classes sampled from the softmax of 0.7 times the scores."""
    rng = np.random.default_rng(0)
    scores = rng.normal(scale=3, size=(400, 4))
    return scores, (0.7 * scores + rng.gumbel(size=scores.shape)).argmax(1)


def test_factor_maximizes_the_likelihood(held_out):
    scores, y = held_out
    beta = fit_inverse_temperature(scores, y)
    assert beta == pytest.approx(0.7, rel=0.15)

    def likelihood(factor):
        return log_softmax(factor * scores, 1)[np.arange(400), y].mean()

    assert likelihood(beta) > max(likelihood(0.98 * beta), likelihood(1.02 * beta))


@pytest.mark.parametrize("factor", [0.1, 5.0])
def test_factor_is_inversely_proportional_to_the_scale_of_scores(held_out, factor):
    scores, y = held_out
    expected = fit_inverse_temperature(scores, y) / factor
    assert fit_inverse_temperature(factor * scores, y) == pytest.approx(expected, rel=1e-3)


def test_integer_weights_are_repetitions(held_out):
    scores, y = held_out
    weight = np.random.default_rng(1).integers(0, 4, 400)
    repeated = fit_inverse_temperature(scores.repeat(weight, 0), y.repeat(weight))
    assert fit_inverse_temperature(scores, y, sample_weight=weight) == pytest.approx(repeated, rel=1e-4)


def test_without_errors_the_factor_stays_within_bounds_and_without_samples_it_is_one():
    scores = np.eye(3) / 100
    largest = np.exp(LOG_INVERSE_TEMPERATURE_BOUNDS[1])
    assert fit_inverse_temperature(scores, np.arange(3)) == pytest.approx(largest, rel=1e-3)
    assert fit_inverse_temperature(np.zeros((0, 3)), np.zeros(0, int)) == 1.0
