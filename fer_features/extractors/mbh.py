"""Motion boundary histograms from the neutral frame to the apex (Dalal, Triggs and Schmid, ECCV 2006)."""

from __future__ import annotations

import numpy as np

from ..samples.table import Samples
from ..vision.flow import FLOW_METHODS
from ..vision.mbh import mbh
from .base import Extractor
from .flow import PAIRS, mean_over_pairs
from .parameters import POSITIVE_INTEGER


class MBH(Extractor):
    """Motion boundary histograms (MBH): HOG of the components of the optical flow, over a grid.

    Parameters
    ----------
    method : {'farneback', 'dis'}, default='farneback'
        Method of the dense optical flow.
    orientations : int, default=8
        Number of direction bins over 360 degrees.
    grid : int, default=8
        The crop is divided into `grid` x `grid` cells.
    pairs : {'apex', 'clip'}, default='apex'
        Pairs of frames between which the flow is computed: the neutral frame and the apex, or the neutral frame and
        each later frame of the clip, whose histograms are averaged. The number of features is the same for clips of
        any length, and for clips of two frames the features are equal.

    See Also
    --------
    fer_features.vision.mbh.mbh : The formula, and its differences to the paper.

    Notes
    -----
    The features are the square roots of the histograms, which keeps a few large motions from dominating the small ones.

    References
    ----------
    N. Dalal, B. Triggs, C. Schmid, "Human detection using oriented histograms of flow and appearance", ECCV 2006,
    doi:10.1007/11744047_33.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.extractors.mbh import MBH
    >>> clips = np.random.default_rng(0).integers(0, 256, (3, 2, 48, 48)).astype(np.uint8)
    >>> extractor = MBH(grid=4)
    >>> extractor.fit_transform(clips).shape
    (3, 256)
    >>> extractor.get_feature_names_out()[0]
    'mbh[cell=0,0 motion=x direction=0deg]'
    """

    reference = "Dalal, Triggs and Schmid, ECCV 2006"
    parameter_constraints = {
        "method": tuple(FLOW_METHODS),
        "orientations": POSITIVE_INTEGER,
        "grid": POSITIVE_INTEGER,
        "pairs": PAIRS,
    }

    def __init__(self, method: str = "farneback", orientations: int = 8, grid: int = 8, pairs: str = "apex"):
        self.method = method
        self.orientations = orientations
        self.grid = grid
        self.pairs = pairs

    def extract(self, X: Samples) -> np.ndarray:
        """Square roots of the histograms, shape (n, 2 * grid * grid * orientations)."""
        return np.sqrt(
            mean_over_pairs(self, X, self.method, self.pairs, lambda flow: mbh(flow, self.orientations, self.grid))
        )

    def feature_names(self) -> list[str]:
        """``mbh[cell=row,column motion=x direction=degrees]``."""
        step = 360 / self.orientations
        return [
            f"mbh[cell={r},{c} motion={axis} direction={step * o:g}deg]"
            for axis in "xy"
            for r in range(self.grid)
            for c in range(self.grid)
            for o in range(self.orientations)
        ]
