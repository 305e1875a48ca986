"""`ClipColumn`: frames of clips that are decoded on access, from image files and videos."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..exceptions import FerError
from ..media.decoding import UnreadableImage, decode_image
from ..media.media_files import VIDEO_SUFFIXES
from ..media.video_frames import UnreadableVideo, VideoFrames
from ..samples.columns import LazyColumn, stack_if_equal
from ..samples.source_regions import Region, fitted_region
from .grey_frames import GreyFrame, grey_frame

#: Bytes of decoded frames of videos that a column keeps.
MAX_KEPT_BYTES = 1 << 28
#: Frame number of the image of the neutral face that is not part of the clip.
NEUTRAL_IMAGE_NUMBER = -1


@dataclass(frozen=True)
class ClipFrames:
    """Frames of a clip that a table shows.

    Attributes
    ----------
    files : tuple of Path
        The images of the clip in order of time, or one video.
    numbers : tuple of int
        Number of each shown frame in the clip, from 0; `NEUTRAL_IMAGE_NUMBER` for `neutral`.
    size : tuple of int
        Height and width of the frames in pixels.
    neutral : Path or None
        Image of the neutral face.
    box : tuple of 4 float, or None
        x, y, width and height in pixels to which the frames of the clip, and not `neutral`, are cropped.
    regions : tuple of Region
        The part of its file that each frame shows.
    """

    files: tuple[Path, ...]
    numbers: tuple[int, ...]
    size: tuple[int, int]
    neutral: Path | None = None
    box: tuple[float, float, float, float] | None = None
    regions: tuple[Region, ...] = ()

    def read(self, positions: Sequence[int]) -> np.ndarray:
        """Decode some of the frames.

        Parameters
        ----------
        positions : sequence of k int
            Positions in `numbers`.

        Returns
        -------
        ndarray, shape (k, H, W), uint8

        Raises
        ------
        FerError
            For a frame that cannot be decoded any more.
        """
        wanted = [self.numbers[position] for position in positions]
        frames = {}
        if NEUTRAL_IMAGE_NUMBER in wanted and self.neutral is not None:
            frames[NEUTRAL_IMAGE_NUMBER] = self._read_image(self.neutral, None)
        in_clip = sorted({*wanted} - {NEUTRAL_IMAGE_NUMBER})
        if in_clip and is_video(self.files):
            frames.update(self._read_video(in_clip))
        else:
            frames.update({number: self._read_image(self.files[number], self.box) for number in in_clip})
        return np.stack([frames[number] for number in wanted])

    def _read_image(self, file: Path, box: tuple[float, float, float, float] | None) -> np.ndarray:
        try:
            return fit_to_size(grey_frame(decode_image(file), box).image, self.size)
        except UnreadableImage as error:
            raise FerError(f"{file} {error}") from error

    def _read_video(self, numbers: Sequence[int]) -> dict[int, np.ndarray]:
        file, frames = self.files[0], {}
        try:
            with VideoFrames(file) as video:
                for number, _ in enumerate(video):
                    if number in numbers:
                        frames[number] = fit_to_size(grey_frame(video.image(), self.box).image, self.size)
                    if number == numbers[-1]:
                        return frames
        except (UnreadableVideo, UnreadableImage) as error:
            raise FerError(f"{file} {error}") from error
        raise FerError(f"{file} ends before frame {numbers[-1]}, which it had when it was loaded")


class ClipColumn(LazyColumn):
    """Clips whose frames are decoded on access; a pickle holds the names of files and the numbers of frames only.

    Parameters
    ----------
    clips : sequence of ClipFrames
    n_frames : int
        Number of frames of each clip.

    Raises
    ------
    FerError
        On access, for a frame that cannot be decoded any more.

    Notes
    -----
    A video is decoded from its beginning to the last frame that is wanted, because seeking is inexact. All frames of
    the column are then kept until `MAX_KEPT_BYTES` of later videos are decoded, so that an extractor which asks for one
    frame of a few clips after another decodes them once.
    """

    def __init__(self, clips: Sequence[ClipFrames], n_frames: int):
        self.clips = tuple(clips)
        sizes = {clip.size for clip in self.clips}
        size = sizes.pop() if len(sizes) == 1 else (None, None)
        self.shape = (len(self.clips), n_frames, *size)
        self._decoded = _DecodedVideos()

    def __getitem__(self, indices: Any) -> Any:
        return self._read(np.atleast_1d(np.arange(len(self))[indices]), range(self.shape[1]))

    def frame(self, indices: Any, t: int) -> Any:
        """Frame `t` of some samples, (k, H, W), or a list of (H, W); no other image file is read."""
        frames = self._read(np.arange(len(self))[indices], [range(self.shape[1])[t]])
        return frames[:, 0] if isinstance(frames, np.ndarray) else [clip[0] for clip in frames]

    def sizes(self, indices: np.ndarray) -> np.ndarray:
        """Width and height of the images of some samples, (k, 2); nothing is read."""
        return np.array([self.clips[i].size[::-1] for i in indices], np.int64).reshape(-1, 2)

    def _read(self, indices: np.ndarray, positions: Sequence[int]) -> Any:
        if not len(indices):
            return np.empty((0, len(positions), *(size or 1 for size in self.shape[2:])), np.uint8)
        return stack_if_equal([self._read_clip(int(i), positions) for i in indices])

    def _read_clip(self, i: int, positions: Sequence[int]) -> np.ndarray:
        clip = self.clips[i]
        if not is_video(clip.files):
            return clip.read(positions)
        frames = self._decoded.get(i)
        if frames is None:
            frames = clip.read(range(self.shape[1]))
            self._decoded.keep(i, frames)
        return frames[list(positions)]


class _DecodedVideos:
    """Frames of the videos that were decoded last; a pickle has none."""

    def __init__(self) -> None:
        self._frames: dict[int, np.ndarray] = {}
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type, tuple[()]]:
        return type(self), ()

    def get(self, i: int) -> np.ndarray | None:
        with self._lock:
            return self._frames.get(i)

    def keep(self, i: int, frames: np.ndarray) -> None:
        with self._lock:
            self._frames[i] = frames
            while sum(kept.nbytes for kept in self._frames.values()) > MAX_KEPT_BYTES:
                del self._frames[next(iter(self._frames))]


def fit_to_size(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scale an image to fit into a size, and centre it; the margins repeat its borders.

    Parameters
    ----------
    image : ndarray, shape (h, w), uint8
    size : tuple of int
        Height and width.

    Returns
    -------
    ndarray, shape (H, W), uint8
        `image` itself if it has this size. Height and width are scaled by the same factor, since another ratio would
        look like a motion of the face.

    Examples
    --------
    >>> fit_to_size(np.full((2, 2), 7, np.uint8), (2, 4)).tolist()
    [[7, 7, 7, 7], [7, 7, 7, 7]]
    """
    if image.shape == size:
        return image
    (height, width), (top, left) = _scaled_size_and_margins(image.shape, size)
    is_smaller = height * width < image.size
    scaled = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR)
    margins = top, size[0] - height - top, left, size[1] - width - left
    return cv2.copyMakeBorder(scaled, *margins, cv2.BORDER_REPLICATE)


def region_after_fit(frame: GreyFrame, size: tuple[int, int]) -> Region:
    """The part of its file that a frame shows after `fit_to_size`."""
    return fitted_region(frame.region, *_scaled_size_and_margins(frame.image.shape, size), size)


def _scaled_size_and_margins(shape: Sequence[int], size: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Height and width to which `fit_to_size` scales an image, and the margins at the top and left."""
    factor = min(size[0] / shape[0], size[1] / shape[1])
    height, width = (min(max(1, round(factor * a)), b) for a, b in zip(shape, size, strict=True))
    return (height, width), ((size[0] - height) // 2, (size[1] - width) // 2)


def is_video(files: Sequence[Path]) -> bool:
    """Whether the files of a clip are one video."""
    return len(files) == 1 and files[0].suffix.lower() in VIDEO_SUFFIXES
