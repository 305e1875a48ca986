"""Boxes (x, y, width, height): their overlap, grouping, and non-maximum suppression."""

from __future__ import annotations

import numpy as np

#: Windows whose intersection over union reaches this value belong to the same face.
SAME_FACE_IOU = 0.35
#: A box of which this fraction lies within a box of higher confidence is suppressed.
MAX_OVERLAP = 0.5


def group_windows(windows: np.ndarray, min_iou: float = SAME_FACE_IOU) -> tuple[np.ndarray, np.ndarray]:
    """Merge overlapping windows into mean boxes.

    The window that overlaps most others forms a group with these; this is repeated with the remaining windows.

    Parameters
    ----------
    windows : ndarray, shape (n, 4)
        x, y, width, height.
    min_iou : float, default=SAME_FACE_IOU
        Minimum intersection over union of two windows of a group.

    Returns
    -------
    boxes : ndarray, shape (k, 4), float32
    counts : ndarray, shape (k,), int
        Number of windows in each group; they sum to n.

    Examples
    --------
    >>> from fer_features.vision.boxes import group_windows
    >>> boxes, counts = group_windows([[0, 0, 10, 10], [2, 0, 10, 10], [50, 50, 10, 10]])
    >>> counts.tolist(), boxes[0].tolist()
    ([2, 1], [1.0, 0.0, 10.0, 10.0])
    """
    remaining = np.asarray(windows, np.float32)
    overlapping = intersection_over_union(remaining, remaining) >= min_iou if len(remaining) else np.zeros((0, 0), bool)
    boxes, counts = [], []
    while len(remaining):
        members = overlapping[overlapping.sum(1).argmax()]
        boxes.append(remaining[members].mean(0))
        counts.append(members.sum())
        remaining, overlapping = remaining[~members], overlapping[~members][:, ~members]
    return np.array(boxes, np.float32).reshape(-1, 4), np.array(counts, int)


def suppress_overlapping(boxes: np.ndarray, confidence: np.ndarray, max_overlap: float = MAX_OVERLAP) -> np.ndarray:
    """Non-maximum suppression: indices of boxes that overlap no selected box of higher confidence.

    Parameters
    ----------
    boxes : ndarray, shape (n, 4)
        x, y, width, height.
    confidence : ndarray, shape (n,)
    max_overlap : float, default=MAX_OVERLAP
        A box is suppressed if its `intersection_over_minimum` with a selected one reaches this value. The smaller of
        the two is the reference, so that a mouth that was detected as a face is suppressed by the face around it.

    Returns
    -------
    ndarray, shape (k,), int
        In order of decreasing confidence.

    Examples
    --------
    >>> from fer_features.vision.boxes import suppress_overlapping
    >>> suppress_overlapping([[0, 0, 10, 10], [1, 1, 4, 4], [50, 50, 10, 10]], [0.9, 0.5, 0.7])
    array([0, 2])
    """
    order = np.argsort(-np.asarray(confidence), kind="stable")
    overlaps = intersection_over_minimum(boxes, boxes)
    selected: list[int] = []
    for i in order:
        if not selected or overlaps[i, selected].max() < max_overlap:
            selected.append(int(i))
    return np.array(selected, int)


def intersection_over_union(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Area of the intersection of boxes divided by the area of their union.

    Parameters
    ----------
    a, b : array-like, shapes (n, 4) and (m, 4)
        x, y, width, height.

    Returns
    -------
    ndarray, shape (n, m), float64
        In 0..1.

    Examples
    --------
    >>> from fer_features.vision.boxes import intersection_over_union
    >>> intersection_over_union([[0, 0, 2, 2]], [[0, 0, 2, 1], [5, 5, 1, 1]])
    array([[0.5, 0. ]])
    """
    intersection, area_a, area_b = _intersections(a, b)
    return intersection / np.maximum(area_a + area_b - intersection, np.finfo(float).tiny)


def intersection_over_minimum(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Area of the intersection of boxes divided by the area of the smaller box.

    Parameters
    ----------
    a, b : array-like, shapes (n, 4) and (m, 4)
        x, y, width, height.

    Returns
    -------
    ndarray, shape (n, m), float64
        In 0..1.

    Examples
    --------
    >>> from fer_features.vision.boxes import intersection_over_minimum
    >>> intersection_over_minimum([[0, 0, 2, 2]], [[0, 0, 2, 1], [5, 5, 1, 1]])
    array([[1., 0.]])
    """
    intersection, area_a, area_b = _intersections(a, b)
    return intersection / np.maximum(np.minimum(area_a, area_b), np.finfo(float).tiny)


def _intersections(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Areas of the intersections (n, m), of the boxes a (n, 1), and of the boxes b (1, m)."""
    a, b = np.asarray(a, np.float64)[:, None], np.asarray(b, np.float64)[None]
    low = np.maximum(a[..., :2], b[..., :2])
    high = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    return np.clip(high - low, 0, None).prod(-1), a[..., 2:].prod(-1), b[..., 2:].prod(-1)
