"""Evaluation of landmarks: scores of known errors, cross-validation by subject, and the summary."""

import functools
import json

import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.faces.cascade_training import train_cascade
from fer_features.faces.landmark_evaluation import (
    FAILURE_THRESHOLD,
    LandmarkErrors,
    cross_validate_landmarker,
    evaluate_landmarker,
    landmark_scores,
    landmark_summary,
    normalized_mean_error,
)
from fer_features.faces.landmarker_training import AnnotatedFrames
from fer_features.vision.geometry import MEAN_FACE

FOUR_FACES = AnnotatedFrames([None] * 4, np.zeros((4, 68, 2)), np.array([0, 0, 1, 1]), True)


def errors_of(nme, confidence=1.0):
    nme = np.array(nme)
    return LandmarkErrors(nme, np.broadcast_to(confidence, nme.shape), np.full(len(nme), 0.004))


def test_normalized_mean_error_is_a_fraction_of_the_outer_eye_distance():
    truth = np.stack([MEAN_FACE, 10 * MEAN_FACE])
    shift = np.linalg.norm(MEAN_FACE[45] - MEAN_FACE[36]) * 0.05
    assert np.allclose(normalized_mean_error(truth + [0, shift], truth), [0.05, 0.005])


def test_missed_faces_are_failures_and_excluded_from_the_mean():
    scores = landmark_scores(errors_of([0.02, 0.2, np.nan, 0.04], [1, 0.2, np.nan, 0.9]), FOUR_FACES)
    assert scores.failure_rate == 0.5
    assert scores.detection_rate == 0.75
    assert scores.nme == pytest.approx(0.26 / 3)
    assert scores.nme_subject_sd == pytest.approx((0.11 - 0.04) / 2)
    assert scores.confident_fraction == pytest.approx(2 / 3)
    assert scores.curve.fraction[-1] == 0.5
    assert scores.curve.fraction == sorted(scores.curve.fraction)
    assert scores.ms_per_face == pytest.approx(4)


@pytest.mark.parametrize(("nme", "expected"), [(0.0, 1.0), (0.05, 0.5), (0.2, 0.0)])
def test_auc_is_the_normalized_area_under_the_error_curve(nme, expected):
    scores = landmark_scores(errors_of([nme] * 4), FOUR_FACES)
    assert scores.auc == pytest.approx(expected, abs=0.02)


def test_scores_are_json_with_standard_keys():
    record = json.loads(json.dumps(landmark_scores(errors_of([0.02, 0.04, 0.02, 0.04]), FOUR_FACES).to_json()))
    assert {"nme", "failure_rate", "auc", "detection_rate", "n_faces", "curve"} <= set(record)
    assert record["failure_threshold"] == FAILURE_THRESHOLD
    assert set(record["curve"]) == {"nme", "fraction"}


def test_summary_contains_the_scores_and_warns_of_unknown_subjects():
    frames = AnnotatedFrames(FOUR_FACES.images, FOUR_FACES.landmarks, np.arange(4), grouped=False)
    errors = errors_of([0.02, 0.04, 0.02, 0.04])
    assert "NME 3.00 %" in landmark_summary(landmark_scores(errors, frames))
    assert "NOT grouped by subject" in landmark_summary(landmark_scores(errors, frames))
    assert "2 subjects" in landmark_summary(landmark_scores(errors, FOUR_FACES))


def test_all_faces_missed_raises():
    with pytest.raises(FerError, match="missed"):
        landmark_scores(errors_of([np.nan] * 4), FOUR_FACES)


def test_errors_of_a_fitted_landmarker(landmarker, frames, is_test):
    test = frames.subset(np.flatnonzero(is_test))
    errors = evaluate_landmarker(landmarker, test)
    detected = np.isfinite(errors.nme)
    assert detected.mean() > 0.8
    assert np.array_equal(detected, np.isfinite(errors.confidence))
    assert np.array_equal(detected, np.isfinite(errors.seconds))
    assert errors.nme[detected].mean() < 0.05
    assert errors.fold is None


def test_cross_validation_keeps_subjects_together(frames, monkeypatch):
    small = functools.partial(train_cascade, n_components=4)
    monkeypatch.setattr("fer_features.faces.cascade_training.N_NON_FACES", 10)
    monkeypatch.setattr("fer_features.faces.landmarker_training.train_cascade", small)
    monkeypatch.setattr("fer_features.faces.landmarker_training.CELL_SIZES", (8,))
    few = frames.subset(np.arange(0, len(frames), 4))
    errors = cross_validate_landmarker(few, "2fold")
    assert set(errors.fold) == {0, 1}
    for subject in np.unique(few.groups):
        assert len(set(errors.fold[few.groups == subject])) == 1
    assert np.nanmean(errors.nme) < 0.2
    of_crops = cross_validate_landmarker(few, "2fold", faces="crop").nme
    assert np.isfinite(of_crops).all()
    assert not np.array_equal(of_crops, errors.nme)


@pytest.mark.parametrize(("cv", "words"), [("random", "unknown protocol"), ("1fold", "unknown"), ("9fold", "too few")])
def test_invalid_protocols_raise(frames, cv, words):
    with pytest.raises(FerError, match=words):
        cross_validate_landmarker(frames, cv)
