"""Decoding of image files, with a precise error for files that are empty, damaged, too large or not images."""

from __future__ import annotations

import contextlib
import io
import math
import os
import re
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import PIL.Image

from .._files import file_fault
from ..samples.image_columns import MAX_PIXELS
from ..vision.grayscale import blend_with_white

#: File names of images in class folders, in lower case.
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".pgm", ".webp")

#: Largest size of an image file in bytes: an uncompressed image of `MAX_PIXELS` colours.
MAX_FILE_BYTES = 4 * MAX_PIXELS

#: Number of pixels above which a still image of a data set is reduced when it is read. Crops of faces have 128 x 160.
MAX_STORED_PIXELS = 1 << 20

#: Messages of decoders; those of other threads are passed on.
_DECODER_MESSAGE = re.compile(rb"JPEG|JFIF|PNG|libpng|TIFF|grfmt|imdecode")

#: Messages after which a decoder returns an image with invented pixels.
_DAMAGE_MESSAGE = re.compile(rb"JPEG data: (?!.*extraneous bytes before marker)|TIFF_Error")

_STDERR_LOCK = threading.Lock()


class UnreadableImage(Exception):
    """An image file that cannot be used. The argument completes a sentence about the file ('is empty')."""


def decode_image(path: Path) -> np.ndarray:
    """Decode an image file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    ndarray of uint8, shape (H, W) or (H, W, 3)
        Grey values, or colours in the order blue, green, red. The orientation in EXIF is applied, and transparent
        pixels are blended with white.

    Raises
    ------
    UnreadableImage
        For a path that is not a regular file, and a file that cannot be read, is empty, damaged, truncated or not an
        image, or has more than `MAX_PIXELS` pixels.

    Notes
    -----
    The decoder decides what is damaged: data after the end of an image, as in motion photos, are ignored. Colour images
    are not converted to grey here: the decoders of different formats weight the colours differently.
    """
    return decode_image_content(_read(path))


def decode_image_content(content: bytes, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Decode the content of an image file; `decode_image` describes the result and the errors.

    Parameters
    ----------
    content : bytes
    max_pixels : int, default `MAX_PIXELS`
        Larger images are refused.

    Examples
    --------
    >>> decode_image_content(cv2.imencode(".png", np.full((2, 3), 7, np.uint8))[1].tobytes()).tolist()
    [[7, 7, 7], [7, 7, 7]]
    """
    if not content:
        raise UnreadableImage("is empty")
    _check_declared_size(content, max_pixels)
    image = _decode(content, cv2.IMREAD_ANYCOLOR)
    if image is None or 0 in image.shape:
        raise UnreadableImage("is not an image, or is damaged or truncated")
    if _may_be_transparent(content):
        with_alpha = _decode(content, cv2.IMREAD_UNCHANGED)
        if with_alpha is not None and with_alpha.shape == (*image.shape[:2], 4):
            blended = blend_with_white(image.reshape(*image.shape[:2], -1), with_alpha[..., 3:])
            image = blended.reshape(image.shape)
    return image


def reduce_image(image: np.ndarray) -> np.ndarray:
    """Reduce an image (H, W) of more than `MAX_STORED_PIXELS` by area averaging; return a smaller one as it is."""
    factor = math.sqrt(MAX_STORED_PIXELS / image.size)
    if factor >= 1:
        return image
    height, width = (max(1, int(factor * length)) for length in image.shape)
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def _read(path: Path) -> bytes:
    fault = file_fault(path)
    if fault:
        raise UnreadableImage(fault)
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise UnreadableImage(f"has more than {MAX_FILE_BYTES:,} bytes")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableImage(f"cannot be read: {error.strerror or error}") from error


def _check_declared_size(content: bytes, max_pixels: int) -> None:
    """Refuse an image whose header states too many pixels, before the decoder reserves memory for them."""
    try:
        with warnings.catch_warnings(action="ignore"), PIL.Image.open(io.BytesIO(content)) as image:
            n_pixels = math.prod(image.size)
    except PIL.Image.DecompressionBombError:  # above a limit of Pillow, which is larger
        n_pixels = max_pixels + 1
    except Exception:  # the decoder decides what is damaged
        return
    if n_pixels > max_pixels:
        raise UnreadableImage(f"has more than {max_pixels:,} pixels")


def _decode(content: bytes, flags: int) -> np.ndarray | None:
    """Pixels, or None where the decoder fails or reports damage."""
    messages: list[bytes] = []
    try:
        with _decoder_messages(messages):
            image = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except cv2.error:
        return None
    return None if any(_DAMAGE_MESSAGE.search(message) for message in messages) else image


@contextlib.contextmanager
def _decoder_messages(messages: list[bytes]) -> Iterator[None]:
    """Append what decoders write to the descriptor of standard error to a list: the only sign of some damage."""
    with _STDERR_LOCK:
        saved = os.dup(2)
        reader, writer = os.pipe()
        for descriptor in (reader, writer):
            os.set_blocking(descriptor, False)
        os.dup2(writer, 2)
        os.close(writer)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            with contextlib.suppress(BlockingIOError), open(reader, "rb", buffering=0) as file:
                for line in (file.read(1 << 16) or b"").splitlines(keepends=True):
                    if _DECODER_MESSAGE.search(line):
                        messages.append(line)
                    elif line.strip():
                        os.write(2, line)


def _may_be_transparent(content: bytes) -> bool:
    """Whether the file may have an alpha channel. Decoding it again for that channel doubles the time."""
    if content.startswith(b"\x89PNG"):
        return len(content) > 25 and (bool(content[25] & 4) or b"tRNS" in content[:8192])
    return content.startswith((b"RIFF", b"II*\0", b"MM\0*"))
