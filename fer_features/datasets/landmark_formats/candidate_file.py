"""`CandidateFile`: a file whose format is to be recognized by its content."""

from __future__ import annotations

import csv
import functools
import json
import zipfile
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from ..._files import regular_file
from ...exceptions import FerError

#: Bytes at the beginning of a file by which formats are recognized. Headers of CSV files can be longer.
HEAD_BYTES = 1 << 16
MAX_HEADER_CHARACTERS = 1 << 20
#: Maximum size of files that are read completely, in bytes.
MAX_POINT_FILE_BYTES = 1_000_000
MAX_JSON_BYTES = 500_000_000
#: Maximum size of the arrays of an archive, in bytes.
MAX_ARCHIVE_BYTES = 8_000_000_000
#: An archive may become larger by this factor, or to this number of bytes; landmarks by a factor below 10.
MAX_EXPANSION, ALWAYS_ALLOWED_BYTES = 50, 500_000_000

_NPY_MAGIC = b"\x93NUMPY"


class ArrayHeader(NamedTuple):
    """Shape and type of an array in a file."""

    shape: tuple[int, ...]
    dtype: np.dtype


class CandidateFile:
    """A file, of which the parts are read that a format asks for.

    Parameters
    ----------
    path : str or Path

    Attributes
    ----------
    fault : str
        Why the content is damaged, as far as it is known.

    Raises
    ------
    FerError
        If it is not a regular file that can be read.
    """

    def __init__(self, path: str | Path):
        self.path = regular_file(path)
        self.fault = ""

    def __str__(self) -> str:
        return str(self.path)

    @property
    def suffix(self) -> str:
        """Suffix of the name in lower case."""
        return self.path.suffix.lower()

    @functools.cached_property
    def head(self) -> bytes:
        """The first bytes."""
        try:
            with open(self.path, "rb") as file:
                return file.read(HEAD_BYTES)
        except OSError as error:
            raise FerError(f"{self} cannot be read: {error.strerror or error}") from error

    @functools.cached_property
    def head_text(self) -> str:
        """The first characters without a byte order mark; empty for a binary file."""
        return "" if b"\0" in self.head else self.head.decode("utf-8-sig", "replace")

    def text(self, max_bytes: int = MAX_POINT_FILE_BYTES) -> str:
        """All characters.

        Raises
        ------
        FerError
            For a larger file, and text that is not UTF-8.
        """
        try:
            if self.path.stat().st_size > max_bytes:
                raise FerError(f"{self} has more than {max_bytes:,} bytes")
            return self.path.read_text("utf-8-sig")
        except OSError as error:
            raise FerError(f"{self} cannot be read: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            raise FerError(f"{self} is not text in UTF-8") from error

    @functools.cached_property
    def columns(self) -> tuple[str, ...]:
        """Names in the header of a CSV file, without blanks around them; empty for other files."""
        if self.suffix != ".csv" or not self.head_text:
            return ()
        try:
            with open(self.path, encoding="utf-8-sig", newline="") as file:
                header = file.readline(MAX_HEADER_CHARACTERS)
        except (OSError, UnicodeDecodeError):
            return ()
        try:
            return tuple(name.strip() for name in next(csv.reader([header]), []))
        except csv.Error:
            return ()

    @functools.cached_property
    def json(self) -> Any:
        """The value in a JSON file; None for other files."""
        if not self.head_text.lstrip().startswith(("{", "[")):
            return None
        text = self.text(MAX_JSON_BYTES)
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            self.fault = f"it cannot be read as JSON: {' '.join(str(error).split())}"
            return None

    @functools.cached_property
    def arrays(self) -> dict[str, ArrayHeader]:
        """Names of the arrays in .npz or .npy, with the empty name in .npy; empty for other files.

        Raises
        ------
        FerError
            For a damaged archive, more than `MAX_ARCHIVE_BYTES`, and a small file that would unpack to gigabytes.
        """
        if self.head.startswith(_NPY_MAGIC):
            with self._as_archive(".npy"), open(self.path, "rb") as file:
                headers = {"": _array_header(file)}
        elif self.suffix == ".npz" or self.head.startswith(b"PK\3\4"):
            headers = {}
            with self._as_archive(".npz"), zipfile.ZipFile(self.path) as archive:
                for name in archive.namelist():
                    if name.endswith(".npy"):
                        with archive.open(name) as member:
                            headers[name.removesuffix(".npy")] = _array_header(member)
        else:
            return {}
        n_bytes = sum(int(np.prod(shape, dtype=float)) * dtype.itemsize for shape, dtype in headers.values())
        if n_bytes > MAX_ARCHIVE_BYTES:
            raise FerError(f"{self} has arrays of more than {MAX_ARCHIVE_BYTES // 10**9} GB")
        if n_bytes > max(MAX_EXPANSION * self.path.stat().st_size, ALWAYS_ALLOWED_BYTES):
            raise FerError(f"{self} would unpack to {n_bytes / 1e9:.1f} GB, which landmarks of its size do not")
        return headers

    def load_arrays(self, *names: str) -> dict[str, np.ndarray]:
        """Those of the named arrays that the file has. Arrays of Python objects are refused: reading them runs code."""
        found = {name for name in names if name in self.arrays}
        with self._as_archive(self.suffix):
            loaded: Any = np.load(self.path, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return {"": loaded}
            with loaded:
                return {name: loaded[name] for name in found}

    def _as_archive(self, suffix: str) -> _Reading:
        return _Reading(f"{self} cannot be read as {suffix}")


class _Reading:
    """Context in which every exception is a damaged archive: these raise nearly every type of it."""

    def __init__(self, message: str):
        self.message = message

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: Any, error: BaseException | None, _traceback: Any) -> None:
        if isinstance(error, Exception) and not isinstance(error, FerError):
            raise FerError(f"{self.message}: {' '.join(str(error).split())}") from error


def _array_header(file: IO[bytes]) -> ArrayHeader:
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    return ArrayHeader(shape, dtype)
