"""LBP-TOP and HOG-TOP as extractors: which frames they read, what they refuse."""

import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.extractors.hogtop import HOGTOP
from fer_features.extractors.lbptop import LBPTOP
from fer_features.vision.top import hog_top, lbp_top

BOTH = pytest.mark.parametrize("kind", [LBPTOP, HOGTOP])


@pytest.fixture
def clips():
    return np.random.default_rng(0).integers(0, 255, (4, 7, 40, 44)).astype(np.uint8)


def test_roots_of_histograms_of_all_frames(clips):
    np.testing.assert_allclose(LBPTOP(1, 2, 3, 7).transform(clips) ** 2, lbp_top(clips, 1, 2, 3), atol=1e-6)
    np.testing.assert_allclose(
        HOGTOP(6, 3, True, 7).transform(clips) ** 2, hog_top(clips, 6, 3, True), rtol=1e-5, atol=1e-5
    )


@BOTH
def test_frames_are_spread_evenly_from_neutral_to_apex(kind, clips):
    np.testing.assert_array_equal(kind(frames=4).transform(clips), kind().transform(clips[:, ::2]))
    np.testing.assert_array_equal(kind(frames=50).transform(clips), kind(frames=7).transform(clips))


def test_a_clip_too_short_for_the_radius_in_time_is_described_with_a_smaller_one(clips):
    np.testing.assert_array_equal(LBPTOP(time_radius=3).transform(clips[:, :4]), LBPTOP().transform(clips[:, :4]))


@BOTH
def test_clips_without_a_middle_and_stills_are_refused(kind, clips):
    with pytest.raises(FerError, match="3 frames or more: these have 2"):
        kind().transform(clips[:, :2])
    with pytest.raises(FerError, match="stills"):
        kind().transform(clips[:, 0])
    with pytest.raises(FerError, match="frames=2"):
        kind(frames=2).transform(clips)


@BOTH
def test_names_say_cell_and_plane(kind, clips):
    still = np.repeat(clips[:1, :1], 3, axis=1)
    names, values = kind(grid=2).get_feature_names_out(), kind(grid=2).transform(still)[0]
    assert len(set(names)) == len(values)
    if kind is HOGTOP:
        moving = {n for n, v in zip(names, values, strict=True) if v > 1e-3 and "plane=xy" not in n}
        # Along x or y alone, one way or the other.
        along = ("orientation=0deg", "orientation=180deg")
        assert moving == {n for n in names if "plane=xy" not in n and any(way in n for way in along)}
