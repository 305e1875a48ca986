"""Tracking of faces through the frames of a stream, with a number for each face."""

from __future__ import annotations

import dataclasses
from typing import Protocol

import numpy as np

from ..faces.detector import Detector
from ..faces.landmarker import MIN_CONFIDENCE
from ..vision.boxes import intersection_over_union
from .box_tracking import track_box
from .face_view import FaceView, box_from_landmarks

#: Intersection over union from which a detection and a tracked face are the same face.
SAME_TRACK_IOU = 0.3
#: Number of consecutive detections without a match after which a box that is tracked by optical flow is lost.
MAX_UNMATCHED_DETECTIONS = 3
#: Number of frames after which a lost face is removed and gets a new number when it reappears.
MAX_LOST_FRAMES = 30


class SupportsLandmarks(Protocol):
    """Interface of landmarkers, see `fer_features.faces.landmarker`."""

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
        """Return views of the same faces in the next frame, with None for faces that are lost."""
        if not views:
            return []
        if self.landmarker is None:
            return [track_box(image, view) for view in views]
        landmarks = np.stack([view.landmarks for view in views if view.landmarks is not None])
        return self._track_landmarks(image, landmarks, np.stack([view.box for view in views]))

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


@dataclasses.dataclass
class _Track:
    face_id: int
    view: FaceView
    n_lost: int = 0  # frames since the face was visible
    n_unmatched: int = 0  # consecutive detections without a match


class FaceTracker:
    """Track the faces of a stream.

    Parameters
    ----------
    localizer : FaceLocalizer
    faces : {'largest', 'all'}
        'largest' tracks one face, the largest one at the start, until its track ends.
    detect_interval : int
        Number of frames from one detection to the next while no face is lost; 1 detects in every frame. In between,
        landmarks are tracked, or without a landmarker the box is tracked by optical flow.

    Attributes
    ----------
    ended_tracks : list of int
        Numbers of the faces that were removed in the last update.
    """

    def __init__(self, localizer: FaceLocalizer, faces: str = "largest", detect_interval: int = 10):
        self.localizer, self.faces, self.detect_interval = localizer, faces, detect_interval
        self._tracks: list[_Track] = []
        self._next_id, self._n_since_detection = 0, 0
        self.ended_tracks: list[int] = []

    def update(self, image: np.ndarray, index: int = 0) -> list[tuple[int, FaceView | None]]:
        """Process the next frame (H, W); return the number and view of each face, with None for a lost face."""
        self._n_since_detection += 1
        if self.detect_interval > 1:
            self._track(image)
        else:
            for track in self._tracks:
                track.n_lost += 1
        is_due = self._n_since_detection >= self.detect_interval
        if not self._tracks or is_due or any(track.n_lost for track in self._tracks):
            self._detect(image)
        self.ended_tracks = [track.face_id for track in self._tracks if track.n_lost > MAX_LOST_FRAMES]
        self._tracks = [track for track in self._tracks if track.n_lost <= MAX_LOST_FRAMES]
        return [(track.face_id, None if track.n_lost else track.view) for track in self._tracks]

    def _track(self, image: np.ndarray) -> None:
        visible = [t for t in self._tracks if not t.n_lost and t.view.image.shape == image.shape]
        views = self.localizer.track(image, [t.view for t in visible])
        tracked = dict(zip((t.face_id for t in visible), views, strict=True))
        for track in self._tracks:
            view = tracked.get(track.face_id)
            track.n_lost = 0 if view is not None else track.n_lost + 1
            track.view = view or track.view

    def _detect(self, image: np.ndarray) -> None:
        self._n_since_detection = 0
        boxes, confidence = self.localizer.detector(image)
        matches = self._match(boxes)
        for track in self._tracks:
            i = matches.get(track.face_id)
            if i is None:
                track.n_unmatched += 1
                too_many = track.n_unmatched >= MAX_UNMATCHED_DETECTIONS
                if too_many and not track.n_lost and self.localizer.landmarker is None:
                    track.n_lost = 1
                continue
            track.n_unmatched = 0
            if track.n_lost or self.localizer.landmarker is None:
                # Landmarks of a visible face are kept: tracking is more stable than a new detection.
                views = self.localizer.views_in_boxes(image, boxes[i : i + 1], confidence[i : i + 1])
                if views:
                    track.view, track.n_lost = views[0], 0
        new = [i for i in range(len(boxes)) if i not in matches.values()]
        if self.faces == "largest":
            views = [] if self._tracks else self.localizer.largest_view(image, boxes, confidence)
        else:
            views = self.localizer.views_in_boxes(image, boxes[new], confidence[new])
        for view in views:
            if not self._tracks or intersection_over_union(view.box[None], self._boxes())[0].max() < SAME_TRACK_IOU:
                self._tracks.append(_Track(self._next_id, view))
                self._next_id += 1

    def _match(self, boxes: np.ndarray) -> dict[int, int]:
        """Match tracks to boxes greedily by overlap. With 'largest' a lost face is matched to the largest box."""
        ious = intersection_over_union(self._boxes(), boxes) if self._tracks and len(boxes) else np.zeros((0, 0))
        pairs = [
            (iou, -track.n_lost, track.face_id, i)
            for track, row in zip(self._tracks, ious, strict=False)
            for i, iou in enumerate(row)
        ]
        matches: dict[int, int] = {}
        for iou, _, face_id, i in sorted(pairs, reverse=True):
            if iou >= SAME_TRACK_IOU and face_id not in matches and i not in matches.values():
                matches[face_id] = i
        if self.faces == "largest" and len(boxes):
            for track in self._tracks:
                if track.n_lost:
                    matches.setdefault(track.face_id, int(boxes[:, 2:].prod(1).argmax()))
        return matches

    def _boxes(self) -> np.ndarray:
        return np.stack([track.view.box for track in self._tracks])
