"""Laws of patches: slices of the picture where the point allows it, and they go where the points go."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.vision.geometry import MIRROR, mirror
from fer_features.vision.patches import POINT_SETS, patches

HEIGHT, WIDTH = 40, 56
IMAGES = np.random.default_rng(0).integers(0, 256, (3, HEIGHT, WIDTH)).astype(np.uint8)


def slice_around(image, x, y, side):
    """The patch around a whole point by indexing alone, the border repeated."""
    rows, columns = (np.arange(side) - side // 2 + at for at in (y, x))
    return image[np.clip(rows, 0, HEIGHT - 1)[:, None], np.clip(columns, 0, WIDTH - 1)]


@given(side=st.integers(1, 12), x=st.integers(-30, 90), y=st.integers(-30, 70))
@settings(max_examples=60, deadline=None)
def test_a_patch_is_a_slice_with_repeated_borders_also_where_the_point_lies_outside(side, x, y):
    middle = np.array([x, y]) - (0 if side % 2 else 0.5)  # of an even side the middle lies between pixels
    found = patches(IMAGES, np.tile(middle, (3, 1, 1)), side)
    assert found.shape == (3, 1, side, side)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found[:, 0], [slice_around(image, x, y, side) for image in IMAGES])


@pytest.mark.parametrize("side", [7, 8])
def test_a_ramp_is_sampled_between_pixels(side):
    ramp = (2 * np.arange(WIDTH)[None, :] + np.arange(HEIGHT)[:, None]).astype(np.uint8)
    x, y = 20.25, 17.75
    offset = np.arange(side) - (side - 1) / 2
    expected = 2 * (x + offset)[None, :] + (y + offset)[:, None]
    found = patches(ramp[None], np.array([[[x, y]]]), side)[0, 0]
    np.testing.assert_allclose(found, expected, atol=0.51)


@pytest.mark.parametrize("side", [9, 10])
def test_picture_and_points_moved_together_by_whole_pixels_give_the_same_patches(side):
    wide = np.random.default_rng(1).integers(0, 256, (2, 60, 80)).astype(np.uint8)
    points = np.random.default_rng(2).uniform([15, 15], [60, 40], (2, 6, 2))
    moved = np.roll(wide, (4, -3), (1, 2))
    expected = patches(wide, points, side)
    # Positions between pixels are rounded to 1/32 or finer; which way may change with the place.
    np.testing.assert_allclose(patches(moved, points + [-3, 4], side).astype(int), expected, atol=1)


@pytest.mark.parametrize("side", [9, 10])
def test_patches_of_the_mirrored_picture_are_mirrored(side):
    points = np.random.default_rng(3).uniform(-5, 60, (3, 68, 2)).astype(np.float32)
    found = patches(IMAGES[:, :, ::-1], mirror(points, WIDTH), side)
    expected = patches(IMAGES, points, side)[:, MIRROR, :, ::-1]
    np.testing.assert_allclose(found.astype(int), expected, atol=9)  # positions are rounded to 1/32 of 255
    assert np.mean(np.abs(found.astype(int) - expected)) < 0.5


def test_each_point_of_each_picture_stands_alone():
    points = np.random.default_rng(4).uniform(0, 40, (3, 5, 2))
    together = patches(IMAGES, points, 8)
    for i in range(3):
        for j in range(5):
            np.testing.assert_array_equal(patches(IMAGES[[i]], points[[i]][:, [j]], 8)[0, 0], together[i, j])


@pytest.mark.parametrize("gap", [np.nan, np.inf])
def test_where_a_point_is_missing_the_patch_is_0_and_the_others_are_not_touched(gap):
    points = np.random.default_rng(5).uniform(5, 30, (3, 5, 2))
    expected = patches(IMAGES, points, 8)
    points[0, 2, 1] = points[1] = gap
    expected[0, 2] = expected[1] = 0
    np.testing.assert_array_equal(patches(IMAGES, points, 8), expected)


@pytest.mark.parametrize("name", POINT_SETS)
def test_sets_of_points_are_their_own_mirror_images(name):
    chosen = POINT_SETS[name]
    assert len(set(chosen)) == len(chosen)
    assert set(MIRROR[list(chosen)]) == set(chosen)
