"""Sources of frames: image files, folders of frames, videos and cameras, read one frame at a time."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

from .._files import regular_file
from ..exceptions import FerError, FerWarning
from ..media.media_files import READABLE_SUFFIXES, files_in_folder, images_and_videos, natural_sort_key
from ..media.opencv_files import is_animated, is_image
from ..media.video_frames import DEFAULT_RATE, UnreadableVideo, VideoFrames
from ..samples.image_columns import MAX_PIXELS
from .frames import Frame, FrameSampling
from .image_io import load_image


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
    id : str
        Path relative to the folder that was given; the name of a file that was given itself.
    is_stream : bool
        Whether frames follow each other in time.
    is_live : bool
        Whether the source is a camera.
    """

    is_stream = False
    is_live = False

    def __init__(self, name: str | Path, n_frames: int | None, sampling: FrameSampling | None = None):
        self.name, self.n_frames, self.id = str(name), n_frames, Path(name).name
        self.sampling, self.fps = sampling or FrameSampling(), DEFAULT_RATE

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

    def __init__(self, path: str | Path, sampling: FrameSampling | None = None, fps: float = DEFAULT_RATE):
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
    max_pixels : int, default `MAX_PIXELS`
        Frames with more pixels are refused.

    Raises
    ------
    FerError
        During iteration, if the video cannot be opened, its frames have too many pixels, or no frame can be decoded.

    Warns
    -----
    FerWarning
        At the end, if fewer frames could be decoded than the container declares. The file may be truncated, but
        the number can also be wrong.
    """

    is_stream = True

    def __init__(self, path: str | Path | int, sampling: FrameSampling | None = None, max_pixels: int = MAX_PIXELS):
        self.max_pixels = max_pixels
        self.is_live = isinstance(path, int)
        super().__init__(f"camera {path}" if self.is_live else str(path), None, sampling)
        self.path = path if isinstance(path, int) else Path(path)

    def __iter__(self) -> Iterator[Frame]:
        try:
            with VideoFrames(self.path, self.max_pixels) as video:
                self.n_frames, self.fps = video.n_declared or None, video.fps
                yield from self._frames(video)
        except UnreadableVideo as error:
            raise FerError(f"{self.name} {error}") from error
        if not video.n_read:
            raise FerError(f"{self.name} has no frame that can be decoded: it is empty, damaged or not a video")
        self.n_frames = video.n_read
        if video.is_truncated:
            message = f"{self.name} ends after {video.n_read} of the {video.n_declared} frames that it declares"
            warnings.warn(f"{message}: it may be truncated", FerWarning, stacklevel=2)

    def _frames(self, video: VideoFrames) -> Iterator[Frame]:
        selects = self.sampling.selector()
        for timestamp in video:
            if not selects(video.n_read - 1, timestamp):
                continue
            try:
                image = video.image()
            except UnreadableVideo:  # the frames before it are used
                video.n_read -= 1
                return
            yield Frame(video.n_read - 1, timestamp, image)


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
            if path.is_dir() and sequence:
                yield SequenceSource(path, sampling)
                continue
            files = images_and_videos(path) if path.is_dir() else [path]
        except FerError as error:
            yield InvalidSource(path, error)
            continue
        for file in files:
            source: FrameSource
            try:
                source = source_from_file(file, sampling)
            except FerError as error:
                source = InvalidSource(file, error)
            if path.is_dir():
                source.id = file.relative_to(path).as_posix()
            yield source


def source_from_file(path: Path, sampling: FrameSampling | None = None) -> ImageSource | VideoSource:
    """Create the source of an image or video file, by its suffix or, without a suffix, by its contents.

    Raises
    ------
    FerError
        If it is not a regular file that can be read.
    """
    suffix = regular_file(path).suffix.lower()
    if suffix == ".gif":
        return VideoSource(path, sampling) if is_animated(path) else ImageSource(path)
    if suffix in READABLE_SUFFIXES:
        return ImageSource(path)
    return ImageSource(path) if not suffix and is_image(path) else VideoSource(path, sampling)
