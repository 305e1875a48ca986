"""How a descriptor of one picture becomes one of a clip: of the apex, of its difference to neutral, or both."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from ..samples.table import Samples
from .base import Extractor, require_neutral

#: What of a clip is described.
OF = ("apex", "difference", "both")


class Appearance(Extractor):
    """An extractor that describes pictures one by one.

    A subclass has a parameter `of` and implements `picture_names` and `describe_pictures`, or `describe_frame` where
    it needs more than the picture.
    """

    of: str

    def describe_pictures(self, images: np.ndarray) -> np.ndarray:
        """Features of pictures, (n, H, W) uint8 -> (n, d)."""
        raise NotImplementedError

    def describe_frame(self, X: Samples, t: int) -> np.ndarray:
        """Features of frame `t` of each row, (n, d)."""
        return self.describe_pictures(X.frame("images", t))

    @abstractmethod
    def picture_names(self) -> list[str]:
        """A name in words for each of the d features of a picture."""

    def describe(self, X: Samples) -> np.ndarray:
        """Features of the apex frame, apex minus neutral, or both side by side."""
        apex = self.describe_frame(X, -1)
        if self.of == "apex":
            return apex
        require_neutral(self, "images", X)
        difference = apex - self.describe_frame(X, 0)
        return difference if self.of == "difference" else np.concatenate([apex, difference], 1)

    def names(self) -> list[str]:
        """Names of the picture's features, marked 'apex' or 'change'."""
        kinds = {"apex": [""], "difference": ["change of "], "both": ["", "change of "]}[self.of]
        return [f"{kind}{name}" for kind in kinds for name in self.picture_names()]
