"""Face detectors: the detector of this package, and an adapter for any other function that returns boxes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from ..exceptions import FerError
from ..vision.detection import detect_faces
from ..vision.tilted_detection import detect_tilted_faces

#: From an image (H, W) uint8 to boxes (k, 4), x, y, width, height in pixels, and confidences (k,) in 0..1.
Detector = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclasses.dataclass(frozen=True)
class FaceDetector:
    """Detects frontal faces; a callable that can be pickled.

    Parameters
    ----------
    min_face : float, default=0.1
        Side of the smallest face as a fraction of the shorter side of the image, in (0, 1]. `min_face` and
        `scale_factor` determine the computing time.
    scale_factor : float, default=1.2
        Ratio of neighbouring window sizes, above 1 and up to 2.
    threshold : float, default=0.5
        Faces with a lower confidence are excluded, in [0, 1).
    faces : {'all', 'largest'}, default='all'
        Return all faces, in order of decreasing confidence, or the largest one only.
    tilted : bool, default=True
        If no upright face is found, search for tilted ones, and in images smaller than 96 pixels for faces that fill
        at least half of the image; see `fer_features.vision.tilted_detection`. Images without an upright face then take
        about five times as long, others as long as before.

    Raises
    ------
    FerError
        If a parameter is outside of its range.

    Notes
    -----
    Faces with a roll up to 15 degrees are found as upright ones, and with a roll up to 35 degrees as tilted ones. Faces
    smaller than 24 pixels are not found. In an image of 640 x 480 pixels, `min_face` is 48 pixels by default; with 0.05
    faces of 24 pixels are found, which takes three times as long.

    References
    ----------
    P. Viola, M. Jones, "Rapid object detection using a boosted cascade of simple features", CVPR 2001,
    doi:10.1109/CVPR.2001.990517; `fer_features.vision.detection.detect_faces` states the differences.

    Examples
    --------
    >>> import skimage
    >>> from fer_features.faces import FaceDetector
    >>> image = (255 * skimage.color.rgb2gray(skimage.data.astronaut())).astype("uint8")
    >>> boxes, confidence = FaceDetector(min_face=0.2)(image)
    >>> boxes.shape, confidence.shape
    ((1, 4), (1,))
    """

    min_face: float = 0.1
    scale_factor: float = 1.2
    threshold: float = 0.5
    faces: str = "all"
    tilted: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.min_face <= 1:
            raise FerError(f"min_face={self.min_face}: a fraction of the image's shorter side in (0, 1] is needed")
        if not 1 < self.scale_factor <= 2:
            raise FerError(f"scale_factor={self.scale_factor}: a ratio in (1, 2] is needed, such as 1.2")
        if not 0 <= self.threshold < 1:
            raise FerError(f"threshold={self.threshold}: a confidence in [0, 1) is needed")
        if self.faces not in ("all", "largest"):
            raise FerError(f"faces='{self.faces}': 'all' or 'largest' is needed")

    def __call__(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Detect faces.

        Parameters
        ----------
        image : ndarray, shape (H, W), uint8

        Returns
        -------
        boxes : ndarray, shape (k, 4), float32
            x, y, width, height in pixels.
        confidence : ndarray, shape (k,), float32
            In 0..1; see `fer_features.vision.detection.refine_box`.
        """
        image = check_grey_image(image)
        settings = self.min_face, self.scale_factor, self.threshold
        boxes, confidence = detect_faces(image, *settings)
        if self.tilted and not len(boxes):
            boxes, confidence = detect_tilted_faces(image, *settings)
        return largest_face(boxes, confidence) if self.faces == "largest" else (boxes, confidence)


def largest_face(boxes: np.ndarray, confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The box with the largest area.

    Parameters
    ----------
    boxes : ndarray, shape (k, 4)
        x, y, width, height in pixels.
    confidence : ndarray, shape (k,)

    Returns
    -------
    boxes : ndarray, shape (1, 4) or (0, 4)
    confidence : ndarray, shape (1,) or (0,)

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.faces.detector import largest_face
    >>> largest_face(np.array([[0, 0, 5, 5], [9, 9, 7, 7]]), np.array([0.9, 0.6]))
    (array([[9, 9, 7, 7]]), array([0.6]))
    """
    if not len(boxes):
        return boxes, confidence
    i = int(boxes[:, 2:].prod(1).argmax())
    return boxes[i : i + 1], confidence[i : i + 1]


def as_detector(function: Callable[[np.ndarray], Any]) -> Detector:
    """Adapt any function that returns boxes to the interface of a detector.

    Parameters
    ----------
    function : callable
        Takes an image (H, W) uint8 and returns boxes (k, 4), or a tuple of boxes (k, 4) and confidences (k,). An empty
        array or sequence of any shape means that no face was found.

    Returns
    -------
    Detector
        Boxes without confidences have confidence 1. The detector raises `FerError` if the function returns anything
        else.

    Raises
    ------
    FerError
        If `function` is not callable.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.faces import as_detector
    >>> detector = as_detector(lambda image: [[10, 10, 50, 50]])
    >>> boxes, confidence = detector(np.zeros((100, 100), np.uint8))
    >>> boxes.tolist(), confidence.tolist()
    ([[10.0, 10.0, 50.0, 50.0]], [1.0])
    """
    if isinstance(function, FaceDetector):
        return function
    if not callable(function):
        raise FerError(f"a detector is a function from an image to boxes, not {type(function).__name__}")
    return _ValidatedDetector(function)


@dataclasses.dataclass(frozen=True)
class _ValidatedDetector:
    function: Callable[[np.ndarray], Any]

    def __call__(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        result = self.function(check_grey_image(image))
        boxes, confidence = result if isinstance(result, tuple) and len(result) == 2 else (result, None)
        boxes = validate_boxes(boxes)
        if confidence is None:
            return boxes, np.ones(len(boxes), np.float32)
        confidence = np.asarray(confidence, np.float32)
        if confidence.shape != (len(boxes),) or not ((confidence >= 0) & (confidence <= 1)).all():
            raise FerError(
                f"the detector returned {len(boxes)} boxes and confidences {confidence.shape}: one confidence in 0..1 "
                "is needed for each box"
            )
        return boxes, confidence


def validate_boxes(boxes: Any) -> np.ndarray:
    """Convert boxes to an array, and check that they are finite and have an area.

    Parameters
    ----------
    boxes : array-like, shape (k, 4) or (4,)
        x, y, width, height in pixels; one box counts as k = 1.

    Returns
    -------
    ndarray, shape (k, 4), float32

    Raises
    ------
    FerError
        If the boxes are not of this form.

    Examples
    --------
    >>> from fer_features.faces.detector import validate_boxes
    >>> validate_boxes([1, 2, 30, 40]).shape
    (1, 4)
    """
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


def validate_points(points: Any) -> np.ndarray:
    """Convert landmarks of faces to an array (k, 68, 2), float64.

    Raises
    ------
    FerError
        If the array has another shape.

    Examples
    --------
    >>> from fer_features.faces.detector import validate_points
    >>> validate_points(np.zeros((1, 68, 2), np.float32)).dtype
    dtype('float64')
    """
    array = np.asarray(points, np.float64)
    if array.ndim != 3 or array.shape[1:] != (68, 2):
        raise FerError(f"points of shape {array.shape}: (k, 68, 2) is needed")
    return array


def check_grey_image(image: Any) -> np.ndarray:
    """Check that an image is grey.

    Parameters
    ----------
    image : array-like

    Returns
    -------
    ndarray, shape (H, W), uint8
        The image itself.

    Raises
    ------
    FerError
        If the shape, the type or the size differs.
    """
    array = np.asarray(image)
    if array.ndim != 2 or array.dtype != np.uint8 or not array.size:
        raise FerError(f"an image of shape {array.shape} and type {array.dtype}: a grey image, (H, W) uint8, is needed")
    return array
