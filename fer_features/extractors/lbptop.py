"""LBP of aligned clips on three orthogonal planes (Zhao and Pietikainen, PAMI 2007)."""

from __future__ import annotations

import numpy as np

from ..samples.table import Samples
from ..vision.lbp import N_LBP_LABELS
from ..vision.top import PLANES, lbp_top
from .base import Extractor
from .clip_sampling import sample_frames
from .parameters import POSITIVE_INTEGER


class LBPTOP(Extractor):
    """LBP-TOP: histograms of uniform patterns on the planes XY, XT and YT of the clip, over a grid.

    Parameters
    ----------
    radius : int, default=2
        Radius of the neighbourhood along x and y in pixels of the crop.
    time_radius : int, default=1
        Radius of the neighbourhood along time, in frames that are read; smaller for clips that are too short for it.
    grid : int, default=5
        The crop is divided into `grid` x `grid` cells.
    n_frames : int, default=5
        Largest number of frames that are read, spread evenly from the neutral frame to the apex; at least 3.

    See Also
    --------
    fer_features.vision.top.lbp_top_codes : The formula, and its differences to the paper.

    Notes
    -----
    The features are the square roots of the histograms, so that the Euclidean distance is the Hellinger distance,
    which suits histograms.

    References
    ----------
    G. Zhao, M. Pietikainen, "Dynamic texture recognition using local binary patterns with an application to facial
    expressions", IEEE TPAMI 29(6), 2007, doi:10.1109/TPAMI.2007.1110.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.extractors.lbptop import LBPTOP
    >>> clips = np.random.default_rng(0).integers(0, 256, (3, 4, 48, 48)).astype(np.uint8)
    >>> extractor = LBPTOP(grid=4)
    >>> extractor.fit_transform(clips).shape
    (3, 2832)
    >>> extractor.get_feature_names_out()[0]
    'lbptop[cell=0,0 plane=xy pattern=0]'
    """

    reference = "Zhao and Pietikainen, PAMI 2007"
    parameter_constraints = {
        "radius": POSITIVE_INTEGER,
        "time_radius": POSITIVE_INTEGER,
        "grid": POSITIVE_INTEGER,
        "n_frames": POSITIVE_INTEGER,
    }

    def __init__(self, radius: int = 2, time_radius: int = 1, grid: int = 5, n_frames: int = 5):
        self.radius = radius
        self.time_radius = time_radius
        self.grid = grid
        self.n_frames = n_frames

    def extract(self, X: Samples) -> np.ndarray:
        """Square roots of the histograms, shape (n, grid * grid * 3 * 59)."""
        clips = sample_frames(self, X, self.n_frames)
        time_radius = min(self.time_radius, (clips.shape[1] - 1) // 2)
        return np.sqrt(lbp_top(clips, self.radius, time_radius, self.grid))

    def feature_names(self) -> list[str]:
        """``lbptop[cell=row,column plane=xy pattern=label]``."""
        return [
            f"lbptop[cell={r},{c} plane={plane} pattern={p}]"
            for r in range(self.grid)
            for c in range(self.grid)
            for plane in PLANES
            for p in range(N_LBP_LABELS)
        ]
