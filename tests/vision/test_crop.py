"""Laws of cropping: what stands at a landmark stands at its place in the crop, at any scale, and nothing shifts."""

import cv2
import numpy as np
import pytest
import skimage.transform
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.vision.crop import (
    ALIGNMENTS,
    eyes_to_template,
    points_to_template,
    resize,
    template,
    transform,
    turned,
    warp,
)
from fer_features.vision.geometry import MEAN_FACE, eye_centres

IDENTITY = np.eye(2, 3)


def matrix(scale, angle=0.0, dx=0.0, dy=0.0):
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[c, -s, dx], [s, c, dy]])


def about(scale, angle, source, target):
    """The similarity of a scale and angle that takes one point to another."""
    m = matrix(scale, angle)
    m[:, 2] = target - m[:, :2] @ source
    return m


def blob(height, width, centre, sigma):
    y, x = np.mgrid[:height, :width]
    grey = 250 * np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * sigma**2))
    return np.round(grey).astype(np.uint8)


def centre_of_mass(picture):
    grey = picture.astype(float)
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    return np.array([(x * grey).sum(), (y * grey).sum()]) / grey.sum()


def texture(size, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (size, size)).astype(np.uint8)


def test_the_identity_returns_the_picture():
    picture = texture(40)
    np.testing.assert_array_equal(warp([picture], IDENTITY[None], 40)[0], picture)
    np.testing.assert_array_equal(warp([picture], IDENTITY[None], 30)[0], picture[:30, :30])


def test_a_whole_shift_moves_the_picture_by_whole_pixels():
    picture = texture(40)
    np.testing.assert_array_equal(warp([picture], matrix(1, 0, -7, -3)[None], 30)[0], picture[3:33, 7:37])


@pytest.mark.parametrize("method", ALIGNMENTS)
def test_a_face_that_is_a_similar_copy_of_the_template_lands_on_it(method):
    face = template(128, 0.6, 0.8)
    landmarks = transform(matrix(1.7, 0.4, 30, -12), face)
    np.testing.assert_allclose(transform(ALIGNMENTS[method](landmarks, face), landmarks), face, atol=1e-9)


def test_the_eyes_of_any_face_land_on_those_of_the_template():
    face = template(96, 0.5, 0.7)
    landmarks = 40 * MEAN_FACE + np.random.default_rng(0).normal(0, 3, (5, 4, 68, 2)) + 100
    aligned = transform(eyes_to_template(landmarks, face), landmarks)
    np.testing.assert_allclose(eye_centres(aligned), np.broadcast_to(eye_centres(face), (5, 4, 2, 2)), atol=1e-9)


def test_procrustes_is_nearer_to_the_template_over_all_points_than_the_eyes_are():
    face = template(96, 0.5, 0.7)
    landmarks = 40 * MEAN_FACE + np.random.default_rng(0).normal(0, 3, (50, 68, 2)) + 100
    by_points, by_eyes = (
        ((transform(align(landmarks, face), landmarks) - face) ** 2).sum((1, 2))
        for align in (points_to_template, eyes_to_template)
    )
    assert (by_points < by_eyes).all()


@pytest.mark.parametrize(("size", "side", "top"), [(128, 0.6, 0.8), (48, 0.3, 0.5), (200, 1.0, 1.2)])
def test_the_template_places_the_eyes_by_the_distances_it_is_given(size, side, top):
    # In a crop whose pixel (0, 0) is centred at 0, its edges are at -0.5 and size - 0.5.
    unit = size / (1 + 2 * side)
    expected = np.array([[side, top], [side + 1, top]]) * unit - 0.5
    np.testing.assert_allclose(eye_centres(template(size, side, top)), expected, atol=0.02 * unit)


@pytest.mark.parametrize("method", ALIGNMENTS)
@pytest.mark.parametrize("scale", [0.4, 1.0, 2.6, 5.0])
def test_what_is_drawn_at_an_eye_is_at_the_eye_of_the_crop(method, scale):
    face = template(64, 0.6, 0.8)
    landmarks = transform(matrix(scale, 0.3, 70, 30), face)
    eye = eye_centres(landmarks)[1]
    picture = blob(450, 450, eye, 3 * max(scale, 0.7))
    crop = warp([picture], ALIGNMENTS[method](landmarks, face)[None], 64)[0]
    np.testing.assert_allclose(centre_of_mass(crop), eye_centres(face)[1], atol=0.1)


@pytest.mark.parametrize("shape", [(400, 400), (401, 303)])
@pytest.mark.parametrize("angle", [0, 0.5, -2.0])
@pytest.mark.parametrize("scale", [0.06, 0.1, 0.2, 0.25, 0.3, 0.49, 0.5, 0.7, 1.0, 1.5])
def test_no_scale_shifts_the_centre_of_mass(scale, angle, shape):
    centre, target = np.array([151.3, 190.8]), np.array([30.2, 33.4])
    picture = blob(*shape, centre, min(3 / scale, 35))
    crop = warp([picture], about(scale, angle, centre, target)[None], 64)[0]
    crop[crop < 5] = 0  # a border that rounding lifted to 1 is repeated a long way
    np.testing.assert_allclose(centre_of_mass(crop), target, atol=0.1)


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_a_picture_shrunk_by_a_power_of_two_is_its_means_by_blocks(factor):
    picture = texture(128)
    # Pixel c of the crop covers pixels factor * c ... factor * (c + 1) - 1 of the picture.
    crop = warp([picture], matrix(1 / factor, 0, *[(1 / factor - 1) / 2] * 2)[None], 128 // factor)[0]
    means = picture.reshape(128 // factor, factor, 128 // factor, factor).mean((1, 3))
    assert np.abs(crop - means).max() <= 2


@pytest.mark.parametrize("shift", [0.0, 0.13, 0.25, 0.4])
@pytest.mark.parametrize("scale", [0.25, 0.2, 0.125])
def test_fine_stripes_do_not_alias_into_coarse_ones(scale, shift):
    picture = np.tile(np.array([0, 254], np.uint8), (256, 128))
    crop = warp([picture], matrix(scale, 0, shift, shift)[None], 24)[0]
    assert np.abs(crop.astype(int) - 127).max() <= 2


@settings(deadline=None, max_examples=40, derandomize=True)
@given(st.floats(0.02, 5), st.floats(-3, 3), st.floats(-500, 500), st.floats(-500, 500), st.integers(0, 255))
def test_a_flat_picture_stays_flat_for_its_border_is_repeated(scale, angle, dx, dy, grey):
    crop = warp([np.full((31, 45), grey, np.uint8)], matrix(scale, angle, dx, dy)[None], 20)
    assert (crop == grey).all()


def test_a_matrix_that_is_not_finite_gives_zeros_in_its_own_crop_only():
    pictures = [texture(20, i) for i in range(4)]
    matrices = np.tile(IDENTITY, (4, 1, 1))
    matrices[1] = np.nan
    matrices[3, 0, 2] = np.inf
    crops = warp(pictures, matrices, 20)
    assert (crops[[1, 3]] == 0).all()
    np.testing.assert_array_equal(crops[[0, 2]], [pictures[0], pictures[2]])


def test_crops_do_not_depend_on_their_batch_and_pictures_may_differ_in_size():
    pictures = [texture(60), texture(100, 1)[:, :70], texture(31, 2)]
    matrices = np.stack([matrix(0.3, 0.1, 5, 5), matrix(0.9, 1, 20, -5), matrix(2, 0, 0, 0)])
    crops = warp(pictures, matrices, 32)
    assert (crops.shape, crops.dtype) == ((3, 32, 32), np.uint8)
    for i in range(3):
        np.testing.assert_array_equal(warp(pictures[i : i + 1], matrices[i : i + 1], 32)[0], crops[i])


def test_pictures_and_matrices_are_left_as_they_are():
    picture, m = texture(80), matrix(0.1, 0.2, 3, 4)[None]
    before = picture.copy(), m.copy()
    warp([picture], m, 16)
    np.testing.assert_array_equal(picture, before[0])
    np.testing.assert_array_equal(m, before[1])


def test_as_many_matrices_as_pictures_are_needed():
    with pytest.raises(ValueError, match="zip"):
        warp([texture(8)] * 2, IDENTITY[None], 8)


def test_whole_pictures_are_shrunk_by_the_mean_of_their_blocks():
    picture = np.random.default_rng(0).integers(0, 256, (96, 64)).astype(np.uint8)
    means = picture.reshape(16, 6, 16, 4).mean((1, 3))
    assert np.abs(resize([picture], 16)[0] - means).max() <= 1


def test_whole_pictures_of_the_size_asked_for_are_returned_and_flat_ones_stay_flat():
    picture = texture(24)
    np.testing.assert_array_equal(resize([picture], 24)[0], picture)
    for shape in [(10, 10), (50, 90), (10, 60), (7, 5)]:
        assert (resize([np.full(shape, 77, np.uint8)], 24) == 77).all()


@pytest.mark.parametrize("shape", [(200, 120), (13, 17), (20, 100)])
def test_whole_pictures_scaled_do_not_shift(shape):
    centre = np.array([0.4 * shape[1], 0.55 * shape[0]])
    y, x = np.mgrid[: shape[0], : shape[1]]
    spread = ((x - centre[0]) / (0.12 * shape[1])) ** 2 + ((y - centre[1]) / (0.12 * shape[0])) ** 2
    picture = np.round(250 * np.exp(-spread / 2)).astype(np.uint8)
    expected = (centre + 0.5) * 32 / np.array(shape[::-1]) - 0.5
    np.testing.assert_allclose(centre_of_mass(resize([picture], 32)[0]), expected, atol=0.15)


def test_real_faces_of_any_scale_give_the_same_crop(kdef):
    face = template(64, 0.6, 0.8)
    for i in (0, 400, 800):
        picture, points = kdef["images"][i], kdef["landmarks68"][i].astype(float)
        small = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        halved = (points + 0.5) / 2 - 0.5
        one, two = (
            warp([p], eyes_to_template(q, face)[None], 64)[0].astype(float)
            for p, q in ((picture, points), (small, halved))
        )
        assert np.abs(one - two).mean() < 2.5
        assert np.corrcoef(one.ravel(), two.ravel())[0, 1] > 0.995


@settings(deadline=None, max_examples=25, derandomize=True)
@given(st.floats(0.5, 3), st.floats(-3.1, 3.1), st.floats(-60, 60), st.floats(-60, 60), st.integers(0, 3))
def test_any_warp_of_a_photograph_is_that_of_scikit_image(photographs, scale, angle, dx, dy, which):
    picture = photographs[which]
    m = about(scale, angle, np.array(picture.shape[::-1]) / 2 + [dx, dy], np.array([24.0, 24.0]))
    inverse = skimage.transform.SimilarityTransform(np.vstack([m, [0, 0, 1]])).inverse
    expected = skimage.transform.warp(
        picture, inverse, output_shape=(48, 48), order=1, mode="edge", preserve_range=True
    )
    assert np.abs(warp([picture], m[None], 48)[0] - expected).max() <= 0.6


@settings(deadline=None, max_examples=40, derandomize=True)
@given(
    st.floats(0.2, 5), st.floats(-3.1, 3.1), st.floats(-300, 300), st.floats(-300, 300), st.sampled_from([*ALIGNMENTS])
)
def test_alignment_undoes_any_similarity_of_the_landmarks(scale, angle, dx, dy, method):
    face = template(64, 0.6, 0.8)
    people = 40 * MEAN_FACE + np.random.default_rng(0).normal(0, 3, (3, 68, 2)) + 100
    moved = transform(matrix(scale, angle, dx, dy), people)
    expected = transform(ALIGNMENTS[method](people, face), people)
    np.testing.assert_allclose(transform(ALIGNMENTS[method](moved, face), moved), expected, atol=1e-6)


@pytest.mark.parametrize("size", [64, 128])
def test_alignment_and_crop_are_those_of_scikit_image(kdef, size):
    face = template(size, 0.6, 0.8)
    for i in (0, 400, 800):
        picture, points = kdef["images"][i], kdef["landmarks68"][i].astype(float)
        matrix = points_to_template(points, face)
        expected = skimage.transform.estimate_transform("similarity", points, face).params
        np.testing.assert_allclose(matrix, expected[:2], atol=1e-8)
        if np.hypot(*matrix[:, 0]) < 0.5:
            continue  # scikit-image does not shrink first
        inverse = skimage.transform.SimilarityTransform(expected).inverse
        crop = skimage.transform.warp(
            picture, inverse, output_shape=(size, size), order=1, mode="edge", preserve_range=True
        )
        assert np.abs(warp([picture], matrix[None], size)[0] - crop).max() <= 0.6


def test_a_turn_of_90_degrees_is_numpy_s_and_none_is_none():
    images = np.random.default_rng(0).integers(0, 256, (3, 20, 20)).astype(np.uint8)
    np.testing.assert_array_equal(turned(images, 90), np.rot90(images, axes=(1, 2)))
    assert turned(images, 0) is images
    assert turned(images[:0], 8).shape == (0, 20, 20)
