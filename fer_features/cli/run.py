"""``fer-features run``: evaluate a pipeline, fit it to all training samples, save it and write a report."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..exceptions import FerError
from ._advice import as_options
from ._data_options import add_data_options, load_data
from ._options import (
    add_computation_options,
    add_face_options,
    add_model_format,
    add_output_folder,
    add_parameter_option,
    add_pipeline_option,
    add_rejection_options,
    build_pipeline,
    cluster_of,
    recorded_options,
    setting_errors,
)
from ._parser import Parser, add_common_options, command_parser, format_command, int_between, run_command

if TYPE_CHECKING:
    from ..evaluation.profiling import Stopwatch
    from ..experiment import Experiment
    from ..samples.table import Samples
    from ..trained_model import TrainedModel

#: Value of ``--cv`` that fits and predicts only.
NO_EVALUATION = "none"
#: Limits of options that multiply the number of fits.
MAX_REPEATS, MAX_CURVE_POINTS = 1000, 100


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
    add_parameter_option(group)
    add_data_options(p)
    add_face_options(p)
    group = p.option_group("evaluation")
    group.add_argument(
        "--cv",
        metavar="NAME",
        help="loso (leave one subject out), 5fold, 10fold, ..., holdout (a fifth), predefined, or none, which fits and "
        "predicts without an evaluation (default: predefined if these splits have labels, else holdout from 5,000 "
        "samples on, else loso up to 30 subjects, else 10fold)",
    )
    group.add_argument(
        "--repeats",
        type=int_between(1, MAX_REPEATS),
        default=1,
        metavar="N",
        help="repetitions of k-fold, each with other folds",
    )
    group.add_argument(
        "--drop-duplicates", action="store_true", help="train on one sample of each group of identical images"
    )
    group.add_argument(
        "--learning-curve",
        type=int_between(2, MAX_CURVE_POINTS),
        metavar="POINTS",
        help="evaluate with this many numbers of training subjects; fits the pipeline once per point and fold, or "
        "three times per point where folds are few",
    )
    add_rejection_options(p)
    add_computation_options(p, "folds", "folds, confidence intervals and classifiers")
    add_output_folder(p, "the results", "a new folder under runs/")
    add_model_format(p)
    p.option_group("landmarks").add_argument(
        "--train-landmarker",
        action="store_true",
        help="train a landmark detector too and save it with the model, which then accepts images and videos as "
        "recorded",
    )
    add_common_options(p)
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    p = parser()
    options = p.parse_args(arguments)
    for name in ("target_coverage", "learning_curve"):
        if options.cv == NO_EVALUATION and getattr(options, name) is not None:
            p.error(f"--{name.replace('_', '-')} needs an evaluation, and --cv {NO_EVALUATION} has none")
    kept: list[str] = []
    return run_command(lambda: run(options, kept), options, lambda: kept[0] if kept else "nothing was written")


def run(options: argparse.Namespace, kept: list[str]) -> None:
    """Fit, predict, evaluate, save; print a summary.

    Parameters
    ----------
    options : argparse.Namespace
    kept : list of str
        Receives which results exist after an interruption.
    """
    from .._atomic import timestamped_directory
    from .._result_folder import ResultFolder
    from ..evaluation.profiling import Stopwatch
    from ..evaluation.protocol import check_protocol_name
    from ..experiment import RUN_OUTPUTS
    from ..persistence import check_model_format
    from ..pipelines import parse_setting

    watch = Stopwatch()
    settings = dict(parse_setting(text) for text in options.set)
    with setting_errors(options.set):
        model = build_pipeline(options, **settings)
    check_model_format(model, options.format)
    if options.cv != NO_EVALUATION:
        check_protocol_name(options.cv, options.repeats)
    out = Path(options.out) if options.out else timestamped_directory("runs", options.pipeline)
    with ResultFolder(out, RUN_OUTPUTS, "run", options.overwrite) as results, cluster_of(options):

        def save_model(trained: TrainedModel) -> None:
            with results.publish() as folder:
                trained.write(folder, options.format)
            kept.append(f"the model and its predictions are in {out}, without an evaluation")

        model, X, alignment = load_data(options, model, settings)
        try:
            result = _compute(options, model, X, settings | alignment, watch, save_model)
            with results.publish() as folder:
                result.write(folder, options.format)
        except FerError as error:
            raise FerError("; ".join([str(error), *kept])) from error
    print(as_options(str(result)))
    if result.test is not None and result.test.n_without_features:
        print_missing_landmarks(result.test.n_without_features)
    print(f"  {X.feature_store.n_computed} feature vectors computed, {watch.total:.1f} s; results in {out}")


def _compute(
    options: argparse.Namespace,
    model: Any,
    X: Samples,
    settings: dict[str, Any],
    watch: Stopwatch,
    save_model: Callable[[TrainedModel], None],
) -> Experiment | TrainedModel:
    """Fit, predict and, unless ``--cv none`` is given, evaluate."""
    from ..training import train_model
    from ..workflow.experiments import run_experiment

    common: dict[str, Any] = {
        "seed": options.seed,
        "name": options.pipeline,
        "drop_duplicates": options.drop_duplicates,
        "reject_below": options.reject_below,
        "train_landmarker": options.train_landmarker,
        "settings": settings,
        "watch": watch,
    }
    with setting_errors(options.set):
        if options.cv == NO_EVALUATION:
            return train_model(model, X, **common)
        return run_experiment(
            model,
            X,
            options.cv,
            n_repeats=options.repeats,
            n_jobs=options.n_jobs,
            target_coverage=options.target_coverage,
            learning_curve=options.learning_curve,
            command=format_command(parser(), options),
            command_options=recorded_options(options),
            on_trained=save_model,
            **common,
        )


def print_missing_landmarks(n: int) -> None:
    """Print how many samples of a submission have no prediction of their own."""
    print(f"  {n} test sample(s) without landmarks: submission.csv holds the most frequent class for them")
