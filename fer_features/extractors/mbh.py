"""Boundaries of the motion from neutral to apex, both aligned (Dalal, Triggs and Schmid, ECCV 2006)."""

from __future__ import annotations

import numpy as np

from ..samples.table import Samples
from ..vision.flow import FLOWS
from ..vision.mbh import mbh
from .base import Extractor
from .flow import PAIRS, mean_over_pairs
from .parameters import WHOLE


class MBH(Extractor):
    """Where neighbouring cells of the face move apart or together between neutral and apex.

    Parameters
    ----------
    method : {'farneback', 'dis'}
        The dense flow.
    orientations : int
        Direction bins over 360 degrees.
    grid : int
        The crop is cut into `grid` x `grid` cells.
    pairs : {'apex', 'clip'}
        The flow from the neutral frame to the apex alone, or to every later frame of the clip: the mean of their
        histograms, as long for clips of any length, and for a clip of two frames the same.

    Notes
    -----
    The square root of each histogram is taken: a few large motions must not drown the small ones.

    See Also
    --------
    fer_features.vision.mbh.mbh : the formula, and where it departs from the paper.
    """

    cites = "Dalal, Triggs and Schmid, ECCV 2006"
    rules = {"method": tuple(FLOWS), "orientations": WHOLE, "grid": WHOLE, "pairs": PAIRS}

    def __init__(self, method: str = "farneback", orientations: int = 8, grid: int = 8, pairs: str = "apex"):
        self.method = method
        self.orientations = orientations
        self.grid = grid
        self.pairs = pairs

    def describe(self, X: Samples) -> np.ndarray:
        """Roots of histograms, (n, 2 * grid * grid * orientations)."""
        return np.sqrt(mean_over_pairs(self, X, lambda flow: mbh(flow, self.orientations, self.grid)))

    def names(self) -> list[str]:
        """``mbh[cell=row,column motion=x direction=degrees]``."""
        step = 360 / self.orientations
        return [
            f"mbh[cell={r},{c} motion={axis} direction={step * o:g}deg]"
            for axis in "xy"
            for r in range(self.grid)
            for c in range(self.grid)
            for o in range(self.orientations)
        ]
