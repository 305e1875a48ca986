"""Augmented copies of faces: the face remains, the surroundings change."""

import numpy as np

from fer_features.faces.landmark_augmentation import augment_face, shuffle_patches


def test_augmentation_keeps_the_face_and_changes_the_surroundings(frames):
    rng = np.random.default_rng(0)
    image, landmarks = frames.images[0], frames.landmarks[0]
    copy = augment_face(image, landmarks, frames.images[-1], rng)
    assert copy.shape == image.shape
    assert copy.dtype == np.uint8
    (x0, y0), (x1, y1) = landmarks[48:].min(0).astype(int), landmarks[48:].max(0).astype(int)
    mouth, corner = np.s_[y0:y1, x0:x1], np.s_[:10, :10]
    assert np.corrcoef(image[mouth].ravel(), copy[mouth].ravel())[0, 1] > 0.8
    assert np.abs(copy[corner].astype(int) - image[corner]).mean() > 3


def test_shuffled_patches_are_a_permutation_of_pixels():
    rng = np.random.default_rng(0)
    image = (np.arange(100 * 100).reshape(100, 100) % 251).astype(np.uint8)
    shuffled = shuffle_patches(image, 50.0, rng)
    retained = image[: shuffled.shape[0], : shuffled.shape[1]]
    assert shuffled.size > 5000
    assert not np.array_equal(shuffled, retained)
    assert np.array_equal(np.sort(shuffled.ravel()), np.sort(retained.ravel()))


def test_image_smaller_than_two_patches_is_rotated():
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert np.array_equal(shuffle_patches(image, 100.0, np.random.default_rng(0)), image[::-1, ::-1])
