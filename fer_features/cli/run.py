"""``fer-features run``: evaluate a pipeline, fit it to all training samples, save it and write a report."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ._options import (
    add_computation_options,
    add_data_options,
    add_pipeline_option,
    add_rejection_options,
    build_pipeline,
    load_data,
    recorded_options,
)
from ._parser import Parser, add_common_options, command_parser, format_command, int_at_least, run_command


def parser() -> Parser:
    """Parser of the command."""
    p = command_parser(
        "run",
        "Evaluate a pipeline by cross-validation grouped by subject, or on the predefined splits if these have labels. "
        "Then fit it to all training samples, save it with a report, and predict a test split without labels.",
        "fer-features run --pipeline hog_svm --data DIR --cv loso --n-jobs -1",
    )
    group = p.option_group("pipeline")
    add_pipeline_option(group)
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="parameter of the pipeline, for example features__hog__pixels_per_cell=8; repeatable",
    )
    add_data_options(p)
    group = p.option_group("evaluation")
    group.add_argument(
        "--cv",
        metavar="NAME",
        help="loso (leave one subject out), 5fold, 10fold, ..., or predefined (default: predefined if these splits "
        "have labels, else loso up to 30 subjects, else 10fold)",
    )
    group.add_argument(
        "--repeats", type=int_at_least(1), default=1, metavar="N", help="repetitions of k-fold, each with other folds"
    )
    group.add_argument(
        "--drop-duplicates", action="store_true", help="train on one sample of each group of identical images"
    )
    group.add_argument(
        "--learning-curve",
        type=int_at_least(2),
        metavar="POINTS",
        help="evaluate with this many numbers of training subjects; fits the pipeline once per point and fold, or "
        "three times per point where folds are few",
    )
    add_rejection_options(p)
    add_computation_options(p, "folds", "folds, confidence intervals and classifiers")
    group = p.option_group("output")
    group.add_argument("--out", metavar="DIR", help="folder of the results (default: a new folder under runs/)")
    group.add_argument(
        "--train-landmarker",
        action="store_true",
        help="train a landmark detector too and save it with the model, which then accepts images and videos as "
        "recorded",
    )
    add_common_options(p)
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    return run_command(lambda: run(options), options)


def run(options: argparse.Namespace) -> None:
    """Evaluate, refit, save, predict; print a summary."""
    from .._atomic import atomic_directory, timestamped_directory
    from ..evaluation.profiling import Stopwatch
    from ..evaluation.summary import summary
    from ..exceptions import FerError
    from ..experiment import RUN_OUTPUTS
    from ..pipelines import parse_setting
    from ..workflow import run_experiment

    watch = Stopwatch()
    settings = dict(parse_setting(text) for text in options.set)
    model = build_pipeline(options, **settings)
    out = Path(options.out) if options.out else timestamped_directory("runs", options.pipeline)
    # The folder is opened first: one that cannot be written is reported before the computation.
    with atomic_directory(out, RUN_OUTPUTS) as folder:
        X, alignment = load_data(options, model, settings)
        try:
            experiment = run_experiment(
                model,
                X,
                options.cv,
                n_repeats=options.repeats,
                n_jobs=options.n_jobs,
                seed=options.seed,
                name=options.pipeline,
                drop_duplicates=options.drop_duplicates,
                reject_below=options.reject_below,
                target_coverage=options.target_coverage,
                learning_curve_points=options.learning_curve,
                train_landmarker=options.train_landmarker,
                settings=settings | alignment,
                command=format_command(parser(), options),
                command_options=recorded_options(options),
                watch=watch,
            )
        except (ValueError, TypeError) as error:
            # scikit-learn and XGBoost refuse an invalid parameter when they are fitted.
            if isinstance(error, FerError) or not options.set:
                raise
            raise FerError(f"--set {' --set '.join(options.set)} does not work: {error}") from error
        experiment.write(folder)
    scores = experiment.scores
    print(summary(scores))
    if experiment.test is not None and experiment.test.n_without_features:
        print_missing_landmarks(experiment.test.n_without_features)
    print(f"  {scores.n_features_computed} feature vectors computed, {scores.seconds:.1f} s; results in {out}")


def print_missing_landmarks(n: int) -> None:
    """Print how many samples of a submission have no prediction of their own."""
    print(f"  {n} test sample(s) without landmarks: submission.csv holds the most frequent class for them")
