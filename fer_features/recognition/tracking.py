"""Tracking of faces through the frames of a stream, with a number for each face."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..faces.face_search import FaceSearch
from ..faces.localizer import SAME_TRACK_IOU, FaceView
from ..vision.boxes import intersection_over_union
from .box_tracking import track_box

#: Number of consecutive detections without a match after which a box that is tracked by optical flow is lost.
MAX_UNMATCHED_DETECTIONS = 3
#: Number of frames after which a lost face is removed and gets a new number when it reappears.
MAX_LOST_FRAMES = 30


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
    search : FaceSearch
        Finds the faces, and has the landmarker that tracks them.
    faces : {'largest', 'all'}
        'largest' tracks one face, the largest one at the start, until its track ends.
    detect_interval : int
        Number of frames from one detection to the next while no face is lost; 1 detects in every frame. In between,
        landmarks are tracked, or without a landmarker the box is tracked by optical flow. With a landmarker and
        'largest', a face is detected again only when it is lost.

    Attributes
    ----------
    ended_tracks : list of int
        Numbers of the faces that were removed in the last update.
    """

    def __init__(self, search: FaceSearch, faces: str = "largest", detect_interval: int = 10):
        self.search, self.faces, self.detect_interval = search, faces, detect_interval
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
        if not self._tracks or self._is_detection_due() or any(track.n_lost for track in self._tracks):
            self._detect(image)
        self.ended_tracks = [track.face_id for track in self._tracks if track.n_lost > MAX_LOST_FRAMES]
        self._tracks = [track for track in self._tracks if track.n_lost <= MAX_LOST_FRAMES]
        return [(track.face_id, None if track.n_lost else track.view) for track in self._tracks]

    def _is_detection_due(self) -> bool:
        # Landmarks confirm a face in each frame: a detection would only find other faces, which 'largest' omits.
        needs_detection = self.faces == "all" or self.search.localizer.landmarker is None or self.detect_interval == 1
        return needs_detection and self._n_since_detection >= self.detect_interval

    def _track(self, image: np.ndarray) -> None:
        visible = [t for t in self._tracks if not t.n_lost and t.view.image.shape == image.shape]
        previous = [t.view for t in visible]
        localizer = self.search.localizer
        by_landmarks = localizer.landmarker is not None
        views = localizer.track(image, previous) if by_landmarks else [track_box(image, v) for v in previous]
        tracked = dict(zip((t.face_id for t in visible), views, strict=True))
        for track in self._tracks:
            view = tracked.get(track.face_id)
            track.n_lost = 0 if view is not None else track.n_lost + 1
            track.view = view or track.view

    def _detect(self, image: np.ndarray) -> None:
        self._n_since_detection = 0
        found = self.search(image, "all" if self.faces == "all" or self._tracks else "largest")
        boxes = np.array([view.box for view in found], np.float32).reshape(-1, 4)
        by_landmarks = self.search.localizer.landmarker is not None
        matches = self._match(boxes)
        for track in self._tracks:
            i = matches.get(track.face_id)
            if i is None:
                track.n_unmatched += 1
                if track.n_unmatched >= MAX_UNMATCHED_DETECTIONS and not track.n_lost and not by_landmarks:
                    track.n_lost = 1
                continue
            track.n_unmatched = 0
            # Landmarks of a visible face are kept: tracking is more stable than a new detection.
            if track.n_lost or not by_landmarks:
                track.view, track.n_lost = found[i], 0
        new = (
            []
            if self.faces == "largest" and self._tracks
            else [v for i, v in enumerate(found) if i not in matches.values()]
        )
        for view in new:
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
