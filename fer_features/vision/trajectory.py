"""Landmarks over a whole clip and what a face measures, head motion taken out of every frame.

Frames are registered as in `displacement`: upright, in inter-ocular distances, x to the right and y down. Time goes
from 0, the neutral frame, to 1, the apex. Head motion is undone as that of a camera linear in the head (Tomasi and
Kanade, IJCV 1992).
"""

from __future__ import annotations

import numpy as np

from .displacement import MEASURES, measures, registered
from .geometry import fill_missing
from .landmark_names import POINTS

#: Columns of a trajectory -> what they are.
PARTS = {
    "displacement": "of each point since the neutral frame, at each time step",
    "velocity": "of each point between time steps, per length of the clip",
    "change": "of each of the `MEASURES` since the neutral frame, at each time step",
    "timing": "when each measure reaches its apex, and how fast it gets there",
}

#: Share of its largest change at which a measure counts as having reached its apex: the last tenth is noise.
REACHED = 0.9

#: More measures of a face: name -> (kind, groups of points); the mean over groups, left and right, is taken.
#: 'distance' between two points; 'area' of a polygon; 'angle' at the second of three points; 'slope' of the line from
#: the first to the second point away from it, positive downwards; 'ratio' of the mean length of the pairs after the
#: first to that of the first. Angles and slopes are in radians.
FORMS: dict[str, tuple[str, list[list[int]]]] = {
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

#: Measures that are never negative, whose change can be told in relation to the neutral frame.
RELATIVE = [name for table in (MEASURES, FORMS) for name, row in table.items() if row[0] in ("distance", "area")]

#: Added to neutral and apex before their ratio is taken, so that a mouth that opens from closed has a finite one.
FLOOR = 0.05


def trajectory(
    landmarks: np.ndarray, steps: int = 5, register: str = "pose", on: str = "upper"
) -> dict[str, np.ndarray]:
    """Course of the landmarks from the neutral frame to the apex, free of head motion.

    Parameters
    ----------
    landmarks : ndarray, shape (n, T, 68, 2)
        iBUG-68 points in pixels, neutral frame first, apex last, T at least 2.
    steps : int
        Time steps, spread evenly over (0, 1]; frames are interpolated linearly, so that any T gives as many.
    register, on : str
        As in `registered`.

    Returns
    -------
    dict of str to ndarray, shape (n, d), float32
        The `PARTS`, d being 136 * steps, 136 * steps, 28 * steps and 2 * 28, in inter-ocular distances, and those per
        length of the clip; times in [0, 1]. NaN in rows that no frame can be read from.

    Raises
    ------
    ValueError
        As in `registered`, or on fewer than one step.

    Notes
    -----
    Frames without landmarks are interpolated, and at the ends of the clip repeated. The apex of a measure is where
    its change first reaches 90 % of its largest, between frames by interpolation; the onset slope is that change by
    that time. A measure that never changes has its apex at 1 and no slope.
    """
    if steps < 1:
        raise ValueError(f"at least 1 time step is needed, not {steps}")
    shapes = _every_frame(landmarks, register, on)
    moved = (shapes[:, 1:] - shapes[:, :1]).reshape(*shapes[:, 1:].shape[:2], 136)
    values = measures(shapes)
    changed = values[:, 1:] - values[:, :1]
    at = resampled(moved, steps)
    parts = {
        "displacement": at,
        "velocity": np.diff(at, axis=1, prepend=0.0) * steps,
        "change": resampled(changed, steps),
        "timing": np.stack(timing(changed), 1),
    }
    missing = np.isnan(shapes).any((1, 2, 3))
    for part in parts.values():
        part[missing] = np.nan
    return {
        name: part.reshape(len(part), int(np.prod(part.shape[1:]))).astype(np.float32) for name, part in parts.items()
    }


def resampled(course: np.ndarray, steps: int) -> np.ndarray:
    """A course (n, T - 1, d) that is 0 at time 0, at `steps` times, (n, steps, d); linear between frames."""
    frames = course.shape[1]
    at = np.arange(1, steps + 1) * frames / steps
    before = np.minimum(np.floor(at + 1e-9).astype(int), frames - 1)
    share = (at - before)[:, None]
    whole = np.concatenate([np.zeros_like(course[:, :1]), course], 1)
    return (1 - share) * whole[:, before] + share * whole[:, before + 1]


def timing(course: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Time to the apex, in (0, 1], and onset slope of each column of a course that is 0 at time 0.

    Parameters
    ----------
    course : ndarray, shape (n, T - 1, d)

    Returns
    -------
    apex, slope : ndarray, shape (n, d)
        See `trajectory`.
    """
    whole = np.concatenate([np.zeros_like(course[:, :1]), course], 1)
    peak = np.take_along_axis(whole, np.abs(whole).argmax(1)[:, None], 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        progress = whole / peak
        after = (progress >= REACHED).argmax(1)[:, None]
        earlier, later = (np.take_along_axis(progress, at, 1)[:, 0] for at in (np.maximum(after - 1, 0), after))
        time = (after[:, 0] - (later - REACHED) / (later - earlier)) / course.shape[1]
        # Nothing that moves is there before the first frame; what never moves has 0 / 0.
        still = peak[:, 0] == 0
        time = np.where(still, 1.0, time)
        return time, np.where(still, 0.0, REACHED * peak[:, 0] / time)


def trajectory_names(steps: int = 5) -> dict[str, list[str]]:
    """Names of the columns of each part of `trajectory`."""
    times = [f"time={(k + 1) / steps:g}" for k in range(steps)]
    return {
        **{
            part: [f"{part}[{point}, {axis}, {time}]" for time in times for point in POINTS for axis in "xy"]
            for part in ("displacement", "velocity")
        },
        "change": [f"change[{measure}, {time}]" for time in times for measure in MEASURES],
        "timing": [f"{what}[{measure}]" for what in ("time to apex", "onset slope") for measure in MEASURES],
    }


def forms(shapes: np.ndarray) -> np.ndarray:
    """The `FORMS` of upright faces, shape (..., 68, 2) -> (..., len(FORMS))."""
    columns = []
    for kind, groups in FORMS.values():
        columns.append(np.mean([_KINDS[kind](shapes[..., group, :]) for group in groups], 0))
    return np.stack(columns, -1)


def geometry(landmarks: np.ndarray, late: int = 3, register: str = "pose", on: str = "upper") -> dict[str, np.ndarray]:
    """Lengths, angles and areas of the face at the neutral frame and the apex.

    Parameters
    ----------
    landmarks : ndarray, shape (n, T, 68, 2)
        iBUG-68 points in pixels, neutral frame first, apex last, T at least 2.
    late : int
        How many frames up to the apex are averaged over, against the noise of detection.
    register, on : str
        As in `registered`.

    Returns
    -------
    dict of str to ndarray, shape (n, d), float32
        'neutral', 'apex' and 'change' of the `MEASURES` and the `FORMS`, in inter-ocular distances, their squares,
        radians or ratios; 'relative change' of those in `RELATIVE`, the logarithm of apex by neutral, each increased by
        `FLOOR`. NaN in rows that no frame can be read from.

    Raises
    ------
    ValueError
        As in `registered`.
    """
    shapes = _every_frame(landmarks, register, on, late)
    values = np.concatenate([measures(shapes), forms(shapes)], -1)
    neutral, apex = values[:, 0], values[:, 1:].mean(1)
    relative = np.isin([*MEASURES, *FORMS], RELATIVE)
    ratio = np.log((apex[:, relative] + FLOOR) / (neutral[:, relative] + FLOOR))
    parts = {"neutral": neutral, "apex": apex, "change": apex - neutral, "relative change": ratio}
    return {name: part.astype(np.float32) for name, part in parts.items()}


def geometry_names() -> dict[str, list[str]]:
    """Names of the columns of each part of `geometry`."""
    each = {kind: [f"{kind}[{name}]" for name in (*MEASURES, *FORMS)] for kind in ("neutral", "apex", "change")}
    return {**each, "relative change": [f"relative change[{name}]" for name in RELATIVE]}


def _every_frame(landmarks: np.ndarray, register: str, on: str, frames: int | None = None) -> np.ndarray:
    """Registered faces, (n, 1 + frames, 68, 2), with what is missing filled from frames that are there."""
    landmarks = np.asarray(landmarks)
    if landmarks.ndim == 4 and landmarks.shape[2:] == (68, 2):
        # `registered` needs both ends; here the nearest frame stands in for one that is missing.
        landmarks = fill_missing(landmarks)
    shapes = registered(landmarks, register, on, frames or max(landmarks.shape[1] - 1, 1))
    # A frame whose points span no face has no camera: it is as good as missing.
    return fill_missing(np.where(np.isfinite(shapes).all((2, 3), keepdims=True), shapes, np.nan))


def _distance(p: np.ndarray) -> np.ndarray:
    return np.linalg.norm(p[..., 0, :] - p[..., 1, :], axis=-1)


def _area(p: np.ndarray) -> np.ndarray:
    following = np.roll(p, -1, axis=-2)
    return np.abs((p[..., 0] * following[..., 1] - p[..., 1] * following[..., 0]).sum(-1)) / 2


def _angle(p: np.ndarray) -> np.ndarray:
    a, b = p[..., 0, :] - p[..., 1, :], p[..., 2, :] - p[..., 1, :]
    return np.abs(np.arctan2(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0], (a * b).sum(-1)))


def _slope(p: np.ndarray) -> np.ndarray:
    way = p[..., 1, :] - p[..., 0, :]
    return np.arctan2(way[..., 1], np.abs(way[..., 0]))


def _ratio(p: np.ndarray) -> np.ndarray:
    heights = [_distance(p[..., k : k + 2, :]) for k in range(2, p.shape[-2], 2)]
    # An eye or a mouth is never narrower than this; points that are wild must not divide by 0.
    return np.mean(heights, 0) / np.maximum(_distance(p), 0.01)


_KINDS = {"distance": _distance, "area": _area, "angle": _angle, "slope": _slope, "ratio": _ratio}
