"""Alignment as a step: faces cropped to one place, size and roll, so that a saved model carries it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ..exceptions import FerError
from ..samples.columns import frame, missing, sizes
from ..samples.table import Samples, as_samples
from ..vision.crop import ALIGNMENTS, resize, template, warp
from ..vision.geometry import transform
from .base import Stateless, repr_of
from .parameters import NOT_NEGATIVE, POSITIVE, WHOLE, Rule, check_parameters


class Align(Stateless):
    """Crop every frame around the face.

    Parameters
    ----------
    method : {'procrustes', 'eyes', 'none'}
        By the least-squares similarity of all 68 points to a mean face; by the similarity that takes the eye centres
        to fixed places; or not at all: the whole picture scaled to the crop, which needs no landmarks.
    size : int
        Width of the crop in pixels; without alignment its height too.
    side : float
        Distance from an eye centre to the nearer side of the crop, in inter-ocular distances.
    top : float
        Distance from the line of the eyes to the upper edge of the crop, in inter-ocular distances.
    bottom : float
        Distance from the line of the eyes to the lower edge. The default keeps an open mouth in, which ends near 1.5,
        and most of the chin; it makes the crop 128 x 160 pixels, whole cells of 16.

    Notes
    -----
    Each frame is aligned by its own landmarks, which takes head motion out as far as a similarity can. Crops are
    cut when they are read and not kept; the landmarks of the result are in pixels of the crop.
    """

    rules: ClassVar[Mapping[str, Rule]] = {
        "method": (*ALIGNMENTS, "none"),
        "size": WHOLE,
        "side": NOT_NEGATIVE,
        "top": NOT_NEGATIVE,
        "bottom": POSITIVE,
    }

    def __init__(
        self, method: str = "procrustes", size: int = 128, side: float = 0.6, top: float = 0.8, bottom: float = 1.95
    ):
        self.method = method
        self.size = size
        self.side = side
        self.top = top
        self.bottom = bottom

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns that are needed."""
        return ("images",) if self.method == "none" else ("images", "landmarks")

    def fit(self, X: Any, y: Any = None) -> Align:
        """Check the parameters and note the height and width of the pictures, `size_`, for those who cut out more."""
        check_parameters(self, self.rules)
        images = X.column("images") if isinstance(X, Samples) and "images" in X else X
        self.size_ = tuple(np.shape(images)[-2:])
        return self

    def transform(self, X: Any) -> Samples:
        """The same rows with aligned `images` (n, T, height, width) uint8 and `landmarks`.

        Raises
        ------
        FerError
            Where images, or landmarks to align by, are absent.
        """
        check_parameters(self, self.rules)
        if self.method != "none" and isinstance(X, Samples) and "images" in X and "landmarks" not in X:
            where = X.info.files.get("landmarks")
            raise FerError(
                "alignment needs the column 'landmarks', which is absent"
                + (f" (it would be in {where})" if where else "")
                + "; for pictures that are cropped to the face already, --set align__method=none"
            )
        X = as_samples(X, self.reads)
        images = X.column("images")
        if self.method == "none":
            scaled: dict[str, Any] = {"images": Scaled(images, self.size)}
            if "landmarks" in X:
                scaled["landmarks"] = ScaledLandmarks(X.column("landmarks"), images, self.size)
            return X.derived(repr_of(self), scaled)
        landmarks = X.column("landmarks")
        face = template(self.size, self.side, self.top)
        height = max(1, round((self.top + self.bottom) / (1 + 2 * self.side) * self.size))
        aligned = Aligned(images, landmarks, self.method, face, self.size, height)
        return X.derived(repr_of(self), {"images": aligned, "landmarks": AlignedLandmarks(aligned)})

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """Names of the columns, unchanged."""
        return input_features


class Scaled:
    """A column of clips scaled whole to squares when read."""

    def __init__(self, images: Any, size: int):
        self.images, self.size = images, size
        self.shape = (*np.shape(images)[:2], size, size)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: Any) -> np.ndarray:
        rows = np.arange(len(self))[rows]
        return np.stack([self.frame(rows, t) for t in range(self.shape[1])], 1)

    def frame(self, rows: np.ndarray, t: int) -> np.ndarray:
        """Frame `t` of some rows, (n, size, size)."""
        return resize(frame(self.images, rows, t), self.size)


class ScaledLandmarks:
    """Landmarks in pixels of pictures that are scaled whole to squares."""

    def __init__(self, landmarks: np.ndarray, images: Any, size: int):
        self.landmarks, self.images, self.size = landmarks, images, size
        self.shape = landmarks.shape

    def __len__(self) -> int:
        return len(self.landmarks)

    def __getitem__(self, rows: Any) -> np.ndarray:
        rows = np.arange(len(self))[rows]
        size = sizes(self.images, np.atleast_1d(rows)).reshape(*rows.shape, 1, 1, 2)
        return ((self.landmarks[rows] + 0.5) * (self.size / size) - 0.5).astype(np.float32)

    def missing(self, rows: np.ndarray) -> np.ndarray:
        """Rows without landmarks in any frame."""
        return missing(self.landmarks, rows)


class Aligned(Scaled):
    """A column of clips cropped around the face when read."""

    def __init__(
        self, images: Any, landmarks: np.ndarray, method: str, face: np.ndarray, width: int, height: int | None = None
    ):
        super().__init__(images, width)
        self.landmarks, self.method, self.face = landmarks, method, face
        self.shape = (*self.shape[:2], height or width, width)

    def frame(self, rows: np.ndarray, t: int) -> np.ndarray:
        """Frame `t` of some rows, (n, height, width); 0 where landmarks are missing."""
        matrices = ALIGNMENTS[self.method](self.landmarks[rows][:, t], self.face)
        return warp(frame(self.images, rows, t), matrices, self.size, self.shape[2])

    def missing(self, rows: np.ndarray) -> np.ndarray:
        """Rows without landmarks in any frame, or with points that span no face."""
        landmarks = self.landmarks[rows]
        return ~np.isfinite(ALIGNMENTS[self.method](landmarks, self.face)).all((1, 2, 3))


class AlignedLandmarks:
    """Landmarks in pixels of the aligned crops."""

    def __init__(self, aligned: Aligned):
        self.aligned = aligned
        self.shape = aligned.landmarks.shape

    def __len__(self) -> int:
        return len(self.aligned)

    def __getitem__(self, rows: Any) -> np.ndarray:
        landmarks = self.aligned.landmarks[rows]
        matrices = ALIGNMENTS[self.aligned.method](landmarks, self.aligned.face)
        return transform(matrices, landmarks).astype(np.float32)

    def missing(self, rows: np.ndarray) -> np.ndarray:
        """Rows without landmarks."""
        return self.aligned.missing(rows)
