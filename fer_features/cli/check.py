"""Can the score be believed? ``python -m fer_features check --pipeline hog_svm --data PATH``.

Looks for leaks and faults in a pipeline, its folds and its data, and prints one line for each: fine, look, broken or
skipped, and why. Ends with 1 where something is broken. The pipeline is fitted some hundred times: for one that learns
its features, such as fv, fewer --rows and --permutations will do.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from .._atomic import filling, new_folder
from ..audit.base import Check
from ..audit.score_checks import MOST, checks
from ..pipelines import columns_read, parse_setting
from ..reports.audit import check_page
from ..samples.table import Samples, fingerprint
from ..version import versions
from ._options import add_data, named, opened
from ._parser import Parser, command_line, guarded, jobs, whole

#: What the command writes.
OUTPUTS = ("check.json", "report.html")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = Parser(prog="python -m fer_features check", description=(__doc__ or "").split("\n\n")[1])
    p.add_argument("--pipeline", default="hog_svm", metavar="NAME", help="as for run (hog_svm)")
    add_data(p)
    p.add_argument(
        "--split",
        choices=("grouped", "random"),
        default="grouped",
        help="the folds that your own score rests on: by subject, or of rows (grouped)",
    )
    p.add_argument("--permutations", type=whole(19), default=50, metavar="N", help="of labels, at least 19 (50)")
    p.add_argument(
        "--rows", type=whole(20), default=MOST, metavar="N", help=f"fitted again and again, at most, by people ({MOST})"
    )
    p.add_argument("--jobs", type=jobs, default=1, metavar="N", help="fits side by side, -1 for all cores (1)")
    p.add_argument("--seed", type=whole(0), default=0, metavar="N", help="of folds, permutations and classifiers (0)")
    p.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter, as for run")
    p.add_argument("--cache", metavar="DIR", help="keep features, and stills as read, there between runs")
    p.add_argument("--out", metavar="DIR", help="folder for check.json and report.html (a new one under checks/)")
    return p


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    found: list[Check] = []
    code = guarded(lambda: run(options, found))
    return code or int(any(check.verdict == "broken" for check in found))


def run(options: argparse.Namespace, found: list[Check]) -> None:
    """Check, printing verdicts as they come, and write them."""
    out = Path(options.out) if options.out else new_folder("checks", options.pipeline)
    # A folder that cannot be written is told before minutes of work, not after them.
    with filling(out, OUTPUTS) as folder:
        record, X = examine(options, found)
        (folder / "check.json").write_text(json.dumps(record, indent=1) + "\n")
        page = check_page(record, found, X, command_line(parser(), options))
        (folder / "report.html").write_text(page, encoding="utf-8")
    print(f"written to {out}")


def examine(options: argparse.Namespace, found: list[Check]) -> tuple[dict[str, Any], Samples]:
    """Read the data, print each verdict and put it into `found`; returns what check.json holds, and the data."""
    settings = dict(parse_setting(text) for text in options.set)
    model = named(options, **settings)
    X, suited = opened(options, model, settings)
    settings |= suited
    for name in columns_read(model):
        X.column(name)
    work = checks(
        model,
        X,
        split=options.split,
        permutations=options.permutations,
        most=options.rows,
        seed=options.seed,
        jobs=options.jobs,
    )
    for check in work:
        found.append(check)
        print(check, flush=True)
    command = {k: v for k, v in vars(options).items() if k not in ("out", "cache", "jobs")}
    record = {
        "pipeline": options.pipeline,
        "settings": settings,
        "dataset": X.info.dataset,
        "synthetic": X.info.synthetic,
        "checks": [dataclasses.asdict(check) for check in found],
        "command": command,
        "fingerprint": fingerprint(X),
        "versions": versions(),
    }
    return record, X


if __name__ == "__main__":
    sys.exit(main())
