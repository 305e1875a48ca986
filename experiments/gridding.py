"""What the scripts `grid_*.py` share: nested searches over some pipelines, kept as JSON in experiments/results/."""

import argparse
import json
import time
from pathlib import Path

from fer_features import load_dataset, make_pipeline
from fer_features._atomic import replacing
from fer_features.cli._parser import Parser, guarded, jobs, whole
from fer_features.model_selection.grids import STRATEGIES
from fer_features.model_selection.search import Search
from fer_features.version import versions

#: Classifiers of every grid. Features have a total variance of 1, so the same values suit all of them.
SVM = {"classifier__C": [1, 3, 10, 30], "classifier__gamma": [0.1, 0.3, 1.0]}
XGB = {"classifier__max_depth": [2, 3], "classifier__learning_rate": [0.1, 0.2]}


def main(name: str, description: str, grids: dict[str, dict[str, list]]) -> int:
    """Search each pipeline; after an interruption the same command goes on."""
    parser = Parser(description=description)
    parser.add_argument("--data", default="demo", metavar="DIR")
    parser.add_argument("--subjects", metavar="FILE")
    parser.add_argument("--cv", default="5fold", metavar="NAME", help="folds that choose (5fold)")
    parser.add_argument("--nested", default="5fold", metavar="NAME", help="folds that judge the choice (5fold)")
    parser.add_argument("--strategy", choices=STRATEGIES, default="grid")
    parser.add_argument("--candidates", type=whole(1), metavar="N", help="how many are drawn of each grid")
    parser.add_argument("--jobs", type=jobs, default=1, metavar="N")
    parser.add_argument("--only", nargs="+", choices=grids, default=list(grids), metavar="NAME")
    parser.add_argument("--out", type=Path, metavar="FILE", help=f"JSON (experiments/results/{name}-DATA.json)")
    options = parser.parse_args()
    return guarded(
        lambda: run(options, name, {pipeline: grids[pipeline] for pipeline in options.only}),
        lambda: "what is done is kept under searches/; the same command goes on from there",
    )


def run(options: argparse.Namespace, name: str, grids: dict[str, dict[str, list]]) -> None:
    X = load_dataset(options.data, options.subjects)
    out = options.out or Path(__file__).parent / "results" / f"{name}-{X.info.dataset}.json"
    rows: dict[str, dict] = {}
    for pipeline, grid in grids.items():
        start = time.perf_counter()
        choice = {"strategy": options.strategy, "candidates": options.candidates}
        planned = Search(make_pipeline(pipeline), X, grid, cv=options.cv, nested=options.nested, **choice)
        journal = Path("searches") / f"{pipeline}-{planned.digest}" / "journal.jsonl"
        found = planned.run(journal=journal, jobs=options.jobs)
        print(f"{pipeline}: {found}", flush=True)
        rows[pipeline] = {"grid": grid, **found.record(), "seconds": round(time.perf_counter() - start, 1)}
        head = {"dataset": X.info.dataset, "synthetic": X.info.synthetic, "versions": versions()}
        with replacing(out) as temporary:  # after each, so that a long list can be read while it grows
            temporary.write_text(json.dumps({**head, "searches": rows}, indent=1) + "\n")
    print(f"written to {out}")
