"""Landmark trajectories over a clip, without head motion.

The formula of the extractor ``trajectory``. Frames are registered as `registration` describes: upright, in interocular
distances, x to the right and y down. Time runs from 0, the neutral frame, to 1, the apex.
"""

from __future__ import annotations

import numpy as np

from .facial_measures import DISTANCE_MEASURES, distance_measures
from .landmark_names import LANDMARK_NAMES
from .registration import register_all_frames

#: Fraction of its largest change at which a measure counts as having reached its apex; the last tenth is mostly noise.
APEX_FRACTION = 0.9


def trajectory_features(
    landmarks: np.ndarray,
    n_steps: int = 5,
    velocity: bool = False,
    registration: str = "pose",
    registration_points: str = "upper",
) -> np.ndarray:
    """Trajectory of the landmarks from the neutral frame to the apex, without head motion.

    Parameters
    ----------
    landmarks : ndarray, shape (n, T, 68, 2)
        iBUG-68 points in pixels, neutral frame first, apex last, T at least 2.
    n_steps : int, default=5
        Number of time steps, spread evenly over (0, 1]. Frames are interpolated linearly, so that the number of
        features does not depend on T.
    velocity : bool, default=False
        Whether the velocity of each point is a feature as well.
    registration : {'pose', 'affine_camera', 'affine', 'similarity'}, default='pose'
        As in `register_landmarks`.
    registration_points : {'upper', 'rigid', 'all'}, default='upper'
        As in `register_landmarks`.

    Returns
    -------
    ndarray, shape (n, 164 * n_steps + 56), with velocity 136 * n_steps more, float32
        In this order: the displacement of each point since the neutral frame at each time step; with `velocity` the
        velocity of each point between time steps, per length of the clip; the change of the `DISTANCE_MEASURES` since
        the neutral frame at each time step; time to the apex and onset slope of each measure. In interocular
        distances, and these per length of the clip; times in (0, 1]. NaN in samples in which no frame can be
        registered. Columns as in `trajectory_feature_names`.

    Raises
    ------
    ValueError
        As in `register_landmarks`, or for fewer than one step.

    Notes
    -----
    Frames without landmarks are interpolated, and at the ends of the clip repeated. The apex of a measure is where its
    change first reaches 90 % of its largest change, interpolated between frames; the onset slope is this change divided
    by this time. A measure that never changes has its apex at 1 and slope 0.

    References
    ----------
    C. Tomasi, T. Kanade, "Shape and motion from image streams under orthography: a factorization method", IJCV 9(2),
    1992, doi:10.1007/BF00129684 (the camera of the registration; the
    trajectories are those of this package).

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> from fer_features.vision.trajectory import trajectory_features
    >>> trajectory_features(60 * np.stack([MEAN_FACE] * 4)[None] + 100, n_steps=3).shape
    (1, 548)
    """
    if n_steps < 1:
        raise ValueError(f"at least 1 time step is needed, not {n_steps}")
    shapes = register_all_frames(landmarks, registration, registration_points)
    displacement = resample_course((shapes[:, 1:] - shapes[:, :1]).reshape(*shapes[:, 1:].shape[:2], 136), n_steps)
    values = distance_measures(shapes)
    change = values[:, 1:] - values[:, :1]
    blocks = [displacement]
    if velocity:
        blocks.append(np.diff(displacement, axis=1, prepend=0.0) * n_steps)
    blocks += [resample_course(change, n_steps), np.stack(apex_timing(change), 1)]
    # Sizes are spelled out, since -1 is ambiguous for no samples.
    features = np.concatenate([block.reshape(len(block), int(np.prod(block.shape[1:]))) for block in blocks], 1)
    features[np.isnan(shapes).any((1, 2, 3))] = np.nan
    return features.astype(np.float32)


def trajectory_feature_names(n_steps: int = 5, velocity: bool = False) -> list[str]:
    """Names of the columns of `trajectory_features`.

    Parameters
    ----------
    n_steps, velocity
        As in `trajectory_features`.

    Returns
    -------
    list of str
        ``displacement[point, axis, time=t]``, ``velocity[point, axis, time=t]``, ``change[measure, time=t]``,
        ``time to apex[measure]``, ``onset slope[measure]``.

    Examples
    --------
    >>> from fer_features.vision.trajectory import trajectory_feature_names
    >>> trajectory_feature_names(n_steps=4)[0]
    'displacement[jaw 1, x, time=0.25]'
    """
    times = [f"time={(k + 1) / n_steps:g}" for k in range(n_steps)]
    per_point = ("displacement", "velocity") if velocity else ("displacement",)
    coordinates = [f"{point}, {axis}" for point in LANDMARK_NAMES for axis in "xy"]
    return [
        *(f"{kind}[{coordinate}, {t}]" for kind in per_point for t in times for coordinate in coordinates),
        *(f"change[{measure}, {t}]" for t in times for measure in DISTANCE_MEASURES),
        *(f"{kind}[{measure}]" for kind in ("time to apex", "onset slope") for measure in DISTANCE_MEASURES),
    ]


def resample_course(course: np.ndarray, n_steps: int) -> np.ndarray:
    """Linear interpolation of a course of values, which is 0 at time 0, at evenly spaced times.

    Parameters
    ----------
    course : ndarray, shape (n, T - 1, d)
        Values at the frames after the first.
    n_steps : int

    Returns
    -------
    ndarray, shape (n, n_steps, d)

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.trajectory import resample_course
    >>> resample_course(np.array([1.0, 4.0]).reshape(1, 2, 1), n_steps=4).ravel()
    array([0.5, 1. , 2.5, 4. ])
    """
    n_frames = course.shape[1]
    times = np.arange(1, n_steps + 1) * n_frames / n_steps
    before = np.minimum(np.floor(times + 1e-9).astype(int), n_frames - 1)
    weight = (times - before)[:, None]
    padded = np.concatenate([np.zeros_like(course[:, :1]), course], 1)
    return (1 - weight) * padded[:, before] + weight * padded[:, before + 1]


def apex_timing(course: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Time to the apex and onset slope of each column of a course of values that is 0 at time 0.

    Parameters
    ----------
    course : ndarray, shape (n, T - 1, d)
        Values at the frames after the first.

    Returns
    -------
    time : ndarray, shape (n, d)
        In (0, 1]; see `trajectory_features`.
    slope : ndarray, shape (n, d)
        In units of `course` per length of the clip.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.trajectory import apex_timing
    >>> time, slope = apex_timing(np.array([4.0, 8.0, 10.0, 10.0]).reshape(1, 4, 1))
    >>> time.item(), slope.item()
    (0.625, 14.4)
    """
    padded = np.concatenate([np.zeros_like(course[:, :1]), course], 1)
    peak = np.take_along_axis(padded, np.abs(padded).argmax(1)[:, None], 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        progress = padded / peak
        after = (progress >= APEX_FRACTION).argmax(1)[:, None]
        earlier, later = (np.take_along_axis(progress, at, 1)[:, 0] for at in (np.maximum(after - 1, 0), after))
        time = (after[:, 0] - (later - APEX_FRACTION) / (later - earlier)) / course.shape[1]
        # A course that changes is 0 at time 0 and reaches its apex later; a constant course is 0 / 0.
        constant = peak[:, 0] == 0
        time = np.where(constant, 1.0, time)
        return time, np.where(constant, 0.0, APEX_FRACTION * peak[:, 0] / time)
