"""Folders of results: published at the end, and never over files of somebody else."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from ._atomic import input_in, is_temporary, output_file, remove_abandoned, resolved, temporary_folder
from .exceptions import FerError

#: File in a folder of results that lists the files that a command wrote.
MARKER = ".fer_features.json"


class ResultFolder:
    """A folder in which a command publishes its results; a context manager.

    Parameters
    ----------
    path : str or Path
        It is created, with its parents, when results are published.
    filenames : collection of str
        All files that the command can write.
    command : str
        Name of the command.
    overwrite : bool, default False
        Whether the folder may contain files. Files that the same command wrote are replaced or removed; a file of
        `filenames` that it did not write is an error; other files are kept.
    continued : collection of str, default ()
        Files by which the command continues unfinished work. A folder with one of them may contain files, and they
        are kept unless `overwrite`.

    Raises
    ------
    FerError
        On entering, if the folder cannot be written, contains files that may not be replaced or inputs of the command,
        or another process writes to it.

    Notes
    -----
    Files are written to a temporary folder on the same file system, next to `path` if that does not exist, else within
    it, and moved when they are complete.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "out"
    >>> with ResultFolder(path, ("scores.json",), "run") as results, results.publish() as folder:
    ...     _ = (folder / "scores.json").write_text("{}")
    >>> (path / "scores.json").read_text()
    '{}'
    """

    def __init__(
        self,
        path: str | Path,
        filenames: Collection[str],
        command: str,
        overwrite: bool = False,
        continued: Collection[str] = (),
    ):
        self.path, self.filenames, self.command = Path(path), filenames, command
        self.overwrite, self.continued = overwrite, continued
        self._stack = contextlib.ExitStack()
        self._is_published = False

    def __enter__(self) -> ResultFolder:
        with contextlib.ExitStack() as stack:
            try:
                self._target = resolved(self.path)
                self._check()
                parent = self._target if self._target.exists() else self._target.parent
                stack.callback(_remove_empty, [folder for folder in (parent, *parent.parents) if not folder.exists()])
                parent.mkdir(parents=True, exist_ok=True)
                remove_abandoned(self._target.parent)  # where the folder did not exist before the process was killed
                self._temporary = stack.enter_context(self._temporary_folder(parent))
                if parent != self._target:  # detects a name that the file system does not allow
                    (self._temporary / self._target.name).mkdir()
                    (self._temporary / self._target.name).rmdir()
            except OSError as error:
                raise self._unwritable(error) from error
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextlib.contextmanager
    def publish(self) -> Iterator[Path]:
        """Write files to a temporary folder, and move them to their place if there is no exception.

        At the first time the files of an earlier run are removed. Later, files with the same names are replaced.

        Yields
        ------
        Path
            An empty folder.

        Raises
        ------
        FerError
            If the files cannot be written. If only moving them fails, they are kept, and the message says where.
        """
        folder = self._temporary / "results"
        shutil.rmtree(folder, ignore_errors=True)  # what the last call did not move
        try:
            folder.mkdir()
            yield folder
            names = {path.name for path in folder.iterdir()}
            _write_marker(folder, self.command, names)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            self._move(folder, names)
        except (OSError, FerError) as error:
            place = self._temporary.parent / f"{self._target.name}-{secrets.token_hex(4)}"
            reason = error.strerror or error if isinstance(error, OSError) else error
            raise FerError(
                f"the results cannot be moved to {self.path} ({reason}); they are in {folder.rename(place)}"
            ) from error

    def claim(self, *names: str) -> None:
        """Create the folder now, for files with these names that are written to it directly.

        Raises
        ------
        FerError
            If it cannot be written.
        """
        try:
            self._target.mkdir(exist_ok=True)
            earlier = _read_marker(self._target)[1]
            if self.overwrite:
                self._remove(earlier)
                earlier = set()
            self._mark(earlier | set(names))
        except OSError as error:
            raise self._unwritable(error) from error

    @contextlib.contextmanager
    def _temporary_folder(self, parent: Path) -> Iterator[Path]:
        with contextlib.ExitStack() as stack:
            try:
                folder = stack.enter_context(temporary_folder(parent, self._target))
            except FileExistsError as error:
                raise FerError(
                    f"another process is writing to the output folder {self.path}: wait for it, or choose another "
                    "folder"
                ) from error
            yield folder

    def _check(self) -> set[str]:
        """Check that the files can be published, and return those of an earlier run."""
        target = self._target
        if target.exists() and not target.is_dir():
            raise FerError(f"the output folder {self.path} is a file: give the name of a folder")
        present = {path.name for path in target.iterdir() if not is_temporary(path)} if target.exists() else set()
        if not present:
            return set()
        command, earlier = _read_marker(target)
        if command not in ("", self.command):
            raise FerError(
                f"the output folder {self.path} has results of fer-features {command}: choose another folder"
            )
        if not self.overwrite and not (earlier & present & set(self.continued)):
            raise FerError(
                f"the output folder {self.path} is not empty: choose another, or use overwrite=True to replace "
                "the results of an earlier run"
            )
        if not earlier and (source := input_in(target)):
            raise FerError(f"the output folder {self.path} holds an input ({source}): choose another folder")
        for name in sorted((earlier | set(self.filenames)) & present):
            if name not in earlier:
                raise FerError(f"{self.path / name} was not written by fer-features {self.command}: move it first")
            output_file(target / name)
        return earlier

    def _move(self, folder: Path, names: set[str]) -> None:
        if not self._target.exists():
            folder.rename(self._target)
        else:
            earlier = _read_marker(self._target)[1] if self._is_published else self._check()
            obsolete = set() if self._is_published else earlier - names - set(self.continued)
            # If the process is killed now, the marker names all files that exist.
            self._mark(earlier | names)
            self._remove(obsolete)
            for name in sorted(names):
                os.replace(folder / name, self._target / name)
            self._mark((earlier | names) - obsolete)
        self._is_published = True

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            (self._target / name).unlink(missing_ok=True)

    def _mark(self, names: set[str]) -> None:
        _write_marker(self._temporary, self.command, names)
        os.replace(self._temporary / MARKER, self._target / MARKER)

    def _unwritable(self, error: OSError) -> FerError:
        reason = f"{error.filename} is not a folder" if isinstance(error, FileExistsError) else error.strerror or error
        return FerError(f"the output folder {self.path} cannot be written: {reason}")


def _write_marker(folder: Path, command: str, names: set[str]) -> None:
    (folder / MARKER).write_text(json.dumps({"command": command, "files": sorted(names)}, indent=1) + "\n")


def _read_marker(folder: Path) -> tuple[str, set[str]]:
    """Command that wrote results to a folder, and their names; empty where there is no valid marker."""
    try:
        content = json.loads((folder / MARKER).read_text())
        command, names = content["command"], set(content["files"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "", set()
    valid = isinstance(command, str) and all(isinstance(name, str) and Path(name).name == name for name in names)
    return (command, names) if valid else ("", set())


def _remove_empty(folders: Iterable[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def save_results(
    folder: str | Path, filenames: Collection[str], command: str, overwrite: bool, write: Callable[[Path], None]
) -> Path:
    """Publish the files that a function writes into a folder; see `ResultFolder`.

    Parameters
    ----------
    folder, filenames, command, overwrite
        See `ResultFolder`.
    write : callable
        Writes the files into the folder that it is given.

    Returns
    -------
    Path
        The folder.
    """
    with ResultFolder(folder, filenames, command, overwrite) as results, results.publish() as temporary:
        write(temporary)
    return Path(folder)
