"""List of the files below a folder, which is made once however many data sets look for their layout in it."""

from __future__ import annotations

import contextlib
import functools
import os
import re
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from ..exceptions import FerError
from .decoding import IMAGE_SUFFIXES
from .media_files import VIDEO_SUFFIXES, natural_sort_key

#: Suffixes of the files that are samples or frames.
MEDIA_SUFFIXES = (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES)

#: Folders that archives contain and that hold no data.
IGNORED_FOLDERS = ("__macosx",)

_shared: ContextVar[dict[Path, FileTree] | None] = ContextVar("shared", default=None)


class FileTree:
    """The files below a folder; hidden files and folders are not listed.

    Parameters
    ----------
    root : Path
        The folder. Links to folders are followed once.

    Attributes
    ----------
    files : tuple of str
        Paths relative to the folder, with ``/``, in natural order, which does not depend on the order of creation.
    media : tuple of str
        Those of images and videos. A folder whose name is that of an image is listed, too, since a reader that
        passed over it in silence would hide a mistake.

    Raises
    ------
    FerError
        For a folder that cannot be read.
    """

    def __init__(self, root: Path):
        self.root = root
        self.files = tuple(sorted(_files_below(root), key=natural_sort_key))
        self.media = tuple(name for name in self.files if name.lower().endswith(MEDIA_SUFFIXES))
        self._results: dict[Any, Any] = {}

    def path(self, name: str) -> Path:
        """Path of one of the files."""
        return self.root / name

    def matching(self, pattern: str) -> Iterator[re.Match[str]]:
        """Matches of a regular expression with the complete path of a file, in any case, in the order of the files."""
        fullmatch = _compiled(pattern).fullmatch
        return (match for match in map(fullmatch, self.files) if match)

    def result(self, function: Callable[[FileTree], Any]) -> Any:
        """``function(self)``, computed once."""
        if function not in self._results:
            self._results[function] = function(self)
        return self._results[function]


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def file_tree(path: Path) -> FileTree:
    """The files below a folder; the same object for every call within `shared_file_trees`."""
    shared = _shared.get()
    if shared is None:
        return FileTree(path)
    if path not in shared:
        shared[path] = FileTree(path)
    return shared[path]


@contextlib.contextmanager
def shared_file_trees() -> Iterator[None]:
    """Within the block, each folder is listed once."""
    token = _shared.set({} if _shared.get() is None else _shared.get())
    try:
        yield
    finally:
        _shared.reset(token)


def _files_below(root: Path) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        raise FerError(f"{error.filename or root} cannot be read: {error.strerror or error}") from error

    visited: set[tuple[int, int]] = set()
    top = os.fspath(root)
    for folder, folders, files in os.walk(top, onerror=refuse, followlinks=True):
        folders[:] = [name for name in folders if _is_entered(os.path.join(folder, name), visited)]
        below = os.path.relpath(folder, top).replace(os.sep, "/")
        prefix = "" if below == "." else f"{below}/"
        if not folders and not files and below.lower().endswith(IMAGE_SUFFIXES):
            yield below
        yield from (f"{prefix}{name}" for name in files if not name.startswith("."))


def _is_entered(folder: str, visited: set[tuple[int, int]]) -> bool:
    """Whether a folder is listed: not if it is hidden, or a link to one that is listed already."""
    name = os.path.basename(folder)
    if name.startswith(".") or name.lower() in IGNORED_FOLDERS:
        return False
    state = os.stat(folder)
    key = (state.st_dev, state.st_ino)
    if key in visited:
        return False
    visited.add(key)
    return True
