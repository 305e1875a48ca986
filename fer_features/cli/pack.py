"""``fer-features pack``: a data set as one file, which is read faster than its images and videos."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from .._atomic import check_writable
from ..exceptions import FerError
from ._data_options import add_data_options, print_data_summary, read_samples
from ._parser import Parser, add_common_options, command_parser, run_command


def parser() -> Parser:
    """Parser of the command."""
    p = command_parser(
        "pack",
        "Write a data set with its images, landmarks, labels, subjects, splits and names as one HDF5 file, which all "
        "commands read in place of the data set, without decoding images or videos again.",
        "fer-features pack DIR faces.h5",
    )
    add_data_options(p, positional=True, required=True)
    p.option_group("output").add_argument(
        "out", type=Path, metavar="OUT.h5", help="the file to write; an existing one is replaced"
    )
    add_common_options(p)
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    return run_command(lambda: pack(options), options)


def pack(options: argparse.Namespace) -> None:
    """Read the data, write the file, print a summary."""
    from ..datasets import write_packed
    from ..datasets.packed import PACKED_SUFFIXES

    if options.out.suffix.lower() not in PACKED_SUFFIXES:
        raise FerError(f"{options.out}: a name that ends in {' or '.join(PACKED_SUFFIXES)} is needed")
    check_writable(options.out)
    # A split that is not part of the data is made when the file is read, as for the data themselves.
    options.holdout = options.holdout or 0.0
    X = read_samples(options)
    write_packed(X, options.out)
    if not options.quiet:
        print_data_summary(X)
    print(f"{len(X)} samples, {options.out.stat().st_size / 1e6:.1f} MB, written to {options.out}")
