"""LBP as an extractor: several radii and grids, and names."""

import numpy as np
import pytest
import skimage.feature

from fer_features.exceptions import FerError
from fer_features.extractors import LBP
from fer_features.vision.lbp import lbp_histograms

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 2, 30, 44)).astype(np.uint8)


def test_histograms_of_each_radius_over_each_grid_are_concatenated():
    features = LBP(radius=(1, 2), grid=(3, 5)).fit_transform(IMAGES)
    expected = [LBP(radius=r, grid=g).fit_transform(IMAGES) for r in (1, 2) for g in (3, 5)]
    np.testing.assert_array_equal(features, np.concatenate(expected, 1))
    np.testing.assert_allclose(expected[0] ** 2, lbp_histograms(IMAGES[:, -1], 1, 3), atol=1e-6)


def test_patterns_are_those_of_scikit_image_with_8_points_and_method_nri_uniform():
    # At radius 1 and away from the border, where scikit-image compares with zeros as well.
    codes = skimage.feature.local_binary_pattern(IMAGES[0, -1], P=8, R=1, method="nri_uniform").astype(int)
    expected = np.bincount(codes.ravel(), minlength=59)
    histogram = LBP(radius=1, grid=1).fit_transform(IMAGES)[0] ** 2
    assert len(histogram) == len(expected) == 59
    np.testing.assert_allclose(np.sort(histogram / histogram.sum()), np.sort(expected / expected.sum()), atol=0.01)


@pytest.mark.parametrize("frame", ["apex", "apex_minus_neutral", "both"])
@pytest.mark.parametrize(("radius", "grid"), [(1, 3), ((1,), (3,)), ([1, 2], 3), (2, (3, 4)), ((1, 2, 3), (2, 4))])
def test_names_are_unique_one_per_feature(radius, grid, frame):
    extractor = LBP(radius=radius, grid=grid, frame=frame).fit(IMAGES)
    names = extractor.get_feature_names_out()
    assert len(set(names)) == len(names) == extractor.transform(IMAGES).shape[1]


def test_names_contain_cell_and_pattern_and_radius_and_grid_if_there_are_several():
    assert LBP(grid=3).get_feature_names_out()[60] == "lbp[cell=0,1 pattern=1]"
    assert LBP(radius=(1, 2), grid=3).get_feature_names_out()[-1] == "lbp[radius=2 grid=3 cell=2,2 pattern=58]"


@pytest.mark.parametrize("invalid", [{"radius": ()}, {"radius": (1, 0)}, {"grid": (2, 1.5)}, {"grid": "3"}])
def test_invalid_parameters_raise(invalid):
    with pytest.raises(FerError, match="an integer of at least 1, or a tuple of such integers"):
        LBP(**invalid).fit(IMAGES)
