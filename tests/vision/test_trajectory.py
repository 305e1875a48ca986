"""Laws of trajectories and of what a face measures: head motion does not matter, constant speed is constant."""

import numpy as np
import pytest

from fer_features.vision.displacement import MEASURES, displacement
from fer_features.vision.geometry import MEAN_FACE, MIRROR, mirror
from fer_features.vision.trajectory import (
    FORMS,
    PARTS,
    RELATIVE,
    forms,
    geometry,
    geometry_names,
    resampled,
    timing,
    trajectory,
    trajectory_names,
)

BOTH = pytest.mark.parametrize("function", [trajectory, geometry])


@pytest.fixture
def ends():
    """Six people, neutral and apex."""
    rng = np.random.default_rng(0)
    neutral = 60 * (MEAN_FACE + rng.normal(0, 0.02, (6, 68, 2))) + 100
    # Only what no registration rests on moves, so that frames are registered alike at any strength.
    return neutral, neutral + 60 * np.where(np.arange(68) < 48, 0.0, 0.06)[:, None] * rng.normal(size=(6, 68, 2))


def played(ends, at):
    """Clips whose expression has the strengths `at`."""
    neutral, apex = (points[:, None] for points in ends)
    return neutral + np.asarray(at)[:, None, None] * (apex - neutral)


@pytest.fixture
def clips(ends):
    return played(ends, [0, 0.1, 0.4, 0.8, 0.9, 1])


def turned(points, scale=1.3, roll=0.4, shift=(17.0, -8.0)):
    c, s = scale * np.cos(roll), scale * np.sin(roll)
    return points @ np.array([[c, s], [-s, c]]) + shift


def same(found, expected, atol=1e-4):
    assert found.keys() == expected.keys()
    for part in expected:
        np.testing.assert_allclose(found[part], expected[part], atol=atol, rtol=1e-3, err_msg=part)


@BOTH
def test_ignores_a_similarity_of_every_frame(clips, function):
    moved = np.stack([turned(clips[:, t], 1 + 0.1 * t, 0.2 * t, (t, -3 * t)) for t in range(6)], 1)
    same(function(moved), function(clips))


def test_the_last_time_step_is_the_displacement(clips):
    found = trajectory(clips, 4)["displacement"].reshape(6, 4, 136)
    np.testing.assert_allclose(found[:, -1], displacement(clips), atol=1e-6)


@pytest.mark.parametrize("frames", [2, 3, 10, 26])
def test_a_clip_played_at_constant_speed_has_constant_velocity_whatever_its_length(ends, frames):
    found = trajectory(played(ends, np.linspace(0, 1, frames)), 5)
    velocity = found["velocity"].reshape(6, 5, 136)
    np.testing.assert_allclose(velocity, np.repeat(velocity[:, :1], 5, axis=1), atol=1e-4)
    whole = found["displacement"].reshape(6, 5, 136)[:, -1]
    np.testing.assert_allclose(velocity[:, 0], whole, atol=1e-4)
    shortest = trajectory(played(ends, [0, 1]), 5)
    for part in ("displacement", "velocity"):
        np.testing.assert_allclose(found[part], shortest[part], atol=1e-4)


def test_a_clip_that_jumps_late_moves_late(ends):
    early = trajectory(played(ends, [0, 1, 1, 1, 1]), 4)
    late = trajectory(played(ends, [0, 0, 0, 0, 1]), 4)
    for clip, step in ((early, 0), (late, 3)):
        speed = np.abs(clip["velocity"].reshape(6, 4, 136)).mean((0, 2))
        assert speed[step] > 0.01
        assert np.delete(speed, step).max() < 1e-5
    moving = np.abs(early["change"].reshape(6, 4, -1)[:, -1]) > 1e-3
    (first, steep), (last, also_steep) = (
        np.moveaxis(clip["timing"].reshape(6, 2, len(MEASURES)), 1, 0) for clip in (early, late)
    )
    np.testing.assert_allclose(first[moving], 0.9 / 4, atol=1e-3)
    np.testing.assert_allclose(last[moving], 3.9 / 4, atol=1e-3)
    assert (np.abs(steep[moving]) > 4 * np.abs(also_steep[moving])).all()


def test_timing_worked_by_hand():
    # 9 tenths of 10 are reached half way from 8 (t = 2 of 5) to 10; of -4 at 2.6 of 5, between -0 and -4 at t = 3;
    # what does not move has no slope.
    course = np.array([[4, 8, 10, 9, 10], [0, 0, -4, -2, -1], [0, 0, 0, 0, 0]], float).T[None]
    apex, slope = timing(course)
    np.testing.assert_allclose(apex, [[2.5 / 5, 2.9 / 5, 1]])
    np.testing.assert_allclose(slope, [[9 / 0.5, -3.6 / 0.58, 0]])


def test_resampling_worked_by_hand():
    course = np.array([1.0, 4.0])[None, :, None]  # 0 at time 0, 1 at half time, 4 at the apex
    assert resampled(course, 1).ravel().tolist() == [4]
    assert resampled(course, 2).ravel().tolist() == [1, 4]
    np.testing.assert_allclose(resampled(course, 4).ravel(), [0.5, 1, 2.5, 4])
    np.testing.assert_allclose(resampled(course, 3).ravel(), [2 / 3, 2, 4])


@BOTH
def test_missing_frames_are_interpolated_and_missing_ends_repeated(ends, clips, function):
    even = played(ends, np.linspace(0, 1, 6))
    gap = even.copy()
    gap[:, 3] = np.nan
    gap[2, 4, 5] = np.nan
    same(function(gap), function(even), atol=2e-3)
    cut = clips.copy()
    cut[:, 0] = np.nan
    cut[:, 5, 7] = np.nan
    repeated = clips.copy()
    repeated[:, 0], repeated[:, 5] = clips[:, 1], clips[:, 4]
    same(function(cut), function(repeated))


@BOTH
def test_what_cannot_be_read_is_nan_in_its_own_row_only(clips, function):
    gap = clips.copy()
    gap[1] = np.nan
    gap[3, 0] = 50.0
    gap[4, 2] = 50.0  # a frame in the middle that is no face is filled
    found, expected, others = function(gap), function(clips), [0, 2, 5]
    for part in expected:
        assert np.isnan(found[part][[1, 3]]).all()
        assert np.isfinite(found[part][4]).all()
        np.testing.assert_allclose(found[part][others], expected[part][others], atol=1e-5)


@BOTH
def test_rows_are_described_alone_and_the_input_is_left_alone(clips, function):
    before = clips.copy()
    together = function(clips)
    for i in range(len(clips)):
        same(function(clips[i : i + 1]), {part: values[i : i + 1] for part, values in together.items()}, 1e-5)
    assert all(values.shape[0] == 0 for values in function(clips[:0]).values())
    assert all(values.dtype == np.float32 for values in together.values())
    np.testing.assert_array_equal(clips, before)


def test_measures_do_not_tell_left_from_right(clips):
    same(geometry(mirror(clips, 300)), geometry(clips))
    for part in ("change", "timing"):
        np.testing.assert_allclose(trajectory(mirror(clips, 300))[part], trajectory(clips)[part], atol=1e-3, rtol=1e-2)


def test_a_mirrored_clip_has_the_mirrored_trajectory(clips):
    for part in ("displacement", "velocity"):
        there, back = (trajectory(c, 3)[part].reshape(6, 3, 68, 2) for c in (clips, mirror(clips, 300)))
        np.testing.assert_allclose(back, there[:, :, MIRROR] * [-1, 1], atol=1e-4)


def square(corners):
    """A face whose first points are these."""
    shape = np.zeros((68, 2))
    shape[: len(corners)] = corners
    return shape


@pytest.mark.parametrize(
    ("kind", "corners", "expected"),
    [
        ("distance", [(0, 0), (3, 4)], 5),
        ("area", [(0, 0), (2, 0), (2, 1), (0, 1)], 2),
        ("area", [(0, 1), (2, 1), (2, 0), (0, 0)], 2),
        ("angle", [(1, 0), (0, 0), (0, 5)], np.pi / 2),
        ("angle", [(1, 0), (0, 0), (-1, -1)], 3 * np.pi / 4),
        ("slope", [(0, 0), (2, 2)], np.pi / 4),
        ("slope", [(0, 0), (-2, 2)], np.pi / 4),
        ("slope", [(0, 0), (-2, -2)], -np.pi / 4),
        ("ratio", [(0, 0), (4, 0), (1, 1), (1, -1), (2, 1), (2, 0)], 1.5 / 4),
    ],
)
def test_forms_worked_by_hand(monkeypatch, kind, corners, expected):
    monkeypatch.setitem(FORMS, "test", (kind, [list(range(len(corners)))]))
    assert forms(square(corners))[-1] == pytest.approx(expected)


def test_what_a_face_does_is_measured_in_the_sense_of_the_name():
    changed = MEAN_FACE.copy()
    changed[65:68, 1] += 0.2  # the mouth opens
    changed[[21, 22], 1] += 0.1  # the brows go down at their inner ends
    changed[[60, 64, 48, 54], 1] -= 0.1  # the corners of the mouth go up
    changed[[37, 38, 43, 44], 1] -= 0.05  # the eyes open
    change = dict(zip(FORMS, forms(changed) - forms(MEAN_FACE), strict=True))
    growing = ["mouth opening area", "mouth opening ratio", "slope of brow inwards", "eye area", "eye aspect ratio"]
    assert all(change[name] > 0.01 for name in growing)
    falling = ["slope of lips outwards", "mouth corner to nose wing", "inner brow to inner eye corner"]
    assert all(change[name] < -0.01 for name in falling)
    assert change["jaw angle"] == 0


def test_relative_change_tells_doubling_from_growth():
    wide = MEAN_FACE.copy()
    wide[48:, 0] *= 1.5
    found = geometry(60 * np.stack([MEAN_FACE, wide])[None] + 100)["relative change"][0]
    values = dict(zip(RELATIVE, found, strict=True))
    assert values["mouth width"] == pytest.approx(np.log((0.88 * 1.5 + 0.05) / 0.93), abs=1e-3)
    assert values["mouth area"] > 0.3
    assert values["eye area"] == pytest.approx(0, abs=1e-3)


def test_tables_are_symmetric_and_name_every_measure_once():
    assert not set(MEASURES) & set(FORMS)
    assert set(RELATIVE) <= {*MEASURES, *FORMS}
    mirrored = MEAN_FACE + np.random.default_rng(0).normal(0, 0.02, (68, 2))
    np.testing.assert_allclose(forms(mirrored[MIRROR] * [-1, 1]), forms(mirrored), atol=1e-9)


def test_names_name_every_column_once(clips):
    for found, names in ((trajectory(clips, 3), trajectory_names(3)), (geometry(clips), geometry_names())):
        assert list(names) == list(found)
        every = [name for part in names.values() for name in part]
        assert len(set(every)) == len(every)
        assert {part: len(values) for part, values in names.items()} == {p: v.shape[1] for p, v in found.items()}
    assert list(trajectory_names(3)) == list(PARTS)
    assert trajectory_names(4)["velocity"][136 + 2 * 54] == "velocity[mouth corner right, x, time=0.5]"


def test_no_step_and_other_shapes_are_refused(clips):
    with pytest.raises(ValueError, match="at least 1 time step"):
        trajectory(clips, 0)
    for function in (trajectory, geometry):
        with pytest.raises(ValueError, match="landmarks must be"):
            function(np.zeros((3, 1, 68, 2)))
        with pytest.raises(ValueError, match="landmarks must be"):
            function(np.zeros((3, 4, 478, 3)))
        with pytest.raises(ValueError, match="unknown register"):
            function(clips, register="guess")
