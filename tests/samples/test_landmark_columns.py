"""Landmarks: one shape, missing frames marked, and agreement with the images for every way to make a table."""

import numpy as np
import pytest

from fer_features import FerError, Samples, load_dataset, make_pipeline
from fer_features.samples.landmark_columns import clean_landmarks, has_landmark_axes
from fer_features.vision.geometry import MEDIAPIPE_TO_IBUG68

from ..conftest import draw_clips, write_h5

IMAGES, LANDMARKS, LABEL, _ = draw_clips()
HEIGHT, WIDTH = IMAGES.shape[2:]


@pytest.fixture
def points():
    return np.random.default_rng(0).uniform(5, 90, (4, 5, 68, 2))


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16, np.int64, np.uint8])
def test_landmarks_of_any_real_type_become_float32(points, kind):
    given = points.astype(kind)
    cleaned = clean_landmarks(given)
    assert cleaned.dtype == np.float32
    np.testing.assert_array_equal(cleaned, given.astype(np.float32))


def test_landmarks_of_stills_get_a_frame_axis(points):
    np.testing.assert_array_equal(clean_landmarks(points[:, 0]), points[:, :1].astype(np.float32))


def test_mesh_is_reduced_to_68_points_without_depth(points):
    mesh = np.random.default_rng(1).uniform(5, 90, (4, 5, 478, 3))
    np.testing.assert_array_equal(clean_landmarks(mesh), mesh[:, :, MEDIAPIPE_TO_IBUG68, :2].astype(np.float32))
    spatial = np.concatenate([points, np.full((4, 5, 68, 1), 7.0)], -1)
    np.testing.assert_array_equal(clean_landmarks(spatial), clean_landmarks(points))


@pytest.mark.parametrize("shape", [(68, 2), (4, 5, 67, 2), (4, 5, 2, 68), (4, 5, 68, 4), (4, 5, 467, 3), (4, 136)])
def test_landmarks_of_another_shape_are_refused(shape):
    with pytest.raises(FerError, match=r"landmarks have shape .*needed"):
        clean_landmarks(np.ones(shape))


@pytest.mark.parametrize("kind", [bool, complex, object, "U3"])
def test_landmarks_of_another_type_are_refused(points, kind):
    with pytest.raises(FerError, match="landmarks are of type"):
        clean_landmarks(points.astype(kind))


@pytest.mark.parametrize("missing", [0, np.nan])
def test_frames_of_zeros_or_nan_are_missing_and_interpolated(points, missing):
    points[1, 2] = missing
    points[2] = missing
    cleaned = clean_landmarks(points)
    expected = points.astype(np.float32)
    np.testing.assert_allclose(cleaned[1, 2], (expected[1, 1] + expected[1, 3]) / 2, rtol=1e-6)
    assert np.isnan(cleaned[2]).all()
    np.testing.assert_array_equal(cleaned[[0, 3]], expected[[0, 3]])


def test_single_point_at_the_image_corner_does_not_make_a_frame_missing(points):
    points[0, 0, 5] = 0
    np.testing.assert_array_equal(clean_landmarks(points), points.astype(np.float32))


def test_given_landmarks_are_not_changed(points):
    points[1, 2] = 0
    given = points.copy()
    clean_landmarks(points)
    np.testing.assert_array_equal(points, given)
    given = np.float32(points)
    clean_landmarks(given)
    np.testing.assert_array_equal(given, np.float32(points))


@pytest.mark.parametrize("n_points", [468, 478])
def test_meshes_with_and_without_irises_are_accepted(n_points):
    mesh = np.random.default_rng(1).uniform(5, 90, (4, n_points, 3))
    np.testing.assert_array_equal(clean_landmarks(mesh)[:, 0], np.float32(mesh[:, MEDIAPIPE_TO_IBUG68, :2]))
    assert has_landmark_axes(mesh)


@pytest.mark.parametrize("shape", [(0, 3, 68, 2), (4, 0, 68, 2)])
def test_empty_axes_are_refused(shape):
    with pytest.raises(FerError, match="at least one sample and one frame"):
        clean_landmarks(np.zeros(shape))


def test_clips_of_different_lengths_are_refused():
    with pytest.raises(FerError, match="same number of frames"):
        clean_landmarks([np.ones((3, 68, 2)), np.ones((2, 68, 2))])


@pytest.mark.parametrize("factor", [1e9, -1e300])
def test_numbers_that_cannot_be_positions_are_refused(factor):
    with pytest.raises(FerError, match="landmarks have a coordinate of"):
        clean_landmarks(LANDMARKS * factor)


def from_arrays(landmarks, folder):
    return Samples.from_arrays(images=IMAGES, landmarks=landmarks)


def from_columns(landmarks, folder):
    return Samples({"images": IMAGES, "landmarks": landmarks})


def from_with_columns(landmarks, folder):
    return Samples.from_arrays(images=IMAGES, label=LABEL).with_columns(landmarks=landmarks)


def from_fer22(landmarks, folder):
    write_h5(folder, "data_train_images", IMAGES)
    write_h5(folder, "data_train_landmarks", landmarks)
    write_h5(folder, "data_train_labels", LABEL)
    return load_dataset(folder, infer_subjects=False)


each_door = pytest.mark.parametrize("make", [from_arrays, from_columns, from_with_columns, from_fer22])


@each_door
def test_landmarks_in_pixels_are_unchanged(make, tmp_path):
    X = make(LANDMARKS, tmp_path)
    np.testing.assert_array_equal(X["landmarks"], np.float32(LANDMARKS))
    assert X.info.notes == ()


@each_door
@pytest.mark.parametrize("some", [slice(None), slice(3, 9)])
def test_fractions_of_the_image_size_are_converted_with_a_note(make, some, tmp_path):
    given = LANDMARKS.copy()
    given[some] /= [WIDTH, HEIGHT]
    X = make(given, tmp_path)
    np.testing.assert_allclose(X["landmarks"], LANDMARKS, atol=1e-4)
    n = len(LANDMARKS[some])
    assert any(f"landmarks of {n} of 24 sample(s) are fractions of the image size" in note for note in X.info.notes)


REFUSED = {
    "x and y swapped": (lambda points: points[..., ::-1], "mirrored faces: are x and y swapped"),
    "y upwards": (lambda points: [0, HEIGHT - 1] + points * [1, -1], "does y count upwards"),
    "mirrored": (lambda points: [WIDTH - 1, 0] + points * [-1, 1], "mirrored faces"),
    "four times as large": (lambda points: 4 * points, "outside the image of 90 x 100 pixels"),
    "from -1 to 1": (lambda points: 2 * points / [WIDTH, HEIGHT] - 1, "outside the image of 90 x 100 pixels"),
    "one sample far outside": (lambda points: np.concatenate([points[:-1], points[-1:] + 900]), "1 such sample"),
    "other number of frames": (lambda points: points[:, :2], "frames per sequence|frames per sample"),
}


@each_door
@pytest.mark.parametrize("name", REFUSED)
def test_landmarks_of_other_images_are_refused_in_one_line(make, name, tmp_path):
    change, message = REFUSED[name]
    with pytest.raises(FerError, match=message) as error:
        make(change(LANDMARKS), tmp_path)
    assert "\n" not in str(error.value)


DOUBTFUL = {
    "half as large": (lambda points: points / 2, "top left quarter"),
    "one mirrored": (
        lambda points: np.concatenate([points[:-1], [WIDTH, 0] + points[-1:] * [-1, 1]]),
        "1 sample.*mirror",
    ),
    "one somewhat outside": (lambda points: np.concatenate([points[:-1], points[-1:] + [60, 0]]), "1 sample.*outside"),
}


@each_door
@pytest.mark.parametrize("name", DOUBTFUL)
def test_doubtful_landmarks_give_a_warning(make, name, tmp_path):
    import re

    change, message = DOUBTFUL[name]
    notes = make(change(LANDMARKS), tmp_path).info.notes
    assert any("warning: " in note and re.search(message, note) for note in notes), notes


def test_rotated_faces_are_accepted():
    quarter_turn = np.stack([LANDMARKS[..., 1], WIDTH - 1 - LANDMARKS[..., 0]], -1)
    images = np.ascontiguousarray(np.rot90(IMAGES, axes=(2, 3)))
    assert Samples.from_arrays(images=images, landmarks=quarter_turn).info.notes == ()


def test_landmarks_alone_are_checked_for_the_direction_of_axes():
    model = make_pipeline("landmarks_lda").fit(LANDMARKS / 50, LABEL)
    with pytest.raises(FerError, match="mirrored faces"):
        model.predict(LANDMARKS[..., ::-1])
