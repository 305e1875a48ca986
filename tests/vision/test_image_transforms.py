"""Image transforms: landmarks follow the pixels, and random transforms depend on sample, copy and seed only."""

import dataclasses

import cv2
import numpy as np
import pytest

from fer_features.vision.image_transforms import (
    MAX_ROTATION_DEGREES,
    MAX_SCALE_CHANGE,
    MAX_SHIFT_FRACTION,
    TRANSFORM_KINDS,
    ImageTransform,
    random_transform,
    transform_images,
    transform_landmarks,
)

WIDTH, HEIGHT = 60, 48


def blurred_points(points):
    """An image with a blurred spot at each point (k, 2)."""
    image = np.zeros((HEIGHT, WIDTH), np.float32)
    for x, y in points:
        image[round(y), round(x)] = 255 * 8
    return np.clip(cv2.GaussianBlur(image, (0, 0), 1.2), 0, 255).astype(np.uint8)


def centre_of_mass(image):
    weights = image.astype(float) / image.sum()
    return np.array([(weights * np.arange(WIDTH)).sum(), (weights.T * np.arange(HEIGHT)).sum()])


def test_default_transform_is_the_identity():
    clip = np.random.default_rng(0).integers(0, 256, (3, HEIGHT, WIDTH)).astype(np.uint8)
    points = np.random.default_rng(1).uniform(0, 40, (3, 68, 2))
    np.testing.assert_array_equal(transform_images(clip, ImageTransform()), clip)
    np.testing.assert_allclose(transform_landmarks(points, ImageTransform(), WIDTH, HEIGHT), points, rtol=1e-6)
    assert random_transform((), 3, 1) == ImageTransform()


@pytest.mark.parametrize(
    "transform",
    [
        ImageTransform(mirror=True),
        ImageTransform(shift=(0.1, -0.05)),
        ImageTransform(rotation=20),
        ImageTransform(scale=1.2),
        ImageTransform(mirror=True, shift=(-0.04, 0.05), rotation=-8, scale=0.9),
    ],
    ids=["mirror", "shift", "rotation", "scale", "all"],
)
def test_landmarks_follow_the_pixels(transform):
    position = np.array([36.0, 20.0])
    image = transform_images(blurred_points([position])[None], transform)[0]
    points = transform_landmarks(np.tile(position, (1, 68, 1)), transform, WIDTH, HEIGHT)[0]
    np.testing.assert_allclose(centre_of_mass(image), points[0], atol=0.15)


def test_mirror_exchanges_left_and_right_points():
    points = np.random.default_rng(0).uniform(0, 40, (2, 68, 2))
    mirrored = transform_landmarks(points, ImageTransform(mirror=True), WIDTH, HEIGHT)
    np.testing.assert_allclose(mirrored[:, 36], [WIDTH - 1, 0] + points[:, 45] * [-1, 1], rtol=1e-5)
    twice = transform_landmarks(mirrored, ImageTransform(mirror=True), WIDTH, HEIGHT)
    np.testing.assert_allclose(twice, points, rtol=1e-5)


def test_centre_is_fixed_under_rotation_and_scale():
    centre = np.tile([(WIDTH - 1) / 2, (HEIGHT - 1) / 2], (1, 68, 1))
    moved = transform_landmarks(centre, ImageTransform(rotation=33, scale=1.3), WIDTH, HEIGHT)
    np.testing.assert_allclose(moved, centre, rtol=1e-5)


def test_rotation_is_anticlockwise_and_contrast_is_relative_to_the_mean():
    up = np.tile([(WIDTH - 1) / 2, 10.0], (1, 68, 1))
    assert transform_landmarks(up, ImageTransform(rotation=10), WIDTH, HEIGHT)[0, 0, 0] < (WIDTH - 1) / 2
    grey = np.random.default_rng(0).integers(100, 150, (2, HEIGHT, WIDTH)).astype(np.uint8)
    changed = transform_images(grey, ImageTransform(contrast=1.5, brightness=5)).astype(float)
    np.testing.assert_allclose(changed.mean((1, 2)), grey.mean((1, 2)) + 5, atol=0.5)
    np.testing.assert_allclose(changed.std((1, 2)), 1.5 * grey.std((1, 2)), rtol=0.01)
    bright = transform_images(np.full((1, 4, 4), 250, np.uint8), ImageTransform(brightness=20))
    assert (bright == 255).all()


@pytest.mark.parametrize("kind", TRANSFORM_KINDS)
def test_each_kind_changes_its_own_parameters_only(kind):
    fields = {"contrast": {"contrast", "brightness"}}.get(kind, {kind})
    transform, identity = dataclasses.asdict(random_transform((kind,), 5, 1)), dataclasses.asdict(ImageTransform())
    assert {name for name in transform if transform[name] != identity[name]} == fields


def test_random_transforms_are_bounded_and_depend_on_sample_copy_and_seed_only():
    found = [random_transform(TRANSFORM_KINDS, index, copy) for index in range(60) for copy in (1, 2)]
    assert len({transform.rotation for transform in found}) == 120
    assert all(abs(x.rotation) <= MAX_ROTATION_DEGREES and max(map(abs, x.shift)) <= MAX_SHIFT_FRACTION for x in found)
    assert all(1 / (1 + MAX_SCALE_CHANGE) <= x.scale <= 1 + MAX_SCALE_CHANGE for x in found)
    assert random_transform(TRANSFORM_KINDS, 7, 2) == found[15]
    assert random_transform(TRANSFORM_KINDS, 7, 2, seed=1) != found[15]
    assert [transform.mirror for transform in found[:4]] == [True, False, True, False]
    assert random_transform(("rotation",), 7, 2).rotation == found[15].rotation  # whatever other kinds there are
