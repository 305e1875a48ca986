"""HOG of aligned clips on three orthogonal planes (Chen et al., ICMI 2014)."""

from __future__ import annotations

import numpy as np

from ..samples.table import Samples
from ..vision.top import PLANES, hog_top
from .base import Extractor
from .clip_sampling import sample_frames
from .parameters import POSITIVE_INTEGER


class HOGTOP(Extractor):
    """HOG-TOP: histograms of oriented gradients on the planes XY, XT and YT of the clip, over a grid.

    Parameters
    ----------
    orientations : int, default=8
        Number of orientation bins over 180 degrees, or over 360 degrees with `signed_gradients`.
    grid : int, default=8
        The crop is divided into `grid` x `grid` cells.
    signed_gradients : bool, default=True
        Whether opposite directions of the gradient, and with them motion and its reverse, have different bins.
    n_frames : int, default=4
        Largest number of frames that are read, spread evenly from the neutral frame to the apex; at least 3. A few
        distant frames show the motion better than many frames that hardly differ, and are read faster.

    See Also
    --------
    fer_features.vision.top.hog_top : The formula, and its differences to the papers.

    Notes
    -----
    The features are the square roots of the histograms, which keeps strong edges from dominating.

    References
    ----------
    J. Chen, Z. Chen, Z. Chi, H. Fu, "Emotion recognition in the wild with feature fusion and multiple kernel
    learning", ICMI 2014, doi:10.1145/2663204.2666277.
    J. Chen, Z. Chen, Z. Chi, H. Fu, "Facial expression recognition in video with multiple feature fusion", IEEE
    Transactions on Affective Computing 9(1), 2018, doi:10.1109/TAFFC.2016.2593719.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.extractors.hogtop import HOGTOP
    >>> clips = np.random.default_rng(0).integers(0, 256, (3, 4, 48, 48)).astype(np.uint8)
    >>> extractor = HOGTOP(grid=4)
    >>> extractor.fit_transform(clips).shape
    (3, 384)
    >>> extractor.get_feature_names_out()[0]
    'hogtop[cell=0,0 plane=xy orientation=0deg]'
    """

    reference = "Chen et al., ICMI 2014; Chen et al., IEEE Transactions on Affective Computing 2018"
    parameter_constraints = {
        "orientations": POSITIVE_INTEGER,
        "grid": POSITIVE_INTEGER,
        "signed_gradients": (False, True),
        "n_frames": POSITIVE_INTEGER,
    }

    def __init__(self, orientations: int = 8, grid: int = 8, signed_gradients: bool = True, n_frames: int = 4):
        self.orientations = orientations
        self.grid = grid
        self.signed_gradients = signed_gradients
        self.n_frames = n_frames

    def extract(self, X: Samples) -> np.ndarray:
        """Square roots of the histograms, shape (n, grid * grid * 3 * orientations)."""
        clips = sample_frames(self, X, self.n_frames)
        return np.sqrt(hog_top(clips, self.orientations, self.grid, bool(self.signed_gradients)))

    def feature_names(self) -> list[str]:
        """``hogtop[cell=row,column plane=xy orientation=degrees]``."""
        step = (360 if self.signed_gradients else 180) / self.orientations
        return [
            f"hogtop[cell={r},{c} plane={plane} orientation={step * o:g}deg]"
            for r in range(self.grid)
            for c in range(self.grid)
            for plane in PLANES
            for o in range(self.orientations)
        ]
