"""``fer-features check``: check whether the score of a pipeline can be trusted."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .._atomic import timestamped_directory
from .._result_folder import ResultFolder
from ._advice import as_options
from ._data_options import add_data_options, load_data
from ._options import (
    add_computation_options,
    add_face_options,
    add_output_folder,
    add_parameter_option,
    add_pipeline_option,
    build_pipeline,
    cluster_of,
    recorded_options,
    setting_errors,
)
from ._parser import Parser, add_common_options, command_parser, format_command, int_at_least, int_between, run_command

if TYPE_CHECKING:
    from ..audit.context import Check

#: Each permutation needs a fit per fold.
MAX_PERMUTATIONS = 10_000


def parser() -> Parser:
    """Parser of the command."""
    p = command_parser(
        "check",
        "Check whether the score of a pipeline can be trusted: leakage in the pipeline, its folds and its data, and "
        "label permutation. Each check prints one line: pass, warning, fail or skipped, and the reason. The exit "
        "code is 1 if a check fails. The pipeline is fitted about a hundred times; for one that fits its features, "
        "such as fv, reduce --max-samples and --permutations.",
        "fer-features check --pipeline hog_svm --data DIR --n-jobs -1",
    )
    group = p.option_group("pipeline")
    add_pipeline_option(group)
    add_parameter_option(group)
    add_data_options(p)
    add_face_options(p)
    group = p.option_group("checks")
    group.add_argument(
        "--split",
        choices=("grouped", "random"),
        default="grouped",
        help="the folds of the score to be checked: grouped by subject, or random samples",
    )
    group.add_argument(
        "--permutations",
        type=int_between(19, MAX_PERMUTATIONS),
        default=50,
        metavar="N",
        help="permutations of the labels, at least 19",
    )
    group.add_argument(
        "--max-samples",
        type=int_at_least(20),
        default=2000,
        metavar="N",
        help="samples for the checks that fit the pipeline many times, chosen by subject",
    )
    add_computation_options(p, "fits", "folds, permutations and classifiers")
    add_output_folder(p, "check.json and report.html", "a new folder under checks/")
    add_common_options(p)
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    found: list[Check] = []
    code = run_command(lambda: run(options, found), options)
    return code or int(any(check.status == "fail" for check in found))


def run(options: argparse.Namespace, found: list[Check]) -> None:
    """Run the checks, printing each result as soon as it is known, and write them."""
    from ..pipelines import parse_setting
    from ..workflow.audits import CHECK_OUTPUTS, check

    def show(one: Check) -> None:
        found.append(one)
        print(as_options(str(one)), flush=True)

    settings = dict(parse_setting(text) for text in options.set)
    with setting_errors(options.set):
        model = build_pipeline(options, **settings)
    out = Path(options.out) if options.out else timestamped_directory("checks", options.pipeline)
    with ResultFolder(out, CHECK_OUTPUTS, "check", options.overwrite) as results, cluster_of(options):
        model, X, alignment = load_data(options, model, settings)
        with setting_errors(options.set):
            result = check(
                model,
                X,
                split=options.split,
                n_permutations=options.permutations,
                max_samples=options.max_samples,
                seed=options.seed,
                n_jobs=options.n_jobs,
                name=options.pipeline,
                settings=settings | alignment,
                command=format_command(parser(), options),
                command_options=recorded_options(options),
                on_check=show,
            )
        with results.publish() as folder:
            result.write(folder)
    print(f"results in {out}")
