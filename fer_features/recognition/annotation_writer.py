"""Writing of annotated images and videos."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .._atomic import atomic_write, check_writable
from ..exceptions import FerError
from ..media.opencv_files import count_frames, opencv_path
from .annotation import annotate_frame
from .frame_results import FrameResult
from .output_names import unused_name

#: Codec of each video suffix.
VIDEO_CODECS = {".mp4": "mp4v", ".avi": "MJPG", ".mov": "mp4v", ".mkv": "mp4v"}
#: Smallest number of frames per second that the encoders accept.
MIN_FPS = 0.01
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
        """Check that the output fits the inputs and can be written, and create the folder.

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
            a file or folder that cannot be written.
        """
        if not self.is_file:
            try:
                self.out.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise FerError(f"annotate='{self.out}' cannot be written: {error.strerror}") from error
        elif len(names) != 1:
            raise FerError(f"annotate='{self.out}' is one file, for {len(names)} inputs: a folder is needed")
        elif is_stream != (self.out.suffix.lower() in VIDEO_CODECS):
            suffixes = ", ".join(VIDEO_CODECS if is_stream else ENCODED_SUFFIXES)
            raise FerError(f"annotate='{self.out}': {names[0]} needs a folder or a name that ends in {suffixes}")
        else:
            check_writable(self.out)

    def write_image(self, name: str, result: FrameResult) -> None:
        """Write the annotated image of an input."""
        path = self._path(name, ".jpg")
        encoded, content = cv2.imencode(path.suffix, annotate_frame(result.frame.image, result.faces, "no face"))
        if not encoded:
            raise FerError(f"{path} cannot be written: the image cannot be encoded")
        with atomic_write(path) as temporary:
            temporary.write_bytes(content.tobytes())
            if temporary.stat().st_size != content.size:
                raise FerError(f"{path} cannot be written completely: the disk may be full")

    @contextlib.contextmanager
    def open_video(self, name: str) -> Iterator[AnnotatedVideo]:
        """Open the annotated video of an input. It appears under its name when it is complete.

        Raises
        ------
        FerError
            If it cannot be written, or fewer frames can be read from it than were written.
        """
        path = self._path(name, ".mp4")
        with contextlib.ExitStack() as stack:
            video = AnnotatedVideo(lambda: stack.enter_context(opencv_path(stack.enter_context(atomic_write(path)))))
            try:
                yield video
            finally:
                video.close()
            n_readable = video.count_frames()
            if n_readable != video.n_frames:
                raise FerError(
                    f"{path} cannot be written: {n_readable} of its {video.n_frames} frames can be read, "
                    "so that the disk may be full"
                )

    def _path(self, name: str, suffix: str) -> Path:
        if self.is_file:
            return self.out
        return self.out / unused_name(f"{Path(name).stem or 'frames'}_faces", suffix, self._used_names)


class AnnotatedVideo:
    """A video file of annotated frames. Frames of another size than the first one are letterboxed.

    Parameters
    ----------
    create : callable
        Returns the name of the file. It is called for the first frame.

    Attributes
    ----------
    n_frames : int
        Number of frames.
    """

    def __init__(self, create: Callable[[], str]):
        self.n_frames = 0
        self._create, self._name = create, ""
        self._writer: Any = None
        self._size = (0, 0)

    def write(self, result: FrameResult, fps: float) -> None:
        """Add an annotated frame. `fps` is the rate of the video in frames per second."""
        frame = annotate_frame(result.frame.image, result.faces, "no face")
        if self._writer is None:
            # The codecs need an even width and height.
            self._size = (max(2, frame.shape[1] // 2 * 2), max(2, frame.shape[0] // 2 * 2))
            self._name = self._create()
            codec = cv2.VideoWriter.fourcc(*VIDEO_CODECS[Path(self._name).suffix.lower()])
            self._writer = cv2.VideoWriter(self._name, codec, max(fps, MIN_FPS), self._size)
            if not self._writer.isOpened():
                name = Path(self._name).name
                raise FerError(f"{name} cannot be written: there is no encoder for it, or the disk is full")
        self._writer.write(letterbox(frame, self._size))
        self.n_frames += 1

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.release()

    def count_frames(self) -> int:
        """Return the number of frames that can be read from the finished file: an encoder reports no errors."""
        return count_frames(Path(self._name)) if self.n_frames else 0


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
