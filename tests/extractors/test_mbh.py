"""Motion boundaries and local motion patterns as extractors: of aligned pictures, and of what they see."""

import cv2
import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.extractors.lmp import LMP
from fer_features.extractors.mbh import MBH
from fer_features.samples.table import Samples
from fer_features.vision.geometry import MEAN_FACE

BOTH = pytest.mark.parametrize("kind", [MBH, LMP])


@pytest.fixture
def clips():
    """Two clips of a texture around a face; in the second its lower half moves 3 pixels down, the first is still."""
    rng = np.random.default_rng(0)
    texture = cv2.GaussianBlur(rng.normal(size=(110, 100)), (0, 0), 2.5)
    texture = np.clip(128 + 45 * texture / texture.std(), 0, 255).astype(np.uint8)
    still, moved = texture[5:105], texture[5:105].copy()
    moved[50:] = texture[52:102]
    images = np.stack([[still, still, still], [still, still, moved]])
    landmarks = np.tile(40 * MEAN_FACE + [50, 34], (2, 3, 1, 1))
    return Samples.from_arrays(images=images, landmarks=landmarks)


@BOTH
@pytest.mark.parametrize("method", ["farneback", "dis"])
def test_a_still_clip_has_nothing_and_one_that_moves_has_something(kind, method, clips):
    found = kind(method=method).fit(clips).transform(clips)
    assert found[0].max() < 0.15
    assert found[1].max() > 0.3


def test_local_patterns_are_named_by_region_and_direction(clips):
    found = LMP().fit(clips)
    values = dict(zip(found.get_feature_names_out(), found.transform(clips)[1], strict=True))
    assert values["lmp[upper lip direction=90deg]"] == pytest.approx(np.sqrt(3), rel=0.2)  # down, by 3 pixels
    assert values["lmp[upper lip direction=270deg]"] < 0.1
    assert max(v for name, v in values.items() if "brow" in name) < 0.2


def test_boundaries_are_named_by_cell_and_component(clips):
    found = MBH(grid=4).fit(clips)
    values = dict(zip(found.get_feature_names_out(), found.transform(clips)[1], strict=True))
    # dy grows from 0 to 3 across the middle, downwards: its gradient points down, 90 degrees.
    strongest = max(values, key=values.get)
    assert "motion=y direction=90deg" in strongest
    assert strongest.startswith(("mbh[cell=1,", "mbh[cell=2,"))


def test_a_missing_neutral_frame_takes_the_landmarks_of_the_nearest(clips):
    expected = LMP().transform(clips)
    landmarks = clips["landmarks"].copy()
    landmarks[1, 0] = np.nan
    np.testing.assert_array_equal(LMP().transform(clips.with_columns(landmarks=landmarks)), expected)


@BOTH
def test_stills_are_refused(kind, clips):
    stills = Samples.from_arrays(images=clips["images"][:, :1], landmarks=clips["landmarks"][:, :1])
    with pytest.raises(FerError, match="stills"):
        kind().transform(stills)


@pytest.mark.parametrize("wrong", [{"method": "guess"}, {"side": 0}, {"reach": 0}, {"share": "no"}, {"alike": -1}])
def test_a_wrong_parameter_is_told_in_words(wrong, clips):
    with pytest.raises(FerError, match=next(iter(wrong))):
        LMP(**wrong).fit(clips)


@pytest.mark.parametrize("wrong", [{"method": "guess"}, {"grid": 0}, {"orientations": 1.5}])
def test_a_wrong_parameter_of_boundaries_is_told_in_words(wrong, clips):
    with pytest.raises(FerError, match=next(iter(wrong))):
        MBH(**wrong).fit(clips)
