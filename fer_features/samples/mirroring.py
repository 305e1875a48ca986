"""Faces mirrored left to right: the same table with pictures and landmarks turned round when they are read."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..vision.geometry import mirror
from .columns import frame, missing, sizes
from .table import Samples, as_samples


def mirrored(X: Any, reads: tuple[str, ...] = ("images",), every: int = 1) -> Samples:
    """The same rows with mirrored `images` and `landmarks`.

    Parameters
    ----------
    X : Samples, or array of the one column that is read
    reads : tuple of str
        Columns that are needed.
    every : int
        Rows that are mirrored: all, or every second, third, ... of the table that was loaded.

    Returns
    -------
    Samples
        What is described of it is kept beside what is described of `X`.
    """
    X = as_samples(X, reads)
    columns: dict[str, Any] = {}
    if "images" in X:
        columns["images"] = MirroredImages(X.column("images"), every)
    if "landmarks" in X:
        pictures = X.column("images") if "images" in X else None
        columns["landmarks"] = MirroredLandmarks(X.column("landmarks"), pictures, every)
    return X.derived("mirrored" if every == 1 else f"mirrored every {every}", columns)


class MirroredImages:
    """A column of clips that are mirrored when read."""

    def __init__(self, images: Any, every: int = 1):
        self.images, self.every = images, every
        self.shape = np.shape(images)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: Any) -> Any:
        return self._turn(self.images[rows], np.arange(len(self))[rows])

    def frame(self, rows: np.ndarray, t: int) -> Any:
        """Frame `t` of some rows, (n, H, W), or a list of (H, W)."""
        return self._turn(frame(self.images, rows, t), np.arange(len(self))[rows])

    def missing(self, rows: np.ndarray) -> np.ndarray:
        """Rows that nothing can be read from."""
        return missing(self.images, rows)

    def sizes(self, rows: np.ndarray) -> np.ndarray:
        """Width and height of the pictures of some rows, (n, 2)."""
        return sizes(self.images, rows)

    def _turn(self, pictures: Any, rows: np.ndarray) -> Any:
        turn = rows % self.every == 0
        if isinstance(pictures, np.ndarray):
            turn = turn.reshape(*np.shape(rows), *[1] * (pictures.ndim - np.ndim(rows)))
            return np.where(turn, pictures[..., ::-1], pictures)
        return [np.ascontiguousarray(p[..., ::-1]) if t else p for p, t in zip(pictures, turn, strict=True)]


class MirroredLandmarks:
    """Landmarks of mirrored pictures; without pictures they are mirrored at x = 0."""

    def __init__(self, landmarks: Any, images: Any = None, every: int = 1):
        self.landmarks, self.images, self.every = landmarks, images, every
        self.shape = np.shape(landmarks)

    def __len__(self) -> int:
        return len(self.landmarks)

    def __getitem__(self, rows: Any) -> np.ndarray:
        rows = np.arange(len(self))[rows]
        points = self.landmarks[rows]
        # A width of 1 turns round at x = 0.
        width: Any = (
            1 if self.images is None else sizes(self.images, np.atleast_1d(rows))[:, 0].reshape(*rows.shape, 1, 1)
        )
        turn = (rows % self.every == 0).reshape(*rows.shape, 1, 1, 1)
        return np.where(turn, mirror(points, width), points).astype(points.dtype)

    def missing(self, rows: np.ndarray) -> np.ndarray:
        """Rows without landmarks in any frame."""
        return missing(self.landmarks, rows)
