"""Atomic writing: a file is either complete or unchanged, and temporary files do not outlive their process."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import itertools
import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path

from .exceptions import FerError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

#: Names of temporary folders. The random part differs in containers too, where process ids repeat.
_TEMPORARY_NAME = re.compile(r"\.fer_features-[0-9a-f]{16}\.part")

#: Length of the part of a folder name that is given by the user.
MAX_NAME_LENGTH = 100

#: Returns which input of the command a path is, or an empty text. Without a command nothing is protected.
_input_at: ContextVar[Callable[[Path], str]] = ContextVar("input_at", default=lambda _: "")


@contextlib.contextmanager
def protected_inputs(input_at: Callable[[Path], str]) -> Iterator[None]:
    """Refuse to write over the inputs of a command within this context.

    Parameters
    ----------
    input_at : callable
        Returns for a path, without links in it, the option that names it as an input, or an empty text.
    """
    token = _input_at.set(input_at)
    try:
        yield
    finally:
        _input_at.reset(token)


@contextlib.contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Write a file under a temporary name and rename it on success.

    Parameters
    ----------
    path : str or Path
        The file to write. An existing file is replaced. Links are followed.

    Yields
    ------
    Path
        Temporary path with the same name, on the same file system. It is removed after an exception, and `path` keeps
        its previous content.

    Raises
    ------
    FerError
        If the file cannot be written, is not a regular file or an input of the command, or the disk is full. All but
        the last are detected at the beginning.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "scores.json"
    >>> with atomic_write(path) as temporary:
    ...     _ = temporary.write_text("{}")
    >>> path.read_text()
    '{}'
    """
    try:
        target = output_file(path)
        with temporary_folder(target.parent) as folder:
            temporary = folder / target.name
            temporary.touch()  # detects a name that the file system does not allow
            temporary.unlink()
            yield temporary
            os.replace(temporary, target)
    except OSError as error:
        raise FerError(f"cannot write {path}: {error.strerror or error}") from error


def check_writable(*paths: str | Path) -> None:
    """Check before a long computation that files can be written.

    Raises
    ------
    FerError
        As `atomic_write` does at its beginning.
    """
    for path in paths:
        with contextlib.suppress(_NothingWritten), atomic_write(path):
            raise _NothingWritten


class _NothingWritten(Exception):
    """Ends `atomic_write` without a file."""


def output_file(path: str | Path) -> Path:
    """The file that a path names, with links followed.

    Parameters
    ----------
    path : str or Path
        A regular file, or a name that does not exist.

    Returns
    -------
    Path

    Raises
    ------
    FerError
        For a folder, a special file, a mount point, or an input of the command.
    OSError
        For links that form a loop.
    """
    target = resolved(path)
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        mode = os.stat(target).st_mode
        if stat.S_ISDIR(mode):
            raise FerError(f"cannot write {path}: it is a folder")
        if not stat.S_ISREG(mode):
            raise FerError(f"cannot write {path}: it is not a regular file")
        if os.path.ismount(target):
            raise FerError(f"cannot write {path}: it is a mount point")
        if source := _input_at.get()(target):
            raise FerError(f"cannot write {path}: it is an input of this command ({source}); choose another name")
    return target


def input_in(folder: Path) -> str:
    """The input of the command that new files in a folder, without links in its path, would become part of."""
    return _input_at.get()(folder / "new")


def resolved(path: str | Path) -> Path:
    """Absolute path without links.

    Raises
    ------
    OSError
        For links that form a loop, and a name that the file system does not allow.
    """
    try:
        return Path(path).resolve()
    except RuntimeError as error:  # a loop; before Python 3.13
        raise OSError(f"links form a loop: {path}") from error
    except ValueError as error:  # a null character
        raise OSError(str(error)) from error


@contextlib.contextmanager
def temporary_folder(parent: Path, target: Path | None = None) -> Iterator[Path]:
    """Make a temporary folder that is removed at the end; those that ended processes left in `parent` are removed too.

    Parameters
    ----------
    parent : Path
        An existing folder.
    target : Path, optional
        What is written by means of the folder. Only one process at a time can have a folder for it.

    Yields
    ------
    Path
        A new, empty folder in `parent`.

    Raises
    ------
    FileExistsError
        If another process has a folder for `target`.
    OSError
        If it cannot be made.

    Notes
    -----
    The folder is locked as long as the process lives, however it ends. A folder that can be locked by another process
    is therefore no longer in use.
    """
    remove_abandoned(parent)
    with contextlib.ExitStack() as stack:
        folder = _new_folder(parent, stack)
        if target is not None:
            claimed = parent / f".fer_features-{hashlib.sha256(os.fsencode(target)).hexdigest()[:16]}.part"
            stack.callback(_remove_if_same, claimed, folder.stat().st_ino)
            (folder / ".claim").touch()  # a folder can replace another one only if that is empty
            try:
                folder = folder.rename(claimed)
            except OSError as error:
                raise FileExistsError(f"{claimed} exists") from error
        yield folder


def _new_folder(parent: Path, stack: contextlib.ExitStack) -> Path:
    """A new locked folder, which `stack` removes."""
    while True:
        folder = parent / f".fer_features-{secrets.token_hex(8)}.part"
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.mkdir()
        # Before it is locked, another process can take it for abandoned.
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            stack.enter_context(locked_folder(folder))
            return folder


def _remove_if_same(path: Path, inode: int) -> None:
    """Remove a folder unless another process made it."""
    with contextlib.suppress(OSError):
        if path.stat().st_ino == inode:
            shutil.rmtree(path, ignore_errors=True)


def is_temporary(path: Path) -> bool:
    """Whether a path has the name of a temporary folder of this module."""
    return _TEMPORARY_NAME.fullmatch(path.name) is not None


def remove_abandoned(parent: Path) -> None:
    """Remove temporary folders that ended processes left in a folder."""
    with contextlib.suppress(OSError):
        for path in [path for path in parent.iterdir() if is_temporary(path)]:
            with contextlib.suppress(OSError), locked_folder(path) as is_locked:
                if is_locked:
                    shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def locked_folder(path: Path) -> Iterator[bool]:
    """Lock a folder; False where the operating system or the file system has no locks.

    Raises
    ------
    BlockingIOError
        If another process has locked it.
    FileNotFoundError
        Also if another folder has its name meanwhile.
    """
    if fcntl is None:
        yield False
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_locked = True
        except BlockingIOError:
            raise
        except OSError:
            is_locked = False
        if os.stat(path).st_ino != os.fstat(descriptor).st_ino:
            raise FileNotFoundError(f"{path} was replaced")
        yield is_locked
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8; parts of file names that are not UTF-8 are written as escape sequences."""
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


def timestamped_directory(parent: str | Path, name: str) -> Path:
    """Path of a new folder ``parent/YYYYMMDD-HHMMSS-mmm-name``, with a number appended if that exists; not created.

    A long name is cut. Commands that are started together have other milliseconds.
    """
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S-%f")[:-3]
    first = Path(parent) / f"{stamp}-{name[:MAX_NAME_LENGTH]}"
    numbered = (first.with_name(f"{first.name}-{n}") for n in itertools.count(2))
    return next(path for path in itertools.chain([first], numbered) if not path.exists())
