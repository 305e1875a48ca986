"""Faces in a picture: a boosted cascade on local binary patterns, its windows grouped, a confidence for each face."""

from __future__ import annotations

import functools

import cv2
import numpy as np
from skimage.data import lbp_frontal_face_cascade_filename
from skimage.feature import Cascade

#: Side of the cascade's window in pixels; no face can be found that is smaller in the picture searched.
WINDOW = 24
#: Pictures whose shorter side is less are enlarged to it.
LEAST_SIDE = 96
#: How far windows may reach over the picture's edge, as a share of the smallest window of an octave.
MARGIN = 0.5
#: Distance of neighbouring windows, in pixels of a window brought to WINDOW pixels.
STRIDE = 1.35
#: Windows this much smaller than the smallest face are looked at too, since a face is seen in several sizes of them.
EASE = 1.2
#: At most so many places are looked at closely, at this width of a face in pixels and with this ratio of window sizes.
CANDIDATES, CLOSE, CLOSE_STEP = 20, 32, 1.1
#: How far around a box is looked closely, as a share of its width.
AROUND = 0.3
#: So many windows at a place make a confidence of one half.
HALF = 8.0
#: Windows that overlap by this much (intersection over union) saw the same face.
SAME = 0.35
#: A box of which this much lies within a stronger one is no face of its own.
WITHIN = 0.5


def detect_faces(
    picture: np.ndarray, smallest: float = 0.1, step: float = 1.2, threshold: float = 0.5
) -> tuple[np.ndarray, np.ndarray]:
    """All upright frontal faces in a picture.

    Parameters
    ----------
    picture : ndarray, shape (H, W), uint8
    smallest : float
        Side of the smallest face as a share of the picture's shorter side, in (0, 1]. Half of it takes four times as
        long.
    step : float
        Ratio of neighbouring window sizes, above 1. Nearer to 1 finds more and takes longer.
    threshold : float
        Faces of less confidence are left out.

    Returns
    -------
    boxes : ndarray, shape (k, 4), float32
        Squares (x, y, width, height) in pixels, from the brows to the chin, the surest first. They may reach over the
        edge of the picture.
    confidence : ndarray, shape (k,), float32
        In 0..1, see `look_closer`; a face seen well has 0.8.

    References
    ----------
    P. Viola, M. Jones, "Rapid object detection using a boosted cascade of simple features", CVPR 2001.
    S. Liao et al., "Learning multi-scale block local binary patterns for face recognition", ICB 2007.

    Notes
    -----
    The cascade is the one that comes with scikit-image; it says yes or no to a window. Windows at distances are looked
    at first, octave by octave of their sizes, the picture brought to a size at which they have 24 to 48 pixels, so that
    time depends on `smallest` and hardly on the size of the picture. Where a window is taken for a face, the
    neighbourhood is searched closely (`look_closer`). Around a face the cascade says yes to many windows, elsewhere to
    few: from their number comes the confidence.

    Faces under 24 pixels are not found (in pictures of less than 96 pixels, under a quarter), whatever is asked for.
    """
    side = min(picture.shape)
    if side < WINDOW / 2:  # enlarged so far, nothing would be seen
        return np.empty((0, 4), np.float32), np.empty(0, np.float32)
    least = max(smallest * side / EASE, WINDOW * min(side / LEAST_SIDE, 1.0))
    boxes, hits = group(search(picture, least, step))
    closer = [look_closer(picture, box) for box in boxes[suppress(boxes, hits)[:CANDIDATES]]]
    boxes = np.array([box for box, _ in closer], np.float32).reshape(-1, 4)
    confidence = np.array([sure for _, sure in closer], np.float32)
    kept = suppress(boxes, confidence)
    kept = kept[confidence[kept] >= threshold]
    return boxes[kept], confidence[kept]


def search(picture: np.ndarray, least: float, step: float) -> np.ndarray:
    """Windows of at least `least` pixels that the cascade takes for faces, (k, 4) float32, on a coarse grid."""
    height, width = picture.shape
    found: list[np.ndarray] = [np.empty((0, 4), np.float32)]
    edge = round(MARGIN * WINDOW)
    while least <= min(height, width):
        factor = WINDOW / least
        small = cv2.copyMakeBorder(resized(picture, factor), edge, edge, edge, edge, cv2.BORDER_REPLICATE)
        # The last octave goes on to the largest window there is.
        last = 2 * least > min(height, width)
        windows = scan(small, WINDOW, step, STRIDE, None if last else 2 * WINDOW - 1)
        found.append((windows - [edge, edge, 0, 0]) * least / WINDOW)
        least *= 2
    return np.concatenate(found).astype(np.float32)


def look_closer(picture: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, float]:
    """The box (4,) that a close search around a box gives, and the confidence that a face is there, in 0..1.

    The neighbourhood is brought to a size at which the box has CLOSE pixels, so that what is counted does not hang on
    the face's size. With n windows taken for the face the confidence is ``n / (n + HALF)``.
    """
    height, width = picture.shape
    x0, y0 = np.floor(box[:2] - AROUND * box[2]).astype(int)
    side = int(np.ceil((1 + 2 * AROUND) * box[2]))
    left, top = max(-x0, 0), max(-y0, 0)
    right, bottom = max(x0 + side - width, 0), max(y0 + side - height, 0)
    part = picture[y0 + top : y0 + side - bottom, x0 + left : x0 + side - right]
    if not part.size:
        return np.asarray(box, np.float32), 0.0
    part = cv2.copyMakeBorder(part, top, bottom, left, right, cv2.BORDER_REPLICATE)
    small = resized(part, CLOSE / box[2])
    boxes, hits = group(scan(small, WINDOW, CLOSE_STEP, 1.0, CLOSE * 1.4))
    if not len(boxes):
        return np.asarray(box, np.float32), 0.0
    best = hits.argmax()
    found = boxes[best] * side / small.shape[0] + [x0, y0, 0, 0]
    return found.astype(np.float32), float(hits[best] / (hits[best] + HALF))


def resized(picture: np.ndarray, factor: float) -> np.ndarray:
    """The picture by a factor larger or smaller, of at least one pixel."""
    size = (max(round(picture.shape[1] * factor), 1), max(round(picture.shape[0] * factor), 1))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)


def scan(picture: np.ndarray, smallest: float, step: float, stride: float, largest: float | None = None) -> np.ndarray:
    """Windows in which the cascade sees a face, (k, 4) float32: x, y, width, height in pixels, not grouped."""
    least, most = max(round(smallest), WINDOW), min(picture.shape)
    most = most if largest is None else min(most, round(largest))
    if most < least:
        return np.empty((0, 4), np.float32)
    # Nothing is merged: no two windows overlap by more than all of the smaller one.
    found = _cascade().detect_multi_scale(
        np.ascontiguousarray(picture),
        scale_factor=step,
        step_ratio=stride,
        min_size=(least, least),
        max_size=(most, most),
        min_neighbor_number=0,
        intersection_score_threshold=2.0,
    )
    return np.array([(w["c"], w["r"], w["width"], w["height"]) for w in found], np.float32).reshape(-1, 4)


def group(windows: np.ndarray, same: float = SAME) -> tuple[np.ndarray, np.ndarray]:
    """Mean boxes of windows that overlap, and how many each has.

    The window that most others overlap is taken with these, then the same is done with what is left.

    Parameters
    ----------
    windows : ndarray, shape (n, 4)
        x, y, width, height.
    same : float
        Least intersection over union.

    Returns
    -------
    boxes : ndarray, shape (k, 4), float32
    hits : ndarray, shape (k,), int
        They add up to n.
    """
    left = np.asarray(windows, np.float32)
    together = overlap(left, left)[0] >= same if len(left) else np.zeros((0, 0), bool)
    boxes, hits = [], []
    while len(left):
        members = together[together.sum(1).argmax()]
        boxes.append(left[members].mean(0))
        hits.append(members.sum())
        left, together = left[~members], together[~members][:, ~members]
    return np.array(boxes, np.float32).reshape(-1, 4), np.array(hits, int)


def suppress(boxes: np.ndarray, confidence: np.ndarray, within: float = WITHIN) -> np.ndarray:
    """Rows of the boxes of which less than a share `within` lies in a surer one that is kept, the surest first.

    The share is that of the smaller of the two, so that a mouth taken for a face goes with the face around it.
    """
    order = np.argsort(-np.asarray(confidence), kind="stable")
    _, share = overlap(boxes, boxes)
    kept: list[int] = []
    for i in order:
        if not kept or share[i, kept].max() < within:
            kept.append(int(i))
    return np.array(kept, int)


def overlap(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Intersection of boxes (n, 4) and (m, 4) over their union, and over the smaller of the two, each (n, m)."""
    a, b = np.asarray(a, np.float64)[:, None], np.asarray(b, np.float64)[None]
    low = np.maximum(a[..., :2], b[..., :2])
    high = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    shared = np.clip(high - low, 0, None).prod(-1)
    area_a, area_b = a[..., 2:].prod(-1), b[..., 2:].prod(-1)
    least = np.finfo(float).tiny
    return shared / np.maximum(area_a + area_b - shared, least), shared / np.maximum(np.minimum(area_a, area_b), least)


@functools.lru_cache(1)
def _cascade() -> Cascade:
    return Cascade(lbp_frontal_face_cascade_filename())
