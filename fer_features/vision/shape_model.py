"""Shapes in their frame: mean shape, pictures brought to it, and gradient descriptors around the points of a shape.

The frame is a square of FRAME pixels in which the mean shape stands upright, its outer eye corners EYES pixels apart. A
picture is brought there by the similarity that takes a shape to the mean shape, so that everything that is learned
there is free of place, size and rotation.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np

from .geometry import MIRROR, similarity, transform

#: Side of the frame and distance of the mean shape's outer eye corners in it, in pixels.
FRAME, EYES = 128, 54.0
#: Outer corners of the left and right eye in the iBUG-68 scheme.
OUTER = (36, 45)
#: Spatial cells a side of a descriptor, and orientations in each.
CELLS, ORIENTATIONS = 4, 8
#: Length of the descriptor of one point.
LENGTH = CELLS * CELLS * ORIENTATIONS


def outer_eye_distance(landmarks: np.ndarray) -> np.ndarray:
    """Distance between the outer eye corners in pixels, (...,), of landmarks (..., 68, 2).

    What the evaluations of 300-W call inter-ocular distance (Sagonas et al. 2013); that between the eye centres, used
    elsewhere here, is about two thirds of it.
    """
    return np.linalg.norm(landmarks[..., OUTER[1], :] - landmarks[..., OUTER[0], :], axis=-1)


def mean_shape(landmarks: np.ndarray, rounds: int = 5) -> np.ndarray:
    """Mean of shapes after taking out place, size and rotation (generalised Procrustes), symmetric, in the frame.

    Parameters
    ----------
    landmarks : ndarray, shape (n, 68, 2)
    rounds : int
        How often the shapes are brought to their mean.

    Returns
    -------
    ndarray, shape (68, 2), float64
        In pixels of the frame, its bounding box in the middle, the outer eye corners EYES apart on a horizontal line.
    """
    mean = np.asarray(landmarks[0], np.float64)
    for _ in range(rounds):
        mean = transform(similarity(landmarks, mean), landmarks).mean(0)
        flipped = mean[MIRROR] * [-1, 1]
        mean = (mean + transform(similarity(flipped, mean), flipped)) / 2
        mean = transform(similarity(mean[list(OUTER)], np.array([[-EYES / 2, 0.0], [EYES / 2, 0.0]])), mean)
    return mean - (mean.min(0) + mean.max(0)) / 2 + (FRAME - 1) / 2


def reduced(picture: np.ndarray, shape: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The part of a picture around a shape, made smaller where the shape is larger than in the frame.

    Parameters
    ----------
    picture : ndarray, shape (H, W), uint8
    shape : ndarray, shape (68, 2)
        Somewhere near the face, in pixels.

    Returns
    -------
    part : ndarray, shape (h, w), uint8
        At least one pixel, whereever the shape is.
    matrix : ndarray, shape (2, 3), float64
        Takes pixels of the part to pixels of the picture.

    Notes
    -----
    Areas are averaged before anything is sampled, so that large faces are not aliased; once a face, not a step.
    """
    height, width = picture.shape
    low, high = shape.min(0), shape.max(0)
    reach = 0.5 * (high - low).max()
    x0, y0 = np.clip(np.floor(low - reach), 0, [width - 1, height - 1]).astype(int)
    x1, y1 = np.clip(np.ceil(high + reach) + 1, [x0 + 1, y0 + 1], [width, height]).astype(int)
    part = picture[y0:y1, x0:x1]
    factor = (high - low).max() / (1.6 * EYES)
    size = (max(round((x1 - x0) / factor), 1), max(round((y1 - y0) / factor), 1)) if factor > 1.2 else part.shape[::-1]
    sx, sy = (x1 - x0) / size[0], (y1 - y0) / size[1]
    if size != part.shape[::-1]:
        part = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    # Centres of pixels: the first of the part stands in the middle of the pixels that it is the mean of.
    return part, np.array([[sx, 0, x0 + (sx - 1) / 2], [0, sy, y0 + (sy - 1) / 2]])


def inverse(matrix: np.ndarray) -> np.ndarray:
    """Inverse of an affine matrix (2, 3)."""
    turned = np.linalg.inv(matrix[:, :2])
    return np.hstack([turned, -turned @ matrix[:, 2:]])


def compose(first: np.ndarray, then: np.ndarray) -> np.ndarray:
    """The affine matrix (2, 3) that does `first` and `then` after it."""
    return np.hstack([then[:, :2] @ first[:, :2], then[:, :2] @ first[:, 2:] + then[:, 2:]])


def to_frame(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The picture in the frame, (FRAME, FRAME) uint8, `matrix` (2, 3) taking the frame to the picture.

    Outside of the picture its nearest pixel is repeated.
    """
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(picture, matrix, (FRAME, FRAME), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def orientation_maps(crop: np.ndarray, cell: int) -> np.ndarray:
    """Mean directional derivatives over squares of `cell` pixels, (FRAME, FRAME, 8) float32, of a uint8 crop.

    The derivative in each of 8 directions, where it is above 0: to the right, to the lower right, ...

    References
    ----------
    E. Tola, V. Lepetit, P. Fua, "DAISY: An efficient dense descriptor applied to wide-baseline stereo",
    PAMI 32(5), 2010.
    """
    # Whole numbers up to the sums: exact, and faster by half.
    dx = cv2.Sobel(crop, cv2.CV_16S, 1, 0, ksize=1)
    dy = cv2.Sobel(crop, cv2.CV_16S, 0, 1, ksize=1)
    along = (dx, dx + dy, dy, dy - dx)
    planes = cv2.merge([np.maximum(p, 0) for p in along] + [np.maximum(-p, 0) for p in along])
    maps = cv2.boxFilter(planes, cv2.CV_32F, (cell, cell))
    maps[..., 1::2] *= np.float32(np.sqrt(0.5))
    return maps


def describe(maps: np.ndarray, points: np.ndarray, cell: int) -> np.ndarray:
    """Descriptors of 4 x 4 cells around points, (p, 128) float32, of length 1 or 0 where all is flat.

    Parameters
    ----------
    maps : ndarray, shape (FRAME, FRAME, 8)
        Of `orientation_maps` with the same `cell`.
    points : ndarray, shape (p, 2)
        In pixels of the frame; cells beyond its edge are those on the edge.
    cell : int
        Side of a cell in pixels.
    """
    at = np.rint(points).astype(np.intp)[:, None] + _cells(cell)
    np.clip(at, 0, FRAME - 1, out=at)
    values = maps.reshape(-1, ORIENTATIONS)[at[..., 1] * FRAME + at[..., 0]].reshape(len(points), LENGTH)
    norm = np.sqrt(np.einsum("ij,ij->i", values, values))[:, None]
    # One grey level in a cell is noise, and not blown up to a full descriptor.
    return values / np.maximum(norm, 1.0)


@functools.lru_cache(16)
def _cells(cell: int) -> np.ndarray:
    line = np.floor(cell * (np.arange(CELLS) - (CELLS - 1) / 2) + 0.5).astype(int)
    return np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)
