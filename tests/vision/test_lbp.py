"""Properties of LBP: equality with scikit-image, invariance to grey-level changes, histograms of all pixels."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.feature import local_binary_pattern

from fer_features.vision import lbp_labels as module
from fer_features.vision.lbp import lbp_codes, lbp_histograms
from fer_features.vision.lbp_labels import N_LBP_LABELS, uniform_labels

RADII = [1, 2, 3]


def noise(*shape, seed=0, high=256):
    return np.random.default_rng(seed).integers(0, high, shape).astype(np.uint8)


def inside(codes, radius):
    """Codes of pixels whose neighbours are all inside the image."""
    return codes[:, radius:-radius, radius:-radius]


@pytest.mark.parametrize("radius", RADII)
def test_codes_equal_scikit_image_on_real_faces(kdef, radius):
    faces = np.stack([kdef["images"][i, 60:130, 60:160] for i in (0, 333, 700)])
    expected = [local_binary_pattern(image, 8, radius, "nri_uniform") for image in faces]
    np.testing.assert_array_equal(lbp_codes(faces, radius), expected)


@pytest.mark.parametrize("radius", [*RADII, 5])
def test_codes_equal_scikit_image_on_photographs(photographs, small_faces, radius):
    for images in [*(photograph[None] for photograph in photographs), small_faces]:
        expected = [local_binary_pattern(image, 8, radius, "nri_uniform") for image in images]
        np.testing.assert_array_equal(lbp_codes(images, radius), expected)


@pytest.mark.parametrize("radius", RADII)
@pytest.mark.parametrize("high", [2, 6, 256])
def test_codes_equal_scikit_image_on_noise(radius, high):
    images = noise(3, 41, 58, high=high)
    expected = [local_binary_pattern(image, 8, radius, "nri_uniform") for image in images]
    np.testing.assert_array_equal(lbp_codes(images, radius), expected)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.sampled_from([0, 1, 7, 254, 255])),
    st.sampled_from(RADII),
)
def test_codes_equal_scikit_image_on_random_small_images_with_flat_patches(image, radius):
    np.testing.assert_array_equal(
        lbp_codes(image[None], radius)[0], local_binary_pattern(image, 8, radius, "nri_uniform")
    )


def test_58_uniform_patterns_have_own_labels_and_all_others_the_last_label():
    labels = uniform_labels()
    bits = np.arange(256)[:, None] >> np.arange(8) & 1
    uniform = (bits != np.roll(bits, -1, 1)).sum(1) <= 2
    assert sorted(labels[uniform]) == list(range(N_LBP_LABELS - 1))
    assert set(labels[~uniform]) == {N_LBP_LABELS - 1}


@pytest.mark.parametrize("radius", RADII)
@pytest.mark.parametrize(("factor", "shift"), [(1, 55), (2, 0), (2, 13)])
def test_codes_are_invariant_to_brightness_and_contrast(radius, factor, shift):
    # All pixels differ, so that no comparison is a tie. Outside the image the grey value is always 0.
    image = np.random.default_rng(radius).permutation(121).reshape(1, 11, 11).astype(np.uint8)
    changed = factor * image + np.uint8(shift)
    np.testing.assert_array_equal(inside(lbp_codes(changed, radius), radius), inside(lbp_codes(image, radius), radius))


@settings(deadline=None, max_examples=60, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.integers(1, 2), st.integers(0, 13), st.sampled_from(RADII))
def test_codes_of_random_images_without_ties_are_invariant_to_brightness_and_contrast(seed, factor, shift, radius):
    image = np.random.default_rng(seed).permutation(121).reshape(1, 11, 11).astype(np.uint8)
    changed = np.uint8(factor) * image + np.uint8(shift)
    np.testing.assert_array_equal(inside(lbp_codes(changed, radius), radius), inside(lbp_codes(image, radius), radius))


@settings(deadline=None, max_examples=60, derandomize=True)
@given(st.lists(st.integers(0, 255), min_size=12, max_size=12, unique=True), st.sampled_from(RADII))
def test_codes_of_ramp_are_invariant_to_monotonic_grey_level_changes(levels, radius):
    # Grey levels increase along one axis and are constant along the other: the pattern is the same everywhere.
    ramp = np.tile(np.sort(levels).astype(np.uint8), (12, 1))[None]
    linear = np.tile(np.arange(12, dtype=np.uint8), (12, 1))[None]
    for changed, image in ((ramp, linear), (ramp.transpose(0, 2, 1), linear.transpose(0, 2, 1))):
        found = inside(lbp_codes(changed, radius), radius)
        assert (found == inside(lbp_codes(image, radius), radius)).all()
        assert (found == found[0, 0, 0]).all()


@settings(deadline=None, max_examples=60, derandomize=True)
@given(st.lists(st.integers(0, 255), min_size=30, max_size=30, unique=True), st.integers(0, 10))
def test_bits_of_axis_neighbours_are_invariant_to_monotonic_grey_level_changes(levels, seed):
    # Neighbours 0, 2, 4 and 6 are pixels and not interpolated. Their bits can be read from uniform labels.
    image = np.random.default_rng(seed).integers(0, 30, (1, 9, 9))
    changed = np.sort(levels).astype(np.uint8)[image]
    pattern = np.zeros(N_LBP_LABELS, int)
    pattern[uniform_labels()] = np.arange(256)
    before, after = (inside(lbp_codes(x, 1), 1) for x in (image.astype(np.uint8), changed))
    uniform = (before < N_LBP_LABELS - 1) & (after < N_LBP_LABELS - 1)
    np.testing.assert_array_equal(pattern[before[uniform]] & 0b01010101, pattern[after[uniform]] & 0b01010101)


def test_codes_of_bright_point_and_dark_point():
    image = np.full((2, 7, 7), 100, np.uint8)
    image[0, 3, 3], image[1, 3, 3] = 200, 50
    assert lbp_codes(image)[:, 3, 3].tolist() == [0, 57]


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 3), st.integers(6, 17), st.integers(6, 17))),
    st.sampled_from(RADII),
    st.integers(1, 6),
)
def test_histograms_have_59_bins_with_a_sum_of_1_in_each_cell(images, radius, grid):
    histograms = lbp_histograms(images, radius, grid)
    assert histograms.dtype == np.float32
    assert histograms.shape == (len(images), grid * grid * 59)
    assert (histograms >= 0).all()
    np.testing.assert_allclose(histograms.reshape(-1, 59).sum(1), 1, atol=1e-5)


def test_histogram_of_cell_counts_codes_of_its_pixels():
    images = noise(2, 24, 36)
    codes = lbp_codes(images, 2)
    found = lbp_histograms(images, 2, 3).reshape(2, 3, 3, 59)
    for i, r, c in np.ndindex(2, 3, 3):
        cell = codes[i, 8 * r : 8 * r + 8, 12 * c : 12 * c + 12]
        np.testing.assert_allclose(found[i, r, c], np.bincount(cell.ravel(), minlength=59) / 96, rtol=1e-6)


def test_cells_cover_each_pixel_once_if_size_is_not_divisible_by_grid():
    images = noise(1, 20, 17)
    by_cell = lbp_histograms(images, 1, 3).reshape(3, 3, 59)
    rows, columns = np.bincount(np.arange(20) * 3 // 20), np.bincount(np.arange(17) * 3 // 17)
    counts = by_cell * np.outer(rows, columns)[..., None]
    np.testing.assert_allclose(counts.sum((0, 1)), np.bincount(lbp_codes(images).ravel(), minlength=59), atol=1e-3)


def test_grid_finer_than_image_raises():
    with pytest.raises(ValueError, match="image of 9 x 4 pixels cannot be divided into 6 x 6 cells"):
        lbp_histograms(noise(1, 4, 9), 1, 6)


def test_result_does_not_depend_on_batch():
    images = noise(5, 30, 44)
    batch = lbp_histograms(images, 2, 4)
    for i in range(5):
        np.testing.assert_array_equal(lbp_histograms(images[i : i + 1], 2, 4)[0], batch[i])


@pytest.mark.parametrize("radius", [*RADII, 5, 15])
def test_codes_equal_scikit_image_on_smooth_images_with_many_ties(radius):
    # A pixel halfway between a brighter and a darker one is a tie that the rounding error of scikit-image decides.
    images = np.stack([cv2.GaussianBlur(noise(70, 66, seed=i, high=40), (0, 0), 4) for i in range(3)])
    expected = [local_binary_pattern(image, 8, radius, "nri_uniform") for image in images]
    np.testing.assert_array_equal(lbp_codes(images, radius), expected)


@pytest.mark.parametrize("radius", RADII)
def test_codes_equal_scikit_image_on_flat_images_of_any_grey_value(radius):
    images = np.full((256, 9, 140), np.arange(256)[:, None, None], np.uint8)
    expected = [local_binary_pattern(image, 8, radius, "nri_uniform") for image in images]
    np.testing.assert_array_equal(lbp_codes(images, radius), expected)
    tall = images[::15].transpose(0, 2, 1).copy()
    expected = [local_binary_pattern(image, 8, radius, "nri_uniform") for image in tall]
    np.testing.assert_array_equal(lbp_codes(tall, radius), expected)


@pytest.mark.parametrize("chunk", [1, 30 * 44, 3 * 30 * 44 + 5])
def test_result_does_not_depend_on_chunk_size(chunk, monkeypatch):
    images = noise(7, 30, 44, high=5)
    expected, histograms = lbp_codes(images, 2), lbp_histograms(images, 2, 4)
    monkeypatch.setattr(module, "PIXELS_PER_CHUNK", chunk)
    np.testing.assert_array_equal(lbp_codes(images, 2), expected)
    np.testing.assert_array_equal(lbp_histograms(images, 2, 4), histograms)


def test_result_does_not_depend_on_previous_calls():
    images = noise(4, 30, 44)
    expected = lbp_codes(images[:1])
    lbp_codes(images)
    lbp_codes(255 - images[:1])
    np.testing.assert_array_equal(lbp_codes(images[:1]), expected)


def test_several_radii_and_grids_are_concatenated():
    images = noise(3, 30, 44)
    expected = [lbp_histograms(images, radius, grid) for radius in (1, 3) for grid in (2, 5)]
    np.testing.assert_array_equal(lbp_histograms(images, (1, 3), [2, 5]), np.concatenate(expected, 1))
    with pytest.raises(ValueError, match="cannot be divided into 50 x 50"):
        lbp_histograms(images, 1, (2, 50))


def test_empty_batch():
    assert lbp_codes(noise(0, 12, 12)).shape == (0, 12, 12)
    assert lbp_histograms(noise(0, 12, 12), 1, 2).shape == (0, 4 * 59)
