"""``fer-features compare``: compare runs on the same samples and folds."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from .._atomic import atomic_directory
from ._options import add_seed
from ._parser import Parser, add_common_options, command_parser, format_command, int_at_least, run_command

#: Files that the command writes.
OUTPUTS = ("comparison.json", "comparison.md", "comparison.png", "report.html")


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
        type=int_at_least(100),
        default=2000,
        metavar="N",
        help="bootstrap samples of the subjects, for the confidence intervals",
    )
    add_seed(p, "the bootstrap")
    p.add_argument("--out", type=Path, default=Path("comparison"), metavar="DIR", help="folder of the results")
    add_common_options(p)
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    return run_command(lambda: run(options), options)


def run(options: argparse.Namespace) -> None:
    """Compare the runs, write the results, print the table."""
    from ..evaluation.comparison import compare
    from ..plotting.comparison import draw_comparison
    from ..reports.comparison import comparison_page

    found = compare(options.runs, seed=options.seed, n_bootstrap=options.n_bootstrap)
    with atomic_directory(options.out, OUTPUTS) as folder:
        (folder / "comparison.json").write_text(json.dumps(found.to_dict(), indent=1) + "\n")
        (folder / "comparison.md").write_text(found.to_markdown() + "\n")
        draw_comparison(found, folder / "comparison.png")
        page = comparison_page(found, format_command(parser(), options))
        (folder / "report.html").write_text(page, encoding="utf-8")
    print(found.to_markdown())
    print(f"\nwritten to {options.out}")
