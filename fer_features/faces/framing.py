"""How boxes frame faces: which box is the right one, where a descent begins in it, and starts off on purpose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._progress import progress
from ..vision.detection import overlap
from ..vision.geometry import similarity, transform
from .detector import Detector, FaceDetector

#: A box is of the right face where its intersection with the landmarks' bounding box is this much of their union.
RIGHT = 0.35
#: Deviations of the starts that are off: shift in box widths, logarithm of the size, turn in degrees.
SHIFT, SIZE, TURN = 0.08, 0.12, 10.0
#: Brows, eyes and nose.
INNER = slice(17, 48)
#: Size of the shape that tracking begins with, as a share of the face's in the last frame. On moving faces of four
#: people not learned from, errors end at 4.2 % of the eye distance with 1, where some are lost, at 2.6 % with 0.9, and
#: at 1.9 % with 0.8.
SMALLER = 0.8


def right_boxes(boxes: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Which boxes (k, 4) hold the face of these landmarks (68, 2), (k,) bool.

    The centre of the landmarks lies inside, and box and landmarks' bounding box share at least RIGHT of their union.
    """
    low, high = landmarks.min(0), landmarks.max(0)
    middle = (low + high) / 2
    inside = ((boxes[:, :2] <= middle) & (middle <= boxes[:, :2] + boxes[:, 2:])).all(1)
    return inside & (overlap(boxes, np.r_[low, high - low][None])[0][:, 0] >= RIGHT)


def find_boxes(images: Sequence[np.ndarray], landmarks: np.ndarray, detector: Detector | None = None) -> np.ndarray:
    """The box that a detector gives each known face.

    Parameters
    ----------
    images : sequence of ndarray, (H, W) uint8
    landmarks : ndarray, shape (n, 68, 2)
    detector : Detector, optional
        By default ours, told to look for faces of half the size of those here and more.

    Returns
    -------
    ndarray, shape (n, 4), float32
        NaN where the detector misses the face.
    """
    boxes = np.full((len(images), 4), np.nan, np.float32)
    for i in progress(range(len(images)), len(images), "finding faces"):
        look = detector or FaceDetector(smallest=sensible_smallest(images[i], landmarks[i]))
        found, confidence = look(images[i])
        right = right_boxes(found, landmarks[i])
        if right.any():
            boxes[i] = found[np.argmax(np.where(right, confidence, -1))]
    return boxes


def sensible_smallest(picture: np.ndarray, landmarks: np.ndarray) -> float:
    """Half of the extent of a known face, as the share of the picture's shorter side that `FaceDetector` takes."""
    extent = (landmarks.max(0) - landmarks.min(0)).mean()
    return float(np.clip(0.5 * extent / min(picture.shape), 0.05, 0.5))


def mean_start(boxes: np.ndarray, landmarks: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """The mean shape, (68, 2), as it lies on average in boxes (n, 4), each taken as the unit square."""
    inside = (landmarks - boxes[:, None, :2]) / boxes[:, None, 2:]
    return transform(similarity(mean, inside.mean(0)), mean)


def in_box(start: np.ndarray, box: np.ndarray) -> np.ndarray:
    """A shape of the unit square in a box (x, y, width, height), float64."""
    return start * np.asarray(box[2:], np.float64) + box[:2]


def from_last(mean: np.ndarray, last: np.ndarray) -> np.ndarray:
    """The mean shape (68, 2) where a face was in the last frame, as it was turned there, and a little smaller.

    Brows, eyes and nose say where: the chin and the mouth move, and mistakes at the outline would grow.
    """
    there = transform(similarity(mean[INNER], last[INNER]), mean)
    middle = there[INNER].mean(0)
    return (there - middle) * SMALLER + middle


def shaken(shape: np.ndarray, width: float, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """A shape (68, 2) moved, scaled and turned at random about its middle, as a box of `width` may be off."""
    angle, size = np.deg2rad(rng.normal(0, strength * TURN)), np.exp(rng.normal(0, strength * SIZE))
    turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = shape.mean(0)
    return (shape - middle) @ turn.T + middle + rng.normal(0, strength * SHIFT, 2) * width
