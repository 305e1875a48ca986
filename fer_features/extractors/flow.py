"""Histograms of oriented optical flow from neutral to apex, both aligned (Laptev et al., CVPR 2008)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ..samples.table import Samples
from ..vision.flow import FLOWS, dense_flow, hof
from .base import Extractor, require_neutral
from .parameters import NOT_NEGATIVE, WHOLE

#: Which frames the neutral one is compared with.
PAIRS = "apex", "clip"


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
    pairs : {'apex', 'clip'}
        The flow from the neutral frame to the apex alone, or to every later frame of the clip: the mean of their
        histograms, as long for clips of any length, and for a clip of two frames the same.

    Notes
    -----
    The square root of each histogram is taken: a few large motions must not drown the small ones that tell
    expressions apart.
    """

    cites = "Laptev et al., CVPR 2008; Kroeger et al., ECCV 2016; Farneback, SCIA 2003"
    rules = {
        "pairs": PAIRS,
        "method": tuple(FLOWS),
        "orientations": WHOLE,
        "grid": WHOLE,
        "still": NOT_NEGATIVE,
    }

    def __init__(
        self,
        method: str = "farneback",
        orientations: int = 8,
        grid: int = 8,
        still: float = 0.5,
        pairs: str = "apex",
    ):
        self.method = method
        self.orientations = orientations
        self.grid = grid
        self.still = still
        self.pairs = pairs

    def describe(self, X: Samples) -> np.ndarray:
        """Roots of histograms of flow, (n, grid * grid * (orientations + 1))."""
        return np.sqrt(mean_over_pairs(self, X, lambda flow: hof(flow, self.orientations, self.grid, self.still)))

    def names(self) -> list[str]:
        """``flow[cell=row,column direction=degrees]`` and ``flow[cell=row,column still]``."""
        step = 360 / self.orientations
        kinds = [*(f"direction={step * o:g}deg" for o in range(self.orientations)), "still"]
        return [f"flow[cell={r},{c} {kind}]" for r in range(self.grid) for c in range(self.grid) for kind in kinds]


def mean_over_pairs(extractor: Extractor, X: Samples, describe: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Mean of a description (n, H, W, 2) -> (n, d) over the flows of the extractor's `pairs`, (n, d)."""
    found = [describe(flow) for flow in flows(extractor, X, extractor.get_params()["pairs"])]
    return np.mean(found, 0)


def flow_to_apex(extractor: Extractor, X: Samples) -> np.ndarray:
    """Dense flow from the neutral frame to the apex by the extractor's `method`, (n, H, W, 2) float32.

    Raises
    ------
    FerError
        For stills.
    """
    return next(flows(extractor, X, "apex"))


def flows(extractor: Extractor, X: Samples, pairs: str) -> Iterator[np.ndarray]:
    """Dense flows from the neutral frame by the extractor's `method`, each (n, H, W, 2) float32, one at a time.

    Raises
    ------
    FerError
        For stills.
    """
    require_neutral(extractor, "images", X)
    neutral, length = X.frame("images", 0), np.shape(X.column("images"))[1]
    for t in (-1,) if pairs == "apex" else range(1, length):
        yield dense_flow(neutral, X.frame("images", t), extractor.get_params()["method"])
