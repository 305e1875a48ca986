"""Laws of arrays on their way into the table: one shape, one type, missing told from there."""

import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.samples.validation import clean_images, clean_landmarks
from fer_features.vision.geometry import MESH_TO_68


@pytest.fixture
def points():
    return np.random.default_rng(0).uniform(5, 90, (4, 5, 68, 2))


def test_clips_are_passed_as_they_are_and_stills_get_an_axis_of_frames():
    clips = np.zeros((2, 3, 4, 5), np.uint8)
    assert clean_images(clips) is clips
    assert clean_images(clips[:, 0]).shape == (2, 1, 4, 5)
    assert clean_images(list(clips)).shape == clips.shape


@pytest.mark.parametrize("shape", [(), (4,), (4, 5), (2, 3, 4, 5, 3)])
def test_images_of_another_rank_are_refused_with_their_shape(shape):
    with pytest.raises(FerError, match=r"shape .*needed"):
        clean_images(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("kind", [np.float32, np.int64, bool, np.uint16])
def test_images_that_are_not_8_bit_are_refused_with_their_type(kind):
    with pytest.raises(FerError, match=f"{np.dtype(kind)}.*uint8"):
        clean_images(np.zeros((2, 3, 4, 5), kind))


def test_a_lazy_column_of_images_is_not_read():
    class Lazy:
        def frame(self, rows, t):
            pytest.fail("read")

        __getitem__ = __array__ = frame

    column = Lazy()
    assert clean_images(column) is column


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16, np.int64, np.uint8])
def test_landmarks_of_any_real_type_become_float32_of_the_same_value(points, kind):
    given = points.astype(kind)
    cleaned = clean_landmarks(given)
    assert cleaned.dtype == np.float32
    np.testing.assert_array_equal(cleaned, given.astype(np.float32))


def test_landmarks_of_stills_get_an_axis_of_frames(points):
    np.testing.assert_array_equal(clean_landmarks(points[:, 0]), points[:, :1].astype(np.float32))


def test_a_mesh_is_read_at_the_68_points_and_depth_is_dropped(points):
    mesh = np.random.default_rng(1).uniform(5, 90, (4, 5, 478, 3))
    np.testing.assert_array_equal(clean_landmarks(mesh), mesh[:, :, MESH_TO_68, :2].astype(np.float32))
    spatial = np.concatenate([points, np.full((4, 5, 68, 1), 7.0)], -1)
    np.testing.assert_array_equal(clean_landmarks(spatial), clean_landmarks(points))


@pytest.mark.parametrize("shape", [(68, 2), (4, 5, 67, 2), (4, 5, 2, 68), (4, 5, 68, 4), (4, 5, 468, 3), (4, 136)])
def test_landmarks_of_another_shape_are_refused_with_it(shape):
    with pytest.raises(FerError, match=r"landmarks have shape .*needed"):
        clean_landmarks(np.ones(shape))


@pytest.mark.parametrize("kind", [bool, complex, object, "U3"])
def test_landmarks_that_are_not_real_numbers_are_refused_with_their_type(points, kind):
    with pytest.raises(FerError, match="landmarks are of type"):
        clean_landmarks(points.astype(kind))


@pytest.mark.parametrize("missing", [0, np.nan])
def test_a_frame_of_zeros_is_missing_as_one_of_nan_is_and_is_interpolated(points, missing):
    points[1, 2] = missing
    points[2] = missing
    cleaned = clean_landmarks(points)
    expected = points.astype(np.float32)
    np.testing.assert_allclose(cleaned[1, 2], (expected[1, 1] + expected[1, 3]) / 2, rtol=1e-6)
    assert np.isnan(cleaned[2]).all()
    np.testing.assert_array_equal(cleaned[[0, 3]], expected[[0, 3]])


def test_one_point_at_the_corner_of_the_picture_is_no_missing_frame(points):
    points[0, 0, 5] = 0
    np.testing.assert_array_equal(clean_landmarks(points), points.astype(np.float32))


def test_the_array_given_is_left_as_it_is(points):
    points[1, 2] = 0
    given = points.copy()
    clean_landmarks(points)
    np.testing.assert_array_equal(points, given)
    given = np.float32(points)
    clean_landmarks(given)
    np.testing.assert_array_equal(given, np.float32(points))
