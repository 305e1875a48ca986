"""Landmark displacement from neutral to apex, free of head motion, and what the face measures at the apex."""

from __future__ import annotations

import numpy as np

from ..samples.table import Samples
from ..vision import displacement
from .base import Extractor, require_neutral
from .parameters import WHOLE

#: What head motion may do, and the points that tell it.
REGISTRATION = {"register": tuple(displacement.REGISTRATIONS), "on": tuple(displacement.STEADY)}


class Landmarks(Extractor):
    """Displacement of the 68 points and change of 28 named measures, head motion taken out.

    Parameters
    ----------
    register : {'pose', 'affine_camera', 'affine', 'similarity'}
        What head motion may do: turn a rigid head in space, or one of the simpler maps.
    on : {'upper', 'rigid', 'all'}
        The points that tell the head motion.
    late : int
        Frames up to the apex that measures are averaged over.

    See Also
    --------
    fer_features.vision.displacement.describe : the formula.
    """

    reads = ("landmarks",)
    cites = "Tomasi and Kanade, IJCV 1992 (camera); Geman and McClure 1987 (robust weights)"
    rules = {**REGISTRATION, "late": WHOLE}

    def __init__(self, register: str = "pose", on: str = "upper", late: int = 3):
        self.register = register
        self.on = on
        self.late = late

    def describe(self, X: Samples) -> np.ndarray:
        """Displacement, change of measures, measures at the apex, (n, 192)."""
        require_neutral(self, "landmarks", X)
        return displacement.describe(X["landmarks"], self.register, self.on, self.late)

    def names(self) -> list[str]:
        """``displacement[mouth corner right, x]``, ``change[measure]``, ``apex[measure]``."""
        return displacement.names()
