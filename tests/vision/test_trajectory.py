"""Trajectories and geometric features: independence of head motion, time resampling, missing frames."""

import numpy as np
import pytest

from fer_features.vision.displacement import displacement_features
from fer_features.vision.facial_measures import DISTANCE_MEASURES, geometric_feature_names, geometric_features
from fer_features.vision.geometry import MEAN_FACE, MIRROR_INDICES, mirror_landmarks
from fer_features.vision.trajectory import (
    apex_timing,
    resample_course,
    trajectory_feature_names,
    trajectory_features,
)


def trajectory(clips, n_steps=5):
    return by_kind(trajectory_features(clips, n_steps, velocity=True), trajectory_feature_names(n_steps, velocity=True))


def geometry(clips):
    return by_kind(geometric_features(clips, neutral=True), geometric_feature_names(neutral=True))


def by_kind(features, names):
    """Kind of feature, the name before the bracket -> its columns."""
    kinds = np.array([name.split("[")[0] for name in names])
    return {kind: features[:, kinds == kind] for kind in dict.fromkeys(kinds)}


BOTH = pytest.mark.parametrize("function", [trajectory, geometry])


@pytest.fixture
def ends():
    """Neutral faces and apexes of six subjects."""
    rng = np.random.default_rng(0)
    neutral = 60 * (MEAN_FACE + rng.normal(0, 0.02, (6, 68, 2))) + 100
    # Only points that no registration is based on move, so that the registration does not depend on the intensity.
    return neutral, neutral + 60 * np.where(np.arange(68) < 48, 0.0, 0.06)[:, None] * rng.normal(size=(6, 68, 2))


def with_intensities(ends, intensities):
    """Clips whose frames show the expression with these intensities."""
    neutral, apex = (points[:, None] for points in ends)
    return neutral + np.asarray(intensities)[:, None, None] * (apex - neutral)


@pytest.fixture
def clips(ends):
    return with_intensities(ends, [0, 0.1, 0.4, 0.8, 0.9, 1])


def under_similarity(points, scale=1.3, roll=0.4, shift=(17.0, -8.0)):
    c, s = scale * np.cos(roll), scale * np.sin(roll)
    return points @ np.array([[c, s], [-s, c]]) + shift


def assert_close(found, expected, atol=1e-4):
    assert found.keys() == expected.keys()
    for kind in expected:
        np.testing.assert_allclose(found[kind], expected[kind], atol=atol, rtol=1e-3, err_msg=kind)


@BOTH
def test_features_are_invariant_to_a_similarity_of_every_frame(clips, function):
    moved = np.stack([under_similarity(clips[:, t], 1 + 0.1 * t, 0.2 * t, (t, -3 * t)) for t in range(6)], 1)
    assert_close(function(moved), function(clips))


def test_last_time_step_is_the_displacement(clips):
    found = trajectory(clips, 4)["displacement"].reshape(6, 4, 136)
    np.testing.assert_allclose(found[:, -1], displacement_features(clips)[:, :136], atol=1e-6)


@pytest.mark.parametrize("n_frames", [2, 3, 10, 26])
def test_constant_speed_gives_constant_velocity_for_any_number_of_frames(ends, n_frames):
    found = trajectory(with_intensities(ends, np.linspace(0, 1, n_frames)))
    velocity = found["velocity"].reshape(6, 5, 136)
    np.testing.assert_allclose(velocity, np.repeat(velocity[:, :1], 5, axis=1), atol=1e-4)
    total = found["displacement"].reshape(6, 5, 136)[:, -1]
    np.testing.assert_allclose(velocity[:, 0], total, atol=1e-4)
    shortest = trajectory(with_intensities(ends, [0, 1]))
    for kind in ("displacement", "velocity"):
        np.testing.assert_allclose(found[kind], shortest[kind], atol=1e-4)


def test_timing_distinguishes_early_and_late_onsets(ends):
    early = trajectory(with_intensities(ends, [0, 1, 1, 1, 1]), 4)
    late = trajectory(with_intensities(ends, [0, 0, 0, 0, 1]), 4)
    for clip, step in ((early, 0), (late, 3)):
        speed = np.abs(clip["velocity"].reshape(6, 4, 136)).mean((0, 2))
        assert speed[step] > 0.01
        assert np.delete(speed, step).max() < 1e-5
    moving = np.abs(early["change"].reshape(6, 4, -1)[:, -1]) > 1e-3
    np.testing.assert_allclose(early["time to apex"][moving], 0.9 / 4, atol=1e-3)
    np.testing.assert_allclose(late["time to apex"][moving], 3.9 / 4, atol=1e-3)
    assert (np.abs(early["onset slope"][moving]) > 4 * np.abs(late["onset slope"][moving])).all()


def test_apex_timing_calculated_by_hand():
    # 90 % of 10 is reached half way between 8 (frame 2 of 5) and 10; 90 % of -4 at 2.9 of 5, between 0 and -4; a course
    # without change has no slope.
    course = np.array([[4, 8, 10, 9, 10], [0, 0, -4, -2, -1], [0, 0, 0, 0, 0]], float).T[None]
    time, slope = apex_timing(course)
    np.testing.assert_allclose(time, [[2.5 / 5, 2.9 / 5, 1]])
    np.testing.assert_allclose(slope, [[9 / 0.5, -3.6 / 0.58, 0]])


def test_resampling_calculated_by_hand():
    course = np.array([1.0, 4.0])[None, :, None]  # 0 at time 0, 1 at time 0.5, 4 at the apex
    assert resample_course(course, 1).ravel().tolist() == [4]
    assert resample_course(course, 2).ravel().tolist() == [1, 4]
    np.testing.assert_allclose(resample_course(course, 4).ravel(), [0.5, 1, 2.5, 4])
    np.testing.assert_allclose(resample_course(course, 3).ravel(), [2 / 3, 2, 4])


@BOTH
def test_missing_frames_are_interpolated_and_missing_ends_repeated(ends, clips, function):
    linear = with_intensities(ends, np.linspace(0, 1, 6))
    gap = linear.copy()
    gap[:, 3] = np.nan
    gap[2, 4, 5] = np.nan
    assert_close(function(gap), function(linear), atol=2e-3)
    cut = clips.copy()
    cut[:, 0] = np.nan
    cut[:, 5, 7] = np.nan
    repeated = clips.copy()
    repeated[:, 0], repeated[:, 5] = clips[:, 1], clips[:, 4]
    assert_close(function(cut), function(repeated))


@BOTH
def test_unusable_landmarks_give_nan_for_their_sample_only(clips, function):
    gap = clips.copy()
    gap[1] = np.nan
    gap[3, 0] = 50.0
    gap[4, 2] = 50.0  # a degenerate intermediate frame is interpolated
    found, expected, others = function(gap), function(clips), [0, 2, 5]
    for kind in expected:
        assert np.isnan(found[kind][[1, 3]]).all()
        assert np.isfinite(found[kind][4]).all()
        np.testing.assert_allclose(found[kind][others], expected[kind][others], atol=1e-5)


@BOTH
def test_samples_are_independent_and_the_input_is_not_modified(clips, function):
    before = clips.copy()
    together = function(clips)
    for i in range(len(clips)):
        assert_close(function(clips[i : i + 1]), {kind: x[i : i + 1] for kind, x in together.items()}, 1e-5)
    assert all(values.shape[0] == 0 for values in function(clips[:0]).values())
    assert all(values.dtype == np.float32 for values in together.values())
    np.testing.assert_array_equal(clips, before)


def test_measures_are_invariant_to_mirroring(clips):
    mirrored = mirror_landmarks(clips, 300)
    assert_close(geometry(mirrored), geometry(clips))
    found, expected = trajectory(mirrored), trajectory(clips)
    for kind in ("change", "time to apex", "onset slope"):
        np.testing.assert_allclose(found[kind], expected[kind], atol=1e-3, rtol=1e-2)


def test_mirrored_clip_has_the_mirrored_trajectory(clips):
    original, mirrored = trajectory(clips, 3), trajectory(mirror_landmarks(clips, 300), 3)
    for kind in ("displacement", "velocity"):
        a, b = (features[kind].reshape(6, 3, 68, 2) for features in (original, mirrored))
        np.testing.assert_allclose(b, a[:, :, MIRROR_INDICES] * [-1, 1], atol=1e-4)


def test_feature_names_are_distinct_and_match_the_columns(clips):
    for features, names in (
        (trajectory_features(clips, 3, velocity=True), trajectory_feature_names(3, velocity=True)),
        (trajectory_features(clips, 3), trajectory_feature_names(3)),
        (geometric_features(clips, neutral=True), geometric_feature_names(neutral=True)),
        (geometric_features(clips), geometric_feature_names()),
    ):
        assert len(names) == len(set(names)) == features.shape[1]
    kinds = ["displacement", "velocity", "change", "time to apex", "onset slope"]
    assert list(trajectory(clips, 3)) == kinds
    assert trajectory(clips, 3)["change"].shape == (6, 3 * len(DISTANCE_MEASURES))
    assert trajectory_feature_names(4, velocity=True)[5 * 136 + 2 * 54] == "velocity[mouth corner right, x, time=0.5]"


def test_velocity_is_optional(clips):
    with_velocity, without = trajectory(clips, 3), trajectory_features(clips, 3)
    del with_velocity["velocity"]
    np.testing.assert_array_equal(np.concatenate([*with_velocity.values()], 1), without)


def test_invalid_arguments_raise(clips):
    with pytest.raises(ValueError, match="at least 1 time step"):
        trajectory_features(clips, 0)
    for function in (trajectory_features, geometric_features):
        with pytest.raises(ValueError, match="landmarks must be"):
            function(np.zeros((3, 1, 68, 2)))
        with pytest.raises(ValueError, match="landmarks must be"):
            function(np.zeros((3, 4, 478, 3)))
        with pytest.raises(ValueError, match="unknown registration"):
            function(clips, registration="guess")
