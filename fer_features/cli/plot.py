"""What a descriptor sees on a face: ``python -m fer_features plot FEATURE INPUT --out FILE.png``.

Draws neutral, apex and what the descriptor makes of them: gradients as glyphs, patterns as colours, flow and landmark
displacement as arrows. With ``--model model.joblib``, which cells or landmarks a linear or tree model leans on, class
by class, on mean faces.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from .._atomic import replacing
from ..datasets import load_dataset
from ..evaluation.cross_validation import class_name
from ..exceptions import FerError
from ..explain.contributions import check_leaning
from ..persistence import load_model
from ..pipelines import columns_read
from ..plotting.descriptors import DRAWINGS, draw_feature
from ..plotting.importance import draw_leaning
from ._parser import Parser, guarded, whole


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    p = Parser(prog="python -m fer_features plot", description=(__doc__ or "").split("\n\n")[1])
    p.add_argument("feature", metavar="FEATURE", help=f"one of {', '.join(DRAWINGS)}; with --model one of the model's")
    p.add_argument("input", metavar="INPUT", help="a folder with data, or 'demo' (synthetic)")
    p.add_argument("--row", type=whole(0), metavar="N", help="which row of the data (0)")
    p.add_argument(
        "--model",
        type=Path,
        metavar="FILE",
        help="a model.joblib of a run: draw what it leans on (a joblib file runs code when it is loaded)",
    )
    p.add_argument("--out", required=True, type=Path, metavar="FILE.png")
    options = p.parse_args(arguments)
    if options.model and options.row is not None:
        p.error("--row draws one row and --model mean faces: give one of them")
    return guarded(lambda: show(options))


def show(options: argparse.Namespace) -> None:
    """Draw one row, or what a model leans on, and write the picture."""
    figure = _model(options) if options.model else _row(options)
    with replacing(options.out) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})
    print(f"written to {options.out}")


def _row(options: argparse.Namespace) -> Any:
    if options.feature not in DRAWINGS:
        raise FerError(f"no drawing of '{options.feature}': one of {', '.join(DRAWINGS)} is needed")
    X, row = load_dataset(options.input, infer=False), options.row or 0
    if row >= len(X):
        raise FerError(f"--row {row}: the data have the rows 0 to {len(X) - 1}")
    figure = draw_feature(options.feature, X[[row]])
    synthetic = " (synthetic)" if X.info.synthetic else ""
    figure.suptitle(f"{options.feature}: {X.info.dataset}{synthetic}, row {row}", fontsize=11)
    return figure


def _model(options: argparse.Namespace) -> Any:
    model = load_model(options.model)
    check_leaning(model, options.feature)
    # People are inferred only where the model compares a row with others of the same person.
    X = load_dataset(options.input, infer="subject" in columns_read(model))
    named = json.loads(options.model.with_suffix(".json").read_text()).get("classes", {})
    for code, name in named.items():
        if class_name(X, code) != name:
            raise FerError(f"class {code} is '{name}' to the model and '{class_name(X, code)}' in {options.input}")
    return draw_leaning(model, X, options.feature)


if __name__ == "__main__":
    sys.exit(main())
