"""Laws of LBP: codes are scikit-image's, grey changes do not matter, histograms count every pixel once."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.feature import local_binary_pattern

from fer_features.vision import lbp as module
from fer_features.vision.lbp import BINS, _uniform_labels, lbp_codes, lbp_histograms

RADII = [1, 2, 3]


def noise(*shape, seed=0, high=256):
    return np.random.default_rng(seed).integers(0, high, shape).astype(np.uint8)


def inside(codes, radius):
    """Codes of pixels whose neighbours are all in the picture."""
    return codes[:, radius:-radius, radius:-radius]


@pytest.mark.parametrize("radius", RADII)
def test_codes_are_those_of_scikit_image_on_real_faces(kdef, radius):
    faces = np.stack([kdef["images"][i, 20:203, 30:190] for i in (0, 333, 700)])
    expected = [local_binary_pattern(image, 8, radius, "nri_uniform") for image in faces]
    np.testing.assert_array_equal(lbp_codes(faces, radius), expected)


@pytest.mark.parametrize("radius", [*RADII, 5])
def test_codes_are_those_of_scikit_image_on_photographs(photographs, small_faces, radius):
    for images in [*(photograph[None] for photograph in photographs), small_faces]:
        expected = [local_binary_pattern(image, 8, radius, "nri_uniform") for image in images]
        np.testing.assert_array_equal(lbp_codes(images, radius), expected)


@pytest.mark.parametrize("radius", RADII)
@pytest.mark.parametrize("high", [2, 6, 256])
def test_codes_are_those_of_scikit_image_on_noise(radius, high):
    images = noise(3, 41, 58, high=high)
    expected = [local_binary_pattern(image, 8, radius, "nri_uniform") for image in images]
    np.testing.assert_array_equal(lbp_codes(images, radius), expected)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.sampled_from([0, 1, 7, 254, 255])),
    st.sampled_from(RADII),
)
def test_codes_are_those_of_scikit_image_on_any_small_picture_with_flat_patches(image, radius):
    np.testing.assert_array_equal(
        lbp_codes(image[None], radius)[0], local_binary_pattern(image, 8, radius, "nri_uniform")
    )


def test_there_are_59_labels_one_for_each_uniform_pattern_and_one_for_the_rest():
    labels = _uniform_labels()
    bits = np.arange(256)[:, None] >> np.arange(8) & 1
    uniform = (bits != np.roll(bits, -1, 1)).sum(1) <= 2
    assert sorted(labels[uniform]) == list(range(BINS - 1))
    assert set(labels[~uniform]) == {BINS - 1}


@pytest.mark.parametrize("radius", RADII)
@pytest.mark.parametrize(("factor", "shift"), [(1, 55), (2, 0), (2, 13)])
def test_codes_ignore_a_change_of_brightness_and_contrast(radius, factor, shift):
    # All pixels differ, so that no comparison is a tie that rounding decides; beyond the border grey is 0 always.
    image = np.random.default_rng(radius).permutation(121).reshape(1, 11, 11).astype(np.uint8)
    changed = factor * image + np.uint8(shift)
    np.testing.assert_array_equal(inside(lbp_codes(changed, radius), radius), inside(lbp_codes(image, radius), radius))


@settings(deadline=None, max_examples=60, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.integers(1, 2), st.integers(0, 13), st.sampled_from(RADII))
def test_codes_of_any_picture_without_ties_ignore_a_change_of_brightness_and_contrast(seed, factor, shift, radius):
    image = np.random.default_rng(seed).permutation(121).reshape(1, 11, 11).astype(np.uint8)
    changed = np.uint8(factor) * image + np.uint8(shift)
    np.testing.assert_array_equal(inside(lbp_codes(changed, radius), radius), inside(lbp_codes(image, radius), radius))


@settings(deadline=None, max_examples=60, derandomize=True)
@given(st.lists(st.integers(0, 255), min_size=12, max_size=12, unique=True), st.sampled_from(RADII))
def test_codes_of_a_slope_ignore_every_increasing_grey_change(levels, radius):
    # Along columns grey only grows and along rows it changes too little to matter: one pattern everywhere.
    slope = np.tile(np.sort(levels).astype(np.uint8), (12, 1))[None]
    plain = np.tile(np.arange(12, dtype=np.uint8), (12, 1))[None]
    for picture, straight in ((slope, plain), (slope.transpose(0, 2, 1), plain.transpose(0, 2, 1))):
        found = inside(lbp_codes(picture, radius), radius)
        assert (found == inside(lbp_codes(straight, radius), radius)).all()
        assert (found == found[0, 0, 0]).all()


@settings(deadline=None, max_examples=60, derandomize=True)
@given(st.lists(st.integers(0, 255), min_size=30, max_size=30, unique=True), st.integers(0, 10))
def test_codes_of_upright_neighbours_ignore_every_increasing_grey_change(levels, seed):
    # Neighbours 0, 2, 4 and 6 are pixels, not interpolated: the pattern keeps their bits where it is uniform.
    image = np.random.default_rng(seed).integers(0, 30, (1, 9, 9))
    changed = np.sort(levels).astype(np.uint8)[image]
    pattern = np.zeros(BINS, int)
    pattern[_uniform_labels()] = np.arange(256)
    before, after = (inside(lbp_codes(x, 1), 1) for x in (image.astype(np.uint8), changed))
    uniform = (before < BINS - 1) & (after < BINS - 1)
    np.testing.assert_array_equal(pattern[before[uniform]] & 0b01010101, pattern[after[uniform]] & 0b01010101)


def test_a_bright_point_and_a_dark_point_have_the_patterns_of_no_and_of_all_neighbours():
    image = np.full((2, 7, 7), 100, np.uint8)
    image[0, 3, 3], image[1, 3, 3] = 200, 50
    assert lbp_codes(image)[:, 3, 3].tolist() == [0, 57]


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 3), st.integers(6, 17), st.integers(6, 17))),
    st.sampled_from(RADII),
    st.integers(1, 6),
)
def test_histograms_have_59_bins_that_sum_to_1_in_every_cell(images, radius, grid):
    histograms = lbp_histograms(images, radius, grid)
    assert histograms.dtype == np.float32
    assert histograms.shape == (len(images), grid * grid * 59)
    assert (histograms >= 0).all()
    np.testing.assert_allclose(histograms.reshape(-1, 59).sum(1), 1, atol=1e-5)


def test_each_cell_counts_the_codes_of_its_own_pixels():
    images = noise(2, 24, 36)
    codes = lbp_codes(images, 2)
    found = lbp_histograms(images, 2, 3).reshape(2, 3, 3, 59)
    for i, r, c in np.ndindex(2, 3, 3):
        cell = codes[i, 8 * r : 8 * r + 8, 12 * c : 12 * c + 12]
        np.testing.assert_allclose(found[i, r, c], np.bincount(cell.ravel(), minlength=59) / 96, rtol=1e-6)


def test_cells_of_a_size_that_does_not_divide_cover_every_pixel_once():
    images = noise(1, 20, 17)
    by_cell = lbp_histograms(images, 1, 3).reshape(3, 3, 59)
    rows, columns = np.bincount(np.arange(20) * 3 // 20), np.bincount(np.arange(17) * 3 // 17)
    counts = by_cell * np.outer(rows, columns)[..., None]
    np.testing.assert_allclose(counts.sum((0, 1)), np.bincount(lbp_codes(images).ravel(), minlength=59), atol=1e-3)


def test_a_grid_finer_than_the_picture_is_refused():
    with pytest.raises(ValueError, match=r"picture of 9 x 4"):
        lbp_histograms(noise(1, 4, 9), 1, 6)


def test_each_picture_is_described_alone():
    images = noise(5, 30, 44)
    together = lbp_histograms(images, 2, 4)
    for i in range(5):
        np.testing.assert_array_equal(lbp_histograms(images[i : i + 1], 2, 4)[0], together[i])


@pytest.mark.parametrize("radius", [*RADII, 5, 15])
def test_codes_of_smooth_pictures_with_many_ties_are_those_of_scikit_image(radius):
    # A pixel between two that are as much brighter and darker: ties that only scikit-image's rounding decides.
    images = np.stack([cv2.GaussianBlur(noise(70, 66, seed=i, high=40), (0, 0), 4) for i in range(3)])
    expected = [local_binary_pattern(image, 8, radius, "nri_uniform") for image in images]
    np.testing.assert_array_equal(lbp_codes(images, radius), expected)


@pytest.mark.parametrize("radius", RADII)
def test_codes_of_flat_pictures_are_those_of_scikit_image_at_every_place_and_grey(radius):
    images = np.full((256, 9, 140), np.arange(256)[:, None, None], np.uint8)
    expected = [local_binary_pattern(image, 8, radius, "nri_uniform") for image in images]
    np.testing.assert_array_equal(lbp_codes(images, radius), expected)
    tall = images[::15].transpose(0, 2, 1).copy()
    expected = [local_binary_pattern(image, 8, radius, "nri_uniform") for image in tall]
    np.testing.assert_array_equal(lbp_codes(tall, radius), expected)


@pytest.mark.parametrize("chunk", [1, 30 * 44, 3 * 30 * 44 + 5])
def test_the_size_of_a_chunk_does_not_matter(chunk, monkeypatch):
    images = noise(7, 30, 44, high=5)
    expected, histograms = lbp_codes(images, 2), lbp_histograms(images, 2, 4)
    monkeypatch.setattr(module, "CHUNK", chunk)
    np.testing.assert_array_equal(lbp_codes(images, 2), expected)
    np.testing.assert_array_equal(lbp_histograms(images, 2, 4), histograms)


def test_what_was_described_before_leaves_no_trace():
    images = noise(4, 30, 44)
    expected = lbp_codes(images[:1])
    lbp_codes(images)
    lbp_codes(255 - images[:1])
    np.testing.assert_array_equal(lbp_codes(images[:1]), expected)


def test_several_radii_and_grids_are_each_radius_over_each_grid_side_by_side():
    images = noise(3, 30, 44)
    expected = [lbp_histograms(images, radius, grid) for radius in (1, 3) for grid in (2, 5)]
    np.testing.assert_array_equal(lbp_histograms(images, (1, 3), [2, 5]), np.concatenate(expected, 1))
    with pytest.raises(ValueError, match="cannot be cut into 50 x 50"):
        lbp_histograms(images, 1, (2, 50))


def test_no_pictures_have_no_histograms():
    assert lbp_codes(noise(0, 12, 12)).shape == (0, 12, 12)
    assert lbp_histograms(noise(0, 12, 12), 1, 2).shape == (0, 4 * 59)
