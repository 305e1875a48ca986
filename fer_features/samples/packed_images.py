"""A column of still images of different sizes, whose pixels are stored one after another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .columns import H5Column, LazyColumn, stack_if_equal
from .hdf5 import iterate_h5


class PackedImages(LazyColumn):
    """Still images of different sizes.

    Parameters
    ----------
    pixels : ndarray of uint8, or H5Column, shape (sum of H * W,)
        The pixels of all images, row by row.
    sizes : ndarray of int, shape (n, 2)
        Height and width of each image.

    Examples
    --------
    >>> images = PackedImages.from_list([np.zeros((2, 3), np.uint8), np.ones((4, 4), np.uint8)])
    >>> images.shape, [image.shape for image in images.frame(np.array([1, 0]), 0)]
    ((2, 1, None, None), [(4, 4), (2, 3)])
    """

    def __init__(self, pixels: np.ndarray | H5Column, sizes: np.ndarray):
        self.pixels, self.image_sizes = pixels, np.asarray(sizes, np.int64).reshape(-1, 2)
        self.starts = np.cumsum([0, *self.image_sizes.prod(1)])
        self.shape = (len(self.image_sizes), 1, None, None)

    @classmethod
    def from_list(cls, images: Sequence[np.ndarray]) -> PackedImages:
        """Pack images, each of shape (H, W), uint8."""
        pixels = np.concatenate([image.ravel() for image in images]) if len(images) else np.empty(0, np.uint8)
        return cls(pixels, np.array([image.shape for image in images]))

    def __getitem__(self, indices: Any) -> Any:
        indices = np.atleast_1d(np.arange(len(self))[indices])
        return stack_if_equal([image[None] for image in self._read(indices)])

    def frame(self, indices: Any, t: int) -> Any:
        """The images of some samples, (k, H, W), or a list of (H, W)."""
        range(1)[t]  # the only frame
        return stack_if_equal(self._read(np.arange(len(self))[indices]))

    def sizes(self, indices: np.ndarray) -> np.ndarray:
        """Width and height of the images of some samples, (k, 2)."""
        return self.image_sizes[indices][:, ::-1]

    def _read(self, indices: np.ndarray) -> list[np.ndarray]:
        slices = [slice(self.starts[i], self.starts[i + 1]) for i in indices]
        if isinstance(self.pixels, H5Column):
            read = list(iterate_h5(self.pixels.path, self.pixels.key, slices))
        else:
            read = [self.pixels[part] for part in slices]
        return [values.reshape(self.image_sizes[i]) for values, i in zip(read, indices, strict=True)]
