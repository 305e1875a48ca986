"""Coherent directions of the skin's motion from neutral to apex (Allaert et al., VISAPP 2017)."""

from __future__ import annotations

import numpy as np

from ..samples.table import Samples
from ..vision.flow import FLOWS
from ..vision.geometry import fill_missing
from ..vision.mbh import REGIONS, lmp
from .base import Extractor
from .flow import flow_to_apex
from .parameters import NOT_NEGATIVE, POSITIVE, WHOLE


class LMP(Extractor):
    """Directions in which the skin around landmarks moves coherently between neutral and apex.

    Parameters
    ----------
    method : {'farneback', 'dis'}
        The dense flow.
    orientations : int
        Direction bins over 360 degrees.
    side : float
        Side of a patch in inter-ocular distances.
    reach : int
        How many patches a pattern may spread from its centre in each direction.
    share : float
        Directions that hold less than this share of a patch's motion are noise.
    alike : float
        Bhattacharyya coefficient from which neighbouring patches move alike.
    still : float
        Motion below this many pixels of the crop does not count.

    Notes
    -----
    The square root of each histogram is taken: a few large motions must not drown the small ones. The filters are
    mild by default: on sequences of posed expressions, stricter ones, as the papers use for spontaneous micro
    expressions, cost a few points under leave-one-subject-out.

    See Also
    --------
    fer_features.vision.mbh.lmp : the formula, and where it departs from the papers.
    """

    reads = ("images", "landmarks")
    cites = "Allaert, Bilasco and Djeraba, VISAPP 2017 and IEEE Transactions on Affective Computing 2019"
    rules = {
        "method": tuple(FLOWS),
        "orientations": WHOLE,
        "side": POSITIVE,
        "reach": WHOLE,
        "share": NOT_NEGATIVE,
        "alike": NOT_NEGATIVE,
        "still": NOT_NEGATIVE,
    }

    def __init__(
        self,
        method: str = "farneback",
        orientations: int = 8,
        side: float = 0.25,
        reach: int = 1,
        share: float = 0.03,
        alike: float = 0.3,
        still: float = 0.1,
    ):
        self.method = method
        self.orientations = orientations
        self.side = side
        self.reach = reach
        self.share = share
        self.alike = alike
        self.still = still

    def describe(self, X: Samples) -> np.ndarray:
        """Roots of the patterns of 28 regions, (n, 28 * orientations)."""
        flow = flow_to_apex(self, X)
        points = fill_missing(X["landmarks"])[:, 0]
        return np.sqrt(lmp(flow, points, self.orientations, self.side, self.reach, self.share, self.alike, self.still))

    def names(self) -> list[str]:
        """``lmp[region direction=degrees]``."""
        step = 360 / self.orientations
        return [f"lmp[{region} direction={step * o:g}deg]" for region in REGIONS for o in range(self.orientations)]
