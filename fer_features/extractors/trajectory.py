"""Landmark trajectories over the clip, without head motion."""

from __future__ import annotations

import numpy as np

from ..samples.table import Samples
from ..vision import trajectory
from .base import Extractor, require_neutral_frame
from .landmarks import REGISTRATION_CONSTRAINTS, Landmarks
from .parameters import POSITIVE_INTEGER


class Trajectory(Extractor):
    """Trajectories of the 68 landmarks and of 28 facial measures from the neutral frame to the apex.

    Parameters
    ----------
    n_steps : int, default=5
        Number of time steps, spread evenly over the clip. The number of features is the same for clips of any length.
    velocity : bool, default=False
        Whether the velocity of each point is a feature as well: the differences of the displacement between steps.
    registration : {'pose', 'affine_camera', 'affine', 'similarity'}, default='pose'
        Model of the head motion, as in `Landmarks`.
    registration_points : {'upper', 'rigid', 'all'}, default='upper'
        Points that the head motion is estimated from.

    See Also
    --------
    fer_features.vision.trajectory.trajectory_features : The formula.

    References
    ----------
    C. Tomasi, T. Kanade, "Shape and motion from image streams under orthography: a factorization method", IJCV 9(2),
    1992, doi:10.1007/BF00129684 (the camera of the registration; the trajectories are those of this package).

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.extractors.trajectory import Trajectory
    >>> neutral = np.random.default_rng(0).uniform(0, 200, (4, 1, 68, 2))
    >>> extractor = Trajectory(n_steps=3)
    >>> extractor.fit_transform(np.concatenate([neutral, neutral + 3], 1)).shape
    (4, 548)
    >>> extractor.get_feature_names_out()[0]
    'displacement[jaw 1, x, time=0.333333]'
    """

    required_columns = ("landmarks",)
    reference = Landmarks.reference
    parameter_constraints = {"n_steps": POSITIVE_INTEGER, "velocity": (False, True), **REGISTRATION_CONSTRAINTS}

    def __init__(
        self,
        n_steps: int = 5,
        velocity: bool = False,
        registration: str = "pose",
        registration_points: str = "upper",
    ):
        self.n_steps = n_steps
        self.velocity = velocity
        self.registration = registration
        self.registration_points = registration_points

    def extract(self, X: Samples) -> np.ndarray:
        """Displacement, measures and timing, shape (n, 164 * n_steps + 56); 136 * n_steps more with `velocity`."""
        require_neutral_frame(self, "landmarks", X)
        return trajectory.trajectory_features(
            X["landmarks"], self.n_steps, self.velocity, self.registration, self.registration_points
        )

    def feature_names(self) -> list[str]:
        """``displacement[point, axis, time=t]``, ``change[measure, time=t]``, ``time to apex[measure]`` and others."""
        return trajectory.trajectory_feature_names(self.n_steps, self.velocity)
