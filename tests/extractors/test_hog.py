"""HOG as an extractor: several cell sizes, signed gradients, and names."""

import numpy as np
import pytest
import skimage.feature

from fer_features.exceptions import FerError
from fer_features.extractors import HOG
from fer_features.vision.hog import hog

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 2, 40, 56)).astype(np.uint8)


@pytest.mark.parametrize("signed_gradients", [False, True])
def test_features_of_several_cell_sizes_are_concatenated(signed_gradients):
    features = HOG(pixels_per_cell=(8, 5), signed_gradients=signed_gradients).fit_transform(IMAGES)
    expected = [HOG(pixels_per_cell=n, signed_gradients=signed_gradients).fit_transform(IMAGES) for n in (8, 5)]
    np.testing.assert_array_equal(features, np.concatenate(expected, 1))
    np.testing.assert_array_equal(expected[0], hog(IMAGES[:, -1], 9, 8, 2, signed_gradients))


def test_parameters_have_the_meaning_of_scikit_image():
    features = HOG(orientations=6, pixels_per_cell=8, cells_per_block=3).fit_transform(IMAGES)
    expected = skimage.feature.hog(
        IMAGES[0, -1], orientations=6, pixels_per_cell=(8, 8), cells_per_block=(3, 3), block_norm="L2-Hys"
    )
    np.testing.assert_allclose(features[0], expected, atol=1e-5)


@pytest.mark.parametrize("frame", ["apex", "apex_minus_neutral", "both"])
@pytest.mark.parametrize("pixels_per_cell", [8, (8,), (8, 5), [20, 10, 4]])
def test_names_are_unique_one_per_feature(pixels_per_cell, frame):
    extractor = HOG(pixels_per_cell=pixels_per_cell, frame=frame).fit(IMAGES)
    names = extractor.get_feature_names_out()
    assert len(set(names)) == len(names) == extractor.transform(IMAGES).shape[1]


def test_names_contain_block_cell_orientation_and_the_cell_size_if_there_are_several():
    names = HOG(pixels_per_cell=20).fit(IMAGES).get_feature_names_out()
    assert names[10] == "hog[block=0,0 cell=0,1 orientation=20deg]"
    extractor = HOG(pixels_per_cell=(20, 10), orientations=4, signed_gradients=True)
    names = extractor.fit(IMAGES).get_feature_names_out()
    assert names[1] == "hog[size=20 block=0,0 cell=0,0 orientation=90deg]"
    assert names[-1] == "hog[size=10 block=2,3 cell=3,4 orientation=270deg]"


@pytest.mark.parametrize("pixels_per_cell", [(), (8, 0), (8, 2.5), (8, True), "8", None, ((8,),)])
def test_invalid_cell_sizes_raise(pixels_per_cell):
    with pytest.raises(FerError, match="an integer of at least 1, or a tuple of such integers"):
        HOG(pixels_per_cell=pixels_per_cell).fit(IMAGES)


def test_cell_size_too_large_for_the_image_raises_though_others_fit():
    with pytest.raises(ValueError, match="image of 56 x 40"):
        HOG(pixels_per_cell=(8, 40)).fit(IMAGES).transform(IMAGES)
