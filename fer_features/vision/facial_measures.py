"""Measures of a face: named distances, areas, angles, slopes and ratios between landmarks.

Landmarks are registered first (`registration`), so that measures do not depend on head motion and lengths are in
interocular distances.
"""

from __future__ import annotations

import numpy as np

from .registration import register_all_frames

#: Name -> (kind, points a, points b). 'distance' is the mean length from a[i] to b[i], 'height' is how far the mean of
#: a lies below the mean of b.
DISTANCE_MEASURES: dict[str, tuple[str, list[int], list[int]]] = {
    "mouth width": ("distance", [48], [54]),
    "mouth height": ("distance", [51], [57]),
    "mouth opening": ("distance", [62], [66]),
    "mouth opening width": ("distance", [60], [64]),
    "mouth corners below mouth centre": ("height", [48, 54], [51, 57, 62, 66]),
    "mouth corners below upper lip": ("height", [48, 54], [62]),
    "mouth corners below lower lip": ("height", [48, 54], [66]),
    "mouth corners below nose": ("height", [48, 54], [31, 32, 33, 34, 35]),
    "upper lip below nose": ("height", [50, 51, 52], [31, 32, 33, 34, 35]),
    "lower lip below chin": ("height", [56, 57, 58], [7, 8, 9]),
    "chin below nose": ("height", [7, 8, 9], [31, 32, 33, 34, 35]),
    "upper lip thickness": ("height", [61, 62, 63], [50, 51, 52]),
    "lower lip thickness": ("height", [56, 57, 58], [65, 66, 67]),
    "brow distance": ("distance", [21], [22]),
    "brow span": ("distance", [17], [26]),
    "inner brows below inner eye corners": ("height", [21, 22], [39, 42]),
    "brows below upper lids": ("height", [19, 24], [37, 38, 43, 44]),
    "outer brows below outer eye corners": ("height", [17, 26], [36, 45]),
    "outer brows below inner brows": ("height", [17, 26], [21, 22]),
    "eye opening": ("distance", [37, 38, 43, 44], [41, 40, 47, 46]),
    "upper lids below eye corners": ("height", [37, 38, 43, 44], [36, 39, 42, 45]),
    "lower lids below eye corners": ("height", [40, 41, 46, 47], [36, 39, 42, 45]),
    "nose width": ("distance", [31], [35]),
    "nose below inner eye corners": ("height", [31, 32, 33, 34, 35], [39, 42]),
    "nose tip below nose base": ("height", [30], [31, 32, 33, 34, 35]),
    "cheek width": ("distance", [2], [14]),
    "jaw width": ("distance", [4], [12]),
    "chin width": ("distance", [6], [10]),
}

#: Name -> (kind, groups of points); the mean over the groups, left and right, is taken. 'distance' between two points;
#: 'area' of a polygon; 'angle' at the second of three points; 'slope' of the line from the first point to the second,
#: in the direction away from the first, positive downwards; 'ratio' of the mean length of the later pairs to the length
#: of the first pair. Angles and slopes are in radians.
SHAPE_MEASURES: dict[str, tuple[str, list[list[int]]]] = {
    "mouth opening area": ("area", [[60, 61, 62, 63, 64, 65, 66, 67]]),
    "mouth area": ("area", [[48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59]]),
    "upper lip area": ("area", [[48, 49, 50, 51, 52, 53, 54, 64, 63, 62, 61, 60]]),
    "lower lip area": ("area", [[54, 55, 56, 57, 58, 59, 48, 60, 67, 66, 65, 64]]),
    "eye area": ("area", [[36, 37, 38, 39, 40, 41], [42, 43, 44, 45, 46, 47]]),
    "area between brow and eye": ("area", [[17, 18, 19, 20, 21, 39, 38, 37, 36], [26, 25, 24, 23, 22, 42, 43, 44, 45]]),
    "area between nose and mouth": ("area", [[31, 32, 33, 34, 35, 54, 53, 52, 51, 50, 49, 48]]),
    "cheek area": ("area", [[41, 40, 31, 48], [46, 47, 35, 54]]),
    "chin area": ("area", [[48, 59, 58, 57, 56, 55, 54, 10, 9, 8, 7, 6]]),
    "mouth corner angle": ("angle", [[49, 48, 59], [53, 54, 55]]),
    "inner mouth corner angle": ("angle", [[61, 60, 67], [63, 64, 65]]),
    "bow of upper lip": ("angle", [[48, 51, 54]]),
    "bow of lower lip": ("angle", [[48, 57, 54]]),
    "bend of brow": ("angle", [[17, 19, 21], [26, 24, 22]]),
    "outer eye corner angle": ("angle", [[37, 36, 41], [44, 45, 46]]),
    "angle of mouth corners at nose tip": ("angle", [[48, 30, 54]]),
    "angle of eye corners at mouth corner": ("angle", [[36, 48, 39], [45, 54, 42]]),
    "jaw angle": ("angle", [[5, 8, 11]]),
    "slope of brow inwards": ("slope", [[17, 21], [26, 22]]),
    "slope of inner brow inwards": ("slope", [[20, 21], [23, 22]]),
    "slope of outer brow inwards": ("slope", [[17, 19], [26, 24]]),
    "slope of eye inwards": ("slope", [[36, 39], [45, 42]]),
    "slope of lips outwards": ("slope", [[66, 60], [66, 64]]),
    "eye aspect ratio": ("ratio", [[36, 39, 37, 41, 38, 40], [45, 42, 44, 46, 43, 47]]),
    "mouth aspect ratio": ("ratio", [[48, 54, 50, 58, 51, 57, 52, 56]]),
    "mouth opening ratio": ("ratio", [[60, 64, 61, 67, 62, 66, 63, 65]]),
    "mouth corner to nose wing": ("distance", [[48, 31], [54, 35]]),
    "mouth corner to outer eye corner": ("distance", [[48, 36], [54, 45]]),
    "mouth corner to inner eye corner": ("distance", [[48, 39], [54, 42]]),
    "mouth corner to chin": ("distance", [[48, 8], [54, 8]]),
    "nose wing to inner eye corner": ("distance", [[31, 39], [35, 42]]),
    "inner brow to nose bridge": ("distance", [[21, 27], [22, 27]]),
    "inner brow to inner eye corner": ("distance", [[21, 39], [22, 42]]),
    "upper lip to nose base": ("distance", [[51, 33]]),
}

#: Measures that are never negative, for which a change relative to the neutral frame is defined.
RELATIVE_MEASURES = [
    name
    for measures in (DISTANCE_MEASURES, SHAPE_MEASURES)
    for name, (kind, *_) in measures.items()
    if kind in ("distance", "area")
]

#: Added to neutral and apex before the logarithm of their ratio is taken, in interocular distances (or their squares),
#: so that the ratio is finite for a mouth that opens from closed.
RATIO_OFFSET = 0.05


def distance_measures(shapes: np.ndarray) -> np.ndarray:
    """Evaluate the `DISTANCE_MEASURES` of upright faces.

    Parameters
    ----------
    shapes : ndarray, shape (..., 68, 2)
        iBUG-68 points.

    Returns
    -------
    ndarray, shape (..., len(DISTANCE_MEASURES))
        In the units of `shapes`.

    Examples
    --------
    >>> from fer_features.vision.facial_measures import DISTANCE_MEASURES, distance_measures
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> values = dict(zip(DISTANCE_MEASURES, distance_measures(MEAN_FACE)))
    >>> round(float(values["mouth width"]), 2)
    0.88
    """
    columns = []
    for kind, a, b in DISTANCE_MEASURES.values():
        if kind == "distance":
            columns.append(np.linalg.norm(shapes[..., a, :] - shapes[..., b, :], axis=-1).mean(-1))
        else:
            columns.append(shapes[..., a, 1].mean(-1) - shapes[..., b, 1].mean(-1))
    return np.stack(columns, -1)


def shape_measures(shapes: np.ndarray) -> np.ndarray:
    """Evaluate the `SHAPE_MEASURES` of upright faces.

    Parameters
    ----------
    shapes : ndarray, shape (..., 68, 2)
        iBUG-68 points.

    Returns
    -------
    ndarray, shape (..., len(SHAPE_MEASURES))
        In the units of `shapes`, their squares, radians, or ratios.

    Examples
    --------
    >>> from fer_features.vision.facial_measures import SHAPE_MEASURES, shape_measures
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> values = dict(zip(SHAPE_MEASURES, shape_measures(MEAN_FACE)))
    >>> round(float(values["mouth corner to chin"]), 2)
    0.81
    """
    columns = []
    for kind, groups in SHAPE_MEASURES.values():
        columns.append(np.mean([_KINDS[kind](shapes[..., group, :]) for group in groups], 0))
    return np.stack(columns, -1)


def geometric_features(
    landmarks: np.ndarray,
    n_apex_frames: int = 3,
    neutral: bool = False,
    registration: str = "pose",
    registration_points: str = "upper",
) -> np.ndarray:
    """Lengths, angles and areas of the face at the apex, and their change since the neutral frame.

    Parameters
    ----------
    landmarks : ndarray, shape (n, T, 68, 2)
        iBUG-68 points in pixels, neutral frame first, apex last, T at least 2.
    n_apex_frames : int, default=3
        Number of frames up to the apex that are averaged, which reduces the noise of detection.
    neutral : bool, default=False
        Whether the measures of the neutral frame are features as well.
    registration : {'pose', 'affine_camera', 'affine', 'similarity'}, default='pose'
        As in `register_landmarks`.
    registration_points : {'upper', 'rigid', 'all'}, default='upper'
        As in `register_landmarks`.

    Returns
    -------
    ndarray, shape (n, 152) or (n, 214), float32
        Measures at the apex, their change since the neutral frame, and the relative change of `RELATIVE_MEASURES`: the
        logarithm of apex by neutral, each increased by `RATIO_OFFSET`; with `neutral` preceded by the neutral
        measures. In interocular distances, their squares, radians or ratios. NaN in samples in which no frame can be
        registered. Columns as in `geometric_feature_names`.

    Raises
    ------
    ValueError
        As in `register_landmarks`.

    References
    ----------
    C. Tomasi, T. Kanade, "Shape and motion from image streams under orthography: a factorization method", IJCV 9(2),
    1992, doi:10.1007/BF00129684 (the camera of the registration; the measures are
    those of this package).

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.facial_measures import geometric_feature_names, geometric_features
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> smile = MEAN_FACE.copy()
    >>> smile[48:, 0] *= 1.2
    >>> features = geometric_features(60 * np.stack([MEAN_FACE, smile])[None] + 100)[0]
    >>> round(float(features[geometric_feature_names().index("change[mouth width]")]), 3)
    0.176
    """
    shapes = register_all_frames(landmarks, registration, registration_points, n_apex_frames)
    values = np.concatenate([distance_measures(shapes), shape_measures(shapes)], -1)
    at_neutral, at_apex = values[:, 0], values[:, 1:].mean(1)
    relative = np.isin([*DISTANCE_MEASURES, *SHAPE_MEASURES], RELATIVE_MEASURES)
    ratio = np.log((at_apex[:, relative] + RATIO_OFFSET) / (at_neutral[:, relative] + RATIO_OFFSET))
    blocks = [at_apex, at_apex - at_neutral, ratio]
    return np.concatenate([at_neutral, *blocks] if neutral else blocks, 1).astype(np.float32)


def geometric_feature_names(neutral: bool = False) -> list[str]:
    """Names of the columns of `geometric_features`.

    Parameters
    ----------
    neutral : bool, default=False
        As in `geometric_features`.

    Returns
    -------
    list of str
        ``neutral[measure]``, ``apex[measure]``, ``change[measure]``, ``relative change[measure]``.

    Examples
    --------
    >>> from fer_features.vision.facial_measures import geometric_feature_names
    >>> geometric_feature_names()[0]
    'apex[mouth width]'
    """
    kinds = ("neutral", "apex", "change") if neutral else ("apex", "change")
    names = [f"{kind}[{name}]" for kind in kinds for name in (*DISTANCE_MEASURES, *SHAPE_MEASURES)]
    return names + [f"relative change[{name}]" for name in RELATIVE_MEASURES]


def _distance(p: np.ndarray) -> np.ndarray:
    return np.linalg.norm(p[..., 0, :] - p[..., 1, :], axis=-1)


def _area(p: np.ndarray) -> np.ndarray:
    following = np.roll(p, -1, axis=-2)
    return np.abs((p[..., 0] * following[..., 1] - p[..., 1] * following[..., 0]).sum(-1)) / 2


def _angle(p: np.ndarray) -> np.ndarray:
    a, b = p[..., 0, :] - p[..., 1, :], p[..., 2, :] - p[..., 1, :]
    return np.abs(np.arctan2(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0], (a * b).sum(-1)))


def _slope(p: np.ndarray) -> np.ndarray:
    step = p[..., 1, :] - p[..., 0, :]
    return np.arctan2(step[..., 1], np.abs(step[..., 0]))


def _ratio(p: np.ndarray) -> np.ndarray:
    heights = [_distance(p[..., k : k + 2, :]) for k in range(2, p.shape[-2], 2)]
    # No eye and no mouth is narrower than 0.01 interocular distances; outliers must not cause a division by 0.
    return np.mean(heights, 0) / np.maximum(_distance(p), 0.01)


_KINDS = {"distance": _distance, "area": _area, "angle": _angle, "slope": _slope, "ratio": _ratio}
