"""Face detection: a boosted cascade on local binary patterns, grouping of its windows, and a confidence per face."""

from __future__ import annotations

import functools

import cv2
import numpy as np
from skimage.data import lbp_frontal_face_cascade_filename
from skimage.feature import Cascade

from .boxes import group_windows, suppress_overlapping

#: Side of the cascade's window in pixels; smaller faces cannot be found in the image that is searched.
WINDOW_PX = 24
#: Images whose shorter side is smaller are enlarged to it.
MIN_IMAGE_SIDE_PX = 96
#: How far windows may reach over the edge of the image, as a fraction of the smallest window of an octave.
BORDER_FRACTION = 0.5
#: Distance between neighbouring windows, in pixels of a window scaled to WINDOW_PX.
STRIDE_PX = 1.35
#: The search begins with windows smaller than the smallest face by this factor, because a face matches several sizes.
WINDOW_TO_FACE_RATIO = 1.2
#: At most so many candidates are refined.
MAX_CANDIDATES = 20
#: Width of a candidate in pixels, and ratio of window sizes, in the refinement.
REFINED_WIDTH_PX, REFINED_SCALE_FACTOR = 32, 1.1
#: How far around a box the refinement searches, as a fraction of its width.
REFINED_MARGIN = 0.3
#: Number of windows in a group at which the confidence is 0.5.
HALF_CONFIDENCE_COUNT = 8.0


def detect_faces(
    image: np.ndarray,
    min_face: float = 0.1,
    scale_factor: float = 1.2,
    threshold: float = 0.5,
    half_confidence_count: float = HALF_CONFIDENCE_COUNT,
) -> tuple[np.ndarray, np.ndarray]:
    """Detect all upright frontal faces in an image.

    Parameters
    ----------
    image : ndarray, shape (H, W), uint8
    min_face : float, default=0.1
        Side of the smallest face as a fraction of the shorter side of the image, in (0, 1]. Half of it takes four times
        as long.
    scale_factor : float, default=1.2
        Ratio of neighbouring window sizes, above 1. Values nearer to 1 find more faces and take longer.
    threshold : float, default=0.5
        Faces with a lower confidence are excluded.
    half_confidence_count : float, default=8.0
        Number of accepted windows at which the confidence is 0.5.

    Returns
    -------
    boxes : ndarray, shape (k, 4), float32
        Squares (x, y, width, height) in pixels, from the brows to the chin, in order of decreasing confidence. They may
        reach over the edge of the image.
    confidence : ndarray, shape (k,), float32
        In 0..1, see `refine_box`; a clearly visible face has about 0.8.

    References
    ----------
    P. Viola, M. Jones, "Rapid object detection using a boosted cascade of simple features", CVPR 2001,
    doi:10.1109/CVPR.2001.990517.
    S. Liao, X. Zhu, Z. Lei, L. Zhang, S. Z. Li, "Learning multi-scale block local binary patterns for face
    recognition", ICB 2007, doi:10.1007/978-3-540-74549-5_87.

    Notes
    -----
    The cascade is the one that scikit-image distributes; it accepts or rejects a window. A coarse grid of windows is
    searched first, octave by octave of window sizes. The image is rescaled for each octave so that windows have 24 to
    48 pixels, and the time depends on `min_face` and hardly on the size of the image. The neighbourhood of each
    accepted window is then searched densely (`refine_box`). The cascade accepts many windows around a face and few
    elsewhere, and the confidence is a function of this number.

    Faces smaller than 24 pixels are not found (in images with a shorter side below 96 pixels: smaller than a quarter of
    it), whatever `min_face` is.

    Examples
    --------
    >>> import skimage
    >>> from fer_features.vision.detection import detect_faces
    >>> image = (255 * skimage.color.rgb2gray(skimage.data.astronaut())).astype("uint8")
    >>> boxes, confidence = detect_faces(image, min_face=0.2)
    >>> boxes.shape, bool(confidence[0] > 0.5)
    ((1, 4), True)
    """
    side = min(image.shape)
    if side < WINDOW_PX / 2:  # an image enlarged by more shows no details of a face
        return np.empty((0, 4), np.float32), np.empty(0, np.float32)
    min_window = max(min_face * side / WINDOW_TO_FACE_RATIO, WINDOW_PX * min(side / MIN_IMAGE_SIDE_PX, 1.0))
    boxes, counts = group_windows(search_windows(image, min_window, scale_factor))
    candidates = boxes[suppress_overlapping(boxes, counts)[:MAX_CANDIDATES]]
    refined = [refine_box(image, box, half_confidence_count) for box in candidates]
    boxes = np.array([box for box, _ in refined], np.float32).reshape(-1, 4)
    confidence = np.array([value for _, value in refined], np.float32)
    selected = suppress_overlapping(boxes, confidence)
    selected = selected[confidence[selected] >= threshold]
    return boxes[selected], confidence[selected]


def search_windows(image: np.ndarray, min_window: float, scale_factor: float) -> np.ndarray:
    """Windows on a coarse grid that the cascade accepts.

    Parameters
    ----------
    image : ndarray, shape (H, W), uint8
    min_window : float
        Side of the smallest window in pixels.
    scale_factor : float
        Ratio of neighbouring window sizes.

    Returns
    -------
    ndarray, shape (k, 4), float32
        x, y, width, height in pixels.
    """
    height, width = image.shape
    found: list[np.ndarray] = [np.empty((0, 4), np.float32)]
    border = round(BORDER_FRACTION * WINDOW_PX)
    while min_window <= min(height, width):
        factor = WINDOW_PX / min_window
        small = cv2.copyMakeBorder(rescale(image, factor), border, border, border, border, cv2.BORDER_REPLICATE)
        # The last octave continues up to the largest window that fits.
        is_last = 2 * min_window > min(height, width)
        windows = scan_windows(small, WINDOW_PX, scale_factor, STRIDE_PX, None if is_last else 2 * WINDOW_PX - 1)
        found.append((windows - [border, border, 0, 0]) * min_window / WINDOW_PX)
        min_window *= 2
    return np.concatenate(found).astype(np.float32)


def refine_box(
    image: np.ndarray, box: np.ndarray, half_confidence_count: float = HALF_CONFIDENCE_COUNT
) -> tuple[np.ndarray, float]:
    """Search the neighbourhood of a box densely.

    Parameters
    ----------
    image : ndarray, shape (H, W), uint8
    box : ndarray, shape (4,)
        x, y, width, height in pixels.
    half_confidence_count : float, default=8.0
        See `detect_faces`.

    Returns
    -------
    box : ndarray, shape (4,), float32
        The mean of the largest group of accepted windows, or the given box if no window is accepted.
    confidence : float
        ``n / (n + half_confidence_count)`` with n accepted windows in this group, in 0..1.

    Notes
    -----
    The neighbourhood is rescaled so that the box has REFINED_WIDTH_PX pixels. The number of windows then does not
    depend on the size of the face.
    """
    height, width = image.shape
    x0, y0 = np.floor(box[:2] - REFINED_MARGIN * box[2]).astype(int)
    side = int(np.ceil((1 + 2 * REFINED_MARGIN) * box[2]))
    left, top = max(-x0, 0), max(-y0, 0)
    right, bottom = max(x0 + side - width, 0), max(y0 + side - height, 0)
    crop = image[y0 + top : y0 + side - bottom, x0 + left : x0 + side - right]
    if not crop.size:
        return np.asarray(box, np.float32), 0.0
    crop = cv2.copyMakeBorder(crop, top, bottom, left, right, cv2.BORDER_REPLICATE)
    small = rescale(crop, REFINED_WIDTH_PX / box[2])
    boxes, counts = group_windows(scan_windows(small, WINDOW_PX, REFINED_SCALE_FACTOR, 1.0, REFINED_WIDTH_PX * 1.4))
    if not len(boxes):
        return np.asarray(box, np.float32), 0.0
    best = counts.argmax()
    refined = boxes[best] * side / small.shape[0] + [x0, y0, 0, 0]
    return refined.astype(np.float32), float(counts[best] / (counts[best] + half_confidence_count))


def rescale(image: np.ndarray, factor: float) -> np.ndarray:
    """The image (H, W) uint8 larger or smaller by a factor, at least one pixel wide and high."""
    size = (max(round(image.shape[1] * factor), 1), max(round(image.shape[0] * factor), 1))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)


def scan_windows(
    image: np.ndarray, min_window: float, scale_factor: float, stride: float, max_window: float | None = None
) -> np.ndarray:
    """All windows that the cascade accepts, not grouped.

    Parameters
    ----------
    image : ndarray, shape (H, W), uint8
    min_window, max_window : float
        Sides of the smallest and the largest window in pixels; by default the largest that fits.
    scale_factor : float
        Ratio of neighbouring window sizes.
    stride : float
        Distance between neighbouring windows, in pixels of a window scaled to WINDOW_PX.

    Returns
    -------
    ndarray, shape (k, 4), float32
        x, y, width, height in pixels.
    """
    smallest, largest = max(round(min_window), WINDOW_PX), min(image.shape)
    largest = largest if max_window is None else min(largest, round(max_window))
    if largest < smallest:
        return np.empty((0, 4), np.float32)
    # A score above 1 disables the merging of scikit-image: no two windows overlap by more than the smaller one.
    found = _cascade().detect_multi_scale(
        np.ascontiguousarray(image),
        scale_factor=scale_factor,
        step_ratio=stride,
        min_size=(smallest, smallest),
        max_size=(largest, largest),
        min_neighbor_number=0,
        intersection_score_threshold=2.0,
    )
    return np.array([(w["c"], w["r"], w["width"], w["height"]) for w in found], np.float32).reshape(-1, 4)


@functools.lru_cache(1)
def _cascade() -> Cascade:
    return Cascade(lbp_frontal_face_cascade_filename())
