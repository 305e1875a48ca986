"""Laws of motion boundaries and local motion patterns: what moves as one has no boundary, noise has no pattern."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.vision.flow import dense_flow, hof
from fer_features.vision.geometry import MEAN_FACE, eye_centres, mirror
from fer_features.vision.mbh import REGIONS, lmp, mbh

SIZE = 128
FACE = 40 * MEAN_FACE + [64, 44]


def field(dx, dy, size=SIZE, n=1):
    y, x = np.mgrid[:size, :size].astype(float)
    parts = [part(x, y) if callable(part) else np.full((size, size), float(part)) for part in (dx, dy)]
    return np.repeat(np.stack(parts, -1)[None], n, axis=0).astype(np.float32)


def noise(seed=0, strength=2.0):
    return np.random.default_rng(seed).normal(0, strength, (3, SIZE, SIZE, 2)).astype(np.float32)


def patterns(flow, **given):
    return lmp(flow, np.repeat(FACE[None], len(flow), 0), **given).reshape(len(flow), len(REGIONS), -1)


def test_motion_that_is_the_same_everywhere_has_no_boundary():
    assert (mbh(field(3, -2), 8, 4) == 0).all()
    flow = noise()
    np.testing.assert_allclose(mbh(flow + np.float32([5, -7]), 8, 4), mbh(flow, 8, 4), atol=1e-4)


def test_boundaries_worked_by_hand():
    # dx grows by 0.3 a pixel to the right and by 0.4 downwards: 0.5 long at 53.13 degrees, of 90 a bin. dy falls by
    # 0.2 to the right: 180 degrees.
    flow = field(lambda x, y: 0.3 * x + 0.4 * y, lambda x, y: -0.2 * x, 16)
    found = mbh(flow, 4, 2).reshape(2, 4, 4)
    share = np.rad2deg(np.arctan2(4, 3)) / 90
    np.testing.assert_allclose(found[0], np.tile([0.5 * (1 - share), 0.5 * share, 0, 0], (4, 1)), atol=1e-5)
    np.testing.assert_allclose(found[1], np.tile([0, 0, 0.2, 0], (4, 1)), atol=1e-5)


quick = settings(deadline=None, max_examples=25, derandomize=True)
SEEDS, SHIFTS = st.integers(0, 2**32 - 1), st.floats(-20, 20)


def small_flow(seed):
    return np.random.default_rng(seed).normal(0, 2, (1, 12, 13, 2))


@quick
@given(SHIFTS, SHIFTS, st.integers(1, 12), st.integers(1, 4))
def test_any_motion_that_is_the_same_everywhere_has_no_boundary(dx, dy, orientations, grid):
    assert (mbh(np.broadcast_to([dx, dy], (1, 9, 11, 2)), orientations, grid) == 0).all()


@quick
@given(SEEDS, SHIFTS, SHIFTS)
def test_motion_that_is_added_everywhere_changes_no_boundary(seed, dx, dy):
    flow = small_flow(seed)
    np.testing.assert_allclose(mbh(flow + [dx, dy], 8, 3), mbh(flow, 8, 3), atol=1e-5)


@quick
@given(SEEDS, st.sampled_from([4, 8, 12]), st.integers(1, 4))
def test_a_mirrored_motion_has_mirrored_boundaries(seed, orientations, grid):
    flow = small_flow(seed)
    found = mbh(flow, orientations, grid).reshape(2, grid, grid, orientations)
    flipped = mbh(flow[:, :, ::-1], orientations, grid).reshape(found.shape)
    # A width of 13 is not cut into cells alike from both sides, so the grids are compared as wholes.
    at = (orientations // 2 - np.arange(orientations)) % orientations
    sizes = [np.bincount(np.arange(side) * grid // side) for side in (12, 13)]
    pixels = np.outer(*sizes)[..., None]
    np.testing.assert_allclose((flipped * pixels).sum((1, 2)), (found * pixels).sum((1, 2))[:, at], atol=1e-3)


def test_boundaries_are_those_of_dense_trajectories_inside_photographs(photographs):
    """Their program (Wang et al., CVPR 2011) has the same votes of differences over two pixels, not halved."""
    for picture in photographs:
        height, width = picture.shape
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), 3, 1.03)
        flow = dense_flow(picture[None], cv2.warpAffine(picture, turn, (width, height))[None])[:, 40:102, 40:102]
        expected = []
        for component in (flow[0, ..., 0], flow[0, ..., 1]):
            right, down = (cv2.Sobel(component, cv2.CV_32F, *axis, ksize=1) for axis in ((1, 0), (0, 1)))
            votes = hof(np.stack([right, down], -1)[None, 1:-1, 1:-1] / 2, 8, 4, still=0)
            expected.append(votes.reshape(-1, 9)[:, :8].ravel())
        # Cells inside are compared: at the border differences are one-sided here and 0 there.
        found, inner = mbh(flow[:, 1:-1, 1:-1], 8, 4).reshape(2, 4, 4, 8), slice(1, 3)
        expected = np.reshape(expected, found.shape)
        np.testing.assert_allclose(found[:, inner, inner], expected[:, inner, inner], atol=1e-5)
        assert expected.max() > 0.005


def test_an_edge_of_motion_is_found_where_it_is():
    flow = field(lambda x, y: np.where(x < 20, 0, 2.0), 0, 64)
    found = mbh(flow, 8, 4).reshape(2, 4, 4, 8)
    assert (found[0, :, 1, 0] > 0.1).all()
    found[0, :, 1, 0] = 0
    assert (found == 0).all()


def test_a_quarter_turn_turns_cells_and_directions_and_components():
    flow = noise()
    # The picture turned clockwise: right becomes down, down becomes left.
    turned = np.rot90(flow, -1, axes=(1, 2))
    turned = np.stack([-turned[..., 1], turned[..., 0]], -1)
    before, after = (mbh(f, 8, 4).reshape(3, 2, 4, 4, 8) for f in (flow, turned))
    of_dx = np.roll(np.rot90(before[:, 0], -1, axes=(1, 2)), 2, axis=-1)
    np.testing.assert_allclose(after[:, 1], of_dx, atol=1e-5)
    of_dy = np.roll(np.rot90(before[:, 1], -1, axes=(1, 2)), 2 + 4, axis=-1)  # with its sign changed
    np.testing.assert_allclose(after[:, 0], of_dy, atol=1e-5)


@pytest.mark.parametrize("angle", [0, 30, 90, 210])
def test_a_face_that_moves_as_one_has_one_direction_in_every_region(angle):
    turn = np.deg2rad(angle)
    found = patterns(field(3 * np.cos(turn), 3 * np.sin(turn)))[0]
    np.testing.assert_allclose(found[:, angle // 30], 3, atol=0.01)
    assert np.delete(found, angle // 30, axis=1).max() < 0.01


def test_a_still_face_and_noise_have_no_pattern():
    assert (patterns(field(0.1, 0)) == 0).all()
    noisy = patterns(noise())
    one_way = patterns(noise() + np.float32([5, 0]))
    assert one_way.sum(-1).mean() > 4
    assert noisy.sum(-1).mean() < 0.3 * np.linalg.norm(noise(), axis=-1).mean()


@quick
@given(st.floats(0, 359.9), st.floats(0, 0.199), st.sampled_from([6, 8, 12]))
def test_a_face_that_moves_less_than_counts_has_no_pattern(angle, length, orientations):
    turn = np.deg2rad(angle)
    flow = np.broadcast_to(length * np.array([np.cos(turn), np.sin(turn)]), (1, SIZE, SIZE, 2))
    assert (lmp(flow, FACE[None], orientations, still=0.2) == 0).all()


@quick
@given(st.integers(0, 11), st.floats(0.3, 20), st.integers(1, 3), st.floats(0.1, 0.4))
def test_a_face_that_moves_as_one_has_its_length_in_one_bin_of_every_region(o, length, reach, side):
    turn = np.deg2rad(30 * o)
    flow = np.broadcast_to(length * np.array([np.cos(turn), np.sin(turn)]), (1, 200, 200, 2))
    found = lmp(flow, FACE[None] + 30, reach=reach, side=side).reshape(len(REGIONS), 12)
    np.testing.assert_allclose(found[:, o], length, rtol=1e-3)
    assert np.delete(found, o, axis=1).max() < 1e-3 * length


@quick
@given(SEEDS, st.floats(1, 5))
def test_stronger_motion_of_the_same_kind_has_patterns_that_are_as_much_stronger(seed, factor):
    flow = cv2.GaussianBlur(noise(seed)[0], (0, 0), 8)[None] * 30
    weak, strong = (patterns(times * flow, still=0) for times in (1, factor))
    np.testing.assert_allclose(strong, factor * weak, rtol=1e-3, atol=1e-3)
    assert weak.max() > 0.1


def test_a_pattern_worked_by_hand():
    # Eyes 40 pixels apart and patches of 0.5 of that: 20 pixels, 10 apart, from 10 left of the chin's place to 10
    # right of it. Left of that place the skin goes right by 2, from it on down by 1; so the three patches hold
    # 20 + 0, 10 + 10 and 0 + 20 columns. Of the motion of the middle one (2 right, 1 down, half each: 1 and 0.5) two
    # thirds go right. The Bhattacharyya coefficient to the left patch is sqrt(2/3) = 0.82, to the right sqrt(1/3) =
    # 0.58.
    x, y = FACE[8] + np.array([0, -0.2]) * 40
    x, y = round(x), round(y)
    face = FACE + [x, y] - (FACE[8] + np.array([0, -0.2]) * np.hypot(*np.diff(eye_centres(FACE), axis=0)[0]))
    flow = field(lambda i, j: np.where(i < x, 2.0, 0), lambda i, j: np.where(i < x, 0, 1.0))
    side = 20 / np.hypot(*np.diff(eye_centres(face), axis=0)[0])
    for alike, patches in ((0.7, [(2, 0), (1, 0.5)]), (0.5, [(2, 0), (1, 0.5), (0, 1)])):
        found = lmp(flow, face[None], 4, side, 1, 0.1, alike, 0.2).reshape(len(REGIONS), 4)[list(REGIONS).index("chin")]
        np.testing.assert_allclose(found, [*np.sum(patches, 0) / 3, 0, 0], atol=0.02)


def test_directions_of_a_small_share_are_left_out():
    flow = field(2, 0)
    flow[:, ::4, ::4] = [-2, 0]  # a sixteenth of the pixels moves the other way
    assert patterns(flow, share=0.1)[..., 6].max() == 0
    assert patterns(flow, share=0.01)[..., 6].min() > 0.05


def test_a_pattern_spreads_only_as_far_as_motion_is_alike():
    x_mouth, y_mouth = FACE[48]
    names = list(REGIONS)
    whole = patterns(field(2, 0))[0, names.index("left mouth corner"), 0]
    # Right of the mouth corner the skin moves up instead of to the right.
    flow = field(lambda x, y: np.where(x < x_mouth + 4, 2.0, 0.0), lambda x, y: np.where(x < x_mouth + 4, 0.0, -2.0))
    found = patterns(flow, alike=0.9)[0, names.index("left mouth corner")]
    assert 0.3 * whole < found[0] < 0.9 * whole
    assert found[9] < 0.2 * whole  # 270 degrees is up
    assert patterns(flow, alike=0.0)[0, names.index("left mouth corner"), 9] > found[9]
    # A corner that stands still has no pattern, whatever moves around it.
    around = field(lambda x, y: np.where(np.hypot(x - x_mouth, y - y_mouth) < 9, 0.0, 2.0), 0)
    assert patterns(around)[0, names.index("left mouth corner")].max() == 0
    assert patterns(around)[0, names.index("chin"), 0] > 1


def test_regions_are_where_their_names_say():
    for side, x in (("left", -1), ("right", 1)):
        for name, (points, shift) in REGIONS.items():
            if name.startswith(f"{side} ") or f" {side} " in name:
                assert x * (MEAN_FACE[points].mean(0) + shift)[0] > 0


def test_a_mirrored_face_has_mirrored_patterns():
    flow = cv2.GaussianBlur(noise()[0], (0, 0), 6)[None] * 8
    flipped = flow[:, :, ::-1] * [-1, 1]
    face = FACE + np.random.default_rng(0).normal(0, 1, (68, 2))
    there, back = (lmp(f, p[None]).reshape(len(REGIONS), 12) for f, p in ((flow, face), (flipped, mirror(face, SIZE))))
    assert there.max() > 0.1
    swap = {"left": "right", "right": "left"}
    other = [list(REGIONS).index(" ".join(swap.get(word, word) for word in name.split())) for name in REGIONS]
    # Direction o becomes 180 degrees minus it; patches are whole pixels, so a region may differ by a row of them.
    np.testing.assert_allclose(back[other][:, (6 - np.arange(12)) % 12], there, atol=0.15)


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_patterns_follow_the_face(scale):
    flow = field(lambda x, y: np.where(y > 60, 2.0, 0.0), lambda x, y: np.where(y > 60, 0.0, 2.0))
    moved = field(lambda x, y: np.where(y > 60 * scale, 2.0, 0.0), lambda x, y: np.where(y > 60 * scale, 0.0, 2.0), 256)
    there = lmp(moved, FACE[None] * scale)
    np.testing.assert_allclose(there, lmp(flow, FACE[None]), atol=0.4)


def test_a_row_whose_landmarks_are_missing_is_0_and_the_others_are_not_touched():
    faces = np.repeat(FACE[None], 3, 0)
    expected = lmp(noise(strength=0.5) + 1, faces)
    faces[1, 7] = np.nan
    found = lmp(noise(strength=0.5) + 1, faces)
    assert (found[1] == 0).all()
    np.testing.assert_array_equal(found[[0, 2]], expected[[0, 2]])


@pytest.mark.parametrize("function", [lambda flow: mbh(flow, 8, 4), patterns])
def test_each_pair_is_described_alone(function):
    flow = noise(strength=0.5) + np.float32([1, 0])
    together = function(flow)
    assert together.dtype == np.float32
    assert np.isfinite(together).all()
    for i in range(3):
        np.testing.assert_allclose(function(flow[i : i + 1])[0], together[i], atol=1e-6)


def test_a_face_outside_the_picture_has_no_pattern_there():
    found = lmp(field(2, 0), FACE[None] + [0, 500])
    assert (found == 0).all()


def test_a_grid_finer_than_the_picture_is_refused():
    with pytest.raises(ValueError, match="picture of 8 x 8"):
        mbh(field(1, 1, 8), 8, 9)
