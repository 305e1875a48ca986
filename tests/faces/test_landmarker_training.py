"""Selection of annotated frames from samples, and the description of a fitted landmarker."""

import json

import numpy as np
import pytest

from fer_features import Samples
from fer_features.exceptions import FerError
from fer_features.faces.landmarker_training import AnnotatedFrames, LandmarkerInfo


@pytest.fixture
def table(clips):
    """24 samples of 3 frames; the first has no landmarks."""
    images, landmarks, label, subject = clips
    landmarks = landmarks.copy()
    landmarks[0] = np.nan
    return Samples.from_arrays(images=images, landmarks=landmarks, label=label, subject=subject)


def test_frames_are_evenly_spread_and_missing_landmarks_excluded(table):
    frames = AnnotatedFrames.from_samples(table, n_frames=2)
    assert len(frames) == 2 * len(table) - 2
    assert frames.grouped
    assert frames.n_subjects == 4
    assert np.array_equal(frames.images[0], table["images"][1, 0])
    assert np.array_equal(frames.images[-1], table["images"][-1, 2])
    assert len(AnnotatedFrames.from_samples(table, n_frames=9)) == 3 * len(table) - 3


def test_samples_without_subjects_are_groups_of_their_own(clips):
    images, landmarks, label, _ = clips
    frames = AnnotatedFrames.from_samples(Samples.from_arrays(images=images, landmarks=landmarks, label=label), 2)
    assert not frames.grouped
    assert frames.n_subjects is None
    assert len(np.unique(frames.groups)) == len(images)


def test_subset_selects_all_attributes(table):
    frames = AnnotatedFrames.from_samples(table, n_frames=2)
    subset = frames.subset(np.array([5, 2]))
    assert len(subset) == 2
    assert np.array_equal(subset.images[1], frames.images[2])
    assert np.array_equal(subset.landmarks, frames.landmarks[[5, 2]])
    assert np.array_equal(subset.groups, frames.groups[[5, 2]])


def test_samples_without_landmarks_raise(clips):
    images, landmarks, *_ = clips
    with pytest.raises(FerError, match="landmarks"):
        AnnotatedFrames.from_samples(Samples.from_arrays(images=images))
    nowhere = Samples.from_arrays(images=images, landmarks=np.full_like(landmarks, np.nan))
    with pytest.raises(FerError, match="no sample has landmarks"):
        AnnotatedFrames.from_samples(nowhere)


def test_description_of_a_landmarker_is_json(landmarker, frames, is_test):
    info = LandmarkerInfo.from_landmarker(landmarker, frames.subset(np.flatnonzero(~is_test)))
    record = json.loads(json.dumps(info.to_json()))
    assert record["n_subjects"] == 6
    assert record["n_faces"] == landmarker.n_faces_
    assert record["parameters"]["n_components"] == 12
    assert "detector" not in record["parameters"]
