"""Sources of frames: image files, folders of frames, videos and cameras, read one frame at a time."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..datasets.decoding import IMAGE_SUFFIXES
from ..exceptions import FerError
from .frames import Frame, FrameSampling
from .image_io import load_image

#: Suffixes of files in a folder that are read as images.
READABLE_SUFFIXES = (*IMAGE_SUFFIXES, ".gif", ".jp2", ".avif", ".ppm", ".jpe")
#: Suffixes of files in a folder that are read as videos.
VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".wmv", ".mpg", ".mpeg")
#: A video that ends this fraction of its frames early is truncated; the frame count of a container is an estimate.
MAX_MISSING_FRACTION = 0.02
#: Frames per second of sources whose rate is unknown.
DEFAULT_FPS = 25.0


class FrameSource:
    """Base class of sources: an iterable of `Frame`.

    Attributes
    ----------
    name : str
        Path or description, for records and messages.
    n_frames : int or None
        Number of frames, as far as it is known.
    fps : float
        Frames per second.
    sampling : FrameSampling
    is_stream : bool
        Whether frames follow each other in time.
    is_live : bool
        Whether the source is a camera.
    """

    is_stream = False
    is_live = False

    def __init__(self, name: str | Path, n_frames: int | None, sampling: FrameSampling | None = None):
        self.name, self.n_frames = str(name), n_frames
        self.sampling, self.fps = sampling or FrameSampling(), DEFAULT_FPS

    def __iter__(self) -> Iterator[Frame]:
        raise NotImplementedError


class ImageSource(FrameSource):
    """An image file, which is a source of one frame."""

    def __init__(self, path: str | Path):
        super().__init__(path, 1)

    def __iter__(self) -> Iterator[Frame]:
        yield Frame(0, 0.0, load_image(Path(self.name)))


class InvalidSource(FrameSource):
    """An input that cannot be used. Iteration raises its error."""

    def __init__(self, name: str | Path, error: FerError):
        super().__init__(name, 0)
        self.error = error

    def __iter__(self) -> Iterator[Frame]:
        raise self.error


class SequenceSource(FrameSource):
    """A folder of frames, in the order of the numbers in the file names.

    Parameters
    ----------
    path : str or Path
    sampling : FrameSampling, optional
    fps : float
        Frames per second, which image files do not record.

    Raises
    ------
    FerError
        If the folder contains no image.
    """

    is_stream = True

    def __init__(self, path: str | Path, sampling: FrameSampling | None = None, fps: float = DEFAULT_FPS):
        files = files_in_folder(Path(path), READABLE_SUFFIXES, recursive=False)
        self.files = sorted(files, key=lambda file: natural_sort_key(file.name))
        if not self.files:
            raise FerError(
                f"{path} contains no image: a sequence is a folder of frames ({', '.join(READABLE_SUFFIXES)})"
            )
        super().__init__(path, len(self.files), sampling)
        self.fps = fps

    def __iter__(self) -> Iterator[Frame]:
        selects = self.sampling.selector()
        for index, file in enumerate(self.files):
            if selects(index, index / self.fps):
                yield Frame(index, index / self.fps, load_image(file))


class VideoSource(FrameSource):
    """A video file, or a camera. Frames are decoded on demand.

    Parameters
    ----------
    path : str, Path or int
        A file, or the number of a camera.
    sampling : FrameSampling, optional

    Raises
    ------
    FerError
        During iteration, if the video cannot be opened, has no frame, or is truncated.
    """

    is_stream = True

    def __init__(self, path: str | Path | int, sampling: FrameSampling | None = None):
        self.is_live = isinstance(path, int)
        super().__init__(f"camera {path}" if self.is_live else str(path), None, sampling)
        self.path = path

    def __iter__(self) -> Iterator[Frame]:
        if not self.is_live:
            _check_file(Path(str(self.path)))
        capture = _open_capture(self.path if isinstance(self.path, int) else str(self.path))
        try:
            if not capture.isOpened():
                raise FerError(f"{self.name} cannot be opened: " + self._reason())
            n_frames = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if not self.is_live else 0
            self.n_frames = n_frames if n_frames > 0 else None
            n_read = yield from self._frames(capture)
        finally:
            capture.release()
        if not n_read:
            raise FerError(f"{self.name} has no frame that can be decoded: it is empty, damaged or not a video")
        if n_frames > 0 and n_frames - n_read > max(1, MAX_MISSING_FRACTION * n_frames):
            raise FerError(f"{self.name} is truncated: {n_read} of {n_frames} frames could be read")

    def _frames(self, capture: Any) -> Generator[Frame, None, int]:
        start, last, index = time.monotonic(), -1.0, 0
        selects, fps = self.sampling.selector(), capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if np.isfinite(fps) and 0 < fps < 1e4 else DEFAULT_FPS
        while capture.grab():
            # Timestamps of the container also describe variable rates. The rate is used where they do not increase.
            stamp = time.monotonic() - start if self.is_live else capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            now = stamp if np.isfinite(stamp) and stamp > last and (index or stamp < 1) else index / self.fps
            if selects(index, now):
                decoded, image = capture.retrieve()
                if not decoded or image is None or not image.size:
                    break
                yield Frame(index, now, image)
            last, index = now, index + 1
        return index

    def _reason(self) -> str:
        if self.is_live:
            return "the camera does not exist, or another program uses it"
        return "it is not a video of a known format"


def sources_from_inputs(
    inputs: list[str], sequence: bool = False, sampling: FrameSampling | None = None
) -> Iterator[FrameSource]:
    """Create the sources of the inputs of a command.

    Parameters
    ----------
    inputs : list of str
        Image files, videos and folders.
    sequence : bool
        Whether the images of a folder are the frames of one sequence. By default each image and video of the folder and
        its subfolders is a source of its own.
    sampling : FrameSampling, optional
        Applied to videos and sequences.

    Yields
    ------
    FrameSource
        An `InvalidSource` for each input that cannot be used.
    """
    for text in inputs:
        path = Path(text)
        try:
            if not path.exists():
                raise FerError(f"{path} does not exist")
            if not path.is_dir():
                yield source_from_file(path, sampling)
            elif sequence:
                yield SequenceSource(path, sampling)
            else:
                found = files_in_folder(path, (*READABLE_SUFFIXES, *VIDEO_SUFFIXES), recursive=True)
                files = sorted(found, key=lambda file: natural_sort_key(str(file)))
                if not files:
                    suffixes = ", ".join((*READABLE_SUFFIXES, *VIDEO_SUFFIXES))
                    raise FerError(f"{path} is a folder without an image or video ({suffixes})")
                yield from (source_from_file(file, sampling) for file in files)
        except FerError as error:
            yield InvalidSource(path, error)
        except OSError as error:
            yield InvalidSource(path, FerError(f"{error.filename or path} cannot be read: {error.strerror or error}"))


def source_from_file(path: Path, sampling: FrameSampling | None = None) -> ImageSource | VideoSource:
    """Create the source of an image or video file, by its suffix or, without a suffix, by its contents."""
    suffix = path.suffix.lower()
    if suffix == ".gif":
        return VideoSource(path, sampling) if _is_animated(path) else ImageSource(path)
    if suffix in READABLE_SUFFIXES:
        return ImageSource(path)
    with contextlib.suppress(cv2.error):
        if not suffix and cv2.haveImageReader(str(path)):
            return ImageSource(path)
    return VideoSource(path, sampling)


def files_in_folder(folder: Path, suffixes: tuple[str, ...], recursive: bool) -> Iterator[Path]:
    """Yield the files of a folder that have one of the suffixes and are not hidden."""
    for path in folder.rglob("*") if recursive else folder.iterdir():
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file():
            yield path


def natural_sort_key(name: str) -> list[tuple[int, str]]:
    """Return a sort key that orders numbers by value.

    Examples
    --------
    >>> sorted(["frame_10.png", "frame_2.png"], key=natural_sort_key)
    ['frame_2.png', 'frame_10.png']
    """
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", name)]


def _is_animated(path: Path) -> bool:
    try:
        return cv2.imcount(str(path)) > 1
    except cv2.error:
        return False


def _check_file(path: Path) -> None:
    try:
        size = path.stat().st_size
        with open(path, "rb"):
            pass
    except OSError as error:
        raise FerError(f"{path} cannot be read: {error.strerror or error}") from error
    if not size:
        raise FerError(f"{path} is empty")


def _open_capture(path_or_camera: str | int) -> Any:
    # The decoder would print its own messages in addition to our one line.
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        if isinstance(path_or_camera, int):
            return cv2.VideoCapture(path_or_camera)
        # An absolute path and a fixed backend: a name with % or :// would be taken for a pattern or an address.
        return cv2.VideoCapture(os.path.abspath(path_or_camera), cv2.CAP_FFMPEG)
    finally:
        cv2.utils.logging.setLogLevel(level)
