"""A column of images or clips of different sizes, whose pixels are stored one after another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .columns import H5Column, LazyColumn, stack_if_equal
from .hdf5 import iterate_h5


class PackedImages(LazyColumn):
    """Still images, or clips with the same number of frames, of different sizes.

    Parameters
    ----------
    pixels : ndarray of uint8, or H5Column, shape (sum of T * H * W,)
        The pixels of all frames, sample by sample, frame by frame and row by row.
    sizes : ndarray of int, shape (n, 2)
        Height and width of the images of each sample.
    n_frames : int, default=1
        Number T of frames of each sample.

    Examples
    --------
    >>> images = PackedImages.from_list([np.zeros((2, 3), np.uint8), np.ones((4, 4), np.uint8)])
    >>> images.shape, [image.shape for image in images.frame(np.array([1, 0]), 0)]
    ((2, 1, None, None), [(4, 4), (2, 3)])
    """

    def __init__(self, pixels: np.ndarray | H5Column, sizes: np.ndarray, n_frames: int = 1):
        self.pixels, self.image_sizes = pixels, np.asarray(sizes, np.int64).reshape(-1, 2)
        self.starts = np.cumsum([0, *n_frames * self.image_sizes.prod(1)])
        self.shape = (len(self.image_sizes), n_frames, None, None)

    @classmethod
    def from_list(cls, images: Sequence[np.ndarray]) -> PackedImages:
        """Pack images, each of shape (H, W), uint8."""
        pixels = np.concatenate([image.ravel() for image in images]) if len(images) else np.empty(0, np.uint8)
        return cls(pixels, np.array([image.shape for image in images]))

    def __getitem__(self, indices: Any) -> Any:
        indices = np.atleast_1d(np.arange(len(self))[indices])
        return stack_if_equal(self._read(indices, 0, self.shape[1]))

    def frame(self, indices: Any, t: int) -> Any:
        """Frame `t` of some samples, (k, H, W), or a list of (H, W); no other frame is read."""
        first = range(self.shape[1])[t]
        return stack_if_equal([clip[0] for clip in self._read(np.arange(len(self))[indices], first, 1)])

    def sizes(self, indices: np.ndarray) -> np.ndarray:
        """Width and height of the images of some samples, (k, 2)."""
        return self.image_sizes[indices][:, ::-1]

    def _read(self, indices: np.ndarray, first: int, n_frames: int) -> list[np.ndarray]:
        """Some successive frames of samples, each (n_frames, H, W)."""
        n_pixels = self.image_sizes[indices].prod(1)
        starts = self.starts[indices] + first * n_pixels
        slices = [slice(start, start + n_frames * n) for start, n in zip(starts, n_pixels, strict=True)]
        if isinstance(self.pixels, H5Column):
            read = list(iterate_h5(self.pixels.path, self.pixels.key, slices))
        else:
            read = [self.pixels[part] for part in slices]
        return [values.reshape(n_frames, *self.image_sizes[i]) for values, i in zip(read, indices, strict=True)]
