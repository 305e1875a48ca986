"""Images and clips of different sizes in one column."""

import pickle

import h5py
import numpy as np
import pytest

from fer_features import Samples
from fer_features.samples.columns import H5Column, LazyColumn
from fer_features.samples.packed_images import PackedImages

RNG = np.random.default_rng(0)
IMAGES = [RNG.integers(0, 256, shape).astype(np.uint8) for shape in ((20, 30), (25, 12), (20, 30), (41, 40))]


@pytest.fixture(params=["memory", "file"])
def column(request, tmp_path):
    packed = PackedImages.from_list(IMAGES)
    if request.param == "memory":
        return packed
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["pixels"] = packed.pixels
    return PackedImages(H5Column(tmp_path / "a.h5", "pixels"), packed.image_sizes)


def test_images_are_unchanged_in_any_order(column):
    assert isinstance(column, LazyColumn)
    assert (len(column), column.shape, column.dtype) == (4, (4, 1, None, None), np.uint8)
    for copy in (column, pickle.loads(pickle.dumps(column))):
        for i, image in zip([3, 0, 1], copy.frame(np.array([3, 0, 1]), -1), strict=True):
            np.testing.assert_array_equal(image, IMAGES[i])
    np.testing.assert_array_equal(column[[2, 0]], np.stack([IMAGES[2], IMAGES[0]])[:, None])
    assert column.sizes(np.array([1, 3])).tolist() == [[12, 25], [40, 41]]


def test_a_second_frame_does_not_exist(column):
    with pytest.raises(IndexError):
        column.frame(np.array([0]), 1)


def test_frames_of_clips(tmp_path):
    clips = [RNG.integers(0, 256, (3, *shape)).astype(np.uint8) for shape in ((20, 30), (25, 12), (20, 30))]
    pixels = np.concatenate([clip.ravel() for clip in clips])
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["pixels"] = pixels
    for stored in (pixels, H5Column(tmp_path / "a.h5", "pixels")):
        column = PackedImages(stored, np.array([clip.shape[1:] for clip in clips]), n_frames=3)
        assert column.shape == (3, 3, None, None)
        for t in range(-3, 3):
            for i, image in zip([1, 0], column.frame(np.array([1, 0]), t), strict=True):
                np.testing.assert_array_equal(image, clips[i][t])
        np.testing.assert_array_equal(column[[2, 0]], np.stack([clips[2], clips[0]]))
        for clip, given in zip(column[:], clips, strict=True):
            np.testing.assert_array_equal(clip, given)


def test_a_table_has_images_of_several_sizes(column):
    X = Samples.from_arrays(images=column, label=[0, 1, 0, 1])
    np.testing.assert_array_equal(X[[1]].frame("images", 0)[0], IMAGES[1])
    assert X.sizes().tolist() == [list(image.shape[::-1]) for image in IMAGES]
