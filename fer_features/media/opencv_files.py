"""Files that OpenCV opens by their name, with messages of its decoders hidden."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2


@contextlib.contextmanager
def opencv_path(path: str | Path) -> Iterator[str]:
    """Yield a name of a file that OpenCV can open.

    Parameters
    ----------
    path : str or Path

    Yields
    ------
    str
        The absolute path: a name with % or :// would be taken for a pattern or an address. For a name that is not
        UTF-8, with which OpenCV ends the process, a temporary link to the file with the same suffix.
    """
    name = os.path.abspath(path)
    if _is_utf8(name):
        yield name
        return
    suffix = os.path.splitext(name)[1]
    with tempfile.TemporaryDirectory() as folder:
        link = os.path.join(folder, f"file{suffix if _is_utf8(suffix) else ''}")
        os.symlink(name, link)
        yield link


def open_capture(path_or_camera: str | Path | int) -> Any:
    """Open a video file or a camera. Whether this succeeded is known by ``isOpened()`` of the result."""
    # The decoder would print its own messages in addition to our one line.
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        if isinstance(path_or_camera, int):
            return cv2.VideoCapture(path_or_camera)
        with opencv_path(path_or_camera) as name:
            return cv2.VideoCapture(name, cv2.CAP_FFMPEG)
    finally:
        cv2.utils.logging.setLogLevel(level)


def count_frames(path: Path) -> int:
    """Return the number of frames of a video that can be decoded."""
    capture = open_capture(path)
    try:
        return sum(1 for _ in iter(capture.grab, False))
    finally:
        capture.release()


def is_image(path: Path) -> bool:
    """Whether the content of a file has the format of an image."""
    with contextlib.suppress(cv2.error), opencv_path(path) as name:
        return cv2.haveImageReader(name)
    return False


def is_animated(path: Path) -> bool:
    """Whether an image file has several frames."""
    with contextlib.suppress(cv2.error), opencv_path(path) as name:
        return cv2.imcount(name) > 1
    return False


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
