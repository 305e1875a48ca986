"""Learn to find landmarks: ``python -m fer_features landmarks train --data PATH --out landmarks.joblib``.

'train' learns a landmarker from all training rows that have pictures and landmarks; 'evaluate' tells how far it is off
on people it has not seen, by folds grouped by subject, or judges a trained one on other data.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from .._atomic import filling
from ..exceptions import FerError
from ..faces import Landmarker, load_landmarker, save_landmarker
from ..faces.landmark_evaluation import (
    Pictures,
    about,
    check_landmarks,
    cross_validate,
    draw_curve,
    figures,
    fitted,
    judge,
    pictures_of,
    words,
)
from ..samples.table import Samples, fingerprint
from ..version import versions
from ._options import add_data, announce, read
from ._parser import Parser, guarded, jobs, whole

#: What 'evaluate' writes.
OUTPUTS = ("landmarks.json", "curve.png")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = Parser(prog="python -m fer_features landmarks", description=(__doc__ or "").split("\n\n")[1])
    commands = p.add_subparsers(dest="command", required=True, metavar="train|evaluate")
    train = commands.add_parser("train", help="learn from all training rows and save")
    train.add_argument("--out", required=True, metavar="FILE", help="the model, NAME.joblib")
    evaluate = commands.add_parser("evaluate", help="errors on people not seen in training")
    evaluate.add_argument("--cv", default="10fold", metavar="NAME", help="10fold, 5fold, ... or loso (10fold)")
    evaluate.add_argument("--model", metavar="FILE", help="judge this one on all rows, none of which it has seen")
    evaluate.add_argument("--out", metavar="DIR", help="folder for landmarks.json and curve.png")
    evaluate.add_argument("--jobs", type=jobs, default=1, metavar="N", help="folds side by side, -1 for all cores (1)")
    for command in (train, evaluate):
        add_data(command)
        command.add_argument("--frames", type=whole(1), default=3, metavar="N", help="taken of each row's clip (3)")
        command.add_argument("--seed", type=whole(0), default=0, metavar="N", help="of folds and starts (0)")
    return p


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    return guarded(lambda: (train if options.command == "train" else evaluate)(options))


def train(options: argparse.Namespace) -> None:
    """Learn from the training rows, and save."""
    out = Path(options.out)
    if not out.parent.is_dir():
        raise FerError(f"--out {out}: there is no folder {out.parent}")
    if out.suffix != ".joblib":
        raise FerError(f"--out {out}: a name that ends in .joblib is needed")
    X, pictures = opened(options)
    landmarker = fitted(Landmarker(random_state=options.seed), pictures)
    source = {"dataset": X.info.dataset, "synthetic": X.info.synthetic, "fingerprint": _fingerprint(X)}
    save_landmarker(landmarker, out, source | about(landmarker, pictures))
    missed = f", {landmarker.n_missed_} left out where no face was found" if landmarker.n_missed_ else ""
    print(f"learned from {landmarker.n_faces_} faces{missed}; {out.stat().st_size / 1e6:.1f} MB in {out}")


def evaluate(options: argparse.Namespace) -> None:
    """Judge by folds, or a trained landmarker on all rows."""
    if options.out is None:
        report(options)
        return
    with filling(Path(options.out), OUTPUTS) as folder:
        told = report(options)
        (folder / "landmarks.json").write_text(json.dumps(told, indent=1) + "\n")
        draw_curve(told["curve"], folder / "curve.png")
    print(f"written to {options.out}")


def report(options: argparse.Namespace) -> dict[str, Any]:
    """Figures of an evaluation, printed too."""
    model = load_landmarker(options.model) if options.model else None
    X, pictures = opened(options, everything=model is not None)
    if model is not None:
        found, how = judge(model, pictures), f"model {options.model}"
    else:
        found = cross_validate(Landmarker(), pictures, options.cv, options.seed, options.jobs)
        how = f"{options.cv}, {'grouped by subject' if pictures.grouped else 'NOT grouped by subject'}"
    told = {**figures(found, pictures), "protocol": how, "dataset": X.info.dataset, "synthetic": X.info.synthetic}
    told |= {"fingerprint": _fingerprint(X), "versions": versions()}
    print(words(told))
    return told


def opened(options: argparse.Namespace, everything: bool = False) -> tuple[Samples, Pictures]:
    """The data, and those of their pictures that have landmarks: of the training rows, or of all."""
    X = read(options, None)
    announce(X)
    check_landmarks(X)
    if "split" in X and not everything and (X["split"] == "train").any():
        X = X[X["split"] == "train"]
    return X, pictures_of(X, options.frames)


def _fingerprint(X: Samples) -> str:
    return fingerprint(X, ("images", "landmarks"))


if __name__ == "__main__":
    sys.exit(main())
