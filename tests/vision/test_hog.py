"""Laws of HOG: it is scikit-image's, a flat picture has none, and turning the picture turns the bins."""

import numpy as np
import pytest
import skimage.feature
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fer_features.vision import hog as module
from fer_features.vision.hog import cell_histograms, hog, l2_hys

SETTINGS = [(orientations, cell, block) for orientations in (6, 8, 9, 12) for cell, block in [(8, 2), (6, 3), (5, 1)]]


def reference(image, orientations, cell, block):
    return skimage.feature.hog(image, orientations, (cell, cell), (block, block), block_norm="L2-Hys")


def noise(*shape, seed=0, high=256):
    return np.random.default_rng(seed).integers(0, high, shape).astype(np.uint8)


@pytest.fixture(scope="module")
def faces(kdef):
    images = kdef["images"]
    return np.stack([images[i, 60:144, 70:150] for i in (0, 333, 700)])


@pytest.mark.parametrize(("orientations", "cell", "block"), SETTINGS)
def test_equals_scikit_image_on_real_faces(faces, orientations, cell, block):
    expected = [reference(image, orientations, cell, block) for image in faces]
    np.testing.assert_allclose(hog(faces, orientations, cell, block), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("orientations", [6, 8, 9, 12])
@pytest.mark.parametrize(("cell", "block"), [(4, 2), (8, 2), (8, 3), (6, 3), (16, 2), (5, 1)])
def test_equals_scikit_image_on_photographs_of_several_sizes(photographs, small_faces, orientations, cell, block):
    for image in photographs:
        found = hog(image[None], orientations, cell, block)[0]
        np.testing.assert_allclose(found, reference(image, orientations, cell, block), rtol=0, atol=1e-6)
    if cell * block <= small_faces.shape[1]:
        expected = [reference(face, orientations, cell, block) for face in small_faces]
        np.testing.assert_allclose(hog(small_faces, orientations, cell, block), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("orientations", "cell", "block"), [*SETTINGS, (9, 15, 2), (9, 7, 3)])
@pytest.mark.parametrize("shape", [(64, 64), (47, 83), (33, 30)])
def test_equals_scikit_image_on_noise_of_any_size(orientations, cell, block, shape):
    images = np.concatenate([noise(2, *shape), noise(1, *shape, high=4), noise(1, *shape, high=2) * np.uint8(255)])
    expected = [reference(image, orientations, cell, block) for image in images]
    np.testing.assert_allclose(hog(images, orientations, cell, block), expected, rtol=0, atol=1e-6)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    arrays(np.uint8, st.tuples(st.integers(8, 15), st.integers(8, 15)), elements=st.integers(0, 255)),
    st.sampled_from([6, 8, 9, 12]),
)
def test_equals_scikit_image_on_any_small_picture(image, orientations):
    expected = reference(image, orientations, 4, 2)
    np.testing.assert_allclose(hog(image[None], orientations, 4, 2)[0], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("grey", [0, 1, 128, 255])
def test_a_flat_picture_has_no_hog(grey, signed):
    assert (hog(np.full((1, 32, 32), grey, np.uint8), signed=signed) == 0).all()


def test_a_ramp_is_its_slope_in_the_bin_of_its_direction():
    # Central differences are not halved: a slope of 3 grey levels a pixel counts as 6.
    ramp = np.tile(np.arange(24) * 3, (24, 1)).astype(np.uint8)
    for image, unsigned, direction in ((ramp, 0, 0), (ramp.T, 4, 2), (ramp[:, ::-1], 0, 4), (ramp.T[::-1], 4, 6)):
        for signed, at in ((False, unsigned), (True, direction)):
            middle = cell_histograms(image[None].copy(), 8, 8, signed)[0, 1, 1]
            np.testing.assert_allclose(middle, 6.0 * (np.arange(8) == at))


def test_the_outermost_pixels_have_no_gradient_across_the_border():
    ramp = np.tile(np.arange(16) * 3, (16, 1)).astype(np.uint8)
    np.testing.assert_allclose(cell_histograms(ramp[None], 8, 8)[0, :, :, 0], 6 * 7 / 8)


@pytest.mark.parametrize(
    ("orientations", "signed"), [(6, False), (8, False), (12, False), (4, True), (8, True), (12, True)]
)
def test_a_quarter_turn_moves_cells_and_shifts_orientations_by_a_quarter_turn(orientations, signed):
    # Exact, ties included: a quarter turn takes each half-open bin onto another one.
    image = np.concatenate([noise(1, 48, 48), noise(1, 48, 48, high=5)])
    cells = cell_histograms(image, orientations, 8, signed)
    turned = cell_histograms(np.rot90(image, axes=(1, 2)).copy(), orientations, 8, signed)
    quarter = orientations // 4 if signed else orientations // 2
    expected = np.roll(np.rot90(cells, axes=(1, 2)), -quarter, axis=-1)
    np.testing.assert_allclose(turned, expected, atol=1e-9)
    assert not np.allclose(turned, cells)


PICTURES = arrays(np.uint8, st.tuples(st.just(1), st.just(16), st.just(16)), elements=st.integers(0, 255))


@settings(deadline=None, max_examples=40, derandomize=True)
@given(PICTURES, st.sampled_from([6, 8, 12]), st.integers(1, 3))
def test_any_picture_turned_by_quarters_has_its_cells_and_orientations_turned(image, orientations, quarters):
    cells = cell_histograms(image, orientations, 4)
    turned = cell_histograms(np.rot90(image, quarters, axes=(1, 2)).copy(), orientations, 4)
    expected = np.roll(np.rot90(cells, quarters, axes=(1, 2)), -quarters * orientations // 2, axis=-1)
    np.testing.assert_allclose(turned, expected, atol=1e-9)


@settings(deadline=None, max_examples=40, derandomize=True)
@given(st.integers(0, 255), st.integers(16, 40), st.integers(16, 40), st.integers(1, 12), st.booleans())
def test_a_flat_picture_of_any_grey_and_size_has_no_hog(grey, height, width, orientations, signed):
    assert (hog(np.full((1, height, width), grey, np.uint8), orientations, signed=signed) == 0).all()


@settings(deadline=None, max_examples=40, derandomize=True)
@given(PICTURES, st.integers(0, 127))
def test_an_added_grey_changes_nothing(image, grey):
    image = image // 2
    np.testing.assert_array_equal(hog(image + np.uint8(grey), 9, 4), hog(image, 9, 4))


@pytest.mark.parametrize("orientations", [6, 9])
def test_ignores_the_negative_of_the_picture_and_an_added_grey_unless_signed(orientations):
    image = noise(2, 32, 32, high=200)
    np.testing.assert_allclose(hog(255 - image, orientations), hog(image, orientations), atol=1e-7)
    np.testing.assert_allclose(
        hog(image + np.uint8(50), orientations, signed=True), hog(image, orientations, signed=True)
    )
    assert np.abs(hog(255 - image, orientations, signed=True) - hog(image, orientations, signed=True)).max() > 0.01


@pytest.mark.parametrize("orientations", [4, 6, 9])
def test_signed_bins_that_are_opposite_add_up_to_the_unsigned_bin(orientations):
    image = noise(2, 40, 40)
    signed = cell_histograms(image, 2 * orientations, 8, signed=True)
    both = signed[..., :orientations] + signed[..., orientations:]
    np.testing.assert_allclose(both, cell_histograms(image, orientations, 8), atol=1e-9)


def test_votes_of_a_cell_add_up_to_its_mean_gradient_magnitude():
    image = noise(1, 32, 32)[0].astype(float)
    dy, dx = np.zeros((32, 32)), np.zeros((32, 32))
    dy[1:-1], dx[:, 1:-1] = image[2:] - image[:-2], image[:, 2:] - image[:, :-2]
    expected = np.hypot(dy, dx).reshape(4, 8, 4, 8).mean((1, 3))
    np.testing.assert_allclose(cell_histograms(image[None].astype(np.uint8), 9, 8)[0].sum(-1), expected)


def test_pixels_beyond_the_last_whole_cell_do_not_count_but_as_neighbours():
    image = noise(1, 37, 45)
    changed = image.copy()
    changed[:, 33:], changed[:, :, 41:] = 0, 255
    np.testing.assert_array_equal(hog(changed), hog(image))


@pytest.mark.parametrize("shape", [(15, 40), (40, 15), (3, 3), (1, 1), (15, 15)])
def test_a_picture_that_holds_no_block_is_refused_with_its_size(shape):
    with pytest.raises(ValueError, match=f"{shape[1]} x {shape[0]} holds no block"):
        hog(noise(1, *shape))


def test_each_picture_is_described_alone():
    images = noise(5, 30, 44)
    together = hog(images)
    assert together.dtype == np.float32
    for i in range(5):
        np.testing.assert_array_equal(hog(images[i : i + 1])[0], together[i])


@settings(deadline=None, max_examples=60, derandomize=True)
@given(arrays(np.float64, (3, 8), elements=st.floats(0, 1e4)))
def test_a_normed_block_has_length_one_or_less_and_no_value_below_zero(blocks):
    normed = l2_hys(blocks)
    assert (np.linalg.norm(normed, axis=-1) <= 1 + 1e-9).all()
    assert (normed >= 0).all()
    strong = np.linalg.norm(blocks, axis=-1) > 1
    np.testing.assert_allclose(np.linalg.norm(normed[strong], axis=-1), 1, atol=1e-6)


def test_the_block_norm_clips_what_dominates():
    np.testing.assert_allclose(l2_hys(np.array([100.0, 1.0])), np.array([0.2, 0.01]) / np.hypot(0.2, 0.01), rtol=1e-3)


@pytest.mark.parametrize("orientations", [6, 9, 12])
def test_signed_votes_are_those_of_angles_over_a_full_turn(orientations):
    image = noise(1, 24, 24)[0].astype(float)
    dy, dx = np.zeros((24, 24)), np.zeros((24, 24))
    dy[1:-1], dx[:, 1:-1] = image[2:] - image[:-2], image[:, 2:] - image[:, :-2]
    angle = np.rad2deg(np.arctan2(dy, dx)) % 360
    found = cell_histograms(image[None].astype(np.uint8), orientations, 8, signed=True)[0]
    for o in range(orientations):
        held = (angle >= 360 / orientations * o) & (angle < 360 / orientations * (o + 1))
        votes = np.where(held, np.hypot(dy, dx), 0).reshape(3, 8, 3, 8).mean((1, 3))
        np.testing.assert_allclose(found[..., o], votes, atol=1e-9)


@pytest.mark.parametrize("chunk", [1, 30 * 44, 3 * 30 * 44 + 5])
def test_the_size_of_a_chunk_does_not_matter(chunk, monkeypatch):
    images = noise(7, 30, 44)
    expected, cells = hog(images), cell_histograms(images, 9, 8)
    monkeypatch.setattr(module, "CHUNK", chunk)
    np.testing.assert_array_equal(hog(images), expected)
    np.testing.assert_array_equal(cell_histograms(images, 9, 8), cells)


def test_no_pictures_have_no_features():
    assert hog(noise(0, 32, 32)).shape[0] == 0
