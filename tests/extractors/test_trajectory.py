"""Trajectory and geometry as extractors: blocks of features and their names."""

import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.extractors.geometry import Geometry
from fer_features.extractors.trajectory import Trajectory
from fer_features.vision.geometry import MEAN_FACE

each_class = pytest.mark.parametrize("kind", [Trajectory, Geometry])


@pytest.fixture
def points():
    rng = np.random.default_rng(0)
    neutral = 60 * (MEAN_FACE + rng.normal(0, 0.02, (5, 1, 68, 2))) + 100
    return np.float32(neutral + np.linspace(0, 1, 7)[:, None, None] * rng.normal(0, 3, (5, 1, 68, 2)))


def test_clips_of_any_length_have_the_same_number_of_features(points):
    shapes = {Trajectory().transform(points[:, :n_frames]).shape for n_frames in range(2, 8)}
    assert len(shapes) == 1


@pytest.mark.parametrize(
    ("extractor", "block"), [(Trajectory(velocity=True), "velocity"), (Geometry(neutral=True), "neutral")]
)
def test_optional_block_can_be_omitted(points, extractor, block):
    names = extractor.get_feature_names_out()
    without = type(extractor)(**{block: False})
    kept = [not name.startswith(f"{block}[") for name in names]
    assert 0 < sum(kept) < len(kept)
    assert without.get_feature_names_out().tolist() == names[kept].tolist()
    np.testing.assert_array_equal(without.transform(points), extractor.transform(points)[:, kept])


def test_names_describe_an_opening_mouth(points):
    clip = np.repeat(60 * MEAN_FACE[None, None] + 150, 5, axis=1)
    clip[0, :, 65:68, 1] += 60 * 0.2 * np.array([0, 0.25, 0.5, 0.75, 1])[:, None]
    extractor = Trajectory(4, velocity=True)
    values = dict(zip(extractor.get_feature_names_out(), extractor.transform(clip)[0], strict=True))
    assert values["displacement[inner lower lip centre, y, time=0.5]"] == pytest.approx(0.1, abs=1e-3)
    assert values["velocity[inner lower lip centre, y, time=0.25]"] == pytest.approx(0.2, abs=1e-3)
    assert values["change[mouth opening, time=1]"] == pytest.approx(0.2, abs=1e-3)
    assert values["onset slope[mouth opening]"] == pytest.approx(0.2, abs=1e-3)
    assert values["time to apex[mouth opening]"] == pytest.approx(0.9, abs=1e-3)
    extractor = Geometry(n_apex_frames=1)
    values = dict(zip(extractor.get_feature_names_out(), extractor.transform(clip)[0], strict=True))
    assert values["change[mouth opening]"] == pytest.approx(0.2, abs=1e-3)
    assert values["change[mouth opening area]"] > 0.05
    assert values["relative change[mouth opening]"] == pytest.approx(np.log(0.33 / 0.13), abs=0.02)


@each_class
def test_sample_with_landmarks_in_a_single_frame_has_no_motion(kind, points):
    points[2, [0, 1, 2, 4, 5, 6]] = np.nan
    extractor = kind().fit(points)
    values = dict(zip(extractor.get_feature_names_out(), extractor.transform(points)[2], strict=True))
    assert np.isfinite(list(values.values())).all()
    assert max(abs(v) for name, v in values.items() if name.startswith(("displacement", "change"))) < 1e-4


@each_class
def test_still_images_raise(kind, points):
    with pytest.raises(FerError, match="still images"):
        kind().transform(points[:, :1])


@pytest.mark.parametrize(
    "invalid", [{"n_steps": 0}, {"velocity": 2}, {"registration": "guess"}, {"registration_points": "ears"}]
)
def test_invalid_parameter_of_trajectory_raises(invalid, points):
    with pytest.raises(FerError, match=next(iter(invalid))):
        Trajectory(**invalid).fit(points)


@pytest.mark.parametrize(
    "invalid", [{"n_apex_frames": 0}, {"neutral": "yes"}, {"registration": "guess"}, {"registration_points": "ears"}]
)
def test_invalid_parameter_of_geometry_raises(invalid, points):
    with pytest.raises(FerError, match=next(iter(invalid))):
        Geometry(**invalid).fit(points)
