"""68 landmarks of a face in a raw picture, learned from pictures with landmarks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._progress import progress
from ..exceptions import FerError
from ..vision.cascaded_regression import Stage, descend, learn
from ..vision.geometry import MIRROR, similarity, transform
from ..vision.shape_model import inverse, mean_shape, reduced
from .confidence import confidence_of, train_confidence
from .detector import checked_boxes, grey
from .framing import find_boxes, from_last, in_box, mean_start, shaken
from .landmark_augmentation import varied

#: Below this confidence a face is lost: detect it again.
LOST = 0.5
#: Fewer faces than this teach nothing.
FEWEST = 10


class Landmarker(BaseEstimator):
    """Finds the 68 points of faces whose boxes are known, and follows them from frame to frame.

    Parameters
    ----------
    cells : tuple of int
        Side of the descriptors' cells in pixels of a frame of 128, one for each stage of the descent, large to small.
    axes : int
        Principal axes kept of each point's descriptor.
    starts : int
        Descents learned from for each picture, mirrored or varied: the first from the box as it is, the others from
        the face's own place, size and roll, off by chance.
    ridge : float
        Penalty of the regressions.
    detector : Detector, optional
        Finds the boxes in `fit` where none are given. What it is is not kept in the fitted model's stages, but their
        framing is: use the same one in prediction.
    random_state : int

    Attributes
    ----------
    mean_ : ndarray, shape (68, 2)
        Mean shape in the frame.
    start_ : ndarray, shape (68, 2)
        Where descents begin in the unit box.
    stages_ : list of Stage
    weights_ : ndarray
        Of the confidence.
    n_faces_, n_missed_ : int
        Pictures learned from, and those left out because no right face was found in them or landmarks are missing.

    References
    ----------
    X. Xiong, F. De la Torre, "Supervised descent method and its applications to face alignment", CVPR 2013.
    """

    mean_: np.ndarray
    start_: np.ndarray
    stages_: list[Stage]
    weights_: np.ndarray
    n_faces_: int
    n_missed_: int

    def __init__(
        self,
        cells: tuple[int, ...] = (8, 6, 5, 4),
        axes: int = 40,
        starts: int = 2,
        ridge: float = 0.5,
        detector: Callable[[np.ndarray], Any] | None = None,
        random_state: int = 0,
    ):
        self.cells = cells
        self.axes = axes
        self.starts = starts
        self.ridge = ridge
        self.detector = detector
        self.random_state = random_state

    def fit(self, images: Sequence[np.ndarray], landmarks: np.ndarray, boxes: np.ndarray | None = None) -> Landmarker:
        """Learn from pictures with landmarks.

        Parameters
        ----------
        images : ndarray, shape (n, H, W), uint8, or a sequence of pictures (H, W) uint8
        landmarks : ndarray, shape (n, 68, 2)
            (x, y) in pixels; rows with NaN are left out.
        boxes : ndarray, shape (n, 4), optional
            x, y, width, height in pixels, framed as the detector does that will be used; rows with NaN are left out. By
            default the detector finds them, and pictures in which it misses the face are left out.

        Returns
        -------
        Landmarker

        Raises
        ------
        FerError
            For arrays that do not fit each other, or fewer than 10 faces.
        """
        landmarks = np.asarray(landmarks, np.float64)
        if landmarks.shape != (len(images), 68, 2):
            raise FerError(f"{len(images)} pictures and landmarks {landmarks.shape}: ({len(images)}, 68, 2) is needed")
        known = np.isfinite(landmarks).all((1, 2))
        if boxes is None:
            boxes = np.full((len(images), 4), np.nan)
            rows = np.flatnonzero(known)
            boxes[rows] = find_boxes([images[int(i)] for i in rows], landmarks[rows], self.detector)
        boxes = np.asarray(boxes, np.float64)
        if boxes.shape != (len(images), 4):
            raise FerError(f"{len(images)} pictures and boxes {boxes.shape}: ({len(images)}, 4) is needed")
        rows = np.flatnonzero(known & np.isfinite(boxes).all(1))
        self.n_faces_, self.n_missed_ = len(rows), len(images) - len(rows)
        if len(rows) < FEWEST:
            raise FerError(
                f"{len(rows)} faces with landmarks and boxes in {len(images)} pictures: at least {FEWEST} are needed; "
                "where the detector misses faces that are there, give boxes"
            )
        rng = np.random.default_rng(self.random_state)
        self.mean_ = mean_shape(landmarks[rows])
        self.start_ = mean_start(boxes[rows], landmarks[rows], self.mean_)
        parts, truth, framed = self._prepare([images[int(i)] for i in rows], landmarks[rows], boxes[rows], rng)
        which = np.repeat(np.arange(len(parts)), self.starts)
        starts = np.empty((len(which), *self.mean_.shape))
        for k, i in enumerate(which):
            starts[k] = in_box(self.start_, framed[i])
            if k % self.starts:
                starts[k] = shaken(transform(similarity(self.mean_, truth[i]), self.mean_), framed[i, 2], rng)
        self.stages_, _ = learn(
            parts, truth, self.mean_, which, starts, self.cells, self.axes, self.ridge, _tell("learning landmarks")
        )
        self.weights_ = train_confidence(parts, truth, framed, self.start_, self.mean_, self.stages_, rng)
        return self

    def locate(self, picture: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks of the faces in these boxes.

        Parameters
        ----------
        picture : ndarray, shape (H, W), uint8
        boxes : ndarray, shape (k, 4)
            x, y, width, height in pixels; they may reach over the edge.

        Returns
        -------
        points : ndarray, shape (k, 68, 2), float32
            (x, y) in pixels; may lie outside of the picture.
        confidence : ndarray, shape (k,), float32
            In 0..1; below `LOST` there is no face, or its shape was not found.
        """
        check_is_fitted(self)
        boxes = checked_boxes(boxes)
        return self._descents(picture, [in_box(self.start_, box) for box in boxes])

    def track(self, picture: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks in the next frame, starting where those of the last were.

        Parameters
        ----------
        picture : ndarray, shape (H, W), uint8
        points : ndarray, shape (k, 68, 2)
            As `locate` or `track` gave them for the frame before.

        Returns
        -------
        points : ndarray, shape (k, 68, 2), float32
        confidence : ndarray, shape (k,), float32
            Below `LOST` the face is lost: detect it again.

        Notes
        -----
        Descents begin with the mean shape (`from_last`) and do all stages. What was wrong in one frame is not handed on
        to the next, as it would be by the last shape itself.
        """
        check_is_fitted(self)
        points = np.asarray(points, np.float64)
        if points.ndim != 3 or points.shape[1:] != self.mean_.shape:
            raise FerError(f"points of shape {points.shape}: (k, 68, 2) is needed")
        return self._descents(picture, [from_last(self.mean_, last) for last in points])

    def _descents(self, picture: np.ndarray, starts: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        picture = grey(picture)
        points = np.array(starts, np.float32).reshape(-1, *self.mean_.shape)
        confidence = np.zeros(len(starts), np.float32)
        for i, start in enumerate(starts):
            if not np.isfinite(start).all() or np.ptp(start, 0).max() < 1:
                continue  # lost before, or smaller than a pixel
            shape, features = descend(picture, self.mean_, self.stages_, start)
            if np.isfinite(shape).all():
                points[i], confidence[i] = shape, confidence_of(features, self.weights_)
        return points, confidence

    def _prepare(
        self, images: Sequence[np.ndarray], landmarks: np.ndarray, boxes: np.ndarray, rng: np.random.Generator
    ) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
        """Faces cut out, mirrored, and both varied, with landmarks and boxes in pixels of these parts."""
        parts, truth, framed = [], [], []
        for picture, shape, box in zip(images, landmarks, boxes, strict=True):
            part, matrix = reduced(grey(picture), shape)
            back = inverse(matrix)
            points = transform(back, shape)
            corners = transform(back, np.array([box[:2], box[:2] + box[2:]]))
            width = part.shape[1]
            flipped = points[MIRROR] * [-1, 1] + [width - 1, 0]
            parts += [part, np.ascontiguousarray(part[:, ::-1])]
            truth += [points, flipped]
            turned = np.array([[width - 1 - corners[1, 0], corners[0, 1]], [width - 1 - corners[0, 0], corners[1, 1]]])
            framed += [np.r_[low, high - low] for low, high in (corners, turned)]
        others = rng.permutation(len(parts))
        parts += [varied(part, points, parts[k], rng) for part, points, k in zip(parts, truth, others, strict=True)]
        return parts, np.array(truth * 2), np.array(framed * 2)


def _tell(label: str) -> Any:
    return lambda items, total: progress(items, total, label)
