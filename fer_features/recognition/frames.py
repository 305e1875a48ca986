"""Frames with timestamps, and the temporal subsampling of a source."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from ..exceptions import FerError
from ..media.video_frames import MAX_RATE


@dataclasses.dataclass(frozen=True, eq=False)
class Frame:
    """One frame.

    Attributes
    ----------
    index : int
        Index in the source, from 0. Skipped frames are counted.
    timestamp : float
        Time since the start of the source in seconds.
    image : ndarray, shape (H, W) or (H, W, 3), uint8
        Grey, or blue, green, red.
    """

    index: int
    timestamp: float
    image: np.ndarray


@dataclasses.dataclass(frozen=True)
class FrameSampling:
    """Temporal subsampling of a source. By default all frames are used.

    Parameters
    ----------
    frame_step : int
        Use every `frame_step`-th frame.
    fps : float, optional
        Use at most this many frames per second. It excludes `frame_step`.

    Raises
    ------
    FerError
        If a value is not above 0, `fps` is above `MAX_RATE`, or both are given.
    """

    frame_step: int = 1
    fps: float | None = None

    def __post_init__(self) -> None:
        if self.frame_step < 1:
            raise FerError(f"frame_step={self.frame_step}: a number of at least 1 is needed")
        if self.fps is not None and not 0 < self.fps <= MAX_RATE:
            raise FerError(f"fps={self.fps}: a number above 0 and up to {MAX_RATE:g} is needed")
        if self.frame_step > 1 and self.fps is not None:
            raise FerError("frame_step and fps exclude each other: give one of them")

    def sampled_fps(self, fps: float) -> float:
        """Frames per second that remain of a source with `fps` frames per second."""
        return fps / self.frame_step if self.fps is None else min(fps, self.fps)

    def selector(self) -> Callable[[int, float], bool]:
        """Return a function that decides for consecutive frames, by index and timestamp, whether they are used.

        With `fps` it selects the first frame of each period of 1 / `fps` seconds.
        """
        if self.fps is None:
            return lambda index, timestamp: index % self.frame_step == 0
        fps, last_period = self.fps, -1

        def selects(index: int, timestamp: float) -> bool:
            nonlocal last_period
            # A tolerance of a millionth of a period compensates the rounding of accumulated timestamps.
            before, last_period = last_period, max(last_period, math.floor(timestamp * fps + 1e-6))
            return last_period > before

        return selects
