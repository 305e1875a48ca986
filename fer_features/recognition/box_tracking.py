"""Tracking of a box to the next frame by optical flow, for faces without landmarks."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from ..faces.localizer import FaceView
from .face_view import crop_face

#: Smallest correlation of a tracked box with its previous content; below it the face is lost.
MIN_BOX_CORRELATION = 0.5


def track_box(image: np.ndarray, view: FaceView, side: int = 64, grid: int = 8) -> FaceView | None:
    """Track the box of a view to the next frame.

    Parameters
    ----------
    image : ndarray, shape (H, W), uint8
        The next frame, of the same size.
    view : FaceView
    side : int
        Largest side in pixels that the face is downscaled to.
    grid : int
        Points are tracked on a grid of `grid` x `grid`.

    Returns
    -------
    FaceView or None
        None if the face cannot be tracked.

    Notes
    -----
    The points are tracked forwards and backwards by the method of Lucas and Kanade. Of the half with the smallest
    forward-backward error, the median displacement moves the box, and the median change of distances scales it. In
    place of the correlations of single points, the content of the whole box is compared with its previous content.

    References
    ----------
    Z. Kalal, K. Mikolajczyk, J. Matas, "Forward-backward error: automatic detection of tracking failures", ICPR 2010,
    doi:10.1109/ICPR.2010.675
    """
    box = view.box.astype(np.float64)
    scale = min(1.0, side / max(box[2:]))
    region = np.r_[box[:2] - box[2:] / 2, 2 * box[2:]]
    size = tuple(round(2 * length * scale) for length in box[3:1:-1])
    if min(size) < 16:
        return None
    before, after = (_crop_region(source, region, size, scale) for source in (view.image, image))
    x, y = (np.linspace(0.3, 0.7, grid) * (length - 1) for length in size[::-1])
    points = np.stack(np.meshgrid(x, y), -1).reshape(-1, 1, 2).astype(np.float32)
    options: dict[str, Any] = {"winSize": (11, 11), "maxLevel": 3}
    forward, found_forward, _ = cv2.calcOpticalFlowPyrLK(before, after, points, None, **options)
    backward, found_backward, _ = cv2.calcOpticalFlowPyrLK(after, before, forward, None, **options)
    error = np.hypot(*(backward - points)[:, 0].T)
    reliable = (found_forward[:, 0] > 0) & (found_backward[:, 0] > 0) & (error <= np.median(error))
    if reliable.sum() < grid:
        return None
    a, b = points[reliable, 0], forward[reliable, 0]
    distance = np.linalg.norm(a - np.median(a, 0), axis=1)
    far = distance > distance.mean()
    ratio = float(np.median(np.linalg.norm(b - np.median(b, 0), axis=1)[far] / distance[far])) if far.any() else 1.0
    ratio = float(np.clip(ratio, 0.8, 1.25))
    centre = box[:2] + box[2:] / 2 + np.median(b - a, 0) / scale
    moved = np.r_[centre - ratio * box[2:] / 2, ratio * box[2:]].astype(np.float32)
    before, after = (crop_face(source, area, (32, 32)) for source, area in ((view.image, view.box), (image, moved)))
    correlation = clipped_correlation(before, after)
    return FaceView(image, moved, correlation) if correlation >= MIN_BOX_CORRELATION else None


def clipped_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Return the correlation of two images of one size, clipped to [0, 1]; 0 if an image is constant."""
    a, b = (image.astype(np.float32) - image.mean(dtype=np.float32) for image in (a, b))
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return max(0.0, float((a * b).sum()) / norm) if norm > 0 else 0.0


def _crop_region(image: np.ndarray, region: np.ndarray, size: Any, scale: float) -> np.ndarray:
    matrix = np.array([[scale, 0, -scale * region[0]], [0, scale, -scale * region[1]]])
    return cv2.warpAffine(image, matrix, size[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
