"""Selection of annotated frames from samples, and training on them."""

import functools
import json

import numpy as np
import pytest

from fer_features import Samples
from fer_features.exceptions import FerError
from fer_features.faces.cascade_training import train_cascade
from fer_features.faces.landmarker_training import AnnotatedFrames, train_landmarker, training_boxes


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
    with pytest.raises(FerError, match="these data have none: use landmarks='PATH'"):
        AnnotatedFrames.from_samples(Samples.from_arrays(images=images))
    nowhere = Samples.from_arrays(images=images, landmarks=np.full_like(landmarks, np.nan))
    with pytest.raises(FerError, match="no sample has landmarks"):
        AnnotatedFrames.from_samples(nowhere)


@pytest.fixture
def small_cascade(monkeypatch):
    """Landmarkers of one stage with few components."""
    small = functools.partial(train_cascade, n_components=5)
    monkeypatch.setattr("fer_features.faces.landmarker_training.train_cascade", small)
    monkeypatch.setattr("fer_features.faces.landmarker_training.CELL_SIZES", (8,))


@pytest.mark.usefixtures("small_cascade")
def test_training_counts_faces_and_describes_itself_as_json(frames, boxes):
    indices = np.flatnonzero(frames.groups < 3)
    few, given = frames.subset(indices), boxes[indices].copy()
    given[0] = np.nan  # a face that the detector misses
    few.landmarks[1] += 1000  # landmarks outside of the image
    n_usable = int(np.isfinite(given[2:]).all(1).sum())
    landmarker, info = train_landmarker(few, random_state=3, boxes=given)
    record = json.loads(json.dumps(info.to_json()))
    assert (record["n_faces"], record["n_excluded"]) == (n_usable, len(few) - n_usable)
    assert record["n_subjects"] == record["n_folds"] == 3
    assert (record["cell_sizes"], record["n_components"], record["random_state"]) == ([8], 5, 3)
    again, _ = train_landmarker(few, random_state=3, boxes=given)
    np.testing.assert_array_equal(landmarker.box_weights, again.box_weights)


@pytest.mark.usefixtures("small_cascade")
def test_images_are_boxes_of_cropped_faces(frames):
    few = frames.subset(np.arange(0, len(frames), 4))
    boxes = training_boxes(few, "crop")
    np.testing.assert_array_equal(boxes[0], [0, 15, 120, 120])
    assert train_landmarker(few, faces="crop")[1].faces == "crop"
    assert train_landmarker(few, faces="crop")[1].n_excluded == 0


def test_too_few_faces_or_subjects_are_refused(frames):
    boxes = np.tile([10.0, 30, 100, 100], (len(frames), 1))
    outside = frames.subset(np.arange(12))
    outside.landmarks[:] += 1000
    with pytest.raises(FerError, match="0 faces with landmarks and boxes in 12 images"):
        train_landmarker(outside, boxes=boxes[:12])
    one_subject = frames.subset(np.flatnonzero(frames.groups == 0))
    with pytest.raises(FerError, match="at least 2 subjects"):
        train_landmarker(one_subject, boxes=boxes[: len(one_subject)])
