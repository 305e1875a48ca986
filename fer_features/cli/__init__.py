"""The command ``fer-features``: parse arguments, call the library, print.

The module of a command is imported when the command is called. Each has two functions: ``parser()`` and
``main(arguments)``, which returns the exit code.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..exceptions import FerError
from ._guard import USER_ERROR, guard

if TYPE_CHECKING:
    from ._parser import Parser

#: Command -> module, and what the command does.
COMMANDS = {
    "run": ("run", "evaluate a pipeline, fit it to all training samples and save it"),
    "search": ("search", "search for parameters with (nested) cross-validation grouped by subject"),
    "check": ("check", "check whether a score can be trusted: leakage, duplicates, label permutation"),
    "compare": ("compare", "compare runs on the same samples and folds"),
    "inspect": ("inspect_data", "report on a data set before training"),
    "plot": ("plot", "plot a descriptor on a face, or the feature importance of a model"),
    "predict": ("predict", "predict expressions in images, videos or from a camera"),
    "convert": ("convert", "convert a saved model between the formats of joblib and skops"),
    "live": ("live", "show expressions in front of the camera on a page"),
    "teach": ("teach", "train a model of your own expressions in front of the camera"),
    "serve": ("serve", "answer HTTP requests with expressions in images and videos"),
    "landmarks": ("landmarks", "write the landmarks of a data set; train, adapt or evaluate a landmark detector"),
    "extract": ("extract", "extract features to files, for data that do not fit into memory"),
    "pack": ("pack", "write a data set as one file, which is read faster"),
    "list-files": ("list_files", "list images and videos as a table of files"),
    "list": ("list_components", "list data sets, extractors, classifiers and presets"),
    "demo": ("demo", "write the synthetic data set as files"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the first argument names.

    Parameters
    ----------
    arguments : sequence of str, default=None
        The command line without the name of the program. By default that of the process, which then is the command: it
        handles signals, and prints nothing but the messages of this package.

    Returns
    -------
    int
        Exit code: 0; 1 if a check failed; 2 after an error of the user; 128 and the number of the signal after an
        interruption; 70 after an unexpected exception.
    """
    words = sys.argv[1:] if arguments is None else arguments
    return guard(lambda: _run(words), is_program=arguments is None)


def _run(arguments: Sequence[str]) -> int:
    from ._parser import did_you_mean

    if not arguments:
        parser().print_help(sys.stderr)
        return USER_ERROR
    first, *rest = arguments
    if first in COMMANDS:
        return _module(first).main(rest)
    if not first.startswith("-"):
        message = f"unknown command '{first}'{did_you_mean(first, COMMANDS)}"
        raise FerError(f"{message} (see fer-features --help)")
    options = parser().parse_args(arguments)
    if options.print_completion:
        print(completion_script(options.print_completion))
    return 0


def parser() -> Parser:
    """Parser of the options that need no command."""
    import argparse

    from ._parser import Parser

    p = Parser(
        prog="fer-features",
        usage="%(prog)s COMMAND [OPTIONS]",
        description="Facial expression recognition with handcrafted features, evaluated by subject.",
        epilog="commands:\n"
        + "\n".join(f"  {name:10s} {about}" for name, (_, about) in COMMANDS.items())
        + "\n\nexample:\n  fer-features run --pipeline hog_svm --data DIR"
        + "\n\n'fer-features COMMAND --help' explains a command.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("--version", action="version", version=f"fer_features {_version()}", help="print the version")
    p.add_argument(
        "--print-completion",
        choices=("bash", "zsh", "tcsh"),
        help='print a completion script for this shell: eval "$(fer-features --print-completion bash)"',
    )
    return p


def completion_script(shell: str) -> str:
    """Script that completes commands, options, choices and file names.

    Parameters
    ----------
    shell : {'bash', 'zsh', 'tcsh'}
    """
    import shtab

    from ._parser import Parser

    top = Parser(prog="fer-features")
    commands = top.add_subparsers(metavar="COMMAND")
    for name, (_, about) in COMMANDS.items():
        p = _module(name).parser()
        for action in p.arguments:
            _complete_files(action, shtab)
        commands.add_parser(name, parents=[p], add_help=False, help=about, description=about)
    return shtab.complete(top, shell)


def _complete_files(action: Any, shtab: Any) -> None:
    metavar = str(action.metavar)
    if metavar == "DIR":
        action.complete = shtab.DIRECTORY
    elif metavar.startswith(("FILE", "PATH", "RUN", "INPUT", "OUT")):
        action.complete = shtab.FILE


def _module(command: str) -> Any:
    return importlib.import_module(f".{COMMANDS[command][0]}", __name__)


def _version() -> str:
    from ..version import __version__

    return __version__
