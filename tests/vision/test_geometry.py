"""Planar geometry: similarity transforms, mirroring, mean face and interpolation of missing frames."""

import numpy as np
import pytest
import skimage.transform
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.vision.geometry import (
    FACE_REGIONS,
    MEAN_FACE,
    MEDIAPIPE_TO_IBUG68,
    MIRROR_INDICES,
    RIGID_POINTS,
    apply_affine,
    estimate_similarity,
    eye_centres,
    interocular_distance,
    interpolate_missing_frames,
    mirror_landmarks,
)

quick = settings(deadline=None, max_examples=40, derandomize=True)


def matrix(scale, angle, dx, dy):
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[c, -s, dx], [s, c, dy]])


SIMILARITIES = st.builds(
    matrix, st.floats(0.01, 50), st.floats(-np.pi, np.pi), st.floats(-300, 300), st.floats(-300, 300)
)


def shapes(n, seed=0, k=68):
    return np.random.default_rng(seed).normal(100, 40, (n, k, 2))


@quick
@given(SIMILARITIES, st.integers(2, 68))
def test_estimate_similarity_recovers_a_known_transform(known, k):
    points = shapes(1, k=k)[0]
    np.testing.assert_allclose(
        estimate_similarity(points, apply_affine(known, points)), known, atol=1e-6 * np.abs(known).max()
    )


@quick
@given(SIMILARITIES)
def test_similarity_of_the_inverse_direction_is_the_inverse(known):
    points = shapes(1)[0]
    moved = apply_affine(known, points)
    np.testing.assert_allclose(apply_affine(estimate_similarity(moved, points), moved), points, atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_similarity_of_different_shapes_matches_scikit_image(seed):
    source, target = shapes(2, seed)
    target = apply_affine(matrix(0.7, 1.2 * seed, 5, -9), source) + 0.2 * target
    reference = skimage.transform.SimilarityTransform()
    if hasattr(reference, "from_estimate"):
        reference = skimage.transform.SimilarityTransform.from_estimate(source, target)
    else:
        reference.estimate(source, target)
    np.testing.assert_allclose(estimate_similarity(source, target), reference.params[:2], atol=1e-8)


@quick
@given(SIMILARITIES, st.integers(0, 2**32 - 1), st.floats(0, 30), st.integers(3, 68))
def test_similarity_of_noisy_shapes_matches_scikit_image(known, seed, noise, k):
    source, other = shapes(2, seed, k)
    target = apply_affine(known, source) + noise * (other - 100) / 40
    reference = skimage.transform.estimate_transform("similarity", source, target).params[:2]
    np.testing.assert_allclose(estimate_similarity(source, target), reference, atol=1e-6 * np.abs(reference).max())


def test_similarity_minimizes_the_squared_error():
    source, target = shapes(2, seed=3)
    found = estimate_similarity(source, target)

    def error(m):
        return ((apply_affine(m, source) - target) ** 2).sum()

    for i in range(4):
        for step in (-1e-3, 1e-3):
            a, b, dx, dy = (1, 0, 0, 0) if i == 0 else (0, 1, 0, 0) if i == 1 else (0, 0, i == 2, i == 3)
            assert error(found + step * np.array([[a, -b, dx], [b, a, dy]])) > error(found)


def test_similarity_is_never_a_reflection():
    face = MEAN_FACE - MEAN_FACE.mean(0)
    found = estimate_similarity(face, face * [1, -1])
    assert np.linalg.det(found[:, :2]) >= 0
    np.testing.assert_allclose(found[0], [found[1, 1], -found[1, 0], found[0, 2]])


def test_similarity_of_a_batch_equals_single_calls_and_targets_broadcast():
    source = shapes(6).reshape(2, 3, 68, 2)
    found = estimate_similarity(source, MEAN_FACE)
    assert found.shape == (2, 3, 2, 3)
    for i, j in np.ndindex(2, 3):
        np.testing.assert_allclose(found[i, j], estimate_similarity(source[i, j], MEAN_FACE), atol=1e-12)


def test_missing_point_gives_nan_for_its_shape_only():
    source = shapes(3)
    source[1, 5, 0] = np.nan
    found = estimate_similarity(source, MEAN_FACE)
    assert np.isnan(found[1]).all()
    assert np.isfinite(found[[0, 2]]).all()


def test_coincident_points_have_no_similarity():
    assert np.isnan(estimate_similarity(np.full((68, 2), 7.0), MEAN_FACE)).all()


def test_apply_affine_is_matrix_times_point_plus_translation():
    m = np.array([[1.0, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(apply_affine(m, np.array([[0.0, 0], [1, 0], [0, 1]])), [[3, 6], [4, 10], [5, 11]])
    stacked = np.stack([m, 2 * m])
    points = shapes(2)
    np.testing.assert_allclose(apply_affine(stacked, points)[1], apply_affine(2 * m, points[1]))


@quick
@given(st.floats(1, 1000), st.integers(0, 100))
def test_mirroring_twice_is_the_identity(width, seed):
    points = shapes(3, seed)
    np.testing.assert_allclose(mirror_landmarks(mirror_landmarks(points, width), width), points, atol=1e-9)
    assert not np.allclose(mirror_landmarks(points, width), points)


@quick
@given(SIMILARITIES, SIMILARITIES, st.integers(0, 2**32 - 1))
def test_similarity_is_equivariant_under_similarities(first, second, seed):
    source, target = shapes(2, seed)
    found = estimate_similarity(apply_affine(first, source), apply_affine(second, target))
    expected = apply_affine(second, apply_affine(estimate_similarity(source, target), source))
    size = np.abs(expected).max()
    np.testing.assert_allclose(apply_affine(found, apply_affine(first, source)), expected, atol=1e-6 * size)


def test_mirrored_landmarks_match_pixels_of_the_flipped_image():
    rng = np.random.default_rng(0)
    points = np.stack([rng.permutation(90)[:68], rng.integers(0, 50, 68)], -1)
    image = np.zeros((50, 90), int)
    image[points[:, 1], points[:, 0]] = np.arange(68)
    x, y = mirror_landmarks(points, 90).T
    np.testing.assert_array_equal(image[:, ::-1][y, x], MIRROR_INDICES)


def test_mirror_maps_regions_to_regions_and_the_mean_face_to_itself():
    assert sorted(MIRROR_INDICES) == list(range(68))
    np.testing.assert_allclose(mirror_landmarks(MEAN_FACE, 1), MEAN_FACE, atol=1e-12)
    for name, points in FACE_REGIONS.items():
        swap = {"left": "right", "right": "left"}.get(name.split()[0])
        other = FACE_REGIONS[f"{swap} {name.split()[1]}" if swap else name]
        assert set(MIRROR_INDICES[points]) == set(range(68)[other])
    assert set(MIRROR_INDICES[RIGID_POINTS]) == set(RIGID_POINTS)


def test_mirror_does_not_modify_its_input():
    points = shapes(2)
    before = points.copy()
    mirror_landmarks(points, 100)
    np.testing.assert_array_equal(points, before)


def test_regions_cover_all_points_once_and_mesh_vertices_are_distinct():
    assert sorted(i for points in FACE_REGIONS.values() for i in range(68)[points]) == list(range(68))
    assert len(set(MEDIAPIPE_TO_IBUG68)) == 68
    assert MEDIAPIPE_TO_IBUG68.min() >= 0
    assert MEDIAPIPE_TO_IBUG68.max() < 478


#: Vertices (x, y up) of the canonical face of MediaPipe's mesh (canonical_face_model.obj, in centimetres), to 0.1 mm:
#: those in the table and some of their neighbours.
CANONICAL = {
    0: (0, -3.41),
    2: (0, -2.09),
    4: (0, -0.46),
    5: (0, 0.37),
    6: (0, 2.47),
    13: (0, -3.99),
    14: (0, -4.54),
    17: (0, -5.37),
    33: (-4.45, 2.66),
    37: (-0.71, -3.33),
    39: (-1.43, -3.5),
    58: (-6.72, -4.79),
    61: (-2.46, -4.34),
    63: (-4.99, 4.8),
    66: (-2.76, 5.1),
    70: (-5.72, 4.25),
    75: (-1.04, -1.46),
    78: (-2.15, -4.28),
    82: (-0.53, -3.99),
    84: (-0.7, -5.29),
    87: (-0.58, -4.52),
    91: (-1.84, -4.83),
    93: (-7.54, -1.05),
    97: (-0.6, -2.01),
    98: (-1.41, -1.71),
    105: (-3.99, 5.11),
    107: (-1.4, 5.01),
    127: (-7.74, 2.36),
    132: (-7.27, -2.89),
    133: (-1.86, 2.59),
    136: (-5.09, -7.18),
    144: (-3.67, 2.36),
    148: (-1.29, -9.3),
    149: (-3.21, -8.53),
    150: (-4.07, -7.99),
    152: (0, -9.4),
    153: (-2.72, 2.32),
    158: (-2.72, 2.96),
    160: (-3.67, 2.93),
    168: (0, 3.27),
    172: (-5.94, -6.22),
    176: (-2.31, -8.97),
    181: (-1.33, -5.11),
    195: (0, 1.06),
    197: (0, 1.73),
    234: (-7.66, 0.67),
    263: (4.45, 2.66),
    267: (0.71, -3.33),
    269: (1.43, -3.5),
    288: (6.72, -4.79),
    291: (2.46, -4.34),
    293: (4.99, 4.8),
    296: (2.76, 5.1),
    300: (5.72, 4.25),
    305: (1.04, -1.46),
    308: (2.15, -4.28),
    312: (0.53, -3.99),
    314: (0.7, -5.29),
    317: (0.58, -4.52),
    321: (1.84, -4.83),
    323: (7.54, -1.05),
    326: (0.6, -2.01),
    327: (1.41, -1.71),
    334: (3.99, 5.11),
    336: (1.4, 5.01),
    356: (7.74, 2.36),
    361: (7.27, -2.89),
    362: (1.86, 2.59),
    365: (5.09, -7.18),
    373: (3.67, 2.36),
    377: (1.29, -9.3),
    378: (3.21, -8.53),
    379: (4.07, -7.99),
    380: (2.72, 2.32),
    385: (2.72, 2.96),
    387: (3.67, 2.93),
    397: (5.94, -6.22),
    400: (2.31, -8.97),
    405: (1.33, -5.11),
    454: (7.66, 0.67),
}


def test_mesh_vertices_match_the_68_points():
    points = np.array([CANONICAL[vertex] for vertex in MEDIAPIPE_TO_IBUG68]) * [1, -1]
    placed = apply_affine(estimate_similarity(points, MEAN_FACE), points)
    # Points of the jaw, which are the least certain, differ by 0.1 interocular distances; the next vertex along the
    # jaw would differ by 0.2.
    assert np.linalg.norm(placed - MEAN_FACE, axis=-1).max() < 0.13
    np.testing.assert_allclose(points[MIRROR_INDICES] * [-1, 1], points)
    steps = np.linalg.norm(np.diff(points[:17], axis=0), axis=-1)
    assert steps.max() < 2.5 * steps.min()
    for name, region in FACE_REGIONS.items():  # each region keeps its order from left to right, or around
        if name in ("jaw", "left brow", "right brow", "nose base"):
            assert (np.diff(points[region, 0]) > 0).all()
    assert (np.diff(points[FACE_REGIONS["nose bridge"], 1]) > 0).all()


def test_mean_face_is_in_interocular_distances():
    np.testing.assert_allclose(eye_centres(MEAN_FACE), [[-0.5, 0], [0.5, 0]], atol=0.02)
    assert interocular_distance(MEAN_FACE) == pytest.approx(1, abs=0.03)


@quick
@given(SIMILARITIES)
def test_interocular_distance_scales_and_ignores_rotation_and_translation(known):
    scale = np.hypot(known[0, 0], known[1, 0])
    expected = scale * interocular_distance(MEAN_FACE)
    np.testing.assert_allclose(interocular_distance(apply_affine(known, MEAN_FACE)), expected, rtol=1e-9)


@quick
@given(st.lists(st.booleans(), min_size=1, max_size=8))
def test_missing_frames_are_interpolated_linearly_and_extrapolated_constantly(known):
    known = np.array(known)
    clip = shapes(len(known))
    given_clip = clip.copy()
    given_clip[~known] = np.nan
    filled = interpolate_missing_frames(given_clip[None])[0]
    if not known.any():
        assert np.isnan(filled).all()
        return
    at = np.flatnonzero(known)
    expected = [np.interp(np.arange(len(known)), at, column[at]) for column in clip.reshape(len(known), -1).T]
    np.testing.assert_allclose(filled.reshape(len(known), -1), np.transpose(expected), rtol=1e-12)
    np.testing.assert_array_equal(filled[known], clip[known])


def test_frame_with_one_missing_coordinate_is_missing():
    clip = shapes(3)[None]
    clip[0, 1, 30, 1] = np.nan
    np.testing.assert_allclose(interpolate_missing_frames(clip)[0, 1], (clip[0, 0] + clip[0, 2]) / 2)


def test_clips_are_interpolated_independently_and_the_input_is_not_modified():
    clips = np.stack([shapes(4, 0), shapes(4, 1), shapes(4, 2)]).astype(np.float32)
    assert interpolate_missing_frames(clips) is clips
    clips[1, 2:] = np.nan
    clips[2] = np.nan
    before = clips.copy()
    filled = interpolate_missing_frames(clips)
    np.testing.assert_array_equal(clips, before)
    np.testing.assert_array_equal(filled[0], clips[0])
    np.testing.assert_array_equal(filled[1, 2:], clips[1, [1, 1]])
    assert np.isnan(filled[2]).all()
    assert filled.dtype == np.float32
