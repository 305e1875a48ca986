"""Tests of the descriptors of the landmarker."""

import cv2
import numpy as np
import pytest

from fer_features.vision.geometry import MEAN_FACE, apply_affine, estimate_similarity
from fer_features.vision.landmark_features import BOX_DESCRIPTOR_LENGTH, box_descriptor, shape_descriptors
from fer_features.vision.shape_model import (
    invert_affine,
    mean_shape,
    orientation_maps,
    point_descriptors,
    warp_to_frame,
)

MEAN = mean_shape(np.array([MEAN_FACE]))


@pytest.fixture(scope="module")
def image():
    rng = np.random.default_rng(0)
    return cv2.GaussianBlur(rng.integers(0, 256, (160, 170), dtype=np.uint8), (0, 0), 2)


def test_box_descriptor_does_not_depend_on_position_brightness_and_contrast(image):
    base = box_descriptor(image, np.array([40, 45, 70, 70]))
    assert base.shape == (BOX_DESCRIPTOR_LENGTH,)
    np.testing.assert_allclose(box_descriptor(image[5:, 10:], np.array([30, 40, 70, 70])), base, atol=1e-5)
    flatter = (image // 2 + 60).astype(np.uint8)
    assert np.corrcoef(box_descriptor(flatter, np.array([40, 45, 70, 70])), base)[0, 1] > 0.97


def test_box_descriptor_uses_the_mean_side_around_the_centre(image):
    np.testing.assert_allclose(
        box_descriptor(image, np.array([40, 50, 80, 60])), box_descriptor(image, np.array([45, 45, 70, 70])), atol=1e-6
    )


def test_box_descriptor_of_a_rotated_square(image):
    """A square that is turned to the right sees what an upright one sees in the image turned to the left."""
    turned, width = np.ascontiguousarray(np.rot90(image)), image.shape[1]
    expected = box_descriptor(turned, np.array([45, width - 1 - 75 - 35, 70, 70]))
    np.testing.assert_allclose(box_descriptor(image, np.array([40, 45, 70, 70]), 90.0), expected, atol=1e-6)


def test_box_descriptor_of_a_flat_image_is_zero():
    assert not box_descriptor(np.full((50, 50), 90, np.uint8), np.array([5, 5, 30, 30])).any()


def at_full_resolution(image, shape, cell_size):
    """Descriptors in the frame without a reduction, and the transform of the frame to the image."""
    matrix = estimate_similarity(MEAN, shape)
    maps = orientation_maps(warp_to_frame(image, matrix), cell_size)
    return point_descriptors(maps, apply_affine(invert_affine(matrix), shape), cell_size), matrix


@pytest.mark.parametrize("cell_size", [4, 5])
def test_small_cells_are_those_of_the_frame(image, cell_size):
    shape = 30 * MEAN_FACE + [80, 70]
    descriptors, matrix = shape_descriptors(image, MEAN, shape, cell_size)
    expected, expected_matrix = at_full_resolution(image, shape, cell_size)
    np.testing.assert_allclose(descriptors, np.sqrt(expected / expected.sum(1, keepdims=True)), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(descriptors, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(matrix, expected_matrix)


@pytest.mark.parametrize("cell_size", [6, 8, 10])
def test_large_cells_at_half_the_resolution_are_nearly_those_of_the_frame(image, cell_size):
    shape = 30 * MEAN_FACE + [80, 70]
    descriptors, _ = shape_descriptors(image, MEAN, shape, cell_size)
    expected, _ = at_full_resolution(image, shape, cell_size)
    assert descriptors.shape == (68, 128)
    similarity = (descriptors * np.sqrt(expected / expected.sum(1, keepdims=True))).sum(1)
    assert np.median(similarity) > 0.9


def test_descriptors_of_a_flat_image_are_zero():
    assert not shape_descriptors(np.full((90, 90), 90, np.uint8), MEAN, 30 * MEAN_FACE + [45, 40], 8)[0].any()


def test_descriptors_do_not_depend_on_the_rotation_of_image_and_shape(image):
    shape = 25 * MEAN_FACE + [80, 70]
    rotation = cv2.getRotationMatrix2D((80, 70), 20, 1)
    rotated = cv2.warpAffine(image, rotation, image.shape[::-1], flags=cv2.INTER_CUBIC)
    moved = shape @ rotation[:, :2].T + rotation[:, 2]
    a, b = shape_descriptors(image, MEAN, shape, 8)[0], shape_descriptors(rotated, MEAN, moved, 8)[0]
    assert np.median((a * b).sum(1)) > 0.9
