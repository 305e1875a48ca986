"""Trajectory and geometry as extractors: which parts they tell, under which names."""

import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.extractors.geometry import Geometry
from fer_features.extractors.trajectory import Trajectory
from fer_features.vision.geometry import MEAN_FACE

BOTH = pytest.mark.parametrize("kind", [Trajectory, Geometry])


@pytest.fixture
def points():
    rng = np.random.default_rng(0)
    neutral = 60 * (MEAN_FACE + rng.normal(0, 0.02, (5, 1, 68, 2))) + 100
    return np.float32(neutral + np.linspace(0, 1, 7)[:, None, None] * rng.normal(0, 3, (5, 1, 68, 2)))


def test_clips_of_any_length_have_as_many_features(points):
    shapes = {Trajectory().transform(points[:, :frames]).shape for frames in range(2, 8)}
    assert len(shapes) == 1


def test_parts_can_be_left_out(points):
    for kind, part in ((Trajectory(velocity=True), "velocity"), (Geometry(neutral=True), "neutral")):
        names = kind.get_feature_names_out()
        without = type(kind)(**{part: False})
        kept = [not name.startswith(f"{part}[") for name in names]
        assert 0 < sum(kept) < len(kept)
        assert without.get_feature_names_out().tolist() == names[kept].tolist()
        np.testing.assert_array_equal(without.transform(points), kind.transform(points)[:, kept])


def test_a_mouth_that_opens_is_named(points):
    clip = np.repeat(60 * MEAN_FACE[None, None] + 150, 5, axis=1)
    clip[0, :, 65:68, 1] += 60 * 0.2 * np.array([0, 0.25, 0.5, 0.75, 1])[:, None]
    found = Trajectory(4, velocity=True)
    values = dict(zip(found.get_feature_names_out(), found.transform(clip)[0], strict=True))
    assert values["displacement[inner lower lip centre, y, time=0.5]"] == pytest.approx(0.1, abs=1e-3)
    assert values["velocity[inner lower lip centre, y, time=0.25]"] == pytest.approx(0.2, abs=1e-3)
    assert values["change[mouth opening, time=1]"] == pytest.approx(0.2, abs=1e-3)
    assert values["onset slope[mouth opening]"] == pytest.approx(0.2, abs=1e-3)
    assert values["time to apex[mouth opening]"] == pytest.approx(0.9, abs=1e-3)
    found = Geometry(late=1)
    values = dict(zip(found.get_feature_names_out(), found.transform(clip)[0], strict=True))
    assert values["change[mouth opening]"] == pytest.approx(0.2, abs=1e-3)
    assert values["change[mouth opening area]"] > 0.05
    assert values["relative change[mouth opening]"] == pytest.approx(np.log(0.33 / 0.13), abs=0.02)


@BOTH
def test_a_row_with_a_single_frame_seen_does_not_move(kind, points):
    points[2, [0, 1, 2, 4, 5, 6]] = np.nan
    found = kind().fit(points)
    values = dict(zip(found.get_feature_names_out(), found.transform(points)[2], strict=True))
    assert np.isfinite(list(values.values())).all()
    assert max(abs(v) for name, v in values.items() if name.startswith(("displacement", "change"))) < 1e-4


@BOTH
def test_stills_are_refused(kind, points):
    with pytest.raises(FerError, match="stills"):
        kind().transform(points[:, :1])


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"velocity": 2}, {"register": "guess"}, {"on": "ears"}])
def test_a_wrong_parameter_is_told_in_words(wrong, points):
    with pytest.raises(FerError, match=next(iter(wrong))):
        Trajectory(**wrong).fit(points)


@pytest.mark.parametrize("wrong", [{"late": 0}, {"neutral": "yes"}, {"register": "guess"}, {"on": "ears"}])
def test_a_wrong_parameter_of_geometry_is_told_in_words(wrong, points):
    with pytest.raises(FerError, match=next(iter(wrong))):
        Geometry(**wrong).fit(points)
