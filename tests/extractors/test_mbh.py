"""Motion boundary histograms and local motion patterns as extractors."""

import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.extractors.lmp import LMP
from fer_features.extractors.mbh import MBH
from fer_features.samples.table import Samples
from fer_features.vision.geometry import MEAN_FACE

from .samples import texture

each_class = pytest.mark.parametrize("kind", [MBH, LMP])


@pytest.fixture(scope="module")
def clips():
    """Two clips of a texture around a face. The first is still; in the second the lower half moves 3 pixels down."""
    image = texture(np.random.default_rng(0), 110, 100)
    still, moved = image[5:105], image[5:105].copy()
    moved[50:] = image[52:102]
    images = np.stack([[still, still, still], [still, still, moved]])
    landmarks = np.tile(40 * MEAN_FACE + [50, 34], (2, 3, 1, 1))
    return Samples.from_arrays(images=images, landmarks=landmarks)


@each_class
@pytest.mark.parametrize("method", ["farneback", "dis"])
def test_features_are_small_for_a_still_clip_and_large_for_a_moving_one(kind, method, clips):
    features = kind(method=method).fit(clips).transform(clips)
    assert features[0].max() < 0.15
    assert features[1].max() > 0.3


def test_names_of_local_motion_patterns_contain_region_and_direction(clips):
    extractor = LMP().fit(clips)
    values = dict(zip(extractor.get_feature_names_out(), extractor.transform(clips)[1], strict=True))
    assert values["lmp[upper lip direction=90deg]"] == pytest.approx(np.sqrt(3), rel=0.2)  # 3 pixels down
    assert values["lmp[upper lip direction=270deg]"] < 0.1
    assert max(v for name, v in values.items() if "brow" in name) < 0.2


def test_names_of_motion_boundaries_contain_cell_and_component(clips):
    extractor = MBH(grid=4).fit(clips)
    values = dict(zip(extractor.get_feature_names_out(), extractor.transform(clips)[1], strict=True))
    # dy grows from 0 to 3 downwards across the middle, so its gradient points down, at 90 degrees.
    strongest = max(values, key=values.get)
    assert "motion=y direction=90deg" in strongest
    assert strongest.startswith(("mbh[cell=1,", "mbh[cell=2,"))


def test_neutral_frame_without_landmarks_uses_those_of_the_nearest_frame(clips):
    expected = LMP().transform(clips)
    landmarks = clips["landmarks"].copy()
    landmarks[1, 0] = np.nan
    np.testing.assert_array_equal(LMP().transform(clips.with_columns(landmarks=landmarks)), expected)


@each_class
def test_still_images_raise(kind, clips):
    stills = Samples.from_arrays(images=clips["images"][:, :1], landmarks=clips["landmarks"][:, :1])
    with pytest.raises(FerError, match="still images"):
        kind().transform(stills)


@pytest.mark.parametrize(
    "invalid",
    [{"method": "guess"}, {"patch_size": 0}, {"max_spread": 0}, {"min_fraction": "no"}, {"min_similarity": -1}],
)
def test_invalid_parameter_of_local_motion_patterns_raises(invalid, clips):
    with pytest.raises(FerError, match=next(iter(invalid))):
        LMP(**invalid).fit(clips)


@pytest.mark.parametrize("invalid", [{"method": "guess"}, {"grid": 0}, {"orientations": 1.5}])
def test_invalid_parameter_of_motion_boundaries_raises(invalid, clips):
    with pytest.raises(FerError, match=next(iter(invalid))):
        MBH(**invalid).fit(clips)
