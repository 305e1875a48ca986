"""Laws of dense SIFT: it is OpenCV's at the same points and scale, and turns and mirrors with the picture."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.vision.sift import LENGTH, dense_sift, orientation_planes, patch_centres

OPENCV_BLUR = (1.6**2 - 0.5**2) ** 0.5  # what OpenCV smooths a picture by before its first octave


def noise(*shape, seed=0, blur=1.5):
    rng = np.random.default_rng(seed)
    pictures = [cv2.GaussianBlur(rng.normal(size=shape[1:]), (0, 0), blur) for _ in range(shape[0])]
    return np.array([np.clip(128 + 45 * p / p.std(), 0, 255) for p in pictures]).astype(np.uint8)


def opencv(images, positions, b):
    # A keypoint's patch has bins of 1.5 times its size; points must be whole, for OpenCV rounds them.
    np.testing.assert_array_equal(positions, positions.round())
    points = [cv2.KeyPoint(float(x), float(y), b / 1.5, 0) for x, y in positions]
    found = np.array([cv2.SIFT_create().compute(image, points)[1] for image in images])
    return found / np.linalg.norm(found, axis=-1, keepdims=True)


def each_correlation(a, b):
    a, b = (v - v.mean(-1, keepdims=True) for v in (a, b))
    return (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


@pytest.mark.parametrize("b", [4, 6, 8])
def test_correlates_with_opencv_at_the_same_points_and_scale_on_real_faces(kdef, b):
    faces = np.ascontiguousarray(kdef["images"][::200, :201, :201])
    found, positions = dense_sift(faces, (b,), 8, blur=OPENCV_BLUR)
    expected = opencv(faces, positions, b)
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.9999
    assert each_correlation(found, expected).min() > 0.998
    sharp = dense_sift(faces, (b,), 8)[0]
    assert 0.85 < np.corrcoef(sharp.ravel(), expected.ravel())[0, 1] < 0.96


@pytest.mark.parametrize("b", [4, 6])
def test_correlates_with_opencv_on_drawn_pictures(b):
    pictures = noise(3, 101, 121, blur=3)
    found, positions = dense_sift(pictures, (b,), 4, blur=OPENCV_BLUR)
    expected = opencv(pictures, positions, b)
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.9999
    assert each_correlation(found, expected).min() > 0.998


def by_hand(image, centre, b):
    """One descriptor pixel by pixel, as the paper tells it."""
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
                        turn = abs(angle - o)
                        near = [1 - abs(v + 1.5 - i), 1 - abs(u + 1.5 - j), 1 - min(turn, 8 - turn)]
                        votes[i, j, o] += weight * np.prod(np.maximum(near, 0))
    votes = votes.ravel() / np.linalg.norm(votes)
    votes = np.minimum(votes, 0.2)
    return votes / np.linalg.norm(votes)


@pytest.mark.parametrize(("shape", "b", "step"), [((14, 17), 3, 4), ((13, 12), 2.5, 5)])
def test_is_the_papers_sum_over_pixels(shape, b, step):
    image = noise(1, *shape)
    found, positions = dense_sift(image, (b,), step)
    for descriptor, centre in zip(found[0], positions, strict=True):
        np.testing.assert_allclose(descriptor, by_hand(image[0], centre, b), atol=2e-6)


@settings(deadline=None, max_examples=25, derandomize=True)
@given(st.integers(24, 50), st.integers(24, 50), st.sampled_from([(2,), (3, 5), (4, 6)]), st.integers(2, 7))
def test_a_mirrored_picture_has_the_mirrored_descriptors(height, width, bins, step):
    image = noise(1, height, width)
    found, positions = dense_sift(image, bins, step)
    mirrored, places = dense_sift(image[:, :, ::-1], bins, step)
    np.testing.assert_array_equal(places, positions)
    expected = found.reshape(-1, 4, 4, 8)[:, :, ::-1][..., (4 - np.arange(8)) % 8].reshape(-1, LENGTH)
    patches = zip(sizes(height, width, bins, step), positions.tolist(), strict=True)
    where = {(b, x, y): i for i, (b, (x, y)) in enumerate(patches)}
    order = [where[b, width - 1 - x, y] for b, x, y in where]
    np.testing.assert_allclose(mirrored[0], expected[order], atol=1e-5)


def sizes(height, width, bins, step):
    return [b for b in bins for _ in patch_centres(height, width, (b,), step)]


def test_a_quarter_turn_turns_patches_bins_and_orientations():
    image = noise(1, 41, 41)
    found, _ = dense_sift(image, (4,), 4)
    turned, _ = dense_sift(np.rot90(image, axes=(1, 2)), (4,), 4)
    side = int(found.shape[1] ** 0.5)
    expected = np.rot90(np.rot90(found.reshape(side, side, 4, 4, 8), axes=(0, 1)), axes=(2, 3))
    np.testing.assert_allclose(turned.reshape(expected.shape), np.roll(expected, 2, -1), atol=1e-5)


def test_ignores_brightness_and_contrast():
    image = noise(2, 40, 44) // 3
    for other in (image + np.uint8(40), 2 * image, 2 * image + np.uint8(3)):
        np.testing.assert_allclose(dense_sift(other)[0], dense_sift(image)[0], atol=2e-6)


@pytest.mark.parametrize("root", [False, True])
def test_a_flat_picture_has_none_and_others_have_length_one(root):
    assert (dense_sift(np.full((1, 30, 30), 99, np.uint8), root=root)[0] == 0).all()
    found, _ = dense_sift(noise(2, 40, 40), root=root)
    assert found.dtype == np.float32
    assert found.min() >= 0
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1, atol=1e-5)


def test_root_is_the_root_of_the_l1_normed():
    plain, root = (dense_sift(noise(2, 40, 40), root=root)[0] for root in (False, True))
    np.testing.assert_allclose(root**2, plain / plain.sum(-1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize("direction", range(4))
def test_a_ramp_votes_for_its_direction_alone(direction):
    ramp = np.rot90(np.tile(np.arange(24) * 5, (24, 1)).astype(np.uint8), direction)
    votes = orientation_planes(ramp[None])[0, :, 1:-1, 1:-1]
    np.testing.assert_allclose(votes, 10 * np.broadcast_to((np.arange(8) == 2 * direction)[:, None, None], votes.shape))


def test_orientations_share_out_the_magnitude():
    image = noise(2, 30, 33)
    grey = image.astype(float)
    expected = np.hypot(grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1], grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2])
    planes = orientation_planes(image)
    np.testing.assert_allclose(planes.sum(1)[:, 1:-1, 1:-1], expected, rtol=1e-5, atol=1e-4)
    assert ((planes > 1e-4).sum(1) <= 2).all()


def test_patches_stand_a_step_apart_in_the_middle_and_their_bins_lie_in_the_picture():
    for b in (3, 4.5):
        centres = patch_centres(40, 57, (b,), 4)
        x, y = np.unique(centres[:, 0]), np.unique(centres[:, 1])
        assert len(centres) == len(x) * len(y)
        for places, size in ((x, 57), (y, 40)):
            np.testing.assert_allclose(np.diff(places), 4)
            np.testing.assert_allclose(places + places[::-1], size - 1)
            assert 0 <= places[0] - 1.5 * b < 4


def test_a_bin_size_too_large_for_the_picture_is_left_out_and_if_all_are_it_is_refused():
    image = noise(1, 25, 30)
    np.testing.assert_array_equal(dense_sift(image, (4, 50))[0], dense_sift(image, (4,))[0])
    with pytest.raises(ValueError, match="picture of 30 x 25 holds no patch of 4 x 4 bins of 9 pixels"):
        dense_sift(image, (9, 50))


def test_each_picture_is_described_alone():
    images = noise(4, 50, 38)
    together = dense_sift(images)[0]
    for i in range(4):
        np.testing.assert_array_equal(dense_sift(images[[i]])[0][0], together[i])
    assert dense_sift(images[:0])[0].shape == (0, *together.shape[1:])
