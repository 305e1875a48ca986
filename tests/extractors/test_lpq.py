"""LPQ as an extractor: order of the features, and names."""

import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.extractors import EXTRACTORS
from fer_features.extractors.lpq import LPQ
from fer_features.vision.lpq import lpq_histograms


@pytest.fixture(scope="module")
def faces():
    return np.random.default_rng(0).integers(0, 255, (4, 3, 40, 44)).astype(np.uint8)


def test_features_are_square_roots_of_the_histograms_of_the_apex(faces):
    features = LPQ(window_size=5, grid=3).fit_transform(faces)
    np.testing.assert_allclose(features**2, lpq_histograms(faces[:, -1], 5, True, 3), atol=1e-6)


def test_lpqdiff_is_apex_minus_neutral_and_both_are_concatenated(faces):
    extractor = EXTRACTORS["lpqdiff"].make()
    assert isinstance(extractor, LPQ)
    assert extractor.frame == "apex_minus_neutral"
    difference = extractor.transform(faces)
    apex, neutral = LPQ().transform(faces[:, -1]), LPQ().transform(faces[:, 0])
    np.testing.assert_allclose(difference, apex - neutral, atol=1e-6)
    both = LPQ(frame="both").fit(faces)
    np.testing.assert_array_equal(both.transform(faces), np.concatenate([apex, difference], 1))
    assert len(set(both.get_feature_names_out())) == both.transform(faces).shape[1]
    with pytest.raises(FerError, match=r"still images; use frames=2 .* neutral__method='subject'"):
        LPQ(frame="apex_minus_neutral").transform(faces[:, 0])


def test_names_contain_cell_and_code(faces):
    image = faces[:1, -1].copy()
    image[0, 20:] = 9  # constant lower half: code 0 in the cells of the last row
    names = LPQ(grid=2).get_feature_names_out()
    values = dict(zip(names, LPQ(grid=2).transform(image)[0], strict=True))
    assert values["lpq[cell=1,1 code=0]"] > 0.8
    assert values["lpq[cell=0,1 code=0]"] < 0.2


@pytest.mark.parametrize(
    "invalid", [{"window_size": 4}, {"window_size": 1}, {"decorrelate": 1}, {"grid": 0}, {"frame": "onset"}]
)
def test_invalid_parameter_raises(invalid, faces):
    with pytest.raises(FerError, match=next(iter(invalid))):
        LPQ(**invalid).fit(faces)
