"""LBP of whole aligned clips on three orthogonal planes (Zhao and Pietikainen, PAMI 2007)."""

from __future__ import annotations

import numpy as np

from ..samples.table import Samples
from ..vision.lbp import BINS
from ..vision.top import PLANES, lbp_top
from .base import Extractor
from .clips import read_clips
from .parameters import WHOLE


class LBPTOP(Extractor):
    """Histograms of uniform patterns on the planes XY, XT and YT of the clip, over a grid.

    Parameters
    ----------
    radius : int
        Radius of the neighbourhood along x and y in pixels of the crop.
    time_radius : int
        Its radius along time, in frames that are read; less where clips are too short for it.
    grid : int
        The crop is cut into `grid` x `grid` cells.
    frames : int
        Most frames that are read, spread evenly from neutral to apex; at least 3.

    Notes
    -----
    The square root of each histogram is taken, so that Euclidean distance is Hellinger's, which suits counts.

    See Also
    --------
    fer_features.vision.top.lbp_top_codes : the formula, and where it departs from the paper.
    """

    cites = "Zhao and Pietikainen, PAMI 2007"
    rules = {"radius": WHOLE, "time_radius": WHOLE, "grid": WHOLE, "frames": WHOLE}

    def __init__(self, radius: int = 2, time_radius: int = 1, grid: int = 5, frames: int = 5):
        self.radius = radius
        self.time_radius = time_radius
        self.grid = grid
        self.frames = frames

    def describe(self, X: Samples) -> np.ndarray:
        """Roots of histograms, (n, grid * grid * 3 * 59)."""
        clips = read_clips(self, X, self.frames)
        fitting = min(self.time_radius, (clips.shape[1] - 1) // 2)
        return np.sqrt(lbp_top(clips, self.radius, fitting, self.grid))

    def names(self) -> list[str]:
        """``lbptop[cell=row,column plane=xy pattern=label]``."""
        cells = [(r, c) for r in range(self.grid) for c in range(self.grid)]
        return [f"lbptop[cell={r},{c} plane={p} pattern={k}]" for r, c in cells for p in PLANES for k in range(BINS)]
