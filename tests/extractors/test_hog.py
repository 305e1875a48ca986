"""HOG as a step of a pipeline: several sizes of cells at once, signed gradients, names."""

import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.extractors import HOG
from fer_features.vision.hog import hog

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 2, 40, 56)).astype(np.uint8)


@pytest.mark.parametrize("signed", [False, True])
def test_several_sizes_of_cells_stand_side_by_side(signed):
    found = HOG(cell=(8, 5), signed=signed).fit(IMAGES).transform(IMAGES)
    expected = [HOG(cell=cell, signed=signed).fit(IMAGES).transform(IMAGES) for cell in (8, 5)]
    np.testing.assert_array_equal(found, np.concatenate(expected, 1))
    np.testing.assert_array_equal(expected[0], hog(IMAGES[:, -1], cell=8, signed=signed))


@pytest.mark.parametrize("of", ["apex", "difference", "both"])
@pytest.mark.parametrize("cell", [8, (8,), (8, 5), [20, 10, 4]])
def test_each_of_several_sizes_has_names_of_its_own(cell, of):
    extractor = HOG(cell=cell, of=of).fit(IMAGES)
    names = extractor.get_feature_names_out()
    assert len(set(names)) == len(names) == extractor.transform(IMAGES).shape[1]


def test_names_tell_block_cell_and_orientation_and_the_size_where_there_are_several():
    assert HOG(cell=20).fit(IMAGES).get_feature_names_out()[10] == "hog[block=0,0 cell=0,1 orientation=20deg]"
    names = HOG(cell=(20, 10), orientations=4, signed=True).fit(IMAGES).get_feature_names_out()
    assert names[1] == "hog[size=20 block=0,0 cell=0,0 orientation=90deg]"
    assert names[-1] == "hog[size=10 block=2,3 cell=3,4 orientation=270deg]"


@pytest.mark.parametrize("cell", [(), (8, 0), (8, 2.5), (8, True), "8", None, ((8,),)])
def test_sizes_that_are_no_whole_numbers_are_refused_in_words(cell):
    with pytest.raises(FerError, match="a whole number of at least 1, or a tuple of such"):
        HOG(cell=cell).fit(IMAGES)


def test_a_size_too_large_for_the_picture_is_refused_though_others_fit():
    with pytest.raises(ValueError, match="picture of 56 x 40"):
        HOG(cell=(8, 40)).fit(IMAGES).transform(IMAGES)
