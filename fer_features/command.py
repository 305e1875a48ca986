"""What all commands share: their arguments, one line and exit code 2 for a user's mistake, 130 for Ctrl-C."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from . import progress
from .errors import FerError


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


def guarded(work: Callable[[], None]) -> int:
    """Do the work of a command, with progress shown; returns its exit code.

    Parameters
    ----------
    work : callable

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
        print("interrupted: nothing was written", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone; what is left in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0
