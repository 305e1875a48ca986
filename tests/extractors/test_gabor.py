"""Gabor magnitudes as an extractor: order of the names, and constraints of the parameters."""

import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.extractors import EXTRACTORS
from fer_features.extractors.gabor import Gabor

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 2, 30, 44)).astype(np.uint8)


def test_extractor_is_registered_and_refers_to_its_paper():
    assert EXTRACTORS["gabor"].extractor_class is Gabor
    assert "FG 1998" in Gabor.reference


@pytest.mark.parametrize("frame", ["apex", "apex_minus_neutral", "both"])
@pytest.mark.parametrize("with_std", [False, True])
@pytest.mark.parametrize("frequencies", [0.25, (0.1, 0.3)])
def test_names_are_unique_one_per_feature(frequencies, with_std, frame):
    extractor = Gabor(frequencies, 4, 3, with_std, frame).fit(IMAGES)
    names = extractor.get_feature_names_out()
    assert len(set(names)) == len(names) == extractor.transform(IMAGES).shape[1]


def test_wave_in_one_corner_gives_the_largest_feature_the_matching_name():
    y, x = np.mgrid[:60, :60]
    image = np.full((1, 60, 60), 127, np.uint8)
    image[0, 20:40, 40:] = np.round(127 + 100 * np.cos(2 * np.pi * 0.25 * (x + y) / np.sqrt(2)))[20:40, 40:]
    extractor = Gabor((0.125, 0.25), 4, 3).fit(image)
    names = extractor.get_feature_names_out()
    assert names[extractor.transform(image)[0].argmax()] == "gabor[cell=1,2 frequency=0.25 orientation=45deg]"
    assert Gabor(with_std=True).get_feature_names_out()[1].startswith("gabor std[cell=0,0 ")


@pytest.mark.parametrize("frequencies", [0, -0.2, (), (0.2, 0), "high", (0.2, None), True])
def test_invalid_frequencies_raise(frequencies):
    with pytest.raises(FerError, match="a number above 0, or a tuple of such numbers"):
        Gabor(frequencies).fit(IMAGES)
