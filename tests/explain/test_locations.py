"""Tests of the locations of features: every feature of every extractor has one, within the face."""

import numpy as np
import pytest

from fer_features import FerError, Samples
from fer_features.explain.locations import feature_locations
from fer_features.extractors import EXTRACTORS, Align, Extractor
from fer_features.vision.geometry import MEAN_FACE

from ..conftest import draw_clips


@pytest.fixture(scope="module")
def toys():
    images, landmarks, label, _ = draw_clips(n_subjects=2, per_class=1)
    return Samples.from_arrays(images=images, landmarks=landmarks, label=label)


@pytest.fixture(scope="module")
def aligned(toys):
    return Align().transform(toys)


@pytest.mark.parametrize("name", EXTRACTORS)
def test_every_feature_of_every_extractor_has_a_location(aligned, name):
    extractor = EXTRACTORS[name].make()
    if name in ("fv", "vlad"):
        extractor.set_params(n_words=2, n_pca=4, step=8)
    locations = feature_locations(extractor.fit(aligned))
    assert len(locations.weights) == len(extractor.get_feature_names_out())
    np.testing.assert_allclose(locations.weights.sum(1), 1)
    if locations.landmarks:
        positions = locations.positions(MEAN_FACE)
        assert positions.shape == (locations.weights.shape[1], 2)
        assert np.abs(positions).max() < 2
    else:
        assert locations.boxes.min() >= 0
        assert locations.boxes.max() <= 1
        assert (locations.boxes[:, 2:] > locations.boxes[:, :2]).all()


def test_cells_of_several_sizes_and_grids_are_separate_locations(aligned):
    hog = EXTRACTORS["hog"].extractor_class(pixels_per_cell=(16, 32), cells_per_block=1).fit(aligned)
    locations = feature_locations(hog)
    assert len(locations.boxes) == 8 * 10 + 4 * 5
    np.testing.assert_allclose(locations.boxes[[0, 80]], [(0, 0, 1 / 8, 1 / 10), (0, 0, 1 / 4, 1 / 5)])
    lbp = EXTRACTORS["lbp"].extractor_class(grid=(2, 4), radius=(1, 2)).fit(aligned)
    assert len(feature_locations(lbp).boxes) == 4 + 16


def test_a_measure_has_equal_weights_at_its_landmarks(toys):
    landmarks = EXTRACTORS["landmarks"].extractor_class().fit(toys)
    locations = feature_locations(landmarks)
    names = list(landmarks.get_feature_names_out())
    row = locations.weights[names.index("change[mouth width]")]
    assert {locations.landmarks[k][0]: row[k] for k in np.flatnonzero(row)} == {(48,): 0.5, (54,): 0.5}
    assert locations.has_shared_features


class Brightness(Extractor):
    """Mean grey value, without a location."""

    required_columns = ("images",)

    def extract(self, X):
        return X.frame("images", -1).mean((1, 2))[:, None]

    def feature_names(self):
        return ["brightness"]


def test_features_without_a_location_are_refused(toys):
    with pytest.raises(FerError, match="the features of Brightness have no location on the face"):
        feature_locations(Brightness().fit(toys))
