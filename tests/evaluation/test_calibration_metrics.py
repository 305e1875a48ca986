"""Calibration metrics and selective classification, against scikit-learn and simulated confidences."""

import numpy as np
import pytest
from sklearn.metrics import log_loss

from fer_features.evaluation.calibration_metrics import (
    COVERAGES,
    calibration,
    expected_calibration_error,
    rejection_at,
    reliability_diagram,
    risk_coverage,
    threshold_at_coverage,
)


def simulate_calibrated(n=20_000, seed=0):
    """Confidences, and whether samples are predicted correctly: with the probability of their confidence."""
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.3, 1, n)
    return confidence, rng.uniform(size=n) < confidence


def test_ece_of_calibrated_confidences_is_small():
    confidence, correct = simulate_calibrated()
    assert expected_calibration_error(reliability_diagram(confidence, correct)) < 0.015
    all_correct = reliability_diagram(confidence, np.ones(len(correct), bool))
    assert expected_calibration_error(all_correct) == pytest.approx(1 - confidence.mean())


def test_bins_contain_each_sample_once_with_their_means():
    confidence, correct = np.array([0.31, 0.39, 0.8, 1.0, 0.0]), np.array([True, False, True, True, False])
    bins = reliability_diagram(confidence, correct)
    assert [n for _, _, n in bins] == [1, 2, 1, 1]
    assert bins[1] == (pytest.approx(0.35), 0.5, 2)
    assert [c for c, _, _ in bins] == sorted(c for c, _, _ in bins)
    assert expected_calibration_error(bins) == pytest.approx((2 * 0.15 + 0.2) / 5)


def test_log_loss_and_brier_score_equal_their_definitions():
    rng = np.random.default_rng(0)
    probability, true = rng.dirichlet(np.ones(4), 300), rng.integers(0, 4, 300)
    found = calibration(probability, true, probability.argmax(1))
    assert found.log_loss == pytest.approx(log_loss(true, probability))
    assert found.brier == pytest.approx(((probability - np.eye(4)[true]) ** 2).sum(1).mean())
    assert sum(n for _, _, n in found.bins) == 300
    assert found.ece == pytest.approx(expected_calibration_error(found.bins))


def test_scores_of_certain_predictions_and_of_a_class_absent_from_training():
    certain = calibration(np.eye(3), np.arange(3), np.arange(3))
    assert (certain.ece, certain.brier, certain.log_loss) == (0, 0, 0)
    absent = calibration(np.array([[1.0, np.nan]]), np.array([1]), np.array([0]))
    assert absent.brier == 2
    assert 10 < absent.log_loss < np.inf


def test_risk_decreases_with_coverage_if_confidences_are_informative():
    confidence, correct = simulate_calibrated()
    curve = risk_coverage(confidence, correct)
    assert curve.coverage == COVERAGES
    assert (np.diff(curve.accuracy) < 0.01).all()
    assert curve.accuracy[-1] == curve.accuracy_at(1.0) == pytest.approx(correct.mean())
    assert curve.accuracy[0] > 0.97
    shuffled = risk_coverage(np.random.default_rng(1).permutation(confidence), correct)
    assert shuffled.aurc == pytest.approx(1 - correct.mean(), abs=0.02)
    assert curve.aurc < shuffled.aurc - 0.1


def test_aurc_is_the_mean_risk_and_ignores_the_order_of_equal_confidences():
    assert risk_coverage(np.array([0.9, 0.8, 0.7]), np.array([True, True, False])).aurc == pytest.approx(1 / 9)
    correct = np.array([True, False, True, False])
    for order in ([0, 1, 2, 3], [1, 3, 0, 2]):
        assert risk_coverage(np.full(4, 0.5), correct[order]).aurc == pytest.approx(0.5)


@pytest.mark.parametrize("coverage", [0.001, 0.25, 0.55, 0.8, 1.0])
def test_threshold_is_reached_by_the_given_fraction(coverage):
    confidence, correct = simulate_calibrated(540)
    found = rejection_at(confidence, correct, threshold_at_coverage(confidence, coverage))
    assert found.coverage == pytest.approx(max(coverage, 1 / 540), abs=1 / 540)
    assert found.coverage >= coverage - 1e-12
    assert found.accuracy == correct.mean()


def test_selective_accuracy_is_undefined_if_all_samples_are_rejected():
    confidence, correct = simulate_calibrated(50)
    assert rejection_at(confidence, correct, 1.1).selective_accuracy is None
    assert rejection_at(confidence, correct, 0.0).selective_accuracy == correct.mean()
