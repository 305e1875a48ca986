"""Writing files so that nothing half-written is ever found under its name."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .exceptions import FerError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, renamed to it on success and removed on failure or interruption.

    Raises
    ------
    FerError
        Where the folder cannot be written or the disk is full.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            yield temporary
            os.replace(temporary, path)
        except OSError as error:
            raise FerError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        # Where even this fails, nothing was made, and the error that is on its way says why.
        with contextlib.suppress(OSError):
            temporary.unlink()


class filling:
    """A folder of results that is filled under a temporary name, and put in place when all is written.

    Parameters
    ----------
    out : Path
        What the command calls ``--out``.
    names : tuple of str
        All files that the command may write; those of an earlier run that this one does not make are removed.
    """

    def __init__(self, out: Path, names: tuple[str, ...]):
        self.out, self.names = out, names
        self.temporary = out.with_name(f".{out.name}.{os.getpid()}.part")

    def __enter__(self) -> Path:
        try:
            if self.out.exists() and not self.out.is_dir():
                raise FerError(f"--out {self.out} is a file: a folder is needed")
            self.temporary.mkdir(parents=True)
            if self.out.exists():
                probe = self.out / self.temporary.name
                probe.touch()
                probe.unlink()
        except OSError as error:
            shutil.rmtree(self.temporary, ignore_errors=True)
            raise FerError(f"--out {self.out} cannot be written: {error.strerror}") from error
        return self.temporary

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            if kind is None:
                self._publish()
        finally:
            shutil.rmtree(self.temporary, ignore_errors=True)
        if isinstance(error, OSError):
            raise FerError(f"--out {self.out} cannot be written: {error.strerror}") from error

    def _publish(self) -> None:
        if not self.out.exists():
            self.temporary.rename(self.out)
            return
        for name in self.names:  # what an earlier run left and this one did not make would be taken for its result
            if not (self.temporary / name).exists():
                (self.out / name).unlink(missing_ok=True)
        for path in self.temporary.iterdir():
            os.replace(path, self.out / path.name)


def new_folder(parent: str, name: str) -> Path:
    """A folder of this second below `parent` in the current folder, which is not there yet."""
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    first = Path(parent) / f"{stamp}-{name}"
    numbered = (first.with_name(f"{first.name}-{n}") for n in itertools.count(2))
    return next(path for path in itertools.chain([first], numbered) if not path.exists())
