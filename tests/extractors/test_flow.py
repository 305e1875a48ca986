"""Optical flow along the clip, for the extractors that offer a choice of frame pairs."""

import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.extractors.flow import Flow
from fer_features.extractors.mbh import MBH

from .samples import draw_arrays

each_class = pytest.mark.parametrize("kind", [Flow, MBH])
IMAGES = draw_arrays(4)["images"]


@each_class
def test_all_pairs_of_a_clip_of_two_frames_are_its_apex(kind):
    two = IMAGES[:, [0, -1]]
    np.testing.assert_array_equal(kind(pairs="clip").fit_transform(two), kind(pairs="apex").fit_transform(two))


@each_class
def test_histograms_of_a_clip_are_the_mean_of_those_of_its_pairs(kind):
    pairs = [kind().fit_transform(IMAGES[:, [0, t]]) ** 2 for t in range(1, IMAGES.shape[1])]
    np.testing.assert_allclose(kind(pairs="clip").fit_transform(IMAGES) ** 2, np.mean(pairs, 0), atol=1e-6)


@each_class
def test_order_and_repetition_of_the_frames_after_the_neutral_one_do_not_matter(kind):
    expected = kind(pairs="clip").fit_transform(IMAGES)
    repeated = np.concatenate([IMAGES[:, :1], IMAGES[:, :0:-1], IMAGES[:, 1:]], 1)
    extractor = kind(pairs="clip").fit(repeated)
    np.testing.assert_allclose(extractor.transform(repeated), expected, atol=1e-6)
    assert len(extractor.get_feature_names_out()) == expected.shape[1]


@each_class
def test_still_images_and_unknown_pairs_raise(kind):
    with pytest.raises(FerError, match="still images"):
        kind(pairs="clip").fit_transform(IMAGES[:, :1])
    with pytest.raises(FerError, match="pairs='all'"):
        kind(pairs="all").fit(IMAGES)
