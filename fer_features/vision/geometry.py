"""Planar geometry of facial landmarks: the iBUG-68 scheme, similarity transforms, mirroring and missing frames.

A planar similarity (scale, rotation, translation) is the complex line ``w = a z + b`` with ``z = x + i y``. The
least-squares similarity between two shapes is therefore a complex regression with a closed form, for any number of
shapes at once. In this package a point is ``(x, y)`` in pixels, x to the right and y down.
"""

import numpy as np

#: Region of the face -> index range in the iBUG-68 scheme (Sagonas et al. 2013). 'left' and 'right' are sides of the
#: image, not of the subject.
FACE_REGIONS: dict[str, slice] = {
    "jaw": slice(0, 17),
    "left brow": slice(17, 22),
    "right brow": slice(22, 27),
    "nose bridge": slice(27, 31),
    "nose base": slice(31, 36),
    "left eye": slice(36, 42),
    "right eye": slice(42, 48),
    "outer lips": slice(48, 60),
    "inner lips": slice(60, 68),
}

#: Points that expressions move least: temples, nose, corners of the eyes.
RIGID_POINTS = np.array([0, 16, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 39, 42, 45])

#: MIRROR_INDICES[i] is the point that takes the place of point i when the image is flipped left to right.
MIRROR_INDICES = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1)]
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
)

#: MediaPipe face mesh vertices nearest to the iBUG-68 points (the mesh of Kartynnik et al. 2019, arXiv:1907.06724),
#: after the tables in common use, with one vertex where these take the mean of two.
MEDIAPIPE_TO_IBUG68 = np.array(
    [127, 234, 93, 132, 58, 136, 150, 176, 152, 400, 379, 365, 288, 361, 323, 454, 356]
    + [70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 168, 197, 5, 4, 75, 97, 2, 326, 305]
    + [33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380]
    + [61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87]
)

#: A frontal mean face in the iBUG-68 scheme, in interocular distances: the eye centres are at (-0.5, 0) and (0.5, 0).
#: Estimated by eye from anthropometric proportions (Farkas 1994) and symmetric; alignment needs no better accuracy.
MEAN_FACE = np.array(
    [(-1.17, 0.02), (-1.15, 0.32), (-1.10, 0.62), (-1.03, 0.91), (-0.92, 1.18), (-0.75, 1.41), (-0.53, 1.60)]
    + [(-0.28, 1.73), (0.0, 1.77), (0.28, 1.73), (0.53, 1.60), (0.75, 1.41), (0.92, 1.18), (1.03, 0.91)]
    + [(1.10, 0.62), (1.15, 0.32), (1.17, 0.02)]
    + [(-0.95, -0.28), (-0.81, -0.41), (-0.62, -0.44), (-0.42, -0.41), (-0.23, -0.34)]
    + [(0.23, -0.34), (0.42, -0.41), (0.62, -0.44), (0.81, -0.41), (0.95, -0.28)]
    + [(0.0, 0.0), (0.0, 0.20), (0.0, 0.39), (0.0, 0.58)]
    + [(-0.24, 0.70), (-0.12, 0.74), (0.0, 0.77), (0.12, 0.74), (0.24, 0.70)]
    + [(-0.72, 0.01), (-0.60, -0.07), (-0.43, -0.07), (-0.29, 0.03), (-0.42, 0.06), (-0.59, 0.06)]
    + [(0.29, 0.03), (0.43, -0.07), (0.60, -0.07), (0.72, 0.01), (0.59, 0.06), (0.42, 0.06)]
    + [(-0.44, 1.09), (-0.28, 1.01), (-0.11, 0.97), (0.0, 0.99), (0.11, 0.97), (0.28, 1.01), (0.44, 1.09)]
    + [(0.29, 1.21), (0.12, 1.27), (0.0, 1.28), (-0.12, 1.27), (-0.29, 1.21)]
    + [(-0.37, 1.09), (-0.11, 1.06), (0.0, 1.07), (0.11, 1.06), (0.37, 1.09)]
    + [(0.11, 1.13), (0.0, 1.15), (-0.11, 1.13)]
)


def eye_centres(landmarks: np.ndarray) -> np.ndarray:
    """Centres of the two eyes.

    Parameters
    ----------
    landmarks : ndarray, shape (..., 68, 2)
        iBUG-68 points in pixels.

    Returns
    -------
    ndarray, shape (..., 2, 2)
        The mean of the six points of the left eye and of the right eye, in pixels.

    Examples
    --------
    >>> from fer_features.vision.geometry import MEAN_FACE, eye_centres
    >>> eye_centres(MEAN_FACE).round(1) + 0.0
    array([[-0.5,  0. ],
           [ 0.5,  0. ]])
    """
    left, right = (landmarks[..., FACE_REGIONS[eye], :].mean(-2) for eye in ("left eye", "right eye"))
    return np.stack([left, right], -2)


def interocular_distance(landmarks: np.ndarray) -> np.ndarray:
    """Distance between the eye centres.

    Parameters
    ----------
    landmarks : ndarray, shape (..., 68, 2)
        iBUG-68 points in pixels.

    Returns
    -------
    ndarray, shape (...,)
        In pixels.

    Examples
    --------
    >>> from fer_features.vision.geometry import MEAN_FACE, interocular_distance
    >>> round(float(interocular_distance(50 * MEAN_FACE)))
    51
    """
    centres = eye_centres(landmarks)
    return np.linalg.norm(centres[..., 1, :] - centres[..., 0, :], axis=-1)


def estimate_similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Least-squares similarity transform (Procrustes without reflection) from `source` to `target`.

    Parameters
    ----------
    source, target : ndarray, shape (..., k, 2)
        Corresponding points; the leading axes broadcast.

    Returns
    -------
    ndarray, shape (..., 2, 3), float64
        ``[[s cos t, -s sin t, dx], [s sin t, s cos t, dy]]``. NaN where a point is missing or all source points
        coincide.

    References
    ----------
    S. Umeyama, "Least-squares estimation of transformation parameters between two point patterns", PAMI 13(4), 1991,
    doi:10.1109/34.88573.

    Notes
    -----
    The planar case in closed form over complex numbers. A complex factor cannot express a reflection, so that the
    determinant needs no check.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.geometry import estimate_similarity
    >>> source = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> estimate_similarity(source, 2 * source + [5, 7]).round(6) + 0.0
    array([[2., 0., 5.],
           [0., 2., 7.]])
    """
    z, w = _as_complex(source), _as_complex(target)
    z_mean, w_mean = z.mean(-1, keepdims=True), w.mean(-1, keepdims=True)
    z0 = z - z_mean
    with np.errstate(divide="ignore", invalid="ignore"):
        a = (z0.conj() * (w - w_mean)).sum(-1) / (np.abs(z0) ** 2).sum(-1)
    b = w_mean[..., 0] - a * z_mean[..., 0]
    matrix = np.empty((*a.shape, 2, 3))
    matrix[..., 0, 0] = matrix[..., 1, 1] = a.real
    matrix[..., 0, 1], matrix[..., 1, 0] = -a.imag, a.imag
    matrix[..., 0, 2], matrix[..., 1, 2] = b.real, b.imag
    return matrix


def apply_affine(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points under affine transforms.

    Parameters
    ----------
    matrix : ndarray, shape (..., 2, 3)
        Affine matrices; the leading axes broadcast with those of `points`.
    points : ndarray, shape (..., k, 2)

    Returns
    -------
    ndarray, shape (..., k, 2)

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.geometry import apply_affine
    >>> apply_affine(np.array([[2.0, 0.0, 5.0], [0.0, 2.0, 7.0]]), np.array([[1.0, 1.0]]))
    array([[7., 9.]])
    """
    return points @ np.swapaxes(matrix[..., :2], -1, -2) + matrix[..., None, :, 2]


def mirror_landmarks(landmarks: np.ndarray, width: float) -> np.ndarray:
    """Landmarks of the image flipped left to right.

    Parameters
    ----------
    landmarks : ndarray, shape (..., 68, 2)
        iBUG-68 points in pixels.
    width : float
        Width of the image in pixels; the last column of pixels is at x = width - 1.

    Returns
    -------
    ndarray, shape (..., 68, 2)
        The points of the left and the right side change places.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.geometry import MEAN_FACE, mirror_landmarks
    >>> face = 40 * MEAN_FACE + 100
    >>> mirrored = mirror_landmarks(face, width=201)
    >>> bool(np.allclose(mirrored, face))  # the mean face is symmetric about the middle column
    True
    """
    flipped = landmarks[..., MIRROR_INDICES, :].copy()
    flipped[..., 0] = (width - 1) - flipped[..., 0]
    return flipped


def interpolate_missing_frames(landmarks: np.ndarray) -> np.ndarray:
    """Interpolate frames without landmarks from the other frames of the same clip.

    Parameters
    ----------
    landmarks : ndarray, shape (n, T, 68, 2)
        NaN where a point is missing. A frame with any missing point counts as missing.

    Returns
    -------
    ndarray, shape (n, T, 68, 2)
        Linear in time between known frames, constant before the first and after the last of them. A clip without any
        known frame is NaN. The input itself is returned where nothing is missing.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.geometry import MEAN_FACE, interpolate_missing_frames
    >>> clip = np.stack([MEAN_FACE, np.full((68, 2), np.nan), MEAN_FACE + 2])[None]
    >>> bool(np.allclose(interpolate_missing_frames(clip)[0, 1], MEAN_FACE + 1))
    True
    """
    known = np.isfinite(landmarks).all((2, 3))
    if known.all():
        return landmarks
    filled = np.array(landmarks, dtype=np.result_type(landmarks.dtype, np.float32))
    frames = np.arange(landmarks.shape[1])
    for i in np.flatnonzero(~known.all(1)):
        known_frames = np.flatnonzero(known[i])
        if known_frames.size == 0:
            filled[i] = np.nan
            continue
        before = known_frames[np.clip(np.searchsorted(known_frames, frames, "right") - 1, 0, None)]
        after = known_frames[np.clip(np.searchsorted(known_frames, frames, "left"), None, known_frames.size - 1)]
        weight = np.where(after > before, (frames - before) / np.maximum(after - before, 1), 0.0)[:, None, None]
        filled[i] = (1 - weight) * landmarks[i, before] + weight * landmarks[i, after]
    return filled


def _as_complex(points: np.ndarray) -> np.ndarray:
    points = np.asarray(points, dtype=np.float64)
    return points[..., 0] + 1j * points[..., 1]
