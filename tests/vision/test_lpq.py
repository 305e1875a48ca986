"""Laws of LPQ: codes worked by hand, brightness does not matter, symmetric blur hardly does."""

import cv2
import numpy as np
import pytest

from fer_features.vision.lpq import CORRELATION, decorrelation, lpq_codes, lpq_histograms


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 200, shape).astype(np.uint8)


def smooth(n=3, size=64, seed=0):
    rng = np.random.default_rng(seed)
    pictures = [cv2.GaussianBlur(rng.normal(size=(size, size)), (0, 0), 1.5) for _ in range(n)]
    return np.stack([np.clip(128 + 50 * p / p.std(), 0, 255).astype(np.uint8) for p in pictures])


def coefficients(picture):
    """The four complex coefficients of the one neighbourhood, straight from the paper's sum."""
    m = len(picture)
    y, x = np.mgrid[:m, :m] - m // 2
    return [
        sum(
            float(picture[m // 2 - dy, m // 2 - dx]) * np.exp(-2j * np.pi * (u * dx + v * dy) / m)
            for dy, dx in zip(y.ravel(), x.ravel(), strict=True)
        )
        for u, v in [(1, 0), (0, 1), (1, 1), (1, -1)]
    ]


def test_codes_worked_by_hand():
    # One bright pixel right of the centre, at x = +1: every sum is 90 exp(+2 pi i u / 3), so that the parts of
    # (a, 0), (a, a) and (a, -a) are 90 (cos 120, sin 120) = (-45, +78) and those of (0, a) are (+90, 0).
    picture = np.zeros((3, 3), np.uint8)
    picture[1, 2] = 90
    np.testing.assert_allclose(coefficients(picture), 90 * np.exp(2j * np.pi / 3 * np.array([1, 0, 1, 1])), atol=1e-9)
    assert lpq_codes(picture[None], 3, decorrelate=False).tolist() == [[[0b1101_0010]]]
    # Below the centre, at y = +1: (a, 0) sees nothing, (0, a) and (a, a) turn by +120 degrees, (a, -a) by -120.
    assert lpq_codes(picture.T[None], 3, decorrelate=False).tolist() == [[[0b0110_0001]]]


@pytest.mark.parametrize("window", [3, 5, 9])
@pytest.mark.parametrize("decorrelate", [False, True])
def test_every_code_is_that_of_the_sum_in_the_paper(window, decorrelate):
    images = noise(2, 12, 11)
    found = lpq_codes(images, window, decorrelate)
    assert found.shape == (2, 13 - window, 12 - window)
    for i, y, x in [(0, 0, 0), (1, 2, 1), (1, 12 - window, 11 - window), (0, 1, 0)]:
        parts = coefficients(images[i, y : y + window, x : x + window])
        values = np.r_[np.real(parts), np.imag(parts)]
        if decorrelate:
            values = decorrelation(window) @ values
        assert found[i, y, x] == sum(1 << k for k in range(8) if values[k] > 0)


def test_decorrelation_is_a_rotation_that_leaves_no_covariance():
    rotation = decorrelation(5)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(8), atol=1e-9)
    y, x = np.mgrid[:5, :5].reshape(2, -1)
    covariance = CORRELATION ** np.hypot(y[:, None] - y, x[:, None] - x)
    waves = np.exp(2j * np.pi * np.outer([1, 0, 1, 1], x - 2) / 5 + 2j * np.pi * np.outer([0, 1, 1, -1], y - 2) / 5)
    filters = np.r_[waves.real, waves.imag]
    left = rotation @ filters @ covariance @ filters.T @ rotation.T
    np.testing.assert_allclose(left - np.diag(np.diag(left)), 0, atol=1e-3)
    assert (np.diff(np.diag(left)) < 1e-3).all()


@pytest.mark.parametrize("window", [5, 7, 11])
def test_x_and_y_exchanged_exchange_bits(window):
    images = noise(1, 31, 33)
    bits, turned = (
        np.unpackbits(lpq_codes(i, window)[0][..., None], axis=-1, bitorder="little")
        for i in (images, images.transpose(0, 2, 1))
    )
    expected = bits.transpose(1, 0, 2)[..., [1, 0, 2, 3, 4, 6, 5, 7]]
    assert set((turned == expected).mean((0, 1))) <= {0.0, 1.0}  # each bit as it was or, by its sign, flipped


@pytest.mark.parametrize("decorrelate", [False, True])
def test_codes_ignore_brightness_and_contrast(decorrelate):
    dark = noise(2, 30, 40) // 2
    np.testing.assert_array_equal(lpq_codes(dark + 55, 7, decorrelate), lpq_codes(dark, 7, decorrelate))
    np.testing.assert_array_equal(lpq_codes(dark * 2, 7, decorrelate), lpq_codes(dark, 7, decorrelate))


def test_a_flat_picture_has_the_code_0_everywhere():
    for grey in (0, 77, 255):
        assert (lpq_codes(np.full((1, 20, 20), grey, np.uint8)) == 0).all()


@pytest.mark.parametrize("decorrelate", [False, True])
def test_a_symmetric_blur_flips_few_bits_and_a_shift_many(decorrelate):
    sharp = smooth()
    codes = lpq_codes(sharp, 9, decorrelate)

    def flipped(changed):
        return np.unpackbits(lpq_codes(changed, 9, decorrelate) ^ codes).mean()

    blurred = np.stack([cv2.GaussianBlur(picture, (5, 5), 1.0) for picture in sharp])
    assert flipped(blurred) < 0.05
    assert flipped(np.roll(sharp, 3, axis=2)) > 5 * flipped(blurred)


def test_histograms_count_the_codes_of_each_cell():
    images = noise(2, 22, 27)
    codes = lpq_codes(images, 5)
    found = lpq_histograms(images, 5, grid=3).reshape(2, 3, 3, 256)
    np.testing.assert_allclose(found.sum(-1), 1, atol=1e-6)
    corner = np.bincount(codes[1, :6, :8].ravel(), minlength=256)  # 18 x 23 codes: cells of 6 rows and 8, 8, 7 columns
    np.testing.assert_allclose(found[1, 0, 0], corner / corner.sum(), atol=1e-6)


@pytest.mark.parametrize("function", [lpq_codes, lpq_histograms])
def test_each_picture_is_described_alone(function):
    images = noise(5, 30, 44)
    together = function(images, 5)
    for i in range(5):
        np.testing.assert_array_equal(function(images[i : i + 1], 5)[0], together[i])


@pytest.mark.parametrize("window", [1, 4, 0])
def test_a_window_without_a_centre_is_refused(window):
    with pytest.raises(ValueError, match="odd number"):
        lpq_codes(noise(1, 20, 20), window)


def test_a_picture_too_small_is_refused():
    with pytest.raises(ValueError, match="picture of 20 x 8 is smaller"):
        lpq_codes(noise(1, 8, 20), 9)
    with pytest.raises(ValueError, match="picture of 20 x 8 cannot be cut"):
        lpq_histograms(noise(1, 8, 20), 5, grid=6)
