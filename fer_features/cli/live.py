"""``fer-features live``: a page that shows the expressions in front of the camera of the browser."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ._parser import Parser, add_common_options, command_parser, run_command
from ._server_options import add_model_options, add_server_options, make_library, run_server


def parser() -> Parser:
    """Parser of the command."""
    p = command_parser(
        "live",
        "Open a page on this machine that shows the expressions in front of the camera, with probabilities, a timeline "
        "of the last minute, and recording to CSV and WebM. The images stay on this machine, and nothing is stored "
        "without --record. The same server answers HTTP requests, as 'fer-features serve' does. It needs pip install "
        "'fer_features[live]'.",
        "fer-features live --model runs/A",
        "fer-features live --runs runs --port 8080",
    )
    add_model_options(p, required=False)
    add_server_options(p)
    group = p.option_group("output")
    group.add_argument(
        "--record", type=Path, metavar="DIR", help="store the frames and predictions of each camera in this folder"
    )
    add_common_options(p)
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    return run_command(lambda: live(options), options)


def live(options: argparse.Namespace) -> None:
    """Run the server with its pages."""
    run_server(options, make_library, runs=options.runs, record=options.record)
