"""What a search has done, line by line on disk, so that it goes on where it was killed."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from ..exceptions import FerError

#: What tells one piece of work from another.
KEY = ("scope", "stage", "candidate", "fold")


class Journal:
    """Results by scope, stage, candidate and fold, each appended to a file and synced before it counts.

    Parameters
    ----------
    path : Path or None
        JSON lines: first what is searched, then a line a fit. None keeps results in memory alone.
    header : dict
        What is searched, ready for JSON. A file of another search is refused.

    Attributes
    ----------
    found : int
        Results that were there when the journal was opened.

    Raises
    ------
    FerError
        For the journal of another search, one that another process writes, a damaged one, or a folder that cannot be
        written.

    Notes
    -----
    A line that was torn by the end of its writer is cut off. Only whole lines are ever added, so nothing else can be
    torn.
    """

    def __init__(self, path: Path | None, header: dict[str, Any]):
        self.path = path
        self.results: dict[tuple[Any, ...], dict[str, Any]] = {}
        self._file: Any = None
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._file = open(path, "a+b")  # noqa: SIM115 - it stays open as long as the search
                self._open(json.loads(json.dumps(header, default=repr)))
            except OSError as error:
                raise FerError(f"cannot write {path}: {error.strerror or error}") from error
            except FerError:
                self.close()
                raise
        self.found = len(self.results)

    def add(self, entry: dict[str, Any]) -> None:
        """Keep a result; on disk when this returns."""
        self.results[tuple(entry[k] for k in KEY)] = entry
        self._write(entry)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self, header: dict[str, Any]) -> None:
        with contextlib.suppress(ImportError):  # where there is no fcntl, two at once go unnoticed
            import fcntl

            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise FerError(f"another search is writing {self.path}: wait for it, or give another --out") from None
        self._file.seek(0)
        text = self._file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._file.truncate(len(whole))
        lines = whole.splitlines()
        try:
            entries = [json.loads(line) for line in lines]
            results = {tuple(entry[k] for k in KEY): entry for entry in entries[1:]}
        except (ValueError, KeyError, TypeError) as error:
            raise FerError(f"{self.path} is not the journal of a search, or damaged ({error}): remove it") from error
        if not entries:
            self._write(header)
        elif entries[0] != header:
            first = entries[0] if isinstance(entries[0], dict) else {}
            differ = [k for k in header if first.get(k) != header[k]]
            raise FerError(
                f"{self.path} is the journal of another search (another {', '.join(differ)}): give another --out, or "
                "remove it"
            )
        self.results = results

    def _write(self, entry: dict[str, Any]) -> None:
        if self._file is None:
            return
        try:
            self._file.write(json.dumps(entry, default=repr).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise FerError(f"cannot write {self.path}: {error.strerror or error}") from error
