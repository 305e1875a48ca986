"""Validation of columns: one shape and type of each, missing values marked, everything else refused."""

import numpy as np
import pandas as pd
import pytest

from fer_features.exceptions import FerError
from fer_features.samples.columns import LazyColumn
from fer_features.samples.validation import clean_columns, clean_images, clean_labels, clean_landmarks, clean_subjects
from fer_features.vision.geometry import MEDIAPIPE_TO_IBUG68


@pytest.fixture
def points():
    return np.random.default_rng(0).uniform(5, 90, (4, 5, 68, 2))


def test_clips_are_not_copied_and_stills_get_a_frame_axis():
    clips = np.zeros((2, 3, 4, 5), np.uint8)
    assert clean_images(clips) is clips
    assert clean_images(clips[:, 0]).shape == (2, 1, 4, 5)
    assert clean_images(list(clips)).shape == clips.shape


@pytest.mark.parametrize("shape", [(), (4,), (4, 5), (2, 3, 4, 5, 3)])
def test_images_of_another_rank_are_refused(shape):
    with pytest.raises(FerError, match=r"shape .*needed"):
        clean_images(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("kind", [np.float32, np.int64, bool, np.uint16])
def test_images_of_another_type_are_refused(kind):
    with pytest.raises(FerError, match=f"{np.dtype(kind)}.*uint8"):
        clean_images(np.zeros((2, 3, 4, 5), kind))


def test_lazy_column_of_images_is_not_read():
    class Unreadable(LazyColumn):
        def __getitem__(self, indices):
            pytest.fail("read")

    column = Unreadable()
    assert clean_images(column) is column


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


@pytest.mark.parametrize("shape", [(68, 2), (4, 5, 67, 2), (4, 5, 2, 68), (4, 5, 68, 4), (4, 5, 468, 3), (4, 136)])
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


@pytest.mark.parametrize("kind", [np.int8, np.uint16, np.int64])
def test_integer_labels_and_subjects_are_not_copied(kind):
    values = np.array([3, 1, 2], kind)
    assert clean_labels(values)[0] is values
    assert clean_subjects(values) is values


@pytest.mark.parametrize("missing", ["", None, float("nan"), "-1", pd.NA])
def test_missing_labels_and_subjects_become_minus_one(missing):
    codes, classes = clean_labels(np.array(["joy", missing, "anger"], object))
    assert (codes.tolist(), classes) == ([1, -1, 0], ("anger", "joy"))
    assert clean_subjects(np.array(["b", missing, "a"], object)).tolist() == ["b", "-1", "a"]
    if not isinstance(missing, str):
        assert clean_subjects(np.array([7, missing, 3], object)).tolist() == [7, -1, 3]


NAMES = ["joy", "anger"]


@pytest.mark.parametrize("text", [NAMES, np.array(NAMES), np.array(NAMES, "S"), pd.Series(NAMES)])
def test_text_labels_become_codes_of_the_given_classes(text):
    codes, classes = clean_labels(text, ("fear", "joy", "anger"))
    assert (codes.tolist(), classes) == ([1, 2], ("fear", "joy", "anger"))


def test_label_outside_the_given_classes_is_refused():
    with pytest.raises(FerError, match="label 'disgust' is not one of the classes fear, joy"):
        clean_labels(["joy", "disgust"], ("fear", "joy"))


@pytest.mark.parametrize("values", [[0.0, 2.0], np.array([0, 2.0], object), pd.Series([0, 2], dtype="float32")])
def test_whole_floats_become_integers(values):
    assert clean_labels(values)[0].tolist() == [0, 2]
    assert clean_subjects(values).dtype == np.int64


@pytest.mark.parametrize("value", [0.5, float("inf")])
@pytest.mark.parametrize("clean", [clean_labels, clean_subjects])
def test_fractions_are_refused(clean, value):
    with pytest.raises(FerError, match=f"{value} is not an integer"):
        clean([1.0, value])


def test_subject_names_are_not_copied():
    names = np.array(["S1", "S2"], object)
    assert clean_subjects(names) is names
    assert clean_subjects(np.array([1, "a"], object)).tolist() == ["1", "a"]


@pytest.mark.parametrize("column", [object(), iter([1, 2])])
def test_column_that_is_not_an_array_is_refused(column):
    with pytest.raises(FerError, match="an array or a LazyColumn is needed"):
        clean_columns({"id": column})
