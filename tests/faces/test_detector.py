"""Face detectors: parameters of `FaceDetector`, and adaptation of other functions."""

import pickle

import cv2
import numpy as np
import pytest
import skimage.data

from fer_features.exceptions import FerError
from fer_features.faces import FaceDetector, as_detector
from fer_features.faces.detector import largest_face, validate_boxes
from fer_features.vision.tilted_detection import rotate_image

EMPTY = np.zeros((50, 60), np.uint8)


@pytest.fixture(scope="module")
def two_faces():
    """The face of the astronaut at the right, and a copy of half the size at the left."""
    face = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2GRAY)[:260, 60:360]
    small = cv2.resize(face, (150, 130), interpolation=cv2.INTER_AREA)
    return np.hstack([np.pad(small, ((60, 70), (0, 0)), mode="edge"), face])


def test_all_faces_or_the_largest_are_returned(two_faces):
    boxes, _ = FaceDetector(min_face=0.15)(two_faces)
    assert len(boxes) == 2
    largest, confidence = FaceDetector(min_face=0.15, faces="largest")(two_faces)
    assert largest.shape == (1, 4)
    assert confidence.shape == (1,)
    assert largest[0, 2] == boxes[:, 2].max()
    assert largest[0, 0] > 150


def test_largest_of_no_faces_is_empty():
    boxes, confidence = largest_face(np.empty((0, 4), np.float32), np.empty(0, np.float32))
    assert boxes.shape == (0, 4)
    assert confidence.shape == (0,)


def test_pickled_detector_gives_the_same_boxes(two_faces):
    detector = FaceDetector(min_face=0.2)
    restored = pickle.loads(pickle.dumps(detector))
    assert np.array_equal(detector(two_faces)[0], restored(two_faces)[0])


@pytest.mark.parametrize(
    "invalid", [{"min_face": 0}, {"min_face": 2}, {"scale_factor": 1}, {"threshold": 1}, {"faces": "both"}]
)
def test_invalid_parameters_raise_with_name_and_value(invalid):
    ((name, value),) = invalid.items()
    with pytest.raises(FerError, match=f"{name}='?{value}"):
        FaceDetector(**invalid)


@pytest.mark.parametrize("image", [np.zeros((5, 5, 3), np.uint8), np.zeros((5, 5)), np.zeros((0, 5), np.uint8)])
def test_images_that_are_not_grey_raise(image):
    with pytest.raises(FerError, match="uint8"):
        FaceDetector()(image)


def test_any_function_can_be_a_detector():
    boxes, confidence = as_detector(lambda image: [[1, 2, 30, 40]])(EMPTY)
    assert boxes.tolist() == [[1, 2, 30, 40]]
    assert boxes.dtype == np.float32
    assert confidence.tolist() == [1]
    boxes, confidence = as_detector(lambda image: (np.array([[1, 2, 3, 4], [5, 6, 7, 8]]), [0.5, 0.25]))(EMPTY)
    assert len(boxes) == 2
    assert confidence.tolist() == [0.5, 0.25]
    assert as_detector(detector := FaceDetector()) is detector
    with pytest.raises(FerError, match="function"):
        as_detector(3)


@pytest.mark.parametrize("nothing", [[], (), np.empty((0, 4)), ([], [])], ids=["list", "tuple", "array", "pair"])
def test_empty_results_mean_no_face(nothing):
    boxes, confidence = as_detector(lambda image: nothing)(EMPTY)
    assert boxes.shape == (0, 4)
    assert confidence.shape == (0,)


@pytest.mark.parametrize(
    "result",
    [[[1, 2, 3]], [[1, 2, 0, 4]], [[1, 2, np.nan, 4]], "face", None, ([[1, 2, 3, 4]], [2.0]), ([[1, 2, 3, 4]], [])],
)
def test_invalid_results_of_a_detector_raise(result):
    with pytest.raises(FerError):
        as_detector(lambda image: result)(EMPTY)


def test_one_box_is_an_array_of_one_box():
    assert validate_boxes([1, 2, 3, 4]).shape == (1, 4)


def test_tilted_faces_are_searched_only_where_no_upright_face_is_found(two_faces):
    upright = FaceDetector(min_face=0.2, tilted=False)
    assert np.array_equal(FaceDetector(min_face=0.2)(two_faces)[0], upright(two_faces)[0])
    tilted, _ = rotate_image(two_faces[:, 150:], 30)
    assert len(upright(tilted)[0]) == 0
    assert len(FaceDetector(min_face=0.2)(tilted)[0]) == 1
    both = np.hstack([np.pad(two_faces, ((0, len(tilted) - len(two_faces)), (0, 0)), mode="edge"), tilted])
    assert np.array_equal(FaceDetector(min_face=0.1)(both)[0], FaceDetector(min_face=0.1, tilted=False)(both)[0])
