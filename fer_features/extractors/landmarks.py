"""Landmark displacement from the neutral frame to the apex, without head motion."""

from __future__ import annotations

import numpy as np

from ..samples.table import Samples
from ..vision import displacement
from ..vision.registration import REGISTRATION_POINTS, REGISTRATIONS
from .base import Extractor, require_neutral_frame
from .parameters import POSITIVE_INTEGER

#: Constraints of the two parameters that say how head motion is removed.
REGISTRATION_CONSTRAINTS = {
    "registration": tuple(REGISTRATIONS),
    "registration_points": tuple(REGISTRATION_POINTS),
}


class Landmarks(Extractor):
    """Displacement of the 68 landmarks and change of 28 facial measures, without head motion.

    Parameters
    ----------
    registration : {'pose', 'affine_camera', 'affine', 'similarity'}, default='pose'
        Model of the head motion: a rigid head that rotates in space, or one of the simpler maps.
    registration_points : {'upper', 'rigid', 'all'}, default='upper'
        Points that the head motion is estimated from.
    n_apex_frames : int, default=3
        Number of frames up to the apex over which the measures are averaged.

    See Also
    --------
    fer_features.vision.displacement.displacement_features : The formula.

    References
    ----------
    C. Tomasi, T. Kanade, "Shape and motion from image streams under orthography: a factorization method", IJCV 9(2),
    1992, doi:10.1007/BF00129684 (the camera of the registration; displacements and measures are those of this package).

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.extractors import Landmarks
    >>> neutral = np.random.default_rng(0).uniform(0, 200, (4, 1, 68, 2))
    >>> clips = np.concatenate([neutral, neutral + 3], 1)
    >>> Landmarks(n_apex_frames=1).fit_transform(clips).shape
    (4, 192)
    """

    required_columns = ("landmarks",)
    reference = "Tomasi and Kanade, IJCV 1992 (camera); Geman and McClure 1987 (robust weights)"
    parameter_constraints = {**REGISTRATION_CONSTRAINTS, "n_apex_frames": POSITIVE_INTEGER}

    def __init__(self, registration: str = "pose", registration_points: str = "upper", n_apex_frames: int = 3):
        self.registration = registration
        self.registration_points = registration_points
        self.n_apex_frames = n_apex_frames

    def extract(self, X: Samples) -> np.ndarray:
        """Displacement, change of the measures, and measures at the apex, shape (n, 192)."""
        require_neutral_frame(self, "landmarks", X)
        return displacement.displacement_features(
            X["landmarks"], self.registration, self.registration_points, self.n_apex_frames
        )

    def feature_names(self) -> list[str]:
        """``displacement[mouth corner right, x]``, ``change[measure]``, ``apex[measure]``."""
        return displacement.displacement_feature_names()
