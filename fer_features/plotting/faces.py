"""Mean faces, and the contours that connect landmarks."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..extractors import Align
from ..pipelines import transformed
from ..samples.table import Samples
from ..vision.registration import register_landmarks

#: Face regions whose contour is closed.
CLOSED_CONTOURS = {"left eye", "right eye", "outer lips", "inner lips"}

#: Samples that are averaged at once.
BATCH_SIZE = 64


@dataclasses.dataclass(frozen=True)
class MeanFace:
    """A mean face.

    Attributes
    ----------
    image : ndarray, shape (H, W), or None
        None without images.
    landmarks : ndarray, shape (68, 2), or None
        In pixels of the image; None without landmarks.
    """

    image: np.ndarray | None
    landmarks: np.ndarray | None


def mean_face(X: Samples, t: int) -> MeanFace:
    """Mean of frame `t` of all samples: image, and landmarks in its pixels; without images landmarks registered."""
    image = landmarks = None
    if "images" in X:
        batches = (X[start : start + BATCH_SIZE] for start in range(0, len(X), BATCH_SIZE))
        image = sum(batch.frame("images", t).sum(0, dtype=np.float64) for batch in batches) / len(X)
    if "landmarks" in X:
        landmarks = register_landmarks(X["landmarks"])[:, t] if image is None else X.frame("landmarks", t)
        landmarks = np.nanmean(landmarks, axis=0, dtype=np.float64)
    return MeanFace(image, landmarks)


def class_mean_faces(model: object, X: Samples, codes: np.ndarray, neutral: bool = False) -> list[MeanFace]:
    """Mean apex of each class; with `neutral` the mean neutral face of all samples, for each class."""
    if "images" in X and "align" not in model.named_steps:  # type: ignore[attr-defined]
        X = Align().transform(X)
    X = transformed(model, X)
    if neutral:
        return [mean_face(X, 0)] * len(codes)
    label = X.label_codes
    return [mean_face(X[label == code], -1) for code in codes]


def contrast_limits(faces: list[MeanFace]) -> tuple[float, float]:
    """Grey values to show as black and white: means of many faces have a low contrast."""
    images = [face.image for face in faces if face.image is not None]
    low, high = np.percentile(images, [1, 99.8]) if images else (0, 255)
    return float(low), float(max(high, low + 1))
