"""Any picture file as 8-bit pixels the right way up, or what is wrong with it in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..datasets.decoding import Undecodable, decode, pixels
from ..exceptions import FerError


def read_picture(path: Path) -> np.ndarray:
    """Pixels of a picture file.

    Parameters
    ----------
    path : Path
        Of any format that OpenCV reads: png, jpg, bmp, tif, webp, avif, pgm, the first frame of a gif, ...

    Returns
    -------
    ndarray, shape (H, W) or (H, W, 3), uint8
        Grey, or blue, green, red, which is the order of OpenCV.

    Raises
    ------
    FerError
        For a file that cannot be read, is empty, cut short or no picture.

    Notes
    -----
    The camera's turn (EXIF) is obeyed. 16 bits become 8 by dropping the lower ones, CMYK becomes blue, green, red, and
    what is transparent is laid on white. Where there is no transparency the pixels are those that training reads.
    """
    try:
        picture, content = decode(Path(path))
    except Undecodable as error:
        raise FerError(f"{path} {': '.join(error.args)}") from error
    if _may_be_transparent(content):
        picture = _on_white(picture, pixels(content, cv2.IMREAD_UNCHANGED))
    return picture


def grey_of(picture: Any) -> np.ndarray:
    """A picture as (H, W) uint8 grey values.

    Parameters
    ----------
    picture : ndarray, shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)
        Of 8 or 16 bits; colours in the order blue, green, red, which is OpenCV's.

    Raises
    ------
    FerError
        For another shape or type.
    """
    picture = np.asarray(picture)
    if picture.dtype == np.uint16:
        picture = (picture >> 8).astype(np.uint8)
    if picture.dtype != np.uint8 or not picture.size:
        raise FerError(f"a picture of shape {picture.shape} and type {picture.dtype}: 8 or 16 bit pixels are needed")
    if picture.ndim == 3 and picture.shape[2] == 1:
        picture = picture[..., 0]
    if picture.ndim == 2:
        return np.ascontiguousarray(picture)
    if picture.ndim == 3 and picture.shape[2] == 3:
        return cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_BGR2GRAY)
    if picture.ndim == 3 and picture.shape[2] == 4:
        return cv2.cvtColor(_on_white(np.ascontiguousarray(picture[..., :3]), picture), cv2.COLOR_BGR2GRAY)
    raise FerError(f"a picture of shape {picture.shape}: (H, W) grey or (H, W, 3) blue, green, red is needed")


def _may_be_transparent(content: bytes) -> bool:
    """Whether a file has to be looked at again for its fourth channel, which takes as long as reading it."""
    if content.startswith(b"\x89PNG"):
        return bool(content[25] & 4) or b"tRNS" in content[:8192]
    return content.startswith((b"RIFF", b"II*\0", b"MM\0*"))


def _on_white(picture: np.ndarray, whole: np.ndarray | None) -> np.ndarray:
    """A picture with the transparent parts of `whole`, the same with its fourth channel, laid on white."""
    if whole is None or whole.ndim != 3 or whole.shape[2] != 4 or whole.shape[:2] != picture.shape[:2]:
        return picture
    most = np.iinfo(whole.dtype).max
    if (whole[..., 3] == most).all():
        return picture
    opaque = whole[..., 3:].astype(np.float32) / most
    return np.rint(picture.reshape(*picture.shape[:2], -1) * opaque + 255 * (1 - opaque)).astype(np.uint8)
