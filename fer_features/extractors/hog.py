"""Histograms of oriented gradients of the aligned face (Dalal and Triggs, CVPR 2005)."""

from __future__ import annotations

import numpy as np
from sklearn.exceptions import NotFittedError

from ..vision.hog import hog
from .appearance import OF, Appearance
from .parameters import WHOLE, WHOLES, several


class HOG(Appearance):
    """HOG of the apex crop, of its difference to neutral, or both.

    Parameters
    ----------
    orientations : int
        Orientation bins over 180 degrees, or 360 where `signed`.
    cell : int or tuple of int
        Side of a cell in pixels of the crop; with several, the features of each size stand side by side.
    block : int
        Side of a block in cells.
    signed : bool
        Whether opposite gradients are told apart.
    of : {'apex', 'difference', 'both'}

    See Also
    --------
    fer_features.vision.hog.hog : the formula, and where it departs from the paper.
    """

    cites = "Dalal and Triggs, CVPR 2005"
    rules = {"orientations": WHOLE, "cell": WHOLES, "block": WHOLE, "signed": (False, True), "of": OF}

    def __init__(
        self,
        orientations: int = 9,
        cell: int | tuple[int, ...] = 16,
        block: int = 2,
        signed: bool = False,
        of: str = "apex",
    ):
        self.orientations = orientations
        self.cell = cell
        self.block = block
        self.signed = signed
        self.of = of

    def describe_pictures(self, images: np.ndarray) -> np.ndarray:
        """HOG of pictures, (n, H, W) uint8 -> (n, d) float32."""
        parts = [hog(images, self.orientations, cell, self.block, self.signed) for cell in several(self.cell)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, 1)

    def picture_names(self) -> list[str]:
        """``hog[block=row,column cell=row,column orientation=degrees]``; of several sizes, ``size=pixels`` first."""
        if not hasattr(self, "shape_"):
            raise NotFittedError("the number of HOG's features depends on the size of the pictures: fit it first")
        _, height, width = self.shape_
        step = (360 if self.signed else 180) / self.orientations
        sizes = [(cell, f"size={cell} ") for cell in several(self.cell)]
        if len(sizes) == 1:
            sizes = [(sizes[0][0], "")]
        return [
            f"hog[{size}block={r},{c} cell={r + i},{c + j} orientation={step * o:g}deg]"
            for cell, size in sizes
            for r in range(height // cell - self.block + 1)
            for c in range(width // cell - self.block + 1)
            for i in range(self.block)
            for j in range(self.block)
            for o in range(self.orientations)
        ]
