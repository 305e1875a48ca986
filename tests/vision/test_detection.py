"""Face detection on a photograph of scikit-image: equivariance, thresholds, and images without a face."""

import cv2
import numpy as np
import pytest
import skimage.data

from fer_features.vision.boxes import intersection_over_union
from fer_features.vision.detection import detect_faces

#: Box x, y, width, height of the face in the photograph of the astronaut, estimated by eye.
ASTRONAUT_FACE = np.array([176, 68, 104, 110.0])


@pytest.fixture(scope="module")
def astronaut():
    return cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2GRAY)


@pytest.fixture(scope="module")
def astronaut_box(astronaut):
    return detect_faces(astronaut, 0.15)[0][0]


def test_face_of_a_photograph_is_detected(astronaut):
    boxes, confidence = detect_faces(astronaut)
    assert boxes.shape == (1, 4)
    assert boxes.dtype == np.float32
    assert confidence.shape == (1,)
    assert confidence.dtype == np.float32
    assert intersection_over_union(boxes, ASTRONAUT_FACE[None])[0, 0] > 0.7
    assert 0.5 < confidence[0] < 1


@pytest.mark.parametrize("factor", [0.5, 1.5, 3.0])
def test_box_scales_with_the_image(astronaut, astronaut_box, factor):
    scaled = cv2.resize(astronaut, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    box = detect_faces(scaled, 0.15)[0][0]
    assert intersection_over_union(box[None] / factor, astronaut_box[None])[0, 0] > 0.85


@pytest.mark.parametrize("shift", [(40, 0), (0, 25), (60, 60)])
def test_box_moves_with_the_image(astronaut, shift):
    dx, dy = shift
    crop = astronaut[:300, 60:360]
    moved = np.pad(crop, ((dy, 60 - dy), (dx, 60 - dx)), mode="edge")
    unmoved = np.pad(crop, ((0, 60), (0, 60)), mode="edge")
    first, second = detect_faces(unmoved, 0.2)[0][0], detect_faces(moved, 0.2)[0][0]
    assert intersection_over_union(second[None] - [dx, dy, 0, 0], first[None])[0, 0] > 0.8


def test_face_cut_by_the_edge_is_detected(astronaut):
    cut = np.ascontiguousarray(astronaut[70:300, 190:400])
    boxes, _ = detect_faces(cut, 0.2)
    assert intersection_over_union(boxes + [190, 70, 0, 0], ASTRONAUT_FACE[None]).max() > 0.6


def test_mirrored_image_has_the_mirrored_box(astronaut, astronaut_box):
    mirrored = detect_faces(np.ascontiguousarray(astronaut[:, ::-1]), 0.15)[0][0]
    mirrored[0] = astronaut.shape[1] - mirrored[0] - mirrored[2]
    assert intersection_over_union(mirrored[None], astronaut_box[None])[0, 0] > 0.8


@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_image_has_no_face(level):
    assert len(detect_faces(np.full((120, 160), level, np.uint8))[0]) == 0


@pytest.mark.parametrize("name", ["brick", "grass", "coins"])
def test_texture_has_no_face(name):
    assert len(detect_faces(getattr(skimage.data, name)(), 0.2)[0]) == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (7, 5), (24, 24), (25, 400)])
def test_images_of_any_size_are_accepted(shape):
    image = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    boxes, confidence = detect_faces(image)
    assert boxes.shape == (len(confidence), 4)


def test_faces_smaller_than_min_face_are_excluded(astronaut):
    assert len(detect_faces(astronaut, 0.6)[0]) == 0


def test_threshold_only_excludes_faces(astronaut):
    crop = np.ascontiguousarray(astronaut[:300, 60:360])
    all_boxes, all_confidences = detect_faces(crop, 0.1, threshold=0.0)
    assert len(all_boxes) > 1
    assert (np.diff(all_confidences) <= 0).all()
    assert ((all_confidences >= 0) & (all_confidences <= 1)).all()
    for threshold in (0.2, 0.5, 0.9):
        boxes, confidence = detect_faces(crop, 0.1, threshold=threshold)
        assert np.array_equal(boxes, all_boxes[all_confidences >= threshold])
        assert (confidence >= threshold).all()
