"""Facial measures: values that can be calculated by hand, symmetry, and geometric features of clips."""

import numpy as np
import pytest

from fer_features.vision.facial_measures import (
    DISTANCE_MEASURES,
    RATIO_OFFSET,
    RELATIVE_MEASURES,
    SHAPE_MEASURES,
    distance_measures,
    geometric_feature_names,
    geometric_features,
    shape_measures,
)
from fer_features.vision.geometry import MEAN_FACE, MIRROR_INDICES


def test_distance_measures_of_the_mean_face():
    opened = MEAN_FACE.copy()
    opened[[65, 66, 67], 1] += 0.2
    difference = distance_measures(opened) - distance_measures(MEAN_FACE)
    change = dict(zip(DISTANCE_MEASURES, difference, strict=True))
    assert change["mouth opening"] == pytest.approx(0.2)
    assert change["lower lip thickness"] == pytest.approx(-0.2)
    assert change["brow distance"] == change["eye opening"] == 0


def with_first_points(corners):
    """A shape with these first points; all others are 0."""
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
def test_shape_measures_calculated_by_hand(monkeypatch, kind, corners, expected):
    monkeypatch.setitem(SHAPE_MEASURES, "test", (kind, [list(range(len(corners)))]))
    assert shape_measures(with_first_points(corners))[-1] == pytest.approx(expected)


def test_signs_of_shape_measures_agree_with_their_names():
    changed = MEAN_FACE.copy()
    changed[65:68, 1] += 0.2  # the mouth opens
    changed[[21, 22], 1] += 0.1  # the inner ends of the brows move down
    changed[[60, 64, 48, 54], 1] -= 0.1  # the corners of the mouth move up
    changed[[37, 38, 43, 44], 1] -= 0.05  # the eyes open
    change = dict(zip(SHAPE_MEASURES, shape_measures(changed) - shape_measures(MEAN_FACE), strict=True))
    growing = ["mouth opening area", "mouth opening ratio", "slope of brow inwards", "eye area", "eye aspect ratio"]
    assert all(change[name] > 0.01 for name in growing)
    falling = ["slope of lips outwards", "mouth corner to nose wing", "inner brow to inner eye corner"]
    assert all(change[name] < -0.01 for name in falling)
    assert change["jaw angle"] == 0


def test_relative_change_is_the_logarithm_of_the_ratio():
    wide = MEAN_FACE.copy()
    wide[48:, 0] *= 1.5
    features = geometric_features(60 * np.stack([MEAN_FACE, wide])[None] + 100)[0]
    values = dict(zip(RELATIVE_MEASURES, features[-len(RELATIVE_MEASURES) :], strict=True))
    expected = np.log((0.88 * 1.5 + RATIO_OFFSET) / (0.88 + RATIO_OFFSET))
    assert values["mouth width"] == pytest.approx(expected, abs=1e-3)
    assert values["mouth area"] > 0.3
    assert values["eye area"] == pytest.approx(0, abs=1e-3)


def test_measures_are_symmetric_and_have_distinct_names():
    assert not set(DISTANCE_MEASURES) & set(SHAPE_MEASURES)
    assert set(RELATIVE_MEASURES) <= {*DISTANCE_MEASURES, *SHAPE_MEASURES}
    face = MEAN_FACE + np.random.default_rng(0).normal(0, 0.02, (68, 2))
    mirrored = face[MIRROR_INDICES] * [-1, 1]
    for measures in (distance_measures, shape_measures):
        np.testing.assert_allclose(measures(mirrored), measures(face), atol=1e-9)


def test_neutral_measures_are_optional_and_precede_the_others():
    clips = 60 * (MEAN_FACE + np.random.default_rng(0).normal(0, 0.02, (2, 3, 68, 2))) + 100
    with_neutral, without = geometric_features(clips, neutral=True), geometric_features(clips)
    n = len(DISTANCE_MEASURES) + len(SHAPE_MEASURES)
    np.testing.assert_array_equal(with_neutral[:, n:], without)
    assert geometric_feature_names(neutral=True)[n:] == geometric_feature_names()
    assert geometric_feature_names(neutral=True)[0] == "neutral[mouth width]"
