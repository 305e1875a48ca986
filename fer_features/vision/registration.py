"""Registration of landmarks: the head motion between the frames of a clip is estimated and removed.

A similarity takes the neutral frame to a mean face. With a table of depths the neutral face becomes a head in three
dimensions. Each later frame is modeled as this head seen by a camera, plus the expression. The camera is fitted
robustly to points of the upper face, and its effect is inverted, so that only the expression remains as a difference
between frames. All lengths are in interocular distances of the mean face, x to the right and y down.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .geometry import MEAN_FACE, RIGID_POINTS, interpolate_missing_frames

#: Depth of each iBUG-68 point: distance towards the camera from the plane of the inner eye corners, in interocular
#: distances. An average head, estimated by eye to 0.05, and symmetric. Depths 30 % larger or smaller cost no accuracy.
MEAN_FACE_DEPTH = np.array(
    [-0.8, -0.8, -0.75, -0.7, -0.6, -0.5, -0.3, -0.1, 0.0, -0.1, -0.3, -0.5, -0.6, -0.7, -0.75, -0.8, -0.8]
    + [-0.2, -0.1, 0.0, 0.1, 0.2, 0.2, 0.1, 0.0, -0.1, -0.2]
    + [0.2, 0.35, 0.5, 0.6, 0.3, 0.4, 0.4, 0.4, 0.3]
    + [-0.1, -0.05, 0.0, 0.0, 0.0, -0.05, 0.0, 0.0, -0.05, -0.1, -0.05, 0.0]
    + [0.05, 0.25, 0.35, 0.35, 0.35, 0.25, 0.05, 0.25, 0.35, 0.35, 0.35, 0.25]
    + [0.1, 0.35, 0.35, 0.35, 0.1, 0.35, 0.35, 0.35]
)

#: Points of the mean face with their depths, shape (68, 3).
MEAN_HEAD = np.concatenate([MEAN_FACE, MEAN_FACE_DEPTH[:, None]], -1)

#: Name -> points that the camera is fitted to. 'upper' is brows, nose and eyes. Brows do move, but thirty points
#: average out the noise of detection, and the jaw and the mouth, which move most, are excluded.
REGISTRATION_POINTS: dict[str, np.ndarray] = {
    "all": np.arange(68),
    "rigid": RIGID_POINTS,
    "upper": np.arange(17, 48),
}


def _similarity_camera(head: np.ndarray, frame: np.ndarray, weight: np.ndarray) -> np.ndarray:
    # Complex regression: both coordinates share one scale and one roll.
    z, w = head[..., 0] + 1j * head[..., 1], frame[..., 0] + 1j * frame[..., 1]
    a = (weight * z.conj() * w).sum(-1) / (weight * np.abs(z) ** 2).sum(-1)
    zero = np.zeros(a.shape)
    return np.stack([np.stack([a.real, -a.imag, zero], -1), np.stack([a.imag, a.real, zero], -1)], -2)


def _planar_affine_camera(head: np.ndarray, frame: np.ndarray, weight: np.ndarray) -> np.ndarray:
    camera = _affine_camera(head[..., :2], frame, weight)
    return np.concatenate([camera, np.zeros((*camera.shape[:-1], 1))], -1)


def _affine_camera(head: np.ndarray, frame: np.ndarray, weight: np.ndarray) -> np.ndarray:
    weighted = np.swapaxes(head * weight[..., None], -1, -2)
    # The ridge term only matters for collinear points; it is far below the precision of float32.
    gram = weighted @ head + 1e-9 * np.eye(head.shape[-1])
    return np.swapaxes(np.linalg.solve(gram, weighted @ frame), -1, -2)


def _scaled_orthographic_camera(head: np.ndarray, frame: np.ndarray, weight: np.ndarray) -> np.ndarray:
    # The scaled rotation nearest to the affine camera A: both singular values become their mean. With B = A A' and
    # d = sqrt(det B), the theorem of Cayley and Hamilton gives sqrt(B) = (B + d I) / (s1 + s2).
    camera = _affine_camera(head, frame, weight)
    square = camera @ np.swapaxes(camera, -1, -2)
    (a, b), (_, c) = np.moveaxis(square, (-2, -1), (0, 1))
    d = np.sqrt(np.maximum(a * c - b * b, 0))[..., None, None]
    total = (a + c)[..., None, None] + 2 * d  # (s1 + s2) ** 2
    return total / 2 * _inverse(square + d * np.eye(2)) @ camera


#: Name -> camera model, which defines the head motion that is removed. Each function takes the head (..., k, 3) and a
#: frame (..., k, 2), both centred, and weights (..., k), and returns the matrix (..., 2, 3) from head to frame.
#: 'similarity' models scale and roll; 'affine' any linear map of the plane; 'pose' scale, roll, yaw and pitch of a
#: rigid head (scaled orthographic projection); 'affine_camera' any linear map from space to the plane.
REGISTRATIONS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]] = {
    "similarity": _similarity_camera,
    "affine": _planar_affine_camera,
    "affine_camera": _affine_camera,
    "pose": _scaled_orthographic_camera,
}


def remove_head_motion(
    frames: np.ndarray,
    head: np.ndarray,
    fit_camera: Callable,
    point_indices: np.ndarray,
    point_weights: np.ndarray,
    n_iter: int = 5,
) -> np.ndarray:
    """Fit the camera that saw a head, and invert it, so that only non-rigid motion remains.

    Parameters and method as in `fit_head`.

    Returns
    -------
    ndarray, shape (..., 68, 2), float64
        `frames` as they would be with the head in its reference pose, in the units of `head`.
    """
    return fit_head(frames, head, fit_camera, point_indices, point_weights, n_iter)[0]


def fit_head(
    frames: np.ndarray,
    head: np.ndarray,
    fit_camera: Callable,
    point_indices: np.ndarray,
    point_weights: np.ndarray,
    n_iter: int = 5,
) -> tuple[np.ndarray, np.ndarray]:
    """Fit the camera that saw a head.

    Parameters
    ----------
    frames : ndarray, shape (..., 68, 2)
        Landmarks in pixels.
    head : ndarray, shape (..., 68, 3)
        The head in its reference pose, z towards the camera. Its leading axes broadcast, as do those of
        `point_weights`.
    fit_camera : callable
        One of the values of `REGISTRATIONS`.
    point_indices : ndarray of int, shape (k,)
        The points that the camera is fitted to.
    point_weights : ndarray, shape (..., 68)
        Weight of each point, from 0 to 1.
    n_iter : int, default=5
        Iterations of reweighting; 0 is plain least squares.

    Returns
    -------
    registered : ndarray, shape (..., 68, 2), float64
        `frames` as they would be with the head in its reference pose, in the units of `head`.
    camera : ndarray, shape (..., 2, 3), float64
        From head to frame.

    References
    ----------
    C. Tomasi, T. Kanade, "Shape and motion from image streams under orthography: a factorization method", IJCV 9(2),
    1992, doi:10.1007/BF00129684.
    S. Geman, D. E. McClure, "Statistical methods for tomographic image reconstruction", Bulletin of the ISI 52, 1987.

    Notes
    -----
    The camera is linear in the head (Tomasi and Kanade). It is fitted by iteratively reweighted least squares with the
    weights of Geman and McClure and the median residual as their scale. Residuals are computed after the camera has
    been inverted, so that the weights, and with them the result, do not depend on the camera.
    """
    weight = point_weights[..., point_indices]
    for k in range(n_iter + 1):
        head_mean = _weighted_mean(head[..., point_indices, :], weight)
        frame_mean = _weighted_mean(frames[..., point_indices, :], weight)
        camera = fit_camera(head[..., point_indices, :] - head_mean, frames[..., point_indices, :] - frame_mean, weight)
        planar = np.swapaxes(_inverse(camera[..., :2]), -1, -2)
        # frame = planar (x, y) + parallax z + shift, solved for (x, y) at fixed depth.
        parallax = np.swapaxes(camera[..., 2:], -1, -2)
        flat = frames - frame_mean - (head[..., 2:] - head_mean[..., 2:]) * parallax
        registered = flat @ planar + head_mean[..., :2]
        if k < n_iter:
            residual = np.linalg.norm((registered - head[..., :2])[..., point_indices, :], axis=-1)
            scale = 4.0 * np.median(residual, -1, keepdims=True) + 1e-3
            weight = point_weights[..., point_indices] / (1 + (residual / scale) ** 2) ** 2
    return registered, camera


def register_landmarks(
    landmarks: np.ndarray, registration: str = "pose", registration_points: str = "upper", n_apex_frames: int = 1
) -> np.ndarray:
    """Neutral frame and last frames of clips, upright, in interocular distances, without head motion.

    Parameters
    ----------
    landmarks : ndarray, shape (n, T, 68, 2)
        iBUG-68 points in pixels, neutral frame first, apex last, T at least 2.
    registration : {'pose', 'affine_camera', 'affine', 'similarity'}, default='pose'
        Model of the head motion, a key of `REGISTRATIONS`.
    registration_points : {'upper', 'rigid', 'all'}, default='upper'
        Points that the head motion is estimated from, a key of `REGISTRATION_POINTS`.
    n_apex_frames : int, default=1
        Number of frames up to the apex that are registered in addition to the neutral one, limited to T - 1.

    Returns
    -------
    ndarray, shape (n, 1 + min(n_apex_frames, T - 1), 68, 2), float64
        NaN in samples whose neutral or apex frame misses a point or has no width or no height.

    Raises
    ------
    ValueError
        For another shape, an unknown `registration` or `registration_points`, or fewer than one frame.

    Notes
    -----
    The neutral head is not rotated in space; only its roll, scale and position are normalized, because a mean face
    fitted to one frame would mistake a long nose for pitch. Intermediate frames that miss a point are interpolated.

    References
    ----------
    C. Tomasi, T. Kanade, "Shape and motion from image streams under orthography: a factorization method", IJCV 9(2),
    1992, doi:10.1007/BF00129684 (the affine camera; here it is fitted to a known mean head, with robust weights).

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> from fer_features.vision.registration import register_landmarks
    >>> clip = np.stack([60 * MEAN_FACE + 100, 75 * MEAN_FACE + 90])[None]  # the head comes closer
    >>> neutral, apex = register_landmarks(clip)[0]
    >>> bool(np.allclose(neutral, apex))
    True
    """
    landmarks = np.asarray(landmarks)
    if landmarks.ndim != 4 or landmarks.shape[2:] != (68, 2) or landmarks.shape[1] < 2:
        raise ValueError(f"landmarks must be (n, T, 68, 2) with T of 2 or more, not {landmarks.shape}")
    if n_apex_frames < 1:
        raise ValueError(f"at least 1 frame must be registered, not {n_apex_frames}")
    if registration not in REGISTRATIONS:
        raise ValueError(f"unknown registration {registration!r}: choose from {', '.join(REGISTRATIONS)}")
    if registration_points not in REGISTRATION_POINTS:
        known = ", ".join(REGISTRATION_POINTS)
        raise ValueError(f"unknown registration_points {registration_points!r}: choose from {known}")
    frames = np.r_[0, np.arange(landmarks.shape[1])[1:][-n_apex_frames:]]
    registered = np.full((len(landmarks), len(frames), 68, 2), np.nan)
    ends = landmarks[:, [0, -1]]
    usable = np.isfinite(ends).all((1, 2, 3))
    usable[usable] = (np.ptp(ends[usable], axis=2) > 0).all((1, 2))
    if not usable.any():
        return registered
    points = interpolate_missing_frames(landmarks[usable])[:, frames].astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Eyes and nose of the neutral frame are fitted to the mean face: upright, in interocular distances.
        eyes_and_nose = np.arange(27, 48)
        neutral = remove_head_motion(points[:, :1], MEAN_HEAD, _similarity_camera, eyes_and_nose, np.ones(68))
        # A neutral point far from its place in the mean face is an outlier. The fit below assumes an exact head and
        # would follow this point, so that it gets no weight.
        near = np.linalg.norm(neutral - MEAN_FACE, axis=-1) < 0.5
        near |= near.mean(-1, keepdims=True) < 0.5  # where most points are far, the face differs, not the points
        depth = np.broadcast_to(MEAN_FACE_DEPTH[:, None], (*neutral.shape[:-1], 1))
        head = np.concatenate([neutral, depth], -1)
        fit_camera, fit_points = REGISTRATIONS[registration], REGISTRATION_POINTS[registration_points]
        later = remove_head_motion(points[:, 1:], head, fit_camera, fit_points, near.astype(np.float64))
    registered[usable] = np.concatenate([neutral, later], 1)
    return registered


def register_all_frames(
    landmarks: np.ndarray, registration: str, registration_points: str, n_apex_frames: int | None = None
) -> np.ndarray:
    """Registered landmarks of clips in which any frame may be missing.

    Parameters
    ----------
    landmarks : ndarray, shape (n, T, 68, 2)
        iBUG-68 points in pixels, neutral frame first, apex last, T at least 2.
    registration, registration_points : str
        As in `register_landmarks`.
    n_apex_frames : int, optional
        As in `register_landmarks`; all frames by default.

    Returns
    -------
    ndarray, shape (n, 1 + min(n_apex_frames, T - 1), 68, 2), float64
        Missing frames are interpolated, and at the ends of the clip repeated from the nearest frame. NaN in samples
        that cannot be registered.

    Raises
    ------
    ValueError
        As in `register_landmarks`.
    """
    landmarks = np.asarray(landmarks)
    if landmarks.ndim == 4 and landmarks.shape[2:] == (68, 2):
        # `register_landmarks` needs both ends; here the nearest frame replaces a missing one.
        landmarks = interpolate_missing_frames(landmarks)
    n_apex_frames = n_apex_frames or max(landmarks.shape[1] - 1, 1)
    shapes = register_landmarks(landmarks, registration, registration_points, n_apex_frames)
    # A frame whose points have no extent has no camera, which is equivalent to a missing frame.
    usable = np.isfinite(shapes).all((2, 3), keepdims=True)
    return interpolate_missing_frames(np.where(usable, shapes, np.nan))


def _weighted_mean(points: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return (points * weight[..., None]).sum(-2, keepdims=True) / weight.sum(-1)[..., None, None]


def _inverse(m: np.ndarray) -> np.ndarray:
    # In closed form, because a singular camera must give NaN in its own sample, where np.linalg.inv fails for all.
    (a, b), (c, d) = np.moveaxis(m, (-2, -1), (0, 1))
    return np.stack([np.stack([d, -b], -1), np.stack([-c, a], -1)], -2) / (a * d - b * c)[..., None, None]
