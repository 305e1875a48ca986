"""A folder of features in files while it is written: blocks are complete or absent, and it can be continued."""

from __future__ import annotations

import contextlib
import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .._atomic import atomic_write, locked_folder
from .._files import read_npz
from ..datasets.shards import MANIFEST, MAX_COLUMN_BYTES, STATE_FILE, block_name, read_manifest
from ..exceptions import FerError
from ..extractors.features import Features
from ..extractors.stored_extraction import extraction_state, load_state
from ..samples.feature_blocks import content_digest


class ShardFolder:
    """A folder that receives the blocks of an extraction; a context manager.

    Parameters
    ----------
    path : Path
    header : dict
        What is extracted, as JSON has it.
    overwrite : bool
        Replace the features of another extraction.

    Attributes
    ----------
    done : set of int
        Numbers of the blocks that are complete.

    Raises
    ------
    FerError
        On entering: for a folder with other files or other features, one that another process writes to, and one that
        cannot be written.

    Notes
    -----
    A block is listed in the manifest when its files are on disk. Blocks whose files have changed since are not done.
    """

    def __init__(self, path: Path, header: dict[str, Any], overwrite: bool):
        self.path, self.header, self.overwrite = path, header, overwrite
        self.done: set[int] = set()
        self._described: dict[str, Any] | None = None
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> ShardFolder:
        with contextlib.ExitStack() as stack:
            try:
                self.path.mkdir(parents=True, exist_ok=True)
                stack.enter_context(locked_folder(self.path))
            except BlockingIOError:
                raise FerError(f"another process extracts features into {self.path}: wait for it") from None
            except OSError as error:
                raise FerError(f"cannot write {self.path}: {error.strerror}") from error
            self._prepare()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def restore(self, features: Features) -> bool:
        """Fit extractors to what they were fitted to before the extraction was interrupted; whether there is such."""
        if self._described and self._described["extraction"]["state"]:
            load_state(features, self.path / STATE_FILE)
        return self._described is not None

    def describe(self, extraction: Mapping[str, Any], features: Features) -> None:
        """Keep what is fitted, where the extraction has a state, and its description."""
        line: dict[str, Any] = {"extraction": dict(extraction)}
        if extraction["state"]:
            content = extraction_state(features)
            line["state"] = content_digest(content)
            with atomic_write(self.path / STATE_FILE) as temporary:
                write_file(temporary, content)
        self._append(line)

    def add(self, number: int, features: np.ndarray, columns: Mapping[str, Any]) -> None:
        """Write the files of a block, then list it."""
        name, arrays, archive = block_name(number), io.BytesIO(), io.BytesIO()
        np.savez(archive, **columns)
        np.save(arrays, features)  # in memory: np.save to a file does not notice a disk that is full at its end
        for suffix, content in (("npz", archive), ("npy", arrays)):
            with atomic_write(self.path / f"{name}.{suffix}") as temporary:
                write_file(temporary, content.getbuffer())
        digests = {"features": content_digest(features), "columns": content_digest(*columns.values())}
        self._append({"name": name, "n": len(features), **digests})

    def complete(self) -> None:
        """State that all blocks are written."""
        if not self._is_complete:
            self._append({"complete": self.header["n_samples"]})

    def _prepare(self) -> None:
        """Write the header, or compare it with that in the folder and find what is done."""
        path = self.path / MANIFEST
        lines = read_manifest(path) if path.is_file() else []
        if self.overwrite and lines[:1] != [self.header]:
            path.unlink(missing_ok=True)  # first: without it the other files are those of no extraction
            for file in (*self.path.glob("block-*.np[yz]"), self.path / STATE_FILE):
                file.unlink(missing_ok=True)
            lines = []
        elif not lines and any(not entry.name.startswith(".") and entry != path for entry in self.path.iterdir()):
            raise FerError(f"{self.path} is not empty, and has no extracted features: use another folder")
        if lines and lines[0] != self.header:
            different = [name for name in self.header if lines[0].get(name) != self.header[name]]
            raise FerError(
                f"{self.path} has other features (different {', '.join(different)}): use another folder, or replace "
                "them by overwrite=True"
            )
        kept = self._valid_lines(lines) if lines else [self.header]
        text = b"".join(json.dumps(line).encode() + b"\n" for line in kept)
        if not path.is_file() or path.read_bytes() != text:
            with atomic_write(path) as temporary:
                write_file(temporary, text)
        self._described = kept[1] if len(kept) > 1 else None
        self.done = {int(line["name"].removeprefix("block-")) for line in kept if "name" in line}
        self._is_complete = any("complete" in line for line in kept)

    def _valid_lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The header, and the lines whose files are those that were listed."""
        described = [line for line in lines[1:2] if "extraction" in line]
        if not described or not self._is_valid_state(described[0]):
            return lines[:1]
        names = {block_name(number) for number in range(self.header["n_blocks"])}
        valid = [line for line in lines[2:] if line.get("name") in names and self._is_valid_block(line)]
        is_complete = len({line["name"] for line in valid}) == len(names)
        return [lines[0], *described, *valid, *[line for line in lines if "complete" in line and is_complete]]

    def _is_valid_state(self, line: dict[str, Any]) -> bool:
        try:
            return not line["extraction"]["state"] or line["state"] == content_digest(
                (self.path / STATE_FILE).read_bytes()
            )
        except (OSError, KeyError, TypeError):
            return False

    def _is_valid_block(self, line: dict[str, Any]) -> bool:
        try:
            values = np.load(self.path / f"{line['name']}.npy", mmap_mode="r", allow_pickle=False)
            columns = read_npz(self.path / f"{line['name']}.npz", MAX_COLUMN_BYTES)
            return line["features"] == content_digest(values) and line["columns"] == content_digest(*columns.values())
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            return False

    def _append(self, line: dict[str, Any]) -> None:
        path = self.path / MANIFEST
        try:
            with open(path, "ab") as file:
                file.write(json.dumps(line).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise FerError(f"cannot write {path}: {error.strerror or error}") from error


def write_file(path: Path, content: Any) -> None:
    """Write bytes to a file; they are on disk when this returns."""
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
