"""Pixels of a picture file, or what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

#: How a whole file ends; the decoder fills up what is missing with grey and says nothing.
ENDINGS = {b"\x89PNG": b"IEND", b"\xff\xd8": b"\xff\xd9"}


class Undecodable(Exception):
    """What is wrong with a file, such as 'is cut short', and, where more can be said, by what that is seen."""


def decode(path: Path) -> tuple[np.ndarray, bytes]:
    """Pixels of a picture file, 8 bit, (H, W) or (H, W, 3) in the order blue, green, red; and the file's bytes.

    Raises
    ------
    Undecodable

    Notes
    -----
    Not straight to grey: libjpeg and the others weigh colours differently. The camera's turn (EXIF) is obeyed.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Undecodable(f"cannot be read: {error.strerror or error}") from error
    if not content:
        raise Undecodable("is empty")
    for start, end in ENDINGS.items():
        if content.startswith(start) and end not in content[-1024:]:
            raise Undecodable("is cut short", "its end is missing")
    picture = pixels(content, cv2.IMREAD_ANYCOLOR)
    if picture is None or 0 in picture.shape:
        raise Undecodable("is no picture, or damaged", "it cannot be decoded")
    return picture, content


def pixels(content: bytes, flags: int) -> np.ndarray | None:
    """What OpenCV makes of the bytes of a file, None where that is nothing."""
    try:
        return cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except cv2.error:
        return None
