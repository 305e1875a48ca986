"""Augmented copies of training faces: displaced shapes, other light and rotations, and images without a face."""

from __future__ import annotations

import cv2
import numpy as np

from ..vision.geometry import apply_affine

#: Range of the side of the patches that an image is divided into and shuffled, in outer eye distances.
PATCH_SIDE = (0.2, 0.6)
#: SD of the random displacement of a shape: translation in sides of the box, logarithm of the scale, rotation in
#: degrees.
TRANSLATION_SD, LOG_SCALE_SD, TILT_SD_DEGREES = 0.08, 0.12, 10.0
#: Maximum SD of the blur in outer eye distances, maximum SD of the noise in grey levels, maximum strength of the
#: illumination gradient.
MAX_BLUR_SD, MAX_NOISE_SD, MAX_ILLUMINATION = 0.03, 8.0, 0.5


def jitter(shape: np.ndarray, side: float, rng: np.random.Generator) -> np.ndarray:
    """Translate, scale and rotate a shape at random about its centre.

    Parameters
    ----------
    shape : ndarray, shape (68, 2)
        In pixels.
    side : float
        Side of the box of the face in pixels, the unit of the translation.
    rng : Generator

    Returns
    -------
    ndarray, shape (68, 2), float64

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.faces.landmark_augmentation import jitter
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> moved = jitter(50 * MEAN_FACE + 100, 120.0, np.random.default_rng(0))
    >>> bool(5 < np.linalg.norm(moved - 50 * MEAN_FACE - 100, axis=1).mean() < 40)
    True
    """
    angle = np.deg2rad(rng.normal(0, TILT_SD_DEGREES))
    scale = np.exp(rng.normal(0, LOG_SCALE_SD))
    rotation = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = shape.mean(0)
    return (shape - centre) @ rotation.T + centre + rng.normal(0, TRANSLATION_SD, 2) * side


def relight_and_blur(image: np.ndarray, eyes: float, rng: np.random.Generator) -> np.ndarray:
    """Copy of an image with a gradient of light, blur and noise.

    Parameters
    ----------
    image : ndarray, shape (h, w), uint8 or float
    eyes : float
        Outer eye distance in pixels, the unit of the blur.
    rng : Generator

    Returns
    -------
    ndarray, shape (h, w), uint8
    """
    height, width = image.shape
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    gradient = (np.cos(angle) * (x - width / 2) + np.sin(angle) * (y - height / 2)) / max(height, width)
    augmented = image * np.exp(rng.normal(0, 0.3) + rng.uniform(0, MAX_ILLUMINATION) * 2 * gradient)
    augmented = cv2.GaussianBlur(augmented, (0, 0), max(rng.uniform(0, MAX_BLUR_SD) * eyes, 0.1))
    augmented += rng.normal(0, rng.uniform(0, MAX_NOISE_SD), augmented.shape)
    return np.clip(augmented, 0, 255).astype(np.uint8)


def rotate_face(
    image: np.ndarray, landmarks: np.ndarray, box: np.ndarray, degrees: float
) -> tuple[np.ndarray, np.ndarray]:
    """Rotate an image about the centre of the box of its face; the border is replicated.

    Parameters
    ----------
    image : ndarray, shape (h, w), uint8
    landmarks : ndarray, shape (68, 2)
        In pixels.
    box : ndarray, shape (4,)
        x, y, width, height in pixels.
    degrees : float
        Clockwise.

    Returns
    -------
    image : ndarray, shape (h, w), uint8
    landmarks : ndarray, shape (68, 2)

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.faces.landmark_augmentation import rotate_face
    >>> image = np.zeros((9, 9), np.uint8)
    >>> image[4, 6] = 255
    >>> rotated, points = rotate_face(image, np.array([[6.0, 4.0]]), np.array([2, 2, 4, 4]), 90)
    >>> points.round(6), int(rotated[6, 4])
    (array([[4., 6.]]), 255)
    """
    angle = np.deg2rad(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.asarray(box[:2], float) + np.asarray(box[2:], float) / 2
    matrix = np.hstack([rotation, (centre - rotation @ centre)[:, None]])
    size = image.shape[1], image.shape[0]
    return cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE), apply_affine(matrix, landmarks)


def shuffle_patches(image: np.ndarray, eyes: float, rng: np.random.Generator) -> np.ndarray:
    """Divide an image into squares and permute them, so that no face remains.

    Parameters
    ----------
    image : ndarray, shape (h, w), uint8
    eyes : float
        Outer eye distance in pixels, the unit of the side of the squares.
    rng : Generator

    Returns
    -------
    ndarray, shape (h', w'), uint8
        Height and width are rounded down to multiples of the side of the squares. An image smaller than two squares is
        rotated by 180 degrees instead.
    """
    side = max(int(rng.uniform(*PATCH_SIDE) * eyes), 1)
    n_rows, n_columns = image.shape[0] // side, image.shape[1] // side
    if n_rows * n_columns < 2:
        return image[::-1, ::-1]
    patches = image[: n_rows * side, : n_columns * side].reshape(n_rows, side, n_columns, side).swapaxes(1, 2)
    patches = rng.permutation(patches.reshape(-1, side, side)).reshape(n_rows, n_columns, side, side)
    return patches.swapaxes(1, 2).reshape(n_rows * side, n_columns * side)
