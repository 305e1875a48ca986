"""Lengths, angles and areas of the face, head motion taken out."""

from __future__ import annotations

import numpy as np

from ..samples.table import Samples
from ..vision import trajectory
from .base import Extractor, require_neutral
from .landmarks import REGISTRATION, Landmarks
from .parameters import WHOLE


class Geometry(Extractor):
    """Named lengths, angles and areas of the face: at neutral and apex, their change and relative change.

    Parameters
    ----------
    late : int
        Frames up to the apex that are averaged over.
    neutral : bool
        Whether the neutral face is told as well, which says more of the person than of the expression.
    register, on : str
        What head motion may do, and the points that tell it; as in `Landmarks`.

    See Also
    --------
    fer_features.vision.trajectory.geometry : the formula.
    """

    reads = ("landmarks",)
    cites = Landmarks.cites
    rules = {"late": WHOLE, "neutral": (False, True), **REGISTRATION}

    def __init__(self, late: int = 3, neutral: bool = False, register: str = "pose", on: str = "upper"):
        self.late = late
        self.neutral = neutral
        self.register = register
        self.on = on

    def describe(self, X: Samples) -> np.ndarray:
        """Apex, change and relative change side by side, (n, 152), or with `neutral` before them, (n, 214)."""
        require_neutral(self, "landmarks", X)
        parts = trajectory.geometry(X["landmarks"], self.late, self.register, self.on)
        return np.concatenate([part for kind, part in parts.items() if kind != "neutral" or self.neutral], 1)

    def names(self) -> list[str]:
        """``neutral[measure]``, ``apex[measure]``, ``change[measure]``, ``relative change[measure]``."""
        parts = trajectory.geometry_names()
        return [name for kind, part in parts.items() if kind != "neutral" or self.neutral for name in part]
