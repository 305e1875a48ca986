"""Shape model: mean shape, crops, affine transforms and point descriptors."""

import numpy as np
import pytest

from fer_features.vision.geometry import MEAN_FACE, MIRROR_INDICES, apply_affine
from fer_features.vision.shape_model import (
    FRAME_EYE_DISTANCE_PX,
    FRAME_SIDE_PX,
    invert_affine,
    mean_shape,
    orientation_maps,
    outer_eye_distance,
    point_descriptors,
)


@pytest.fixture
def matrix():
    return np.array([[1.3, -0.4, 12.0], [0.4, 1.3, -7.0]])


def noise(height, width):
    return np.random.default_rng(0).integers(0, 255, (height, width), dtype=np.uint8)


def test_outer_eye_distance_is_that_of_points_36_and_45():
    points = np.zeros((68, 2))
    points[45] = [3, 4]
    assert outer_eye_distance(points) == 5


def test_mean_shape_is_invariant_to_similarities_symmetric_and_in_the_frame(matrix):
    rng = np.random.default_rng(0)
    shapes = MEAN_FACE + rng.normal(0, 0.05, (20, 68, 2))
    mean = mean_shape(shapes)
    assert np.allclose(mean_shape(apply_affine(matrix, shapes)), mean, atol=1e-6)
    assert np.allclose(outer_eye_distance(mean), FRAME_EYE_DISTANCE_PX)
    assert mean.min() > 0
    assert mean.max() < FRAME_SIDE_PX
    assert np.allclose(mean[MIRROR_INDICES] * [-1, 1] + [FRAME_SIDE_PX - 1, 0], mean, atol=0.01)


def test_the_inverse_of_an_affine_transform_reverts_it(matrix):
    points = np.random.default_rng(0).normal(size=(5, 2))
    assert np.allclose(apply_affine(invert_affine(matrix), apply_affine(matrix, points)), points)


def test_descriptors_of_a_flat_image_are_zero():
    maps = orientation_maps(np.full((FRAME_SIDE_PX, FRAME_SIDE_PX), 90, np.uint8), 5)
    assert not maps.any()
    assert not point_descriptors(maps, np.full((3, 2), 60.0), 5).any()


def test_orientation_of_a_ramp_is_the_direction_of_its_gradient():
    line = np.arange(FRAME_SIDE_PX, dtype=np.uint8)
    x, y = np.meshgrid(line, line)
    diagonal = x // 2 + y // 2
    for orientation, ramp in {0: x, 2: y, 4: 127 - x, 6: 127 - y, 1: diagonal, 5: 127 - diagonal}.items():
        assert orientation_maps(ramp.astype(np.uint8), 4)[64, 64].argmax() == orientation


def test_descriptors_are_invariant_to_brightness_and_contrast():
    image = noise(FRAME_SIDE_PX, FRAME_SIDE_PX) // 4
    points = np.random.default_rng(1).uniform(30, 90, (68, 2))
    one, two = (
        point_descriptors(orientation_maps(pixels.astype(np.uint8), 6), points, 6) for pixels in (image, 3 * image + 20)
    )
    assert np.allclose(one, two, atol=1e-5)
    assert np.allclose(np.linalg.norm(one, axis=1), 1, atol=1e-5)
