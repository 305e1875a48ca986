"""Landmark displacement: invariances, equivariances, robustness to outliers and missing points."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fer_features.vision.displacement import displacement_feature_names, displacement_features
from fer_features.vision.facial_measures import DISTANCE_MEASURES
from fer_features.vision.geometry import MEAN_FACE, MIRROR_INDICES, mirror_landmarks
from fer_features.vision.registration import (
    MEAN_FACE_DEPTH,
    REGISTRATION_POINTS,
    REGISTRATIONS,
    register_landmarks,
)

ALL_METHODS = [(registration, points) for registration in REGISTRATIONS for points in REGISTRATION_POINTS]


def landmark_displacement(landmarks, *registration):
    """The displacement of each landmark among the features."""
    return displacement_features(landmarks, *registration)[:, :136]


@pytest.fixture
def faces():
    """Eight subjects, six frames each, with different faces and an expression that grows linearly."""
    rng = np.random.default_rng(0)
    neutral = 60 * (MEAN_FACE + rng.normal(0, 0.03, (8, 1, 68, 2))) + 100
    moved = 60 * np.where(np.arange(68) < 48, 0.02, 0.1)[:, None] * rng.normal(size=(8, 1, 68, 2))
    return neutral + np.linspace(0, 1, 6)[:, None, None] * moved


def under_similarity(points, scale=1.3, roll=0.4, shift=(17.0, -8.0)):
    c, s = scale * np.cos(roll), scale * np.sin(roll)
    return points @ np.array([[c, s], [-s, c]]) + shift


def with_frame(faces, frame, points):
    changed = faces.copy()
    changed[:, frame] = points
    return changed


@pytest.mark.parametrize(("registration", "points"), ALL_METHODS)
@pytest.mark.parametrize("frame", [0, -1])
def test_displacement_is_invariant_to_a_similarity_of_one_frame(faces, registration, points, frame):
    changed = with_frame(faces, frame, under_similarity(faces[:, frame]))
    expected = landmark_displacement(faces, registration, points)
    np.testing.assert_allclose(landmark_displacement(changed, registration, points), expected, atol=1e-4)


quick = settings(
    deadline=None, max_examples=20, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MOTIONS = st.fixed_dictionaries(
    {"scale": st.floats(0.1, 10), "roll": st.floats(-3.1, 3.1), "shift": st.tuples(*[st.floats(-500, 500)] * 2)}
)


@quick
@given(MOTIONS, MOTIONS, st.sampled_from(ALL_METHODS))
def test_displacement_is_invariant_to_any_similarities_of_both_frames(faces, first, last, method):
    changed = with_frame(faces, 0, under_similarity(faces[:, 0], **first))
    changed = with_frame(changed, -1, under_similarity(faces[:, -1], **last))
    np.testing.assert_allclose(
        landmark_displacement(changed, *method), landmark_displacement(faces, *method), atol=1e-3
    )


@quick
@given(MOTIONS, st.sampled_from(ALL_METHODS))
def test_displacement_is_zero_if_the_apex_is_a_similar_copy_of_the_neutral_frame(faces, motion, method):
    still = with_frame(faces, -1, under_similarity(faces[:, 0], **motion))
    np.testing.assert_allclose(landmark_displacement(still, *method), 0, atol=1e-4)


@quick
@given(
    st.lists(st.tuples(st.integers(0, 67), st.floats(0, 6.3), st.floats(30, 2000)), min_size=2, max_size=5),
    st.sampled_from([0, -1]),
)
def test_a_few_outliers_have_little_influence_on_other_points(faces, outliers, frame):
    changed = faces.copy()
    for point, angle, distance in outliers:  # at least half an interocular distance
        changed[:, frame, point] += [distance * np.cos(angle), distance * np.sin(angle)]
    difference = (landmark_displacement(changed) - landmark_displacement(faces)).reshape(-1, 68, 2)
    assert np.abs(np.delete(difference, [point for point, *_ in outliers], 1)).max() < 0.1


def test_features_are_invariant_to_a_similarity_of_every_frame(faces):
    changed = np.stack([under_similarity(faces[:, t], 1 + 0.1 * t, 0.2 * t, (t, -3 * t)) for t in range(6)], 1)
    np.testing.assert_allclose(displacement_features(changed), displacement_features(faces), atol=1e-4)


@pytest.mark.parametrize(("registration", "points"), ALL_METHODS)
def test_displacement_is_zero_if_the_apex_is_the_neutral_frame(faces, registration, points):
    still = with_frame(faces, -1, under_similarity(faces[:, 0], 0.8, -0.3))
    np.testing.assert_allclose(landmark_displacement(still, registration, points), 0, atol=1e-5)


@pytest.mark.parametrize("registration", ["affine", "affine_camera"])
def test_affine_registration_is_invariant_to_an_affine_map(faces, registration):
    changed = with_frame(faces, -1, faces[:, -1] @ np.array([[1.2, 0.1], [-0.3, 0.9]]) + [5, 9])
    expected = landmark_displacement(faces, registration)
    np.testing.assert_allclose(landmark_displacement(changed, registration), expected, atol=1e-4)
    assert (
        np.abs(landmark_displacement(changed, "similarity") - landmark_displacement(faces, "similarity")).max() > 0.05
    )


def rotated_heads(faces, yaw, pitch):
    """Orthographic projection of the neutral faces, with the depths of the table, after a rotation in space."""
    upright = register_landmarks(faces)[:, 0]
    head = np.concatenate([upright, np.broadcast_to(MEAN_FACE_DEPTH[:, None], (*upright.shape[:-1], 1))], -1)
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    about_x = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    return under_similarity(55 * (head @ (about_x @ about_y).T)[..., :2] + 120)


@pytest.mark.parametrize("points", REGISTRATION_POINTS)
@pytest.mark.parametrize("registration", ["pose", "affine_camera"])
def test_rotation_of_a_rigid_head_causes_no_displacement(faces, registration, points):
    moved = with_frame(faces, -1, rotated_heads(faces, yaw=0.4, pitch=-0.25))
    np.testing.assert_allclose(landmark_displacement(moved, registration, points), 0, atol=1e-4)
    assert np.abs(landmark_displacement(moved, "similarity", points)).max() > 0.1


def test_displacement_is_in_interocular_distances():
    face = 60 * MEAN_FACE + 100
    raised = face.copy()
    raised[51, 1] -= 6
    found = landmark_displacement(np.stack([face, raised])[None]).reshape(68, 2)
    expected = np.zeros((68, 2))
    expected[51, 1] = -0.1
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("function", [landmark_displacement, displacement_features])
def test_samples_are_independent(faces, function):
    faces[3, 0, 30] += 90  # an outlier in one sample does not affect the others
    faces[5, -1, 40] -= 90
    together = function(faces)
    assert together.dtype == np.float32
    assert np.isfinite(together).all()
    for i in range(len(faces)):
        np.testing.assert_allclose(function(faces[i : i + 1])[0], together[i], atol=1e-6)
    assert function(faces[:0]).shape == (0, together.shape[1])


@pytest.mark.parametrize(("registration", "points"), ALL_METHODS)
def test_mirrored_face_has_the_mirrored_displacement(faces, registration, points):
    original = landmark_displacement(faces, registration, points).reshape(-1, 68, 2)
    mirrored = landmark_displacement(mirror_landmarks(faces, 200), registration, points).reshape(-1, 68, 2)
    np.testing.assert_allclose(mirrored, original[:, MIRROR_INDICES] * [-1, 1], atol=1e-5)


def test_measures_are_invariant_to_mirroring(faces):
    mirrored = displacement_features(mirror_landmarks(faces, 200))
    np.testing.assert_allclose(mirrored[:, 136:], displacement_features(faces)[:, 136:], atol=1e-5)


@pytest.mark.parametrize("frame", [0, -1])
@pytest.mark.parametrize("outlier", [17, 30, 36, 39, 45, 54])
@pytest.mark.parametrize("distance", [40, 1000])
def test_one_outlier_has_little_influence_on_other_points(faces, frame, outlier, distance):
    changed = faces.copy()
    changed[:, frame, outlier] += [distance, -distance]
    difference = (landmark_displacement(changed) - landmark_displacement(faces)).reshape(-1, 68, 2)
    assert np.abs(np.delete(difference, outlier, 1)).max() < 0.05


def test_missing_intermediate_frames_are_interpolated(faces):
    gap = faces.copy()
    gap[:, 4] = np.nan
    gap[2, 3, 5] = np.nan
    # The expression grows linearly in these faces, so that interpolation recovers the missing frames.
    np.testing.assert_allclose(displacement_features(gap), displacement_features(faces), atol=1e-5)


@pytest.mark.parametrize("frame", [0, -1])
@pytest.mark.parametrize("points", [slice(None), 33])
def test_missing_end_gives_nan_for_its_sample_only(faces, frame, points):
    gap = faces.copy()
    gap[3, frame, points] = np.nan
    features, others = displacement_features(gap), np.arange(8) != 3
    assert np.isnan(features[3]).all()
    np.testing.assert_allclose(features[others], displacement_features(faces)[others], atol=1e-6)
    assert np.isnan(displacement_features(np.full_like(faces, np.nan))).all()


@pytest.mark.parametrize("registration", REGISTRATIONS)
def test_degenerate_shapes_do_not_affect_other_samples(faces, registration):
    changed, rng = faces.copy(), np.random.default_rng(1)
    changed[1, -1] = 50.0
    changed[2, 0] = 0.0
    changed[3, 0, 17:48] = 50.0
    changed[4, -1, 17:48] = 50.0
    changed[5] = rng.uniform(0, 200, (6, 68, 2))
    changed[6, 0] = faces[6, 0] * [1, -1]
    features, others = displacement_features(changed, registration), [0, 7]
    assert np.isnan(features[[1, 2]]).all()
    assert np.isfinite(features[5:]).all()
    expected = displacement_features(faces, registration)
    np.testing.assert_allclose(features[others], expected[others], atol=1e-6)


def test_integer_pixels_and_two_frames_are_accepted(faces):
    rounded = np.rint(faces).astype(np.int64)
    ends = rounded[:, [0, -1]]
    np.testing.assert_allclose(landmark_displacement(ends), landmark_displacement(rounded), atol=1e-6)
    assert displacement_features(ends).shape == displacement_features(rounded).shape
    assert np.abs(landmark_displacement(rounded) - landmark_displacement(faces)).max() < 0.05


def test_input_is_not_modified(faces):
    before = faces.copy()
    displacement_features(faces)
    np.testing.assert_array_equal(faces, before)


def test_feature_names_are_distinct_and_match_the_columns(faces):
    names = displacement_feature_names()
    assert len(names) == len(set(names)) == displacement_features(faces).shape[1] == 136 + 2 * len(DISTANCE_MEASURES)
    assert names[0] == "displacement[jaw 1, x]"
    assert names[2 * 54] == "displacement[mouth corner right, x]"
    assert names[2 * 51 + 1] == "displacement[upper lip centre, y]"
    assert names[-1] == "apex[chin width]"


def test_zero_apex_frames_raise(faces):
    with pytest.raises(ValueError, match="at least 1 frame"):
        displacement_features(faces, n_apex_frames=0)
