"""Laws of descriptors on three planes: labels worked by hand, planes that are what they are called."""

from itertools import product

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.vision.lbp import BINS, _uniform_labels, lbp_codes
from fer_features.vision.top import PLANES, hog_top, lbp_top, lbp_top_codes


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def test_labels_of_a_tiny_clip_worked_by_hand():
    # On XY the neighbours on the axes are 120 and the corners 60; a diagonal neighbour, at 0.707 of the way, is
    # 0.5 * 60 + 0.207 * (120 + 120) + 0.086 * 100 = 88.3 < 100: bits 0, 2, 4, 6, which is no uniform pattern.
    clip = np.full((3, 3, 3), 100, np.uint8)
    clip[1] = [[60, 120, 60], [120, 100, 120], [60, 120, 60]]
    # On XT the neighbours of the same frame are 120, those straight before and after 10, the corners 100; so a
    # diagonal one is 0.5 * 100 + 0.207 * (120 + 10) + 0.086 * 100 = 85.5 < 100: bits 0 and 4 remain.
    clip[0, 1, 1] = clip[2, 1, 1] = 10
    codes = lbp_top_codes(clip)
    assert {plane: values.shape for plane, values in codes.items()} == dict.fromkeys(PLANES, (1, 1, 1))
    labels = _uniform_labels()
    assert codes["xy"].item() == labels[0b01010101] == BINS - 1
    assert codes["xt"].item() == codes["yt"].item() == labels[0b00010001] == BINS - 1
    # A clip that brightens: neighbours of the same frame, bits 0 and 4, are equal, those of the later one, bits 5
    # to 7, brighter.
    rising = np.stack([np.full((3, 3), grey, np.uint8) for grey in (50, 100, 150)])
    codes = lbp_top_codes(rising)
    assert codes["xy"].item() == labels[0b11111111]
    assert codes["xt"].item() == codes["yt"].item() == labels[0b11110001] != BINS - 1


def drifting(picture, frames=7):
    """A clip of a real picture that drifts, turns and grows a little, by parts of a pixel."""
    height, width = picture.shape
    maps = [np.array([[1 + 0.01 * t, 0.005 * t, 0.7 * t], [-0.005 * t, 1, -0.4 * t]]) for t in range(frames)]
    return np.stack([cv2.warpAffine(picture, m, (width, height)) for m in maps])[:, 10:70, 12:64].copy()


def of_the_authors(clip, radius, time_radius, plane):
    """Patterns and near-ties as the authors' program finds them (LBPTOP.m of Zhao, Huang and Pietikainen), retold.

    Neighbour p of 8 on XY is at (x + R cos, y - R sin), on XT at (x + R cos, t + R sin), on YT at (y - R sin,
    t + R cos); what is interpolated between pixels is rounded down to a grey level before it is compared.
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
def test_labels_are_those_of_the_authors_program_with_its_neighbours_in_another_order(
    photographs, plane, radius, time_radius
):
    order = {"xy": np.arange(8), "xt": -np.arange(8) % 8, "yt": (-np.arange(8) - 2) % 8}[plane]
    for picture in photographs:
        clip = drifting(picture)
        expected, near = of_the_authors(clip, radius, time_radius, plane)
        renumbered = sum((expected >> p & 1) << order[p] for p in range(8))
        found = lbp_top_codes(clip, radius, time_radius)[plane]
        agree = _uniform_labels()[renumbered] == found
        assert agree[~near].all()  # where no diagonal neighbour nearly ties with the centre
        assert near.mean() < 0.7  # of a smooth picture many do
        assert agree.mean() > 0.98


@pytest.mark.parametrize(("radius", "time_radius"), [(1, 1), (2, 1), (3, 2)])
def test_the_xy_plane_has_the_labels_of_lbp(radius, time_radius):
    clip = noise(6, 20, 17)
    expected = lbp_codes(clip, radius)[time_radius : 6 - time_radius, radius : 20 - radius, radius : 17 - radius]
    np.testing.assert_array_equal(lbp_top_codes(clip, radius, time_radius)["xy"], expected)


@pytest.mark.parametrize("radius", [1, 2])
def test_the_planes_of_time_have_the_labels_of_lbp_on_pictures_of_the_history(radius):
    """With equal radii an XT plane is a picture; labels differ where a neighbour nearly ties, and only there."""
    clip = noise(9, 14, 12)
    codes = lbp_top_codes(clip, radius, radius)
    inner = slice(radius, -radius)
    rows = lbp_codes(clip.transpose(1, 0, 2), radius)[inner, inner, inner]  # of each y a picture (T, W)
    columns = lbp_codes(clip.transpose(2, 0, 1), radius)[inner, inner, inner]  # of each x a picture (T, H)
    assert (codes["xt"] == rows.transpose(1, 0, 2)).mean() > 0.98
    assert (codes["yt"] == columns.transpose(1, 2, 0)).mean() > 0.98


def test_a_clip_that_stands_still_has_one_history_in_a_flat_place_and_a_transposed_one_swaps_planes():
    flat = lbp_top_codes(np.full((4, 9, 8), 33, np.uint8), 2, 1)
    assert all((values == _uniform_labels()[255]).all() for values in flat.values())
    clip = noise(5, 11, 13)
    codes, turned = lbp_top_codes(clip, 2), lbp_top_codes(clip.transpose(0, 2, 1), 2)
    np.testing.assert_array_equal(turned["xt"], codes["yt"].transpose(0, 2, 1))
    np.testing.assert_array_equal(turned["yt"], codes["xt"].transpose(0, 2, 1))


quick = settings(deadline=None, max_examples=30, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)


def pattern_of_labels():
    """The pattern of each uniform label; of the last label, which stands for many, one."""
    patterns = np.zeros(BINS, int)
    patterns[_uniform_labels()] = np.arange(256)
    return patterns


def reversed_in_time(labels):
    """Labels with the neighbours of earlier and later frames exchanged: neighbour p becomes 8 - p."""
    patterns = pattern_of_labels()[labels]
    swapped = sum((patterns >> p & 1) << (-p % 8) for p in range(8))
    return np.where(labels == BINS - 1, BINS - 1, _uniform_labels()[swapped])


@quick
@given(SEEDS, st.integers(1, 2), st.integers(1, 2))
def test_a_clip_played_backwards_has_its_histories_upside_down(seed, radius, time_radius):
    clip = noise(6, 11, 12, seed=seed)
    codes, back = (lbp_top_codes(c, radius, time_radius) for c in (clip, clip[::-1]))
    np.testing.assert_array_equal(back["xy"][::-1], codes["xy"])
    for plane in ("xt", "yt"):
        np.testing.assert_array_equal(back[plane][::-1], reversed_in_time(codes[plane]))


@quick
@given(SEEDS, st.integers(1, 3), st.integers(1, 2))
def test_a_clip_that_stands_still_has_histories_that_are_the_same_forwards_and_backwards(seed, radius, time_radius):
    clip = np.repeat(noise(1, 9, 10, seed=seed), 5, axis=0)
    for plane, labels in lbp_top_codes(clip, radius, time_radius).items():
        assert (labels == labels[:1]).all()
        if plane != "xy":
            np.testing.assert_array_equal(reversed_in_time(labels), labels)
            # The pixel itself stands straight before and after, and is at least as bright as it is.
            assert (pattern_of_labels()[labels[labels < BINS - 1]] & 0b01000100 == 0b01000100).all()


@quick
@given(SEEDS, st.sampled_from([4, 8, 12]), st.booleans(), st.integers(1, 3))
def test_hog_top_of_a_clip_played_backwards_and_of_a_transposed_one(seed, orientations, signed, grid):
    clips = noise(1, 5, 11, 11, seed=seed)
    found = hog_top(clips, orientations, grid, signed).reshape(grid, grid, 3, orientations)
    back = hog_top(clips[:, ::-1], orientations, grid, signed).reshape(found.shape)
    np.testing.assert_allclose(back[..., 0, :], found[..., 0, :], atol=1e-3)
    np.testing.assert_allclose(back[..., 1:, :], found[..., 1:, -np.arange(orientations)], atol=1e-3)
    turned = hog_top(clips.transpose(0, 1, 3, 2), orientations, grid, signed).reshape(found.shape)
    np.testing.assert_allclose(turned[..., [2, 1], :], found.transpose(1, 0, 2, 3)[..., [1, 2], :], atol=1e-3)


@quick
@given(SEEDS, st.sampled_from([-1, 1]))
def test_a_translation_along_x_fills_one_bin_of_the_xt_plane(seed, step):
    # What moves by a pixel a frame has the gradient (g, -g step) on XT, whatever g is.
    wide = noise(12, 30, seed=seed)
    clip = np.stack([wide[:, 8 - step * t :][:, :14] for t in range(4)])[None]
    found = hog_top(clip, 4, 1).reshape(3, 4)
    expected = np.zeros(4)
    expected[3 if step > 0 else 1] = found[1].sum()  # 135 or 45 degrees
    np.testing.assert_allclose(found[1], expected, atol=1e-3)
    assert found[1].sum() > 10


@quick
@given(SEEDS, st.integers(0, 127), st.booleans())
def test_an_added_grey_changes_neither(seed, grey, signed):
    clips = noise(1, 4, 10, 10, seed=seed) // 2
    changed = clips + np.uint8(grey)
    np.testing.assert_array_equal(lbp_top(changed, 1, 1, 2), lbp_top(clips, 1, 1, 2))
    np.testing.assert_allclose(hog_top(changed, 6, 2, signed), hog_top(clips, 6, 2, signed), atol=1e-5)


def test_labels_ignore_a_change_of_brightness_and_contrast():
    clip = noise(5, 12, 12) // 3
    for changed in (clip + 70, clip * 3):
        for plane, values in lbp_top_codes(clip, 2).items():
            np.testing.assert_array_equal(lbp_top_codes(changed, 2)[plane], values)


def test_histograms_count_the_labels_of_each_cell_and_plane():
    clips = noise(2, 5, 14, 16)
    found = lbp_top(clips, 1, 1, 3).reshape(2, 3, 3, 3, BINS)
    np.testing.assert_allclose(found.sum(-1), 1, atol=1e-6)
    for p, codes in enumerate(lbp_top_codes(clips[1]).values()):
        corner = np.bincount(codes[:, :4, :5].ravel(), minlength=BINS)  # 12 rows, 14 columns: 4 and 5, 5, 4 a cell
        np.testing.assert_allclose(found[1, 0, 0, p], corner / corner.sum(), atol=1e-6)


def ramp(vx, vy, vt, frames=4, size=8):
    t, y, x = np.mgrid[:frames, :size, :size]
    return (100 + vx * x + vy * y + vt * t).astype(np.uint8)[None]


def test_hog_top_of_a_ramp_worked_by_hand():
    # Gradient (3, -4, 4): its angle is -53.13 on XY, 53.13 on XT, and on YT (-4, 4) is 135.
    for signed, turn in ((False, 180), (True, 360)):
        found = hog_top(ramp(3, -4, 4), 4, 1, signed).reshape(3, 4)
        for plane, (length, angle) in enumerate([(5, -53.1301), (5, 53.1301), (np.hypot(4, 4), 135)]):
            position = angle % turn / (turn / 4)
            expected = np.zeros(4)
            expected[int(position) % 4] += length * (1 - position % 1)
            expected[(int(position) + 1) % 4] += length * (position % 1)
            np.testing.assert_allclose(found[plane], expected, atol=1e-5)


def test_unsigned_hog_top_does_not_tell_a_clip_from_its_negative():
    clips = noise(2, 4, 12, 13)
    np.testing.assert_allclose(hog_top(255 - clips, 6, 2), hog_top(clips, 6, 2), atol=1e-4)
    assert np.abs(hog_top(255 - clips, 6, 2, True) - hog_top(clips, 6, 2, True)).max() > 1


def test_a_clip_that_stands_still_has_no_gradient_in_time():
    still = np.repeat(noise(1, 1, 12, 12), 5, axis=1)
    found = hog_top(still, 8, 2).reshape(2, 2, 3, 8)
    np.testing.assert_allclose(found[..., 1:, 1:], 0, atol=1e-6)
    assert found[..., 0, :].min() > 0.1


@pytest.mark.parametrize("function", [lbp_top, hog_top])
def test_each_clip_is_described_alone(function):
    clips = noise(3, 4, 20, 24)
    together = function(clips)
    assert together.dtype == np.float32
    for i in range(3):
        np.testing.assert_array_equal(function(clips[i : i + 1])[0], together[i])


def test_clips_too_short_or_too_small_are_refused():
    with pytest.raises(ValueError, match="clip of 2 frames of 20 x 20"):
        lbp_top(noise(1, 2, 20, 20))
    with pytest.raises(ValueError, match="3 frames or more, not 2"):
        hog_top(noise(1, 2, 20, 20))
    with pytest.raises(ValueError, match="picture of 24 x 7 cannot be cut"):
        lbp_top(noise(1, 3, 7, 24), grid=6)
    with pytest.raises(ValueError, match="picture of 24 x 7 cannot be cut"):
        hog_top(noise(1, 3, 7, 24), grid=6)
