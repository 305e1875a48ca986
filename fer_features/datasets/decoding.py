"""Decoding of image files, with a precise error for files that are empty, truncated or not images."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

#: File names of images in class folders, in lower case.
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".pgm", ".webp")

#: Start of a file -> end of a complete file of that format. The decoder fills missing data with grey without an error.
END_MARKERS = {b"\x89PNG": b"IEND", b"\xff\xd8": b"\xff\xd9"}


class UnreadableImage(Exception):
    """An image file that cannot be used.

    The first argument completes a sentence about the file ('is truncated'); the optional second one is a detail.
    """


def decode_image(path: Path) -> tuple[np.ndarray, bytes]:
    """Decode an image file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    image : ndarray of uint8, shape (H, W) or (H, W, 3)
        Grey values, or colours in the order blue, green, red. The orientation in EXIF is applied.
    content : bytes
        The bytes of the file.

    Raises
    ------
    UnreadableImage
        For a file that cannot be read, is empty, truncated or not an image.

    Notes
    -----
    Colour images are not converted to grey here: the decoders of different formats weight the colours differently.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableImage(f"cannot be read: {error.strerror or error}") from error
    if not content:
        raise UnreadableImage("is empty")
    for start, end in END_MARKERS.items():
        if content.startswith(start) and end not in content[-1024:]:
            raise UnreadableImage("is truncated", "its end is missing")
    image = decode_bytes(content, cv2.IMREAD_ANYCOLOR)
    if image is None or 0 in image.shape:
        raise UnreadableImage("is not an image, or is damaged", "it cannot be decoded")
    return image, content


def decode_bytes(content: bytes, flags: int) -> np.ndarray | None:
    """Decode the bytes of an image file with OpenCV; None if OpenCV cannot decode them.

    Parameters
    ----------
    content : bytes
    flags : int
        A combination of the ``cv2.IMREAD_`` flags.

    Returns
    -------
    ndarray or None
    """
    try:
        return cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except cv2.error:
        return None


def read_grayscale_image(path: Path) -> tuple[np.ndarray, bool]:
    """Read an image file as 8-bit grey values.

    Parameters
    ----------
    path : Path

    Returns
    -------
    image : ndarray of uint8, shape (H, W)
    is_colour : bool
        Whether the file has colours. A grey image that is stored with three equal channels has none.

    Raises
    ------
    UnreadableImage
        See `decode_image`.
    """
    image, _ = decode_image(path)
    if image.ndim == 2:
        return image, False
    is_colour = bool((image[..., 0] != image[..., 1]).any() or (image[..., 1] != image[..., 2]).any())
    return (cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if is_colour else image[..., 0].copy()), is_colour
