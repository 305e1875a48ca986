"""Landmarks over the whole clip, head motion taken out."""

from __future__ import annotations

import numpy as np

from ..samples.table import Samples
from ..vision import trajectory
from .base import Extractor, require_neutral
from .landmarks import REGISTRATION, Landmarks
from .parameters import WHOLE


class Trajectory(Extractor):
    """Course of the 68 points and of 28 named measures from neutral to apex, at a fixed number of times.

    Parameters
    ----------
    steps : int
        Times at which the course is told, spread evenly; clips of any length give as many features.
    velocity : bool
        Whether the velocity of each point is told as well: the displacement's differences, 136 a step.
    register, on : str
        What head motion may do, and the points that tell it; as in `Landmarks`.

    See Also
    --------
    fer_features.vision.trajectory.trajectory : the formula.
    """

    reads = ("landmarks",)
    cites = Landmarks.cites
    rules = {"steps": WHOLE, "velocity": (False, True), **REGISTRATION}

    def __init__(self, steps: int = 5, velocity: bool = False, register: str = "pose", on: str = "upper"):
        self.steps = steps
        self.velocity = velocity
        self.register = register
        self.on = on

    def describe(self, X: Samples) -> np.ndarray:
        """Displacement, change of measures, timing, (n, 164 * steps + 56); with velocities 136 * steps more."""
        require_neutral(self, "landmarks", X)
        parts = trajectory.trajectory(X["landmarks"], self.steps, self.register, self.on)
        return np.concatenate([parts[name] for name in self._parts()], 1)

    def names(self) -> list[str]:
        """``displacement[point, axis, time=t]`` and the like, ``time to apex[measure]``, ``onset slope[measure]``."""
        names = trajectory.trajectory_names(self.steps)
        return [name for part in self._parts() for name in names[part]]

    def _parts(self) -> list[str]:
        return [part for part in trajectory.PARTS if part != "velocity" or self.velocity]
