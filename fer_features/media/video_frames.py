"""Frames of a video file or a camera in the order in which they are decoded, with their timestamps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np

from .._files import file_fault
from ..samples.image_columns import MAX_PIXELS
from .opencv_files import open_capture

#: Frames per second of videos that do not give a usable rate.
DEFAULT_RATE = 25.0
#: Largest number of frames per second that a container can declare.
MAX_RATE = 10_000.0
#: A video is truncated if more than this fraction of the declared frames, an estimate, is missing.
MAX_MISSING_FRACTION = 0.02


class UnreadableVideo(Exception):
    """A video file that cannot be used. The argument completes a sentence about the file ('is empty')."""


class VideoFrames:
    """Iterate over the frames of a video file or a camera.

    Frames are decoded one after another: seeking to a frame number is inexact in many formats. A rotation in the
    metadata, as phones write it, is applied to the images.

    Parameters
    ----------
    path : Path or int
        A file, or the number of a camera.
    max_pixels : int, default `MAX_PIXELS`

    Attributes
    ----------
    n_declared : int
        Number of frames according to the container, which can be wrong; 0 where it is unknown.
    n_read : int
        Number of frames so far.
    fps : float
        Frames per second; `DEFAULT_RATE` where the file gives no usable rate.

    Raises
    ------
    UnreadableVideo
        For a file that is not regular, is empty, is not a video of a known format, or has frames of more than
        `max_pixels` pixels; for a camera that does not exist or is in use.

    Notes
    -----
    Timestamps are those of the container, which also describe variable rates. The rate is used where they do not
    increase. Timestamps of a camera are the time since the first frame was requested.
    """

    def __init__(self, path: Path | int, max_pixels: int = MAX_PIXELS):
        self._is_live = isinstance(path, int)
        if isinstance(path, Path):
            fault = file_fault(path)
            if not fault and not path.stat().st_size:
                fault = "is empty"
            if fault:
                raise UnreadableVideo(fault)
        self.n_read = 0
        self._capture: Any = open_capture(path)
        if not self._capture.isOpened():
            self._capture.release()
            reason = "it is not a video of a known format"
            if self._is_live:
                reason = "the camera does not exist, or another program uses it"
            raise UnreadableVideo(f"cannot be opened: {reason}")
        width, height = (self._capture.get(side) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        if width * height > max_pixels:
            self._capture.release()
            raise UnreadableVideo(f"has frames of {width:.0f} x {height:.0f}: at most {max_pixels:,} pixels")
        declared = 0.0 if self._is_live else self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.n_declared = int(declared) if 0 < declared < 1e9 else 0
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = rate if 0 < rate < MAX_RATE else DEFAULT_RATE

    def __enter__(self) -> VideoFrames:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._capture.release()

    def __iter__(self) -> Iterator[float]:
        """Yield the timestamp of each frame in seconds."""
        start, last = time.monotonic(), -1.0
        while self._capture.grab():
            stamp = time.monotonic() - start if self._is_live else self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            is_plausible = np.isfinite(stamp) and stamp > last and (self.n_read or stamp < 1)
            last = stamp if is_plausible else max(self.n_read / self.fps, last)
            self.n_read += 1
            yield last

    def image(self) -> np.ndarray:
        """The frame whose timestamp was yielded last.

        Returns
        -------
        ndarray, shape (H, W) or (H, W, 3), uint8
            Grey, or blue, green, red.

        Raises
        ------
        UnreadableVideo
            If it cannot be decoded.
        """
        is_decoded, image = self._capture.retrieve()
        if not is_decoded or image is None or not image.size:
            raise UnreadableVideo(f"has a frame {self.n_read - 1} that cannot be decoded")
        return image

    @property
    def is_truncated(self) -> bool:
        """After the last frame: whether clearly fewer frames were read than the container declares."""
        return self.n_declared - self.n_read > max(1, MAX_MISSING_FRACTION * self.n_declared)
