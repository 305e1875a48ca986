"""Frames of a video file in the order in which they are decoded, with their timestamps."""

from __future__ import annotations

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
    """Iterate over the frames of a video file.

    Frames are decoded one after another: seeking to a frame number is inexact in many formats. A rotation in the
    metadata, as phones write it, is applied to the images.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    n_declared : int
        Number of frames according to the container, which can be wrong; 0 where it is unknown.
    n_read : int
        Number of frames so far.

    Raises
    ------
    UnreadableVideo
        For a file that is not regular, is empty, is not a video of a known format, or has frames of more than
        `MAX_PIXELS` pixels.

    Notes
    -----
    Timestamps are those of the container, which also describe variable rates. The rate is used where they do not
    increase.
    """

    def __init__(self, path: Path):
        fault = file_fault(path)
        if not fault and not path.stat().st_size:
            fault = "is empty"
        if fault:
            raise UnreadableVideo(fault)
        self.n_read = 0
        self._capture: Any = open_capture(path)
        if not self._capture.isOpened():
            raise UnreadableVideo("cannot be opened: it is not a video of a known format")
        width, height = (self._capture.get(side) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        if width * height > MAX_PIXELS:
            self._capture.release()
            raise UnreadableVideo(f"has frames of {width:.0f} x {height:.0f}: at most {MAX_PIXELS:,} pixels")
        declared = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.n_declared = int(declared) if 0 < declared < 1e9 else 0
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self._rate = rate if 0 < rate < MAX_RATE else DEFAULT_RATE

    def __enter__(self) -> VideoFrames:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._capture.release()

    def __iter__(self) -> Iterator[float]:
        """Yield the timestamp of each frame in seconds."""
        last = -1.0
        while self._capture.grab():
            stamp = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            is_plausible = np.isfinite(stamp) and stamp > last and (self.n_read or stamp < 1)
            last = stamp if is_plausible else max(self.n_read / self._rate, last)
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
