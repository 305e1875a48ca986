"""Decoding of image files to 8-bit pixels, and conversion to grey."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..exceptions import FerError
from ..media.decoding import UnreadableImage, decode_image
from ..vision.grayscale import to_grayscale


def load_image(path: Path) -> np.ndarray:
    """Read an image file.

    Parameters
    ----------
    path : Path
        File of any format that OpenCV reads: PNG, JPEG, BMP, TIFF, WebP, AVIF, PGM, the first frame of a GIF, ...

    Returns
    -------
    ndarray, shape (H, W) or (H, W, 3), uint8
        Grey, or colour in OpenCV's order (blue, green, red).

    Raises
    ------
    FerError
        If the file cannot be read, is empty, truncated or not an image.

    Notes
    -----
    The EXIF orientation is applied. 16-bit images are reduced to 8 bits by dropping the lower byte, CMYK is converted
    to BGR, and transparent pixels are blended with white, as in training.
    """
    try:
        return decode_image(Path(path))
    except UnreadableImage as error:
        raise FerError(f"{path} {error}") from error


def as_grayscale(image: Any) -> np.ndarray:
    """Convert an image to grey.

    Parameters
    ----------
    image : ndarray, shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), uint8 or uint16
        Colour in OpenCV's order (blue, green, red, alpha).

    Returns
    -------
    ndarray, shape (H, W), uint8

    Raises
    ------
    FerError
        For another shape or dtype.

    Examples
    --------
    >>> as_grayscale(np.full((2, 2, 3), 7, np.uint8))
    array([[7, 7],
           [7, 7]], dtype=uint8)
    """
    image = np.asarray(image)
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    if image.dtype != np.uint8 or not image.size:
        raise FerError(f"an image has shape {image.shape} and dtype {image.dtype}: pixels of 8 or 16 bits are needed")
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    if image.ndim == 2:
        return np.ascontiguousarray(image)
    if image.ndim == 3 and image.shape[2] in (3, 4):
        return to_grayscale(image)
    raise FerError(f"an image has shape {image.shape}: (H, W) grey or (H, W, 3) blue, green, red is needed")
