"""LBP-TOP and HOG-TOP as extractors: frames, refused clips, and names."""

import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.extractors.hogtop import HOGTOP
from fer_features.extractors.lbptop import LBPTOP
from fer_features.vision.top import hog_top, lbp_top

each_class = pytest.mark.parametrize("kind", [LBPTOP, HOGTOP])


@pytest.fixture(scope="module")
def clips():
    return np.random.default_rng(0).integers(0, 255, (4, 7, 40, 44)).astype(np.uint8)


def test_features_are_square_roots_of_the_histograms_of_all_frames(clips):
    np.testing.assert_allclose(LBPTOP(1, 2, 3, 7).transform(clips) ** 2, lbp_top(clips, 1, 2, 3), atol=1e-6)
    np.testing.assert_allclose(
        HOGTOP(6, 3, True, 7).transform(clips) ** 2, hog_top(clips, 6, 3, True), rtol=1e-5, atol=1e-5
    )


@each_class
def test_frames_are_spread_evenly_from_neutral_to_apex(kind, clips):
    np.testing.assert_array_equal(kind(n_frames=4).transform(clips), kind().transform(clips[:, ::2]))
    np.testing.assert_array_equal(kind(n_frames=50).transform(clips), kind(n_frames=7).transform(clips))


def test_time_radius_is_reduced_for_clips_that_are_too_short_for_it(clips):
    np.testing.assert_array_equal(LBPTOP(time_radius=3).transform(clips[:, :4]), LBPTOP().transform(clips[:, :4]))


@each_class
def test_still_images_clips_of_two_frames_and_too_few_frames_raise(kind, clips):
    with pytest.raises(FerError, match="3 frames or more, but these have 2"):
        kind().transform(clips[:, :2])
    with pytest.raises(FerError, match="still images"):
        kind().transform(clips[:, 0])
    with pytest.raises(FerError, match="n_frames=2"):
        kind(n_frames=2).transform(clips)


@each_class
def test_names_contain_cell_and_plane(kind, clips):
    still = np.repeat(clips[:1, :1], 3, axis=1)
    names, values = kind(grid=2).get_feature_names_out(), kind(grid=2).transform(still)[0]
    assert len(set(names)) == len(values)
    if kind is HOGTOP:
        nonzero = {n for n, v in zip(names, values, strict=True) if v > 1e-3 and "plane=xy" not in n}
        # Without motion, gradients on the other planes are along x or y, in both directions.
        spatial = ("orientation=0deg", "orientation=180deg")
        assert nonzero == {n for n in names if "plane=xy" not in n and any(direction in n for direction in spatial)}
