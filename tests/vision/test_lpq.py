"""Properties of LPQ: known codes, equality with the program of the authors, invariance to brightness and blur."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.signal import convolve2d

from fer_features.vision.lpq import PIXEL_CORRELATION, decorrelation_matrix, lpq_codes, lpq_histograms


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 200, shape).astype(np.uint8)


def smooth(n=3, size=64, seed=0):
    rng = np.random.default_rng(seed)
    images = [cv2.GaussianBlur(rng.normal(size=(size, size)), (0, 0), 1.5) for _ in range(n)]
    return np.stack([np.clip(128 + 50 * p / p.std(), 0, 255).astype(np.uint8) for p in images])


def coefficients(image):
    """Four complex coefficients of a single window, by the sum in the paper."""
    m = len(image)
    y, x = np.mgrid[:m, :m] - m // 2
    return [
        sum(
            float(image[m // 2 - dy, m // 2 - dx]) * np.exp(-2j * np.pi * (u * dx + v * dy) / m)
            for dy, dx in zip(y.ravel(), x.ravel(), strict=True)
        )
        for u, v in [(1, 0), (0, 1), (1, 1), (1, -1)]
    ]


def test_codes_of_known_image():
    # One bright pixel to the right of the centre, at x = +1: each sum is 90 exp(+2 pi i u / 3). Real and imaginary part
    # of (a, 0), (a, a) and (a, -a) are 90 (cos 120, sin 120) = (-45, +78), those of (0, a) are (+90, 0).
    image = np.zeros((3, 3), np.uint8)
    image[1, 2] = 90
    np.testing.assert_allclose(coefficients(image), 90 * np.exp(2j * np.pi / 3 * np.array([1, 0, 1, 1])), atol=1e-9)
    assert lpq_codes(image[None], 3, decorrelate=False).tolist() == [[[0b1101_0010]]]
    # Below the centre, at y = +1: the phase of (a, 0) is 0, of (0, a) and (a, a) +120 degrees, of (a, -a) -120 degrees.
    assert lpq_codes(image.T[None], 3, decorrelate=False).tolist() == [[[0b0110_0001]]]


@pytest.mark.parametrize("window_size", [3, 5, 9])
@pytest.mark.parametrize("decorrelate", [False, True])
def test_codes_equal_the_sum_in_the_paper(window_size, decorrelate):
    images = noise(2, 12, 11)
    found = lpq_codes(images, window_size, decorrelate)
    assert found.shape == (2, 13 - window_size, 12 - window_size)
    for i, y, x in [(0, 0, 0), (1, 2, 1), (1, 12 - window_size, 11 - window_size), (0, 1, 0)]:
        parts = coefficients(images[i, y : y + window_size, x : x + window_size])
        values = np.r_[np.real(parts), np.imag(parts)]
        if decorrelate:
            values = decorrelation_matrix(window_size) @ values
        assert found[i, y, x] == sum(1 << k for k in range(8) if values[k] > 0)


def bits(codes):
    return np.unpackbits(codes[..., None], axis=-1, bitorder="little").astype(bool)


def authors_coefficients(image, window_size, decorrelate):
    """Coefficients (H, W, 8) of the MATLAB program of the authors (lpq.m of the University of Oulu), in Python.

    There the real and the imaginary part of each frequency are adjacent and the last frequency is (-a, a). A bit is set
    if its coefficient is above 0.
    """
    t = np.arange(window_size) - window_size // 2
    flat, wave = np.ones((1, window_size)), np.exp(-2j * np.pi * t / window_size)[None]
    pairs = [(flat, wave), (wave, flat), (wave, wave), (wave, wave.conj())]  # (along y, along x)
    grey = image.astype(float)
    found = [convolve2d(convolve2d(grey, along_y.T, "valid"), along_x, "valid") for along_y, along_x in pairs]
    responses = np.stack([part(f) for f in found for part in (np.real, np.imag)], -1)
    if decorrelate:
        filters = [along_y.T * along_x for along_y, along_x in pairs]
        m = np.array([part(f).ravel() for f in filters for part in (np.real, np.imag)])
        positions = np.stack(np.meshgrid(t, t), -1).reshape(-1, 2)
        covariance = m @ 0.9 ** np.linalg.norm(positions[:, None] - positions, axis=-1) @ m.T
        scaling = np.diag(1 + 1e-6 * np.arange(7, -1, -1))
        responses = responses @ np.linalg.svd(scaling @ covariance @ scaling)[2].T
    return responses


@pytest.mark.parametrize("window_size", [3, 5, 7, 11])
def test_codes_equal_the_program_of_the_authors_on_photographs(photographs, window_size):
    order = [0, 4, 1, 5, 2, 6, 3, 7]  # index of each coefficient of the program of the authors in our order
    for image in photographs:
        expected = authors_coefficients(image, window_size, False)[..., np.argsort(order)]
        expected[..., 7] *= -1
        decided = np.abs(expected) > 1e-5  # the sign of smaller values is a rounding error
        found = bits(lpq_codes(image[None], window_size, False)[0])
        np.testing.assert_array_equal(found[decided], (expected > 0)[decided])
        assert decided.mean() > 0.7


@pytest.mark.parametrize("window_size", [3, 5, 7, 11])
def test_decorrelated_codes_equal_the_program_of_the_authors_except_two_bits_and_signs(photographs, window_size):
    for image in photographs:
        expected, found = authors_coefficients(image, window_size, True), bits(lpq_codes(image[None], window_size)[0])
        decided = np.abs(expected) > 0.05  # the scalings by millionths differ, and therefore the vectors
        agree = [((expected > 0) == found)[..., k][decided[..., k]].mean() for k in range(8)]
        agree = np.maximum(agree, 1 - np.array(agree))  # the sign of a singular vector is arbitrary
        assert (agree[[2, 3, 4, 7]] == 1).all()
        # Bits 0 and 1, and bits 5 and 6, have equal singular values. In the program of the authors the vectors of the
        # first pair are rotated by half a degree, those of the second pair by 45 degrees.
        assert (agree[[0, 1]] > 0.99).all()
        assert (agree[[5, 6]] < 0.9).all()


@pytest.mark.parametrize("window_size", [3, 5, 7, 11])
def test_vectors_of_equal_singular_values_span_the_same_plane_as_those_of_the_authors(photographs, window_size):
    image = photographs[0]
    expected = authors_coefficients(image, window_size, True)[..., [5, 6]].reshape(-1, 2)
    plain = authors_coefficients(image, window_size, False)[..., np.argsort([0, 4, 1, 5, 2, 6, 3, 7])].reshape(-1, 8)
    plain[:, 7] *= -1
    ours = (plain @ decorrelation_matrix(window_size).T)[:, [5, 6]]
    rotation, residual, *_ = np.linalg.lstsq(expected, ours, rcond=None)
    np.testing.assert_allclose(rotation.T @ rotation, np.eye(2), atol=1e-4)
    assert residual.max() < 1e-6 * (ours**2).sum()


def test_decorrelation_for_window_of_3():
    # Only coefficients of the same symmetry are correlated: real parts with real parts, imaginary parts with imaginary
    # parts. Therefore the real parts of (a, a) and (a, -a) are decorrelated by their sum and their difference.
    rotation = decorrelation_matrix(3)
    even, odd = rotation[:, :4], rotation[:, 4:]
    assert ((np.abs(even) > 1e-6).any(1) ^ (np.abs(odd) > 1e-6).any(1)).all()
    difference = np.array([0, 0, 1, -1, 0, 0, 0, 0]) / np.sqrt(2)
    assert np.isclose(np.abs(rotation @ difference), 1).sum() == 1


quick = settings(deadline=None, max_examples=30, derandomize=True)
IMAGES = arrays(np.uint8, st.tuples(st.just(1), st.integers(9, 14), st.integers(9, 14)), elements=st.integers(0, 127))


@quick
@given(IMAGES, st.integers(0, 128), st.sampled_from([3, 5, 7]), st.booleans())
def test_codes_are_invariant_to_brightness_offset(image, grey, window_size, decorrelate):
    changed = lpq_codes(image + np.uint8(grey), window_size, decorrelate)
    np.testing.assert_array_equal(changed, lpq_codes(image, window_size, decorrelate))


@quick
@given(st.integers(0, 2**32 - 1), st.sampled_from([3, 5, 7]), st.booleans())
def test_inverted_image_has_inverted_bits(seed, window_size, decorrelate):
    # Except where a coefficient is 0, which is possible without decorrelation and with a window of 3.
    image = noise(1, 14, 15, seed=seed)
    changed = lpq_codes(image, window_size, decorrelate) ^ lpq_codes(199 - image, window_size, decorrelate)
    assert bits(changed).mean() > 0.99


@quick
@given(st.integers(0, 2**32 - 1), st.sampled_from([3, 5, 7]))
def test_rotation_by_180_degrees_keeps_cosine_bits_and_inverts_sine_bits(seed, window_size):
    image = noise(1, 14, 15, seed=seed)
    found, rotated = (
        bits(lpq_codes(np.rot90(image, 2 * k, axes=(1, 2)).copy(), window_size, False)[0]) for k in (0, 1)
    )
    same = (np.rot90(rotated, 2) == found).mean((0, 1))
    assert (same[:4] == 1).all()
    assert (same[4:] < 0.03).all()


@quick
@given(st.integers(0, 2**32 - 1), arrays(np.float64, (3, 3), elements=st.floats(0, 1)), st.booleans())
def test_random_centrally_symmetric_blur_changes_few_bits(seed, kernel, decorrelate):
    kernel = kernel + kernel[::-1, ::-1]
    kernel[1, 1] += kernel.sum() + 1  # makes its spectrum positive
    sharp = smooth(n=1, size=48, seed=seed)
    blurred = cv2.filter2D(sharp[0], -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT)[None]
    codes = [lpq_codes(image, 7, decorrelate) for image in (sharp, blurred, np.roll(sharp, 2, axis=2))]
    assert bits(codes[0] ^ codes[1]).mean() < 0.05 < 0.15 < bits(codes[0] ^ codes[2]).mean()


def test_decorrelation_matrix_is_orthogonal_and_diagonalizes_covariance():
    rotation = decorrelation_matrix(5)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(8), atol=1e-9)
    y, x = np.mgrid[:5, :5].reshape(2, -1)
    covariance = PIXEL_CORRELATION ** np.hypot(y[:, None] - y, x[:, None] - x)
    waves = np.exp(2j * np.pi * np.outer([1, 0, 1, 1], x - 2) / 5 + 2j * np.pi * np.outer([0, 1, 1, -1], y - 2) / 5)
    filters = np.r_[waves.real, waves.imag]
    remaining = rotation @ filters @ covariance @ filters.T @ rotation.T
    np.testing.assert_allclose(remaining - np.diag(np.diag(remaining)), 0, atol=1e-3)
    assert (np.diff(np.diag(remaining)) < 1e-3).all()


@pytest.mark.parametrize("window_size", [5, 7, 11])
def test_transposed_image_has_exchanged_bits(window_size):
    images = noise(1, 31, 33)
    bits, transposed = (
        np.unpackbits(lpq_codes(i, window_size)[0][..., None], axis=-1, bitorder="little")
        for i in (images, images.transpose(0, 2, 1))
    )
    expected = bits.transpose(1, 0, 2)[..., [1, 0, 2, 3, 4, 6, 5, 7]]
    assert set((transposed == expected).mean((0, 1))) <= {
        0.0,
        1.0,
    }  # each bit is equal or, because of its sign, inverted


@pytest.mark.parametrize("decorrelate", [False, True])
def test_codes_are_invariant_to_brightness_and_contrast(decorrelate):
    dark = noise(2, 30, 40) // 2
    np.testing.assert_array_equal(lpq_codes(dark + 55, 7, decorrelate), lpq_codes(dark, 7, decorrelate))
    np.testing.assert_array_equal(lpq_codes(dark * 2, 7, decorrelate), lpq_codes(dark, 7, decorrelate))


def test_codes_of_flat_image_are_zero():
    for grey in (0, 77, 255):
        assert (lpq_codes(np.full((1, 20, 20), grey, np.uint8)) == 0).all()


@pytest.mark.parametrize("decorrelate", [False, True])
def test_symmetric_blur_changes_few_bits_and_shift_many(decorrelate):
    sharp = smooth()
    codes = lpq_codes(sharp, 9, decorrelate)

    def changed_bits(changed):
        return np.unpackbits(lpq_codes(changed, 9, decorrelate) ^ codes).mean()

    blurred = np.stack([cv2.GaussianBlur(image, (5, 5), 1.0) for image in sharp])
    assert changed_bits(blurred) < 0.05
    assert changed_bits(np.roll(sharp, 3, axis=2)) > 5 * changed_bits(blurred)


def test_histogram_of_cell_counts_its_codes():
    images = noise(2, 22, 27)
    codes = lpq_codes(images, 5)
    found = lpq_histograms(images, 5, grid=3).reshape(2, 3, 3, 256)
    np.testing.assert_allclose(found.sum(-1), 1, atol=1e-6)
    corner = np.bincount(codes[1, :6, :8].ravel(), minlength=256)  # 18 x 23 codes: cells of 6 rows and 8, 8, 7 columns
    np.testing.assert_allclose(found[1, 0, 0], corner / corner.sum(), atol=1e-6)


@pytest.mark.parametrize("function", [lpq_codes, lpq_histograms])
def test_result_does_not_depend_on_batch(function):
    images = noise(5, 30, 44)
    batch = function(images, 5)
    for i in range(5):
        np.testing.assert_array_equal(function(images[i : i + 1], 5)[0], batch[i])


@pytest.mark.parametrize("window_size", [1, 4, 0])
def test_even_or_too_small_window_raises(window_size):
    with pytest.raises(ValueError, match="odd number"):
        lpq_codes(noise(1, 20, 20), window_size)


def test_too_small_image_raises():
    with pytest.raises(ValueError, match="image of 20 x 8 pixels is smaller"):
        lpq_codes(noise(1, 8, 20), 9)
    with pytest.raises(ValueError, match="image of 20 x 8 pixels cannot be divided"):
        lpq_histograms(noise(1, 8, 20), 5, grid=6)
