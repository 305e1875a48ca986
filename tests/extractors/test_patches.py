"""Patches as a step of a pipeline: HOG is scikit-image's of each patch, and patches go where the landmarks go."""

import numpy as np
import pytest
import skimage.feature

from fer_features import make_pipeline
from fer_features.exceptions import FerError
from fer_features.extractors.patches import Patches
from fer_features.samples.table import Samples
from fer_features.vision.geometry import MIRROR, mirror
from fer_features.vision.landmark_names import POINTS
from fer_features.vision.lbp import lbp_histograms
from fer_features.vision.patches import POINT_SETS, patches


@pytest.fixture(scope="module")
def stills(kdef):
    """Faces and whole landmarks, far from the border."""
    rows = [0, 333, 700]
    return kdef["images"][rows], np.rint(kdef["landmarks68"][rows])


def described(images, landmarks, **given):
    X = Samples.from_arrays(images=images, landmarks=landmarks)
    return Patches(**given).fit(X).transform(X)


@pytest.mark.parametrize(("side", "cells", "block"), [(32, 4, 2), (24, 2, 2), (27, 3, 3)])
def test_hog_equals_scikit_image_of_each_patch(stills, side, cells, block):
    images, points = stills
    given = {"descriptor": "hog", "side": side, "cells": cells, "block": block, "points": "few"}
    found = described(images, points, **given).reshape(3, 21, -1)
    cut = patches(images, points[:, list(POINT_SETS["few"])], side)
    for i, j in [(0, 0), (1, 17), (2, 20)]:
        cell = side // cells, side // cells
        expected = skimage.feature.hog(cut[i, j], 9, cell, (block, block), block_norm="L2-Hys")
        np.testing.assert_allclose(found[i, j], expected, atol=1e-5)


def test_lbp_is_the_root_of_the_histograms_of_each_patch(stills):
    images, points = stills
    found = described(images, points, descriptor="lbp", side=25, cells=5, points="all").reshape(3, 68, -1)
    x, y = points[1, 30].astype(int)
    expected = lbp_histograms(images[[1], y - 12 : y + 13, x - 12 : x + 13], radius=2, grid=5)[0]
    np.testing.assert_allclose(found[1, 30] ** 2, expected, atol=1e-6)


@pytest.mark.parametrize("descriptor", ["hog", "lbp"])
def test_pictures_and_landmarks_moved_together_are_described_alike(stills, descriptor):
    images, points = np.pad(stills[0], ((0, 0), (40, 40), (40, 40)), "edge"), stills[1] + 40
    expected = described(images, points, descriptor=descriptor)
    moved = np.roll(images, (5, -7), (1, 2))
    np.testing.assert_array_equal(described(moved, points + [-7, 5], descriptor=descriptor), expected)


def test_a_patch_that_moves_as_it_is_has_no_difference(stills):
    images, points = np.pad(stills[0], ((0, 0), (40, 40), (40, 40)), "edge"), stills[1] + 40
    clips = np.stack([images, np.roll(images, 6, 2)], 1)
    difference = described(clips, np.stack([points, points + [6, 0]], 1), of="difference")
    np.testing.assert_array_equal(difference, np.zeros_like(difference))


def test_both_is_apex_and_difference_side_by_side(stills):
    images, points = stills
    clips, both = np.stack([images, images[::-1]], 1), np.stack([points, points[::-1]], 1)
    parts = [described(clips, both, of=of) for of in ("apex", "difference")]
    np.testing.assert_array_equal(described(clips, both, of="both"), np.concatenate(parts, 1))
    np.testing.assert_array_equal(parts[0], described(images[::-1], points[::-1]))
    np.testing.assert_allclose(parts[1], parts[0] - described(images, points), atol=1e-6)


def test_patches_of_a_mirrored_face_stand_on_the_mirrored_points(stills):
    # With one orientation a cell holds the strength of its gradients: mirrored, the cells of a row change places.
    images, points = stills
    given = {"side": 27, "cells": 3, "block": 2, "orientations": 1, "descriptor": "hog"}
    found = described(images, points, **given).reshape(3, 51, 2, 2, 2, 2)
    mirrored = described(images[:, :, ::-1], mirror(points, images.shape[2]), **given).reshape(found.shape)
    expected = found[:, MIRROR[17:] - 17, :, ::-1, :, ::-1]
    np.testing.assert_allclose(mirrored, expected, atol=1e-5)


def test_several_sizes_stand_side_by_side_and_their_names_tell_them_apart(stills):
    images, points = stills
    found = described(images, points, side=(32, 24), cells=4)
    expected = [described(images, points, side=side, cells=4) for side in (32, 24)]
    np.testing.assert_array_equal(found, np.concatenate(expected, 1))
    names = Patches(side=(32, 24), cells=4).get_feature_names_out()
    assert len(set(names)) == len(names) == found.shape[1]
    assert names[-1].startswith("lbp[size=24 inner lower lip left ")


def test_names_tell_the_landmark_the_cell_and_the_bin():
    names = Patches("hog", "few").get_feature_names_out()
    assert len(names) == 21 * 4 * 9
    assert names[15 * 36 + 13] == f"hog[{POINTS[44]} cell=0,1 orientation=80deg]"
    assert "hog[mouth corner right cell=0,1 orientation=80deg]" in names
    names = Patches("hog", side=32, cells=4).get_feature_names_out()
    assert "hog[mouth corner right block=1,2 cell=2,3 orientation=80deg]" in names
    assert Patches("lbp", "all", cells=2).get_feature_names_out()[60] == "lbp[jaw 1 cell=0,1 pattern=1]"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"descriptor": "sift"}, "'lbp', 'hog'"),
        ({"points": "ears"}, "'few', 'inner', 'all'"),
        ({"side": 0}, "a whole number of at least 1, or a tuple"),
        ({"side": (32, 30), "cells": 4}, "side=30"),
        ({"descriptor": "hog", "block": 3}, "2 x 2 cells"),
        ({"of": "onset"}, "'apex'"),
    ],
)
def test_a_wrong_parameter_is_told_in_words(stills, wrong, words):
    X = Samples.from_arrays(images=stills[0], landmarks=stills[1])
    with pytest.raises(FerError, match=words):
        Patches(**wrong).fit_transform(X)


def test_a_row_without_landmarks_is_nan_and_the_others_are_not_touched(stills):
    images, points = stills
    expected = described(images, points)
    gaps = points.copy()
    gaps[1] = np.nan
    expected[1] = np.nan
    np.testing.assert_array_equal(described(images, gaps), expected)


@pytest.mark.parametrize("method", ["none", "eyes"])
def test_pictures_without_landmarks_are_refused_in_words_aligned_or_not(stills, method):
    model = make_pipeline("patches_svm", align__method=method)
    with pytest.raises(FerError, match="column 'landmarks'"):
        model.fit(Samples.from_arrays(images=stills[0]), [0, 1, 1])


def test_pictures_that_are_not_aligned_have_patches_too_where_landmarks_are_given(stills):
    X = Samples.from_arrays(images=stills[0], landmarks=stills[1])
    model = make_pipeline("patches_svm", align__method="none").fit(X, [0, 1, 1])
    assert model.predict(X).tolist() == [0, 1, 1]
