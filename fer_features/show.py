"""What a descriptor sees on a face: ``python -m fer_features.show FEATURE INPUT --out FILE.png``.

Draws neutral, apex and what the descriptor makes of them: gradients as glyphs, patterns as colours, flow and landmark
displacement as arrows.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .command import Parser, guarded, whole
from .datasets import load_dataset
from .errors import FerError
from .evaluation.pictures import DRAWINGS, draw_feature
from .files import replacing


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    p = Parser(prog="python -m fer_features.show", description=(__doc__ or "").split("\n\n")[1])
    p.add_argument("feature", metavar="FEATURE", help=f"one of {', '.join(DRAWINGS)}")
    p.add_argument("input", metavar="INPUT", help="a folder with data, or 'demo' (synthetic)")
    p.add_argument("--row", type=whole(0), default=0, metavar="N", help="which row of the data (0)")
    p.add_argument("--out", required=True, type=Path, metavar="FILE.png")
    options = p.parse_args(arguments)
    return guarded(lambda: show(options))


def show(options: argparse.Namespace) -> None:
    """Draw one row and write the picture."""
    if options.feature not in DRAWINGS:
        raise FerError(f"no drawing of '{options.feature}': one of {', '.join(DRAWINGS)} is needed")
    X = load_dataset(options.input, infer=False)
    if options.row >= len(X):
        raise FerError(f"--row {options.row}: the data have the rows 0 to {len(X) - 1}")
    figure = draw_feature(options.feature, X[[options.row]])
    synthetic = " (synthetic)" if X.info.synthetic else ""
    figure.suptitle(f"{options.feature}: {X.info.dataset}{synthetic}, row {options.row}", fontsize=11)
    with replacing(options.out) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})
    print(f"written to {options.out}")


if __name__ == "__main__":
    sys.exit(main())
