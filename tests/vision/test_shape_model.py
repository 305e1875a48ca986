"""The frame of shapes and descriptors in it, as laws."""

import numpy as np
import pytest

from fer_features.vision.cascaded_regression import principal_axes, regress
from fer_features.vision.geometry import MEAN_FACE, MIRROR, similarity, transform
from fer_features.vision.shape_model import (
    EYES,
    FRAME,
    compose,
    describe,
    inverse,
    mean_shape,
    orientation_maps,
    outer_eye_distance,
    reduced,
    to_frame,
)


@pytest.fixture
def matrix():
    return np.array([[1.3, -0.4, 12.0], [0.4, 1.3, -7.0]])


def noise(height, width):
    return np.random.default_rng(0).integers(0, 255, (height, width), dtype=np.uint8)


def test_the_outer_eye_distance_is_that_of_points_36_and_45():
    points = np.zeros((68, 2))
    points[45] = [3, 4]
    assert outer_eye_distance(points) == 5


def test_the_mean_shape_does_not_hang_on_place_size_and_rotation(matrix):
    rng = np.random.default_rng(0)
    shapes = MEAN_FACE + rng.normal(0, 0.05, (20, 68, 2))
    mean = mean_shape(shapes)
    assert np.allclose(mean_shape(transform(matrix, shapes)), mean, atol=1e-6)
    assert np.allclose(outer_eye_distance(mean), EYES)
    assert mean.min() > 0
    assert mean.max() < FRAME
    assert np.allclose(mean[MIRROR] * [-1, 1] + [FRAME - 1, 0], mean, atol=0.01)


def test_inverse_and_compose_undo_each_other(matrix):
    assert np.allclose(compose(matrix, inverse(matrix)), [[1, 0, 0], [0, 1, 0]])
    points = np.random.default_rng(0).normal(size=(5, 2))
    assert np.allclose(transform(compose(matrix, matrix), points), transform(matrix, transform(matrix, points)))


@pytest.mark.parametrize("size", [20, 100, 700])
def test_reducing_keeps_places(size):
    """A ramp of light says where each pixel comes from."""
    ramp = np.tile(np.linspace(0, 255, 1200).astype(np.float32), (1000, 1)).astype(np.uint8)
    shape = MEAN_FACE * size / 3 + [600, 450]
    part, matrix = reduced(ramp, shape)
    y, x = np.mgrid[: part.shape[0], : part.shape[1]]
    source = transform(matrix, np.stack([x, y], -1).reshape(-1, 2).astype(float))
    assert np.abs(source[:, 0] * 255 / 1199 - part.ravel()).max() < 2
    assert max(part.shape) < 500


@pytest.mark.parametrize("at", [(-9000, 5), (5, 9000), (0, 0), (60, 60)])
def test_reducing_gives_pixels_wherever_the_shape_is(at):
    part, matrix = reduced(noise(60, 60), MEAN_FACE * 20 + at)
    assert part.size
    assert np.isfinite(matrix).all()
    assert to_frame(part, similarity(MEAN_FACE, MEAN_FACE + [500, 500])).shape == (FRAME, FRAME)


def test_a_flat_crop_has_no_descriptor():
    maps = orientation_maps(np.full((FRAME, FRAME), 90, np.uint8), 5)
    assert not maps.any()
    assert not describe(maps, np.full((3, 2), 60.0), 5).any()


def test_each_ramp_has_the_orientation_of_its_light():
    line = np.arange(FRAME, dtype=np.uint8)
    x, y = np.meshgrid(line, line)
    for o, ramp in {0: x, 2: y, 4: 127 - x, 6: 127 - y, 1: (x // 2 + y // 2), 5: 127 - (x // 2 + y // 2)}.items():
        assert orientation_maps(ramp.astype(np.uint8), 4)[64, 64].argmax() == o


def test_descriptors_ignore_brightness_and_contrast():
    crop = noise(FRAME, FRAME) // 4
    points = np.random.default_rng(1).uniform(30, 90, (68, 2))
    one, two = (describe(orientation_maps(c.astype(np.uint8), 6), points, 6) for c in (crop, 3 * crop + 20))
    assert np.allclose(one, two, atol=1e-5)
    assert np.allclose(np.linalg.norm(one, axis=1), 1, atol=1e-5)


def test_the_regression_is_that_of_the_normal_equations():
    rng = np.random.default_rng(0)
    features, moves = rng.normal(size=(200, 12)).astype(np.float32), rng.normal(size=(200, 4))
    weights = regress(features, moves, 0.0)
    exact = np.linalg.lstsq(np.hstack([features, np.ones((200, 1))]), moves, rcond=None)[0]
    assert np.allclose(weights, exact, atol=1e-4)
    shrunk = regress(features, moves, 1e6)
    assert np.abs(shrunk[:-1]).max() < 1e-4
    assert np.allclose(shrunk[-1], moves.mean(0), atol=1e-3)


def test_principal_axes_are_orthonormal_and_in_order():
    rows = np.random.default_rng(0).normal(size=(30, 68, 128)) * np.linspace(1, 3, 128)
    _, basis = principal_axes(rows, 10)
    assert np.allclose(basis.T @ basis, np.eye(10), atol=1e-5)
    spread = (rows.reshape(-1, 128) @ basis).var(0)
    assert (np.diff(spread) < 0.1).all()
