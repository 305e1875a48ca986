"""Properties of dense SIFT: agreement with OpenCV, equality with the sum in the paper, symmetries."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.vision.sift import DESCRIPTOR_LENGTH, dense_sift, orientation_planes, patch_centres

OPENCV_BLUR = (1.6**2 - 0.5**2) ** 0.5  # standard deviation of the filter of OpenCV before the first octave


def noise(*shape, seed=0, blur=1.5):
    rng = np.random.default_rng(seed)
    images = [cv2.GaussianBlur(rng.normal(size=shape[1:]), (0, 0), blur) for _ in range(shape[0])]
    return np.array([np.clip(128 + 45 * p / p.std(), 0, 255) for p in images]).astype(np.uint8)


def opencv(images, positions, b):
    # The bins of the patch of a keypoint have 1.5 times its size. OpenCV rounds positions, so they must be integers.
    np.testing.assert_array_equal(positions, positions.round())
    points = [cv2.KeyPoint(float(x), float(y), b / 1.5, 0) for x, y in positions]
    found = np.array([cv2.SIFT_create().compute(image, points)[1] for image in images])
    return found / np.linalg.norm(found, axis=-1, keepdims=True)


def correlations(a, b):
    a, b = (v - v.mean(-1, keepdims=True) for v in (a, b))
    return (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


@pytest.mark.parametrize("b", [4, 6, 8])
def test_correlates_with_opencv_on_real_faces(kdef, b):
    faces = np.ascontiguousarray(kdef["images"][::200, :201, :201])
    found, positions = dense_sift(faces, (b,), 8, sigma=OPENCV_BLUR)
    expected = opencv(faces, positions, b)
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.9999
    assert correlations(found, expected).min() > 0.998
    unsmoothed = dense_sift(faces, (b,), 8)[0]
    assert 0.85 < np.corrcoef(unsmoothed.ravel(), expected.ravel())[0, 1] < 0.96


@pytest.mark.parametrize("b", [4, 6])
def test_correlates_with_opencv_on_smooth_noise(b):
    images = noise(3, 101, 121, blur=3)
    found, positions = dense_sift(images, (b,), 4, sigma=OPENCV_BLUR)
    expected = opencv(images, positions, b)
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.9999
    assert correlations(found, expected).min() > 0.998


@pytest.mark.parametrize("b", [4, 6])
def test_dense_sift_correlates_with_opencv_on_photographs(photographs, b):
    # OpenCV smooths images to a scale of 1.6, assumes a scale of 0.5 of the input, and rounds descriptors to uint8.
    for photograph in photographs[:3]:  # the moon is too smooth for uint8 descriptors
        image = np.ascontiguousarray(photograph[:121, :121])[None]
        found, positions = dense_sift(image, (b,), 8, sigma=OPENCV_BLUR)
        np.testing.assert_array_equal(positions, positions.round())
        points = [cv2.KeyPoint(float(x), float(y), b / 1.5, 0) for x, y in positions]
        expected = cv2.SIFT_create().compute(image[0], points)[1]
        expected /= np.maximum(np.linalg.norm(expected, axis=-1, keepdims=True), 1e-9)
        textured = np.linalg.norm(found, axis=-1) > 0.5
        assert np.corrcoef(found[0][textured[0]].ravel(), expected[textured[0]].ravel())[0, 1] > 0.999
        assert textured.mean() > 0.7


def reference(image, centre, b):
    """One descriptor by a sum over pixels, as in the paper."""
    grey, (height, width), (cx, cy) = image.astype(float), image.shape, centre
    votes = np.zeros((4, 4, 8))
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            dx, dy = grey[y, x + 1] - grey[y, x - 1], grey[y - 1, x] - grey[y + 1, x]
            u, v = (x - cx) / b, (y - cy) / b
            angle = np.arctan2(dy, dx) / (2 * np.pi) * 8 % 8
            weight = np.hypot(dx, dy) * np.exp(-(u * u + v * v) / 8)
            for i in range(4):
                for j in range(4):
                    for o in range(8):
                        distance = abs(angle - o)
                        weights = [1 - abs(v + 1.5 - i), 1 - abs(u + 1.5 - j), 1 - min(distance, 8 - distance)]
                        votes[i, j, o] += weight * np.prod(np.maximum(weights, 0))
    votes = votes.ravel() / np.linalg.norm(votes)
    votes = np.minimum(votes, 0.2)
    return votes / np.linalg.norm(votes)


@pytest.mark.parametrize(("shape", "b", "step"), [((11, 13), 2.5, 3), ((13, 12), 2.5, 5)])
def test_equals_sum_over_pixels_of_the_paper(shape, b, step):
    image = noise(1, *shape)
    found, positions = dense_sift(image, (b,), step)
    for descriptor, centre in zip(found[0], positions, strict=True):
        np.testing.assert_allclose(descriptor, reference(image[0], centre, b), atol=2e-6)


@settings(deadline=None, max_examples=25, derandomize=True)
@given(st.integers(24, 50), st.integers(24, 50), st.sampled_from([(2,), (3, 5), (4, 6)]), st.integers(2, 7))
def test_mirrored_image_has_mirrored_descriptors(height, width, bin_sizes, step):
    image = noise(1, height, width)
    found, positions = dense_sift(image, bin_sizes, step)
    mirrored, mirrored_positions = dense_sift(image[:, :, ::-1], bin_sizes, step)
    np.testing.assert_array_equal(mirrored_positions, positions)
    expected = found.reshape(-1, 4, 4, 8)[:, :, ::-1][..., (4 - np.arange(8)) % 8].reshape(-1, DESCRIPTOR_LENGTH)
    patches = zip(sizes(height, width, bin_sizes, step), positions.tolist(), strict=True)
    index = {(b, x, y): i for i, (b, (x, y)) in enumerate(patches)}
    order = [index[b, width - 1 - x, y] for b, x, y in index]
    np.testing.assert_allclose(mirrored[0], expected[order], atol=1e-5)


def sizes(height, width, bin_sizes, step):
    return [b for b in bin_sizes for _ in patch_centres(height, width, (b,), step)]


def test_rotation_by_90_degrees_rotates_patches_bins_and_orientations():
    image = noise(1, 41, 41)
    found, _ = dense_sift(image, (4,), 4)
    rotated, _ = dense_sift(np.rot90(image, axes=(1, 2)), (4,), 4)
    side = int(found.shape[1] ** 0.5)
    expected = np.rot90(np.rot90(found.reshape(side, side, 4, 4, 8), axes=(0, 1)), axes=(2, 3))
    np.testing.assert_allclose(rotated.reshape(expected.shape), np.roll(expected, 2, -1), atol=1e-5)


def test_invariant_to_brightness_and_contrast():
    image = noise(2, 40, 44) // 3
    for other in (image + np.uint8(40), 2 * image, 2 * image + np.uint8(3)):
        np.testing.assert_allclose(dense_sift(other)[0], dense_sift(image)[0], atol=2e-6)


@pytest.mark.parametrize("rootsift", [False, True])
def test_descriptors_of_flat_image_are_zero_and_others_have_length_one(rootsift):
    assert (dense_sift(np.full((1, 30, 30), 99, np.uint8), rootsift=rootsift)[0] == 0).all()
    found, _ = dense_sift(noise(2, 40, 40), rootsift=rootsift)
    assert found.dtype == np.float32
    assert found.min() >= 0
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1, atol=1e-5)


def test_rootsift_is_square_root_of_l1_normalized_sift():
    plain, root = (dense_sift(noise(2, 40, 40), rootsift=rootsift)[0] for rootsift in (False, True))
    np.testing.assert_allclose(root**2, plain / plain.sum(-1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize("direction", range(4))
def test_ramp_has_votes_in_its_direction_only(direction):
    ramp = np.rot90(np.tile(np.arange(24) * 5, (24, 1)).astype(np.uint8), direction)
    votes = orientation_planes(ramp[None])[0, :, 1:-1, 1:-1]
    np.testing.assert_allclose(votes, 10 * np.broadcast_to((np.arange(8) == 2 * direction)[:, None, None], votes.shape))


def test_orientation_planes_sum_to_magnitude():
    image = noise(2, 30, 33)
    grey = image.astype(float)
    expected = np.hypot(grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1], grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2])
    planes = orientation_planes(image)
    np.testing.assert_allclose(planes.sum(1)[:, 1:-1, 1:-1], expected, rtol=1e-5, atol=1e-4)
    assert ((planes > 1e-4).sum(1) <= 2).all()


def test_patch_centres_are_a_centred_grid_inside_the_image():
    for b in (3, 4.5):
        centres = patch_centres(40, 57, (b,), 4)
        x, y = np.unique(centres[:, 0]), np.unique(centres[:, 1])
        assert len(centres) == len(x) * len(y)
        for positions, size in ((x, 57), (y, 40)):
            np.testing.assert_allclose(np.diff(positions), 4)
            np.testing.assert_allclose(positions + positions[::-1], size - 1)
            assert 0 <= positions[0] - 1.5 * b < 4


def test_too_large_bin_sizes_are_ignored_and_raise_if_no_size_fits():
    image = noise(1, 25, 30)
    np.testing.assert_array_equal(dense_sift(image, (4, 50))[0], dense_sift(image, (4,))[0])
    with pytest.raises(ValueError, match="image of 30 x 25 pixels is too small for a patch of 4 x 4 bins of 9 pixels"):
        dense_sift(image, (9, 50))


def test_result_does_not_depend_on_batch():
    images = noise(4, 50, 38)
    batch = dense_sift(images)[0]
    for i in range(4):
        np.testing.assert_array_equal(dense_sift(images[[i]])[0][0], batch[i])
    assert dense_sift(images[:0])[0].shape == (0, *batch.shape[1:])
