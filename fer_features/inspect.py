"""A look at the data before a model: ``python -m fer_features.inspect PATH``.

Tells classes, parts, sizes, grey levels, duplicates, subjects and motion on the terminal, and writes them with pictures
as one HTML page.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .command import Parser, guarded, whole
from .datasets import load_dataset
from .evaluation.inspection import inspect_data
from .evaluation.inspection_page import page
from .evaluation.inspection_words import summary
from .files import replacing


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = Parser(prog="python -m fer_features.inspect", description=(__doc__ or "").split("\n\n")[1])
    p.add_argument(
        "data", nargs="?", default="demo", metavar="PATH", help="a folder or file of a known layout, or 'demo' (demo)"
    )
    p.add_argument("--labels", metavar="NAME", help="other labels than the data's own: ferplus, for FER2013")
    p.add_argument("--on-error", choices=("stop", "skip"), default="stop", help="what is done on faulty rows (stop)")
    p.add_argument("--subjects", metavar="FILE", help="subject ids of the training rows: .h5, .npy or .csv")
    p.add_argument("--subject-pattern", metavar="REGEX", help="finds the subject in the names of picture files")
    p.add_argument("--n-subjects", type=whole(1), metavar="N", help="how many people to infer where no ids are given")
    p.add_argument("--seed", type=whole(0), default=0, metavar="N", help="of the pictures drawn at random (0)")
    p.add_argument("--cache", type=Path, metavar="DIR", help="keep stills as read there between runs")
    p.add_argument("--out", type=Path, default=Path("inspect.html"), metavar="FILE.html", help="(inspect.html)")
    return p


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    return guarded(lambda: inspect(options))


def inspect(options: argparse.Namespace) -> None:
    """Read the data, look at them, write the page, print a summary."""
    # A page that cannot be written is told before minutes of work, not after them.
    with replacing(options.out) as temporary:
        temporary.touch()
        X = load_dataset(
            options.data,
            options.subjects,
            options.n_subjects,
            on_error=options.on_error,
            labels=options.labels,
            subject_pattern=options.subject_pattern,
            cache=options.cache,
        )
        found = inspect_data(X)
        temporary.write_text(page(found, options.seed), encoding="utf-8")
    print(summary(found))
    print(f"written to {options.out}")


if __name__ == "__main__":
    sys.exit(main())
