"""Alignment of faces as a pipeline step, so that a saved model contains it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from ..exceptions import FerError
from ..samples.columns import LazyColumn, as_lazy_column
from ..samples.feature_blocks import stored_features
from ..samples.plain_arrays import as_samples
from ..samples.table import Samples
from ..vision.crop import ALIGNMENTS, face_template, resize_images, square_corner, warp_images
from ..vision.geometry import apply_affine
from .base import SamplesTransformer
from .cache_keys import cache_key
from .parameters import NON_NEGATIVE, POSITIVE, POSITIVE_INTEGER, Constraint, check_parameters
from .stored_extraction import check_step


class Align(SamplesTransformer):
    """Crop each frame around the face.

    Parameters
    ----------
    method : {'procrustes', 'eyes', 'none'}, default='procrustes'
        'procrustes': the least-squares similarity between all 68 landmarks and a mean face. 'eyes': the similarity that
        maps the centres of the eyes to fixed positions. 'none': no alignment; the centred square of the image is
        resized to the crop, which needs no landmarks.
    size : int, default=128
        Width of the crop in pixels; without alignment also its height.
    side_margin : float, default=0.6
        Distance from the centre of an eye to the nearer side of the crop, in interocular distances.
    top_margin : float, default=0.8
        Distance from the line through the eyes to the upper edge of the crop, in interocular distances.
    bottom_margin : float, default=1.95
        Distance from the line through the eyes to the lower edge of the crop, in interocular distances. The default
        includes an open mouth, which ends near 1.5, and most of the chin. It gives crops of 128 x 160 pixels, a
        multiple of cells of 16 pixels.

    Attributes
    ----------
    image_size_ : tuple of int
        Height and width of the images in `fit`.

    Notes
    -----
    Each frame is aligned by its own landmarks, which removes head motion as far as a similarity can. Frames are cropped
    on access and not stored. The landmarks of the output are in pixels of the crop.

    References
    ----------
    S. Umeyama, "Least-squares estimation of transformation parameters between two point patterns", PAMI 13(4), 1991,
    doi:10.1109/34.88573 (the similarity of 'procrustes', without reflections).

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.extractors import Align
    >>> clips = np.zeros((4, 3, 200, 150), np.uint8)
    >>> Align("none", size=48).fit_transform(clips).frame("images", -1).shape
    (4, 48, 48)
    """

    parameter_constraints: ClassVar[Mapping[str, Constraint]] = {
        "method": (*ALIGNMENTS, "none"),
        "size": POSITIVE_INTEGER,
        "side_margin": NON_NEGATIVE,
        "top_margin": NON_NEGATIVE,
        "bottom_margin": POSITIVE,
    }

    def __init__(
        self,
        method: str = "procrustes",
        size: int = 128,
        side_margin: float = 0.6,
        top_margin: float = 0.8,
        bottom_margin: float = 1.95,
    ):
        self.method = method
        self.size = size
        self.side_margin = side_margin
        self.top_margin = top_margin
        self.bottom_margin = bottom_margin

    @property
    def required_columns(self) -> tuple[str, ...]:
        """Columns of `Samples` that the step uses."""
        return ("images",) if self.method == "none" else ("images", "landmarks")

    def validate_parameters(self) -> None:
        """Raise an error for invalid parameters.

        Raises
        ------
        FerError
        """
        check_parameters(self, self.parameter_constraints)

    def fit(self, X: Any, y: Any = None) -> Self:
        """Validate the parameters and store the size of the images.

        Parameters
        ----------
        X : Samples, or array of images
        y : None
            Ignored.

        Raises
        ------
        FerError
            If a parameter is invalid, images are absent, or features of `X` were extracted with other parameters.
        """
        self.validate_parameters()
        if stored := stored_features(X):
            check_step("align", self, stored[0])
            self.image_size_: Any = stored[0].extraction.image_size
            return self
        self.image_size_ = tuple(np.shape(as_samples(X, ("images",)).column("images"))[-2:])
        return self

    def transform(self, X: Any) -> Samples:
        """The same samples with aligned images and landmarks.

        Parameters
        ----------
        X : Samples, or array of images where the method is 'none'

        Returns
        -------
        Samples
            With `images` (n, T, height, width) uint8 that are cropped on access, and `landmarks` in their pixels.
            `X` itself where its features were extracted before.

        Raises
        ------
        FerError
            If a parameter is invalid, or if images or the landmarks for the alignment are absent.
        """
        self.validate_parameters()
        if stored_features(X):
            return X
        if self.method != "none" and isinstance(X, Samples) and "images" in X and "landmarks" not in X:
            file = X.info.files.get("landmarks")
            raise FerError(
                "alignment needs the column 'landmarks', which is absent"
                + (f" (it would be in {file})" if file else "")
                + "; for images that are already cropped to the face, use align__method='none'"
            )
        X = as_samples(X, self.required_columns)
        images = X.column("images")
        if self.method == "none":
            resized: dict[str, Any] = {"images": ResizedImages(images, self.size)}
            if "landmarks" in X:
                resized["landmarks"] = ResizedLandmarks(X.column("landmarks"), images, self.size)
            return X.with_lazy_columns(cache_key(self), resized)
        template = face_template(self.size, self.side_margin, self.top_margin)
        height = max(1, round((self.top_margin + self.bottom_margin) / (1 + 2 * self.side_margin) * self.size))
        aligned = AlignedImages(images, X.column("landmarks"), self.method, template, self.size, height)
        return X.with_lazy_columns(cache_key(self), {"images": aligned, "landmarks": AlignedLandmarks(aligned)})


class ResizedImages(LazyColumn):
    """Clips whose centred squares are resized on access.

    Parameters
    ----------
    images : ndarray or LazyColumn, shape (n, T, H, W)
    size : int
        Side of the square in pixels.
    """

    def __init__(self, images: Any, size: int):
        self.images, self.size = as_lazy_column(images), size
        self.shape = (*np.shape(images)[:2], size, size)

    def __getitem__(self, indices: Any) -> np.ndarray:
        indices = np.arange(len(self))[indices]
        return np.stack([self.frame(indices, t) for t in range(self.shape[1])], 1)

    def frame(self, indices: np.ndarray, t: int) -> np.ndarray:
        """Frame `t` of some samples, shape (k, size, size)."""
        return resize_images(self.images.frame(indices, t), self.size)


class ResizedLandmarks(LazyColumn):
    """Landmarks in pixels of images that are resized to squares.

    Parameters
    ----------
    landmarks : ndarray or LazyColumn, shape (n, T, 68, 2)
    images : ndarray or LazyColumn, shape (n, T, H, W)
        The original images.
    size : int
        Side of the square in pixels.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, landmarks: Any, images: Any, size: int):
        self.landmarks, self.images, self.size = as_lazy_column(landmarks), as_lazy_column(images), size
        self.shape = self.landmarks.shape

    def __getitem__(self, indices: Any) -> np.ndarray:
        indices = np.arange(len(self))[indices]
        sizes = self.images.sizes(np.atleast_1d(indices))
        side = sizes.min(1).reshape(*indices.shape, 1, 1, 1)
        corner = np.array([square_corner(*size) for size in sizes]).reshape(*indices.shape, 1, 1, 2)
        return ((self.landmarks[indices] - corner + 0.5) * (self.size / side) - 0.5).astype(np.float32)

    def missing(self, indices: np.ndarray) -> np.ndarray:
        """Samples without landmarks in any frame, shape (k,) bool."""
        return self.landmarks.missing(indices)


class AlignedImages(ResizedImages):
    """Clips that are cropped around the face on access.

    Parameters
    ----------
    images : ndarray or LazyColumn, shape (n, T, H, W)
    landmarks : ndarray or LazyColumn, shape (n, T, 68, 2)
    method : str
        Key of `ALIGNMENTS`.
    template : ndarray, shape (68, 2)
        Landmarks of the mean face in pixels of the crop.
    width, height : int
        Size of the crop in pixels; square without `height`.
    """

    def __init__(
        self, images: Any, landmarks: Any, method: str, template: np.ndarray, width: int, height: int | None = None
    ):
        super().__init__(images, width)
        self.landmarks, self.method, self.template = as_lazy_column(landmarks), method, template
        self.shape = (*self.shape[:2], height or width, width)
        self._last: tuple[tuple[bytes, int], np.ndarray, np.ndarray] | None = None

    def frame(self, indices: np.ndarray, t: int) -> np.ndarray:
        """Frame `t` of some samples, shape (k, height, width); black where the landmarks are missing."""
        return warp_images(self.images.frame(indices, t), self.alignment(indices, t)[1], self.size, self.shape[2])

    def alignment(self, indices: np.ndarray, t: int) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks of frame `t` of some samples, (k, 68, 2), and their transforms to the crops, (k, 2, 3)."""
        # Images and landmarks of a frame are mostly read one after the other.
        key, last = (np.asarray(indices).tobytes(), t), self._last
        if last is None or last[0] != key:
            landmarks = self.landmarks.frame(indices, t)
            self._last = last = key, landmarks, ALIGNMENTS[self.method](landmarks, self.template)
        return last[1:]

    def missing(self, indices: np.ndarray) -> np.ndarray:
        """Samples without landmarks in any frame, or with degenerate landmarks, shape (k,) bool."""
        matrices = ALIGNMENTS[self.method](self.landmarks[indices], self.template)
        return ~np.isfinite(matrices).all((1, 2, 3))


class AlignedLandmarks(LazyColumn):
    """Landmarks in pixels of the aligned crops.

    Parameters
    ----------
    aligned : AlignedImages
    """

    dtype = np.dtype(np.float32)

    def __init__(self, aligned: AlignedImages):
        self.aligned = aligned
        self.shape = aligned.landmarks.shape

    def __getitem__(self, indices: Any) -> np.ndarray:
        landmarks = self.aligned.landmarks[indices]
        matrices = ALIGNMENTS[self.aligned.method](landmarks, self.aligned.template)
        return apply_affine(matrices, landmarks).astype(np.float32)

    def frame(self, indices: np.ndarray, t: int) -> np.ndarray:
        """Landmarks of frame `t` of some samples, shape (k, 68, 2)."""
        landmarks, matrices = self.aligned.alignment(indices, t)
        return apply_affine(matrices, landmarks).astype(np.float32)

    def missing(self, indices: np.ndarray) -> np.ndarray:
        """Samples without aligned landmarks, shape (k,) bool."""
        return self.aligned.missing(indices)
