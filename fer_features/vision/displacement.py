"""Landmark displacement of an expression: from the neutral frame to the apex, without head motion.

The formula of the extractor ``landmarks``. All lengths are in interocular distances of the mean face, x to the right
and y down; `registration` describes how head motion is removed.
"""

from __future__ import annotations

import numpy as np

from .facial_measures import DISTANCE_MEASURES, distance_measures
from .landmark_names import LANDMARK_NAMES
from .registration import register_landmarks


def displacement_features(
    landmarks: np.ndarray, registration: str = "pose", registration_points: str = "upper", n_apex_frames: int = 3
) -> np.ndarray:
    """Displacement of the landmarks and distance measures of an expression.

    Parameters
    ----------
    landmarks : ndarray, shape (n, T, 68, 2)
        iBUG-68 points in pixels, neutral frame first, apex last, T at least 2.
    registration : {'pose', 'affine_camera', 'affine', 'similarity'}, default='pose'
        As in `register_landmarks`.
    registration_points : {'upper', 'rigid', 'all'}, default='upper'
        As in `register_landmarks`.
    n_apex_frames : int, default=3
        Number of frames up to the apex over which the measures are averaged, which reduces the noise of detection.

    Returns
    -------
    ndarray, shape (n, 136 + 2 * len(DISTANCE_MEASURES)), float32
        Displacement of each landmark, change of the `distance_measures` since the neutral frame, and measures at the
        apex, which help where the first frame is not quite neutral. Columns as in `displacement_feature_names`; NaN as
        in `register_landmarks`.

    Raises
    ------
    ValueError
        As in `register_landmarks`.

    References
    ----------
    C. Tomasi, T. Kanade, "Shape and motion from image streams under orthography: a factorization method", IJCV 9(2),
    1992, doi:10.1007/BF00129684 (the camera of the registration; displacements
    and measures are those of this package).

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.displacement import displacement_features
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> neutral = 60 * MEAN_FACE + 100
    >>> apex = neutral.copy()
    >>> apex[51, 1] -= 6  # the upper lip rises by a tenth of the interocular distance
    >>> features = displacement_features(np.stack([neutral, apex])[None])
    >>> features.shape
    (1, 192)
    >>> features[0, 2 * 51 : 2 * 51 + 2].round(3) + 0.0
    array([ 0. , -0.1], dtype=float32)
    """
    shapes = register_landmarks(landmarks, registration, registration_points, n_apex_frames)
    displacement = (shapes[:, -1] - shapes[:, 0]).reshape(-1, 136)
    values = distance_measures(shapes)
    at_apex = values[:, 1:].mean(1)
    return np.concatenate([displacement, at_apex - values[:, 0], at_apex], 1).astype(np.float32)


def displacement_feature_names() -> list[str]:
    """Names of the columns of `displacement_features`; the first 136 are x and y of the displacement of each landmark.

    Returns
    -------
    list of str
        ``displacement[point, axis]``, ``change[measure]``, ``apex[measure]``.

    Examples
    --------
    >>> from fer_features.vision.displacement import displacement_feature_names
    >>> displacement_feature_names()[0]
    'displacement[jaw 1, x]'
    """
    displacement = [f"displacement[{point}, {axis}]" for point in LANDMARK_NAMES for axis in "xy"]
    return displacement + [f"{kind}[{measure}]" for kind in ("change", "apex") for measure in DISTANCE_MEASURES]
