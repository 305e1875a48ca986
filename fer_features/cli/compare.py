"""``fer-features compare``: compare runs on the same samples and folds."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from .._atomic import timestamped_directory
from .._result_folder import ResultFolder
from ._advice import as_options
from ._options import add_output_folder, add_seed
from ._parser import Parser, add_common_options, command_parser, format_command, int_between, run_command

#: Each bootstrap sample of each class is kept in memory.
MAX_BOOTSTRAP_SAMPLES = 100_000


def parser() -> Parser:
    """Parser of the command."""
    p = command_parser(
        "compare",
        "Compare pipelines that 'run' evaluated on the same samples and folds: differences of accuracy with "
        "confidence intervals over subjects, and significance tests. Prints a Markdown table. Runs with different "
        "data, protocols, samples or folds are refused.",
        "fer-features compare runs/A runs/B runs/C",
    )
    p.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folder of a run; two or more")
    p.add_argument(
        "--n-bootstrap",
        type=int_between(100, MAX_BOOTSTRAP_SAMPLES),
        default=2000,
        metavar="N",
        help="bootstrap samples of the subjects, for the confidence intervals",
    )
    add_seed(p, "the bootstrap")
    add_output_folder(p, "the results", "a new folder under comparisons/")
    add_common_options(p)
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    return run_command(lambda: run(options), options)


def run(options: argparse.Namespace) -> None:
    """Compare the runs, write the results, print the table."""
    from ..workflow.comparisons import COMPARISON_OUTPUTS, compare

    out = Path(options.out) if options.out else timestamped_directory("comparisons", "comparison")
    with ResultFolder(out, COMPARISON_OUTPUTS, "compare", options.overwrite) as results:
        command = format_command(parser(), options)
        found = compare(options.runs, seed=options.seed, n_bootstrap=options.n_bootstrap, command=command)
        with results.publish() as folder:
            found.write(folder)
    print(as_options(found.to_markdown()))
    print(f"\nwritten to {out}")
