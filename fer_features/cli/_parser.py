"""Parsers, argument types, and the error handling that all commands share.

This module imports argparse only, so that ``--help`` of every command answers at once.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import functools
import importlib
import os
import shlex
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from .._atomic import protected_inputs
from .._progress import progress_enabled
from ..exceptions import FerError
from ._advice import as_options
from ._guard import USER_ERROR, guard
from ._inputs import input_at
from ._streams import one_line

#: Options that do not change the results; the command in reports omits them.
NOT_REPRODUCED = ("out", "overwrite", "cache", "n_jobs", "cluster", "quiet", "verbose", "debug")
#: Options that the command in reports shows even where they have their defaults.
ALWAYS_SHOWN = ("pipeline", "data")

#: Largest value of integer options without a limit of their own.
MAX_INTEGER = 1_000_000
#: Largest random seed; NumPy accepts no larger one.
MAX_SEED = 2**32 - 1
#: More processes than this per core only compete for memory.
MAX_JOBS_PER_CORE = 8


class Parser(argparse.ArgumentParser):
    """A parser that reports errors in one line, shows defaults in its help, and lists its arguments.

    Attributes
    ----------
    arguments : list of argparse.Action
        All arguments, in the order of the help.
    """

    def __init__(self, **settings: Any):
        self.arguments: list[argparse.Action] = []
        super().__init__(**{"allow_abbrev": False, **settings})

    def add_argument(self, *names: str, **settings: Any) -> argparse.Action:
        """Add an argument; its default is appended to its help."""
        return self.register_argument(super().add_argument(*names, **settings))

    def register_argument(self, action: argparse.Action) -> argparse.Action:
        """List an argument and append its default to its help."""
        self.arguments.append(action)
        shown = not isinstance(action.default, bool) and action.default not in (None, argparse.SUPPRESS, [])
        if shown and action.help:
            action.help += " (default: %(default)s)"
        return action

    def option_group(self, title: str) -> OptionGroup:
        """Add a group of arguments with a title of its own in the help."""
        return OptionGroup(self, self.add_argument_group(title))

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        """Parse arguments; an unknown one is reported with the most similar option."""
        options, unknown = self.parse_known_args(args, namespace)
        if unknown:
            known = [name for action in self.arguments for name in action.option_strings]
            self.error(f"unknown argument '{unknown[0]}'{did_you_mean(unknown[0].split('=')[0], known)}")
        return options

    def error(self, message: str) -> NoReturn:
        """Print one line to standard error and end with exit code 2."""
        self.exit(USER_ERROR, one_line(f"error: {message} (see {self.prog} --help)") + "\n")


class OptionGroup:
    """Arguments under a common title; made by `Parser.option_group`."""

    def __init__(self, parser: Parser, group: Any):
        self.parser, self.group = parser, group

    def add_argument(self, *names: str, **settings: Any) -> argparse.Action:
        """Add an argument to this group."""
        return self.parser.register_argument(self.group.add_argument(*names, **settings))

    def mutually_exclusive(self) -> OptionGroup:
        """Add a subgroup of which only one argument can be given."""
        return OptionGroup(self.parser, self.group.add_mutually_exclusive_group())


def command_parser(name: str, description: str, *examples: str) -> Parser:
    """Parser of the command `name`, with a description and example command lines in its help."""
    lines = "\n".join(f"  {example}" for example in examples)
    return Parser(
        prog=f"fer-features {name}",
        description=textwrap.fill(description, max(shutil.get_terminal_size().columns - 2, 40)),
        epilog=f"example{'s' * (len(examples) > 1)}:\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_common_options(parser: Parser) -> None:
    """Add the options that every command has."""
    group = parser.option_group("messages and plugins")
    either = group.mutually_exclusive()
    either.add_argument("--quiet", action="store_true", help="print results and errors only")
    either.add_argument("--verbose", action="store_true", help="print the duration of every stage too")
    group.add_argument("--debug", action="store_true", help="print the traceback of an error")
    group.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="MODULE",
        help="import this module first; it can register extractors, classifiers and data sets; repeatable",
    )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``": did you mean 'X'?"`` for the most similar known name, or nothing if none is similar."""
    similar = difflib.get_close_matches(name, list(known), n=1)
    return f": did you mean '{similar[0]}'?" if similar else ""


def int_between(minimum: int, maximum: int) -> Callable[[str], int]:
    """Argument type: an integer from `minimum` to `maximum`."""

    def read(text: str) -> int:
        with contextlib.suppress(ValueError):
            value = int(text)
            if value > maximum:
                raise argparse.ArgumentTypeError(f"'{text}' is too large: at most {maximum:,} is possible")
            if value >= minimum:
                return value
        raise argparse.ArgumentTypeError(f"'{text}' is not an integer of at least {minimum}")

    return read


def int_at_least(minimum: int) -> Callable[[str], int]:
    """Argument type: an integer of at least `minimum`, and at most `MAX_INTEGER`."""
    return int_between(minimum, MAX_INTEGER)


def n_jobs(text: str) -> int:
    """Argument type: a number of parallel jobs, -1 for all cores; at most `MAX_JOBS_PER_CORE` per core."""
    return -1 if text == "-1" else int_between(1, MAX_JOBS_PER_CORE * (os.cpu_count() or 1))(text)


def fraction(text: str) -> float:
    """Argument type: a number between 0 and 1, both excluded."""
    with contextlib.suppress(ValueError):
        if 0 < float(text) < 1:
            return float(text)
    raise argparse.ArgumentTypeError(f"'{text}' is not a number between 0 and 1")


def format_command(parser: Parser, options: argparse.Namespace) -> str:
    """The command line that reproduces a result.

    Parameters
    ----------
    parser : Parser
    options : argparse.Namespace
        What `parser` parsed.

    Returns
    -------
    str
        Quoted for a shell: pipeline, data, and every other option whose value is not its default. The options of
        `NOT_REPRODUCED` are omitted.
    """
    words = parser.prog.split()
    for action in parser.arguments:
        value = getattr(options, action.dest, None)
        default = value == action.default and action.dest not in ALWAYS_SHOWN
        if action.dest in NOT_REPRODUCED or value is None or default:
            continue
        values = [str(one) for one in (value if isinstance(value, list) else [value])]
        if not action.option_strings:
            words += values
        elif value is True:
            words.append(action.option_strings[-1])
        else:
            words += [word for one in values for word in (action.option_strings[-1], one)]
    return shlex.join(words)


def import_plugins(modules: Sequence[str]) -> None:
    """Import the modules of ``--plugin``, from the current folder too.

    Raises
    ------
    FerError
        If a module does not exist or raises an exception.
    """
    if modules and not {"", os.getcwd()} & set(sys.path):
        sys.path.insert(0, os.getcwd())  # `python -m` does so too, the installed command does not
    for name in modules:
        try:
            importlib.import_module(name)
        except (Exception, SystemExit) as error:
            hint = "; give the name of the module without .py" if name.endswith(".py") else ""
            raise FerError(f"--plugin {name} cannot be imported: {type(error).__name__}: {error}{hint}") from error


def run_command(
    work: Callable[[], object],
    options: argparse.Namespace | None = None,
    interrupted: Callable[[], str] = lambda: "nothing was written",
) -> int:
    """Run a command with progress messages; its inputs cannot be overwritten, and its errors are reported.

    Parameters
    ----------
    work : callable
        The command.
    options : argparse.Namespace, default=None
        The options of `add_common_options`: messages, traceback, plugins; and those that name inputs. None: progress is
        printed, tracebacks of user errors are not.
    interrupted : callable
        Returns the text printed after an interruption: which results exist.

    Returns
    -------
    int
        Exit code, see `guard`.
    """
    given: dict[str, Any] = {} if options is None else vars(options)

    def run() -> int:
        enabled = progress_enabled(not given.get("quiet", False), timings=given.get("verbose", False))
        with enabled, protected_inputs(functools.partial(input_at, given)):
            import_plugins(given.get("plugin", ()))
            try:
                work()
            except FerError as error:
                raise FerError(as_options(str(error), given)) from error
        return 0

    return guard(run, debug=given.get("debug", False), kept=interrupted)
