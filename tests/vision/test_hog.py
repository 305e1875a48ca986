"""Properties of HOG: equality with scikit-image, zero for flat images, equivariance to rotation."""

import numpy as np
import pytest
import skimage.feature
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fer_features.vision import hog as module
from fer_features.vision.hog import cell_histograms, hog, l2_hys

#: (orientations, pixels_per_cell, cells_per_block)
SETTINGS = [(6, 8, 2), (8, 6, 3), (9, 5, 1), (9, 8, 2), (12, 8, 2), (12, 6, 3)]


def reference(image, orientations, pixels_per_cell, cells_per_block):
    return skimage.feature.hog(image, orientations, (pixels_per_cell,) * 2, (cells_per_block,) * 2, block_norm="L2-Hys")


def noise(*shape, seed=0, high=256):
    return np.random.default_rng(seed).integers(0, high, shape).astype(np.uint8)


@pytest.fixture(scope="module")
def faces(kdef):
    images = kdef["images"]
    return np.stack([images[i, 60:144, 70:150] for i in (0, 333, 700)])


@pytest.mark.parametrize(("orientations", "pixels_per_cell", "cells_per_block"), SETTINGS)
def test_equals_scikit_image_on_real_faces(faces, orientations, pixels_per_cell, cells_per_block):
    expected = [reference(image, orientations, pixels_per_cell, cells_per_block) for image in faces]
    np.testing.assert_allclose(hog(faces, orientations, pixels_per_cell, cells_per_block), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("orientations", "pixels_per_cell", "cells_per_block"),
    [(6, 4, 2), (8, 8, 2), (9, 8, 3), (12, 6, 3), (9, 16, 2), (12, 5, 1)],
)
def test_equals_scikit_image_on_photographs_of_several_sizes(
    photographs, small_faces, orientations, pixels_per_cell, cells_per_block
):
    for image in photographs:
        found = hog(image[None], orientations, pixels_per_cell, cells_per_block)[0]
        np.testing.assert_allclose(
            found, reference(image, orientations, pixels_per_cell, cells_per_block), rtol=0, atol=1e-6
        )
    if pixels_per_cell * cells_per_block <= small_faces.shape[1]:
        expected = [reference(face, orientations, pixels_per_cell, cells_per_block) for face in small_faces]
        np.testing.assert_allclose(
            hog(small_faces, orientations, pixels_per_cell, cells_per_block), expected, rtol=0, atol=1e-6
        )


@pytest.mark.parametrize(("orientations", "pixels_per_cell", "cells_per_block"), [*SETTINGS, (9, 15, 2), (9, 7, 3)])
@pytest.mark.parametrize("shape", [(64, 64), (47, 83), (33, 30)])
def test_equals_scikit_image_on_noise(orientations, pixels_per_cell, cells_per_block, shape):
    images = np.concatenate([noise(2, *shape), noise(1, *shape, high=4), noise(1, *shape, high=2) * np.uint8(255)])
    expected = [reference(image, orientations, pixels_per_cell, cells_per_block) for image in images]
    np.testing.assert_allclose(hog(images, orientations, pixels_per_cell, cells_per_block), expected, rtol=0, atol=1e-6)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    arrays(np.uint8, st.tuples(st.integers(8, 15), st.integers(8, 15)), elements=st.integers(0, 255)),
    st.sampled_from([6, 8, 9, 12]),
)
def test_equals_scikit_image_on_random_small_images(image, orientations):
    expected = reference(image, orientations, 4, 2)
    np.testing.assert_allclose(hog(image[None], orientations, 4, 2)[0], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("grey", [0, 1, 128, 255])
def test_hog_of_flat_image_is_zero(grey, signed):
    assert (hog(np.full((1, 32, 32), grey, np.uint8), signed_gradients=signed) == 0).all()


def test_cell_histogram_of_ramp_is_its_slope_in_one_bin():
    # Central differences are not halved: a slope of 3 grey levels per pixel gives 6.
    ramp = np.tile(np.arange(24) * 3, (24, 1)).astype(np.uint8)
    for image, unsigned, direction in ((ramp, 0, 0), (ramp.T, 4, 2), (ramp[:, ::-1], 0, 4), (ramp.T[::-1], 4, 6)):
        for signed, at in ((False, unsigned), (True, direction)):
            middle = cell_histograms(image[None].copy(), 8, 8, signed)[0, 1, 1]
            np.testing.assert_allclose(middle, 6.0 * (np.arange(8) == at))


def test_gradient_across_border_is_zero_on_outermost_pixels():
    ramp = np.tile(np.arange(16) * 3, (16, 1)).astype(np.uint8)
    np.testing.assert_allclose(cell_histograms(ramp[None], 8, 8)[0, :, :, 0], 6 * 7 / 8)


@pytest.mark.parametrize(
    ("orientations", "signed"), [(6, False), (8, False), (12, False), (4, True), (8, True), (12, True)]
)
def test_rotation_by_90_degrees_rotates_cells_and_shifts_orientations(orientations, signed):
    # Exact, also for gradients on bin edges: the rotation maps each half-open bin to another one.
    image = np.concatenate([noise(1, 48, 48), noise(1, 48, 48, high=5)])
    cells = cell_histograms(image, orientations, 8, signed)
    rotated = cell_histograms(np.rot90(image, axes=(1, 2)).copy(), orientations, 8, signed)
    quarter = orientations // 4 if signed else orientations // 2
    expected = np.roll(np.rot90(cells, axes=(1, 2)), -quarter, axis=-1)
    np.testing.assert_allclose(rotated, expected, atol=1e-9)
    assert not np.allclose(rotated, cells)


IMAGES = arrays(np.uint8, st.tuples(st.just(1), st.just(16), st.just(16)), elements=st.integers(0, 255))


@settings(deadline=None, max_examples=40, derandomize=True)
@given(IMAGES, st.sampled_from([6, 8, 12]), st.integers(1, 3))
def test_rotation_of_random_images_rotates_cells_and_orientations(image, orientations, quarters):
    cells = cell_histograms(image, orientations, 4)
    rotated = cell_histograms(np.rot90(image, quarters, axes=(1, 2)).copy(), orientations, 4)
    expected = np.roll(np.rot90(cells, quarters, axes=(1, 2)), -quarters * orientations // 2, axis=-1)
    np.testing.assert_allclose(rotated, expected, atol=1e-9)


@settings(deadline=None, max_examples=40, derandomize=True)
@given(st.integers(0, 255), st.integers(16, 40), st.integers(16, 40), st.integers(1, 12), st.booleans())
def test_hog_of_flat_image_of_any_size_is_zero(grey, height, width, orientations, signed):
    assert (hog(np.full((1, height, width), grey, np.uint8), orientations, signed_gradients=signed) == 0).all()


@settings(deadline=None, max_examples=40, derandomize=True)
@given(IMAGES, st.integers(0, 127))
def test_invariant_to_brightness_offset(image, grey):
    image = image // 2
    np.testing.assert_array_equal(hog(image + np.uint8(grey), 9, 4), hog(image, 9, 4))


@pytest.mark.parametrize("orientations", [6, 9])
def test_unsigned_hog_is_invariant_to_inversion_and_signed_hog_only_to_brightness(orientations):
    image = noise(2, 32, 32, high=200)
    np.testing.assert_allclose(hog(255 - image, orientations), hog(image, orientations), atol=1e-7)
    np.testing.assert_allclose(
        hog(image + np.uint8(50), orientations, signed_gradients=True), hog(image, orientations, signed_gradients=True)
    )
    assert (
        np.abs(
            hog(255 - image, orientations, signed_gradients=True) - hog(image, orientations, signed_gradients=True)
        ).max()
        > 0.01
    )


@pytest.mark.parametrize("orientations", [4, 6, 9])
def test_opposite_signed_bins_sum_to_unsigned_bin(orientations):
    image = noise(2, 40, 40)
    signed = cell_histograms(image, 2 * orientations, 8, signed_gradients=True)
    summed = signed[..., :orientations] + signed[..., orientations:]
    np.testing.assert_allclose(summed, cell_histograms(image, orientations, 8), atol=1e-9)


def test_votes_of_cell_sum_to_mean_gradient_magnitude():
    image = noise(1, 32, 32)[0].astype(float)
    dy, dx = np.zeros((32, 32)), np.zeros((32, 32))
    dy[1:-1], dx[:, 1:-1] = image[2:] - image[:-2], image[:, 2:] - image[:, :-2]
    expected = np.hypot(dy, dx).reshape(4, 8, 4, 8).mean((1, 3))
    np.testing.assert_allclose(cell_histograms(image[None].astype(np.uint8), 9, 8)[0].sum(-1), expected)


def test_pixels_beyond_last_complete_cell_are_ignored():
    image = noise(1, 37, 45)
    changed = image.copy()
    changed[:, 33:], changed[:, :, 41:] = 0, 255
    np.testing.assert_array_equal(hog(changed), hog(image))


@pytest.mark.parametrize("shape", [(15, 40), (40, 15), (3, 3), (1, 1), (15, 15)])
def test_image_smaller_than_block_raises(shape):
    with pytest.raises(ValueError, match=f"{shape[1]} x {shape[0]} pixels is smaller than one block"):
        hog(noise(1, *shape))


def test_result_does_not_depend_on_batch():
    images = noise(5, 30, 44)
    batch = hog(images)
    assert batch.dtype == np.float32
    for i in range(5):
        np.testing.assert_array_equal(hog(images[i : i + 1])[0], batch[i])


@settings(deadline=None, max_examples=40, derandomize=True)
@given(arrays(np.float64, (3, 8), elements=st.floats(0, 1e4)))
def test_l2_hys_has_norm_of_at_most_one_and_is_non_negative(blocks):
    normalized = l2_hys(blocks)
    assert (np.linalg.norm(normalized, axis=-1) <= 1 + 1e-9).all()
    assert (normalized >= 0).all()
    strong = np.linalg.norm(blocks, axis=-1) > 1
    np.testing.assert_allclose(np.linalg.norm(normalized[strong], axis=-1), 1, atol=1e-6)


def test_l2_hys_clips_dominant_values():
    np.testing.assert_allclose(l2_hys(np.array([100.0, 1.0])), np.array([0.2, 0.01]) / np.hypot(0.2, 0.01), rtol=1e-3)


@pytest.mark.parametrize("orientations", [6, 9, 12])
def test_signed_histograms_equal_explicit_sums_over_angles(orientations):
    image = noise(1, 24, 24)[0].astype(float)
    dy, dx = np.zeros((24, 24)), np.zeros((24, 24))
    dy[1:-1], dx[:, 1:-1] = image[2:] - image[:-2], image[:, 2:] - image[:, :-2]
    angle = np.rad2deg(np.arctan2(dy, dx)) % 360
    found = cell_histograms(image[None].astype(np.uint8), orientations, 8, signed_gradients=True)[0]
    for o in range(orientations):
        in_bin = (angle >= 360 / orientations * o) & (angle < 360 / orientations * (o + 1))
        votes = np.where(in_bin, np.hypot(dy, dx), 0).reshape(3, 8, 3, 8).mean((1, 3))
        np.testing.assert_allclose(found[..., o], votes, atol=1e-9)


@pytest.mark.parametrize("chunk", [1, 30 * 44, 3 * 30 * 44 + 5])
def test_result_does_not_depend_on_chunk_size(chunk, monkeypatch):
    images = noise(7, 30, 44)
    expected, cells = hog(images), cell_histograms(images, 9, 8)
    monkeypatch.setattr(module, "PIXELS_PER_CHUNK", chunk)
    np.testing.assert_array_equal(hog(images), expected)
    np.testing.assert_array_equal(cell_histograms(images, 9, 8), cells)


def test_empty_batch():
    assert hog(noise(0, 32, 32)).shape[0] == 0
