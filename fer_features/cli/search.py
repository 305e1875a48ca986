"""``fer-features search``: search for parameters of a pipeline by (nested) cross-validation."""

from __future__ import annotations

import argparse
import ast
import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._atomic import MAX_NAME_LENGTH
from .._files import file_fault
from .._text import counted
from ..exceptions import FerError
from ._advice import as_options
from ._data_options import add_data_options, load_data
from ._options import (
    add_computation_options,
    add_face_options,
    add_model_format,
    add_output_folder,
    add_pipeline_option,
    add_rejection_options,
    build_pipeline,
    cluster_of,
    recorded_options,
    setting_errors,
)
from ._parser import Parser, add_common_options, command_parser, format_command, int_at_least, run_command
from .run import print_missing_landmarks

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from .._result_folder import ResultFolder
    from ..evaluation.profiling import Stopwatch
    from ..model_selection.search import Search

#: Seconds between two updates of candidates.csv.
TABLE_INTERVAL_SECONDS = 1.0


def parser() -> Parser:
    """Parser of the command."""
    p = command_parser(
        "search",
        "Search for the best parameters of a pipeline by cross-validation grouped by subject, and fit the best "
        "pipeline to all training samples. With --nested, outer folds evaluate the search itself. Every fit is saved "
        "at once: after an interruption, the same command continues where it stopped.",
        "fer-features search --pipeline hog_svm --data DIR --nested --n-jobs -1",
        "fer-features search --pipeline hog_svm --set features__hog__orientations=6,8,9 --set classifier__C=1,10",
    )
    group = p.option_group("pipeline")
    add_pipeline_option(group)
    group.add_argument(
        "--grid",
        metavar="FILE.json",
        help="parameter grid, {NAME: [VALUE, ...], ...} (default: a grid for the pipeline)",
    )
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=A,B,C",
        help="values of a parameter, added to --grid; a single value fixes the parameter; repeatable",
    )
    add_data_options(p)
    add_face_options(p)
    group = p.option_group("search")
    group.add_argument(
        "--strategy",
        choices=("grid", "random"),
        default="grid",
        help="all combinations, or a random sample of them",
    )
    group.add_argument(
        "--n-iter", type=int_at_least(1), metavar="N", help="combinations that --strategy random samples (default: 60)"
    )
    group.add_argument(
        "--time-limit", type=_minutes, metavar="MINUTES", help="evaluate no further combinations after this time"
    )
    group = p.option_group("evaluation")
    group.add_argument(
        "--scoring",
        choices=("accuracy", "balanced_accuracy", "macro_f1"),
        default="accuracy",
        help="metric to maximize, as the mean over folds",
    )
    group.add_argument("--cv", default="5fold", metavar="NAME", help="folds of the search: 5fold, loso, ...")
    group.add_argument(
        "--nested",
        nargs="?",
        const="5fold",
        metavar="NAME",
        help="outer folds around the search, for a score without selection bias; 5fold if NAME is omitted",
    )
    add_rejection_options(p)
    add_computation_options(p, "fits", "folds, sampling of combinations, and classifiers")
    add_output_folder(p, "the journal and the results", "a folder under searches/ for this search, which is continued")
    add_model_format(p)
    add_common_options(p)
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    kept: list[str] = []

    def interrupted() -> str:
        return kept[0] if kept else "nothing was written"

    return run_command(lambda: run(options, kept), options, interrupted)


def run(options: argparse.Namespace, kept: list[str]) -> None:
    """Search, refit, save; print a summary. `kept` receives the message after an interruption."""
    from sklearn.base import clone

    from ..evaluation.profiling import Stopwatch
    from ..evaluation.rejection import check_rejection
    from ..model_selection.schedule import check_search_folds
    from ..persistence import check_model_format
    from ..pipelines import set_parameters

    watch = Stopwatch()
    with setting_errors(options.set):
        model = build_pipeline(options)
    check_model_format(model, options.format)
    if options.reject_below or options.target_coverage:
        check_rejection(model)
    grid = read_grid(options)
    check_search_folds(options.cv, options.nested)
    set_parameters(clone(model), {name: values[0] for name, values in grid.items()})  # all candidates have these names
    if options.out:  # a folder that cannot be written is reported before the data are read
        with _result_folder(options.out, options):
            pass
    with cluster_of(options):
        _search(options, model, grid, watch, kept)


def _search(
    options: argparse.Namespace, model: Pipeline, grid: dict[str, list[Any]], watch: Stopwatch, kept: list[str]
) -> None:
    """Read the data, search, refit, save; print a summary."""
    from ..evaluation.summary import summary
    from ..experiment import JOURNAL
    from ..model_selection.search import Search
    from ..workflow.searches import finish_search

    model, X, _ = load_data(options, model, {})
    watch.lap("read")
    planned = Search(
        model,
        X,
        grid,
        cv=options.cv,
        nested=options.nested,
        strategy=options.strategy,
        n_iter=options.n_iter,
        scoring=options.scoring,
        seed=options.seed,
    )
    default = Path("searches") / f"{options.pipeline[:MAX_NAME_LENGTH]}-{planned.digest}"
    out = Path(options.out) if options.out else default
    journal = out / JOURNAL
    with _result_folder(out, options) as results:
        results.claim(JOURNAL, "candidates.csv")
        continued = ", continued" if journal.exists() else ""
        n_settings = planned.n_extractor_settings
        print(
            f"{len(planned.candidates)} candidates, {counted(n_settings, 'extractor setting')}{continued}: {out}",
            flush=True,
        )
        kept.append(f"finished fits are kept in {journal}; the same command continues the search")
        found = planned.run(
            journal=journal,
            n_jobs=options.n_jobs,
            time_limit=options.time_limit,
            on_step=_table_writer(planned, out / "candidates.csv"),
        )
        watch.lap("search")
        with setting_errors(options.set):
            experiment = finish_search(
                found,
                X,
                options.cv,
                n_jobs=options.n_jobs,
                seed=options.seed,
                name=options.pipeline,
                reject_below=options.reject_below,
                target_coverage=options.target_coverage,
                command=format_command(parser(), options),
                command_options={k: v for k, v in recorded_options(options).items() if k != "time_limit"},
                watch=watch,
            )
        with results.publish() as folder:
            experiment.write(folder, options.format)
    print(as_options(f"{summary(experiment.scores)}\n{found}", vars(options)))
    if experiment.test is not None and experiment.test.n_without_features:
        print_missing_landmarks(experiment.test.n_without_features)
    settings = counted(found.n_extractor_settings, "extractor setting")
    print(
        f"  {found.n_fits} fits, {found.n_resumed} of them found in the journal; {found.n_features_computed} feature "
        f"vectors computed for {len(found.indices)} samples and {settings}"
    )
    print(f"  results in {out}")


def _result_folder(out: str | Path, options: argparse.Namespace) -> ResultFolder:
    from .._result_folder import ResultFolder
    from ..experiment import JOURNAL, SEARCH_OUTPUTS

    return ResultFolder(out, (JOURNAL, *SEARCH_OUTPUTS), "search", options.overwrite, continued=(JOURNAL,))


def read_grid(options: argparse.Namespace) -> dict[str, list[Any]]:
    """The grid of ``--grid`` and ``--set``, or the default grid of the pipeline."""
    from ..model_selection.grids import check_grid, default_grid

    grid: dict[str, list[Any]] = {}
    if options.grid:
        if fault := file_fault(options.grid):
            raise FerError(f"--grid {options.grid} {fault}")
        try:
            grid = check_grid(json.loads(Path(options.grid).read_text(encoding="utf-8")))
        except OSError as error:
            raise FerError(f"--grid {options.grid} cannot be read: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            if isinstance(error, FerError):
                raise FerError(f"--grid {options.grid}: {error}") from error
            raise FerError(f"--grid {options.grid} is not JSON: {error}") from error
    grid |= dict(parse_values(text) for text in options.set)
    return grid or default_grid(options.pipeline)


def parse_values(text: str) -> tuple[str, list[Any]]:
    """Parse ``NAME=A,B,C`` into a name and a list; values are Python literals, or else text."""
    key, equals, values = text.partition("=")
    if not equals or not key or not values:
        raise FerError(f"--set {text}: NAME=A,B,C is needed, such as features__hog__orientations=6,8,9")
    parts, depth = [""], 0
    for letter in values:  # a comma within brackets is part of a value
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return key, [_literal(part.strip()) for part in parts]


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):  # the last two for deeply nested expressions
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
    """A function that writes the table of the candidates so far, at most once per second."""
    from .._atomic import atomic_write
    from .._csv import write_csv

    last = 0.0

    def write_table() -> None:
        nonlocal last
        if time.monotonic() - last > TABLE_INTERVAL_SECONDS:
            last = time.monotonic()
            with atomic_write(path) as temporary:
                write_csv(planned.table(), temporary)

    return write_table
