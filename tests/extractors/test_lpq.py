"""LPQ as an extractor: what it describes, and in which order."""

import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.extractors import EXTRACTORS
from fer_features.extractors.lpq import LPQ
from fer_features.vision.lpq import lpq_histograms


@pytest.fixture
def faces():
    return np.random.default_rng(0).integers(0, 255, (4, 3, 40, 44)).astype(np.uint8)


def test_the_apex_is_described_by_roots_of_histograms(faces):
    found = LPQ(window=5, grid=3).fit_transform(faces)
    np.testing.assert_allclose(found**2, lpq_histograms(faces[:, -1], 5, True, 3), atol=1e-6)


def test_lpqdiff_is_apex_minus_neutral_and_both_is_side_by_side(faces):
    kind, given = EXTRACTORS["lpqdiff"]
    assert (kind, given["of"]) == (LPQ, "difference")
    difference = kind(**given).transform(faces)
    apex, neutral = LPQ().transform(faces[:, -1]), LPQ().transform(faces[:, 0])
    np.testing.assert_allclose(difference, apex - neutral, atol=1e-6)
    both = LPQ(of="both").fit(faces)
    np.testing.assert_array_equal(both.transform(faces), np.concatenate([apex, difference], 1))
    assert len(set(both.get_feature_names_out())) == both.transform(faces).shape[1]
    with pytest.raises(FerError, match="stills"):
        LPQ(of="difference").transform(faces[:, 0])


def test_names_say_cell_and_code(faces):
    image = faces[:1, -1].copy()
    image[0, 20:] = 9  # flat below: code 0 in the cells of the last row
    names = LPQ(grid=2).get_feature_names_out()
    values = dict(zip(names, LPQ(grid=2).transform(image)[0], strict=True))
    assert values["lpq[cell=1,1 code=0]"] > 0.8
    assert values["lpq[cell=0,1 code=0]"] < 0.2


@pytest.mark.parametrize("wrong", [{"window": 4}, {"window": 1}, {"decorrelate": 1}, {"grid": 0}, {"of": "onset"}])
def test_a_wrong_parameter_is_told_in_words(wrong, faces):
    with pytest.raises(FerError, match=next(iter(wrong))):
        LPQ(**wrong).fit(faces)
