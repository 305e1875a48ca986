"""Writing of annotated images and videos."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .._atomic import atomic_write
from ..exceptions import FerError
from .annotation import annotate_frame
from .frame_results import FrameResult

#: Codec of each video suffix.
VIDEO_CODECS = {".mp4": "mp4v", ".avi": "MJPG", ".mov": "mp4v", ".mkv": "mp4v"}
#: Suffixes of images that can be written.
ENCODED_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")


class AnnotationWriter:
    """Write annotated frames: an image for an image, a video for a stream.

    Parameters
    ----------
    out : Path
        A folder, in which each input gets a file named after it; or a file for a single input.
    """

    def __init__(self, out: Path):
        self.out = out
        self.is_file = out.suffix.lower() in (*VIDEO_CODECS, *ENCODED_SUFFIXES)
        self._used_names: set[str] = set()

    def check(self, names: Sequence[str], is_stream: bool) -> None:
        """Check that the output fits the inputs, and create the folder.

        Parameters
        ----------
        names : sequence of str
            Names of the inputs.
        is_stream : bool
            Whether one of the inputs is a stream.

        Raises
        ------
        FerError
            For one file and several inputs, the suffix of an image for a stream, the suffix of a video for an image, or
            a folder that cannot be created.
        """
        if not self.is_file:
            try:
                self.out.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise FerError(f"--annotate {self.out} cannot be written: {error.strerror}") from error
        elif len(names) != 1:
            raise FerError(f"--annotate {self.out} is one file, for {len(names)} inputs: a folder is needed")
        elif is_stream != (self.out.suffix.lower() in VIDEO_CODECS):
            suffixes = ", ".join(VIDEO_CODECS if is_stream else ENCODED_SUFFIXES)
            raise FerError(f"--annotate {self.out}: {names[0]} needs a folder or a name that ends in {suffixes}")

    def write_image(self, name: str, result: FrameResult) -> None:
        """Write the annotated image of an input."""
        path = self._path(name, ".jpg")
        encoded, content = cv2.imencode(path.suffix, annotate_frame(result.frame.image, result.faces, "no face"))
        if not encoded:
            raise FerError(f"{path} cannot be written: the image cannot be encoded")
        with atomic_write(path) as temporary:
            temporary.write_bytes(content.tobytes())

    @contextlib.contextmanager
    def open_video(self, name: str) -> Iterator[AnnotatedVideo]:
        """Open the annotated video of an input. It appears under its name when it is complete."""
        path = self._path(name, ".mp4")
        # The encoder derives the container from the suffix, so that the temporary file needs the same one.
        working = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
        video = AnnotatedVideo(working)
        try:
            yield video
            video.close()
            if video.n_frames:
                with atomic_write(path) as temporary:
                    os.replace(working, temporary)
        finally:
            video.close()
            working.unlink(missing_ok=True)

    def _path(self, name: str, suffix: str) -> Path:
        if self.is_file:
            return self.out
        stem = Path(name).stem or "frames"
        unused, n = f"{stem}_faces{suffix}", 1
        while unused in self._used_names:
            n += 1
            unused = f"{stem}_faces-{n}{suffix}"
        self._used_names.add(unused)
        return self.out / unused


class AnnotatedVideo:
    """A video file of annotated frames. Frames of another size than the first one are letterboxed."""

    def __init__(self, path: Path):
        self.path, self.n_frames = path, 0
        self._writer: Any = None
        self._size = (0, 0)

    def write(self, result: FrameResult, fps: float) -> None:
        """Add an annotated frame. `fps` is the rate of the video in frames per second."""
        frame = annotate_frame(result.frame.image, result.faces, "no face")
        if self._writer is None:
            # The codecs need an even width and height.
            self._size = (max(2, frame.shape[1] // 2 * 2), max(2, frame.shape[0] // 2 * 2))
            codec = cv2.VideoWriter.fourcc(*VIDEO_CODECS[self.path.suffix.lower()])
            self._writer = cv2.VideoWriter(str(self.path), codec, fps, self._size)
            if not self._writer.isOpened():
                raise FerError(f"{self.path.name} cannot be written: there is no encoder for it, or the disk is full")
        self._writer.write(letterbox(frame, self._size))
        self.n_frames += 1

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.release()


def letterbox(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Fit a frame to a size without changing its aspect ratio.

    Parameters
    ----------
    frame : ndarray, shape (H, W, 3), uint8
    size : (int, int)
        Width and height in pixels.

    Returns
    -------
    ndarray, shape (height, width, 3), uint8
        The frame without its last row or column if it is larger by one pixel; else scaled, with black margins.
    """
    width, height = size
    if 0 <= frame.shape[0] - height <= 1 and 0 <= frame.shape[1] - width <= 1:
        return np.ascontiguousarray(frame[:height, :width])
    scale = min(width / frame.shape[1], height / frame.shape[0])
    scaled = (max(1, round(frame.shape[1] * scale)), max(1, round(frame.shape[0] * scale)))
    out = np.zeros((height, width, 3), np.uint8)
    x, y = (width - scaled[0]) // 2, (height - scaled[1]) // 2
    out[y : y + scaled[1], x : x + scaled[0]] = cv2.resize(frame, scaled, interpolation=cv2.INTER_AREA)
    return out
