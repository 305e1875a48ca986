"""Tests of the training of a landmarker."""

import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.faces import MIN_CONFIDENCE
from fer_features.faces.cascade_training import TrainingFaces, train_cascade
from fer_features.faces.landmark_evaluation import normalized_mean_error
from fer_features.vision.geometry import MIRROR_INDICES


def as_faces(photos):
    return TrainingFaces(
        [photo.image for photo in photos],
        np.array([photo.landmarks for photo in photos]),
        np.array([photo.box for photo in photos]),
        np.arange(len(photos)) // 2,
    )


#: Number of photographs for training; the other ones are of other portraits.
N_TRAIN = 140


@pytest.fixture
def photos(portrait_photos):
    return portrait_photos


@pytest.fixture(scope="module")
def trained(portrait_photos):
    lines = []
    landmarker = train_cascade(
        as_faces(portrait_photos[:N_TRAIN]), (8, 5), n_components=8, n_folds=3, report=lines.append
    )
    return landmarker, lines


def test_mirror_images_are_added_and_stay_in_their_group(photos):
    faces = as_faces(photos[:4])
    prepared = faces.prepared(np.random.default_rng(0))
    assert len(prepared) == 8
    np.testing.assert_array_equal(prepared.groups, [0, 0, 0, 0, 1, 1, 1, 1])
    np.testing.assert_array_equal(prepared.images[1], prepared.images[0][:, ::-1])
    right = prepared.images[0].shape[1] - 1
    np.testing.assert_allclose(
        prepared.landmarks[1], prepared.landmarks[0][MIRROR_INDICES] * [-1, 1] + [right, 0], atol=1e-9
    )
    assert np.abs(prepared.boxes[0, 2] / prepared.boxes[1, 2] - 1) < 0.3


def test_the_error_on_held_out_faces_decreases_with_each_stage(trained):
    _, lines = trained
    assert [line.split(":")[0] for line in lines] == ["box", "cells of 8", "cells of 5"]
    medians = [float(line.split("median ")[1].split(",")[0]) for line in lines]
    assert medians[1] < medians[0]
    assert medians[2] < 1.1 * medians[1]


def test_landmarks_of_new_portraits(trained, photos):
    landmarker, _ = trained
    test = photos[N_TRAIN:]
    points = np.array([landmarker.detect_landmarks(photo.image, photo.box[None])[0][0] for photo in test])
    truth = np.array([photo.landmarks for photo in test])
    start = np.array([landmarker.mean_shape] * len(test))
    start = (start - start.mean(1, keepdims=True)) * np.array([p.box[2] for p in test])[:, None, None] / 110
    start += np.array([p.box[:2] + p.box[2:] * [0.5, 0.6] for p in test])[:, None]
    assert np.median(normalized_mean_error(points, truth)) < 0.7 * np.median(normalized_mean_error(start, truth))


def test_confidence_separates_faces_from_images_upside_down(trained, photos):
    landmarker, _ = trained
    face, other = [], []
    for photo in photos[N_TRAIN:]:
        face.append(landmarker.detect_landmarks(photo.image, photo.box[None])[1][0])
        other.append(landmarker.detect_landmarks(np.ascontiguousarray(photo.image[::-1]), photo.box[None])[1][0])
    assert (np.array(face) >= MIN_CONFIDENCE).mean() > (np.array(other) >= MIN_CONFIDENCE).mean() + 0.2


def test_training_is_deterministic(photos):
    options = {"cell_sizes": (8,), "n_components": 6, "alphas": (1.0,), "n_folds": 2}
    first, second = (train_cascade(as_faces(photos[:20]), **options) for _ in range(2))
    for name in ("box_weights", "confidence_coef"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    np.testing.assert_array_equal(first.stages[0].weights, second.stages[0].weights)


def test_too_few_groups_are_refused(photos):
    with pytest.raises(FerError, match="n_folds=5"):
        train_cascade(as_faces(photos[:4]))
