"""Results of a search on disk, one line per fit, so that an interrupted search continues."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from .._serialization import from_jsonable, to_jsonable
from ..exceptions import FerError
from .fit_and_score import CandidateFit


class FitKey(NamedTuple):
    """Identifies a fit: the outer fold, the candidate, and the inner fold (-1 for the evaluation on the test fold)."""

    outer_fold: str
    candidate: int
    fold: int


class Journal:
    """Fits of a search, each appended to a file and synced before it counts.

    Parameters
    ----------
    path : Path or None
        JSON lines: a description of the search, then a line per fit. None keeps the fits in memory only.
    header : dict
        Description of the search, ready for JSON. The file of a different search is refused.

    Attributes
    ----------
    results : dict of FitKey to CandidateFit
    n_resumed : int
        Fits that were in the file when it was opened.

    Raises
    ------
    FerError
        For the journal of another search, one that another process writes, a damaged one, or a folder that is not
        writable.

    Notes
    -----
    An incomplete last line, left by a killed process, is removed. Only complete lines are appended, so no other line
    can be incomplete.
    """

    def __init__(self, path: Path | None, header: dict[str, Any]):
        self.path = path
        self.results: dict[FitKey, CandidateFit] = {}
        self._file: Any = None
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._file = open(path, "a+b")  # noqa: SIM115 - open during the search
                self._open(json.loads(json.dumps(header, default=repr)))
            except OSError as error:
                raise FerError(f"cannot write {path}: {error.strerror or error}") from error
            except FerError:
                self.close()
                raise
        self.n_resumed = len(self.results)

    def add(self, key: FitKey, fit: CandidateFit) -> None:
        """Keep a fit; it is on disk when this returns."""
        self.results[key] = fit
        self._write({**key._asdict(), **to_jsonable(fit)})

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self, header: dict[str, Any]) -> None:
        with contextlib.suppress(ImportError):  # without fcntl (Windows) two processes are not detected
            import fcntl

            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise FerError(f"another process is writing {self.path}: wait for it, or use another folder") from None
        self._file.seek(0)
        text = self._file.read()
        complete = text[: text.rfind(b"\n") + 1]
        try:
            if text and not text.startswith(b"{"):
                raise ValueError("it does not begin with a description of a search")
            entries = [json.loads(line) for line in complete.splitlines()]
            self.results = {
                FitKey(*(entry[name] for name in FitKey._fields)): from_jsonable(CandidateFit, entry)
                for entry in entries[1:]
            }
        except (ValueError, KeyError, TypeError) as error:
            raise FerError(f"{self.path} is not the journal of a search, or damaged ({error}): remove it") from error
        self._file.truncate(len(complete))
        if not entries:
            self._write(header)
        elif entries[0] != header:
            first = entries[0] if isinstance(entries[0], dict) else {}
            different = [k for k in header if first.get(k) != header[k]]
            raise FerError(
                f"{self.path} is the journal of another search (different {', '.join(different)}): use another folder, "
                "or remove it"
            )

    def _write(self, entry: dict[str, Any]) -> None:
        if self._file is None:
            return
        try:
            self._file.write(json.dumps(entry, default=repr).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise FerError(f"cannot write {self.path}: {error.strerror or error}") from error
