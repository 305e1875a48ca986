"""Patches as an extractor: HOG equals scikit-image on each patch, and patches follow the landmarks."""

import numpy as np
import pytest
import skimage.feature

from fer_features import make_pipeline
from fer_features.exceptions import FerError
from fer_features.extractors.align import Align
from fer_features.extractors.patches import Patches
from fer_features.samples.table import Samples
from fer_features.vision.geometry import MIRROR_INDICES, mirror_landmarks
from fer_features.vision.hog import hog
from fer_features.vision.landmark_names import LANDMARK_NAMES
from fer_features.vision.lbp import lbp_histograms
from fer_features.vision.lpq import lpq_histograms
from fer_features.vision.patches import POINT_SETS, extract_patches


@pytest.fixture(scope="module")
def stills(kdef):
    """Faces with rounded landmarks far from the border of the image."""
    indices = [0, 333, 700]
    return kdef["images"][indices], np.rint(kdef["landmarks68"][indices])


def features_of(images, landmarks, **params):
    X = Samples.from_arrays(images=images, landmarks=landmarks)
    return Patches(**params).fit(X).transform(X)


@pytest.mark.parametrize(("patch_size", "cells", "cells_per_block"), [(32, 4, 2), (24, 2, 2), (27, 3, 3)])
def test_hog_equals_scikit_image_on_each_patch(stills, patch_size, cells, cells_per_block):
    images, points = stills
    params = {"patch_size": patch_size, "cells": cells, "cells_per_block": cells_per_block}
    features = features_of(images, points, descriptor="hog", points="few", **params).reshape(3, 21, -1)
    patches = extract_patches(images, points[:, list(POINT_SETS["few"])], patch_size)
    for i, j in [(0, 0), (1, 17), (2, 20)]:
        cell, block = (patch_size // cells,) * 2, (cells_per_block,) * 2
        expected = skimage.feature.hog(patches[i, j], 9, cell, block, block_norm="L2-Hys")
        np.testing.assert_allclose(features[i, j], expected, atol=1e-5)


def test_lbp_is_the_square_root_of_the_histograms_of_each_patch(stills):
    images, points = stills
    features = features_of(images, points, descriptor="lbp", patch_size=25, cells=5, points="all").reshape(3, 68, -1)
    x, y = points[1, 30].astype(int)
    expected = lbp_histograms(images[[1], y - 12 : y + 13, x - 12 : x + 13], radius=2, grid=5)[0]
    np.testing.assert_allclose(features[1, 30] ** 2, expected, atol=1e-6)


@pytest.mark.parametrize(("window_size", "cells"), [(5, 1), (3, 2)])
def test_lpq_is_the_square_root_of_the_histograms_of_each_patch(stills, window_size, cells):
    images, points = stills
    params = {"descriptor": "lpq", "patch_size": 24, "cells": cells, "window_size": window_size, "points": "few"}
    features = features_of(images, points, **params).reshape(3, 21, -1)
    patches = extract_patches(images, points[:, list(POINT_SETS["few"])], 24)
    expected = lpq_histograms(patches[2, 9][None], window_size, grid=cells)[0]
    np.testing.assert_allclose(features[2, 9] ** 2, expected, atol=1e-6)
    assert features.shape[2] == cells**2 * 256


@pytest.mark.parametrize("descriptor", ["hog", "lbp", "lpq"])
def test_features_are_invariant_to_a_translation_of_image_and_landmarks(stills, descriptor):
    images, points = np.pad(stills[0], ((0, 0), (40, 40), (40, 40)), "edge"), stills[1] + 40
    expected = features_of(images, points, descriptor=descriptor)
    moved = np.roll(images, (5, -7), (1, 2))
    np.testing.assert_array_equal(features_of(moved, points + [-7, 5], descriptor=descriptor), expected)


def test_difference_is_zero_for_patches_that_move_without_change(stills):
    images, points = np.pad(stills[0], ((0, 0), (40, 40), (40, 40)), "edge"), stills[1] + 40
    clips = np.stack([images, np.roll(images, 6, 2)], 1)
    difference = features_of(clips, np.stack([points, points + [6, 0]], 1), frame="apex_minus_neutral")
    np.testing.assert_array_equal(difference, np.zeros_like(difference))


def test_both_frames_are_apex_and_difference(stills):
    images, points = stills
    clips, landmarks = np.stack([images, images[::-1]], 1), np.stack([points, points[::-1]], 1)
    blocks = [features_of(clips, landmarks, frame=frame) for frame in ("apex", "apex_minus_neutral")]
    np.testing.assert_array_equal(features_of(clips, landmarks, frame="both"), np.concatenate(blocks, 1))
    np.testing.assert_array_equal(blocks[0], features_of(images[::-1], points[::-1]))
    np.testing.assert_allclose(blocks[1], blocks[0] - features_of(images, points), atol=1e-6)


def test_patches_of_a_mirrored_face_are_at_the_mirrored_landmarks(stills):
    # With one orientation a cell holds the strength of its gradients, so mirroring swaps the cells of a row.
    images, points = stills
    params = {"patch_size": 27, "cells": 3, "cells_per_block": 2, "orientations": 1, "descriptor": "hog"}
    features = features_of(images, points, **params).reshape(3, 51, 2, 2, 2, 2)
    mirrored = features_of(images[:, :, ::-1], mirror_landmarks(points, images.shape[2]), **params)
    expected = features[:, MIRROR_INDICES[17:] - 17, :, ::-1, :, ::-1]
    np.testing.assert_allclose(mirrored.reshape(features.shape), expected, atol=1e-5)


def test_features_of_several_patch_sizes_are_concatenated_with_different_names(stills):
    images, points = stills
    features = features_of(images, points, patch_size=(32, 24), cells=4)
    expected = [features_of(images, points, patch_size=size, cells=4) for size in (32, 24)]
    np.testing.assert_array_equal(features, np.concatenate(expected, 1))
    names = Patches(patch_size=(32, 24), cells=4).get_feature_names_out()
    assert len(set(names)) == len(names) == features.shape[1]
    assert names[-1].startswith("lbp[size=24 inner lower lip left ")


def test_patches_with_an_alignment_of_their_own_are_those_of_the_aligned_face(stills):
    X = Samples.from_arrays(images=stills[0], landmarks=stills[1])
    params = {"descriptor": "hog", "points": "few", "patch_size": 24}
    expected = Patches(**params).fit_transform(Align(size=96).transform(X))
    np.testing.assert_array_equal(Patches(align_size=96, **params).fit_transform(X), expected)
    assert not np.allclose(Patches(**params).fit_transform(X), expected)


def test_signed_gradients_are_those_of_hog_on_each_patch(stills):
    images, points = stills
    params = {"descriptor": "hog", "points": "few", "patch_size": 24, "cells": 2, "orientations": 8}
    features = features_of(images, points, signed_gradients=True, **params).reshape(3, 21, -1)
    patches = extract_patches(images, points[:, list(POINT_SETS["few"])], 24)
    np.testing.assert_array_equal(features[:, 4], hog(patches[:, 4], 8, 12, 2, signed_gradients=True))
    names = Patches(signed_gradients=True, **params).get_feature_names_out()
    assert names[7].endswith("cell=0,0 orientation=315deg]")
    assert len(names) == features[0].size


def test_names_contain_landmark_cell_and_bin():
    names = Patches("hog", "few").get_feature_names_out()
    assert len(names) == 21 * 4 * 9
    assert names[15 * 36 + 13] == f"hog[{LANDMARK_NAMES[44]} cell=0,1 orientation=80deg]"
    assert "hog[mouth corner right cell=0,1 orientation=80deg]" in names
    names = Patches("hog", patch_size=32, cells=4).get_feature_names_out()
    assert "hog[mouth corner right block=1,2 cell=2,3 orientation=80deg]" in names
    assert Patches("lbp", "all", cells=2).get_feature_names_out()[60] == "lbp[jaw 1 cell=0,1 pattern=1]"
    assert Patches("lpq", "all", cells=2).get_feature_names_out()[257] == "lpq[jaw 1 cell=0,1 code=1]"


@pytest.mark.parametrize(
    ("invalid", "words"),
    [
        ({"descriptor": "sift"}, "'lbp', 'hog'"),
        ({"points": "ears"}, "'few', 'inner', 'all'"),
        ({"align_size": -1}, "an integer of at least 0"),
        ({"patch_size": 0}, "an integer of at least 1, or a tuple"),
        ({"patch_size": (32, 30), "cells": 4}, "patch_size=30"),
        ({"descriptor": "hog", "cells_per_block": 3}, "2 x 2 cells"),
        ({"descriptor": "lpq", "window_size": 4}, "window_size=4"),
        ({"descriptor": "lpq", "patch_size": 8, "window_size": 9}, "patch_size=8 is too small"),
        ({"frame": "onset"}, "'apex'"),
    ],
)
def test_invalid_parameter_raises(stills, invalid, words):
    X = Samples.from_arrays(images=stills[0], landmarks=stills[1])
    with pytest.raises(FerError, match=words):
        Patches(**invalid).fit(X)


def test_sample_without_landmarks_is_nan_and_the_others_are_unchanged(stills):
    images, points = stills
    expected = features_of(images, points)
    gaps = points.copy()
    gaps[1] = np.nan
    expected[1] = np.nan
    np.testing.assert_array_equal(features_of(images, gaps), expected)


@pytest.mark.parametrize("method", ["none", "eyes"])
def test_images_without_landmarks_raise_with_and_without_alignment(stills, method):
    model = make_pipeline("patches_svm", align__method=method, faces__method="given")
    with pytest.raises(FerError, match="column 'landmarks'"):
        model.fit(Samples.from_arrays(images=stills[0]), [0, 1, 1])


def test_landmarks_suffice_for_patches_of_images_without_alignment(stills):
    X = Samples.from_arrays(images=stills[0], landmarks=stills[1])
    model = make_pipeline("patches_svm", align__method="none").fit(X, [0, 1, 1])
    assert model.predict(X).tolist() == [0, 1, 1]
