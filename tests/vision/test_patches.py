"""Properties of patches: equality with slices of the image, equivariance to translation and mirroring."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.vision.geometry import MIRROR_INDICES, mirror_landmarks
from fer_features.vision.patches import POINT_SETS, extract_patches

HEIGHT, WIDTH = 40, 56
IMAGES = np.random.default_rng(0).integers(0, 256, (3, HEIGHT, WIDTH)).astype(np.uint8)


def slice_around(image, x, y, size):
    """The patch around a pixel by indexing, with repeated border pixels."""
    rows, columns = (np.arange(size) - size // 2 + at for at in (y, x))
    return image[np.clip(rows, 0, HEIGHT - 1)[:, None], np.clip(columns, 0, WIDTH - 1)]


@given(size=st.integers(1, 12), x=st.integers(-30, 90), y=st.integers(-30, 70))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_patch_is_slice_with_repeated_border_pixels(size, x, y):
    centre = np.array([x, y]) - (0 if size % 2 else 0.5)  # the centre of an even size is between pixels
    found = extract_patches(IMAGES, np.tile(centre, (3, 1, 1)), size)
    assert found.shape == (3, 1, size, size)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found[:, 0], [slice_around(image, x, y, size) for image in IMAGES])


@pytest.mark.parametrize("size", [7, 8])
def test_ramp_is_interpolated_between_pixels(size):
    ramp = (2 * np.arange(WIDTH)[None, :] + np.arange(HEIGHT)[:, None]).astype(np.uint8)
    x, y = 20.25, 17.75
    offset = np.arange(size) - (size - 1) / 2
    expected = 2 * (x + offset)[None, :] + (y + offset)[:, None]
    found = extract_patches(ramp[None], np.array([[[x, y]]]), size)[0, 0]
    np.testing.assert_allclose(found, expected, atol=0.51)


@pytest.mark.parametrize("size", [9, 10])
def test_translation_of_image_and_points_by_pixels_gives_same_patches(size):
    wide = np.random.default_rng(1).integers(0, 256, (2, 60, 80)).astype(np.uint8)
    points = np.random.default_rng(2).uniform([15, 15], [60, 40], (2, 6, 2))
    moved = np.roll(wide, (4, -3), (1, 2))
    expected = extract_patches(wide, points, size)
    # Positions are rounded to 1/32 pixel or finer. The rounding may depend on the position.
    np.testing.assert_allclose(extract_patches(moved, points + [-3, 4], size).astype(int), expected, atol=1)


@pytest.mark.parametrize("size", [9, 10])
def test_mirrored_image_has_mirrored_patches(size):
    points = np.random.default_rng(3).uniform(-5, 60, (3, 68, 2)).astype(np.float32)
    found = extract_patches(IMAGES[:, :, ::-1], mirror_landmarks(points, WIDTH), size)
    expected = extract_patches(IMAGES, points, size)[:, MIRROR_INDICES, :, ::-1]
    np.testing.assert_allclose(found.astype(int), expected, atol=9)  # positions are rounded to 1/32 pixel
    assert np.mean(np.abs(found.astype(int) - expected)) < 0.5


def test_patch_does_not_depend_on_other_points_or_images():
    points = np.random.default_rng(4).uniform(0, 40, (3, 5, 2))
    batch = extract_patches(IMAGES, points, 8)
    for i in range(3):
        for j in range(5):
            np.testing.assert_array_equal(extract_patches(IMAGES[[i]], points[[i]][:, [j]], 8)[0, 0], batch[i, j])


@pytest.mark.parametrize("missing", [np.nan, np.inf])
def test_patch_of_missing_point_is_zero_and_others_are_unchanged(missing):
    points = np.random.default_rng(5).uniform(5, 30, (3, 5, 2))
    expected = extract_patches(IMAGES, points, 8)
    points[0, 2, 1] = points[1] = missing
    expected[0, 2] = expected[1] = 0
    np.testing.assert_array_equal(extract_patches(IMAGES, points, 8), expected)


@pytest.mark.parametrize("name", POINT_SETS)
def test_point_sets_are_symmetric(name):
    points = POINT_SETS[name]
    assert len(set(points)) == len(points)
    assert set(MIRROR_INDICES[list(points)]) == set(points)
