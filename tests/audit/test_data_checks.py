"""Tests of the checks of data: subjects, classes by subject, duplicates across splits, and the neutral frame."""

import numpy as np
import pytest

from fer_features import DataInfo, Samples, make_pipeline
from fer_features.audit.data_checks import (
    check_class_balance,
    check_duplicates,
    check_neutral_frame,
    check_subjects_known,
)

from .toy_audits import LastLandmarks, context_of, nearest_neighbours, small_clips, subject_specific_landmarks


@pytest.fixture(scope="module")
def X():
    return small_clips()


def test_subjects_are_known(X):
    found = check_subjects_known(X)
    assert (found.status, found.details["n_subjects"]) == ("pass", 6)


def test_unknown_subjects_are_a_warning(X):
    found = check_subjects_known(Samples.from_arrays(landmarks=X["landmarks"], label=X["label"]))
    assert (found.status, found.details["n_subjects"]) == ("warning", 0)
    subject = X["subject"].copy()
    subject[:3] = -1
    found = check_subjects_known(X.with_columns(subject=subject))
    assert (found.status, found.details["n_unknown"]) == ("warning", 3)
    assert "3 samples" in found.message


def test_possible_leakage_of_the_data_is_a_warning(X):
    info = DataInfo(subjects_from="inferred", subjects_confidence=0.1, leakage="may leak")
    found = check_subjects_known(X.with_columns(info))
    assert (found.status, found.message) == ("warning", "may leak")
    found = check_subjects_known(X.with_columns(DataInfo(subjects_from="inferred", subjects_confidence=0.9)))
    assert (found.status, "confidence 0.90" in found.message) == ("pass", True)


def test_classes_that_few_subjects_show_are_a_warning(X):
    model = make_pipeline("landmarks_svm")
    assert check_class_balance(context_of(model, X)).status == "pass"
    indices = np.flatnonzero((X.label_codes != 2) | (X["subject"] < 2))
    found = check_class_balance(context_of(model, X[indices]))
    assert found.status == "warning"
    assert found.details["shown_by"] == {"0": 6, "1": 6, "2": 2}


def test_subjects_who_show_one_class_each_fail():
    X = subject_specific_landmarks(n_subjects=9)
    confounded = X.with_columns(label=X["subject"] % 3)
    found = check_class_balance(context_of(nearest_neighbours(LastLandmarks()), confounded))
    assert found.status == "fail"
    assert found.details["majority_by_subject"] == 1


def test_imbalanced_classes_are_a_warning_if_subjects_are_unknown():
    X = subject_specific_landmarks(n_subjects=4)
    X = X[np.concatenate([np.flatnonzero(X.label_codes == 0)[:2], np.flatnonzero(X.label_codes == 1)])]
    found = check_class_balance(
        context_of(nearest_neighbours(LastLandmarks()), X.with_columns(subject=np.full(len(X), -1)))
    )
    assert (found.status, found.details["ratio"]) == ("warning", 12)


def test_duplicates_of_several_subjects_fail(X):
    assert check_duplicates(X).status == "pass"
    images, subject = X["images"].copy(), X["subject"]
    first, second = np.flatnonzero(subject == 0)[0], np.flatnonzero(subject == 1)[0]
    images[second] = images[first]
    found = check_duplicates(X.with_columns(images=images))
    assert (found.status, found.details["n_exact"]) == ("fail", 2)


def test_duplicates_of_one_subject_matter_in_several_predefined_splits_only(X):
    images = X["images"].copy()
    first, second = np.flatnonzero(X["subject"] == 0)[:2]
    images[second] = images[first]
    assert check_duplicates(X.with_columns(images=images)).details["n_exact"] == 0
    split = np.where(np.arange(len(X)) == second, "test", "train")
    unknown = np.full(len(X), -1)
    found = check_duplicates(X.with_columns(images=images, split=split, subject=unknown))
    assert (found.details["n_exact"], found.details["n_samples"]) == (1, 1)


def test_subjects_in_several_predefined_splits_fail(X):
    split = np.where(np.arange(len(X)) == np.flatnonzero(X["subject"] == 0)[1], "test", "train")
    found = check_duplicates(X.with_columns(split=split))
    assert (found.status, found.details["subjects"]) == ("fail", ["0"])
    without_images = Samples.from_arrays(landmarks=X["landmarks"], label=X["label"], subject=X["subject"], split=split)
    found = check_duplicates(without_images)
    assert (found.status, found.details["subjects"]) == ("fail", ["0"])
    assert check_duplicates(without_images.with_columns(split=np.full(len(X), "train"))).status == "skipped"


def test_a_first_frame_with_the_expression_fails(X):
    model = make_pipeline("landmarks_svm")
    assert check_neutral_frame(context_of(model, X)).status == "pass"
    reversed_clips = X.with_columns(images=X["images"][:, ::-1], landmarks=X["landmarks"][:, ::-1])
    found = check_neutral_frame(context_of(model, reversed_clips))
    assert found.status == "fail"
    assert found.details["first"] > found.details["last"]


def test_a_last_frame_that_is_not_the_apex_is_a_warning(X):
    order = [0, 2, 1]  # the apex in the middle
    X = X.with_columns(images=X["images"][:, order], landmarks=X["landmarks"][:, order])
    found = check_neutral_frame(context_of(make_pipeline("landmarks_svm"), X))
    assert (found.status, "not the apex" in found.message) == ("warning", True)


def test_the_neutral_frame_is_checked_without_images_and_skipped_for_stills(X):
    landmarks_only = Samples.from_arrays(landmarks=X["landmarks"], label=X["label"], subject=X["subject"])
    found = check_neutral_frame(context_of(make_pipeline("landmarks_svm"), landmarks_only))
    assert found.details["last"] > 0.6
    stills = Samples.from_arrays(images=X["images"][:, -1], label=X["label"], subject=X["subject"])
    found = check_neutral_frame(context_of(make_pipeline("hog_svm", align__method="none"), stills))
    assert found.status == "skipped"
