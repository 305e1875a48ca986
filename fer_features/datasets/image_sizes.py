"""A common size for still images of different sizes and aspect ratios."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence

import cv2
import numpy as np

#: Fraction of the images with the most frequent aspect ratio from which the other images are faults. Below it, the
#: images are a mixed collection, and all are cropped to one aspect ratio.
UNIFORM_FRACTION = 0.9


def common_size(shapes: Sequence[tuple[int, int]]) -> tuple[int, int, bool]:
    """Size to which images are converted.

    Parameters
    ----------
    shapes : sequence of (int, int)
        Height and width of each image, at least one.

    Returns
    -------
    height, width : int
        The most frequent size, or in a mixed collection the median aspect ratio and area.
    is_mixed : bool
        Whether fewer than `UNIFORM_FRACTION` of the images have the aspect ratio of the most frequent size.

    Examples
    --------
    >>> common_size([(48, 48)] * 9 + [(60, 40)])
    (48, 48, False)
    >>> common_size([(40, 40), (50, 40), (60, 40)])
    (50, 40, True)
    """
    height, width = Counter(shapes).most_common(1)[0][0]
    n_equal = sum(has_aspect_ratio(shape, (height, width)) for shape in shapes)
    if n_equal >= UNIFORM_FRACTION * len(shapes):
        return height, width, False
    ratio = statistics.median(h / w for h, w in shapes)
    area = statistics.median(h * w for h, w in shapes)
    return max(1, round((area * ratio) ** 0.5)), max(1, round((area / ratio) ** 0.5)), True


def has_aspect_ratio(shape: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether an image of one height and width has the aspect ratio of another, up to one pixel of rounding."""
    height, width = shape
    return abs(width * other[0] / other[1] - height) <= 1


def resize_to(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Crop an image at its centre to an aspect ratio, and resize it.

    Parameters
    ----------
    image : ndarray, shape (H, W), uint8
    height, width : int
        Size of the result.

    Returns
    -------
    ndarray, shape (height, width), uint8
        `image` itself where it has this size.
    """
    if image.shape == (height, width):
        return image
    if not has_aspect_ratio(image.shape, (height, width)):
        scale = min(image.shape[0] / height, image.shape[1] / width)
        rows, columns = max(1, round(scale * height)), max(1, round(scale * width))
        top, left = (image.shape[0] - rows) // 2, (image.shape[1] - columns) // 2
        image = image[top : top + rows, left : left + columns]
    interpolation = cv2.INTER_AREA if image.shape[0] > height else cv2.INTER_LINEAR
    return cv2.resize(image, (width, height), interpolation=interpolation)
