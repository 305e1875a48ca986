"""Laws of the landmark displacement: what it ignores, what it keeps, what breaks it and what does not."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fer_features.vision.displacement import (
    DEPTH,
    MEASURES,
    REGISTRATIONS,
    STEADY,
    describe,
    displacement,
    measures,
    names,
    registered,
)
from fer_features.vision.geometry import MEAN_FACE, MIRROR, mirror
from fer_features.vision.landmark_names import POINTS

EVERY = [(register, on) for register in REGISTRATIONS for on in STEADY]


@pytest.fixture
def faces():
    """Eight people, six frames each: faces unlike each other, and an expression that grows."""
    rng = np.random.default_rng(0)
    neutral = 60 * (MEAN_FACE + rng.normal(0, 0.03, (8, 1, 68, 2))) + 100
    moved = 60 * np.where(np.arange(68) < 48, 0.02, 0.1)[:, None] * rng.normal(size=(8, 1, 68, 2))
    return neutral + np.linspace(0, 1, 6)[:, None, None] * moved


def turned(points, scale=1.3, roll=0.4, shift=(17.0, -8.0)):
    c, s = scale * np.cos(roll), scale * np.sin(roll)
    return points @ np.array([[c, s], [-s, c]]) + shift


def with_frame(faces, frame, points):
    changed = faces.copy()
    changed[:, frame] = points
    return changed


@pytest.mark.parametrize(("register", "on"), EVERY)
@pytest.mark.parametrize("frame", [0, -1])
def test_ignores_a_similarity_of_either_frame(faces, register, on, frame):
    moved = displacement(with_frame(faces, frame, turned(faces[:, frame])), register, on)
    np.testing.assert_allclose(moved, displacement(faces, register, on), atol=1e-4)


quick = settings(
    deadline=None, max_examples=30, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MOVES = st.fixed_dictionaries(
    {"scale": st.floats(0.1, 10), "roll": st.floats(-3.1, 3.1), "shift": st.tuples(*[st.floats(-500, 500)] * 2)}
)


@quick
@given(MOVES, MOVES, st.sampled_from(EVERY))
def test_ignores_any_similarity_of_each_frame(faces, first, last, way):
    moved = with_frame(with_frame(faces, 0, turned(faces[:, 0], **first)), -1, turned(faces[:, -1], **last))
    np.testing.assert_allclose(displacement(moved, *way), displacement(faces, *way), atol=1e-3)


@quick
@given(MOVES, st.sampled_from(EVERY))
def test_is_zero_where_the_apex_is_any_similar_copy_of_the_neutral_frame(faces, move, way):
    still = with_frame(faces, -1, turned(faces[:, 0], **move))
    np.testing.assert_allclose(displacement(still, *way), 0, atol=1e-4)


@quick
@given(
    st.lists(st.tuples(st.integers(0, 67), st.floats(0, 6.3), st.floats(30, 2000)), min_size=2, max_size=5),
    st.sampled_from([0, -1]),
)
def test_a_few_wild_points_move_the_others_little(faces, wild, frame):
    changed = faces.copy()
    for point, angle, far in wild:  # half an inter-ocular distance away or more
        changed[:, frame, point] += [far * np.cos(angle), far * np.sin(angle)]
    difference = (displacement(changed) - displacement(faces)).reshape(-1, 68, 2)
    assert np.abs(np.delete(difference, [point for point, *_ in wild], 1)).max() < 0.1


def test_describe_ignores_a_similarity_of_every_frame(faces):
    changed = np.stack([turned(faces[:, t], 1 + 0.1 * t, 0.2 * t, (t, -3 * t)) for t in range(6)], 1)
    np.testing.assert_allclose(describe(changed), describe(faces), atol=1e-4)


@pytest.mark.parametrize(("register", "on"), EVERY)
def test_is_zero_where_the_apex_is_the_neutral_frame(faces, register, on):
    still = with_frame(faces, -1, turned(faces[:, 0], 0.8, -0.3))
    np.testing.assert_allclose(displacement(still, register, on), 0, atol=1e-5)


@pytest.mark.parametrize("register", ["affine", "affine_camera"])
def test_affine_registration_ignores_an_affine_map(faces, register):
    changed = with_frame(faces, -1, faces[:, -1] @ np.array([[1.2, 0.1], [-0.3, 0.9]]) + [5, 9])
    np.testing.assert_allclose(displacement(changed, register), displacement(faces, register), atol=1e-4)
    assert np.abs(displacement(changed, "similarity") - displacement(faces, "similarity")).max() > 0.05


def rotated_heads(faces, yaw, pitch):
    """The neutral faces with the depths of the table, turned in space and seen from afar."""
    upright = registered(faces)[:, 0]
    head = np.concatenate([upright, np.broadcast_to(DEPTH[:, None], (*upright.shape[:-1], 1))], -1)
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    about_x = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    return turned(55 * (head @ (about_x @ about_y).T)[..., :2] + 120)


@pytest.mark.parametrize("on", STEADY)
@pytest.mark.parametrize("register", ["pose", "affine_camera"])
def test_a_rigid_head_that_turns_is_not_displaced(faces, register, on):
    moved = with_frame(faces, -1, rotated_heads(faces, yaw=0.4, pitch=-0.25))
    np.testing.assert_allclose(displacement(moved, register, on), 0, atol=1e-4)
    assert np.abs(displacement(moved, "similarity", on)).max() > 0.1


def test_is_in_interocular_distances():
    face = 60 * MEAN_FACE + 100
    raised = face.copy()
    raised[51, 1] -= 6
    moved = displacement(np.stack([face, raised])[None]).reshape(68, 2)
    expected = np.zeros((68, 2))
    expected[51, 1] = -0.1
    np.testing.assert_allclose(moved, expected, atol=1e-5)


@pytest.mark.parametrize("function", [displacement, describe])
def test_rows_are_described_alone(faces, function):
    faces[3, 0, 30] += 90  # a wild point in one row is nothing to the others
    faces[5, -1, 40] -= 90
    together = function(faces)
    assert together.dtype == np.float32
    assert np.isfinite(together).all()
    for i in range(len(faces)):
        np.testing.assert_allclose(function(faces[i : i + 1])[0], together[i], atol=1e-6)
    assert function(faces[:0]).shape == (0, together.shape[1])


@pytest.mark.parametrize(("register", "on"), EVERY)
def test_a_mirrored_face_has_the_mirrored_displacement(faces, register, on):
    moved = displacement(faces, register, on).reshape(-1, 68, 2)
    flipped = displacement(mirror(faces, 200), register, on).reshape(-1, 68, 2)
    np.testing.assert_allclose(flipped, moved[:, MIRROR] * [-1, 1], atol=1e-5)


def test_measures_do_not_tell_left_from_right(faces):
    np.testing.assert_allclose(describe(mirror(faces, 200))[:, 136:], describe(faces)[:, 136:], atol=1e-5)


@pytest.mark.parametrize("frame", [0, -1])
@pytest.mark.parametrize("wild", [17, 30, 36, 39, 45, 54])
@pytest.mark.parametrize("far", [40, 1000])
def test_one_wild_point_moves_the_others_little(faces, frame, wild, far):
    changed = faces.copy()
    changed[:, frame, wild] += [far, -far]
    difference = (displacement(changed) - displacement(faces)).reshape(-1, 68, 2)
    assert np.abs(np.delete(difference, wild, 1)).max() < 0.05


def test_missing_frames_in_between_are_interpolated(faces):
    gap = faces.copy()
    gap[:, 4] = np.nan
    gap[2, 3, 5] = np.nan
    # The expression grows linearly in these faces, so interpolation recovers the gap.
    np.testing.assert_allclose(describe(gap), describe(faces), atol=1e-5)


@pytest.mark.parametrize("frame", [0, -1])
@pytest.mark.parametrize("points", [slice(None), 33])
def test_a_missing_end_gives_nan_in_its_own_row_only(faces, frame, points):
    gap = faces.copy()
    gap[3, frame, points] = np.nan
    described, others = describe(gap), np.arange(8) != 3
    assert np.isnan(described[3]).all()
    np.testing.assert_allclose(described[others], describe(faces)[others], atol=1e-6)
    assert np.isnan(describe(np.full_like(faces, np.nan))).all()


@pytest.mark.parametrize("register", REGISTRATIONS)
def test_what_is_no_face_does_not_break_the_batch(faces, register):
    broken, rng = faces.copy(), np.random.default_rng(1)
    broken[1, -1] = 50.0
    broken[2, 0] = 0.0
    broken[3, 0, 17:48] = 50.0
    broken[4, -1, 17:48] = 50.0
    broken[5] = rng.uniform(0, 200, (6, 68, 2))
    broken[6, 0] = faces[6, 0] * [1, -1]
    described, others = describe(broken, register), [0, 7]
    assert np.isnan(described[[1, 2]]).all()
    assert np.isfinite(described[5:]).all()
    np.testing.assert_allclose(described[others], describe(faces, register)[others], atol=1e-6)


def test_integer_pixels_and_two_frames_will_do(faces):
    whole = np.rint(faces).astype(np.int64)
    ends = whole[:, [0, -1]]
    np.testing.assert_allclose(displacement(ends), displacement(whole), atol=1e-6)
    assert describe(ends).shape == describe(whole).shape
    assert np.abs(displacement(whole) - displacement(faces)).max() < 0.05


def test_the_input_is_left_alone(faces):
    before = faces.copy()
    describe(faces)
    np.testing.assert_array_equal(faces, before)


def test_names_name_every_column_once(faces):
    assert len(names()) == len(set(names())) == describe(faces).shape[1] == 136 + 2 * len(MEASURES)
    assert names()[0] == "displacement[jaw 1, x]"
    assert names()[2 * 54] == "displacement[mouth corner right, x]"
    assert names()[2 * 51 + 1] == "displacement[upper lip centre, y]"
    assert names()[-1] == "apex[chin width]"


def test_points_are_named_left_and_right_as_they_stand_in_the_picture():
    assert len(set(POINTS)) == len(POINTS) == 68
    swap = {"left": "right", "right": "left"}
    for i, name in enumerate(POINTS):
        if not name.startswith("jaw"):
            assert " ".join(swap.get(word, word) for word in name.split()) == POINTS[MIRROR[i]]
            assert ("left" in name) == (MEAN_FACE[i, 0] < 0)
    # What is called inner lies nearer to the middle of the face than its outer namesake, what is upper above.
    for a, b in [("inner", "outer"), ("upper lid", "lower lid"), ("upper lip", "lower lip")]:
        for name in POINTS:
            other = name.replace(a, b)
            if a in name and other in POINTS and other != name:
                p, q = MEAN_FACE[POINTS.index(name)], MEAN_FACE[POINTS.index(other)]
                assert abs(p[0]) < abs(q[0]) if a == "inner" else p[1] < q[1]


def test_measures_of_the_mean_face():
    opened = MEAN_FACE.copy()
    opened[[65, 66, 67], 1] += 0.2
    change = dict(zip(MEASURES, measures(opened) - measures(MEAN_FACE), strict=True))
    assert change["mouth opening"] == pytest.approx(0.2)
    assert change["lower lip thickness"] == pytest.approx(-0.2)
    assert change["brow distance"] == change["eye opening"] == 0


def test_the_tables_are_symmetric():
    np.testing.assert_array_equal(DEPTH, DEPTH[MIRROR])
    np.testing.assert_allclose(MEAN_FACE, MEAN_FACE[MIRROR] * [-1, 1])
    for on in STEADY.values():
        assert set(MIRROR[on]) == set(on)


@pytest.mark.parametrize("shape", [(3, 68, 2), (3, 1, 68, 2), (3, 4, 478, 3)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="landmarks must be"):
        displacement(np.zeros(shape))


def test_no_frame_to_average_is_refused(faces):
    with pytest.raises(ValueError, match="at least 1 frame"):
        describe(faces, late=0)


def test_unknown_names_are_answered_with_the_known_ones(faces):
    with pytest.raises(ValueError, match="unknown register 'rigid': choose from similarity, affine"):
        displacement(faces, "rigid")
    with pytest.raises(ValueError, match="unknown on 'pose': choose from all"):
        displacement(faces, on="pose")
