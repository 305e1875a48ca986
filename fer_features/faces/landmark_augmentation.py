"""Augmented copies of training faces: other backgrounds, illumination and sensors than the training images have."""

from __future__ import annotations

import cv2
import numpy as np

from ..vision.geometry import apply_affine
from ..vision.shape_model import outer_eye_distance

#: Range of the side of the patches that an image is divided into and shuffled, in outer eye distances.
PATCH_SIDE = (0.2, 0.6)
#: Range of the height of the retained forehead and hair above the brows, as a fraction of the distance from chin to
#: brows.
FOREHEAD_HEIGHT = (0.05, 0.6)
#: Fraction of faces that are cut out as a rectangle, and range of the margin around the landmarks, in outer eye
#: distances. These copies have edges next to the face, which the landmarker must not confuse with its contour.
RECTANGLE_FRACTION, RECTANGLE_MARGIN = 0.4, (0.0, 0.6)
#: Maximum SD of the blur in outer eye distances, maximum SD of the noise in grey levels, maximum strength of the
#: illumination gradient.
MAX_BLUR_SD, MAX_NOISE_SD, MAX_ILLUMINATION = 0.03, 8.0, 0.5


def augment_face(
    image: np.ndarray, landmarks: np.ndarray, background: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Copy of a face in front of shuffled patches of another image, relit, blurred and with noise.

    Parameters
    ----------
    image, background : ndarray, shape (h, w), uint8
        They may differ in size.
    landmarks : ndarray, shape (68, 2)
        iBUG-68 points of the face in `image`, in pixels; they are valid for the copy.
    rng : Generator

    Returns
    -------
    ndarray, shape (h, w), uint8
        Of the size of `image`.
    """
    height, width = image.shape
    eyes = float(outer_eye_distance(landmarks))
    brows, chin = landmarks[17:27], landmarks[8]
    forehead = brows + rng.uniform(*FOREHEAD_HEIGHT) * (brows.mean(0) - chin)
    hull = cv2.convexHull(np.rint(np.vstack([landmarks, forehead])).astype(np.int32))
    mask = np.zeros((height, width), np.float32)
    if rng.random() < RECTANGLE_FRACTION:
        low = landmarks.min(0) - rng.uniform(*RECTANGLE_MARGIN, 2) * eyes
        high = landmarks.max(0) + rng.uniform(*RECTANGLE_MARGIN, 2) * eyes
        (x0, y0), (x1, y1) = np.maximum(low, 0).astype(int), high.astype(int)
        mask[y0:y1, x0:x1] = 1.0
    else:
        cv2.fillConvexPoly(mask, hull, 1.0)
        mask = cv2.GaussianBlur(mask, (0, 0), max(rng.uniform(0.01, 0.04) * eyes, 0.3))
    behind = cv2.resize(shuffle_patches(background, eyes, rng), (width, height), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.5:  # a smooth background, such as a wall
        behind = cv2.GaussianBlur(behind, (0, 0), rng.uniform(0.1, 0.5) * eyes)
    augmented = mask * image + (1 - mask) * behind
    return relight_and_blur(augmented, eyes, rng)


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
