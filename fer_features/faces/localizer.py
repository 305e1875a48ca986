"""Faces and their landmarks in one image: what training, prediction, videos and cameras have in common."""

from __future__ import annotations

import dataclasses
from typing import Protocol

import numpy as np

from ..vision.boxes import intersection_over_union
from ..vision.geometry import MEAN_FACE
from .confidence import MIN_CONFIDENCE
from .detector import Detector

#: Intersection over union from which a detection and a tracked face are the same face.
SAME_TRACK_IOU = 0.3
#: Mean face relative to the box of the detector, which is the unit square. Measured on photographs of 30 subjects.
MEAN_FACE_IN_BOX = (MEAN_FACE + [1.375, 1.08]) / 2.75


@dataclasses.dataclass(frozen=True, eq=False)
class FaceView:
    """One face in one frame.

    A prediction depends on nothing else than a view and, for models that need it, the view of the neutral face.

    Attributes
    ----------
    image : ndarray, shape (H, W), uint8
        The full frame in grey, shared and not copied.
    box : ndarray, shape (4,), float32
        x, y, width and height in pixels.
    confidence : float
        Confidence of the detector or landmarker, in [0, 1].
    landmarks : ndarray, shape (68, 2), float32, or None
        iBUG-68 landmarks in pixels.
    """

    image: np.ndarray
    box: np.ndarray
    confidence: float = 1.0
    landmarks: np.ndarray | None = None


class SupportsLandmarks(Protocol):
    """Interface of landmarkers, such as `Landmarker`."""

    def detect_landmarks(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Detect the landmarks of the faces in boxes; return them and their confidences."""

    def track(self, image: np.ndarray, landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Detect the landmarks of faces, given those of the previous frame; return them and their confidences."""


class FaceLocalizer:
    """Detect faces and, with a landmarker, their landmarks.

    Parameters
    ----------
    detector : callable
        Maps an image (H, W) to boxes (k, 4) and confidences (k,).
    landmarker : SupportsLandmarks, optional
        With it views have landmarks, and their boxes are derived from the landmarks.

    Notes
    -----
    After a detection the landmarks are detected in the box, and then tracked once in the same image. The landmarks of a
    new face and of a tracked face are thus computed in the same way, although the boxes of detectors are unstable.
    """

    def __init__(self, detector: Detector, landmarker: SupportsLandmarks | None = None):
        self.detector, self.landmarker = detector, landmarker

    def localize(self, image: np.ndarray, faces: str = "all") -> list[FaceView]:
        """Return views of all faces of an image (H, W), by descending confidence, or of the largest face.

        Faces whose landmarks are not reliable are omitted.
        """
        boxes, confidence = self.detector(image)
        return (self.views_in_boxes if faces == "all" else self.largest_view)(image, boxes, confidence)

    def largest_view(self, image: np.ndarray, boxes: np.ndarray, confidence: np.ndarray) -> list[FaceView]:
        """Return a view of the largest face in boxes (k, 4) with reliable landmarks, or an empty list."""
        for i in np.argsort(-boxes[:, 2:].prod(1), kind="stable") if len(boxes) else ():
            views = self.views_in_boxes(image, boxes[i : i + 1], confidence[i : i + 1])
            if views:
                return views
        return []

    def views_in_boxes(self, image: np.ndarray, boxes: np.ndarray, confidence: np.ndarray) -> list[FaceView]:
        """Return views of the faces in boxes (k, 4). Faces whose landmarks are not reliable are omitted."""
        if self.landmarker is None:
            return [FaceView(image, box, float(score)) for box, score in zip(boxes, confidence, strict=True)]
        if not len(boxes):
            return []
        views = self._track_landmarks(image, self.landmarker.detect_landmarks(image, boxes)[0], boxes)
        return [view for view in views if view is not None]

    def track(self, image: np.ndarray, views: list[FaceView]) -> list[FaceView | None]:
        """Return views of the same faces in the next frame, with None for faces that are lost.

        It needs a landmarker.
        """
        if not views:
            return []
        landmarks = np.stack([view.landmarks for view in views if view.landmarks is not None])
        return self._track_landmarks(image, landmarks, np.stack([view.box for view in views]))

    def view_of_crop(self, image: np.ndarray) -> tuple[FaceView | None, bool]:
        """Return the view of a face that fills the image, with the image as the box, and whether it is reliable.

        The view is None where the landmarks are not finite. It needs a landmarker.
        """
        assert self.landmarker is not None
        box = box_of_crop(image)
        landmarks, confidence = self.landmarker.detect_landmarks(image, box[None])
        (reliable,) = self._track_landmarks(image, landmarks, box[None])
        if reliable is not None or not np.isfinite(landmarks).all():
            return reliable, reliable is not None
        return FaceView(image, box_from_landmarks(landmarks[0]), float(confidence[0]), landmarks[0]), False

    def _track_landmarks(self, image: np.ndarray, landmarks: np.ndarray, boxes: np.ndarray) -> list[FaceView | None]:
        """Track landmarks (k, 68, 2); None where the confidence is too low or the landmarks have left their box."""
        assert self.landmarker is not None
        landmarks, confidence = self.landmarker.track(image, landmarks)
        views: list[FaceView | None] = []
        for face, score, box in zip(landmarks, confidence, boxes, strict=True):
            view = FaceView(image, box_from_landmarks(face), float(score), face)
            in_box = (
                np.isfinite(face).all() and intersection_over_union(view.box[None], box[None])[0, 0] >= SAME_TRACK_IOU
            )
            views.append(view if in_box and score >= MIN_CONFIDENCE else None)
        return views


def box_of_crop(image: np.ndarray) -> np.ndarray:
    """Box of the face that an image (H, W) is a crop of, shape (4,), float32: its centred square.

    Examples
    --------
    >>> box_of_crop(np.zeros((48, 60))).tolist()
    [6.0, 0.0, 48.0, 48.0]
    """
    height, width = image.shape
    side = min(height, width)
    return np.array([(width - side) / 2, (height - side) / 2, side, side], np.float32)


def box_from_landmarks(landmarks: np.ndarray) -> np.ndarray:
    """Return the box that the detector would report for these landmarks.

    Parameters
    ----------
    landmarks : ndarray, shape (68, 2)
        In pixels.

    Returns
    -------
    ndarray, shape (4,), float32
        x, y, width and height of the upright square in which `MEAN_FACE_IN_BOX` is nearest to the landmarks by least
        squares.

    Examples
    --------
    >>> box_from_landmarks(200 * MEAN_FACE_IN_BOX + [30, 40]).round().tolist()
    [30.0, 40.0, 200.0, 200.0]
    """
    mean, centre = landmarks.mean(0), MEAN_FACE_IN_BOX.mean(0)
    side = ((landmarks - mean) * (MEAN_FACE_IN_BOX - centre)).sum() / ((MEAN_FACE_IN_BOX - centre) ** 2).sum()
    return np.array([*(mean - side * centre), side, side], np.float32)
