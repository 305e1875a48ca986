"""What recognition writes as it goes: a row for each face and frame, annotated pictures and videos, landmarks."""

from __future__ import annotations

import contextlib
import csv
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import cv2
import numpy as np

from .._atomic import replacing
from ..exceptions import FerError
from .annotation import annotated
from .frame_results import Clip, Face, Moment
from .openface import OpenFaceWriter

#: Columns before the probabilities.
HEAD = ("file", "frame", "time", "face", "x", "y", "width", "height", "confidence", "status", "expression", "motion")
#: Endings of videos that are written, and their codecs.
CODECS = {".mp4": "mp4v", ".avi": "MJPG", ".mov": "mp4v", ".mkv": "mp4v"}
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")


def rows_of_moment(file: str, moment: Moment) -> list[dict[str, Any]]:
    """A row for each face of a frame; where there is none a row that says so."""
    head = {"file": file, "frame": moment.frame.index, "time": round(moment.frame.time, 3)}
    return [{**head, **_row(face)} for face in moment.faces] or [{**head, "status": "no face"}]


def row_of_clip(file: str, clip: Clip) -> dict[str, Any]:
    """The row that says what a face showed over the whole."""
    row = {"file": file, "face": clip.number, "status": "clip", "expression": clip.expression}
    if clip.apex is not None:
        row |= {"frame": clip.apex.frame, "time": round(clip.apex.time, 3), "motion": round(clip.apex.motion, 4)}
    return row | _named(clip.probabilities)


def _row(face: Face) -> dict[str, Any]:
    row: dict[str, Any] = {"face": face.number, "status": face.status, "expression": face.expression}
    if np.isfinite(face.box).all():
        row |= dict(zip(("x", "y", "width", "height"), (round(float(v), 1) for v in face.box), strict=True))
        row["confidence"] = round(face.confidence, 3)
    if face.motion is not None:
        row["motion"] = round(face.motion, 4)
    return row | _named(face.probabilities)


def _named(probabilities: dict[str, float]) -> dict[str, float]:
    return {f"probability_{name}": round(share, 6) for name, share in probabilities.items()}


class Table:
    """Rows written to a csv or JSON file as they come; JSON has what each face showed apart, under 'clips'.

    Parameters
    ----------
    file : text file
        Open for writing.
    json_too : bool
        JSON, else csv, where rows of clips have the status 'clip'.
    classes : sequence of str
        Names of the classes that have probabilities.
    """

    def __init__(self, file: IO[str], json_too: bool, classes: Sequence[str]):
        self.file, self.json = file, json_too
        self.names = [*HEAD, *(f"probability_{name}" for name in classes)]
        self.clips: list[dict[str, Any]] = []
        self._first = True
        if self.json:
            file.write(f'{{"classes": {json.dumps(list(classes))},\n"rows": [')
        else:
            self._lines = csv.writer(file, lineterminator="\n")
            self._lines.writerow(self.names)

    def add(self, row: dict[str, Any]) -> None:
        """Write a row."""
        if self.json and row["status"] == "clip":
            self.clips.append(row)
        elif self.json:
            self.file.write(("\n" if self._first else ",\n") + json.dumps(row))
            self._first = False
        else:
            self._lines.writerow([row.get(name, "") for name in self.names])

    def close(self) -> None:
        """Write what comes after the last row."""
        if self.json:
            rows = ",\n".join(json.dumps(row) for row in self.clips)
            self.file.write(f'\n],\n"clips": [\n{rows}\n]}}\n')


@contextlib.contextmanager
def table_file(path: Path | None, classes: Sequence[str]) -> Iterator[Table | None]:
    """A table that is put under its name when all is written; nothing where no path is given.

    Raises
    ------
    FerError
        For an ending that is neither csv nor JSON, or a file that cannot be written.
    """
    if path is None:
        yield None
        return
    if path.suffix.lower() not in (".csv", ".json"):
        raise FerError(f"--out {path}: a name that ends in .csv or .json is needed")
    with replacing(path) as temporary, open(temporary, "w", newline="") as file:
        table = Table(file, path.suffix.lower() == ".json", classes)
        yield table
        table.close()


@contextlib.contextmanager
def openface_file(path: Path | None) -> Iterator[OpenFaceWriter | None]:
    """A writer of landmarks whose file is put under its name when all is written; nothing where no path is given."""
    if path is None:
        yield None
        return
    with replacing(path) as temporary, open(temporary, "w", newline="") as file:
        yield OpenFaceWriter(file)


class Annotator:
    """Writes annotated frames: of a picture one picture, of what moves a video.

    Parameters
    ----------
    out : Path
        A folder, in which each input gets a file named after it; or where there is one input a file.
    """

    def __init__(self, out: Path):
        self.out = out
        self.single = out.suffix.lower() in (*CODECS, *PICTURES)
        self._taken: set[str] = set()

    def check(self, names: Sequence[str], moving: bool) -> None:
        """Refuse one file for several inputs, a picture's name for a video, and a video's name for a picture.

        Raises
        ------
        FerError
        """
        if not self.single:
            try:
                self.out.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise FerError(f"--annotate {self.out} cannot be written: {error.strerror}") from error
        elif len(names) != 1:
            raise FerError(f"--annotate {self.out} is one file, for {len(names)} inputs: a folder is needed")
        elif moving != (self.out.suffix.lower() in CODECS):
            wanted = ", ".join(CODECS if moving else PICTURES)
            raise FerError(f"--annotate {self.out}: {names[0]} needs a folder or a name that ends in {wanted}")

    def picture(self, name: str, moment: Moment) -> None:
        """Write one picture."""
        path = self._path(name, ".jpg")
        good, content = cv2.imencode(path.suffix, annotated(moment.frame.picture, moment.faces, "no face"))
        if not good:
            raise FerError(f"{path} cannot be written: the picture cannot be encoded")
        with replacing(path) as temporary:
            temporary.write_bytes(content.tobytes())

    @contextlib.contextmanager
    def video(self, name: str) -> Iterator[VideoFile]:
        """A video that is put under its name when it is closed."""
        path = self._path(name, ".mp4")
        # The encoder knows the container by the ending.
        working = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
        file = VideoFile(working)
        try:
            yield file
            file.close()
            if file.frames:
                with replacing(path) as temporary:
                    os.replace(working, temporary)
        finally:
            file.close()
            working.unlink(missing_ok=True)

    def _path(self, name: str, suffix: str) -> Path:
        if self.single:
            return self.out
        stem = Path(name).stem or "frames"
        free, n = f"{stem}_faces{suffix}", 1
        while free in self._taken:
            n += 1
            free = f"{stem}_faces-{n}{suffix}"
        self._taken.add(free)
        return self.out / free


class VideoFile:
    """A video that takes frames of any size, in that of the first one."""

    def __init__(self, path: Path):
        self.path, self.frames = path, 0
        self._writer: Any = None
        self._size = (0, 0)

    def write(self, moment: Moment, rate: float) -> None:
        """Add an annotated frame; `rate` is that of the video in frames a second."""
        frame = annotated(moment.frame.picture, moment.faces, "no face")
        if self._writer is None:
            # Codecs want even sides.
            self._size = (max(2, frame.shape[1] // 2 * 2), max(2, frame.shape[0] // 2 * 2))
            codec = cv2.VideoWriter.fourcc(*CODECS[self.path.suffix.lower()])
            self._writer = cv2.VideoWriter(str(self.path), codec, rate, self._size)
            if not self._writer.isOpened():
                raise FerError(f"{self.path.name} cannot be written: no encoder for it, or no room")
        self._writer.write(fitted(frame, self._size))
        self.frames += 1

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.release()


def fitted(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A frame (H, W, 3) in a size (width, height): cut by a pixel, or scaled as a whole with black beside it."""
    width, height = size
    if 0 <= frame.shape[0] - height <= 1 and 0 <= frame.shape[1] - width <= 1:
        return np.ascontiguousarray(frame[:height, :width])
    scale = min(width / frame.shape[1], height / frame.shape[0])
    small = (max(1, round(frame.shape[1] * scale)), max(1, round(frame.shape[0] * scale)))
    out = np.zeros((height, width, 3), np.uint8)
    x, y = (width - small[0]) // 2, (height - small[1]) // 2
    out[y : y + small[1], x : x + small[0]] = cv2.resize(frame, small, interpolation=cv2.INTER_AREA)
    return out
