"""``fer-features inspect``: report on a data set before training."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from .._atomic import check_writable
from ._advice import as_options
from ._data_options import add_data_options, read_samples
from ._options import add_seed, cache_directory, check_suffix
from ._parser import Parser, add_common_options, command_parser, run_command


def parser() -> Parser:
    """Parser of the command."""
    p = command_parser(
        "inspect",
        "Report on a data set before training: classes, predefined splits, image sizes, grey levels, duplicates, "
        "subjects and motion. Prints the findings and writes them with example images as one HTML page.",
        "fer-features inspect fer2013.csv --out fer2013.html",
    )
    add_data_options(p, positional=True)
    group = p.option_group("output")
    group.add_argument("--out", type=Path, default=Path("inspect.html"), metavar="FILE.html", help="the page to write")
    group.add_argument("--cache", metavar="DIR", help="folder in which decoded images are kept for later commands")
    add_seed(group, "the example images")
    add_common_options(p)
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    return run_command(lambda: inspect(options), options)


def inspect(options: argparse.Namespace) -> None:
    """Read the data, write the page, print a summary."""
    from ..workflow.data_profiles import inspect_data

    check_suffix(options.out, ".html", "--out")
    check_writable(options.out)
    X = read_samples(options, cache_directory(options.cache) if options.cache else None)
    profile = inspect_data(X, seed=options.seed)
    profile.report(options.out)
    print(as_options(str(profile)))
    print(f"written to {options.out}")
