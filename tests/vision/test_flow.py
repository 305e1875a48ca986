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
