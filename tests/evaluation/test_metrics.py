"""Metrics equal those of scikit-learn; intervals are by bootstrap over subjects."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from fer_features.evaluation.metrics import (
    compute_metrics,
    confusion_by_subject,
    metrics_from_confusion,
    per_class_metrics,
)
from fer_features.evaluation.statistics import bootstrap_confusion

CLASSES = ["a", "b", "c", "d"]


def interval(confusion, name="accuracy", **options):
    return bootstrap_confusion(confusion, metrics_from_confusion, **options)[name]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.floats(0, 1))
def test_metrics_equal_scikit_learn(seed, n, skill):
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 4, n)
    predicted = np.where(rng.random(n) < skill, true, rng.integers(0, 4, n))
    result = compute_metrics(true, predicted, rng.integers(0, 5, n), CLASSES)
    present = {"average": "macro", "labels": np.unique(true), "zero_division": 0}
    assert result.accuracy == pytest.approx(metrics.accuracy_score(true, predicted))
    assert result.balanced_accuracy == pytest.approx(metrics.recall_score(true, predicted, **present))
    assert result.macro_f1 == pytest.approx(metrics.f1_score(true, predicted, **present))
    confusion = metrics.confusion_matrix(true, predicted, labels=range(4))
    assert np.array(result.confusion).tolist() == confusion.tolist()
    assert result.majority_baseline == confusion.sum(1).max() / n
    reference = metrics.precision_recall_fscore_support(true, predicted, labels=range(4), zero_division=0)
    for i, name in enumerate(CLASSES):
        one = result.per_class[name]
        assert [one.precision, one.recall, one.f1, one.n_samples] == pytest.approx([r[i] for r in reference])


def test_mean_and_sd_over_subjects():
    true = np.zeros(6, int)
    predicted = np.array([0, 0, 0, 1, 1, 1])
    result = compute_metrics(true, predicted, np.array(["x", "x", "y", "y", "z", "z"]), CLASSES)
    assert result.per_subject == {"x": 1.0, "y": 0.5, "z": 0.0}
    assert (result.subject_mean, result.subject_sd, result.n_subjects) == (0.5, 0.5, 3)
    unknown = compute_metrics(true, predicted, None, CLASSES)
    assert (unknown.per_subject, unknown.subject_mean, unknown.subject_sd, unknown.n_subjects) == ({}, None, None, 0)


def test_interval_contains_the_score_and_is_wider_if_samples_of_a_subject_agree():
    rng = np.random.default_rng(0)
    true = rng.integers(0, 4, 400)
    subject = np.repeat(np.arange(20), 20)
    subject_correct = rng.random(20) < 0.7  # all samples of a subject are correct, or none
    predicted = np.where(subject_correct[subject], true, (true + 1) % 4)
    clustered = interval(confusion_by_subject(true, predicted, subject, 4))
    independent = interval(confusion_by_subject(true, predicted, np.arange(400), 4))
    assert clustered[0] < (true == predicted).mean() < clustered[1]
    assert np.diff(clustered) > 3 * np.diff(independent)


def test_resampling_cells_equals_resampling_samples():
    rng = np.random.default_rng(1)
    true, other = rng.integers(0, 4, (2, 500))
    predicted = np.where(rng.random(500) < 0.6, true, other)
    by_sample = confusion_by_subject(true, predicted, np.arange(500), 4)
    total = confusion_by_subject(true, predicted, None, 4)[0]
    samples, cells = (
        bootstrap_confusion(confusion, metrics_from_confusion, n_bootstrap=10_000) for confusion in (by_sample, total)
    )
    for name, limits in samples.items():
        assert cells[name] == pytest.approx(limits, abs=0.004)
    ci95 = compute_metrics(true, predicted, None, CLASSES).ci95
    assert ci95 == {name: tuple(interval(total, name)) for name in samples}


def test_interval_of_a_perfect_score_is_a_point_and_depends_on_the_seed_only():
    perfect = confusion_by_subject(np.arange(4), np.arange(4), np.arange(4), 4)
    assert interval(perfect).tolist() == [1.0, 1.0]
    counts = np.random.default_rng(0).integers(0, 5, (9, 4, 4))
    first, again, other = (interval(counts, seed=seed).tolist() for seed in (1, 1, 2))
    assert first == again != other


def test_classes_without_samples_are_excluded_from_means():
    confusion = np.diag([5, 5, 0, 0])
    values = metrics_from_confusion(confusion)
    assert (values["balanced_accuracy"], values["macro_f1"]) == (1, 1)
    assert per_class_metrics(confusion, CLASSES)["c"].n_samples == 0


def test_duplicates_of_training_images_are_counted_and_excluded():
    true, predicted = np.zeros(4, int), np.array([0, 0, 1, 1])
    result = compute_metrics(true, predicted, None, CLASSES, duplicate=np.array([True, True, True, False]))
    assert (result.n_duplicates, result.accuracy, result.accuracy_excluding_duplicates) == (3, 0.5, 0.0)
    assert compute_metrics(true, predicted, None, CLASSES).accuracy_excluding_duplicates == 0.5
    every = compute_metrics(true, predicted, None, CLASSES, duplicate=np.ones(4, bool))
    assert every.accuracy_excluding_duplicates is None


def test_samples_of_repeated_folds_are_counted_once():
    true, sample = np.array([0, 0, 1, 0, 0, 1]), np.array([4, 7, 9, 4, 7, 9])
    predicted = np.array([0, 1, 1, 0, 0, 1])
    duplicate = np.array([True, False, False, False, False, False])
    result = compute_metrics(true, predicted, None, CLASSES, duplicate=duplicate, sample=sample)
    assert (result.n_samples, result.n_duplicates) == (3, 1)
    assert [one.n_samples for one in result.per_class.values()] == np.bincount(
        [0, 0, 1], minlength=len(CLASSES)
    ).tolist()
    assert sum(map(sum, result.confusion)) == 6
    assert result.accuracy == 5 / 6
    assert result.accuracy_excluding_duplicates == 4 / 5
