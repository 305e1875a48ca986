"""Properties of LBP-TOP and HOG-TOP: known labels, the order of the planes, symmetries."""

from itertools import product

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.vision.lbp import lbp_codes
from fer_features.vision.lbp_labels import N_LBP_LABELS, uniform_labels
from fer_features.vision.top import PLANES, hog_top, lbp_top, lbp_top_codes


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def test_labels_of_known_clips():
    # On XY the neighbours on the axes are 120 and the corners 60. A diagonal neighbour, at 0.707 of the distance, is
    # 0.5 * 60 + 0.207 * (120 + 120) + 0.086 * 100 = 88.3 < 100: bits 0, 2, 4, 6 are set, a non-uniform pattern.
    clip = np.full((3, 3, 3), 100, np.uint8)
    clip[1] = [[60, 120, 60], [120, 100, 120], [60, 120, 60]]
    # On XT the neighbours in the same frame are 120, those in the previous and the next frame 10, the corners 100. A
    # diagonal neighbour is 0.5 * 100 + 0.207 * (120 + 10) + 0.086 * 100 = 85.5 < 100: bits 0 and 4 are set.
    clip[0, 1, 1] = clip[2, 1, 1] = 10
    codes = lbp_top_codes(clip)
    assert codes._fields == PLANES
    assert [values.shape for values in codes] == [(1, 1, 1)] * 3
    labels = uniform_labels()
    assert codes.xy.item() == labels[0b01010101] == N_LBP_LABELS - 1
    assert codes.xt.item() == codes.yt.item() == labels[0b00010001] == N_LBP_LABELS - 1
    # A clip whose brightness increases: neighbours in the same frame (bits 0 and 4) are equal, those in the next frame
    # (bits 5 to 7) are brighter.
    brightening = np.stack([np.full((3, 3), grey, np.uint8) for grey in (50, 100, 150)])
    codes = lbp_top_codes(brightening)
    assert codes.xy.item() == labels[0b11111111]
    assert codes.xt.item() == codes.yt.item() == labels[0b11110001] != N_LBP_LABELS - 1


def moving_clip(image, frames=7):
    """A clip of a photograph that is translated, rotated and scaled by fractions of a pixel per frame."""
    height, width = image.shape
    maps = [np.array([[1 + 0.01 * t, 0.005 * t, 0.7 * t], [-0.005 * t, 1, -0.4 * t]]) for t in range(frames)]
    return np.stack([cv2.warpAffine(image, m, (width, height)) for m in maps])[:, 10:70, 12:64].copy()


def authors_patterns(clip, radius, time_radius, plane):
    """Patterns and near-ties of the program of the authors (LBPTOP.m of Zhao, Huang and Pietikainen), in Python.

    Neighbour p of 8 on XY is at (x + R cos, y - R sin), on XT at (x + R cos, t + R sin), on YT at (y - R sin,
    t + R cos). Interpolated values are rounded down to a grey level before they are compared.
    """
    frames, height, width = clip.shape
    margins = (time_radius, frames), (radius, height), (radius, width)
    centre = clip[tuple(slice(m, size - m) for m, size in margins)].astype(float)
    pattern, near = np.zeros(centre.shape, np.uint8), np.zeros(centre.shape, bool)
    for p in range(8):
        cos, sin = (float(np.round(f(np.pi * p / 4), 9)) for f in (np.cos, np.sin))
        step = {"xy": (0, -sin, cos), "xt": (sin, 0, cos), "yt": (cos, -sin, 0)}[plane]
        step = np.array(step) * [time_radius, radius, radius]
        grey = np.zeros(centre.shape)
        for corner in product((0, 1), repeat=3):
            weight = np.prod(np.where(corner, step % 1, 1 - step % 1))
            if weight > 0:
                at = np.floor(step).astype(int) + corner
                window = tuple(slice(m + d, size - m + d) for (m, size), d in zip(margins, at, strict=True))
                grey += weight * clip[window]
        pattern |= (np.floor(grey + 1e-9) >= centre).astype(np.uint8) << p
        near |= (np.abs(grey - centre) < 0.15) & (p % 2 == 1)
    return pattern, near


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize(("radius", "time_radius"), [(1, 1), (2, 1), (3, 2)])
def test_labels_equal_the_program_of_the_authors_with_permuted_neighbours(photographs, plane, radius, time_radius):
    order = {"xy": np.arange(8), "xt": -np.arange(8) % 8, "yt": (-np.arange(8) - 2) % 8}[plane]
    for image in photographs:
        clip = moving_clip(image)
        expected, near = authors_patterns(clip, radius, time_radius, plane)
        renumbered = sum((expected >> p & 1) << order[p] for p in range(8))
        found = getattr(lbp_top_codes(clip, radius, time_radius), plane)
        agree = uniform_labels()[renumbered] == found
        assert agree[~near].all()  # no diagonal neighbour is nearly equal to the centre
        assert near.mean() < 0.7  # smooth images have many near-ties
        assert agree.mean() > 0.98


@pytest.mark.parametrize(("radius", "time_radius"), [(1, 1), (2, 1), (3, 2)])
def test_labels_of_xy_plane_equal_lbp(radius, time_radius):
    clip = noise(6, 20, 17)
    expected = lbp_codes(clip, radius)[time_radius : 6 - time_radius, radius : 20 - radius, radius : 17 - radius]
    np.testing.assert_array_equal(lbp_top_codes(clip, radius, time_radius).xy, expected)


@pytest.mark.parametrize("radius", [1, 2])
def test_labels_of_time_planes_equal_lbp_of_transposed_clips(radius):
    """With equal radii an XT plane is an ordinary image. Labels differ only in case of near-ties."""
    clip = noise(9, 14, 12)
    codes = lbp_top_codes(clip, radius, radius)
    inner = slice(radius, -radius)
    rows = lbp_codes(clip.transpose(1, 0, 2), radius)[inner, inner, inner]  # an image (T, W) for each y
    columns = lbp_codes(clip.transpose(2, 0, 1), radius)[inner, inner, inner]  # an image (T, H) for each x
    assert (codes.xt == rows.transpose(1, 0, 2)).mean() > 0.98
    assert (codes.yt == columns.transpose(1, 2, 0)).mean() > 0.98


def test_labels_of_flat_clip_and_of_transposed_clip():
    flat = lbp_top_codes(np.full((4, 9, 8), 33, np.uint8), 2, 1)
    assert all((values == uniform_labels()[255]).all() for values in flat)
    clip = noise(5, 11, 13)
    codes, transposed = lbp_top_codes(clip, 2), lbp_top_codes(clip.transpose(0, 2, 1), 2)
    np.testing.assert_array_equal(transposed.xt, codes.yt.transpose(0, 2, 1))
    np.testing.assert_array_equal(transposed.yt, codes.xt.transpose(0, 2, 1))


quick = settings(deadline=None, max_examples=30, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)


def pattern_of_labels():
    """The pattern of each uniform label, and one of the patterns of the last label."""
    patterns = np.zeros(N_LBP_LABELS, int)
    patterns[uniform_labels()] = np.arange(256)
    return patterns


def reversed_in_time(labels):
    """Labels with exchanged neighbours of earlier and later frames: neighbour p becomes 8 - p."""
    patterns = pattern_of_labels()[labels]
    swapped = sum((patterns >> p & 1) << (-p % 8) for p in range(8))
    return np.where(labels == N_LBP_LABELS - 1, N_LBP_LABELS - 1, uniform_labels()[swapped])


@quick
@given(SEEDS, st.integers(1, 2), st.integers(1, 2))
def test_time_reversal_mirrors_time_planes(seed, radius, time_radius):
    clip = noise(6, 11, 12, seed=seed)
    codes, reversed_codes = (lbp_top_codes(c, radius, time_radius) for c in (clip, clip[::-1]))
    np.testing.assert_array_equal(reversed_codes.xy[::-1], codes.xy)
    for plane in ("xt", "yt"):
        np.testing.assert_array_equal(getattr(reversed_codes, plane)[::-1], reversed_in_time(getattr(codes, plane)))


@quick
@given(SEEDS, st.integers(1, 3), st.integers(1, 2))
def test_time_planes_of_static_clip_are_symmetric_in_time(seed, radius, time_radius):
    clip = np.repeat(noise(1, 9, 10, seed=seed), 5, axis=0)
    for plane, labels in lbp_top_codes(clip, radius, time_radius)._asdict().items():
        assert (labels == labels[:1]).all()
        if plane != "xy":
            np.testing.assert_array_equal(reversed_in_time(labels), labels)
            # The neighbours in the previous and the next frame are the pixel itself, so their bits are set.
            assert (pattern_of_labels()[labels[labels < N_LBP_LABELS - 1]] & 0b01000100 == 0b01000100).all()


@quick
@given(SEEDS, st.sampled_from([4, 8, 12]), st.booleans(), st.integers(1, 3))
def test_hog_top_of_time_reversal_and_transposition(seed, orientations, signed, grid):
    clips = noise(1, 5, 11, 11, seed=seed)
    found = hog_top(clips, orientations, grid, signed).reshape(grid, grid, 3, orientations)
    reversed_clips = hog_top(clips[:, ::-1], orientations, grid, signed).reshape(found.shape)
    np.testing.assert_allclose(reversed_clips[..., 0, :], found[..., 0, :], atol=1e-3)
    np.testing.assert_allclose(reversed_clips[..., 1:, :], found[..., 1:, -np.arange(orientations)], atol=1e-3)
    transposed = hog_top(clips.transpose(0, 1, 3, 2), orientations, grid, signed).reshape(found.shape)
    np.testing.assert_allclose(transposed[..., [2, 1], :], found.transpose(1, 0, 2, 3)[..., [1, 2], :], atol=1e-3)


@quick
@given(SEEDS, st.sampled_from([-1, 1]))
def test_translation_along_x_fills_one_bin_of_xt_plane(seed, step):
    # The gradient of a translation by one pixel per frame is (g, -g step) on XT, for any g.
    wide = noise(12, 30, seed=seed)
    clip = np.stack([wide[:, 8 - step * t :][:, :14] for t in range(4)])[None]
    found = hog_top(clip, 4, 1).reshape(3, 4)
    expected = np.zeros(4)
    expected[3 if step > 0 else 1] = found[1].sum()  # 135 or 45 degrees
    np.testing.assert_allclose(found[1], expected, atol=1e-3)
    assert found[1].sum() > 10


@quick
@given(SEEDS, st.integers(0, 127), st.booleans())
def test_invariant_to_brightness_offset(seed, grey, signed):
    clips = noise(1, 4, 10, 10, seed=seed) // 2
    changed = clips + np.uint8(grey)
    np.testing.assert_array_equal(lbp_top(changed, 1, 1, 2), lbp_top(clips, 1, 1, 2))
    np.testing.assert_allclose(hog_top(changed, 6, 2, signed), hog_top(clips, 6, 2, signed), atol=1e-5)


def test_labels_are_invariant_to_brightness_and_contrast():
    clip = noise(5, 12, 12) // 3
    for changed in (clip + 70, clip * 3):
        for found, expected in zip(lbp_top_codes(changed, 2), lbp_top_codes(clip, 2), strict=True):
            np.testing.assert_array_equal(found, expected)


def test_histogram_counts_labels_of_cell_and_plane():
    clips = noise(2, 5, 14, 16)
    found = lbp_top(clips, 1, 1, 3).reshape(2, 3, 3, 3, N_LBP_LABELS)
    np.testing.assert_allclose(found.sum(-1), 1, atol=1e-6)
    for p, codes in enumerate(lbp_top_codes(clips[1])):
        corner = np.bincount(
            codes[:, :4, :5].ravel(), minlength=N_LBP_LABELS
        )  # cells of 4, 4, 4 rows and 5, 5, 4 columns
        np.testing.assert_allclose(found[1, 0, 0, p], corner / corner.sum(), atol=1e-6)


def ramp(vx, vy, vt, frames=4, size=8):
    t, y, x = np.mgrid[:frames, :size, :size]
    return (100 + vx * x + vy * y + vt * t).astype(np.uint8)[None]


def test_hog_top_of_ramp():
    # The gradient (3, -4, 4) has an angle of -53.13 degrees on XY, 53.13 on XT and 135 on YT.
    for signed, period in ((False, 180), (True, 360)):
        found = hog_top(ramp(3, -4, 4), 4, 1, signed).reshape(3, 4)
        for plane, (length, angle) in enumerate([(5, -53.1301), (5, 53.1301), (np.hypot(4, 4), 135)]):
            position = angle % period / (period / 4)
            expected = np.zeros(4)
            expected[int(position) % 4] += length * (1 - position % 1)
            expected[(int(position) + 1) % 4] += length * (position % 1)
            np.testing.assert_allclose(found[plane], expected, atol=1e-5)


def test_unsigned_hog_top_is_invariant_to_inversion():
    clips = noise(2, 4, 12, 13)
    np.testing.assert_allclose(hog_top(255 - clips, 6, 2), hog_top(clips, 6, 2), atol=1e-4)
    assert np.abs(hog_top(255 - clips, 6, 2, True) - hog_top(clips, 6, 2, True)).max() > 1


def test_static_clip_has_no_gradient_along_time():
    static = np.repeat(noise(1, 1, 12, 12), 5, axis=1)
    found = hog_top(static, 8, 2).reshape(2, 2, 3, 8)
    np.testing.assert_allclose(found[..., 1:, 1:], 0, atol=1e-6)
    assert found[..., 0, :].min() > 0.1


@pytest.mark.parametrize("function", [lbp_top, hog_top])
def test_result_does_not_depend_on_batch(function):
    clips = noise(3, 4, 20, 24)
    batch = function(clips)
    assert batch.dtype == np.float32
    for i in range(3):
        np.testing.assert_array_equal(function(clips[i : i + 1])[0], batch[i])


def test_too_short_or_too_small_clips_raise():
    with pytest.raises(ValueError, match="clip of 2 frames of 20 x 20"):
        lbp_top(noise(1, 2, 20, 20))
    with pytest.raises(ValueError, match="at least 3 frames, but the clips have 2"):
        hog_top(noise(1, 2, 20, 20))
    with pytest.raises(ValueError, match="image of 24 x 7 pixels cannot be divided"):
        lbp_top(noise(1, 3, 7, 24), grid=6)
    with pytest.raises(ValueError, match="image of 24 x 7 pixels cannot be divided"):
        hog_top(noise(1, 3, 7, 24), grid=6)
