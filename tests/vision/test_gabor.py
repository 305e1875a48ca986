"""Properties of Gabor magnitudes: equality with scikit-image, selectivity for frequency and direction, symmetries."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.filters import gabor as reference

from fer_features.vision.gabor import gabor, gabor_magnitudes


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def wave(size, frequency, degrees):
    y, x = np.mgrid[:size, :size]
    along = x * np.cos(np.deg2rad(degrees)) + y * np.sin(np.deg2rad(degrees))
    return np.round(127 + 100 * np.cos(2 * np.pi * frequency * along)).astype(np.uint8)[None]


@pytest.mark.parametrize(("frequency", "orientations"), [(0.0625, 4), (0.1, 6), (0.25, 6), (0.4, 1), (0.4, 4)])
def test_equals_scikit_image_on_noise_and_on_real_faces(frequency, orientations, kdef):
    for image in (noise(26, 21), kdef["images"][5, 80:110, 80:115]):
        found = gabor_magnitudes(image[None], (frequency,), orientations)[0, 0]
        for o in range(orientations):
            expected = np.hypot(*reference(image.astype(float), frequency, np.pi * o / orientations))
            np.testing.assert_allclose(found[o], expected, atol=1e-3)


@pytest.mark.parametrize("frequency", [0.0625, 0.1, 0.25, 0.4])
def test_equals_scikit_image_on_photographs(photographs, small_faces, frequency):
    for image in [*(photograph[40:64, 60:81] for photograph in photographs), small_faces[0]]:
        found = gabor_magnitudes(image[None], (frequency,), 3)[0, 0]
        for o in range(3):
            expected = np.hypot(*reference(image.astype(float), frequency, np.pi * o / 3))
            np.testing.assert_allclose(found[o], expected, rtol=0, atol=1e-3)


def test_equals_scikit_image_if_filter_is_larger_than_image():
    image = noise(9, 14)
    expected = np.hypot(*reference(image.astype(float), 0.1, np.pi / 4))
    np.testing.assert_allclose(gabor_magnitudes(image[None], (0.1,), 4)[0, 0, 1], expected, atol=1e-3)


@pytest.mark.parametrize("frequency", [0.0625, 0.125, 0.25])
@pytest.mark.parametrize("o", range(8))
def test_wave_has_largest_response_at_its_frequency_and_direction(frequency, o):
    frequencies = (0.0625, 0.125, 0.25)
    found = gabor_magnitudes(wave(96, frequency, 22.5 * o), frequencies, 8)[0, :, :, 40:56, 40:56].mean((2, 3))
    assert np.unravel_index(found.argmax(), found.shape) == (frequencies.index(frequency), o)
    np.testing.assert_allclose(found.max(), 50, rtol=0.05)  # half the amplitude: a cosine is a sum of two complex waves


def test_rotation_by_90_degrees_shifts_directions():
    image = noise(1, 31, 31)
    found = gabor_magnitudes(image, (0.2,), 4)
    rotated = gabor_magnitudes(np.rot90(image, axes=(1, 2)).copy(), (0.2,), 4)
    np.testing.assert_allclose(rotated, np.rot90(np.roll(found, 2, axis=2), axes=(3, 4)), atol=1e-3)


quick = settings(deadline=None, max_examples=25, derandomize=True)
SEEDS, FREQUENCIES = st.integers(0, 2**32 - 1), st.floats(0.06, 0.5)


@quick
@given(SEEDS, FREQUENCIES, st.sampled_from([2, 4, 8]), st.integers(1, 3))
def test_rotation_of_random_images_shifts_directions(seed, frequency, orientations, quarters):
    image = noise(1, 19, 23, seed=seed)
    found = gabor_magnitudes(image, (frequency,), orientations)
    rotated = gabor_magnitudes(np.rot90(image, quarters, axes=(1, 2)).copy(), (frequency,), orientations)
    expected = np.rot90(np.roll(found, quarters * orientations // 2, axis=2), quarters, axes=(3, 4))
    np.testing.assert_allclose(rotated, expected, atol=1e-3)


@quick
@given(SEEDS, FREQUENCIES, st.integers(1, 8))
def test_mirrored_image_has_mirrored_directions(seed, frequency, orientations):
    image = noise(1, 17, 22, seed=seed)
    found = gabor_magnitudes(image, (frequency,), orientations)
    mirrored = gabor_magnitudes(image[:, :, ::-1].copy(), (frequency,), orientations)
    np.testing.assert_allclose(mirrored[:, :, -np.arange(orientations)], found[..., ::-1], atol=1e-3)


@quick
@given(SEEDS, FREQUENCIES, st.integers(1, 100))
def test_brightness_offset_changes_magnitudes_by_at_most_response_of_flat_image(seed, frequency, grey):
    image = noise(1, 17, 22, seed=seed) // 2
    changed = gabor_magnitudes(image + np.uint8(grey), (frequency,), 4) - gabor_magnitudes(image, (frequency,), 4)
    flat = gabor_magnitudes(np.full((1, 17, 22), grey, np.uint8), (frequency,), 4)
    assert (np.abs(changed) <= flat + 1e-3).all()
    assert flat.max() < 0.01 * grey


@quick
@given(SEEDS, FREQUENCIES)
def test_magnitude_is_proportional_to_contrast(seed, frequency):
    image = noise(1, 17, 22, seed=seed) // 2
    once, twice = (gabor_magnitudes(x, (frequency,), 4) for x in (image, 2 * image))
    np.testing.assert_allclose(twice, 2 * once, atol=1e-3)


@pytest.mark.parametrize("shape", [(24, 36), (20, 17)])
def test_cell_has_mean_and_standard_deviation_of_its_pixels(shape):
    images = noise(2, *shape)
    magnitudes = gabor_magnitudes(images, (0.2, 0.3), 3).astype(float)
    found = gabor(images, (0.2, 0.3), 3, 3, with_std=True).reshape(2, 3, 3, 2, 3, 2)
    rows, columns = (np.arange(side) * 3 // side for side in shape)
    for r, c in np.ndindex(3, 3):
        cell = magnitudes[..., rows == r, :][..., columns == c]
        np.testing.assert_allclose(found[:, r, c, ..., 0], cell.mean((-2, -1)), rtol=1e-5)
        np.testing.assert_allclose(found[:, r, c, ..., 1], cell.std((-2, -1)), rtol=1e-3, atol=1e-3)
    means = gabor(images, (0.2, 0.3), 3, 3).reshape(2, 3, 3, 2, 3)
    np.testing.assert_array_equal(means, found[..., 0])


def test_result_does_not_depend_on_batch():
    images = noise(4, 30, 44)
    batch = gabor(images, (0.2,), 4, 5)
    assert batch.dtype == np.float32
    for i in range(4):
        np.testing.assert_array_equal(gabor(images[i : i + 1], (0.2,), 4, 5)[0], batch[i])


@pytest.mark.parametrize("frequency", [0, -0.1, 0.51, float("nan")])
def test_frequency_outside_nyquist_range_raises(frequency):
    with pytest.raises(ValueError, match=r"at most 0\.5 cycles/pixel"):
        gabor_magnitudes(noise(1, 20, 20), (frequency,), 4)


def test_grid_finer_than_image_raises():
    with pytest.raises(ValueError, match="image of 9 x 4 pixels cannot be divided into 6 x 6 cells"):
        gabor(noise(1, 4, 9), grid=6)


def test_empty_batch():
    assert gabor(noise(0, 12, 12), (0.2,), 4, 2).shape == (0, 16)
