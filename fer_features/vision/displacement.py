"""What an expression moves: landmark displacement from the neutral frame to the apex, head motion taken out.

The neutral frame is brought onto a mean face by a similarity, and with a table of depths it becomes a head in
space. Each later frame is that head seen by a camera, plus the expression: the camera is fitted to the points
of the upper face, robustly, and undone. What is left between the two frames is the expression alone.
Lengths are in inter-ocular distances of the mean face throughout, x to the right and y down.
"""

from collections.abc import Callable

import numpy as np

from fer_features.vision.geometry import MEAN_FACE, RIGID, fill_missing
from fer_features.vision.landmark_names import POINTS

#: How far each point of a face stands out towards the camera, in inter-ocular distances from the plane of the
#: inner eye corners. An average head by eye, to a twentieth, and symmetric: 30 % more or less costs nothing.
DEPTH = np.array(
    [-0.8, -0.8, -0.75, -0.7, -0.6, -0.5, -0.3, -0.1, 0.0, -0.1, -0.3, -0.5, -0.6, -0.7, -0.75, -0.8, -0.8]
    + [-0.2, -0.1, 0.0, 0.1, 0.2, 0.2, 0.1, 0.0, -0.1, -0.2]
    + [0.2, 0.35, 0.5, 0.6, 0.3, 0.4, 0.4, 0.4, 0.3]
    + [-0.1, -0.05, 0.0, 0.0, 0.0, -0.05, 0.0, 0.0, -0.05, -0.1, -0.05, 0.0]
    + [0.05, 0.25, 0.35, 0.35, 0.35, 0.25, 0.05, 0.25, 0.35, 0.35, 0.35, 0.25]
    + [0.1, 0.35, 0.35, 0.35, 0.1, 0.35, 0.35, 0.35]
)

#: Points a registration may rest on. 'upper' is brows, nose and eyes: brows do move, but thirty points
#: average out the noise of detection, and neither jaw nor mouth, which move most, is among them.
STEADY: dict[str, np.ndarray] = {"all": np.arange(68), "rigid": RIGID, "upper": np.arange(17, 48)}

#: Measures of a face: name -> (kind, points a, points b). 'distance' is the mean length from a[i] to b[i],
#: 'height' is how far the mean of a lies below the mean of b.
MEASURES: dict[str, tuple[str, list[int], list[int]]] = {
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


def _similarity(head: np.ndarray, frame: np.ndarray, weight: np.ndarray) -> np.ndarray:
    # Complex regression: both coordinates share one scale and one roll.
    z, w = head[..., 0] + 1j * head[..., 1], frame[..., 0] + 1j * frame[..., 1]
    a = (weight * z.conj() * w).sum(-1) / (weight * np.abs(z) ** 2).sum(-1)
    zero = np.zeros(a.shape)
    return np.stack([np.stack([a.real, -a.imag, zero], -1), np.stack([a.imag, a.real, zero], -1)], -2)


def _affine(head: np.ndarray, frame: np.ndarray, weight: np.ndarray) -> np.ndarray:
    camera = _affine_camera(head[..., :2], frame, weight)
    return np.concatenate([camera, np.zeros((*camera.shape[:-1], 1))], -1)


def _affine_camera(head: np.ndarray, frame: np.ndarray, weight: np.ndarray) -> np.ndarray:
    weighted = np.swapaxes(head * weight[..., None], -1, -2)
    # The ridge is there for collinear points only; it is far below the precision of float32.
    gram = weighted @ head + 1e-9 * np.eye(head.shape[-1])
    return np.swapaxes(np.linalg.solve(gram, weighted @ frame), -1, -2)


def _pose(head: np.ndarray, frame: np.ndarray, weight: np.ndarray) -> np.ndarray:
    # The nearest scaled rotation to the affine camera A: both its singular values become their mean. With
    # B = A A' and d = sqrt(det B), Cayley and Hamilton give sqrt(B) = (B + d I) / (s1 + s2).
    camera = _affine_camera(head, frame, weight)
    square = camera @ np.swapaxes(camera, -1, -2)
    (a, b), (_, c) = np.moveaxis(square, (-2, -1), (0, 1))
    d = np.sqrt(np.maximum(a * c - b * b, 0))[..., None, None]
    total = (a + c)[..., None, None] + 2 * d  # (s1 + s2) ** 2
    return total / 2 * _inverse(square + d * np.eye(2)) @ camera


#: Cameras: what head motion may do to the picture. Each takes the head (..., k, 3) and a frame (..., k, 2),
#: both centred, with weights (..., k), to the (..., 2, 3) matrix that takes head to frame.
#: 'similarity' knows scale and roll, 'affine' any planar linear map, 'pose' scale, roll, yaw and pitch of a
#: rigid head (scaled orthography), 'affine_camera' any linear map of the head in space.
REGISTRATIONS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]] = {
    "similarity": _similarity,
    "affine": _affine,
    "affine_camera": _affine_camera,
    "pose": _pose,
}


def undo_camera(
    frames: np.ndarray, head: np.ndarray, fit: Callable, on: np.ndarray, trust: np.ndarray, rounds: int = 5
) -> np.ndarray:
    """Undo the camera that saw a head, so that only what is not rigid motion of the head remains.

    Parameters
    ----------
    frames : ndarray, shape (..., 68, 2)
        Points in pixels.
    head : ndarray, shape (..., 68, 3)
        The head unmoved, z towards the camera; its leading axes broadcast, as those of `trust` do.
    fit : callable
        One of `REGISTRATIONS`.
    on : ndarray of int, shape (k,)
        The points the camera is fitted to.
    trust : ndarray, shape (..., 68)
        How far each point is trusted, from 0 to 1.
    rounds : int
        Rounds of reweighting; 0 is plain least squares.

    Returns
    -------
    ndarray, shape (..., 68, 2), float64
        `frames` as they would be with the head unmoved, in the units of `head`.

    Notes
    -----
    The camera is linear in the head (Tomasi and Kanade 1992), fitted by iteratively reweighted least squares
    with the weights of Geman and McClure (1987) and the median residual as their scale. Residuals are taken
    after undoing, so that the weights, and with them the result, do not depend on the camera.
    """
    weight = trust[..., on]
    for k in range(rounds + 1):
        head_mean, frame_mean = _mean(head[..., on, :], weight), _mean(frames[..., on, :], weight)
        camera = fit(head[..., on, :] - head_mean, frames[..., on, :] - frame_mean, weight)
        planar = np.swapaxes(_inverse(camera[..., :2]), -1, -2)
        # frame = planar (x, y) + leaning z + shift, solved for (x, y) with the depth held.
        leaning = np.swapaxes(camera[..., 2:], -1, -2)
        flat = frames - frame_mean - (head[..., 2:] - head_mean[..., 2:]) * leaning
        undone = flat @ planar + head_mean[..., :2]
        if k < rounds:
            residual = np.linalg.norm((undone - head[..., :2])[..., on, :], axis=-1)
            scale = 4.0 * np.median(residual, -1, keepdims=True) + 1e-3
            weight = trust[..., on] / (1 + (residual / scale) ** 2) ** 2
    return undone


def registered(landmarks: np.ndarray, register: str = "pose", on: str = "upper", frames: int = 1) -> np.ndarray:
    """Neutral frame and last frames, upright, in inter-ocular distances, head motion taken out.

    Parameters
    ----------
    landmarks : ndarray, shape (n, T, 68, 2)
        iBUG-68 points in pixels, neutral frame first, apex last, T at least 2.
    register : str
        What head motion may do, a key of `REGISTRATIONS`.
    on : str
        The points it is told by, a key of `STEADY`.
    frames : int
        How many frames up to the apex to register besides the neutral one; at most T - 1 are.

    Returns
    -------
    ndarray, shape (n, 1 + min(frames, T - 1), 68, 2), float64
        NaN in rows whose neutral or apex frame misses a point or has no width or no height.

    Raises
    ------
    ValueError
        On another shape, an unknown `register` or `on`, or fewer than one frame.

    Notes
    -----
    The neutral head is not turned, only its roll, scale and place are made standard: a mean face fitted to
    one frame would take a long nose for pitch. Frames in between that miss a point are interpolated.
    """
    landmarks = np.asarray(landmarks)
    if landmarks.ndim != 4 or landmarks.shape[2:] != (68, 2) or landmarks.shape[1] < 2:
        raise ValueError(f"landmarks must be (n, T, 68, 2) with T of 2 or more, not {landmarks.shape}")
    if frames < 1:
        raise ValueError(f"at least 1 frame must be registered, not {frames}")
    for name, table in (("register", REGISTRATIONS), ("on", STEADY)):
        value = {"register": register, "on": on}[name]
        if value not in table:
            raise ValueError(f"unknown {name} {value!r}: choose from {', '.join(table)}")
    kept = np.r_[0, np.arange(landmarks.shape[1])[1:][-frames:]]
    out = np.full((len(landmarks), len(kept), 68, 2), np.nan)
    ends = landmarks[:, [0, -1]]
    seen = np.isfinite(ends).all((1, 2, 3))
    seen[seen] = (np.ptp(ends[seen], axis=2) > 0).all((1, 2))
    if not seen.any():
        return out
    points = fill_missing(landmarks[seen])[:, kept].astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        # The neutral frame, by eyes and nose, onto the mean face: upright, in inter-ocular distances.
        mean_head = np.concatenate([MEAN_FACE, DEPTH[:, None]], -1)
        eyes_and_nose = np.arange(27, 48)
        neutral = undo_camera(points[:, :1], mean_head, _similarity, eyes_and_nose, np.ones(68))
        # A point of it far from where faces have theirs is a wild one. The fit below takes the head as exact
        # and would follow that point, so the camera does not rest on it.
        near = np.linalg.norm(neutral - MEAN_FACE, axis=-1) < 0.5
        near |= near.mean(-1, keepdims=True) < 0.5  # but where most are far, it is another kind of face
        depth = np.broadcast_to(DEPTH[:, None], (*neutral.shape[:-1], 1))
        head = np.concatenate([neutral, depth], -1)
        later = undo_camera(points[:, 1:], head, REGISTRATIONS[register], STEADY[on], near.astype(np.float64))
    out[seen] = np.concatenate([neutral, later], 1)
    return out


def displacement(landmarks: np.ndarray, register: str = "pose", on: str = "upper") -> np.ndarray:
    """Displacement of each landmark from the neutral frame to the apex, free of head motion.

    Parameters
    ----------
    landmarks : ndarray, shape (n, T, 68, 2)
        iBUG-68 points in pixels, neutral frame first, apex last.
    register, on : str
        As in `registered`.

    Returns
    -------
    ndarray, shape (n, 136), float32
        x and y of each point in turn, in inter-ocular distances; NaN as in `registered`.

    Raises
    ------
    ValueError
        As in `registered`.
    """
    shapes = registered(landmarks, register, on)
    return (shapes[:, -1] - shapes[:, 0]).reshape(-1, 136).astype(np.float32)


def measures(shapes: np.ndarray) -> np.ndarray:
    """The `MEASURES` of upright faces.

    Parameters
    ----------
    shapes : ndarray, shape (..., 68, 2)

    Returns
    -------
    ndarray, shape (..., len(MEASURES))
        In the units of `shapes`.
    """
    columns = []
    for kind, a, b in MEASURES.values():
        if kind == "distance":
            columns.append(np.linalg.norm(shapes[..., a, :] - shapes[..., b, :], axis=-1).mean(-1))
        else:
            columns.append(shapes[..., a, 1].mean(-1) - shapes[..., b, 1].mean(-1))
    return np.stack(columns, -1)


def describe(landmarks: np.ndarray, register: str = "pose", on: str = "upper", late: int = 3) -> np.ndarray:
    """Displacement and measures of an expression.

    Parameters
    ----------
    landmarks : ndarray, shape (n, T, 68, 2)
        iBUG-68 points in pixels, neutral frame first, apex last.
    register, on : str
        As in `registered`.
    late : int
        How many frames up to the apex the measures are averaged over, against the noise of detection.

    Returns
    -------
    ndarray, shape (n, 136 + 2 * len(MEASURES)), float32
        The `displacement`, the change of the `measures` since the neutral frame, and the measures themselves,
        which help where the first frame is not quite neutral. Columns as in `names`; NaN as in `registered`.

    Raises
    ------
    ValueError
        As in `registered`.
    """
    shapes = registered(landmarks, register, on, late)
    moved = (shapes[:, -1] - shapes[:, 0]).reshape(-1, 136)
    values = measures(shapes)
    apex = values[:, 1:].mean(1)
    return np.concatenate([moved, apex - values[:, 0], apex], 1).astype(np.float32)


def names() -> list[str]:
    """Names of the columns of `describe`; the first 136 are those of `displacement`."""
    moved = [f"displacement[{point}, {axis}]" for point in POINTS for axis in "xy"]
    return moved + [f"{kind}[{measure}]" for kind in ("change", "apex") for measure in MEASURES]


def _mean(points: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return (points * weight[..., None]).sum(-2, keepdims=True) / weight.sum(-1)[..., None, None]


def _inverse(m: np.ndarray) -> np.ndarray:
    # By hand, as a singular camera is to give NaN in its own row, where np.linalg.inv refuses the batch.
    (a, b), (c, d) = np.moveaxis(m, (-2, -1), (0, 1))
    return np.stack([np.stack([d, -b], -1), np.stack([-c, a], -1)], -2) / (a * d - b * c)[..., None, None]
