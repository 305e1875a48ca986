"""A look at the data before a model: ``python -m fer_features inspect PATH``.

Tells classes, parts, sizes, grey levels, duplicates, subjects and motion on the terminal, and writes them with pictures
as one HTML page.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .._atomic import replacing
from ..data_profile.findings import summary
from ..data_profile.profile import inspect_data
from ..reports.data_profile import page
from ._options import add_reading, read
from ._parser import Parser, guarded, whole


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = Parser(prog="python -m fer_features inspect", description=(__doc__ or "").split("\n\n")[1])
    p.add_argument(
        "data", nargs="?", default="demo", metavar="PATH", help="a folder or file of a known layout, or 'demo' (demo)"
    )
    add_reading(p)
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
        X = read(options, options.cache)
        found = inspect_data(X)
        temporary.write_text(page(found, options.seed), encoding="utf-8")
    print(summary(found))
    print(f"written to {options.out}")


if __name__ == "__main__":
    sys.exit(main())
