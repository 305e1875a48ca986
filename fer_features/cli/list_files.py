"""``fer-features list-files``: a first version of a table of files."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Sequence
from pathlib import Path

from ._parser import Parser, add_common_options, command_parser, run_command


def parser() -> Parser:
    """Parser of the command."""
    p = command_parser(
        "list-files",
        "List the images and videos of a folder as a table for metadata.csv, in which labels, subjects and splits "
        "can be corrected and added. The table is printed.",
        r"fer-features list-files photos --pattern '(?P<subject>S\d+)_(?P<label>[a-z]+)_' > photos/metadata.csv",
    )
    p.add_argument("path", type=Path, metavar="PATH", help="the folder")
    p.add_argument(
        "--pattern",
        metavar="REGEX",
        help="regular expression that is searched in the path of each file; its named groups, such as label and "
        "subject, become columns (default: the label is the name of the folder)",
    )
    p.add_argument(
        "--sequences", action="store_true", help="list each folder with images as one sequence, instead of its images"
    )
    add_common_options(p)
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    return run_command(lambda: print_files(options), options)


def print_files(options: argparse.Namespace) -> None:
    """List the files and print the table."""
    from .._csv import csv_text
    from ..datasets.file_listing import list_files
    from ..exceptions import FerWarning

    table = list_files(options.path, options.pattern, options.sequences)
    print(csv_text(table), end="")
    if not table["label"].any():
        warnings.warn(
            "the column 'label' is empty: fill it, or give a --pattern with a group (?P<label>...)",
            FerWarning,
            stacklevel=2,
        )
