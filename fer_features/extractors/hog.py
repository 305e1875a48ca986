"""Histograms of oriented gradients of the aligned face (Dalal and Triggs, CVPR 2005)."""

from __future__ import annotations

import numpy as np
from sklearn.exceptions import NotFittedError

from ..vision.hog import hog
from .appearance import FRAMES, Appearance
from .parameters import POSITIVE_INTEGER, POSITIVE_INTEGERS, as_list


class HOG(Appearance):
    """Histograms of oriented gradients (HOG).

    Parameters
    ----------
    orientations : int, default=9
        Number of orientation bins over 180 degrees, or over 360 degrees with `signed_gradients`.
    pixels_per_cell : int or tuple of int, default=16
        Side of a square cell in pixels of the crop. The features of several sizes are concatenated.
    cells_per_block : int, default=2
        Side of a square block in cells.
    signed_gradients : bool, default=False
        Whether opposite directions of the gradient have different bins.
    frame : {'apex', 'apex_minus_neutral', 'both'}, default='apex'
        Features of the apex frame, their difference to those of the neutral frame, or both concatenated.

    See Also
    --------
    fer_features.vision.hog.hog : The formula, and its differences to the paper.

    Notes
    -----
    `orientations`, `pixels_per_cell` and `cells_per_block` have the names of `skimage.feature.hog`, which takes a pair
    of numbers for the last two. Cells and blocks are square here, and a tuple means several sizes.

    References
    ----------
    N. Dalal, B. Triggs, "Histograms of oriented gradients for human detection", CVPR 2005,
    doi:10.1109/CVPR.2005.177.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.extractors import HOG
    >>> images = np.random.default_rng(0).integers(0, 256, (5, 48, 48)).astype(np.uint8)
    >>> HOG(pixels_per_cell=(16, 12)).fit_transform(images).shape
    (5, 468)
    """

    reference = "Dalal and Triggs, CVPR 2005"
    parameter_constraints = {
        "orientations": POSITIVE_INTEGER,
        "pixels_per_cell": POSITIVE_INTEGERS,
        "cells_per_block": POSITIVE_INTEGER,
        "signed_gradients": (False, True),
        "frame": FRAMES,
    }

    def __init__(
        self,
        orientations: int = 9,
        pixels_per_cell: int | tuple[int, ...] = 16,
        cells_per_block: int = 2,
        signed_gradients: bool = False,
        frame: str = "apex",
    ):
        self.orientations = orientations
        self.pixels_per_cell = pixels_per_cell
        self.cells_per_block = cells_per_block
        self.signed_gradients = signed_gradients
        self.frame = frame

    def extract_images(self, images: np.ndarray) -> np.ndarray:
        """HOG of images (n, H, W) uint8, shape (n, d) float32."""
        blocks = [
            hog(images, self.orientations, size, self.cells_per_block, self.signed_gradients)
            for size in as_list(self.pixels_per_cell)
        ]
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks, 1)

    def image_feature_names(self) -> list[str]:
        """``hog[block=row,column cell=row,column orientation=degrees]``; of several sizes, ``size=pixels`` first.

        Raises
        ------
        NotFittedError
            Before `fit`, since the number of features depends on the size of the images.
        """
        if not hasattr(self, "input_shape_"):
            raise NotFittedError("the number of HOG features depends on the size of the images: call fit first")
        _, height, width = self.input_shape_
        step = (360 if self.signed_gradients else 180) / self.orientations
        sizes = [(size, f"size={size} ") for size in as_list(self.pixels_per_cell)]
        if len(sizes) == 1:
            sizes = [(sizes[0][0], "")]
        side = self.cells_per_block
        return [
            f"hog[{prefix}block={r},{c} cell={r + i},{c + j} orientation={step * o:g}deg]"
            for size, prefix in sizes
            for r in range(height // size - side + 1)
            for c in range(width // size - side + 1)
            for i in range(side)
            for j in range(side)
            for o in range(self.orientations)
        ]
