"""Fits of folds, in this process or in workers."""

import threading

import numpy as np
import pytest
from sklearn import config_context
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline as sklearn_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from fer_features import Samples, make_pipeline
from fer_features.evaluation.fit_predict import (
    FitTask,
    extracts_once,
    fit_fold,
    fit_predict,
    precompute_features,
    predict_with_scores,
)

from ..conftest import draw_clips


@pytest.fixture(scope="module")
def X():
    _, landmarks, label, subject = draw_clips(n_subjects=4, seed=3)
    return Samples.from_arrays(landmarks=landmarks, label=label, subject=subject)


def leave_one_subject_out(X, model, y):
    return [
        FitTask(model, y, np.flatnonzero(X["subject"] != s), np.flatnonzero(X["subject"] == s))
        for s in np.unique(X["subject"])
    ]


@pytest.mark.parametrize("name", ["landmarks_svm", "landmarks_lda"])
def test_outcomes_are_equal_for_one_and_two_jobs_and_in_order(X, name):
    tasks = leave_one_subject_out(X, make_pipeline(name), X["label"])
    one, two = (list(fit_predict(tasks, X, n_jobs=n_jobs, with_scores=True)) for n_jobs in (1, 2))
    assert [len(outcome.predicted) for outcome in one] == [len(task.test) for task in tasks]
    for a, b, task in zip(one, two, tasks, strict=True):
        assert a.predicted.tolist() == b.predicted.tolist()
        assert a.scores.tolist() == b.scores.tolist()
        assert a.scores.shape == (len(task.test), 3)
        assert a.score_kind == b.score_kind == "probability"
        assert a.model is None


def test_fits_of_few_samples_in_threads_give_the_scores_of_single_fits(X):
    model = make_pipeline("landmarks_linear+geometry_svm")
    tasks = leave_one_subject_out(X, model, X["label"])
    threads = set()

    def recorded(task, X, **options):
        threads.add(threading.get_ident())
        return fit_fold(task, X, **options)

    with config_context(enable_metadata_routing=True), pytest.MonkeyPatch.context() as patch:
        patch.setattr("fer_features.evaluation.fit_predict.fit_fold", recorded)
        patch.setattr("fer_features._threads.cpu_count", lambda: 2)
        outcomes = list(fit_predict(tasks, X, with_scores=True))
    assert threading.get_ident() not in threads
    for outcome, task in zip(outcomes, tasks, strict=True):
        assert outcome.scores.tolist() == fit_fold(task, X).scores.tolist()


@pytest.mark.parametrize("name", ["landmarks_lda", "hogdiff_svm+landmarks_lda"])
def test_fits_with_a_common_random_state_or_python_code_do_not_run_in_threads(X, name, monkeypatch):
    monkeypatch.setattr("fer_features.evaluation.fit_predict.map_in_threads", None)
    images, landmarks, label, subject = draw_clips(n_subjects=3)
    table = Samples.from_arrays(images, landmarks, label, subject)
    tasks = leave_one_subject_out(table, make_pipeline(name), label)
    assert len(list(fit_predict(tasks, table))) == 3


def test_predictions_without_scores_are_the_same(X):
    tasks = leave_one_subject_out(X, make_pipeline("landmarks_svm"), X["label"])
    with_scores, without = (list(fit_predict(tasks, X, with_scores=value)) for value in (True, False))
    for a, b in zip(with_scores, without, strict=True):
        assert a.predicted.tolist() == b.predicted.tolist()
        assert b.scores is None


def test_targets_can_be_other_than_the_labels_of_the_table(X):
    target = np.array(["b", "a"])[X["subject"] % 2]
    outcome = fit_fold(FitTask(make_pipeline("landmarks_lda"), target, np.arange(12), np.arange(12, 24)), X)
    assert set(outcome.predicted) <= {"a", "b"}
    assert outcome.scores.shape == (12, 2)


def test_scores_of_a_class_absent_from_the_training_samples_are_nan(X):
    train, test = np.flatnonzero(X["label"] < 2), np.flatnonzero(X["label"] == 2)
    outcome = fit_fold(FitTask(make_pipeline("landmarks_lda"), X["label"], train, test), X, keep_model=True)
    assert np.isnan(outcome.scores[:, 2]).all()
    assert np.isfinite(outcome.scores[:, :2]).all()
    assert outcome.model.classes_.tolist() == [0, 1]


def test_scores_follow_the_classes_of_the_model(X):
    flatten = FunctionTransformer(lambda X: X["landmarks"].reshape(len(X), -1))
    binary = X[X["label"] < 2]
    for model, kind in ((LogisticRegression(max_iter=1000), "probability"), (SVC(), "score")):
        fitted = sklearn_pipeline(flatten, model).fit(binary, binary["label"])
        predicted, scores, found = predict_with_scores(fitted, binary)
        assert (scores.shape, found) == ((len(binary), 2), kind)
        assert fitted.classes_[scores.argmax(1)].tolist() == predicted.tolist()


def test_precomputed_features_are_found_by_later_fits(X):
    images, landmarks, label, subject = draw_clips(n_subjects=2)
    table = Samples.from_arrays(images, landmarks, label, subject)
    model = make_pipeline("hog_landmarks_lda+landmarks_svm")
    precompute_features(model, table)
    n_computed = table.feature_store.n_computed
    assert n_computed >= 2 * len(table)
    model.fit(table, label).predict(table)
    assert table.feature_store.n_computed == n_computed


def test_features_are_requested_once_by_fits_without_calibration_folds(X):
    one_sample_each = Samples.from_arrays(landmarks=X["landmarks"], label=X["label"])
    assert extracts_once(make_pipeline("landmarks_krr"), one_sample_each)
    assert not extracts_once(make_pipeline("landmarks_krr"), X)  # calibrated by folds of subjects
    assert not extracts_once(make_pipeline("landmarks_svm"), one_sample_each)
    assert extracts_once(make_pipeline("landmarks_svm", calibration_cv=0), one_sample_each)
    assert not extracts_once(make_pipeline("landmarks_krr+geometry_lda"), one_sample_each)
    assert extracts_once(make_pipeline("landmarks_krr+geometry_krr"), one_sample_each)
    assert not extracts_once(make_pipeline("landmarks_krr+landmarks_geometry_krr"), one_sample_each)
