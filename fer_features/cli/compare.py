"""Runs side by side: ``python -m fer_features compare RUN RUN ...``.

Compares pipelines that `run` judged on the same rows by the same folds, by subject, and prints a Markdown table. Runs
on other data, protocols, rows or folds are refused.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .._atomic import filling
from ..evaluation.comparison import compare
from ..plotting.comparison import draw_comparison
from ..reports.comparison import comparison_page
from ._parser import Parser, command_line, guarded, whole

#: What the command writes.
OUTPUTS = ("comparison.json", "comparison.md", "comparison.png", "report.html")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = Parser(prog="python -m fer_features compare", description=(__doc__ or "").split("\n\n")[1])
    p.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="a folder that run wrote; two or more")
    p.add_argument("--draws", type=whole(100), default=2000, metavar="N", help="of the bootstrap over subjects (2000)")
    p.add_argument("--seed", type=whole(0), default=0, metavar="N", help="of the bootstrap (0)")
    p.add_argument(
        "--out", type=Path, default=Path("comparison"), metavar="DIR", help="folder for the results (comparison)"
    )
    return p


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    return guarded(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Compare, write, print the table."""
    found = compare(options.runs, seed=options.seed, draws=options.draws)
    with filling(options.out, OUTPUTS) as folder:
        (folder / "comparison.json").write_text(json.dumps(found.to_dict(), indent=1) + "\n")
        (folder / "comparison.md").write_text(found.to_markdown() + "\n")
        draw_comparison(found, folder / "comparison.png")
        page = comparison_page(found, command_line(parser(), options))
        (folder / "report.html").write_text(page, encoding="utf-8")
    print(found.to_markdown())
    print(f"\nwritten to {options.out}")


if __name__ == "__main__":
    sys.exit(main())
