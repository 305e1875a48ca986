"""Descriptors of single images applied to clips: of the apex, of the apex minus the neutral frame, or both."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

import numpy as np

from ..samples.table import Samples
from .base import Extractor, require_neutral_frame

#: Allowed values of the parameter `frame`.
FRAMES = ("apex", "apex_minus_neutral", "both")

_PREFIXES = {"apex": [""], "apex_minus_neutral": ["change of "], "both": ["", "change of "]}


class Appearance(Extractor):
    """Base class of the extractors that describe images one by one.

    A subclass has a parameter `frame` and implements `image_feature_names` and `extract_images`, or `extract_frame`
    where it needs other columns than the images.

    Attributes
    ----------
    frame : {'apex', 'apex_minus_neutral', 'both'}
        Features of the apex frame, their difference to those of the neutral frame, or both concatenated.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.extractors import Appearance
    >>> class MeanGrey(Appearance):
    ...     reference = "none"
    ...     def __init__(self, frame="apex"):
    ...         self.frame = frame
    ...     def extract_images(self, images):
    ...         return images.mean((1, 2))[:, None]
    ...     def image_feature_names(self):
    ...         return ["grey[mean]"]
    >>> clips = np.zeros((2, 3, 8, 8), np.uint8)  # neutral frame first
    >>> clips[:, -1] = 30
    >>> MeanGrey().fit_transform(clips).ravel()
    array([30., 30.], dtype=float32)
    >>> MeanGrey("apex_minus_neutral").fit(clips).get_feature_names_out().tolist()
    ['change of grey[mean]']
    """

    frame: str

    def extract_images(self, images: np.ndarray) -> np.ndarray:
        """Features of images.

        Parameters
        ----------
        images : ndarray, shape (n, H, W), uint8

        Returns
        -------
        ndarray, shape (n, d)
        """
        raise NotImplementedError

    def extract_frame(self, X: Samples, t: int) -> np.ndarray:
        """Features of frame `t` of each sample, shape (n, d)."""
        return self.extract_images(X.frame("images", t))

    @abstractmethod
    def image_feature_names(self) -> list[str]:
        """Description of each of the d features of an image."""

    def extract(self, X: Samples) -> np.ndarray:
        """Features of a batch as selected by `frame`, shape (n, d), or (n, 2 d) for both."""
        return self.select_frames(X, self.extract_frame)

    def select_frames(self, X: Samples, describe: Callable[[Samples, int], np.ndarray]) -> np.ndarray:
        """Values of `describe` (sample table and frame to (n, ..., d)) as selected by `frame`, for a batch."""
        apex = describe(X, -1)
        if self.frame == "apex":
            return apex
        require_neutral_frame(self, "images", X)
        difference = apex - describe(X, 0)
        return difference if self.frame == "apex_minus_neutral" else np.concatenate([apex, difference], -1)

    def feature_names(self) -> list[str]:
        """Names of the features of an image; those of differences begin with ``change of``."""
        return [f"{prefix}{name}" for prefix in _PREFIXES[self.frame] for name in self.image_feature_names()]
