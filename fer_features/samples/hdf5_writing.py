"""Writing of HDF5 files: complete or absent, and without a crash on a full disk."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import h5py

from .._atomic import atomic_write


@contextlib.contextmanager
def h5_output(path: str | Path, n_bytes: int) -> Iterator[h5py.File]:
    """Write an HDF5 file under a temporary name, which is renamed on success.

    Parameters
    ----------
    path : str or Path
        An existing file is replaced.
    n_bytes : int
        Expected size of the file.

    Yields
    ------
    h5py.File
        Open for writing.

    Raises
    ------
    FerError
        As `atomic_write`.

    Notes
    -----
    HDF5 ends the process on a full disk. Plain writes reserve the space first, since they raise an error.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.h5"
    >>> with h5_output(path, 100) as file:
    ...     file["x"] = [1, 2]
    >>> path.exists()
    True
    """
    with atomic_write(path) as temporary:
        _reserve(temporary, n_bytes)
        try:
            with h5py.File(temporary, "w") as file:
                yield file
        except RuntimeError as error:  # the type of most errors of HDF5
            raise OSError(" ".join(str(error).split())) from error


def _reserve(path: Path, n_bytes: int) -> None:
    block = bytes(1 << 20)
    with open(path, "wb", buffering=0) as file:
        for _ in range(n_bytes // len(block) + 1):
            if file.write(block) < len(block):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
