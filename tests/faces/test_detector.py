"""Detectors: ours, anybody's, and boxes that are given."""

import pickle

import cv2
import numpy as np
import pytest
import skimage.data

from fer_features.exceptions import FerError
from fer_features.faces import FaceDetector, as_detector
from fer_features.faces.detector import checked_boxes, largest


@pytest.fixture(scope="module")
def two_faces():
    """The astronaut beside herself, once half as large."""
    face = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2GRAY)[:260, 60:360]
    small = cv2.resize(face, (150, 130), interpolation=cv2.INTER_AREA)
    return np.hstack([np.pad(small, ((60, 70), (0, 0)), mode="edge"), face])


def test_all_faces_or_the_largest(two_faces):
    boxes, _confidence = FaceDetector(smallest=0.15)(two_faces)
    assert len(boxes) == 2
    one, sure = FaceDetector(smallest=0.15, which="largest")(two_faces)
    assert one.shape == (1, 4)
    assert sure.shape == (1,)
    assert one[0, 2] == boxes[:, 2].max()
    assert one[0, 0] > 150


def test_the_largest_of_none_is_none():
    boxes, confidence = largest(np.empty((0, 4), np.float32), np.empty(0, np.float32))
    assert boxes.shape == (0, 4)
    assert confidence.shape == (0,)


def test_a_pickled_detector_finds_the_same(two_faces):
    detector = FaceDetector(smallest=0.2)
    again = pickle.loads(pickle.dumps(detector))
    assert np.array_equal(detector(two_faces)[0], again(two_faces)[0])


@pytest.mark.parametrize("wrong", [{"smallest": 0}, {"smallest": 2}, {"step": 1}, {"threshold": 1}, {"which": "both"}])
def test_wrong_parameters_are_told(wrong):
    with pytest.raises(FerError, match=str(next(iter(wrong.values())))):
        FaceDetector(**wrong)


@pytest.mark.parametrize("picture", [np.zeros((5, 5, 3), np.uint8), np.zeros((5, 5)), np.zeros((0, 5), np.uint8)])
def test_other_arrays_than_grey_pictures_are_refused(picture):
    with pytest.raises(FerError, match="uint8"):
        FaceDetector()(picture)


def test_anybodys_function_is_a_detector():
    picture = np.zeros((50, 60), np.uint8)
    boxes, confidence = as_detector(lambda p: [[1, 2, 30, 40]])(picture)
    assert boxes.tolist() == [[1, 2, 30, 40]]
    assert boxes.dtype == np.float32
    assert confidence.tolist() == [1]
    boxes, confidence = as_detector(lambda p: (np.array([[1, 2, 3, 4], [5, 6, 7, 8]]), [0.5, 0.25]))(picture)
    assert len(boxes) == 2
    assert confidence.tolist() == [0.5, 0.25]
    for none in ([], (), np.empty((0, 4)), ([], [])):
        boxes, confidence = as_detector(lambda p, none=none: none)(picture)
        assert boxes.shape == (0, 4)
        assert confidence.shape == (0,)
    assert as_detector(detector := FaceDetector()) is detector


@pytest.mark.parametrize(
    "answer",
    [[[1, 2, 3]], [[1, 2, 0, 4]], [[1, 2, np.nan, 4]], "face", None, ([[1, 2, 3, 4]], [2.0]), ([[1, 2, 3, 4]], [])],
)
def test_wrong_answers_of_a_detector_are_told(answer):
    with pytest.raises(FerError):
        as_detector(lambda p: answer)(np.zeros((50, 60), np.uint8))


def test_one_box_is_a_list_of_one():
    assert checked_boxes([1, 2, 3, 4]).shape == (1, 4)
    with pytest.raises(FerError, match="function"):
        as_detector(3)
