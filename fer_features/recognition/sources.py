"""Where frames come from, one at a time: a picture, a folder of frames, a video, a camera."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import os
import re
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..datasets.folders import SUFFIXES
from ..exceptions import FerError
from .image_io import read_picture

#: Names of files that are taken for pictures in a folder.
PICTURES = (*SUFFIXES, ".gif", ".jp2", ".avif", ".ppm", ".jpe")
#: A container's count of frames is an estimate; a video that ends this share before it is cut short.
SHORT = 0.02
#: Seconds between frames of a sequence whose rate nobody knows.
RATE = 25.0


@dataclasses.dataclass(frozen=True, eq=False)
class Frame:
    """One frame.

    Attributes
    ----------
    index : int
        Its number in the source, from 0; frames that are skipped count.
    time : float
        In seconds from the start of the source.
    picture : ndarray, shape (H, W) or (H, W, 3), uint8
        Grey, or blue, green, red.
    """

    index: int
    time: float
    picture: np.ndarray


@dataclasses.dataclass(frozen=True)
class Skipping:
    """Which frames of a source are taken: every `every`-th, or at most `fps` a second; both by default all."""

    every: int = 1
    fps: float | None = None

    def __post_init__(self) -> None:
        if self.every < 1 or (self.fps is not None and not self.fps > 0):
            raise FerError(f"every={self.every}, fps={self.fps}: numbers above 0 are needed")
        if self.every > 1 and self.fps is not None:
            raise FerError("frames are skipped by --every or by --fps: give one of them")

    def of(self, rate: float) -> float:
        """Frames a second that are taken, of so many."""
        return rate / self.every if self.fps is None else min(rate, self.fps)

    def taker(self) -> Callable[[int, float], bool]:
        """Says of frames in order, by index and time in seconds, which are taken: of a period of `fps` the first."""
        if self.fps is None:
            return lambda index, time: index % self.every == 0
        rate, last = self.fps, -1

        def takes(index: int, time: float) -> bool:
            nonlocal last
            # A millionth of a period makes up for times that are sums of thirtieths.
            before, last = last, max(last, math.floor(time * rate + 1e-6))
            return last > before

        return takes


class Still:
    """A picture file: one frame."""

    moving = False

    def __init__(self, path: str | Path):
        self.name = str(path)
        self.total: int | None = 1

    def __iter__(self) -> Iterator[Frame]:
        yield Frame(0, 0.0, read_picture(Path(self.name)))


class Broken:
    """An input that is nothing of all this: iterating over it raises the error that says so."""

    moving = False

    def __init__(self, name: str | Path, error: FerError):
        self.name, self.error = str(name), error
        self.total: int | None = 0

    def __iter__(self) -> Iterator[Frame]:
        raise self.error


class Sequence:
    """A folder of frames, in the order of the numbers in their names.

    Parameters
    ----------
    path : str or Path
    rate : float
        Frames a second; nobody writes it into picture files.
    """

    moving = True

    def __init__(self, path: str | Path, skipping: Skipping | None = None, rate: float = RATE):
        self.name = str(path)
        self.files = sorted(pictures_in(Path(path), deep=False), key=lambda file: natural(file.name))
        if not self.files:
            raise FerError(f"{path} has no picture: a sequence is a folder of frames ({', '.join(PICTURES)})")
        self.total: int | None = len(self.files)
        self.skipping, self.rate = skipping or Skipping(), rate

    def __iter__(self) -> Iterator[Frame]:
        takes = self.skipping.taker()
        for index, file in enumerate(self.files):
            if takes(index, index / self.rate):
                yield Frame(index, index / self.rate, read_picture(file))


class Video:
    """A video file, or a camera by its number; frames are decoded as they are asked for.

    Raises
    ------
    FerError
        When iterated: for what cannot be opened, has no frame, or ends before its end.
    """

    moving = True

    def __init__(self, path: str | Path | int, skipping: Skipping | None = None):
        self.live = isinstance(path, int)
        self.path, self.skipping = path, skipping or Skipping()
        self.name = f"camera {path}" if self.live else str(path)
        self.total: int | None = None
        self.rate = RATE

    def __iter__(self) -> Iterator[Frame]:
        if not self.live:
            _check_file(Path(str(self.path)))
        capture = _opened(self.path if isinstance(self.path, int) else str(self.path))
        try:
            if not capture.isOpened():
                raise FerError(f"{self.name} cannot be opened: " + self._why())
            count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if not self.live else 0
            self.total = count if count > 0 else None
            read = yield from self._frames(capture)
        finally:
            capture.release()
        if not read:
            raise FerError(f"{self.name} has no frame that can be decoded: it is empty, damaged or no video")
        if count > 0 and count - read > max(1, SHORT * count):
            raise FerError(f"{self.name} is cut short: {read} of {count} frames could be read")

    def _frames(self, capture: Any) -> Generator[Frame, None, int]:
        start, last, index = time.monotonic(), -1.0, 0
        takes, rate = self.skipping.taker(), capture.get(cv2.CAP_PROP_FPS)
        self.rate = rate if np.isfinite(rate) and 0 < rate < 1e4 else RATE
        while capture.grab():
            # The container's own time knows uneven rates; where it stands still the rate has to do.
            stamp = time.monotonic() - start if self.live else capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            now = stamp if np.isfinite(stamp) and stamp > last and (index or stamp < 1) else index / self.rate
            if takes(index, now):
                good, picture = capture.retrieve()
                if not good or picture is None or not picture.size:
                    break
                yield Frame(index, now, picture)
            last, index = now, index + 1
        return index

    def _why(self) -> str:
        return "there is no such camera, or another program has it" if self.live else "it is no video that is known"


def sources(
    inputs: list[str], sequence: bool = False, skipping: Skipping | None = None
) -> Iterator[Still | Sequence | Video | Broken]:
    """What inputs of a command mean.

    Parameters
    ----------
    inputs : list of str
        Pictures, videos and folders.
    sequence : bool
        Whether the pictures of a folder are frames of one sequence; else each stands for itself, in folders below too.
    skipping : Skipping, optional
        Of videos and sequences.

    Yields
    ------
    Still, Sequence, Video or Broken
        What cannot be used comes too, and says why when it is iterated over.
    """
    for text in inputs:
        path = Path(text)
        try:
            if not path.exists():
                raise FerError(f"{path} does not exist")
            if not path.is_dir():
                yield file_source(path, skipping)
            elif sequence:
                yield Sequence(path, skipping)
            else:
                files = sorted(pictures_in(path, deep=True), key=lambda file: natural(str(file)))
                if not files:
                    raise FerError(
                        f"{path} is a folder without a picture ({', '.join(PICTURES)}); videos are given one by one"
                    )
                yield from (file_source(file, skipping) for file in files)
        except FerError as error:
            yield Broken(path, error)
        except OSError as error:
            yield Broken(path, FerError(f"{error.filename or path} cannot be read: {error.strerror or error}"))


def file_source(path: Path, skipping: Skipping | None = None) -> Still | Video:
    """A file as a picture or a video, by its name or, where that says nothing, by its contents."""
    suffix = path.suffix.lower()
    if suffix == ".gif":
        return Video(path, skipping) if _animated(path) else Still(path)
    if suffix in PICTURES:
        return Still(path)
    with contextlib.suppress(cv2.error):
        if not suffix and cv2.haveImageReader(str(path)):
            return Still(path)
    return Video(path, skipping)


def pictures_in(folder: Path, deep: bool) -> Iterator[Path]:
    """Files of a folder that are pictures by their names, and of those below."""
    for path in folder.rglob("*") if deep else folder.iterdir():
        if path.suffix.lower() in PICTURES and not path.name.startswith(".") and path.is_file():
            yield path


def natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts frame_2 before frame_10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", name)]


def _animated(path: Path) -> bool:
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


def _opened(what: str | int) -> Any:
    # The decoder would write its own complaints beside our one line.
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        # By file and no other way: a name with % or :// in it would be taken for a pattern or an address.
        return (
            cv2.VideoCapture(what) if isinstance(what, int) else cv2.VideoCapture(os.path.abspath(what), cv2.CAP_FFMPEG)
        )
    finally:
        cv2.utils.logging.setLogLevel(level)
