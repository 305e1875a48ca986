"""LBP as a step of a pipeline: several radii and grids at once, names."""

import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.extractors import LBP
from fer_features.vision.lbp import lbp_histograms

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 2, 30, 44)).astype(np.uint8)


def test_each_radius_is_counted_over_each_grid():
    found = LBP(radius=(1, 2), grid=(3, 5)).fit(IMAGES).transform(IMAGES)
    expected = [LBP(radius=r, grid=g).fit(IMAGES).transform(IMAGES) for r in (1, 2) for g in (3, 5)]
    np.testing.assert_array_equal(found, np.concatenate(expected, 1))
    np.testing.assert_allclose(expected[0] ** 2, lbp_histograms(IMAGES[:, -1], 1, 3), atol=1e-6)


@pytest.mark.parametrize("of", ["apex", "difference", "both"])
@pytest.mark.parametrize(("radius", "grid"), [(1, 3), ((1,), (3,)), ([1, 2], 3), (2, (3, 4)), ((1, 2, 3), (2, 4))])
def test_every_feature_has_a_name_of_its_own(radius, grid, of):
    extractor = LBP(radius=radius, grid=grid, of=of).fit(IMAGES)
    names = extractor.get_feature_names_out()
    assert len(set(names)) == len(names) == extractor.transform(IMAGES).shape[1]


def test_names_tell_cell_and_pattern_and_radius_and_grid_where_there_are_several():
    assert LBP(grid=3).get_feature_names_out()[60] == "lbp[cell=0,1 pattern=1]"
    assert LBP(radius=(1, 2), grid=3).get_feature_names_out()[-1] == "lbp[radius=2 grid=3 cell=2,2 pattern=58]"


@pytest.mark.parametrize("wrong", [{"radius": ()}, {"radius": (1, 0)}, {"grid": (2, 1.5)}, {"grid": "3"}])
def test_what_is_no_whole_number_is_refused_in_words(wrong):
    with pytest.raises(FerError, match="a whole number of at least 1, or a tuple of such"):
        LBP(**wrong).fit(IMAGES)
