"""Nested grid searches over the parameters of some pipelines: the command line of the scripts ``grid_*.py``."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from command_line import script_parser
from result_tables import RESULTS_DIR, write_json

from fer_features import load_dataset, make_pipeline
from fer_features._serialization import to_jsonable
from fer_features.cli._parser import int_at_least, n_jobs, run_command
from fer_features.model_selection.grids import STRATEGIES
from fer_features.model_selection.search import Search
from fer_features.version import versions

#: Parameter -> values, for each pipeline.
Grid = Mapping[str, list[Any]]

#: Grids of the classifiers. Features have a total variance of 1, so that the same values suit all of them.
SVM: Grid = {"classifier__C": [1, 3, 10, 30], "classifier__gamma": [0.1, 0.3, 1.0]}
XGB: Grid = {"classifier__max_depth": [2, 3], "classifier__learning_rate": [0.1, 0.2]}


def main(
    name: str, documentation: str | None, grids: Mapping[str, Grid], arguments: Sequence[str] | None = None
) -> int:
    """Search the grid of each pipeline; returns the exit code.

    Parameters
    ----------
    name : str
        Name of the script.
    documentation : str or None
        Its docstring.
    grids : mapping of str to Grid
        Pipeline specification -> grid.
    arguments : sequence of str, optional
        Arguments of the command line.
    """
    parser = script_parser(documentation, f"{name}-DATA.json")
    parser.add_argument("--data", default="demo", metavar="DIR", help="data set, as for fer-features run")
    parser.add_argument("--subjects", metavar="FILE", help="true subjects of the training split")
    parser.add_argument("--cv", default="5fold", metavar="NAME", help="inner folds, which select the candidate")
    parser.add_argument("--nested", default="5fold", metavar="NAME", help="outer folds, which evaluate the selection")
    parser.add_argument("--strategy", choices=STRATEGIES, default="grid", help="all candidates, or a random sample")
    parser.add_argument("--n-iter", type=int_at_least(1), metavar="N", help="random candidates of each grid")
    parser.add_argument("--n-jobs", type=n_jobs, default=1, metavar="N", help="parallel fits; -1 uses all cores")
    parser.add_argument("--only", nargs="+", choices=list(grids), help="only these pipelines")
    parser.add_argument(
        "--journals", type=Path, default=Path("searches"), metavar="DIR", help="folder of the fits done so far"
    )
    options = parser.parse_args(arguments)
    return run_command(
        lambda: run(options, name, {pipeline: grids[pipeline] for pipeline in options.only or grids}),
        interrupted=lambda: f"the fits so far are kept in {options.journals}; the same command continues from them",
    )


def run(options: argparse.Namespace, name: str, grids: Mapping[str, Grid]) -> None:
    """Search the grid of each pipeline and write the results after each of them."""
    X = load_dataset(options.data, subjects=options.subjects)
    out = options.out or RESULTS_DIR / f"{name}-{X.info.dataset}.json"
    searches: dict[str, dict[str, Any]] = {}
    for pipeline, grid in grids.items():
        start = time.perf_counter()
        planned = Search(
            make_pipeline(pipeline),
            X,
            grid,
            cv=options.cv,
            nested=options.nested,
            strategy=options.strategy,
            n_iter=options.n_iter,
        )
        journal = options.journals / f"{pipeline}-{planned.digest}" / "journal.jsonl"
        found = planned.run(journal=journal, n_jobs=options.n_jobs)
        print(f"{pipeline}: {found}", flush=True)
        searches[pipeline] = {
            "grid": grid,
            **to_jsonable(found.summarize()),
            "seconds": round(time.perf_counter() - start, 1),
        }
        data = {"dataset": X.info.dataset, "synthetic": X.info.synthetic}
        write_json(out, {**data, "versions": versions(), "searches": searches})
    print(f"written to {out}")
