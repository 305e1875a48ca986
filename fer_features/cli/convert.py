"""``fer-features convert``: a saved model in the other format."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ._parser import Parser, add_common_options, command_parser, run_command


def parser() -> Parser:
    """Parser of the command."""
    p = command_parser(
        "convert",
        "Write a saved model in the other format: that of joblib, which can run code when it is loaded, or that of "
        "skops, which cannot and suits models that are passed on. The manifest and the model card are kept. Convert "
        "only models of joblib that you trust, since they are loaded.",
        "fer-features convert runs/A/model.joblib runs/A/model.skops",
    )
    p.add_argument("source", type=Path, metavar="INPUT", help="model.joblib, model.skops, or the folder of a run")
    p.add_argument("target", type=Path, metavar="OUT", help="the file to write, .skops or .joblib")
    p.add_argument("--overwrite", action="store_true", help="replace existing files")
    add_common_options(p)
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    return run_command(lambda: convert(options), options)


def convert(options: argparse.Namespace) -> None:
    """Load the model, write it, print its size."""
    from ..model_conversion import convert_model

    path = convert_model(options.source, options.target, options.overwrite)
    print(f"{path.stat().st_size / 1e6:.1f} MB, written to {path}")
