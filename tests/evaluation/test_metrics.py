"""Figures equal scikit-learn's; intervals are over people."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from fer_features.evaluation.metrics import (
    bootstrap,
    bootstrap_rows,
    confusion_by_subject,
    figures,
    per_class,
    summarise,
)

CLASSES = ["a", "b", "c", "d"]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.floats(0, 1))
def test_figures_equal_scikit_learn_s(draw, n, skill):
    rng = np.random.default_rng(draw)
    truth = rng.integers(0, 4, n)
    prediction = np.where(rng.random(n) < skill, truth, rng.integers(0, 4, n))
    seen = np.unique(truth)
    result = summarise(truth, prediction, rng.integers(0, 5, n), CLASSES)
    assert result["accuracy"] == pytest.approx(metrics.accuracy_score(truth, prediction))
    assert result["balanced_accuracy"] == pytest.approx(
        metrics.recall_score(truth, prediction, average="macro", labels=seen, zero_division=0)
    )
    assert result["macro_f1"] == pytest.approx(
        metrics.f1_score(truth, prediction, average="macro", labels=seen, zero_division=0)
    )
    assert result["confusion"] == metrics.confusion_matrix(truth, prediction, labels=range(4)).tolist()
    reference = metrics.precision_recall_fscore_support(truth, prediction, labels=range(4), zero_division=0)
    for i, name in enumerate(CLASSES):
        mine = result["per_class"][name]
        assert [mine["precision"], mine["recall"], mine["f1"], mine["n"]] == pytest.approx([r[i] for r in reference])


def test_subject_mean_and_deviation():
    truth = np.zeros(6, int)
    prediction = np.array([0, 0, 0, 1, 1, 1])
    result = summarise(truth, prediction, np.array(["x", "x", "y", "y", "z", "z"]), CLASSES)
    assert result["per_subject"] == {"x": 1.0, "y": 0.5, "z": 0.0}
    assert result["subject_mean"] == 0.5
    assert result["subject_sd"] == 0.5


def test_interval_holds_the_score_and_is_wider_where_rows_of_a_person_agree():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, 400)
    subject = np.repeat(np.arange(20), 20)
    by_person = rng.random(20) < 0.7  # a person is all right or all wrong
    prediction = np.where(by_person[subject], truth, (truth + 1) % 4)
    clustered = bootstrap(confusion_by_subject(truth, prediction, subject, 4))
    rows = bootstrap(confusion_by_subject(truth, prediction, np.arange(400), 4))
    accuracy = (truth == prediction).mean()
    assert clustered["accuracy"][0] < accuracy < clustered["accuracy"][1]
    assert np.diff(clustered["accuracy"]) > 3 * np.diff(rows["accuracy"])


def test_drawing_cells_is_drawing_rows():
    rng = np.random.default_rng(1)
    truth, guess = rng.integers(0, 4, (2, 500))
    prediction = np.where(rng.random(500) < 0.6, truth, guess)
    rows = bootstrap(confusion_by_subject(truth, prediction, np.arange(500), 4), rounds=20_000)
    cells = bootstrap_rows(confusion_by_subject(truth, prediction, np.zeros(500), 4)[0], rounds=20_000)
    for name, limits in rows.items():
        assert cells[name] == pytest.approx(limits, abs=0.004)
    assert summarise(truth, prediction, None, CLASSES)["ci95"] == bootstrap_rows(
        confusion_by_subject(truth, prediction, np.zeros(500), 4)[0]
    )


def test_interval_of_a_perfect_score_is_a_point_and_the_seed_decides():
    perfect = confusion_by_subject(np.arange(4), np.arange(4), np.arange(4), 4)
    assert bootstrap(perfect)["accuracy"] == [1.0, 1.0]
    counts = np.random.default_rng(0).integers(0, 5, (9, 4, 4))
    assert bootstrap(counts, seed=1) == bootstrap(counts, seed=1) != bootstrap(counts, seed=2)


def test_a_class_nobody_shows_does_not_pull_the_mean_down():
    confusion = np.diag([5, 5, 0, 0])
    assert figures(confusion)["balanced_accuracy"] == 1
    assert figures(confusion)["macro_f1"] == 1
    assert per_class(confusion, CLASSES)["c"]["n"] == 0
