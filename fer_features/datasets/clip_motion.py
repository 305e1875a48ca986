"""Motion of the face in a clip: the frame of the apex, and the frame of the neutral face."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..faces.detector import FaceDetector
from ..faces.landmarker_archive import default_landmarker
from ..faces.localizer import FaceLocalizer, FaceView
from ..vision.crop import face_template, similarity_from_landmarks, warp_images
from ..vision.expression_distance import expression_distance
from ..vision.facial_measures import DISTANCE_MEASURES, distance_measures
from ..vision.geometry import MEAN_FACE
from ..vision.registration import register_landmarks

#: Longer side in pixels to which frames are reduced before faces are searched.
SEARCHED_SIDE = 640
#: Side of the aligned faces in pixels; they contain the face from the brows to the chin.
FACE_SIDE = 96
#: Number of faces that are kept of a clip: of longer clips every second, fourth, ... frame is used.
MAX_FACES = 4000
#: Fraction of the frames without a face from which complete frames are compared, as for crops of faces.
MAX_MISSING_FRACTION = 0.5
#: Largest number of frames from one search of a face to the next one where none is found.
MAX_SEARCH_INTERVAL = 32
#: Number of frames among which the neutral face is searched.
N_CANDIDATES = 12
#: Weight of the mouth opening when neutral faces and expressions are distinguished; chosen on 35 subjects of KDEF.
OPENING_WEIGHT = 0.5
#: Binomial weights by which distances of successive frames are averaged.
SMOOTHING_WEIGHTS = np.array([1, 4, 6, 4, 1]) / 16
#: Number of an image that is not a frame of the clip.
NO_NUMBER = -1

_TEMPLATE = face_template(FACE_SIDE, side=0.6, top=0.8)
_OPENING = list(DISTANCE_MEASURES).index("mouth opening")


class FaceMotion:
    """Collect the faces of a clip in small size, and find its apex and its neutral face.

    Notes
    -----
    The largest face is tracked by its landmarks (`default_landmarker`), and aligned by them. Faces are compared by
    `expression_distance`.

    Frames are added in order of time. Of each frame only an aligned face and a reduced image are kept, 18 kB.
    """

    def __init__(self) -> None:
        self._tracker = _FaceTracker()
        self._faces: list[_Face] = []
        self._step = 1

    def add(self, number: int, image: np.ndarray) -> None:
        """Collect a frame (H, W), uint8."""
        if number % self._step:
            return
        self._faces.append(self._tracker.face(number, image))
        if len(self._faces) >= MAX_FACES:
            self._step *= 2
            self._faces = [face for face in self._faces if face.number % self._step == 0]

    def find_apex(self, neutral: int | np.ndarray) -> int:
        """Find the apex: the frame with the largest distance to the neutral face.

        Parameters
        ----------
        neutral : int or ndarray, shape (H, W), uint8
            Number of the neutral frame, or an image of the neutral face.

        Returns
        -------
        int
            Number of the frame. Distances are smoothed over five frames.
        """
        faces = list(self._faces)
        if isinstance(neutral, int):
            reference = min(faces, key=lambda face: abs(face.number - neutral))
        else:
            reference = _FaceTracker().face(NO_NUMBER, neutral)
        first, *images = _comparable_images([reference, *faces])
        distance = np.array([expression_distance(first, image) for image in images])
        smooth = np.convolve(np.pad(distance, len(SMOOTHING_WEIGHTS) // 2, mode="edge"), SMOOTHING_WEIGHTS, "valid")
        smooth[[face is reference for face in faces]] = -np.inf
        return faces[int(np.argmax(smooth))].number

    def find_neutral(self) -> int:
        """Find the neutral face.

        Returns
        -------
        int
            Number of the frame. Of the two frames with the largest distance, one is neutral: the one that the first and
            the last frame are both nearer to, or else the one whose landmarks are nearer to the mean face and whose
            mouth is less open. If the expression begins and ends with the neutral face, it is taken from the beginning.
        """
        positions = np.unique(np.linspace(0, len(self._faces) - 1, N_CANDIDATES).astype(int))
        faces = [self._faces[i] for i in positions]
        images = _comparable_images(faces)
        distance = np.array([[expression_distance(image, other) for other in images] for image in images])
        distance = distance + distance.T
        poles = np.unravel_index(distance.argmax(), distance.shape)
        nearer = distance[list(poles)].argmin(0)
        if nearer[0] == nearer[-1]:
            neutral = nearer[0]
        else:
            neutral = int(np.argmin([_expression_score(faces[pole]) for pole in poles]))
        apex = poles[1 - neutral]
        if nearer[0] == neutral and apex > 0:
            return faces[int(distance[apex, :apex].argmax())].number
        return faces[poles[neutral]].number


@dataclass(frozen=True)
class _Face:
    """A frame in small size: all of it, and its largest face with aligned landmarks where one was found."""

    number: int
    image: np.ndarray
    aligned: np.ndarray | None
    landmarks: np.ndarray | None


class _FaceTracker:
    """Follows the largest face of a clip."""

    def __init__(self) -> None:
        self._localizer = FaceLocalizer(FaceDetector(), default_landmarker())
        self._views: list[FaceView] = []
        self._n_failures = self._n_waiting = 0

    def face(self, number: int, image: np.ndarray) -> _Face:
        factor = SEARCHED_SIDE / max(image.shape)
        if factor < 1:
            image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        self._views = [view for view in self._localizer.track(image, self._views) if view is not None]
        if not self._views:
            self._search(image)
        small = cv2.resize(image, (FACE_SIDE, FACE_SIDE), interpolation=cv2.INTER_AREA)
        landmarks = self._views[0].landmarks if self._views else None
        if landmarks is None:
            return _Face(number, small, None, None)
        matrix = similarity_from_landmarks(landmarks.astype(np.float64), _TEMPLATE)
        return _Face(number, small, warp_images([image], matrix[None], FACE_SIDE)[0], landmarks)

    def _search(self, image: np.ndarray) -> None:
        """Search the largest face; after failures, which take longest, only in every second, fourth, ... frame."""
        if self._n_waiting:
            self._n_waiting -= 1
            return
        self._views = self._localizer.localize(image, "largest")
        self._n_failures = 0 if self._views else self._n_failures + 1
        self._n_waiting = min(2**self._n_failures, MAX_SEARCH_INTERVAL) - 1


def _comparable_images(faces: list[_Face]) -> list[np.ndarray]:
    """Aligned faces; in frames without one that of the nearest frame. Complete frames where faces are rarely found."""
    found = np.flatnonzero([face.aligned is not None for face in faces])
    if len(found) <= MAX_MISSING_FRACTION * len(faces):
        return [face.image for face in faces]
    nearest = [found[np.abs(found - i).argmin()] for i in range(len(faces))]
    return [faces[i].aligned for i in nearest]


def _expression_score(face: _Face) -> float:
    """A number that is usually smaller for the neutral face than for an expression of the same subject."""
    if face.landmarks is None:
        return np.inf
    shape = register_landmarks(np.stack([face.landmarks] * 2)[None], "similarity")[0, 0]
    return float(np.hypot(*(shape - MEAN_FACE).T).mean() + OPENING_WEIGHT * distance_measures(shape)[_OPENING])
