"""Input files: folders and special files are refused before anything waits for their content."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from .exceptions import FerError

if TYPE_CHECKING:
    import numpy as np

#: Test of a file mode -> what such a path is called.
_SPECIAL_FILES = {
    stat.S_ISDIR: "is a folder",
    stat.S_ISFIFO: "is a named pipe",
    stat.S_ISSOCK: "is a socket",
    stat.S_ISCHR: "is a device",
    stat.S_ISBLK: "is a device",
}


def file_fault(path: str | Path) -> str:
    """Why a path cannot be read as a file, as the end of a sentence; empty for a regular file.

    Parameters
    ----------
    path : str or Path
        Links are followed. The file is not opened, since opening a named pipe waits for a writer.

    Returns
    -------
    str
        Such as 'does not exist', 'is a folder' or 'is a named pipe'.

    Examples
    --------
    >>> file_fault(os.devnull), file_fault(os.curdir), file_fault(__file__)
    ('is a device', 'is a folder', '')
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return "does not exist"
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    if not stat.S_ISREG(mode):
        return next((name for is_type, name in _SPECIAL_FILES.items() if is_type(mode)), "is a special file")
    return "" if os.access(path, os.R_OK) else "cannot be read: permission denied"


def regular_file(path: str | Path) -> Path:
    """Return a path after checking that it is a regular file that can be read.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Path

    Raises
    ------
    FerError
        For everything else, such as a folder, a named pipe, a socket or a device; reading those can wait for ever.

    Examples
    --------
    >>> regular_file(os.devnull)
    Traceback (most recent call last):
    fer_features.exceptions.FerError: /dev/null is a device: a regular file is needed
    """
    fault = file_fault(path)
    if fault:
        raise FerError(f"{path} {fault}" + (": a regular file is needed" if fault.startswith("is ") else ""))
    return Path(path)


def read_npz(path: Path, max_bytes: int) -> dict[str, np.ndarray]:
    """Arrays of an NPZ file, without objects of Python, which can run code.

    Parameters
    ----------
    path : Path
    max_bytes : int
        Largest size of all arrays together: a small file can unpack to any size.

    Raises
    ------
    OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile
        For a file that is damaged or larger.
    """
    import numpy as np  # commands import this module for --help

    with zipfile.ZipFile(path) as archive:
        n_bytes = sum(member.file_size for member in archive.infolist())
    if n_bytes > max_bytes:
        raise ValueError(f"its {path.stat().st_size} bytes unpack to {n_bytes}, more than {max_bytes}")
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except MemoryError as error:  # of a shape that is not that of the values
        raise ValueError("an array has a shape that does not fit into memory") from error
