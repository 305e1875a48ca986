"""Laws of fine structure: what leaves a photograph the same photograph leaves it nearly unchanged."""

import cv2
import numpy as np
import pytest

from fer_features.vision.near_duplicates import BLOCK, SIDE, fine_structure, mirrored_structure, similar_pairs


def change_gain(picture):
    return np.clip(0.7 * picture + 30, 0, 255).astype(np.uint8)


CHANGES = {
    "one grey level more": lambda p: np.minimum(p, 254) + 1,
    "less contrast, more light": change_gain,
    "noise": lambda p: np.clip(p + np.random.default_rng(0).normal(0, 6, p.shape), 0, 255).astype(np.uint8),
    "jpeg": lambda p: cv2.imdecode(cv2.imencode(".jpg", p, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_GRAYSCALE),
    "half the size": lambda p: cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "cut by a pixel": lambda p: p[1:, :-1],
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_photograph_is_the_same_photograph(photographs, name):
    before, after = (fine_structure(pictures) for pictures in (photographs, map(CHANGES[name], photographs)))
    product = before @ after.T
    assert np.diag(product).min() > 0.94
    assert (product - np.diag(np.diag(product))).max() < 0.6


def test_structure_has_length_one_and_mean_zero(photographs):
    structure = fine_structure(photographs)
    assert structure.shape == (len(photographs), SIDE * SIDE)
    assert structure.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(structure, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(structure.mean(1), 0, atol=1e-6)


def test_flat_pictures_are_like_nothing():
    flat = np.full((48, 48), 17, np.uint8)
    faint = flat + (np.indices(flat.shape).sum(0) % 2).astype(np.uint8)
    structure = fine_structure([flat, faint, flat])
    assert not structure.any()
    assert not any(len(first) for first, _, _ in similar_pairs(structure, 0.5))


def test_mirrored_structure_is_that_of_the_mirrored_picture(photographs):
    structure = fine_structure(photographs)
    np.testing.assert_allclose(
        mirrored_structure(structure), fine_structure([p[:, ::-1].copy() for p in photographs]), atol=1e-5
    )
    np.testing.assert_array_equal(mirrored_structure(mirrored_structure(structure)), structure)


def test_no_pictures():
    assert fine_structure([]).shape == (0, SIDE * SIDE)
    assert list(similar_pairs(fine_structure([]), 0.9)) == []


@pytest.mark.parametrize("mirrored", [False, True])
def test_pairs_are_those_of_the_whole_product_whatever_the_blocks(monkeypatch, mirrored):
    rng = np.random.default_rng(0)
    structure = rng.normal(size=(60, SIDE * SIDE)).astype(np.float32)
    structure[30:] += structure[:30]
    structure /= np.linalg.norm(structure, axis=1, keepdims=True)
    whole = (mirrored_structure(structure) if mirrored else structure) @ structure.T
    expected = {(i, j) for i, j in np.argwhere(whole >= 0.3) if i < j}
    assert mirrored or len(expected) == 30
    for block in (BLOCK, 7, 1):
        monkeypatch.setattr("fer_features.vision.near_duplicates.BLOCK", block)
        found = [np.concatenate(parts) for parts in zip(*similar_pairs(structure, 0.3, mirrored), strict=True)]
        assert {(int(i), int(j)) for i, j in zip(found[0], found[1], strict=True)} == expected
        np.testing.assert_allclose(found[2], whole[found[0], found[1]], atol=1e-5)
