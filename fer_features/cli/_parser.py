"""What all commands share: their arguments, one line and exit code 2 for a user's mistake, 130 for Ctrl-C."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from .. import _progress as progress
from .._atomic import replacing
from ..exceptions import FerError


class Parser(argparse.ArgumentParser):
    """A command line whose mistakes are told in one line, like all others."""

    def error(self, message: str) -> NoReturn:
        """Print one line and end with 2."""
        self.exit(2, f"error: {message} (see --help)\n")


def whole(least: int) -> Callable[[str], int]:
    """A type of argument: a whole number of at least `least`."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of at least {least}")
        return value

    return read


def jobs(text: str) -> int:
    """A type of argument: how many at once, -1 for all cores."""
    return -1 if text == "-1" else whole(1)(text)


def share(text: str) -> float:
    """A type of argument: a number between 0 and 1."""
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number between 0 and 1")
    return value


def command_line(p: argparse.ArgumentParser, options: argparse.Namespace) -> str:
    """The command that was given, as it would be typed: pipeline and data, what is not as by default, not where to."""
    words = p.prog.split()
    for action in p._actions:
        name = action.dest
        value = getattr(options, name, None)
        told = name in ("pipeline", "data")
        if name in ("out", "cache", "jobs") or value is None or (value == action.default and not told):
            continue
        if not action.option_strings:
            words += map(str, value if isinstance(value, list) else [value])
        elif value is True:
            words.append(action.option_strings[-1])
        else:
            for one in value if isinstance(value, list) else [value]:
                words += [action.option_strings[-1], str(one)]
    return shlex.join(words)


def cache_folder(path: str) -> Path:
    """The folder of ``--cache``, made and tried: one that cannot be written is told before the work."""
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / "probe") as probe:
            probe.touch()
        (folder / "probe").unlink()
    except OSError as error:
        raise FerError(f"--cache {folder} cannot be written: {error.strerror}") from error
    return folder


def guarded(work: Callable[[], None], interrupted: Callable[[], str] = lambda: "nothing was written") -> int:
    """Do the work of a command, with progress shown; returns its exit code.

    Parameters
    ----------
    work : callable
    interrupted : callable
        What is left after Ctrl-C, in words.

    Returns
    -------
    int
        0; 2 after a user's mistake, told in one line on standard error; 130 after Ctrl-C.
    """
    try:
        with progress.shown():
            work()
    except FerError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except MemoryError:
        print(
            "error: not enough memory for this data and these settings; use smaller crops or fewer features",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        print(f"interrupted: {interrupted()}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone; what is left in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0
