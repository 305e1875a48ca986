"""Planar geometry of facial landmarks: parts of the iBUG-68 scheme, similarity and affine registration.

A planar similarity (scale, rotation, shift) is the complex line ``w = a z + b`` with ``z = x + i y``, so that
the least-squares similarity between two shapes is a complex regression with a closed form, for any number of
shapes at once. Here and everywhere a point is ``(x, y)`` in pixels, x to the right and y down.
"""

import numpy as np

#: Index ranges of the iBUG-68 scheme (Sagonas et al. 2013); 'left' and 'right' are as seen in the picture.
PARTS: dict[str, slice] = {
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
RIGID = np.array([0, 16, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 39, 42, 45])

#: MIRROR[i] is the point that stands where point i stood once the picture is flipped left to right.
MIRROR = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1)]
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
)

#: MediaPipe face mesh vertices nearest to the iBUG-68 points (the mesh of Kartynnik et al. 2019), after the tables in
#: common use, with one vertex where these take the mean of two.
MESH_TO_68 = np.array(
    [127, 234, 93, 132, 58, 136, 150, 176, 152, 400, 379, 365, 288, 361, 323, 454, 356]
    + [70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 168, 197, 5, 4, 75, 97, 2, 326, 305]
    + [33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380]
    + [61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87]
)

#: A frontal mean face, iBUG-68, in inter-ocular distances: eye centres at (-0.5, 0) and (0.5, 0).
#: Read off by eye from anthropometric proportions (Farkas 1994) and drawn symmetric; alignment needs no more.
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
        The mean of the six points of the left and of the right eye.
    """
    return np.stack([landmarks[..., PARTS["left eye"], :].mean(-2), landmarks[..., PARTS["right eye"], :].mean(-2)], -2)


def interocular_distance(landmarks: np.ndarray) -> np.ndarray:
    """Distance between the eye centres in pixels, shape (...,), of `landmarks`, shape (..., 68, 2)."""
    centres = eye_centres(landmarks)
    return np.linalg.norm(centres[..., 1, :] - centres[..., 0, :], axis=-1)


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Least-squares similarity (Procrustes without reflection) that takes `source` to `target`.

    Parameters
    ----------
    source, target : ndarray, shape (..., k, 2)
        Corresponding points; leading axes broadcast.

    Returns
    -------
    ndarray, shape (..., 2, 3), float64
        ``[[s cos t, -s sin t, dx], [s sin t, s cos t, dy]]``, NaN where a point is missing or all source
        points coincide.

    Notes
    -----
    The estimate of Umeyama (1991) for the plane, in closed form over complex numbers; a reflection cannot
    be expressed, so none has to be excluded.
    """
    z, w = _complex(source), _complex(target)
    z_mean, w_mean = z.mean(-1, keepdims=True), w.mean(-1, keepdims=True)
    z0 = z - z_mean
    with np.errstate(divide="ignore", invalid="ignore"):
        a = (z0.conj() * (w - w_mean)).sum(-1) / (np.abs(z0) ** 2).sum(-1)
    b = w_mean[..., 0] - a * z_mean[..., 0]
    return np.stack([np.stack([a.real, -a.imag, b.real], -1), np.stack([a.imag, a.real, b.imag], -1)], -2)


def transform(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points, shape (..., k, 2), under affine matrices, shape (..., 2, 3)."""
    return points @ np.swapaxes(matrix[..., :2], -1, -2) + matrix[..., None, :, 2]


def mirror(landmarks: np.ndarray, width: float) -> np.ndarray:
    """Landmarks of the picture flipped left to right.

    Parameters
    ----------
    landmarks : ndarray, shape (..., 68, 2)
    width : float
        Width of the picture in pixels; the last column is at x = width - 1.

    Returns
    -------
    ndarray, shape (..., 68, 2)
    """
    flipped = landmarks[..., MIRROR, :].copy()
    flipped[..., 0] = (width - 1) - flipped[..., 0]
    return flipped


def fill_missing(landmarks: np.ndarray) -> np.ndarray:
    """Interpolate frames without landmarks from the frames of the same clip that have them.

    Parameters
    ----------
    landmarks : ndarray, shape (n, T, 68, 2)
        NaN where a point is missing. A frame with any missing point counts as missing.

    Returns
    -------
    ndarray, shape (n, T, 68, 2)
        Linear in time between known frames, constant beyond the first and last of them. A clip without
        any known frame stays NaN. The input itself is returned where nothing is missing.
    """
    known = np.isfinite(landmarks).all((2, 3))
    if known.all():
        return landmarks
    filled = np.array(landmarks, dtype=np.result_type(landmarks.dtype, np.float32))
    frames = np.arange(landmarks.shape[1])
    for i in np.flatnonzero(~known.all(1)):
        at = np.flatnonzero(known[i])
        if at.size == 0:
            filled[i] = np.nan
            continue
        before = at[np.clip(np.searchsorted(at, frames, "right") - 1, 0, None)]
        after = at[np.clip(np.searchsorted(at, frames, "left"), None, at.size - 1)]
        weight = np.where(after > before, (frames - before) / np.maximum(after - before, 1), 0.0)[:, None, None]
        filled[i] = (1 - weight) * landmarks[i, before] + weight * landmarks[i, after]
    return filled


def _complex(points: np.ndarray) -> np.ndarray:
    points = np.asarray(points, dtype=np.float64)
    return points[..., 0] + 1j * points[..., 1]
