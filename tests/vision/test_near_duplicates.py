"""High-pass thumbnails: correlation of modified copies, mirroring, and pairs above a threshold."""

import cv2
import numpy as np
import pytest

from fer_features.vision.near_duplicates import (
    IMAGES_PER_BLOCK,
    THUMBNAIL_SIDE_PX,
    correlated_pairs,
    high_pass_thumbnails,
    mirror_thumbnails,
)


def change_gain(image):
    return np.clip(0.7 * image + 30, 0, 255).astype(np.uint8)


CHANGES = {
    "one grey level brighter": lambda p: np.minimum(p, 254) + 1,
    "lower contrast, brighter": change_gain,
    "noise": lambda p: np.clip(p + np.random.default_rng(0).normal(0, 6, p.shape), 0, 255).astype(np.uint8),
    "JPEG": lambda p: cv2.imdecode(cv2.imencode(".jpg", p, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_GRAYSCALE),
    "half the size": lambda p: cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "cropped by a pixel": lambda p: p[1:, :-1],
}


@pytest.mark.parametrize("name", CHANGES)
def test_modified_copy_correlates_with_its_original_only(photographs, name):
    before, after = (high_pass_thumbnails(images) for images in (photographs, map(CHANGES[name], photographs)))
    correlation = before @ after.T
    assert np.diag(correlation).min() > 0.94
    assert (correlation - np.diag(np.diag(correlation))).max() < 0.6


def test_thumbnails_have_unit_length_and_zero_mean(photographs):
    thumbnails = high_pass_thumbnails(photographs)
    assert thumbnails.shape == (len(photographs), THUMBNAIL_SIDE_PX**2)
    assert thumbnails.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(thumbnails, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(thumbnails.mean(1), 0, atol=1e-6)


def test_flat_images_correlate_with_no_image():
    flat = np.full((48, 48), 17, np.uint8)
    faint = flat + (np.indices(flat.shape).sum(0) % 2).astype(np.uint8)
    thumbnails = high_pass_thumbnails([flat, faint, flat])
    assert not thumbnails.any()
    assert not any(len(first) for first, _, _ in correlated_pairs(thumbnails, 0.5))


def test_mirrored_thumbnails_are_those_of_the_mirrored_images(photographs):
    thumbnails = high_pass_thumbnails(photographs)
    mirrored_images = [image[:, ::-1].copy() for image in photographs]
    np.testing.assert_allclose(mirror_thumbnails(thumbnails), high_pass_thumbnails(mirrored_images), atol=1e-5)
    np.testing.assert_array_equal(mirror_thumbnails(mirror_thumbnails(thumbnails)), thumbnails)


def test_no_images_give_no_pairs():
    assert high_pass_thumbnails([]).shape == (0, THUMBNAIL_SIDE_PX**2)
    assert list(correlated_pairs(high_pass_thumbnails([]), 0.9)) == []


@pytest.mark.parametrize("mirrored", [False, True])
def test_pairs_do_not_depend_on_the_block_size(monkeypatch, mirrored):
    rng = np.random.default_rng(0)
    thumbnails = rng.normal(size=(60, THUMBNAIL_SIDE_PX**2)).astype(np.float32)
    thumbnails[30:] += thumbnails[:30]
    thumbnails /= np.linalg.norm(thumbnails, axis=1, keepdims=True)
    correlation = (mirror_thumbnails(thumbnails) if mirrored else thumbnails) @ thumbnails.T
    expected = {(i, j) for i, j in np.argwhere(correlation >= 0.3) if i < j}
    assert mirrored or len(expected) == 30
    for block in (IMAGES_PER_BLOCK, 7, 1):
        monkeypatch.setattr("fer_features.vision.near_duplicates.IMAGES_PER_BLOCK", block)
        blocks = zip(*correlated_pairs(thumbnails, 0.3, mirrored), strict=True)
        first, second, values = (np.concatenate(parts) for parts in blocks)
        assert {(int(i), int(j)) for i, j in zip(first, second, strict=True)} == expected
        np.testing.assert_allclose(values, correlation[first, second], atol=1e-5)
