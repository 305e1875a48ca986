"""Writing files so that nothing half-written is ever found under its name."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from .errors import FerError


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
