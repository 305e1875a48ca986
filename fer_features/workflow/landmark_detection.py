"""Detect the landmarks of a data set: what ``fer-features landmarks detect`` does, as a function."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .._progress import progress_enabled
from ..datasets.landmark_files import landmark_ids
from ..datasets.landmark_writer import LandmarkTable
from ..exceptions import FerError
from ..extractors.locate_faces import LocateFaces
from ..faces.localizer import FaceView
from ..inputs import resolve_table
from ..samples.source_regions import SOURCE_REGIONS, points_in_files
from ..samples.table import Samples


def searching_step(X: Samples, faces: str, landmarker: Any) -> LocateFaces:
    """A fitted step that searches the images of a table, whether it has landmarks or not.

    Parameters
    ----------
    X : Samples
    faces : {'auto', 'detect', 'crop'}
    landmarker : SupportsLandmarks, optional

    Raises
    ------
    FerError
        For another method, and without images.
    """
    if faces not in ("auto", "detect", "crop"):
        raise FerError(f"faces={faces!r}: 'auto', 'detect' or 'crop' is needed")
    X.column("images")
    step = LocateFaces(faces, landmarker)
    if faces == "auto":
        step.set_params(method="crop" if X.info.cropped else step.faces_in_images(X).method)
    return step.fit(X)


def detect_landmarks(
    X: str | Path | Samples, *, faces: str = "auto", landmarker: Any = None, verbose: bool = False
) -> LandmarkTable:
    """Boxes, landmarks and confidences of the largest face in every image of a data set.

    Parameters
    ----------
    X : Samples, or path of a data set
        With images. Landmarks that it has are not used.
    faces : {'auto', 'detect', 'crop'}, default='auto'
        As the parameter `method` of `fer_features.extractors.LocateFaces`.
    landmarker : SupportsLandmarks, optional
        By default the one that this package contains.
    verbose : bool, default=False
        Show progress.

    Returns
    -------
    LandmarkTable
        For `fer_features.datasets.write_landmarks`, in pixels of the image files. NaN and a confidence of 0 in frames
        without a face.

    Raises
    ------
    FerError
        For a method that is unknown, data without images, and images that cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples
    >>> from fer_features.workflow import detect_landmarks
    >>> table = detect_landmarks(Samples.from_arrays(np.zeros((2, 48, 48), np.uint8)), faces="crop")
    >>> table.id, table.landmarks.shape, table.boxes.shape, table.confidence.shape
    (['0', '1'], (2, 1, 68, 2), (2, 1, 4), (2, 1))
    """
    with progress_enabled(verbose):
        X = resolve_table(X)
        step = searching_step(X, faces, landmarker)
        shape = X.column("images").shape[1]
        landmarks = np.full((len(X), shape, 68, 2), np.nan, np.float32)
        boxes = np.full((len(X), shape, 4), np.nan, np.float32)
        confidence = np.zeros((len(X), shape), np.float32)
        for i, views in enumerate(step.views(X)):
            _store(views, landmarks[i], boxes[i], confidence[i])
        if SOURCE_REGIONS in X:
            landmarks, boxes = _in_files(X, landmarks, boxes)
    return LandmarkTable(landmarks, landmark_ids(X), boxes, confidence)


def _store(views: Sequence[FaceView | None], landmarks: np.ndarray, boxes: np.ndarray, confidence: np.ndarray) -> None:
    for t, view in enumerate(views):
        if view is not None:
            landmarks[t], boxes[t], confidence[t] = view.landmarks, view.box, view.confidence


def _in_files(X: Samples, landmarks: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks and boxes in pixels of the files, of which images can be parts or reduced."""
    regions, sizes = np.asarray(X[SOURCE_REGIONS]), X.sizes()
    corners = points_in_files(np.stack([boxes[..., :2], boxes[..., :2] + boxes[..., 2:]], 2), regions, sizes)
    return points_in_files(landmarks, regions, sizes), np.concatenate(
        [corners[:, :, 0], np.diff(corners, axis=2)[:, :, 0]], -1
    )
