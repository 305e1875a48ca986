"""Detection of tilted faces: the box moves with the rotation, and images without a face remain without one."""

import cv2
import numpy as np
import pytest
import skimage.data

from fer_features.vision.boxes import intersection_over_union
from fer_features.vision.detection import detect_faces
from fer_features.vision.geometry import apply_affine
from fer_features.vision.tilted_detection import detect_tilted_faces, rotate_image


@pytest.fixture(scope="module")
def astronaut():
    return cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2GRAY)[:300, 60:360]


@pytest.mark.parametrize("degrees", [-30, -25, 25, 30])
def test_box_moves_with_the_rotation(astronaut, degrees):
    upright = detect_faces(astronaut, 0.2)[0][0]
    tilted, matrix = rotate_image(astronaut, degrees)
    assert len(detect_faces(tilted, 0.15)[0]) == 0
    boxes, confidence = detect_tilted_faces(tilted, 0.15)
    assert boxes.shape == (1, 4)
    assert (boxes.dtype, confidence.dtype) == (np.float32, np.float32)
    assert confidence[0] >= 0.5
    centre = apply_affine(matrix, upright[None, :2] + upright[2:] / 2)[0]
    expected = np.r_[centre - upright[2:] / 2, upright[2:]]
    assert intersection_over_union(boxes, expected[None])[0, 0] > 0.6


def test_threshold_excludes_tilted_faces(astronaut):
    tilted, _ = rotate_image(astronaut, 30)
    _, confidence = detect_tilted_faces(tilted, 0.15)
    assert len(detect_tilted_faces(tilted, 0.15, threshold=float(confidence[0]) + 0.01)[0]) == 0


@pytest.mark.parametrize("degrees", [0, 12, 25])
def test_faces_in_small_images_must_fill_half_of_them(astronaut, degrees):
    rotated, matrix = rotate_image(astronaut, degrees)
    x, y = apply_affine(matrix, np.array([[168.0, 123.0]]))[0].astype(int)  # the centre of the face
    small = cv2.resize(rotated[y - 75 : y + 75, x - 75 : x + 75], (60, 60), interpolation=cv2.INTER_AREA)
    boxes, _ = detect_tilted_faces(small)
    assert len(boxes) == 1
    assert 30 <= boxes[0, 2] <= 60
    wide = cv2.copyMakeBorder(small, 17, 17, 17, 17, cv2.BORDER_CONSTANT, value=128)
    assert len(detect_tilted_faces(wide)[0]) == 0


@pytest.mark.parametrize("name", ["brick", "grass", "coins", "page"])
def test_images_without_a_face_have_none(name):
    assert len(detect_tilted_faces(getattr(skimage.data, name)(), 0.2)[0]) == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (7, 5), (24, 24), (25, 400)])
def test_images_of_any_size_are_accepted(shape):
    image = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    boxes, confidence = detect_tilted_faces(image)
    assert boxes.shape == (len(confidence), 4)


@pytest.mark.parametrize("degrees", [0, 90, -90, 180])
def test_rotations_by_right_angles_are_exact(degrees):
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    rotated, matrix = rotate_image(image, degrees)
    assert np.array_equal(rotated, np.rot90(image, degrees // 90))
    x, y = np.rint(apply_affine(matrix, np.array([[3.0, 1.0]]))[0]).astype(int)
    assert rotated[y, x] == image[1, 3]
