"""Conversion of colour and transparent images to grey.

The last axis of an image with channels has 1 (grey), 2 (grey, alpha), 3 (colours) or 4 (colours, alpha) entries. The
colours are in the order blue, green, red, as in OpenCV, or red, green, blue, as in scikit-image.
"""

import math
from collections.abc import Iterator

import cv2
import numpy as np

#: Largest length of the last axis that is an axis of channels. No image of a face is that narrow.
MAX_CHANNELS = 4

#: Pixels that are converted together.
PIXELS_PER_BLOCK = 1 << 20


def to_grayscale(images: np.ndarray, is_rgb: bool = False) -> np.ndarray:
    """Convert images with channels to grey.

    Parameters
    ----------
    images : ndarray, shape (..., H, W, C), uint8
        With C of 1 to 4 channels, see above.
    is_rgb : bool, default=False
        Whether the order of the colours is red, green, blue.

    Returns
    -------
    ndarray, shape (..., H, W), uint8
        OpenCV's weighted mean, 0.299 red + 0.587 green + 0.114 blue. Equal channels give exactly their value.
        Transparent pixels are blended with white.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.grayscale import to_grayscale
    >>> to_grayscale(np.array([[[0, 0, 255], [9, 9, 9]]], np.uint8))
    array([[76,  9]], dtype=uint8)
    >>> to_grayscale(np.array([[[255, 0, 0], [9, 9, 9]]], np.uint8), is_rgb=True)
    array([[76,  9]], dtype=uint8)
    """
    weights = cv2.COLOR_RGB2GRAY if is_rgb else cv2.COLOR_BGR2GRAY
    *shape, channels = images.shape
    if channels == 1:
        return images[..., 0]
    grey = np.empty((math.prod(shape[:-1]), shape[-1]), np.uint8)
    for start, rows in _blocks_of_rows(images):
        colour = rows if channels % 2 else blend_with_white(rows[..., :-1], rows[..., -1:])
        grey[start : start + len(rows)] = cv2.cvtColor(colour, weights) if channels > 2 else colour[..., 0]
    return grey.reshape(shape)


def has_colour(images: np.ndarray) -> bool:
    """Whether images (..., H, W, C) with 3 or 4 channels have different values in the channels of colours."""
    return any((rows[..., :1] != rows[..., 1:3]).any() for _, rows in _blocks_of_rows(images))


def _blocks_of_rows(images: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Rows of pixels (m, W, C) and the number of the first one, in blocks that need little memory."""
    rows = images.reshape(-1, *images.shape[-2:])
    step = max(1, PIXELS_PER_BLOCK // rows.shape[1])
    for start in range(0, len(rows), step):
        yield start, rows[start : start + step]


def blend_with_white(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Blend an image with white where it is transparent.

    Parameters
    ----------
    image : ndarray, shape (H, W, C), uint8
    alpha : ndarray, shape (H, W, 1), unsigned integers
        Opacity; its largest possible value means opaque.

    Returns
    -------
    ndarray, shape (H, W, C), uint8
        `image` itself where all pixels are opaque.
    """
    maximum = np.iinfo(alpha.dtype).max
    if (alpha == maximum).all():
        return image
    opacity = alpha.astype(np.float32) / maximum
    return np.rint(image * opacity + 255 * (1 - opacity)).astype(np.uint8)
