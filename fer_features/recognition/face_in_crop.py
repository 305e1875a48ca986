"""Where faces are in the images that a pipeline without alignment was trained on, so that prediction crops the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..extractors.locate_faces import N_SEARCHED_IMAGES
from ..faces.detector import FaceDetector
from ..samples.table import Samples
from ..vision.boxes import intersection_over_union
from .input_spec import find_pipelines

#: Intersection over union of a crop and its image from which the image itself is the crop.
SAME_CROP_IOU = 0.6


def attach_face_in_crop(model: Any, X: Samples) -> None:
    """Store in a fitted pipeline where the detector finds the face in its training images.

    Parameters
    ----------
    model : estimator
        Gets the attribute ``face_in_crop_``, shape (4,): x, y, width and height of the median box as fractions of the
        width and height of the image. It gets none if it aligns faces by landmarks, or if the detector finds no face
        in half of `N_SEARCHED_IMAGES` training images.
    X : Samples
        Training samples.
    """
    steps = [step for pipeline in find_pipelines(model) for name, step in pipeline.steps if name == "align"]
    if "images" not in X or not len(X) or not any(step.method == "none" for step in steps):
        return
    indices = np.unique(np.linspace(0, len(X) - 1, min(len(X), N_SEARCHED_IMAGES)).astype(int))
    detector, boxes = FaceDetector(min_face=0.3, faces="largest"), []
    for image in X[indices].frame("images", -1):
        found, _ = detector(np.ascontiguousarray(image))
        boxes += [box / np.tile(image.shape[::-1], 2) for box in found.astype(np.float64)]
    if 2 * len(boxes) >= len(indices):
        model.face_in_crop_ = np.median(boxes, 0)


def crop_region(box: np.ndarray, face_in_crop: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray | None:
    """The part of an image that is cropped like the training images.

    Parameters
    ----------
    box : ndarray, shape (4,)
        Box of the face: x, y, width and height in pixels.
    face_in_crop : ndarray, shape (4,), or None
        From `attach_face_in_crop`; without it the box is the crop.
    shape : (int, int)
        Height and width of the image.

    Returns
    -------
    ndarray, shape (4,), float64, or None
        None where it is the image itself, up to the accuracy of the detector.

    Examples
    --------
    >>> face = np.array([0.25, 0.25, 0.5, 0.5])
    >>> crop_region(np.array([100, 100, 50, 50]), face, (480, 640)).tolist()
    [75.0, 75.0, 100.0, 100.0]
    >>> crop_region(np.array([24, 26, 50, 50]), face, (100, 100)) is None
    True
    """
    region = np.asarray(box, np.float64)
    if face_in_crop is not None:
        size = region[2:] / face_in_crop[2:]
        region = np.concatenate([region[:2] - face_in_crop[:2] * size, size])
    image = np.array([[0, 0, shape[1], shape[0]]], np.float64)
    return None if intersection_over_union(region[None], image)[0, 0] >= SAME_CROP_IOU else region
