"""Face crops: every frame brought to one place, size and roll by its landmarks."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from .geometry import MEAN_FACE, eye_centres, similarity, transform


def template(size: int, side: float, top: float) -> np.ndarray:
    """The mean face placed in a crop.

    Parameters
    ----------
    size : int
        Width of the crop in pixels.
    side : float
        Distance from an eye centre to the nearer side of the crop, in inter-ocular distances.
    top : float
        Distance from the line of the eyes to the upper edge, in inter-ocular distances.

    Returns
    -------
    ndarray, shape (68, 2)
        iBUG-68 points in pixels of the crop.
    """
    unit = size / (1 + 2 * side)
    return (MEAN_FACE + [side + 0.5, top]) * unit - 0.5


def eyes_to_template(landmarks: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Similarity that takes the eye centres of each face to those of the template, (..., 2, 3)."""
    return similarity(eye_centres(landmarks), eye_centres(face))


def points_to_template(landmarks: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Procrustes over all points: least-squares similarity of each face to the template, (..., 2, 3)."""
    return similarity(landmarks, face)


#: How a face is brought onto the template: landmarks (..., 68, 2) and template (68, 2) -> matrices (..., 2, 3).
ALIGNMENTS = {"eyes": eyes_to_template, "procrustes": points_to_template}


def warp(images: Sequence[np.ndarray], matrices: np.ndarray, width: int, height: int | None = None) -> np.ndarray:
    """Crops of pictures under affine maps.

    Parameters
    ----------
    images : sequence of n ndarrays (H, W) uint8
        They may differ in size.
    matrices : ndarray, shape (n, 2, 3)
        Each takes picture coordinates to crop coordinates. A crop with a matrix that is not finite is 0.
    width, height : int
        Of the crops in pixels; square where no height is given.

    Returns
    -------
    ndarray, shape (n, height, width), uint8

    Notes
    -----
    Bilinear; where the crop is less than half the picture's scale, area averaging first would be better, and
    the picture is halved until it is not. Beyond the picture its border is repeated, so that a face near the
    edge has no false contour.
    """
    height = width if height is None else height
    crops = np.zeros((len(images), height, width), np.uint8)
    for crop, image, matrix in zip(crops, images, matrices, strict=True):
        if not np.isfinite(matrix).all():
            continue
        matrix = matrix.copy()
        while np.hypot(*matrix[:, 0]) < 0.5 and min(image.shape) >= 2:
            even = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
            image = cv2.resize(even, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            # A pixel centre at x in the halved picture stands at 2 x + 0.5 in the whole one.
            matrix[:, 2] += matrix[:, :2] @ [0.5, 0.5]
            matrix[:, :2] *= 2
        cv2.warpAffine(image, matrix, (width, height), crop, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
    return crops


def resize(images: Sequence[np.ndarray], size: int) -> np.ndarray:
    """Whole pictures scaled to a square, (n, size, size) uint8, where there is nothing to align by."""
    return np.stack([_resized(image, size) for image in images])


def _resized(image: np.ndarray, size: int) -> np.ndarray:
    if image.shape == (size, size):
        return image
    shrinks = min(image.shape) > size
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def turned(images: np.ndarray, degrees: float) -> np.ndarray:
    """Pictures (n, H, W) turned anticlockwise about their middle; borders are repeated as in `warp`."""
    if not degrees:
        return images
    height, width = images.shape[1:]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), float(degrees), 1)
    return warp(list(images), np.tile(matrix, (len(images), 1, 1)), width, height)


__all__ = ["ALIGNMENTS", "eyes_to_template", "points_to_template", "resize", "template", "transform", "warp"]
