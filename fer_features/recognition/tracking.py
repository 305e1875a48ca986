"""Faces from frame to frame: found, followed, lost, found again, each with a number that it keeps."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

import cv2
import numpy as np

from ..faces.detector import Detector
from ..faces.landmarker import LOST
from ..vision.detection import overlap
from .face_view import View, box_of, crop_of

#: Detections and faces that overlap by this share of their union are the same.
SAME = 0.3
#: A followed box that no detection confirms in so many looks in a row has drifted off.
DOUBT = 3
#: Frames after which a face that was lost is another one when it comes back.
FORGET = 30
#: Correlation of a followed box with what it showed before, below which it is lost.
LOST_BOX = 0.5


class Landmarking(Protocol):
    """What a landmarker offers, see `fer_features.faces.landmarker`."""

    def locate(self, picture: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks of the faces in boxes, and how sure they are."""

    def track(self, picture: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks of faces a frame later, from those of the last one, and how sure they are."""


class Finder:
    """Finds the faces of a picture by itself.

    Parameters
    ----------
    detector : callable
    landmarker : Landmarking, optional
        With it views have points, and boxes are those of the points.

    Notes
    -----
    After a detection landmarks are located in the box, and tracked once from there in the same picture, so that a face
    that was just detected and one that is followed are found alike: boxes of detectors jump about.
    """

    def __init__(self, detector: Detector, landmarker: Landmarking | None = None):
        self.detector, self.landmarker = detector, landmarker

    def find(self, picture: np.ndarray, faces: str = "all") -> list[View]:
        """Views of the faces in a picture (H, W), the surest first, or of the largest one; none without landmarks."""
        boxes, confidence = self.detector(picture)
        return (self.views if faces == "all" else self.largest)(picture, boxes, confidence)

    def largest(self, picture: np.ndarray, boxes: np.ndarray, confidence: np.ndarray) -> list[View]:
        """A view of the largest face in boxes (k, 4) that has landmarks, or none."""
        for i in np.argsort(-boxes[:, 2:].prod(1), kind="stable") if len(boxes) else ():
            views = self.views(picture, boxes[i : i + 1], confidence[i : i + 1])
            if views:
                return views
        return []

    def views(self, picture: np.ndarray, boxes: np.ndarray, confidence: np.ndarray) -> list[View]:
        """Views of the faces in boxes (k, 4)."""
        if self.landmarker is None:
            return [View(picture, box, float(sure)) for box, sure in zip(boxes, confidence, strict=True)]
        if not len(boxes):
            return []
        views = self._tracked(picture, self.landmarker.locate(picture, boxes)[0], boxes)
        return [view for view in views if view is not None]

    def follow(self, picture: np.ndarray, views: list[View]) -> list[View | None]:
        """The same faces a frame later, None in the place of those that are lost."""
        if not views:
            return []
        if self.landmarker is None:
            return [shifted(picture, view) for view in views]
        points = np.stack([view.points for view in views if view.points is not None])
        return self._tracked(picture, points, np.stack([view.box for view in views]))

    def _tracked(self, picture: np.ndarray, points: np.ndarray, boxes: np.ndarray) -> list[View | None]:
        """Views of faces near landmarks (k, 68, 2), None for those that are not sure enough or have left their box."""
        assert self.landmarker is not None
        points, confidence = self.landmarker.track(picture, points)
        views: list[View | None] = []
        for face, sure, box in zip(points, confidence, boxes, strict=True):
            view = View(picture, box_of(face), float(sure), face)
            there = np.isfinite(face).all() and overlap(view.box[None], box[None])[0][0, 0] >= SAME
            views.append(view if there and sure >= LOST else None)
        return views


@dataclasses.dataclass
class _Track:
    number: int
    view: View
    lost: int = 0  # frames since it was seen
    doubt: int = 0  # looks in a row that did not confirm it


class Tracker:
    """Follows the faces of a stream.

    Parameters
    ----------
    finder : Finder
    faces : {'largest', 'all'}
        'largest' follows one face, the largest where it begins, until it is forgotten.
    every : int
        Frames from one detection to the next while all faces are followed well: 1 detects in every frame. Between
        them landmarks are tracked, or without a landmarker the box is shifted by optical flow.
    """

    def __init__(self, finder: Finder, faces: str = "largest", every: int = 10):
        self.finder, self.faces, self.every = finder, faces, every
        self._tracks: list[_Track] = []
        self._next, self._since = 0, 0
        #: Numbers of the faces that were forgotten in the last update.
        self.forgotten: list[int] = []

    def update(self, picture: np.ndarray, index: int = 0) -> list[tuple[int, View | None]]:
        """Faces of the next frame (H, W): number and view, None where a face that was there is lost."""
        self._since += 1
        if self.every > 1:
            self._follow(picture)
        else:
            for track in self._tracks:
                track.lost += 1
        if not self._tracks or self._since >= self.every or any(track.lost for track in self._tracks):
            self._look(picture)
        self.forgotten = [track.number for track in self._tracks if track.lost > FORGET]
        self._tracks = [track for track in self._tracks if track.lost <= FORGET]
        return [(track.number, None if track.lost else track.view) for track in self._tracks]

    def _follow(self, picture: np.ndarray) -> None:
        known = [t for t in self._tracks if not t.lost and t.view.picture.shape == picture.shape]
        found = dict(zip((t.number for t in known), self.finder.follow(picture, [t.view for t in known]), strict=True))
        for track in self._tracks:
            view = found.get(track.number)
            track.lost = 0 if view is not None else track.lost + 1
            track.view = view or track.view

    def _look(self, picture: np.ndarray) -> None:
        self._since = 0
        boxes, sure = self.finder.detector(picture)
        where = self._matched(boxes)
        for track in self._tracks:
            i = where.get(track.number)
            if i is None:
                track.doubt += 1
                if track.doubt >= DOUBT and not track.lost and self.finder.landmarker is None:
                    track.lost = 1
                continue
            track.doubt = 0
            if track.lost or self.finder.landmarker is None:
                # Points that are followed well are kept: they know where they were.
                views = self.finder.views(picture, boxes[i : i + 1], sure[i : i + 1])
                if views:
                    track.view, track.lost = views[0], 0
        new = [i for i in range(len(boxes)) if i not in where.values()]
        if self.faces == "largest":
            found = [] if self._tracks else self.finder.largest(picture, boxes, sure)
        else:
            found = self.finder.views(picture, boxes[new], sure[new])
        for view in found:
            if not self._tracks or overlap(view.box[None], self._boxes())[0][0].max() < SAME:
                self._tracks.append(_Track(self._next, view))
                self._next += 1

    def _matched(self, boxes: np.ndarray) -> dict[int, int]:
        """Which box is which face, by overlap; in 'largest' a face that was lost is the largest one there is."""
        shares = overlap(self._boxes(), boxes)[0] if self._tracks and len(boxes) else np.zeros((0, 0))
        pairs = [
            (share, -track.lost, track.number, i)
            for track, row in zip(self._tracks, shares, strict=False)
            for i, share in enumerate(row)
        ]
        where: dict[int, int] = {}
        for share, _, number, i in sorted(pairs, reverse=True):
            if share >= SAME and number not in where and i not in where.values():
                where[number] = i
        if self.faces == "largest" and len(boxes):
            for track in self._tracks:
                if track.lost:
                    where.setdefault(track.number, int(boxes[:, 2:].prod(1).argmax()))
        return where

    def _boxes(self) -> np.ndarray:
        return np.stack([track.view.box for track in self._tracks])


def shifted(picture: np.ndarray, view: View, side: int = 64, grid: int = 8) -> View | None:
    """The box of a view moved to where the face is a frame later, or None where it cannot be followed.

    Parameters
    ----------
    picture : ndarray, shape (H, W), uint8
        The next frame, of the same size.
    view : View
    side : int
        Pixels that the face is scaled to at most.
    grid : int
        Points are followed on a grid of `grid` x `grid`.

    Notes
    -----
    Median flow (Kalal, Mikolajczyk and Matas, ICPR 2010): points are followed forwards and back by Lucas and Kanade's
    method; of the half that come back nearest the median shift moves the box, and the median change of distances
    scales it. Instead of correlations of points the whole box is compared with what it showed before.
    """
    box = view.box.astype(np.float64)
    scale = min(1.0, side / max(box[2:]))
    wide = np.r_[box[:2] - box[2:] / 2, 2 * box[2:]]
    size = tuple(round(2 * length * scale) for length in box[3:1:-1])
    if min(size) < 16:
        return None
    before, after = (_region(source, wide, size, scale) for source in (view.picture, picture))
    x, y = (np.linspace(0.3, 0.7, grid) * (length - 1) for length in size[::-1])
    points = np.stack(np.meshgrid(x, y), -1).reshape(-1, 1, 2).astype(np.float32)
    options: dict[str, Any] = {"winSize": (11, 11), "maxLevel": 3}
    there, good, _ = cv2.calcOpticalFlowPyrLK(before, after, points, None, **options)
    back, again, _ = cv2.calcOpticalFlowPyrLK(after, before, there, None, **options)
    wrong = np.hypot(*(back - points)[:, 0].T)
    kept = (good[:, 0] > 0) & (again[:, 0] > 0) & (wrong <= np.median(wrong))
    if kept.sum() < grid:
        return None
    a, b = points[kept, 0], there[kept, 0]
    spread = np.linalg.norm(a - np.median(a, 0), axis=1)
    far = spread > spread.mean()
    ratio = float(np.median(np.linalg.norm(b - np.median(b, 0), axis=1)[far] / spread[far])) if far.any() else 1.0
    ratio = float(np.clip(ratio, 0.8, 1.25))
    middle = box[:2] + box[2:] / 2 + np.median(b - a, 0) / scale
    moved = np.r_[middle - ratio * box[2:] / 2, ratio * box[2:]].astype(np.float32)
    sure = alike(crop_of(view.picture, view.box, (32, 32)), crop_of(picture, moved, (32, 32)))
    return View(picture, moved, sure) if sure >= LOST_BOX else None


def alike(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of two pictures of one size, 0 where it is negative or one is flat."""
    a, b = (crop.astype(np.float32) - crop.mean(dtype=np.float32) for crop in (a, b))
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return max(0.0, float((a * b).sum()) / norm) if norm > 0 else 0.0


def _region(picture: np.ndarray, wide: np.ndarray, size: Any, scale: float) -> np.ndarray:
    matrix = np.array([[scale, 0, -scale * wide[0]], [0, scale, -scale * wide[1]]])
    return cv2.warpAffine(picture, matrix, size[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
