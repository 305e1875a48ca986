"""Boxes of faces whose landmarks are known: which of the detected boxes contains the annotated face."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._progress import progress
from ..vision.boxes import intersection_over_union
from .detector import Detector, FaceDetector, as_detector

#: Minimum intersection over union of a box and the bounding box of the landmarks of the same face.
MIN_MATCH_IOU = 0.35


def match_boxes(boxes: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Which boxes contain the face with these landmarks.

    Parameters
    ----------
    boxes : ndarray, shape (k, 4)
        x, y, width, height in pixels.
    landmarks : ndarray, shape (68, 2)
        iBUG-68 points in pixels.

    Returns
    -------
    ndarray, shape (k,), bool
        Whether the centre of the landmarks lies in the box, and the intersection over union of the box and the bounding
        box of the landmarks is at least MIN_MATCH_IOU.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.faces.box_matching import match_boxes
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> match_boxes(np.array([[50, 80, 110, 110], [300, 300, 50, 50]]), 50 * MEAN_FACE + 100)
    array([ True, False])
    """
    low, high = landmarks.min(0), landmarks.max(0)
    centre = (low + high) / 2
    inside = ((boxes[:, :2] <= centre) & (centre <= boxes[:, :2] + boxes[:, 2:])).all(1)
    return inside & (intersection_over_union(boxes, np.r_[low, high - low][None])[:, 0] >= MIN_MATCH_IOU)


def detect_known_faces(
    images: Sequence[np.ndarray], landmarks: np.ndarray, detector: Detector | None = None
) -> np.ndarray:
    """The detected box of each annotated face.

    Parameters
    ----------
    images : sequence of n ndarrays, shape (H, W), uint8
    landmarks : ndarray, shape (n, 68, 2)
        iBUG-68 points in pixels.
    detector : Detector, optional
        By default a `FaceDetector` that searches for faces of at least half the size of the annotated one.

    Returns
    -------
    ndarray, shape (n, 4), float32
        x, y, width, height in pixels; of several matching boxes the one with the highest confidence. NaN where the
        detector misses the face.
    """
    boxes = np.full((len(images), 4), np.nan, np.float32)
    given = None if detector is None else as_detector(detector)
    for i in progress(range(len(images)), len(images), "detecting faces"):
        detect = given or FaceDetector(min_face=min_face_for(images[i], landmarks[i]))
        found, confidence = detect(images[i])
        matching = match_boxes(found, landmarks[i])
        if matching.any():
            boxes[i] = found[np.argmax(np.where(matching, confidence, -1))]
    return boxes


def min_face_for(image: np.ndarray, landmarks: np.ndarray) -> float:
    """Value of ``FaceDetector.min_face`` at which an annotated face is found reliably.

    Parameters
    ----------
    image : ndarray, shape (H, W), uint8
    landmarks : ndarray, shape (68, 2)
        iBUG-68 points in pixels.

    Returns
    -------
    float
        Half of the extent of the face as a fraction of the shorter side of the image, limited to 0.05..0.5.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.faces.box_matching import min_face_for
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> round(min_face_for(np.zeros((480, 640), np.uint8), 50 * MEAN_FACE + 200), 2)
    0.12
    """
    extent = (landmarks.max(0) - landmarks.min(0)).mean()
    return float(np.clip(0.5 * extent / min(image.shape), 0.05, 0.5))
