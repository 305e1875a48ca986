"""Alignment and cropping: positions, aliasing, borders, and agreement with scikit-image."""

import cv2
import numpy as np
import pytest
import skimage.transform
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.vision.crop import (
    ALIGNMENTS,
    face_template,
    resize_images,
    rotate_images,
    similarity_from_eyes,
    similarity_from_landmarks,
    square_corner,
    warp_images,
)
from fer_features.vision.geometry import MEAN_FACE, apply_affine, eye_centres

IDENTITY = np.eye(2, 3)


def matrix(scale, angle=0.0, dx=0.0, dy=0.0):
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[c, -s, dx], [s, c, dy]])


def similarity_from_point(scale, angle, source, target):
    """The similarity with this scale and angle that maps one point to another."""
    m = matrix(scale, angle)
    m[:, 2] = target - m[:, :2] @ source
    return m


def gaussian_blob(height, width, centre, sigma):
    y, x = np.mgrid[:height, :width]
    grey = 250 * np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * sigma**2))
    return np.round(grey).astype(np.uint8)


def centre_of_mass(image):
    grey = image.astype(float)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    return np.array([(x * grey).sum(), (y * grey).sum()]) / grey.sum()


def texture(size, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (size, size)).astype(np.uint8)


def test_identity_returns_the_image():
    image = texture(40)
    np.testing.assert_array_equal(warp_images([image], IDENTITY[None], 40)[0], image)
    np.testing.assert_array_equal(warp_images([image], IDENTITY[None], 30)[0], image[:30, :30])


def test_integer_translation_is_exact():
    image = texture(40)
    np.testing.assert_array_equal(warp_images([image], matrix(1, 0, -7, -3)[None], 30)[0], image[3:33, 7:37])


@pytest.mark.parametrize("method", ALIGNMENTS)
def test_similar_copy_of_the_template_is_mapped_to_it(method):
    face = face_template(128, 0.6, 0.8)
    landmarks = apply_affine(matrix(1.7, 0.4, 30, -12), face)
    np.testing.assert_allclose(apply_affine(ALIGNMENTS[method](landmarks, face), landmarks), face, atol=1e-9)


def test_eye_centres_are_mapped_to_those_of_the_template():
    face = face_template(96, 0.5, 0.7)
    landmarks = 40 * MEAN_FACE + np.random.default_rng(0).normal(0, 3, (5, 4, 68, 2)) + 100
    aligned = apply_affine(similarity_from_eyes(landmarks, face), landmarks)
    np.testing.assert_allclose(eye_centres(aligned), np.broadcast_to(eye_centres(face), (5, 4, 2, 2)), atol=1e-9)


def test_procrustes_error_over_all_points_is_below_that_of_the_eyes():
    face = face_template(96, 0.5, 0.7)
    landmarks = 40 * MEAN_FACE + np.random.default_rng(0).normal(0, 3, (50, 68, 2)) + 100
    by_points, by_eyes = (
        ((apply_affine(align(landmarks, face), landmarks) - face) ** 2).sum((1, 2))
        for align in (similarity_from_landmarks, similarity_from_eyes)
    )
    assert (by_points < by_eyes).all()


@pytest.mark.parametrize(("size", "side", "top"), [(128, 0.6, 0.8), (48, 0.3, 0.5), (200, 1.0, 1.2)])
def test_template_places_the_eyes_at_the_given_distances(size, side, top):
    # The centre of pixel (0, 0) is at 0, so that the edges of the crop are at -0.5 and size - 0.5.
    unit = size / (1 + 2 * side)
    expected = np.array([[side, top], [side + 1, top]]) * unit - 0.5
    np.testing.assert_allclose(eye_centres(face_template(size, side, top)), expected, atol=0.02 * unit)


@pytest.mark.parametrize("method", ALIGNMENTS)
@pytest.mark.parametrize("scale", [0.4, 1.0, 2.6, 5.0])
def test_blob_at_an_eye_is_at_the_eye_of_the_crop(method, scale):
    face = face_template(64, 0.6, 0.8)
    landmarks = apply_affine(matrix(scale, 0.3, 70, 30), face)
    eye = eye_centres(landmarks)[1]
    image = gaussian_blob(450, 450, eye, 3 * max(scale, 0.7))
    crop = warp_images([image], ALIGNMENTS[method](landmarks, face)[None], 64)[0]
    np.testing.assert_allclose(centre_of_mass(crop), eye_centres(face)[1], atol=0.1)


@pytest.mark.parametrize("shape", [(400, 400), (401, 303)])
@pytest.mark.parametrize("angle", [0, 0.5, -2.0])
@pytest.mark.parametrize("scale", [0.06, 0.1, 0.2, 0.25, 0.3, 0.49, 0.5, 0.7, 1.0, 1.5])
def test_centre_of_mass_is_not_shifted_at_any_scale(scale, angle, shape):
    centre, target = np.array([151.3, 190.8]), np.array([30.2, 33.4])
    image = gaussian_blob(*shape, centre, min(3 / scale, 35))
    crop = warp_images([image], similarity_from_point(scale, angle, centre, target)[None], 64)[0]
    crop[crop < 5] = 0  # border pixels that rounding raised to 1 are replicated
    np.testing.assert_allclose(centre_of_mass(crop), target, atol=0.1)


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_reduction_by_a_power_of_two_gives_block_means(factor):
    image = texture(128)
    # Pixel c of the crop covers pixels factor * c ... factor * (c + 1) - 1 of the image.
    crop = warp_images([image], matrix(1 / factor, 0, *[(1 / factor - 1) / 2] * 2)[None], 128 // factor)[0]
    means = image.reshape(128 // factor, factor, 128 // factor, factor).mean((1, 3))
    assert np.abs(crop - means).max() <= 2


@pytest.mark.parametrize("shift", [0.0, 0.13, 0.25, 0.4])
@pytest.mark.parametrize("scale", [0.25, 0.2, 0.125])
def test_fine_stripes_do_not_alias(scale, shift):
    image = np.tile(np.array([0, 254], np.uint8), (256, 128))
    crop = warp_images([image], matrix(scale, 0, shift, shift)[None], 24)[0]
    assert np.abs(crop.astype(int) - 127).max() <= 2


@settings(deadline=None, max_examples=30, derandomize=True)
@given(st.floats(0.02, 5), st.floats(-3, 3), st.floats(-500, 500), st.floats(-500, 500), st.integers(0, 255))
def test_flat_image_stays_flat_because_its_border_is_replicated(scale, angle, dx, dy, grey):
    crop = warp_images([np.full((31, 45), grey, np.uint8)], matrix(scale, angle, dx, dy)[None], 20)
    assert (crop == grey).all()


def test_matrix_that_is_not_finite_gives_zeros_for_its_crop_only():
    images = [texture(20, i) for i in range(4)]
    matrices = np.tile(IDENTITY, (4, 1, 1))
    matrices[1] = np.nan
    matrices[3, 0, 2] = np.inf
    crops = warp_images(images, matrices, 20)
    assert (crops[[1, 3]] == 0).all()
    np.testing.assert_array_equal(crops[[0, 2]], [images[0], images[2]])


def test_crops_are_independent_and_images_may_differ_in_size():
    images = [texture(60), texture(100, 1)[:, :70], texture(31, 2)]
    matrices = np.stack([matrix(0.3, 0.1, 5, 5), matrix(0.9, 1, 20, -5), matrix(2, 0, 0, 0)])
    crops = warp_images(images, matrices, 32)
    assert (crops.shape, crops.dtype) == ((3, 32, 32), np.uint8)
    for i in range(3):
        np.testing.assert_array_equal(warp_images(images[i : i + 1], matrices[i : i + 1], 32)[0], crops[i])


def test_images_and_matrices_are_not_modified():
    image, m = texture(80), matrix(0.1, 0.2, 3, 4)[None]
    before = image.copy(), m.copy()
    warp_images([image], m, 16)
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(m, before[1])


def test_numbers_of_matrices_and_images_must_match():
    with pytest.raises(ValueError, match="zip"):
        warp_images([texture(8)] * 2, IDENTITY[None], 8)


def test_resize_reduces_by_block_means():
    image = np.random.default_rng(0).integers(0, 256, (96, 64)).astype(np.uint8)
    means = image[16:80].reshape(16, 4, 16, 4).mean((1, 3))
    assert np.abs(resize_images([image], 16)[0] - means).max() <= 1


def test_resize_returns_images_of_the_target_size_and_keeps_flat_images_flat():
    image = texture(24)
    np.testing.assert_array_equal(resize_images([image], 24)[0], image)
    for shape in [(10, 10), (50, 90), (10, 60), (7, 5)]:
        assert (resize_images([np.full(shape, 77, np.uint8)], 24) == 77).all()


@pytest.mark.parametrize("shape", [(200, 120), (13, 17), (20, 100)])
def test_resize_does_not_shift_the_centre_of_mass(shape):
    side = min(shape)
    centre = square_corner(*shape[::-1]) + np.array([0.4, 0.55]) * side
    y, x = np.mgrid[: shape[0], : shape[1]]
    spread = ((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (0.12 * side) ** 2
    image = np.round(250 * np.exp(-spread / 2)).astype(np.uint8)
    expected = (centre - square_corner(*shape[::-1]) + 0.5) * 32 / min(shape) - 0.5
    np.testing.assert_allclose(centre_of_mass(resize_images([image], 32)[0]), expected, atol=0.15)


def test_crops_of_real_faces_do_not_depend_on_the_image_scale(kdef):
    face = face_template(64, 0.6, 0.8)
    for i in (0, 400, 800):
        image, points = kdef["images"][i], kdef["landmarks68"][i].astype(float)
        small = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        halved = (points + 0.5) / 2 - 0.5
        one, two = (
            warp_images([p], similarity_from_eyes(q, face)[None], 64)[0].astype(float)
            for p, q in ((image, points), (small, halved))
        )
        assert np.abs(one - two).mean() < 2.5
        assert np.corrcoef(one.ravel(), two.ravel())[0, 1] > 0.995


@settings(deadline=None, max_examples=25, derandomize=True)
@given(st.floats(0.5, 3), st.floats(-3.1, 3.1), st.floats(-60, 60), st.floats(-60, 60), st.integers(0, 3))
def test_warp_of_a_photograph_matches_scikit_image(photographs, scale, angle, dx, dy, which):
    image = photographs[which]
    m = similarity_from_point(scale, angle, np.array(image.shape[::-1]) / 2 + [dx, dy], np.array([24.0, 24.0]))
    inverse = skimage.transform.SimilarityTransform(np.vstack([m, [0, 0, 1]])).inverse
    expected = skimage.transform.warp(image, inverse, output_shape=(48, 48), order=1, mode="edge", preserve_range=True)
    assert np.abs(warp_images([image], m[None], 48)[0] - expected).max() <= 0.6


@settings(deadline=None, max_examples=30, derandomize=True)
@given(
    st.floats(0.2, 5), st.floats(-3.1, 3.1), st.floats(-300, 300), st.floats(-300, 300), st.sampled_from([*ALIGNMENTS])
)
def test_alignment_is_invariant_to_a_similarity_of_the_landmarks(scale, angle, dx, dy, method):
    face = face_template(64, 0.6, 0.8)
    faces = 40 * MEAN_FACE + np.random.default_rng(0).normal(0, 3, (3, 68, 2)) + 100
    moved = apply_affine(matrix(scale, angle, dx, dy), faces)
    expected = apply_affine(ALIGNMENTS[method](faces, face), faces)
    np.testing.assert_allclose(apply_affine(ALIGNMENTS[method](moved, face), moved), expected, atol=1e-6)


@pytest.mark.parametrize("size", [64, 128])
def test_alignment_and_crop_match_scikit_image(kdef, size):
    face = face_template(size, 0.6, 0.8)
    for i in (0, 400, 800):
        image, points = kdef["images"][i], kdef["landmarks68"][i].astype(float)
        matrix = similarity_from_landmarks(points, face)
        expected = skimage.transform.estimate_transform("similarity", points, face).params
        np.testing.assert_allclose(matrix, expected[:2], atol=1e-8)
        if np.hypot(*matrix[:, 0]) < 0.5:
            continue  # scikit-image does not reduce the image first
        inverse = skimage.transform.SimilarityTransform(expected).inverse
        crop = skimage.transform.warp(
            image, inverse, output_shape=(size, size), order=1, mode="edge", preserve_range=True
        )
        assert np.abs(warp_images([image], matrix[None], size)[0] - crop).max() <= 0.6


def test_rotation_by_90_degrees_matches_numpy_and_0_returns_the_input():
    images = np.random.default_rng(0).integers(0, 256, (3, 20, 20)).astype(np.uint8)
    np.testing.assert_array_equal(rotate_images(images, 90), np.rot90(images, axes=(1, 2)))
    assert rotate_images(images, 0) is images
    assert rotate_images(images[:0], 8).shape == (0, 20, 20)
