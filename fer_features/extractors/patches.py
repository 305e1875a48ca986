"""LBP or HOG of patches around landmarks, where a grid describes the same places of every crop."""

from __future__ import annotations

import numpy as np

from ..exceptions import FerError
from ..samples.table import Samples
from ..vision.hog import hog
from ..vision.landmark_names import POINTS
from ..vision.lbp import BINS, lbp_histograms
from ..vision.patches import POINT_SETS, patches
from .appearance import OF, Appearance
from .parameters import WHOLE, WHOLES, several


class Patches(Appearance):
    """LBP or HOG of square patches around landmarks: of the apex crop, of its difference to neutral, or both.

    Parameters
    ----------
    descriptor : {'lbp', 'hog'}
        Histograms of uniform patterns, of which the root is taken, or HOG, which wants more cells: 4, of side 32, in
        one block.
    points : {'few', 'inner', 'all'}
        Landmarks that patches stand on: 21 chosen ones, the 51 inside the face, or all 68.
    side : int or tuple of int
        Side of a patch in pixels of the crop; with several, the features of each size stand side by side.
    cells : int
        A patch is cut into `cells` x `cells` cells; `side` is a multiple of it.
    block : int
        Side of a block in cells, for HOG; a patch of one block is named without it.
    orientations : int
        Orientation bins over 180 degrees, for HOG.
    radius : int
        Radius of the circle of 8 neighbours in pixels of the crop, for LBP.
    of : {'apex', 'difference', 'both'}

    Notes
    -----
    Patches go where the points go: what a grid sees of a brow that is raised, its place, they leave to the landmarks,
    and the difference to neutral is one of texture around the same part of the face.

    Past a patch its neighbours in the crop are not seen: gradients at its edge are 0, and binary patterns there
    compare with 0, as of any picture.

    See Also
    --------
    fer_features.vision.patches.patches : how they are cut; fer_features.vision.hog.hog,
    fer_features.vision.lbp.lbp_histograms : the formulas.
    """

    reads = ("images", "landmarks")
    cites = "Chen, Cao, Wen and Sun, CVPR 2013 (patches at landmarks); Dalal and Triggs 2005; Ahonen et al. 2006"
    rules = {
        "descriptor": ("lbp", "hog"),
        "points": tuple(POINT_SETS),
        "side": WHOLES,
        "cells": WHOLE,
        "block": WHOLE,
        "orientations": WHOLE,
        "radius": WHOLE,
        "of": OF,
    }

    def __init__(
        self,
        descriptor: str = "lbp",
        points: str = "inner",
        side: int | tuple[int, ...] = 28,
        cells: int = 2,
        block: int = 2,
        orientations: int = 9,
        radius: int = 2,
        of: str = "apex",
    ):
        self.descriptor = descriptor
        self.points = points
        self.side = side
        self.cells = cells
        self.block = block
        self.orientations = orientations
        self.radius = radius
        self.of = of

    def describe_frame(self, X: Samples, t: int) -> np.ndarray:
        """Features of frame `t`, (n, d) float32: sizes, in each the points, in each its cells."""
        self._check()
        images = X.frame("images", t)
        points = X.frame("landmarks", t)[:, list(POINT_SETS[self.points])]
        return np.concatenate([self._of_size(images, points, side) for side in several(self.side)], 1)

    def picture_names(self) -> list[str]:
        """``lbp[landmark cell=row,column pattern=label]``, ``hog[landmark block=row,column cell=row,column
        orientation=degrees]``; of several sizes, ``size=pixels`` before the landmark.
        """
        sizes = several(self.side)
        inside = self._names_in_a_patch()
        return [
            f"{self.descriptor}[{f'size={size} ' if len(sizes) > 1 else ''}{POINTS[i]} {name}]"
            for size in sizes
            for i in POINT_SETS[self.points]
            for name in inside
        ]

    def _of_size(self, images: np.ndarray, points: np.ndarray, side: int) -> np.ndarray:
        cut = patches(images, points, side).reshape(-1, side, side)
        if self.descriptor == "hog":
            found = hog(cut, self.orientations, side // self.cells, self.block)
        else:
            found = lbp_histograms(cut, self.radius, self.cells)
            np.sqrt(found, out=found)
        return found.reshape(len(images), -1)

    def _names_in_a_patch(self) -> list[str]:
        cells = [(r, c) for r in range(self.cells) for c in range(self.cells)]
        if self.descriptor == "lbp":
            return [f"cell={r},{c} pattern={p}" for r, c in cells for p in range(BINS)]
        step, inside = 180 / self.orientations, self.cells - self.block + 1
        return [
            f"{f'block={r},{c} ' if inside > 1 else ''}cell={r + i},{c + j} orientation={step * o:g}deg"
            for r in range(inside)
            for c in range(inside)
            for i in range(self.block)
            for j in range(self.block)
            for o in range(self.orientations)
        ]

    def _check(self) -> None:
        for side in several(self.side):
            if side % self.cells:
                raise FerError(f"Patches: side={side}, but a whole number of cells is needed, and cells={self.cells}")
        if self.descriptor == "hog" and self.block > self.cells:
            raise FerError(f"Patches: block={self.block}, but a patch has {self.cells} x {self.cells} cells")
