"""Atomic writing: a file or folder of results is either complete or unchanged."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import os
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from .exceptions import FerError


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Write a file under a temporary name and rename it on success.

    Parameters
    ----------
    path : Path
        The file to write. An existing file is replaced.

    Yields
    ------
    Path
        Temporary path in the same folder. It is removed after an exception, and `path` keeps its previous content.

    Raises
    ------
    FerError
        If the folder cannot be written or the disk is full.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "scores.json"
    >>> with atomic_write(path) as temporary:
    ...     _ = temporary.write_text("{}")
    >>> path.read_text()
    '{}'
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
        # If the removal fails too, no file was created, and the error that is being raised gives the reason.
        with contextlib.suppress(OSError):
            temporary.unlink()


@contextlib.contextmanager
def atomic_directory(path: Path, filenames: Collection[str]) -> Iterator[Path]:
    """Fill a folder of results under a temporary name and move its files into place on success.

    Parameters
    ----------
    path : Path
        The folder of results. It is created, with its parents, or its files are replaced.
    filenames : collection of str
        All files that the command can write. Those of an earlier run that the new results lack are removed; other
        files in the folder are kept.

    Yields
    ------
    Path
        Temporary folder. It is removed after an exception, and `path` keeps its previous content.

    Raises
    ------
    FerError
        If `path` is a file, cannot be written, or the disk is full. A folder that cannot be written is reported
        before the work begins.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            _create(path, temporary)
            yield temporary
            _publish(path, temporary, filenames)
        except BrokenPipeError:  # raised by a print of the caller, not by writing files
            raise
        except OSError as error:
            raise FerError(f"the output folder {path} (--out) cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _create(path: Path, temporary: Path) -> None:
    if path.exists() and not path.is_dir():
        raise FerError(f"the output folder {path} (--out) is a file: give the name of a folder")
    temporary.mkdir(parents=True)
    if path.exists():
        probe = path / temporary.name
        probe.touch()
        probe.unlink()


def _publish(path: Path, temporary: Path, filenames: Collection[str]) -> None:
    if not path.exists():
        temporary.rename(path)
        return
    for name in filenames:  # a file of an earlier run would be mistaken for a result of this one
        if not (temporary / name).exists():
            (path / name).unlink(missing_ok=True)
    for file in temporary.iterdir():
        os.replace(file, path / file.name)


def timestamped_directory(parent: str | Path, name: str) -> Path:
    """Path of a new folder ``parent/YYYYMMDD-HHMMSS-name``, with a number appended if that exists; not created."""
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    first = Path(parent) / f"{stamp}-{name}"
    numbered = (first.with_name(f"{first.name}-{n}") for n in itertools.count(2))
    return next(path for path in itertools.chain([first], numbered) if not path.exists())
