"""Landmark features: invariant to head motion, and sensitive to facial motion."""

import numpy as np
import pytest

from fer_features.extractors import Align, Landmarks
from fer_features.samples.table import Samples
from fer_features.vision.facial_measures import DISTANCE_MEASURES
from fer_features.vision.geometry import MEAN_FACE, MEDIAPIPE_TO_IBUG68
from fer_features.vision.registration import REGISTRATIONS

each_registration = pytest.mark.parametrize("registration", REGISTRATIONS)
DISPLACEMENT, CHANGE = slice(0, 136), slice(136, 136 + len(DISTANCE_MEASURES))


@pytest.fixture
def points():
    """Six subjects, four frames each: an expression that grows from neutral to apex."""
    rng = np.random.default_rng(0)
    neutral = 60 * (MEAN_FACE + rng.normal(0, 0.03, (6, 1, 68, 2))) + 150
    motion = 60 * np.where(np.arange(68) < 48, 0.02, 0.1)[:, None] * rng.normal(size=(6, 1, 68, 2))
    return neutral + np.linspace(0, 1, 4)[:, None, None] * motion


def transformed(shape, scale=1.4, roll=0.5, shift=(20.0, -35.0)):
    c, s = scale * np.cos(roll), scale * np.sin(roll)
    return shape @ np.array([[c, s], [-s, c]]) + shift


@each_registration
@pytest.mark.parametrize("frame", [0, -1])
def test_features_are_invariant_to_a_similarity_of_either_frame(points, registration, frame):
    changed = points.copy()
    changed[:, frame] = transformed(points[:, frame])
    extractor = Landmarks(registration=registration, n_apex_frames=1)
    np.testing.assert_allclose(extractor.transform(changed), extractor.transform(points), atol=1e-3)


def test_features_are_invariant_to_different_similarities_of_all_frames(points):
    changed = np.stack([transformed(points[:, t], 0.8 + 0.2 * t, 0.3 * t, (5 * t, -9 * t)) for t in range(4)], 1)
    np.testing.assert_allclose(Landmarks().transform(changed), Landmarks().transform(points), atol=1e-3)


@each_registration
def test_displacement_and_change_are_zero_where_the_apex_is_the_neutral_face(points, registration):
    still = np.repeat(points[:, :1], 3, axis=1)
    still[:, 1:] = transformed(still[:, 1:])
    features = Landmarks(registration=registration).transform(still)
    np.testing.assert_allclose(features[:, DISPLACEMENT], 0, atol=1e-4)
    np.testing.assert_allclose(features[:, CHANGE], 0, atol=1e-4)
    assert np.abs(features[:, CHANGE.stop :]).max() > 0.1  # the measures at the apex do not vanish


def test_raised_mouth_corners_are_displaced_upwards_by_the_same_amount():
    points = np.repeat(60 * MEAN_FACE[None, None] + 150, 2, axis=1)
    points[0, 1, [48, 54], 1] -= 6  # a tenth of the interocular distance
    features = Landmarks().transform(points)[0]
    values = dict(zip(Landmarks().get_feature_names_out(), features, strict=True))
    moved = {name: value for name, value in values.items() if name.startswith("displacement") and abs(value) > 0.05}
    assert moved == {name: pytest.approx(-0.1, abs=0.01) for name in moved}
    assert sorted(moved) == ["displacement[mouth corner left, y]", "displacement[mouth corner right, y]"]
    assert values["change[mouth corners below mouth centre]"] == pytest.approx(-0.1, abs=0.01)


def test_stronger_expression_has_a_longer_displacement_in_the_same_direction(points):
    half = points[:, [0, -1]].copy()
    half[:, 1] = (half[:, 0] + half[:, 1]) / 2
    extractor = Landmarks("similarity", n_apex_frames=1)
    full, partial = (extractor.transform(p)[:, DISPLACEMENT] for p in (points[:, [0, -1]], half))
    ratio = np.linalg.norm(partial, axis=1) / np.linalg.norm(full, axis=1)
    np.testing.assert_allclose(ratio, 0.5, atol=0.1)
    assert ((partial * full).sum(1) > 0.95 * np.linalg.norm(partial, axis=1) * np.linalg.norm(full, axis=1)).all()


def test_features_do_not_depend_on_the_alignment_of_the_images(points):
    X = Samples.from_arrays(images=np.zeros((6, 4, 300, 300), np.uint8), landmarks=points)
    expected = Landmarks().transform(X)
    for method in ("eyes", "procrustes", "none"):
        np.testing.assert_allclose(Landmarks().transform(Align(method).transform(X)), expected, atol=1e-3)


def test_missing_end_frame_is_replaced_by_its_neighbour_and_clip_without_landmarks_is_nan(points):
    points[2, 0] = np.nan
    points[3, -1] = 0
    points[4] = 0
    features = Landmarks().transform(points)
    assert np.isnan(features[4]).all()
    assert np.isfinite(features[[0, 1, 2, 3, 5]]).all()
    filled = points.copy()
    filled[2, 0], filled[3, -1] = points[2, 1], points[3, -2]
    np.testing.assert_allclose(features[[2, 3]], Landmarks().transform(filled)[[2, 3]], atol=1e-5)


def test_measures_are_means_over_the_last_frames(points):
    features = {n: Landmarks("similarity", n_apex_frames=n).transform(points) for n in (1, 2, 3, 9)}
    np.testing.assert_array_equal(features[1][:, DISPLACEMENT], features[3][:, DISPLACEMENT])
    np.testing.assert_array_equal(features[3], features[9])  # three frames follow the neutral frame
    single = [Landmarks("similarity", n_apex_frames=1).transform(points[:, : t + 1])[:, CHANGE] for t in (2, 3)]
    np.testing.assert_allclose(features[2][:, CHANGE], np.mean(single, 0), atol=1e-5)


def test_face_mesh_is_reduced_to_its_68_points(points):
    mesh = np.random.default_rng(1).uniform(0, 300, (6, 4, 478, 3))
    mesh[:, :, MEDIAPIPE_TO_IBUG68, :2] = points
    np.testing.assert_array_equal(Landmarks().transform(mesh), Landmarks().transform(points))
