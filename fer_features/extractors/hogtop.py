"""HOG of whole aligned clips on three orthogonal planes (Chen et al., ICMI 2014)."""

from __future__ import annotations

import numpy as np

from ..samples.table import Samples
from ..vision.top import PLANES, hog_top
from .base import Extractor
from .clips import read_clips
from .parameters import WHOLE


class HOGTOP(Extractor):
    """Histograms of oriented gradients on the planes XY, XT and YT of the clip, over a grid.

    Parameters
    ----------
    orientations : int
        Orientation bins over 180 degrees, or 360 where `signed`.
    grid : int
        The crop is cut into `grid` x `grid` cells.
    signed : bool
        Whether opposite gradients are told apart, and with them motion from its reverse.
    frames : int
        Most frames that are read, spread evenly from neutral to apex; at least 3. A few far apart tell motion better
        than many that hardly differ, and are read faster.

    Notes
    -----
    The square root of each histogram is taken: strong edges must not drown weak ones.

    See Also
    --------
    fer_features.vision.top.hog_top : the formula, and where it departs from the papers.
    """

    cites = "Chen et al., ICMI 2014; Chen et al., IEEE Transactions on Affective Computing 2018"
    rules = {"orientations": WHOLE, "grid": WHOLE, "signed": (False, True), "frames": WHOLE}

    def __init__(self, orientations: int = 8, grid: int = 8, signed: bool = True, frames: int = 4):
        self.orientations = orientations
        self.grid = grid
        self.signed = signed
        self.frames = frames

    def describe(self, X: Samples) -> np.ndarray:
        """Roots of histograms, (n, grid * grid * 3 * orientations)."""
        clips = read_clips(self, X, self.frames)
        return np.sqrt(hog_top(clips, self.orientations, self.grid, bool(self.signed)))

    def names(self) -> list[str]:
        """``hogtop[cell=row,column plane=xy orientation=degrees]``."""
        step = (360 if self.signed else 180) / self.orientations
        return [
            f"hogtop[cell={r},{c} plane={plane} orientation={step * o:g}deg]"
            for r in range(self.grid)
            for c in range(self.grid)
            for plane in PLANES
            for o in range(self.orientations)
        ]
