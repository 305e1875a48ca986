"""Histograms of oriented optical flow from neutral to apex, both aligned (Laptev et al., CVPR 2008)."""

from __future__ import annotations

import numpy as np

from ..samples import Samples
from ..vision.flow import FLOWS, dense_flow, hof
from .base import Extractor, require_neutral
from .parameters import NOT_NEGATIVE, WHOLE


class Flow(Extractor):
    """Where each cell of the face moves between neutral and apex.

    Parameters
    ----------
    method : {'farneback', 'dis'}
        The dense flow.
    orientations : int
        Direction bins over 360 degrees.
    grid : int
        The crop is cut into `grid` x `grid` cells.
    still : float
        Motion below this many pixels of the crop counts as none.

    Notes
    -----
    The square root of each histogram is taken: a few large motions must not drown the small ones that tell
    expressions apart.
    """

    cites = "Laptev et al., CVPR 2008; Kroeger et al., ECCV 2016; Farneback, SCIA 2003"
    rules = {"method": tuple(FLOWS), "orientations": WHOLE, "grid": WHOLE, "still": NOT_NEGATIVE}

    def __init__(self, method: str = "farneback", orientations: int = 8, grid: int = 8, still: float = 0.5):
        self.method = method
        self.orientations = orientations
        self.grid = grid
        self.still = still

    def describe(self, X: Samples) -> np.ndarray:
        """Roots of histograms of flow, (n, grid * grid * (orientations + 1))."""
        flow = flow_to_apex(self, X)
        return np.sqrt(hof(flow, self.orientations, self.grid, self.still))

    def names(self) -> list[str]:
        """``flow[cell=row,column direction=degrees]`` and ``flow[cell=row,column still]``."""
        step = 360 / self.orientations
        kinds = [*(f"direction={step * o:g}deg" for o in range(self.orientations)), "still"]
        return [f"flow[cell={r},{c} {kind}]" for r in range(self.grid) for c in range(self.grid) for kind in kinds]


def flow_to_apex(extractor: Extractor, X: Samples) -> np.ndarray:
    """Dense flow from the neutral frame to the apex by the extractor's `method`, (n, H, W, 2) float32.

    Raises
    ------
    FerError
        For stills.
    """
    require_neutral(extractor, "images", X)
    return dense_flow(X.frame("images", 0), X.frame("images", -1), extractor.get_params()["method"])
