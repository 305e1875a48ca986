"""Changed faces: points go where pixels go, copies hang on nothing but their row."""

import dataclasses

import cv2
import numpy as np
import pytest

from fer_features.vision.image_transforms import (
    KINDS,
    ROTATION,
    SCALE,
    SHIFT,
    Change,
    change_images,
    change_landmarks,
    draw,
)

WIDTH, HEIGHT = 60, 48


def spots(points):
    """A picture with a blurred spot at each point (k, 2)."""
    picture = np.zeros((HEIGHT, WIDTH), np.float32)
    for x, y in points:
        picture[round(y), round(x)] = 255 * 8
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 1.2), 0, 255).astype(np.uint8)


def middle(picture):
    weights = picture.astype(float) / picture.sum()
    return np.array([(weights * np.arange(WIDTH)).sum(), (weights.T * np.arange(HEIGHT)).sum()])


def test_no_change_is_none():
    clip = np.random.default_rng(0).integers(0, 256, (3, HEIGHT, WIDTH)).astype(np.uint8)
    points = np.random.default_rng(1).uniform(0, 40, (3, 68, 2))
    np.testing.assert_array_equal(change_images(clip, Change()), clip)
    np.testing.assert_allclose(change_landmarks(points, Change(), WIDTH, HEIGHT), points, rtol=1e-6)
    assert draw((), 3, 1) == Change()


@pytest.mark.parametrize(
    "change",
    [
        Change(mirror=True),
        Change(shift=(0.1, -0.05)),
        Change(rotation=20),
        Change(scale=1.2),
        Change(mirror=True, shift=(-0.04, 0.05), rotation=-8, scale=0.9),
    ],
    ids=["mirror", "shift", "rotation", "scale", "all"],
)
def test_landmarks_move_with_the_pixels(change):
    place = np.array([36.0, 20.0])
    picture = change_images(spots([place])[None], change)[0]
    points = change_landmarks(np.tile(place, (1, 68, 1)), change, WIDTH, HEIGHT)[0]
    np.testing.assert_allclose(middle(picture), points[0], atol=0.15)


def test_the_mirror_changes_left_and_right_points():
    points = np.random.default_rng(0).uniform(0, 40, (2, 68, 2))
    turned = change_landmarks(points, Change(mirror=True), WIDTH, HEIGHT)
    np.testing.assert_allclose(turned[:, 36], [WIDTH - 1, 0] + points[:, 45] * [-1, 1], rtol=1e-5)
    twice = change_landmarks(turned, Change(mirror=True), WIDTH, HEIGHT)
    np.testing.assert_allclose(twice, points, rtol=1e-5)


def test_the_middle_stays_under_rotation_and_scale():
    middle_point = np.tile([(WIDTH - 1) / 2, (HEIGHT - 1) / 2], (1, 68, 1))
    moved = change_landmarks(middle_point, Change(rotation=33, scale=1.3), WIDTH, HEIGHT)
    np.testing.assert_allclose(moved, middle_point, rtol=1e-5)


def test_rotation_is_anticlockwise_and_contrast_is_about_the_mean():
    up = np.tile([(WIDTH - 1) / 2, 10.0], (1, 68, 1))
    assert change_landmarks(up, Change(rotation=10), WIDTH, HEIGHT)[0, 0, 0] < (WIDTH - 1) / 2
    grey = np.random.default_rng(0).integers(100, 150, (2, HEIGHT, WIDTH)).astype(np.uint8)
    changed = change_images(grey, Change(contrast=1.5, brightness=5)).astype(float)
    np.testing.assert_allclose(changed.mean((1, 2)), grey.mean((1, 2)) + 5, atol=0.5)
    np.testing.assert_allclose(changed.std((1, 2)), 1.5 * grey.std((1, 2)), rtol=0.01)
    bright = change_images(np.full((1, 4, 4), 250, np.uint8), Change(brightness=20))
    assert (bright == 255).all()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_changes_what_it_says_and_no_more(kind):
    fields = {"contrast": {"contrast", "brightness"}}.get(kind, {kind})
    change, same = dataclasses.asdict(draw((kind,), 5, 1)), dataclasses.asdict(Change())
    assert {name for name in change if change[name] != same[name]} == fields


def test_draws_are_small_differ_by_row_and_copy_and_by_nothing_else():
    found = [draw(KINDS, row, copy) for row in range(60) for copy in (1, 2)]
    assert len({change.rotation for change in found}) == 120
    assert all(abs(c.rotation) <= ROTATION and max(map(abs, c.shift)) <= SHIFT for c in found)
    assert all(1 / (1 + SCALE) <= c.scale <= 1 + SCALE for c in found)
    assert draw(KINDS, 7, 2) == found[15]
    assert draw(KINDS, 7, 2, seed=1) != found[15]
    assert [change.mirror for change in found[:4]] == [True, False, True, False]
    assert draw(("rotation",), 7, 2).rotation == found[15].rotation  # whatever else there is
