"""Reliability: what is as sure as it is right has no error; rejecting the unsure is worth what the curve says."""

import numpy as np
import pytest

from fer_features.evaluation.calibration_metrics import (
    COVERAGES,
    calibration,
    calibration_error,
    rejection,
    reliability,
    risk_coverage,
    threshold_of,
)


def drawn(n=20_000, seed=0):
    """Confidences, and whether rows are right: as often as they are confident."""
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.3, 1, n)
    return confidence, rng.uniform(size=n) < confidence


def test_what_is_as_sure_as_it_is_right_has_no_calibration_error():
    confidence, right = drawn()
    assert calibration_error(reliability(confidence, right)) < 0.015
    assert calibration_error(reliability(confidence, np.ones(len(right), bool))) == pytest.approx(1 - confidence.mean())


def test_bins_hold_each_row_once_and_their_means():
    confidence, right = np.array([0.31, 0.39, 0.8, 1.0, 0.0]), np.array([True, False, True, True, False])
    table = reliability(confidence, right)
    assert [n for _, _, n in table] == [1, 2, 1, 1]
    assert table[1] == (pytest.approx(0.35), 0.5, 2)
    assert [c for c, _, _ in table] == sorted(c for c, _, _ in table)
    assert calibration_error(table) == pytest.approx((2 * 0.15 + 0.2) / 5)


def test_figures_of_probabilities_are_scikit_learn_s():
    from sklearn.metrics import log_loss

    rng = np.random.default_rng(0)
    p, truth = rng.dirichlet(np.ones(4), 300), rng.integers(0, 4, 300)
    found = calibration(p, truth, p.argmax(1))
    assert found["log_loss"] == pytest.approx(log_loss(truth, p))
    assert found["brier"] == pytest.approx(((p - np.eye(4)[truth]) ** 2).sum(1).mean())
    assert sum(n for _, _, n in found["bins"]) == 300
    assert found["ece"] == pytest.approx(calibration_error(found["bins"]))


def test_certainty_that_is_right_costs_nothing_and_an_unknown_class_much():
    sure = calibration(np.eye(3), np.arange(3), np.arange(3))
    assert (sure["ece"], sure["brier"], sure["log_loss"]) == (0, 0, 0)
    unknown = calibration(np.array([[1.0, np.nan]]), np.array([1]), np.array([0]))
    assert unknown["brier"] == 2
    assert 10 < unknown["log_loss"] < np.inf


def test_risk_falls_with_coverage_where_confidence_means_something():
    confidence, right = drawn()
    curve = risk_coverage(confidence, right)
    assert curve["coverage"] == list(COVERAGES)
    assert (np.diff(curve["accuracy"]) < 0.01).all()
    assert curve["accuracy"][-1] == pytest.approx(right.mean())
    assert curve["accuracy"][0] > 0.97
    shuffled = risk_coverage(np.random.default_rng(1).permutation(confidence), right)
    assert shuffled["aurc"] == pytest.approx(1 - right.mean(), abs=0.02)
    assert curve["aurc"] < shuffled["aurc"] - 0.1


def test_the_area_is_the_mean_risk_and_no_order_among_equals_counts():
    assert risk_coverage(np.array([0.9, 0.8, 0.7]), np.array([True, True, False]))["aurc"] == pytest.approx(1 / 9)
    right = np.array([True, False, True, False])
    for order in ([0, 1, 2, 3], [1, 3, 0, 2]):
        assert risk_coverage(np.full(4, 0.5), right[order])["aurc"] == pytest.approx(0.5)


@pytest.mark.parametrize("share", [0.001, 0.25, 0.55, 0.8, 1.0])
def test_a_share_of_rows_has_at_least_its_threshold(share):
    confidence, right = drawn(540)
    found = rejection(confidence, right, threshold_of(confidence, share))
    assert found["coverage"] == pytest.approx(max(share, 1 / 540), abs=1 / 540)
    assert found["coverage"] >= share - 1e-12
    assert found["accuracy"] == right.mean()


def test_rejecting_all_leaves_no_accuracy():
    confidence, right = drawn(50)
    assert rejection(confidence, right, 1.1)["accuracy_of_kept"] is None
    assert rejection(confidence, right, 0.0)["accuracy_of_kept"] == right.mean()
