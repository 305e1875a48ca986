"""Arrays as the table wants them: checked, and brought to one shape and type."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exceptions import FerError
from ..vision.geometry import MESH_TO_68, fill_missing


def clean_images(images: Any) -> Any:
    """Images as the table wants them: (n, T, H, W) uint8, or the column itself where it is read lazily.

    Parameters
    ----------
    images : (n, T, H, W) or (n, H, W) uint8, or a column with a method `frame`

    Raises
    ------
    FerError
        For another shape or type.
    """
    if hasattr(images, "frame"):
        return images
    images = np.asarray(images)
    if images.ndim == 3:
        images = images[:, None]
    if images.ndim != 4:
        raise FerError(f"images have shape {images.shape}: (n, T, H, W), or (n, H, W) for stills, is needed")
    if images.dtype != np.uint8:
        raise FerError(f"images are of type {images.dtype}: 8-bit grey values (uint8) are needed")
    return images


def clean_landmarks(landmarks: np.ndarray) -> np.ndarray:
    """Landmarks as the table wants them: (n, T, 68, 2) float32, NaN in frames without landmarks.

    Parameters
    ----------
    landmarks : ndarray, shape (n, [T,] 68, 2) or (n, [T,] 478, 2 or 3)
        iBUG-68 or MediaPipe face mesh points; x and y are taken. All-zero frames count as missing.

    Raises
    ------
    FerError
        For another shape or type.
    """
    if landmarks.ndim == 3:
        landmarks = landmarks[:, None]
    if landmarks.ndim != 4 or landmarks.shape[2] not in (68, 478) or landmarks.shape[3] not in (2, 3):
        raise FerError(f"landmarks have shape {landmarks.shape}: (n, T, 68, 2) or (n, T, 478, 3) is needed")
    if landmarks.dtype.kind not in "iuf":
        raise FerError(f"landmarks are of type {landmarks.dtype}: integers or floats are needed")
    if landmarks.shape[2] == 478:
        landmarks = landmarks[:, :, MESH_TO_68]
    points = landmarks[..., :2].astype(np.float32)
    points[(points == 0).all((2, 3))] = np.nan
    return fill_missing(points)
