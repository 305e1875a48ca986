"""Tests of the check of subject ids against the faces: ids that are right, and one fault each."""

import json

import numpy as np
import pytest

from fer_features import Samples, make_pipeline
from fer_features.audit.identity_checks import check_subjects_match_images

from .toy_audits import context_of, small_clips

MODEL = make_pipeline("landmarks_svm")


@pytest.fixture(scope="module")
def X():
    return small_clips()


def status_of(X):
    found = check_subjects_match_images(context_of(MODEL, X))
    assert json.dumps(found.to_dict())
    assert "\n" not in found.message
    return found.status, found


def test_right_ids_pass_whatever_their_names(X):
    assert status_of(X)[0] == "pass"
    assert status_of(X.with_columns(subject=[f"S{s}" for s in X["subject"]]))[0] == "pass"


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_ids_fail(X, seed):
    status, found = status_of(X.with_columns(subject=np.random.default_rng(seed).permutation(X["subject"])))
    assert status == "fail"
    assert "ids" in found.message


def test_two_subjects_with_one_id_fail(X):
    status, found = status_of(X.with_columns(subject=np.where(X["subject"] == 4, 1, X["subject"])))
    assert (status, found.details["merged"], found.details["split"]) == ("fail", ["1"], [])
    assert "two different faces" in found.message


def test_a_subject_with_two_ids_fails(X):
    subject = X["subject"].copy()
    subject[np.flatnonzero(subject == 2)[::2]] = 77
    status, found = status_of(X.with_columns(subject=subject))
    assert (status, sorted(found.details["split"][0]), found.details["merged"]) == ("fail", ["2", "77"], [])


def test_one_sample_with_the_id_of_another_subject_fails(X):
    subject = X["subject"].copy()
    subject[5] = (subject[5] + 1) % 6
    status, found = status_of(X.with_columns(subject=subject))
    assert (status, found.details["misplaced"]) == ("fail", [5])
    assert "(5)" in found.message


def test_landmarks_alone_are_weak_evidence(X):
    points = Samples.from_arrays(landmarks=X["landmarks"], label=X["label"], subject=X["subject"])
    assert status_of(points)[0] == "pass"
    assert status_of(points.with_columns(subject=np.where(X["subject"] == 4, 1, X["subject"])))[0] != "skipped"


def test_two_kinds_of_faces_of_most_subjects_are_a_warning(X):
    merged = X.with_columns(subject=X["subject"] // 2)
    status, found = status_of(merged)
    assert (status, sorted(found.details["merged"])) == ("warning", ["0", "1", "2"])
    assert "illumination" in found.message


def test_the_check_is_skipped_where_it_cannot_tell(X):
    assert status_of(X.with_columns(subject=np.full(len(X), -1)))[0] == "skipped"
    assert status_of(X.with_columns(subject=np.arange(len(X))))[0] == "skipped"
    assert status_of(X[X["subject"] < 2])[0] == "skipped"
    stills = Samples.from_arrays(X["images"][:, -1], X["landmarks"][:, -1], X["label"], X["subject"])
    assert status_of(stills)[0] == "skipped"


def test_equal_faces_of_all_subjects_do_not_contradict_the_ids(X):
    images = np.repeat(X["images"][:1], len(X), 0)
    landmarks = np.repeat(X["landmarks"][:1], len(X), 0)
    assert status_of(X.with_columns(images=images, landmarks=landmarks))[0] in ("skipped", "warning")


def test_real_faces(kdef):
    """10 subjects of KDEF: pairs of neutral and apex of two sessions."""
    keys = list(zip(kdef["subjects"], kdef["session"], strict=True))
    neutral = {keys[i]: i for i in np.flatnonzero(kdef["labels"] == "neutral")}
    chosen = np.isin(kdef["subjects"], np.unique(kdef["subjects"])[:10]) & (kdef["labels"] != "neutral")
    apex = [i for i in np.flatnonzero(chosen) if keys[i] in neutral]
    pairs = np.array([(neutral[keys[i]], i) for i in apex])
    points, names = kdef["landmarks68"][pairs], kdef["subjects"][apex]
    X = Samples.from_arrays(kdef["images"][pairs], points, kdef["labels"][apex], names)
    assert status_of(X)[0] == "pass"
    first, second, third = np.unique(names)[:3]
    assert status_of(X.with_columns(subject=np.random.default_rng(0).permutation(names)))[0] == "fail"
    merged = status_of(X.with_columns(subject=np.where(names == first, second, names)))[1]
    assert (merged.status, merged.details["merged"]) == ("fail", [second])
    halves = np.where((names == third) & (np.arange(len(names)) % 2 == 0), "other", names)
    split = status_of(X.with_columns(subject=halves))[1]
    assert (split.status, sorted(split.details["split"][0])) == ("fail", sorted([third, "other"]))
