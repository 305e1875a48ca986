"""Gabor magnitudes as a step of a pipeline: names in the order of the features, parameters told in words."""

import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.extractors import EXTRACTORS
from fer_features.extractors.gabor import Gabor

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 2, 30, 44)).astype(np.uint8)


def test_it_is_registered_by_its_name_and_cites_its_paper():
    assert EXTRACTORS["gabor"] == (Gabor, {})
    assert "FG 1998" in Gabor.cites


@pytest.mark.parametrize("of", ["apex", "difference", "both"])
@pytest.mark.parametrize("deviation", [False, True])
@pytest.mark.parametrize("frequencies", [0.25, (0.1, 0.3)])
def test_every_feature_has_a_name_of_its_own(frequencies, deviation, of):
    extractor = Gabor(frequencies, 4, 3, deviation, of).fit(IMAGES)
    names = extractor.get_feature_names_out()
    assert len(set(names)) == len(names) == extractor.transform(IMAGES).shape[1]


def test_a_wave_in_one_corner_raises_the_feature_of_that_name():
    y, x = np.mgrid[:60, :60]
    image = np.full((1, 60, 60), 127, np.uint8)
    image[0, 20:40, 40:] = np.round(127 + 100 * np.cos(2 * np.pi * 0.25 * (x + y) / np.sqrt(2)))[20:40, 40:]
    extractor = Gabor((0.125, 0.25), 4, 3).fit(image)
    names = extractor.get_feature_names_out()
    assert names[extractor.transform(image)[0].argmax()] == "gabor[cell=1,2 frequency=0.25 orientation=45deg]"
    assert Gabor(deviation=True).get_feature_names_out()[1].startswith("gabor deviation[cell=0,0 ")


@pytest.mark.parametrize("frequencies", [0, -0.2, (), (0.2, 0), "high", (0.2, None), True])
def test_frequencies_that_are_no_numbers_above_0_are_refused_in_words(frequencies):
    with pytest.raises(FerError, match="a number above 0, or a tuple of such"):
        Gabor(frequencies).fit(IMAGES)
