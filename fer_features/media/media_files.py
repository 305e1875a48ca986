"""Image and video files in a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ..exceptions import FerError
from .decoding import IMAGE_SUFFIXES

#: Suffixes of files in a folder that are read as images.
READABLE_SUFFIXES = (*IMAGE_SUFFIXES, ".gif", ".jp2", ".avif", ".ppm", ".jpe")
#: Suffixes of files in a folder that are read as videos.
VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".wmv", ".mpg", ".mpeg", ".flv")


def images_and_videos(folder: Path) -> list[Path]:
    """Return the images and videos of a folder and its subfolders, ordered by name and number.

    Raises
    ------
    FerError
        If there is none, or the folder cannot be read.
    """
    suffixes = (*READABLE_SUFFIXES, *VIDEO_SUFFIXES)
    files = sorted(files_in_folder(folder, suffixes, recursive=True), key=lambda file: natural_sort_key(str(file)))
    if not files:
        raise FerError(f"{folder} is a folder without an image or video ({', '.join(suffixes)})")
    return files


def files_in_folder(folder: Path, suffixes: tuple[str, ...], recursive: bool) -> Iterator[Path]:
    """Yield the files of a folder that have one of the suffixes and are not hidden.

    Raises
    ------
    FerError
        If the folder cannot be read.
    """
    try:
        for path in folder.rglob("*") if recursive else folder.iterdir():
            if path.suffix.lower() in suffixes and not path.name.startswith(".") and not path.is_dir():
                yield path
    except OSError as error:
        raise FerError(f"{error.filename or folder} cannot be read: {error.strerror or error}") from error


def natural_sort_key(name: str) -> list[tuple[int, str]]:
    """Return a sort key that orders numbers by value, and names with the same numbers as text.

    Examples
    --------
    >>> sorted(["frame_10.png", "frame_2.png", "frame_02.png"], key=natural_sort_key)
    ['frame_02.png', 'frame_2.png', 'frame_10.png']
    """
    parts = re.split(r"([0-9]+)", name)  # every second part is a number of any length
    numbers = [number.lstrip("0") for number in parts[1::2]]
    keys = [(-1, text) for text in parts]
    keys[1::2] = [(len(number), number) for number in numbers]
    return [*keys, (-2, name)]
