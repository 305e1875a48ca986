"""Properties of motion boundary histograms: invariance to uniform motion, known values, symmetries."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.vision.flow import dense_flow, hof
from fer_features.vision.mbh import mbh

SIZE = 128


def field(dx, dy, size=SIZE, n=1):
    y, x = np.mgrid[:size, :size].astype(float)
    components = [f(x, y) if callable(f) else np.full((size, size), float(f)) for f in (dx, dy)]
    return np.repeat(np.stack(components, -1)[None], n, axis=0).astype(np.float32)


def noise(seed=0, strength=2.0):
    return np.random.default_rng(seed).normal(0, strength, (3, SIZE, SIZE, 2)).astype(np.float32)


def test_uniform_motion_has_no_boundary():
    assert (mbh(field(3, -2), 8, 4) == 0).all()
    flow = noise()
    np.testing.assert_allclose(mbh(flow + np.float32([5, -7]), 8, 4), mbh(flow, 8, 4), atol=1e-4)


def test_boundaries_of_known_gradients():
    # dx increases by 0.3 per pixel to the right and by 0.4 downwards: magnitude 0.5 at 53.13 degrees, with bins of 90
    # degrees. dy decreases by 0.2 to the right: 180 degrees.
    flow = field(lambda x, y: 0.3 * x + 0.4 * y, lambda x, y: -0.2 * x, 16)
    found = mbh(flow, 4, 2).reshape(2, 4, 4)
    upper = np.rad2deg(np.arctan2(4, 3)) / 90
    np.testing.assert_allclose(found[0], np.tile([0.5 * (1 - upper), 0.5 * upper, 0, 0], (4, 1)), atol=1e-5)
    np.testing.assert_allclose(found[1], np.tile([0, 0, 0.2, 0], (4, 1)), atol=1e-5)


quick = settings(deadline=None, max_examples=25, derandomize=True)
SEEDS, SHIFTS = st.integers(0, 2**32 - 1), st.floats(-20, 20)


def small_flow(seed):
    return np.random.default_rng(seed).normal(0, 2, (1, 12, 13, 2))


@quick
@given(SHIFTS, SHIFTS, st.integers(1, 12), st.integers(1, 4))
def test_random_uniform_motion_has_no_boundary(dx, dy, orientations, grid):
    assert (mbh(np.broadcast_to([dx, dy], (1, 9, 11, 2)), orientations, grid) == 0).all()


@quick
@given(SEEDS, SHIFTS, SHIFTS)
def test_invariant_to_added_uniform_motion(seed, dx, dy):
    flow = small_flow(seed)
    np.testing.assert_allclose(mbh(flow + [dx, dy], 8, 3), mbh(flow, 8, 3), atol=1e-5)


@quick
@given(SEEDS, st.sampled_from([4, 8, 12]), st.integers(1, 4))
def test_mirrored_flow_has_mirrored_boundaries(seed, orientations, grid):
    flow = small_flow(seed)
    found = mbh(flow, orientations, grid).reshape(2, grid, grid, orientations)
    flipped = mbh(flow[:, :, ::-1], orientations, grid).reshape(found.shape)
    # The cells of a width of 13 are not symmetric, so sums over all cells are compared.
    at = (orientations // 2 - np.arange(orientations)) % orientations
    sizes = [np.bincount(np.arange(side) * grid // side) for side in (12, 13)]
    pixels = np.outer(*sizes)[..., None]
    np.testing.assert_allclose((flipped * pixels).sum((1, 2)), (found * pixels).sum((1, 2))[:, at], atol=1e-3)


def test_inner_cells_equal_dense_trajectories_on_photographs(photographs):
    """The program of Wang et al. (CVPR 2011) has the same votes, but its central differences are not halved."""
    for image in photographs:
        height, width = image.shape
        rotation = cv2.getRotationMatrix2D((width / 2, height / 2), 3, 1.03)
        flow = dense_flow(image[None], cv2.warpAffine(image, rotation, (width, height))[None])[:, 40:102, 40:102]
        expected = []
        for component in (flow[0, ..., 0], flow[0, ..., 1]):
            right, down = (cv2.Sobel(component, cv2.CV_32F, *axis, ksize=1) for axis in ((1, 0), (0, 1)))
            votes = hof(np.stack([right, down], -1)[None, 1:-1, 1:-1] / 2, 8, 4, min_motion=0)
            expected.append(votes.reshape(-1, 9)[:, :8].ravel())
        # Inner cells are compared: at the border differences are one-sided here and 0 in that program.
        found, inner = mbh(flow[:, 1:-1, 1:-1], 8, 4).reshape(2, 4, 4, 8), slice(1, 3)
        expected = np.reshape(expected, found.shape)
        np.testing.assert_allclose(found[:, inner, inner], expected[:, inner, inner], atol=1e-5)
        assert expected.max() > 0.005


def test_motion_edge_is_in_its_cell():
    flow = field(lambda x, y: np.where(x < 20, 0, 2.0), 0, 64)
    found = mbh(flow, 8, 4).reshape(2, 4, 4, 8)
    assert (found[0, :, 1, 0] > 0.1).all()
    found[0, :, 1, 0] = 0
    assert (found == 0).all()


def test_rotation_by_90_degrees_rotates_cells_directions_and_components():
    flow = noise()
    # Clockwise rotation of the image: right becomes down, down becomes left.
    rotated = np.rot90(flow, -1, axes=(1, 2))
    rotated = np.stack([-rotated[..., 1], rotated[..., 0]], -1)
    before, after = (mbh(f, 8, 4).reshape(3, 2, 4, 4, 8) for f in (flow, rotated))
    of_dx = np.roll(np.rot90(before[:, 0], -1, axes=(1, 2)), 2, axis=-1)
    np.testing.assert_allclose(after[:, 1], of_dx, atol=1e-5)
    of_dy = np.roll(np.rot90(before[:, 1], -1, axes=(1, 2)), 2 + 4, axis=-1)  # with the opposite sign
    np.testing.assert_allclose(after[:, 0], of_dy, atol=1e-5)


def test_result_does_not_depend_on_batch():
    flow = noise(strength=0.5) + np.float32([1, 0])
    batch = mbh(flow, 8, 4)
    assert batch.dtype == np.float32
    for i in range(3):
        np.testing.assert_allclose(mbh(flow[i : i + 1], 8, 4)[0], batch[i], atol=1e-6)


def test_grid_finer_than_flow_raises():
    with pytest.raises(ValueError, match="image of 8 x 8 pixels cannot be divided into 9 x 9 cells"):
        mbh(field(1, 1, 8), 8, 9)
