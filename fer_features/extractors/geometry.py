"""Lengths, angles and areas of the face, without head motion."""

from __future__ import annotations

import numpy as np

from ..samples.table import Samples
from ..vision import facial_measures
from .base import Extractor, require_neutral_frame
from .landmarks import REGISTRATION_CONSTRAINTS, Landmarks
from .parameters import POSITIVE_INTEGER


class Geometry(Extractor):
    """Lengths, angles and areas of the face: at the apex, their change, and their relative change.

    Parameters
    ----------
    n_apex_frames : int, default=3
        Number of frames up to the apex over which the measures are averaged.
    neutral : bool, default=False
        Whether the measures of the neutral face are features as well. They depend on the subject more than on the
        expression.
    registration : {'pose', 'affine_camera', 'affine', 'similarity'}, default='pose'
        Model of the head motion, as in `Landmarks`.
    registration_points : {'upper', 'rigid', 'all'}, default='upper'
        Points that the head motion is estimated from.

    See Also
    --------
    fer_features.vision.facial_measures.geometric_features : The formula.

    References
    ----------
    C. Tomasi, T. Kanade, "Shape and motion from image streams under orthography: a factorization method", IJCV 9(2),
    1992, doi:10.1007/BF00129684 (the camera of the registration; the measures are those of this package).

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.extractors.geometry import Geometry
    >>> neutral = np.random.default_rng(0).uniform(0, 200, (4, 1, 68, 2))
    >>> extractor = Geometry(n_apex_frames=1)
    >>> extractor.fit_transform(np.concatenate([neutral, neutral + 3], 1)).shape
    (4, 152)
    >>> extractor.get_feature_names_out()[0]
    'apex[mouth width]'
    """

    required_columns = ("landmarks",)
    reference = Landmarks.reference
    parameter_constraints = {
        "n_apex_frames": POSITIVE_INTEGER,
        "neutral": (False, True),
        **REGISTRATION_CONSTRAINTS,
    }

    def __init__(
        self,
        n_apex_frames: int = 3,
        neutral: bool = False,
        registration: str = "pose",
        registration_points: str = "upper",
    ):
        self.n_apex_frames = n_apex_frames
        self.neutral = neutral
        self.registration = registration
        self.registration_points = registration_points

    def extract(self, X: Samples) -> np.ndarray:
        """Apex, change and relative change, shape (n, 152); with `neutral` first, shape (n, 214)."""
        require_neutral_frame(self, "landmarks", X)
        return facial_measures.geometric_features(
            X["landmarks"], self.n_apex_frames, self.neutral, self.registration, self.registration_points
        )

    def feature_names(self) -> list[str]:
        """``neutral[measure]``, ``apex[measure]``, ``change[measure]``, ``relative change[measure]``."""
        return facial_measures.geometric_feature_names(self.neutral)
