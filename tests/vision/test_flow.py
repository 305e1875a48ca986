"""Laws of flow: histograms worked by hand, a translation fills one direction, what does not move is still."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.vision.flow import FLOWS, dense_flow, hof

quick = settings(deadline=None, max_examples=60, derandomize=True)


def one(*vectors):
    """Flow of one picture of a single row of pixels."""
    return np.array(vectors, np.float32).reshape(1, 1, -1, 2)


@pytest.mark.parametrize(
    ("vector", "bins"),
    [
        ((3, 0), {0: 3}),  # right
        ((3, 3), {1: np.sqrt(18)}),  # right and down
        ((0, 2), {2: 2}),  # down: y is down
        ((-4, 0), {4: 4}),  # left
        ((0, -5), {6: 5}),  # up
        ((2 * np.cos(np.pi / 8), 2 * np.sin(np.pi / 8)), {0: 1, 1: 1}),  # half way between two bins
        ((2 * np.cos(np.pi / 16), -2 * np.sin(np.pi / 16)), {0: 1.5, 7: 0.5}),  # a quarter way, round the end
        ((0.3, 0.3), {8: 1}),  # still
        ((0, 0), {8: 1}),
        ((1, -1e-12), {0: 1}),  # an angle that rounds up to a whole turn
    ],
)
def test_one_pixel_votes_with_its_magnitude_for_its_direction(vector, bins):
    expected = np.zeros(9)
    for at, value in bins.items():
        expected[at] = value
    np.testing.assert_allclose(hof(one(vector), 8, 1)[0], expected, atol=1e-6)


def test_a_cell_holds_means_over_all_its_pixels():
    found = hof(one((3, 0), (0, 0), (0, -4), (0.3, 0.3)), 8, 1)[0]
    np.testing.assert_allclose(found, [3 / 4, 0, 0, 0, 0, 0, 4 / 4, 0, 2 / 4], atol=1e-6)


def test_cells_are_row_by_row():
    flow = np.zeros((1, 2, 2, 2), np.float32)
    flow[0, 0, 1] = (2, 0)
    flow[0, 1, 0] = (0, 3)
    found = hof(flow, 4, 2)[0].reshape(2, 2, 5)
    expected = np.zeros((2, 2, 5))
    expected[0, 0, 4] = expected[1, 1, 4] = 1
    expected[0, 1, 0], expected[1, 0, 1] = 2, 3
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_motion_at_the_threshold_moves():
    np.testing.assert_allclose(hof(one((0.5, 0)), 4, 1, still=0.5)[0], [0.5, 0, 0, 0, 0])
    np.testing.assert_allclose(hof(one((0.499, 0)), 4, 1, still=0.5)[0], [0, 0, 0, 0, 1])
    np.testing.assert_allclose(hof(one((0, 0)), 4, 1, still=0)[0], 0)


VECTORS = st.lists(st.tuples(st.floats(-20, 20), st.floats(-20, 20)), min_size=12, max_size=12)


@quick
@given(VECTORS, st.integers(1, 12))
def test_directions_add_up_to_the_mean_motion_and_the_rest_is_still(vectors, orientations):
    flow = np.array(vectors).reshape(1, 3, 4, 2)
    magnitude = np.linalg.norm(flow, axis=-1)
    found = hof(flow, orientations, 1, 0.5)[0]
    np.testing.assert_allclose(found[:-1].sum(), magnitude[magnitude >= 0.5].sum() / 12, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[-1], (magnitude < 0.5).mean(), atol=1e-6)


@quick
@given(VECTORS, st.sampled_from([4, 8, 12]))
def test_flow_turned_by_a_quarter_shifts_the_bins_by_a_quarter(vectors, orientations):
    flow = np.array(vectors).reshape(1, 3, 4, 2)
    turned = np.stack([-flow[..., 1], flow[..., 0]], -1)
    expected = np.roll(hof(flow, orientations, 1)[0, :-1], orientations // 4)
    np.testing.assert_allclose(hof(turned, orientations, 1)[0, :-1], expected, atol=1e-4)


@quick
@given(st.floats(0, 359.9), st.floats(0.5, 30), st.integers(1, 12), st.integers(1, 4))
def test_the_same_motion_everywhere_fills_the_two_bins_next_to_its_direction_or_one(angle, length, orientations, grid):
    turn = np.deg2rad(angle)
    flow = np.broadcast_to(length * np.array([np.cos(turn), np.sin(turn)]), (1, 7, 9, 2))
    found = hof(flow, orientations, grid, still=0.25).reshape(grid * grid, orientations + 1)
    position = angle / 360 * orientations
    expected = np.zeros(orientations + 1)
    expected[int(position) % orientations] += length * (1 - position % 1)
    expected[(int(position) + 1) % orientations] += length * (position % 1)
    np.testing.assert_allclose(found, np.tile(expected, (grid * grid, 1)), atol=1e-4)


@quick
@given(VECTORS, st.floats(0.1, 10))
def test_all_motion_times_a_factor_is_all_values_times_it(vectors, factor):
    flow = np.array(vectors).reshape(1, 3, 4, 2)
    expected = factor * hof(flow, 8, 1, still=0)
    np.testing.assert_allclose(hof(factor * flow, 8, 1, still=0), expected, rtol=1e-4, atol=1e-4)


def of_dense_trajectories(flow, orientations, grid, still):
    """The histograms of the program of Wang et al. (dense trajectories, CVPR 2011), pixel by pixel, retold.

    It sums over a cell, and later norms, where here the mean is taken; and it calls still what is as slow as `still`.
    """
    height, width, _ = flow.shape
    sums, pixels = np.zeros((grid, grid, orientations + 1)), np.zeros((grid, grid, 1))
    for y, x in np.ndindex(height, width):
        cell = sums[y * grid // height, x * grid // width]
        pixels[y * grid // height, x * grid // width] += 1
        dx, dy = flow[y, x]
        magnitude = np.sqrt(dx * dx + dy * dy)
        if magnitude <= still:
            cell[orientations] += 1
            continue
        position = np.degrees(np.arctan2(dy, dx)) % 360 * orientations / 360
        lower = int(position)
        cell[lower % orientations] += magnitude * (1 - (position - lower))
        cell[(lower + 1) % orientations] += magnitude * (position - lower)
    return (sums / pixels).ravel()


@pytest.mark.parametrize("method", FLOWS)
@pytest.mark.parametrize(("orientations", "grid", "still"), [(8, 3, 0.5), (12, 2, 0.1)])
def test_histograms_are_those_of_dense_trajectories_on_photographs(photographs, method, orientations, grid, still):
    for picture in photographs:
        height, width = picture.shape
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), 3, 1.03)
        flow = dense_flow(picture[None], cv2.warpAffine(picture, turn, (width, height))[None], method)[:, 50:92, 40:87]
        expected = of_dense_trajectories(flow[0].astype(float), orientations, grid, still)
        np.testing.assert_allclose(hof(flow, orientations, grid, still)[0], expected, atol=1e-5)
        assert expected.max() > 0.5


@pytest.mark.parametrize("method", FLOWS)
@pytest.mark.parametrize(("dx", "dy", "direction"), [(3, 0, 0), (0, -2, 6), (-2, 2, 3)])
def test_a_translation_of_a_photograph_fills_one_direction_with_its_length(photographs, method, dx, dy, direction):
    for picture in photographs[:3]:  # the moon is too smooth to see motion in
        first = np.ascontiguousarray(picture[10:140, 10:130])
        second = np.ascontiguousarray(picture[10 - dy : 140 - dy, 10 - dx : 130 - dx])
        found = hof(dense_flow(first[None], second[None], method), 8, 5)[0].reshape(5, 5, 9)[1:-1, 1:-1]
        middle = np.median(found, (0, 1))
        np.testing.assert_allclose(middle[direction], np.hypot(dx, dy), rtol=0.1)
        assert np.delete(middle, direction).max() < 0.15 * np.hypot(dx, dy)


def test_cells_of_a_size_that_does_not_divide_count_every_pixel_once():
    flow = np.zeros((1, 7, 11, 2))
    assert (hof(flow, 4, 3).reshape(9, 5) == [0, 0, 0, 0, 1]).all()


def test_a_grid_finer_than_the_picture_is_refused():
    with pytest.raises(ValueError, match=r"picture of 9 x 4"):
        hof(np.zeros((1, 4, 9, 2)), 8, 6)


def test_each_flow_is_described_alone():
    flow = np.random.default_rng(0).normal(0, 2, (4, 12, 15, 2))
    together = hof(flow, 8, 4)
    assert (together.dtype, together.shape) == (np.float32, (4, 4 * 4 * 9))
    for i in range(4):
        np.testing.assert_array_equal(hof(flow[i : i + 1], 8, 4)[0], together[i])


def textures(n=1, size=160, seed=0):
    rng = np.random.default_rng(seed)
    smooth = np.stack([cv2.GaussianBlur(rng.normal(size=(size, size)), (0, 0), 2.5) for _ in range(n)])
    return np.clip(128 + 45 * smooth / smooth.std(), 0, 255).astype(np.uint8)


def moved(dx, dy, size=112):
    """A picture and the same texture moved by (dx, dy) pixels, with new texture coming in at the border."""
    texture = textures()[0]
    pair = texture[24 : 24 + size, 24 : 24 + size], texture[24 - dy :, 24 - dx :][:size, :size]
    return tuple(np.ascontiguousarray(picture[None]) for picture in pair)


@pytest.mark.parametrize("method", FLOWS)
@pytest.mark.parametrize(
    ("dx", "dy", "direction"), [(3, 0, 0), (2, 2, 1), (0, 4, 2), (-3, 0, 4), (0, -2, 6), (2, -2, 7)]
)
def test_a_translation_fills_one_direction_with_its_length(method, dx, dy, direction):
    first, second = moved(dx, dy)
    inner = hof(dense_flow(first, second, method), 8, 7)[0].reshape(7, 7, 9)[1:-1, 1:-1]
    length = np.hypot(dx, dy)
    np.testing.assert_allclose(inner[..., direction], length, rtol=0.1)
    assert np.delete(inner, direction, axis=-1).max() < 0.1 * length


@pytest.mark.parametrize("method", FLOWS)
def test_flow_is_from_the_first_picture_to_the_second_in_x_then_y(method):
    first, second = moved(3, -1)
    flow = dense_flow(first, second, method)
    assert (flow.shape, flow.dtype) == ((1, 112, 112, 2), np.float32)
    np.testing.assert_allclose(np.median(flow[0, 20:-20, 20:-20], (0, 1)), [3, -1], atol=0.1)


@pytest.mark.parametrize("method", FLOWS)
def test_a_picture_is_still_to_itself(method):
    pictures = textures(2, 96)
    found = hof(dense_flow(pictures, pictures, method), 8, 4).reshape(-1, 9)
    # Farneback's expansion is unsteady in the outermost pixels: a few of them drift.
    np.testing.assert_allclose(found, np.tile([0] * 8 + [1], (32, 1)), atol=0.01)


@pytest.mark.parametrize("method", FLOWS)
def test_each_pair_is_measured_alone(method):
    first, second = textures(3, 64), np.roll(textures(3, 64), 2, axis=2)
    together = dense_flow(first, second, method)
    for i in range(3):
        np.testing.assert_array_equal(dense_flow(first[i : i + 1], second[i : i + 1], method)[0], together[i])


@pytest.mark.parametrize("method", FLOWS)
def test_pictures_may_be_views_into_larger_ones(method):
    first, second = moved(3, 0)
    around = [np.pad(pictures, ((0, 0), (5, 9), (4, 7)))[:, 5:-9, 4:-7] for pictures in (first, second)]
    np.testing.assert_array_equal(dense_flow(*around, method), dense_flow(first, second, method))


def test_as_many_first_as_second_pictures_are_needed():
    with pytest.raises(ValueError, match="zip"):
        dense_flow(textures(2, 32), textures(1, 32))
