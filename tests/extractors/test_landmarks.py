"""Laws of the landmark features: where the head is and how it is held does not matter, how the face moves does."""

import numpy as np
import pytest

from fer_features.extractors import Align, Landmarks
from fer_features.samples.table import Samples
from fer_features.vision import displacement
from fer_features.vision.geometry import MEAN_FACE

REGISTERS = pytest.mark.parametrize("register", displacement.REGISTRATIONS)
DISPLACEMENT, CHANGE = slice(0, 136), slice(136, 136 + len(displacement.MEASURES))


@pytest.fixture
def points():
    """Six people, four frames each: an expression that grows from neutral to apex."""
    rng = np.random.default_rng(0)
    neutral = 60 * (MEAN_FACE + rng.normal(0, 0.03, (6, 1, 68, 2))) + 150
    moves = 60 * np.where(np.arange(68) < 48, 0.02, 0.1)[:, None] * rng.normal(size=(6, 1, 68, 2))
    return neutral + np.linspace(0, 1, 4)[:, None, None] * moves


def turned(shape, scale=1.4, roll=0.5, shift=(20.0, -35.0)):
    c, s = scale * np.cos(roll), scale * np.sin(roll)
    return shape @ np.array([[c, s], [-s, c]]) + shift


@REGISTERS
@pytest.mark.parametrize("frame", [0, -1])
def test_displacement_ignores_a_similarity_of_either_frame(points, register, frame):
    changed = points.copy()
    changed[:, frame] = turned(points[:, frame])
    extractor = Landmarks(register=register, late=1)
    np.testing.assert_allclose(extractor.transform(changed), extractor.transform(points), atol=1e-3)


def test_ignores_a_similarity_of_its_own_in_every_frame(points):
    changed = np.stack([turned(points[:, t], 0.8 + 0.2 * t, 0.3 * t, (5 * t, -9 * t)) for t in range(4)], 1)
    np.testing.assert_allclose(Landmarks().transform(changed), Landmarks().transform(points), atol=1e-3)


@REGISTERS
def test_nothing_is_displaced_or_changed_where_the_apex_is_the_neutral_frame(points, register):
    still = np.repeat(points[:, :1], 3, axis=1)
    still[:, 1:] = turned(still[:, 1:])
    found = Landmarks(register=register).transform(still)
    np.testing.assert_allclose(found[:, DISPLACEMENT], 0, atol=1e-4)
    np.testing.assert_allclose(found[:, CHANGE], 0, atol=1e-4)
    assert np.abs(found[:, CHANGE.stop :]).max() > 0.1  # what the face measures is there all the same


def test_mouth_corners_that_rise_are_displaced_up_by_as_much_as_they_rise():
    points = np.repeat(60 * MEAN_FACE[None, None] + 150, 2, axis=1)
    points[0, 1, [48, 54], 1] -= 6  # a tenth of the inter-ocular distance
    found = Landmarks().transform(points)[0]
    values = dict(zip(Landmarks().get_feature_names_out(), found, strict=True))
    moved = {name: value for name, value in values.items() if name.startswith("displacement") and abs(value) > 0.05}
    assert moved == {name: pytest.approx(-0.1, abs=0.01) for name in moved}
    assert sorted(moved) == ["displacement[mouth corner left, y]", "displacement[mouth corner right, y]"]
    assert values["change[mouth corners below mouth centre]"] == pytest.approx(-0.1, abs=0.01)


def test_a_stronger_expression_is_a_longer_displacement_in_the_same_direction(points):
    half = points[:, [0, -1]].copy()
    half[:, 1] = (half[:, 0] + half[:, 1]) / 2
    full, partial = (Landmarks("similarity", late=1).transform(p)[:, DISPLACEMENT] for p in (points[:, [0, -1]], half))
    ratio = np.linalg.norm(partial, axis=1) / np.linalg.norm(full, axis=1)
    np.testing.assert_allclose(ratio, 0.5, atol=0.1)
    assert ((partial * full).sum(1) > 0.95 * np.linalg.norm(partial, axis=1) * np.linalg.norm(full, axis=1)).all()


def test_alignment_of_the_pictures_does_not_change_them(points):
    X = Samples.from_arrays(images=np.zeros((6, 4, 30, 30), np.uint8), landmarks=points)
    expected = Landmarks().transform(X)
    for method in ("eyes", "procrustes", "none"):
        np.testing.assert_allclose(Landmarks().transform(Align(method).transform(X)), expected, atol=1e-3)


def test_a_frame_without_landmarks_at_an_end_is_bridged_and_a_clip_without_any_is_nan(points):
    points[2, 0] = np.nan
    points[3, -1] = 0
    points[4] = 0
    found = Landmarks().transform(points)
    assert np.isnan(found[4]).all()
    assert np.isfinite(found[[0, 1, 2, 3, 5]]).all()
    bridged = points.copy()
    bridged[2, 0], bridged[3, -1] = points[2, 1], points[3, -2]
    np.testing.assert_allclose(found[[2, 3]], Landmarks().transform(bridged)[[2, 3]], atol=1e-5)


def test_measures_are_means_over_the_last_frames(points):
    late = {n: Landmarks("similarity", late=n).transform(points) for n in (1, 2, 3, 9)}
    np.testing.assert_array_equal(late[1][:, DISPLACEMENT], late[3][:, DISPLACEMENT])
    np.testing.assert_array_equal(late[3], late[9])  # there are three after the neutral frame
    single = [Landmarks("similarity", late=1).transform(points[:, : t + 1])[:, CHANGE] for t in (2, 3)]
    np.testing.assert_allclose(late[2][:, CHANGE], np.mean(single, 0), atol=1e-5)


def test_a_mesh_is_described_by_its_68_points(points):
    from fer_features.vision.geometry import MESH_TO_68

    mesh = np.random.default_rng(1).uniform(0, 300, (6, 4, 478, 3))
    mesh[:, :, MESH_TO_68, :2] = points
    np.testing.assert_array_equal(Landmarks().transform(mesh), Landmarks().transform(points))
