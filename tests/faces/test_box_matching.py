"""Boxes of annotated faces: matching with the landmarks, and detection of rendered faces."""

import numpy as np

from fer_features.faces import FaceDetector
from fer_features.faces.box_matching import detect_known_faces, match_boxes, min_face_for

#: A grid of 68 points from (10, 20) to (50, 60).
SHAPE = np.stack(np.meshgrid(np.linspace(10, 50, 17), np.linspace(20, 60, 4)), -1).reshape(68, 2)


def test_matching_boxes_contain_the_centre_and_most_of_the_shape():
    boxes = np.array([[10, 20, 40, 40], [5, 15, 55, 55], [60, 60, 40, 40], [25, 35, 10, 10], [0, 0, 400, 400.0]])
    assert match_boxes(boxes, SHAPE).tolist() == [True, True, False, False, False]
    assert match_boxes(np.empty((0, 4)), SHAPE).shape == (0,)


def test_min_face_is_half_of_the_extent_of_the_face():
    assert min_face_for(np.zeros((80, 100), np.uint8), SHAPE) == 0.25


def test_of_several_matching_boxes_the_most_confident_is_returned():
    def detector(image):
        return np.array([[5, 15, 55, 55], [10, 20, 40, 40], [60, 60, 40, 40.0]]), np.array([0.3, 0.8, 0.9])

    images = [np.zeros((100, 100), np.uint8)] * 2
    found = detect_known_faces(images, np.stack([SHAPE, SHAPE + 500]), detector)
    assert found[0].tolist() == [10, 20, 40, 40]
    assert np.isnan(found[1]).all()


def test_default_detector_finds_rendered_faces(frames, boxes):
    assert np.isfinite(boxes).all(1).mean() > 0.8
    every_fourth = frames.subset(np.arange(0, len(frames), 4))
    coarse = detect_known_faces(every_fourth.images, every_fourth.landmarks, FaceDetector(min_face=0.3))
    assert np.isfinite(coarse).all(1).mean() > 0.8
