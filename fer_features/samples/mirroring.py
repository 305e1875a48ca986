"""Horizontal mirroring: a table whose images and landmarks are mirrored on access."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..vision.geometry import mirror_landmarks
from .columns import Column, LazyColumn, as_lazy_column
from .plain_arrays import as_samples
from .table import Samples


def mirror_samples(X: Any, required_columns: tuple[str, ...] = ("images",), step: int = 1) -> Samples:
    """The same samples with `images` and `landmarks` mirrored left to right.

    Parameters
    ----------
    X : Samples, or array of the one required column
    required_columns : tuple of str
    step : int
        Every `step`-th sample of the loaded table is mirrored; 1 mirrors all.

    Returns
    -------
    Samples
        Shares the feature store of `X`, in which its features have keys of their own.

    Examples
    --------
    >>> mirror_samples(np.array([[[1, 2, 3, 4, 5]]], np.uint8))["images"].tolist()
    [[[[5, 4, 3, 2, 1]]]]
    """
    X = as_samples(X, required_columns)
    columns: dict[str, Column] = {}
    if "images" in X:
        columns["images"] = MirroredImages(X.column("images"), step)
    if "landmarks" in X:
        images = X.column("images") if "images" in X else None
        columns["landmarks"] = MirroredLandmarks(X.column("landmarks"), images, step)
    return X.with_lazy_columns("mirrored" if step == 1 else f"mirrored every {step}", columns)


class MirroredImages(LazyColumn):
    """A column of clips that are mirrored on access.

    Parameters
    ----------
    images : ndarray or LazyColumn, shape (n, T, H, W)
    step : int
        Every `step`-th sample is mirrored.
    """

    def __init__(self, images: Column, step: int = 1):
        self.images, self.step = as_lazy_column(images), step
        self.shape = self.images.shape

    def __getitem__(self, indices: Any) -> Any:
        return self._mirrored(self.images[indices], np.arange(len(self))[indices])

    def frame(self, indices: Any, t: int) -> Any:
        """Frame `t` of some samples, (k, H, W), or a list of (H, W)."""
        return self._mirrored(self.images.frame(indices, t), np.arange(len(self))[indices])

    def missing(self, indices: np.ndarray) -> np.ndarray:
        """Samples without usable values, (k,) bool."""
        return self.images.missing(indices)

    def sizes(self, indices: np.ndarray) -> np.ndarray:
        """Width and height of the images of some samples, (k, 2)."""
        return self.images.sizes(indices)

    def _mirrored(self, images: Any, indices: np.ndarray) -> Any:
        chosen = indices % self.step == 0
        if isinstance(images, np.ndarray):
            chosen = chosen.reshape(*np.shape(indices), *[1] * (images.ndim - np.ndim(indices)))
            return np.where(chosen, images[..., ::-1], images)
        return [np.ascontiguousarray(image[..., ::-1]) if c else image for image, c in zip(images, chosen, strict=True)]


class MirroredLandmarks(LazyColumn):
    """Landmarks of mirrored images.

    Parameters
    ----------
    landmarks : ndarray or LazyColumn, shape (n, T, 68, 2)
    images : ndarray or LazyColumn, optional
        The images of the landmarks; without images x is mirrored at 0.
    step : int
        Every `step`-th sample is mirrored.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, landmarks: Column, images: Column | None = None, step: int = 1):
        self.landmarks, self.step = as_lazy_column(landmarks), step
        self.images = None if images is None else as_lazy_column(images)
        self.shape = self.landmarks.shape

    def __getitem__(self, indices: Any) -> np.ndarray:
        indices = np.arange(len(self))[indices]
        points = self.landmarks[indices]
        # An image of width 1 is mirrored at x = 0.
        width: Any = 1
        if self.images is not None:
            width = self.images.sizes(np.atleast_1d(indices))[:, 0].reshape(*indices.shape, 1, 1)
        chosen = (indices % self.step == 0).reshape(*indices.shape, 1, 1, 1)
        return np.where(chosen, mirror_landmarks(points, width), points).astype(points.dtype)

    def missing(self, indices: np.ndarray) -> np.ndarray:
        """Samples without landmarks in any frame, (k,) bool."""
        return self.landmarks.missing(indices)
