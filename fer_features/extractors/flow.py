"""Histograms of oriented optical flow from the neutral frame to the apex (Laptev et al., CVPR 2008)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ..samples.table import Samples
from ..vision.flow import FLOW_METHODS, dense_flow, hof
from .base import Extractor, require_neutral_frame
from .parameters import NON_NEGATIVE, POSITIVE_INTEGER

#: Allowed values of the parameter `pairs`.
PAIRS = ("apex", "clip")


class Flow(Extractor):
    """Histograms of oriented optical flow (HOF) over a grid.

    Parameters
    ----------
    method : {'farneback', 'dis'}, default='farneback'
        Method of the dense optical flow.
    orientations : int, default=8
        Number of direction bins over 360 degrees.
    grid : int, default=8
        The crop is divided into `grid` x `grid` cells.
    min_motion : float, default=0.5
        Motion below this number of pixels of the crop counts in the bin without motion.
    pairs : {'apex', 'clip'}, default='apex'
        Pairs of frames between which the flow is computed: the neutral frame and the apex, or the neutral frame and
        each later frame of the clip, whose histograms are averaged. The number of features is the same for clips of
        any length, and for clips of two frames the features are equal.

    See Also
    --------
    fer_features.vision.flow.hof : The formula, and its differences to the papers.

    Notes
    -----
    The features are the square roots of the histograms, which keeps a few large motions from dominating the small ones
    that distinguish expressions.

    References
    ----------
    I. Laptev, M. Marszalek, C. Schmid, B. Rozenfeld, "Learning realistic human actions from movies", CVPR 2008,
    doi:10.1109/CVPR.2008.4587756.
    G. Farneback, "Two-frame motion estimation based on polynomial expansion", SCIA 2003,
    doi:10.1007/3-540-45103-X_50.
    T. Kroeger, R. Timofte, D. Dai, L. Van Gool, "Fast optical flow using dense inverse search", ECCV 2016,
    doi:10.1007/978-3-319-46493-0_29.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.extractors.flow import Flow
    >>> clips = np.random.default_rng(0).integers(0, 256, (3, 2, 48, 48)).astype(np.uint8)
    >>> extractor = Flow(grid=4)
    >>> extractor.fit_transform(clips).shape
    (3, 144)
    >>> extractor.get_feature_names_out()[0]
    'flow[cell=0,0 direction=0deg]'
    """

    reference = "Laptev et al., CVPR 2008; Kroeger et al., ECCV 2016; Farneback, SCIA 2003"
    parameter_constraints = {
        "method": tuple(FLOW_METHODS),
        "orientations": POSITIVE_INTEGER,
        "grid": POSITIVE_INTEGER,
        "min_motion": NON_NEGATIVE,
        "pairs": PAIRS,
    }

    def __init__(
        self,
        method: str = "farneback",
        orientations: int = 8,
        grid: int = 8,
        min_motion: float = 0.5,
        pairs: str = "apex",
    ):
        self.method = method
        self.orientations = orientations
        self.grid = grid
        self.min_motion = min_motion
        self.pairs = pairs

    def extract(self, X: Samples) -> np.ndarray:
        """Square roots of the histograms, shape (n, grid * grid * (orientations + 1))."""
        return np.sqrt(
            mean_over_pairs(
                self, X, self.method, self.pairs, lambda flow: hof(flow, self.orientations, self.grid, self.min_motion)
            )
        )

    def feature_names(self) -> list[str]:
        """``flow[cell=row,column direction=degrees]`` and ``flow[cell=row,column no motion]``."""
        step = 360 / self.orientations
        bins = [*(f"direction={step * o:g}deg" for o in range(self.orientations)), "no motion"]
        return [f"flow[cell={r},{c} {name}]" for r in range(self.grid) for c in range(self.grid) for name in bins]


def mean_over_pairs(
    extractor: Extractor, X: Samples, method: str, pairs: str, histograms: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Mean of the histograms of the optical flow over pairs of frames.

    Parameters
    ----------
    extractor : Extractor
        For messages.
    X : Samples
    method : str
        Method of the dense optical flow.
    pairs : {'apex', 'clip'}
        Pairs of frames, as in `Flow`.
    histograms : callable
        Histograms (n, d) of flow fields (n, H, W, 2).

    Returns
    -------
    ndarray, shape (n, d)
    """
    return np.mean([histograms(flow) for flow in flow_fields(extractor, X, method, pairs)], 0)


def flow_fields(extractor: Extractor, X: Samples, method: str, pairs: str = "apex") -> Iterator[np.ndarray]:
    """Dense optical flow from the neutral frame to later frames.

    Parameters
    ----------
    extractor, X, method, pairs
        As in `mean_over_pairs`.

    Yields
    ------
    ndarray, shape (n, H, W, 2), float32
        Displacement (dx, dy) of each pixel for one pair of frames.

    Raises
    ------
    FerError
        For still images.
    """
    require_neutral_frame(extractor, "images", X)
    neutral, n_frames = X.frame("images", 0), np.shape(X.column("images"))[1]
    for t in (-1,) if pairs == "apex" else range(1, n_frames):
        yield dense_flow(neutral, X.frame("images", t), method)
