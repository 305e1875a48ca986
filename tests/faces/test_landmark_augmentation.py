"""Images in which no face remains."""

import numpy as np

from fer_features.faces.landmark_augmentation import shuffle_patches


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
