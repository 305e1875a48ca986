"""Frames that were chosen in clips, kept in a folder: to find apexes by motion, each video is read completely."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from ..exceptions import FerError
from .clip_column import ClipFrames
from .file_records import Record
from .file_states import code_digest, file_states
from .frame_selection import FrameChoice

#: Files that decide which frames are chosen.
SOURCE_FILES = (
    *("clip_cache.py", "clip_reader.py", "clip_column.py", "clip_motion.py", "frame_selection.py", "grey_frames.py"),
    *("../media/video_frames.py", "../media/decoding.py", "../vision/expression_distance.py"),
    *("../faces/detector.py", "../faces/landmarker.py", "../faces/localizer.py", "../faces/data/landmarker.npz"),
)


class ClipCache:
    """Frames that were chosen in clips, in one file of a folder; a line is added for each clip that is read.

    An interrupted reading goes on where it stopped.

    Parameters
    ----------
    folder : Path or None
        None keeps nothing.
    choice : FrameChoice

    Raises
    ------
    FerError
        Where the folder cannot be created or read.
    """

    def __init__(self, folder: Path | None, choice: FrameChoice):
        self._path: Path | None = None
        self._known: dict[str, Any] = {}
        self._prefix = ""
        if folder is None:
            return
        digest = hashlib.blake2b(code_digest(SOURCE_FILES) + repr(choice).encode(), digest_size=16).hexdigest()
        self._path = Path(folder) / f"clips-{digest}.jsonl"
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
            text = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise FerError(f"the cache {folder} cannot be used: {getattr(error, 'strerror', None) or error}") from error
        self._prefix = "" if not text or text.endswith("\n") else "\n"
        for line in text.splitlines():
            # The last line of an interrupted process can be incomplete.
            with contextlib.suppress(ValueError, KeyError, TypeError):
                entry = json.loads(line)
                self._known[entry["key"]] = entry

    def get(self, record: Record) -> tuple[ClipFrames, set[str]] | None:
        """Frames of a clip and remarks on it, as `read_clip` returned them; None for a clip that is new or changed."""
        entry = self._known.get(_key(record)) if self._known else None
        if entry is None:
            return None
        try:
            frames = ClipFrames(
                record.files,
                tuple(entry["numbers"]),
                tuple(entry["size"]),
                record.neutral if isinstance(record.neutral, Path) else None,
                record.box,
                tuple(map(tuple, entry["regions"])),
            )
            return frames, set(entry["remarks"])
        except (KeyError, TypeError):
            return None

    def put(self, record: Record, frames: ClipFrames, remarks: set[str]) -> None:
        """Keep the frames of a clip.

        Raises
        ------
        FerError
            Where the file cannot be written.
        """
        if self._path is None:
            return
        entry = {
            **{"key": _key(record), "numbers": frames.numbers, "size": frames.size},
            **{"regions": frames.regions, "remarks": sorted(remarks)},
        }
        try:
            with open(self._path, "a", encoding="utf-8") as file:
                file.write(f"{self._prefix}{json.dumps(entry, default=float)}\n")
            self._prefix = ""
        except OSError as error:
            raise FerError(f"the cache {self._path} cannot be written: {error.strerror}") from error


def _key(record: Record) -> str:
    """Digest of the annotations of a clip, and of names, sizes and modification times of its files."""
    neutral = [record.neutral] if isinstance(record.neutral, Path) else []
    described = dataclasses.replace(record, id="", label="", subject="", split="", session="", landmarks=(), extra={})
    text = repr(dataclasses.replace(described, files=())).encode(errors="surrogateescape")
    return hashlib.blake2b(file_states((*record.files, *neutral)) + text, digest_size=16).hexdigest()
