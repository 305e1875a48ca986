"""Tests of the checks of scores: folds, permuted labels, subject identifiability, learning curve, and all checks."""

import json

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

from fer_features import FerError, check, make_pipeline
from fer_features.audit import STATUSES
from fer_features.audit.context import CurveFigure
from fer_features.audit.score_checks import (
    check_learning_curve,
    check_permuted_labels,
    check_random_vs_grouped,
    check_subject_identifiability,
    iterate_checks,
)

from .toy_audits import (
    LabelMemory,
    LastLandmarks,
    context_of,
    nearest_neighbours,
    small_clips,
    subject_specific_landmarks,
)


@pytest.fixture(scope="module")
def X():
    return small_clips()


@pytest.fixture(scope="module")
def context():
    """Nearest neighbours on landmarks with subject-specific expressions."""
    return context_of(nearest_neighbours(LastLandmarks()), subject_specific_landmarks())


def test_no_check_of_a_valid_pipeline_fails(X):
    checks = check(make_pipeline("landmarks_svm"), X, n_permutations=20)
    assert len({one.name for one in checks}) == len(checks) == 12
    status = {one.name: one.status for one in checks}
    assert "fail" not in status.values(), checks
    assert set(status.values()) <= set(STATUSES)
    for name in ("label leakage", "row independence", "pre-fitted steps"):
        assert status[name] == "pass"
    assert all(json.dumps(one.to_dict()) and one.message and "\n" not in one.message for one in checks)


def test_checks_work_without_subjects(X):
    unknown = X.with_columns(subject=np.full(len(X), -1))
    checks = {one.name: one for one in check(make_pipeline("landmarks_svm"), unknown, n_permutations=10)}
    assert checks["subject identities"].status == "warning"
    assert checks["random and grouped folds"].status == "warning"
    assert "unknown" in checks["random and grouped folds"].message
    assert checks["learning curve"].status == checks["subject identifiability"].status == "skipped"


def test_checks_accept_pipelines_of_scikit_learn_with_any_step_names(X):
    for name in ("features", "scale", "classifier"):
        model = Pipeline([(name, LastLandmarks()), ("model", KNeighborsClassifier(3))])
        assert len(check(model, X[X["subject"] < 3], n_permutations=2)) == 12


def test_results_do_not_depend_on_the_number_of_jobs(X):
    model = make_pipeline("landmarks_lda")
    first, second, parallel = (
        check_permuted_labels(context_of(model, X, seed=5, n_jobs=n_jobs), 3) for n_jobs in (1, 1, 2)
    )
    assert first == second == parallel


def test_a_single_subject_and_an_unknown_split_are_refused(X):
    model = make_pipeline("landmarks_svm")
    with pytest.raises(FerError, match="one subject"):
        next(iterate_checks(model, X.with_columns(subject=np.zeros(len(X), int))))
    with pytest.raises(FerError, match="grouped"):
        next(iterate_checks(model, X, split="samples"))


def test_random_folds_are_a_warning_and_fail_if_the_score_uses_them(context):
    folds = context.folds(5)
    found = check_random_vs_grouped(context, folds)
    assert found.status == "warning"
    assert found.details["random"] > 0.95
    assert found.details["grouped"] < 0.6
    assert found.details["gap"] == pytest.approx(found.details["random"] - found.details["grouped"])
    assert 0 < found.details["ci95"][0] < found.details["gap"] < found.details["ci95"][1]
    assert [row[1] for row in found.figure.rows] == [found.details["random"], found.details["grouped"]]
    assert check_random_vs_grouped(context, folds, "random").status == "fail"


def test_random_folds_pass_if_samples_do_not_depend_on_subjects():
    X = subject_specific_landmarks(n_subjects=8)
    X = X.with_columns(subject=np.random.default_rng(0).permutation(X["subject"]))
    context = context_of(nearest_neighbours(LastLandmarks()), X)
    assert check_random_vs_grouped(context, context.folds(5), "random").status == "pass"
    assert check_subject_identifiability(context).status == "pass"


def test_permuted_labels_are_at_chance():
    X = small_clips(per_class=4)
    found = check_permuted_labels(context_of(make_pipeline("landmarks_svm"), X), 30)
    assert found.status == "pass"
    assert found.details["permuted_mean"] == pytest.approx(1 / 3, abs=0.05)
    assert found.details["p"] == 1 / 31
    assert found.details["within_subjects"]
    assert found.figure.mark == pytest.approx(1 / 3)


def test_permuted_labels_above_chance_fail():
    found = check_permuted_labels(context_of(LabelMemory(), small_clips(per_class=4)), 10)
    assert found.status == "fail"
    assert found.details["permuted_mean"] > 0.7


def test_a_score_at_chance_is_a_warning(context):
    X = context.X
    noise = X.with_columns(landmarks=np.random.default_rng(0).normal(0, 1, (len(X), 2, 68, 2)))
    found = check_permuted_labels(context_of(context.model, noise), 20)
    assert found.status == "warning"
    assert found.details["p"] > 0.05


def test_labels_are_permuted_over_all_samples_if_each_subject_shows_one_expression():
    X = subject_specific_landmarks(n_subjects=9)
    confounded = context_of(nearest_neighbours(LastLandmarks()), X.with_columns(label=X["subject"] % 3))
    assert not check_permuted_labels(confounded, 10).details["within_subjects"]


def test_subjects_are_identified_by_their_faces(context):
    found = check_subject_identifiability(context)
    assert found.status == "warning"
    assert found.details["accuracy"] > 0.9
    assert found.details["n_subjects"] == 6
    assert check_subject_identifiability(context_of(KNeighborsClassifier(), context.X)).status == "skipped"


@pytest.mark.parametrize("pipeline", ["landmarks_svm+hog_linear", "hog_xgb"])
def test_subjects_are_identified_by_a_linear_classifier_in_place_of_that_of_the_pipeline(X, pipeline):
    found = check_subject_identifiability(context_of(make_pipeline(pipeline), X))
    assert found.details["n_subjects"] == 6
    assert found.status in ("pass", "warning")


def test_more_subjects_help_until_the_accuracy_is_saturated():
    X = small_clips(n_subjects=16)
    found = check_learning_curve(context_of(make_pipeline("lbp_linear"), X))
    assert found.status == "warning"
    assert found.details["n_subjects"] == [3, 6, 12]
    first, second, third = found.details["accuracy"]
    assert first < second < third
    assert found.details["gain"] == pytest.approx(third - second)
    assert found.figure == CurveFigure((3, 6, 12), (first, second, third))
    assert check_learning_curve(context_of(make_pipeline("landmarks_svm"), X)).status == "pass"


def test_the_learning_curve_is_skipped_for_few_subjects():
    context = context_of(make_pipeline("landmarks_svm"), small_clips(n_subjects=3))
    assert check_learning_curve(context).status == "skipped"
