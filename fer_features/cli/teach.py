"""``fer-features teach``: a model of one's own expressions in a minute."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ._parser import Parser, add_common_options, command_parser, run_command
from ._server_options import add_server_options, run_server


def parser() -> Parser:
    """Parser of the command."""
    p = command_parser(
        "teach",
        "Open a page on this machine that records your neutral face and a few clips of a second of each expression, "
        "whose names are free, fits a model in some seconds, estimates how good it is by clips that were not used for "
        "fitting (or by persons, from two on), and shows it live. What you save is an ordinary run and an ordinary "
        "data set. It needs pip install 'fer_features[live]'.",
        "fer-features teach",
        "fer-features teach --out runs --port 8080",
    )
    group = p.option_group("output")
    group.add_argument(
        "--out",
        type=Path,
        default=Path("runs"),
        metavar="DIR",
        help="folder in which the page saves runs when you ask for it",
    )
    add_server_options(p)
    add_common_options(p)
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    return run_command(lambda: teach(options), options)


def teach(options: argparse.Namespace) -> None:
    """Run the server; its address is that of the page that teaches."""
    run_server(options, lessons_in, path="/teach", runs=options.out)


def lessons_in(options: argparse.Namespace) -> Any:
    """The models of the folder of runs, which the live page offers beside the new one."""
    from ..live.model_library import ModelLibrary

    return ModelLibrary(runs=options.out)
