"""Where the faces of a picture are: the detector of this package, another one, or boxes that are known."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from ..exceptions import FerError
from ..vision.detection import detect_faces

#: From a picture (H, W) uint8 to boxes (k, 4) x, y, width, height in pixels and confidences (k,) in 0..1.
Detector = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclasses.dataclass(frozen=True)
class FaceDetector:
    """Finds upright frontal faces; a callable that pickles.

    Parameters
    ----------
    smallest : float
        Side of the smallest face as a share of the picture's shorter side. It and `step` decide the cost.
    step : float
        Ratio of neighbouring window sizes.
    threshold : float
        Faces of less confidence are left out.
    which : {'all', 'largest'}
        All faces, the surest first, or the largest one.
    """

    smallest: float = 0.1
    step: float = 1.2
    threshold: float = 0.5
    which: str = "all"

    def __post_init__(self) -> None:
        if not 0 < self.smallest <= 1:
            raise FerError(f"smallest face {self.smallest}: a share of the picture's shorter side is needed, in (0, 1]")
        if not 1 < self.step <= 2:
            raise FerError(f"step {self.step}: a ratio of window sizes above 1 and up to 2 is needed, such as 1.2")
        if not 0 <= self.threshold < 1:
            raise FerError(f"threshold {self.threshold}: a confidence is needed, at least 0 and below 1")
        if self.which not in ("all", "largest"):
            raise FerError(f"which is '{self.which}': 'all' or 'largest' is needed")

    def __call__(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Boxes (k, 4) float32 and confidences (k,) float32 of a picture (H, W) uint8; see `detect_faces`."""
        boxes, confidence = detect_faces(grey(picture), self.smallest, self.step, self.threshold)
        return largest(boxes, confidence) if self.which == "largest" else (boxes, confidence)


def largest(boxes: np.ndarray, confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The one box of the largest area with its confidence, or none where there is none."""
    if not len(boxes):
        return boxes, confidence
    i = int(boxes[:, 2:].prod(1).argmax())
    return boxes[i : i + 1], confidence[i : i + 1]


def as_detector(function: Callable[[np.ndarray], Any]) -> Detector:
    """A detector of anybody's function from a picture to boxes, or to boxes and confidences.

    Parameters
    ----------
    function : callable
        Takes a picture (H, W) uint8; returns boxes (k, 4), or these and confidences (k,). An object of no boxes of
        whatever shape means that there is no face.

    Returns
    -------
    Detector
        Which raises `FerError` where an answer is not of that form. Boxes without confidences have 1.
    """
    if isinstance(function, FaceDetector):
        return function
    if not callable(function):
        raise FerError(f"a detector is a function from a picture to boxes, not {type(function).__name__}")
    return _Checked(function)


@dataclasses.dataclass(frozen=True)
class _Checked:
    function: Callable[[np.ndarray], Any]

    def __call__(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        answer = self.function(grey(picture))
        boxes, confidence = answer if isinstance(answer, tuple) and len(answer) == 2 else (answer, None)
        boxes = checked_boxes(boxes)
        if confidence is None:
            return boxes, np.ones(len(boxes), np.float32)
        confidence = np.asarray(confidence, np.float32)
        if confidence.shape != (len(boxes),) or not ((confidence >= 0) & (confidence <= 1)).all():
            raise FerError(f"the detector gave {len(boxes)} boxes and confidences {confidence.shape}: one in 0..1 each")
        return boxes, confidence


def checked_boxes(boxes: Any) -> np.ndarray:
    """Boxes as (k, 4) float32 after checking that they are finite and have an area; one box (4,) counts as k = 1."""
    try:
        array = np.asarray(boxes, np.float32)
    except (TypeError, ValueError) as error:
        raise FerError(f"boxes must be numbers, (k, 4): x, y, width, height in pixels ({error})") from error
    array = np.empty((0, 4), np.float32) if array.size == 0 else array
    array = array[None] if array.shape == (4,) else array
    if array.ndim != 2 or array.shape[1] != 4:
        raise FerError(f"boxes of shape {array.shape}: (k, 4) is needed, x, y, width, height in pixels")
    if not np.isfinite(array).all() or (array[:, 2:] <= 0).any():
        raise FerError("boxes must be finite, with a width and height above 0: x, y, width, height in pixels")
    return array


def grey(picture: Any) -> np.ndarray:
    """The picture itself after checking that it is (H, W) uint8."""
    array = np.asarray(picture)
    if array.ndim != 2 or array.dtype != np.uint8 or not array.size:
        raise FerError(f"a picture of shape {array.shape} and type {array.dtype}: grey, (H, W) uint8, is needed")
    return array
