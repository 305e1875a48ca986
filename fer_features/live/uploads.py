"""Bodies of requests: images, several of them as a form, and videos, with limits."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

import numpy as np
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from ..exceptions import FerError
from ..media.decoding import UnreadableImage, decode_image_content
from .limits import Limits

#: Longest header of a part of a form in bytes, and longest name of a file in characters.
MAX_HEADER_BYTES, MAX_NAME_LENGTH = 4096, 200


def decode_upload(name: str, content: bytes, limits: Limits) -> np.ndarray:
    """Pixels of an image.

    Parameters
    ----------
    name : str
        Name of the image in messages.
    content : bytes
    limits : Limits

    Returns
    -------
    ndarray, shape (H, W) or (H, W, 3), uint8

    Raises
    ------
    FerError
        If it is not an image, or too large.
    """
    if len(content) > limits.image_bytes:
        raise FerError(f"{name} has more than {limits.image_bytes:,} bytes")
    try:
        image = decode_image_content(content, limits.image_pixels)
    except UnreadableImage as error:
        raise FerError(f"{name} {error}") from error
    return image


async def read_images(request: Request, limits: Limits) -> list[tuple[str, bytes]]:
    """Name and content of each image of a request: the body, or the files of a form.

    Raises
    ------
    HTTPException
        413 for a body that is too large, 408 for one that takes too long.
    FerError
        For a body without an image, and a form that is not valid.
    """
    kind = request.headers.get("content-type", "")
    is_form = kind.lower().startswith("multipart/form-data")
    n_bytes = limits.image_bytes + (limits.images * MAX_HEADER_BYTES if is_form else 0)
    body = b"".join([block async for block in _blocks(request, n_bytes, limits)])
    images = split_form(kind, body) if is_form else [("request", body)] if body else []
    if not images:
        raise FerError("the request contains no image: send the bytes of an image, or a form with files")
    if len(images) > limits.images:
        raise FerError(f"the request contains {len(images)} images: at most {limits.images} are possible")
    return images


async def save_upload(request: Request, file: IO[bytes], limits: Limits) -> None:
    """Write the body of a request to a file.

    Raises
    ------
    HTTPException
        As `read_images`.
    FerError
        For an empty body, and if the disk is full.
    """
    n_bytes = 0
    try:
        async for block in _blocks(request, limits.video_bytes, limits):
            n_bytes += file.write(block)
        file.flush()
    except OSError as error:
        raise FerError(f"the video cannot be stored for the prediction: {error.strerror}") from error
    if not n_bytes:
        raise FerError("the request contains no video: send the bytes of a video file")


async def _blocks(request: Request, max_bytes: int, limits: Limits) -> AsyncIterator[bytes]:
    too_large = HTTPException(413, f"the request has more than {max_bytes:,} bytes")
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > max_bytes:
        raise too_large
    n_bytes = 0
    try:
        async with asyncio.timeout(limits.upload_seconds):
            async for block in request.stream():
                n_bytes += len(block)
                if n_bytes > max_bytes:
                    raise too_large
                yield block
    except TimeoutError as error:
        raise HTTPException(408, f"the request took more than {limits.upload_seconds:g} s to arrive") from error
    except ClientDisconnect as error:
        raise HTTPException(400, "the request ended early") from error


def split_form(content_type: str, body: bytes) -> list[tuple[str, bytes]]:
    r"""Name and content of each file of a form (RFC 7578).

    Parameters
    ----------
    content_type : str
        Header with the boundary of the parts.
    body : bytes

    Raises
    ------
    FerError
        For a form that is not valid.

    Examples
    --------
    >>> part = b'--X\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\nPNG\r\n--X--\r\n'
    >>> split_form("multipart/form-data; boundary=X", part)
    [('a.png', b'PNG')]
    """
    match = re.search(r'boundary="?([^";]{1,70})"?', content_type)
    # The boundary of the first part has no line end before it.
    parts = (b"\r\n" + body).split(b"\r\n--" + match[1].encode("latin-1", "replace")) if match else []
    if len(parts) < 2 or not parts[-1].startswith(b"--"):
        raise FerError("the form is not valid: it is incomplete, or its boundary is missing")
    files = []
    for number, part in enumerate(parts[1:-1], 1):
        header, separator, content = part.partition(b"\r\n\r\n")
        if not separator or len(header) > MAX_HEADER_BYTES:
            raise FerError(f"the form is not valid: its part {number} has no header")
        name = re.search(r'filename="([^"]*)"', header.decode("utf-8", "replace"))
        if name:
            files.append((Path(name[1]).name[:MAX_NAME_LENGTH] or f"image {number}", content))
    return files
