"""Whole aligned clips on three orthogonal planes: LBP-TOP (Zhao and Pietikainen 2007) and HOG-TOP (Chen et al.)."""

from __future__ import annotations

import numpy as np

from ..errors import FerError
from ..samples import Samples
from ..vision.lbp import BINS
from ..vision.top import PLANES, hog_top, lbp_top
from .base import Extractor, require_neutral
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


def read_clips(extractor: Extractor, X: Samples, frames: int) -> np.ndarray:
    """Frames spread evenly from neutral to apex, (n, min(frames, T), H, W) uint8.

    Raises
    ------
    FerError
        Where the clips have fewer than 3 frames, or fewer than 3 are asked for.
    """
    require_neutral(extractor, "images", X)
    name, length = type(extractor).__name__, np.shape(X.column("images"))[1]
    if length < 3:
        raise FerError(f"{name} needs clips of 3 frames or more: these have {length}")
    if frames < 3:
        raise FerError(f"{name}: frames={frames}, but 3 or more are needed to see motion")
    kept = np.unique(np.rint(np.linspace(0, length - 1, min(frames, length))).astype(int))
    return np.stack([X.frame("images", t) for t in kept], 1)
