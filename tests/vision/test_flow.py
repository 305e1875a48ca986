"""Properties of optical flow and its histograms: known values, translations, images without motion."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.vision.flow import FLOW_METHODS, dense_flow, hof

quick = settings(deadline=None, max_examples=60, derandomize=True)


def row_of_pixels(*vectors):
    """Flow of an image of one row of pixels."""
    return np.array(vectors, np.float32).reshape(1, 1, -1, 2)


@pytest.mark.parametrize(
    ("vector", "bins"),
    [
        ((3, 0), {0: 3}),  # right
        ((3, 3), {1: np.sqrt(18)}),  # right and down
        ((0, 2), {2: 2}),  # down: y points down
        ((-4, 0), {4: 4}),  # left
        ((0, -5), {6: 5}),  # up
        ((2 * np.cos(np.pi / 8), 2 * np.sin(np.pi / 8)), {0: 1, 1: 1}),  # halfway between two bins
        (
            (2 * np.cos(np.pi / 16), -2 * np.sin(np.pi / 16)),
            {0: 1.5, 7: 0.5},
        ),  # a quarter of a bin, between last and first bin
        ((0.3, 0.3), {8: 1}),  # no motion
        ((0, 0), {8: 1}),
        ((1, -1e-12), {0: 1}),  # an angle that is rounded to 360 degrees
    ],
)
def test_pixel_votes_with_its_magnitude_for_its_direction(vector, bins):
    expected = np.zeros(9)
    for at, value in bins.items():
        expected[at] = value
    np.testing.assert_allclose(hof(row_of_pixels(vector), 8, 1)[0], expected, atol=1e-6)


def test_cell_has_means_over_all_its_pixels():
    found = hof(row_of_pixels((3, 0), (0, 0), (0, -4), (0.3, 0.3)), 8, 1)[0]
    np.testing.assert_allclose(found, [3 / 4, 0, 0, 0, 0, 0, 4 / 4, 0, 2 / 4], atol=1e-6)


def test_cells_are_in_row_major_order():
    flow = np.zeros((1, 2, 2, 2), np.float32)
    flow[0, 0, 1] = (2, 0)
    flow[0, 1, 0] = (0, 3)
    found = hof(flow, 4, 2)[0].reshape(2, 2, 5)
    expected = np.zeros((2, 2, 5))
    expected[0, 0, 4] = expected[1, 1, 4] = 1
    expected[0, 1, 0], expected[1, 0, 1] = 2, 3
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_motion_equal_to_minimum_counts_as_motion():
    np.testing.assert_allclose(hof(row_of_pixels((0.5, 0)), 4, 1, min_motion=0.5)[0], [0.5, 0, 0, 0, 0])
    np.testing.assert_allclose(hof(row_of_pixels((0.499, 0)), 4, 1, min_motion=0.5)[0], [0, 0, 0, 0, 1])
    np.testing.assert_allclose(hof(row_of_pixels((0, 0)), 4, 1, min_motion=0)[0], 0)


VECTORS = st.lists(st.tuples(st.floats(-20, 20), st.floats(-20, 20)), min_size=12, max_size=12)


@quick
@given(VECTORS, st.integers(1, 12))
def test_directions_sum_to_mean_motion_and_last_bin_is_fraction_without_motion(vectors, orientations):
    flow = np.array(vectors).reshape(1, 3, 4, 2)
    magnitude = np.linalg.norm(flow, axis=-1)
    found = hof(flow, orientations, 1, 0.5)[0]
    np.testing.assert_allclose(found[:-1].sum(), magnitude[magnitude >= 0.5].sum() / 12, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[-1], (magnitude < 0.5).mean(), atol=1e-6)


@quick
@given(VECTORS, st.sampled_from([4, 8, 12]))
def test_rotation_by_90_degrees_shifts_bins(vectors, orientations):
    flow = np.array(vectors).reshape(1, 3, 4, 2)
    rotated = np.stack([-flow[..., 1], flow[..., 0]], -1)
    expected = np.roll(hof(flow, orientations, 1)[0, :-1], orientations // 4)
    np.testing.assert_allclose(hof(rotated, orientations, 1)[0, :-1], expected, atol=1e-4)


@quick
@given(st.floats(0, 359.9), st.floats(0.5, 30), st.integers(1, 12), st.integers(1, 4))
def test_uniform_motion_fills_the_nearest_two_bins(angle, length, orientations, grid):
    theta = np.deg2rad(angle)
    flow = np.broadcast_to(length * np.array([np.cos(theta), np.sin(theta)]), (1, 7, 9, 2))
    found = hof(flow, orientations, grid, min_motion=0.25).reshape(grid * grid, orientations + 1)
    position = angle / 360 * orientations
    expected = np.zeros(orientations + 1)
    expected[int(position) % orientations] += length * (1 - position % 1)
    expected[(int(position) + 1) % orientations] += length * (position % 1)
    np.testing.assert_allclose(found, np.tile(expected, (grid * grid, 1)), atol=1e-4)


@quick
@given(VECTORS, st.floats(0.1, 10))
def test_histogram_is_proportional_to_motion(vectors, factor):
    flow = np.array(vectors).reshape(1, 3, 4, 2)
    expected = factor * hof(flow, 8, 1, min_motion=0)
    np.testing.assert_allclose(hof(factor * flow, 8, 1, min_motion=0), expected, rtol=1e-4, atol=1e-4)


def dense_trajectories_hof(flow, orientations, grid, min_motion):
    """Histograms of the program of Wang et al. (dense trajectories, CVPR 2011), pixel by pixel.

    The program computes sums and normalizes them later; here they are divided by the number of pixels. Motion that is
    equal to `min_motion` counts as no motion there.
    """
    height, width, _ = flow.shape
    sums, pixels = np.zeros((grid, grid, orientations + 1)), np.zeros((grid, grid, 1))
    for y, x in np.ndindex(height, width):
        cell = sums[y * grid // height, x * grid // width]
        pixels[y * grid // height, x * grid // width] += 1
        dx, dy = flow[y, x]
        magnitude = np.sqrt(dx * dx + dy * dy)
        if magnitude <= min_motion:
            cell[orientations] += 1
            continue
        position = np.degrees(np.arctan2(dy, dx)) % 360 * orientations / 360
        lower = int(position)
        cell[lower % orientations] += magnitude * (1 - (position - lower))
        cell[(lower + 1) % orientations] += magnitude * (position - lower)
    return (sums / pixels).ravel()


@pytest.mark.parametrize("method", FLOW_METHODS)
@pytest.mark.parametrize(("orientations", "grid", "min_motion"), [(8, 3, 0.5), (12, 2, 0.1)])
def test_histograms_equal_dense_trajectories_on_photographs(photographs, method, orientations, grid, min_motion):
    for image in photographs:
        height, width = image.shape
        rotation = cv2.getRotationMatrix2D((width / 2, height / 2), 3, 1.03)
        flow = dense_flow(image[None], cv2.warpAffine(image, rotation, (width, height))[None], method)[:, 50:92, 40:87]
        expected = dense_trajectories_hof(flow[0].astype(float), orientations, grid, min_motion)
        np.testing.assert_allclose(hof(flow, orientations, grid, min_motion)[0], expected, atol=1e-5)
        assert expected.max() > 0.5


@pytest.mark.parametrize("method", FLOW_METHODS)
@pytest.mark.parametrize(("dx", "dy", "direction"), [(3, 0, 0), (0, -2, 6), (-2, 2, 3)])
def test_translation_of_photograph_has_its_length_in_one_direction(photographs, method, dx, dy, direction):
    for image in photographs[:3]:  # the moon is too smooth to estimate motion
        first = np.ascontiguousarray(image[10:140, 10:130])
        second = np.ascontiguousarray(image[10 - dy : 140 - dy, 10 - dx : 130 - dx])
        found = hof(dense_flow(first[None], second[None], method), 8, 5)[0].reshape(5, 5, 9)[1:-1, 1:-1]
        middle = np.median(found, (0, 1))
        np.testing.assert_allclose(middle[direction], np.hypot(dx, dy), rtol=0.1)
        assert np.delete(middle, direction).max() < 0.15 * np.hypot(dx, dy)


def test_cells_cover_each_pixel_once_if_size_is_not_divisible_by_grid():
    flow = np.zeros((1, 7, 11, 2))
    assert (hof(flow, 4, 3).reshape(9, 5) == [0, 0, 0, 0, 1]).all()


def test_grid_finer_than_flow_raises():
    with pytest.raises(ValueError, match="image of 9 x 4 pixels cannot be divided into 6 x 6 cells"):
        hof(np.zeros((1, 4, 9, 2)), 8, 6)


def test_histogram_does_not_depend_on_batch():
    flow = np.random.default_rng(0).normal(0, 2, (4, 12, 15, 2))
    batch = hof(flow, 8, 4)
    assert (batch.dtype, batch.shape) == (np.float32, (4, 4 * 4 * 9))
    for i in range(4):
        np.testing.assert_array_equal(hof(flow[i : i + 1], 8, 4)[0], batch[i])


def textures(n=1, size=160, seed=0):
    rng = np.random.default_rng(seed)
    smooth = np.stack([cv2.GaussianBlur(rng.normal(size=(size, size)), (0, 0), 2.5) for _ in range(n)])
    return np.clip(128 + 45 * smooth / smooth.std(), 0, 255).astype(np.uint8)


def translated_pair(dx, dy, size=112):
    """An image and the same texture translated by (dx, dy) pixels, with new texture at the border."""
    texture = textures()[0]
    pair = texture[24 : 24 + size, 24 : 24 + size], texture[24 - dy :, 24 - dx :][:size, :size]
    return tuple(np.ascontiguousarray(image[None]) for image in pair)


@pytest.mark.parametrize("method", FLOW_METHODS)
@pytest.mark.parametrize(
    ("dx", "dy", "direction"), [(3, 0, 0), (2, 2, 1), (0, 4, 2), (-3, 0, 4), (0, -2, 6), (2, -2, 7)]
)
def test_translation_has_its_length_in_one_direction(method, dx, dy, direction):
    first, second = translated_pair(dx, dy)
    inner = hof(dense_flow(first, second, method), 8, 7)[0].reshape(7, 7, 9)[1:-1, 1:-1]
    length = np.hypot(dx, dy)
    np.testing.assert_allclose(inner[..., direction], length, rtol=0.1)
    assert np.delete(inner, direction, axis=-1).max() < 0.1 * length


@pytest.mark.parametrize("method", FLOW_METHODS)
def test_flow_is_displacement_from_first_to_second_image(method):
    first, second = translated_pair(3, -1)
    flow = dense_flow(first, second, method)
    assert (flow.shape, flow.dtype) == ((1, 112, 112, 2), np.float32)
    np.testing.assert_allclose(np.median(flow[0, 20:-20, 20:-20], (0, 1)), [3, -1], atol=0.1)


@pytest.mark.parametrize("method", FLOW_METHODS)
def test_flow_between_equal_images_is_zero(method):
    images = textures(2, 96)
    found = hof(dense_flow(images, images, method), 8, 4).reshape(-1, 9)
    # The polynomial expansion is unreliable on the outermost pixels: a few have motion.
    np.testing.assert_allclose(found, np.tile([0] * 8 + [1], (32, 1)), atol=0.01)


@pytest.mark.parametrize("method", FLOW_METHODS)
def test_flow_does_not_depend_on_batch(method):
    first, second = textures(3, 64), np.roll(textures(3, 64), 2, axis=2)
    batch = dense_flow(first, second, method)
    for i in range(3):
        np.testing.assert_array_equal(dense_flow(first[i : i + 1], second[i : i + 1], method)[0], batch[i])


@pytest.mark.parametrize("method", FLOW_METHODS)
def test_images_may_be_non_contiguous(method):
    first, second = translated_pair(3, 0)
    views = [np.pad(images, ((0, 0), (5, 9), (4, 7)))[:, 5:-9, 4:-7] for images in (first, second)]
    np.testing.assert_array_equal(dense_flow(*views, method), dense_flow(first, second, method))


def test_different_numbers_of_images_raise():
    with pytest.raises(ValueError, match="zip"):
        dense_flow(textures(2, 32), textures(1, 32))
