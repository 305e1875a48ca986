"""Laws of LPQ: codes worked by hand, brightness does not matter, symmetric blur hardly does."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.signal import convolve2d

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


def bits(codes):
    return np.unpackbits(codes[..., None], axis=-1, bitorder="little").astype(bool)


def of_the_authors(picture, window, decorrelate):
    """Coefficients (H, W, 8) as the authors' MATLAB program finds them (lpq.m of the University of Oulu), retold.

    There each frequency has its real and its imaginary part side by side and the last frequency is (-a, a). A bit is
    set where its coefficient is above 0, as here, where the paper has 'at least 0'.
    """
    place = np.arange(window) - window // 2
    flat, wave = np.ones((1, window)), np.exp(-2j * np.pi * place / window)[None]
    pairs = [(flat, wave), (wave, flat), (wave, wave), (wave, wave.conj())]  # (along y, along x)
    grey = picture.astype(float)
    found = [convolve2d(convolve2d(grey, along_y.T, "valid"), along_x, "valid") for along_y, along_x in pairs]
    responses = np.stack([part(f) for f in found for part in (np.real, np.imag)], -1)
    if decorrelate:
        filters = [along_y.T * along_x for along_y, along_x in pairs]
        m = np.array([part(f).ravel() for f in filters for part in (np.real, np.imag)])
        places = np.stack(np.meshgrid(place, place), -1).reshape(-1, 2)
        covariance = m @ 0.9 ** np.linalg.norm(places[:, None] - places, axis=-1) @ m.T
        stretch = np.diag(1 + 1e-6 * np.arange(7, -1, -1))
        responses = responses @ np.linalg.svd(stretch @ covariance @ stretch)[2].T
    return responses


@pytest.mark.parametrize("window", [3, 5, 7, 11])
def test_codes_are_those_of_the_authors_program_on_photographs(photographs, window):
    ours = [0, 4, 1, 5, 2, 6, 3, 7]  # where the program's coefficients stand here
    for picture in photographs:
        expected = of_the_authors(picture, window, False)[..., np.argsort(ours)]
        expected[..., 7] *= -1
        decided = np.abs(expected) > 1e-5  # elsewhere only rounding makes it 0 or not
        found = bits(lpq_codes(picture[None], window, False)[0])
        np.testing.assert_array_equal(found[decided], (expected > 0)[decided])
        assert decided.mean() > 0.7


@pytest.mark.parametrize("window", [3, 5, 7, 11])
def test_decorrelated_codes_are_those_of_the_authors_program_but_for_two_bits_and_flips(photographs, window):
    for picture in photographs:
        expected, found = of_the_authors(picture, window, True), bits(lpq_codes(picture[None], window)[0])
        decided = np.abs(expected) > 0.05  # the stretches by millionths differ, and with them the vectors
        agree = [((expected > 0) == found)[..., k][decided[..., k]].mean() for k in range(8)]
        agree = np.maximum(agree, 1 - np.array(agree))  # a singular vector has no sign
        assert (agree[[2, 3, 4, 7]] == 1).all()
        # Bits 0 and 1, and 5 and 6, have equal singular values: there the first two are turned by half a degree and
        # the others by 45.
        assert (agree[[0, 1]] > 0.99).all()
        assert (agree[[5, 6]] < 0.9).all()


@pytest.mark.parametrize("window", [3, 5, 7, 11])
def test_bits_of_equal_singular_values_span_the_plane_that_they_span_in_the_authors_program(photographs, window):
    picture = photographs[0]
    expected = of_the_authors(picture, window, True)[..., [5, 6]].reshape(-1, 2)
    plain = of_the_authors(picture, window, False)[..., np.argsort([0, 4, 1, 5, 2, 6, 3, 7])].reshape(-1, 8)
    plain[:, 7] *= -1
    ours = (plain @ decorrelation(window).T)[:, [5, 6]]
    turn, residual, *_ = np.linalg.lstsq(expected, ours, rcond=None)
    np.testing.assert_allclose(turn.T @ turn, np.eye(2), atol=1e-4)
    assert residual.max() < 1e-6 * (ours**2).sum()


def test_decorrelation_worked_by_hand():
    # With a window of 3 and pixels correlated by 0.9 to the distance, what two coefficients have in common is a sum
    # over two 3 x 3 filters. Of the eight only pairs of equal symmetry have any: real parts, and sines of x (or y)
    # with both diagonal ones. So the real parts of (a, a) and (a, -a) part into sum and difference, at 45 degrees.
    rotation = decorrelation(3)
    even, odd = rotation[:, :4], rotation[:, 4:]
    assert ((np.abs(even) > 1e-6).any(1) ^ (np.abs(odd) > 1e-6).any(1)).all()
    difference = np.array([0, 0, 1, -1, 0, 0, 0, 0]) / np.sqrt(2)
    assert np.isclose(np.abs(rotation @ difference), 1).sum() == 1


quick = settings(deadline=None, max_examples=30, derandomize=True)
PICTURES = arrays(np.uint8, st.tuples(st.just(1), st.integers(9, 14), st.integers(9, 14)), elements=st.integers(0, 127))


@quick
@given(PICTURES, st.integers(0, 128), st.sampled_from([3, 5, 7]), st.booleans())
def test_an_added_grey_changes_no_code(picture, grey, window, decorrelate):
    changed = lpq_codes(picture + np.uint8(grey), window, decorrelate)
    np.testing.assert_array_equal(changed, lpq_codes(picture, window, decorrelate))


@quick
@given(st.integers(0, 2**32 - 1), st.sampled_from([3, 5, 7]), st.booleans())
def test_the_negative_has_every_bit_flipped(seed, window, decorrelate):
    # But where a coefficient is 0, as one of whole numbers may be without decorrelation and with a window of 3.
    picture = noise(1, 14, 15, seed=seed)
    both = lpq_codes(picture, window, decorrelate) ^ lpq_codes(199 - picture, window, decorrelate)
    assert bits(both).mean() > 0.99


@quick
@given(st.integers(0, 2**32 - 1), st.sampled_from([3, 5, 7]))
def test_a_picture_turned_by_180_degrees_keeps_cosines_and_flips_sines(seed, window):
    picture = noise(1, 14, 15, seed=seed)
    found, turned = (bits(lpq_codes(np.rot90(picture, 2 * k, axes=(1, 2)).copy(), window, False)[0]) for k in (0, 1))
    same = (np.rot90(turned, 2) == found).mean((0, 1))
    assert (same[:4] == 1).all()
    assert (same[4:] < 0.03).all()


@quick
@given(st.integers(0, 2**32 - 1), arrays(np.float64, (3, 3), elements=st.floats(0, 1)), st.booleans())
def test_any_small_blur_that_is_centrally_symmetric_flips_few_bits(seed, kernel, decorrelate):
    kernel = kernel + kernel[::-1, ::-1]
    kernel[1, 1] += kernel.sum() + 1  # so that its spectrum is nowhere negative
    sharp = smooth(n=1, size=48, seed=seed)
    blurred = cv2.filter2D(sharp[0], -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT)[None]
    codes = [lpq_codes(picture, 7, decorrelate) for picture in (sharp, blurred, np.roll(sharp, 2, axis=2))]
    assert bits(codes[0] ^ codes[1]).mean() < 0.05 < 0.15 < bits(codes[0] ^ codes[2]).mean()


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
