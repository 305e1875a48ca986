"""Search for settings: ``python -m fer_features search --pipeline hog_svm --data PATH``.

Judges many settings of a pipeline by folds grouped by subject, with --nested the search itself too, and fits the best
to all training data. Every fit is kept as it is done: after Ctrl-C or worse the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .._atomic import filling, replacing
from ..evaluation import evaluate
from ..evaluation.profiling import Clock, peak_mb, seconds_a_row
from ..evaluation.protocol import training_rows
from ..evaluation.rejection import check_rejection, rejected
from ..evaluation.summary import summary
from ..exceptions import FerError
from ..model_selection.grids import STRATEGIES, check_grid, default_grid
from ..model_selection.plan import SCORES
from ..model_selection.search import Search
from ..model_selection.search_result import Found
from ..pipelines import describable
from ..reports.run import write_report
from ..samples.table import Samples
from ._options import add_data, named, opened
from ._parser import Parser, command_line, guarded, jobs, whole
from .run import OUTPUTS as RUN_OUTPUTS
from .run import add_rejection, predict_test, unlabelled_test, write_results, write_subjects

#: Everything that a search may write into its folder when it is done; the journal stays.
OUTPUTS = ("candidates.csv", *RUN_OUTPUTS)

#: Seconds between two writings of the table while it grows.
INTERVAL = 1.0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = Parser(prog="python -m fer_features search", description=(__doc__ or "").split("\n\n")[1])
    p.add_argument("--pipeline", default="hog_svm", metavar="NAME", help="as for fer_features.run (hog_svm)")
    add_data(p)
    p.add_argument("--grid", metavar="FILE.json", help="what to try: a table of parameters with lists of values")
    p.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=A,B,C",
        help="values to try of a parameter, or one to hold it at; beside --grid this adds to the file's",
    )
    p.add_argument("--strategy", choices=STRATEGIES, default="grid", help="all, some drawn, or halving (grid)")
    p.add_argument("--candidates", type=whole(1), metavar="N", help="how many are drawn of the grid (random: 60)")
    p.add_argument("--cv", default="5fold", metavar="NAME", help="folds that judge: 5fold, loso, ... (5fold)")
    p.add_argument(
        "--nested",
        nargs="?",
        const="5fold",
        metavar="NAME",
        help="outer folds around the search, for a score that has not seen its own selection (5fold)",
    )
    p.add_argument("--score", choices=SCORES, default="accuracy", help="what is best: its mean over folds (accuracy)")
    p.add_argument("--budget", type=_minutes, metavar="MINUTES", help="after this time no new candidate is begun")
    add_rejection(p)
    p.add_argument("--jobs", type=jobs, default=1, metavar="N", help="fits side by side, -1 for all cores (1)")
    p.add_argument("--seed", type=whole(0), default=0, metavar="N", help="of folds, drawing and classifiers (0)")
    p.add_argument("--cache", metavar="DIR", help="keep features, and stills as read, there between runs")
    p.add_argument("--out", metavar="DIR", help="folder for journal and results (one under searches/, found again)")
    return p


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    kept: list[str] = []

    def interrupted() -> str:
        return kept[0] if kept else "nothing was written"

    return guarded(lambda: run(options, kept), interrupted)


def run(options: argparse.Namespace, kept: list[str]) -> None:
    """Search, refit, save; print a summary. `kept` gets what is to be said after Ctrl-C."""
    start = time.perf_counter()
    model = named(options)
    if options.reject or options.coverage:
        check_rejection(model)
    grid = read_grid(options)
    X, _ = opened(options, model, grid)
    planned = Search(
        model,
        X,
        grid,
        cv=options.cv,
        nested=options.nested,
        strategy=options.strategy,
        candidates=options.candidates,
        score=options.score,
        seed=options.seed,
    )
    out = Path(options.out) if options.out else Path("searches") / f"{options.pipeline}-{planned.digest}"
    if out.exists() and not out.is_dir():
        raise FerError(f"--out {out} is a file: a folder is needed")
    journal = out / "journal.jsonl"
    n = len(planned.candidates)
    print(
        f"{n} candidates of {planned.n_described} extractor setting(s){', begun before' * journal.exists()}: {out}",
        flush=True,
    )
    kept.append(f"what is done is kept in {journal}; the same command goes on from there")
    found = planned.run(
        journal=journal,
        jobs=options.jobs,
        budget=options.budget,
        on_step=_table_writer(planned, out / "candidates.csv"),
    )
    scores, unread = write(found, X, options, out, start)
    print(summary(scores))
    print(found)
    if unread:
        print(f"  {unread} test row(s) without landmarks: the most frequent class stands for them in submission.csv")
    print(
        f"  {found.fits} fits, {found.from_journal} of them done before; {found.described} rows described: each of "
        f"{len(found.rows)} at most once in each of {found.settings} setting(s)"
    )
    print(f"  {scores['seconds']:.1f} s; results in {out}")


def write(found: Found, X: Samples, options: argparse.Namespace, out: Path, start: float) -> tuple[dict[str, Any], int]:
    """Fit the best to all training rows, write the results; returns the scores, and how many test rows were unread."""
    clock = Clock()
    with filling(out, OUTPUTS) as folder:
        found.table.to_csv(folder / "candidates.csv", index=False)
        result = evaluate(
            found.model, X[found.rows], options.cv, jobs=options.jobs, seed=options.seed, name=options.pipeline
        )
        result = rejected(result, options.reject, options.coverage)
        clock.lap("judge")
        train = np.flatnonzero(training_rows(X) & describable(found.model, X))
        model = found.model.fit(X[train], X["label"][train])
        clock.lap("fit")
        clock.seconds["predict_a_row"] = seconds_a_row(model, X)
        write_subjects(X, folder / "subjects.csv")
        test = unlabelled_test(X)
        unread = predict_test(model, X, test, folder, result.scores) if test.size else 0
        chosen = f"the settings were chosen among {len(found.table)} by this score, which is therefore too high"
        scores = {
            **{k: v for k, v in result.scores.items() if k != "described"},  # fewer where a search goes on
            "notes": [*result.scores["notes"], chosen],
            "left_out": found.left_out,
            "search": found.record(),
            "command": {k: v for k, v in vars(options).items() if k not in ("out", "cache", "jobs", "budget")},
            "timing": clock.seconds,
            "memory": {"peak_mb": peak_mb()},
            "seconds": round(time.perf_counter() - start, 3),
        }
        result = dataclasses.replace(result, scores=scores, model=model)
        write_results(folder, X, result, found.best)
        write_report(folder, X, result, found.best, command_line(parser(), options), options.seed, found)
    return scores, unread


def read_grid(options: argparse.Namespace) -> dict[str, list[Any]]:
    """What is to be tried: of ``--grid`` and ``--set``, or where neither is given what is worth trying."""
    grid: dict[str, list[Any]] = {}
    if options.grid:
        try:
            grid = check_grid(json.loads(Path(options.grid).read_text()))
        except OSError as error:
            raise FerError(f"--grid {options.grid} cannot be read: {error.strerror}") from error
        except ValueError as error:
            if isinstance(error, FerError):
                raise FerError(f"--grid {options.grid}: {error}") from error
            raise FerError(f"--grid {options.grid} is not JSON: {error}") from error
    grid |= dict(parse_values(text) for text in options.set)
    return grid or default_grid(options.pipeline)


def parse_values(text: str) -> tuple[str, list[Any]]:
    """``'features__hog__orientations=6,8,9'`` as a name and a list; values are Python literals, or else text."""
    key, equals, values = text.partition("=")
    if not equals or not key or not values:
        raise FerError(f"--set {text}: NAME=A,B,C is needed, such as features__hog__orientations=6,8,9")
    parts, depth = [""], 0
    for letter in values:  # a comma within brackets is the value's own
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return key, [_literal(part.strip()) for part in parts]


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _minutes(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of minutes above 0")
    return value


def _table_writer(planned: Search, path: Path) -> Callable[[], None]:
    """What writes the table of candidates as it grows, whole each time and no more than once a second."""
    last = 0.0

    def write_table() -> None:
        nonlocal last
        if not last:  # what a killed search left half-written
            for left in path.parent.glob(f".{path.name}.*.part"):
                left.unlink(missing_ok=True)
        if time.monotonic() - last > INTERVAL:
            last = time.monotonic()
            with replacing(path) as temporary:
                planned.table().to_csv(temporary, index=False)

    return write_table


if __name__ == "__main__":
    sys.exit(main())
