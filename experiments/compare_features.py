"""Extractors alone and combined, on several data sets, evaluated by subject.

    python experiments/compare_features.py                                          the synthetic demo
    python experiments/compare_features.py --standin DIR --kdef NPZ --bu4dfe NPZ    real faces

Every extractor alone, then the best combination by forward selection, all with the default RBF support vector machine
and folds grouped by subject; then complete pipelines, among them the preset `best`. With --standin and --bu4dfe,
landmark models are also trained on one of these data sets and evaluated on the other. Only `best` is evaluated on the
test split of --standin. Results that the file contains are not computed again. `experiment_data.py` describes the
files.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from command_line import script_parser
from experiment_data import (
    bu4dfe_sequences,
    fer22_samples,
    fer22_test_samples,
    fer22_training_samples,
    kdef_pairs,
    kdef_photographs,
    read_kdef,
)
from kernel_evaluation import KernelEvaluation, selected_scores
from result_tables import RESULTS_DIR, ResultFile, fixed, print_header, print_row
from threadpoolctl import threadpool_limits

from fer_features import Samples, evaluate, load_dataset, make_pipeline
from fer_features.classifiers import uncalibrated
from fer_features.cli._parser import run_command
from fer_features.evaluation.metrics import compute_metrics
from fer_features.expressions import FER22_CLASSES
from fer_features.extractors import EXTRACTORS
from fer_features.extractors.features import named_extractors
from fer_features.pipelines import can_extract, ensemble_members, transformed

#: Largest number of extractors in a combination.
MAX_EXTRACTORS = 6
#: Differences in accuracy below this are noise with some dozens of subjects.
ACCURACY_TOLERANCE = 0.003
#: The shape model of `best`. Its decision function is smoother than the default, and transfers better.
SHAPE_MODEL: dict[str, Any] = {"name": "landmarks_geometry_svm", "classifier__C": 1, "classifier__gamma": 0.3}
#: Complete pipelines on KDEF.
KDEF_PAIR_PIPELINES = ("hogdiff_patchesdiff_patches_gabordiff_linear", "best")
KDEF_APEX_PIPELINES = ("patches_gabor_lpq_svm", "patches_gabor_lpq_linear", "patches_gabor_lpq_lda")
#: Random training sets of few subjects.
N_SUBSETS = 20


@dataclass
class Task:
    """Samples, the folds on which they are evaluated, the extractors that can use them, and complete pipelines."""

    name: str
    X: Samples
    cv: str
    extractors: list[str]
    pipelines: tuple[str, ...] = ()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__, "compare_features.json")
    parser.add_argument("--standin", type=Path, metavar="DIR", help="fer22 folder with the subfolder 'solution'")
    parser.add_argument("--kdef", type=Path, metavar="NPZ", help="photographs of KDEF with landmarks")
    parser.add_argument("--bu4dfe", type=Path, metavar="NPZ", help="landmarks of BU-4DFE")
    parser.add_argument(
        "--only", nargs="+", choices=list(EXTRACTORS), metavar="EXTRACTOR", help="these extractors, no pipelines"
    )
    options = parser.parse_args(arguments)
    return run_command(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Evaluate everything on the given data, print the tables, and write each result."""
    table = Table(options.out or RESULTS_DIR / "compare_features.json")
    with threadpool_limits(2):
        for task in tasks(options):
            task.extractors = [name for name in task.extractors if not options.only or name in options.only]
            if not task.extractors:
                continue
            print(f"\n{task.name}")
            print_header(["extractors", "accuracy", "SD over subjects", "features", "seconds"])
            forward_selection(task, table)
            for name in () if options.only else task.pipelines:
                table.add(task.name, name, partial(evaluate_complete_pipeline, name, task))
        if options.standin and not options.only:
            table.add("stand-in, 22 test subjects", "best", partial(evaluate_test_split, options.standin, "best"))
        if options.standin and options.bu4dfe and not options.only:
            compare_across_data_sets(options, table)
    print(f"\nwritten to {table.file.path}")


def tasks(options: argparse.Namespace) -> Iterator[Task]:
    """The tasks of the given data sets, or of the demo."""
    names = list(EXTRACTORS)
    of_landmarks = landmark_extractors()
    of_single_images = [name for name in names if _takes_single_images(name)]
    if not (options.standin or options.kdef or options.bu4dfe):
        yield Task("demo (synthetic), leave-one-subject-out", load_dataset("demo"), "loso", names, ("best",))
    if options.standin:
        X = fer22_samples(options.standin)
        yield Task("stand-in, leave-one-subject-out", X, "loso", names, ("best",))
    if options.kdef:
        kdef = read_kdef(options.kdef)
        of_pairs = [name for name in names if not name.endswith("top") and name != "trajectory"]
        name = "KDEF pairs, 6 expressions, 10-fold"
        yield Task(name, kdef_pairs(kdef), "10fold", of_pairs, KDEF_PAIR_PIPELINES)
        name = "KDEF apex alone, 7 classes, 10-fold"
        yield Task(name, kdef_photographs(kdef), "10fold", of_single_images, KDEF_APEX_PIPELINES)
    if options.bu4dfe:
        yield Task("BU-4DFE landmarks, 10-fold", bu4dfe_sequences(options.bu4dfe), "10fold", of_landmarks)


def landmark_extractors() -> list[str]:
    """Names of the extractors that need landmarks only."""
    return [name for name, spec in EXTRACTORS.items() if spec.extractor_class.required_columns == ("landmarks",)]


def _takes_single_images(name: str) -> bool:
    spec = EXTRACTORS[name]
    return "frame" in spec.extractor_class.parameter_constraints and "frame" not in spec.params


def forward_selection(task: Task, table: Table) -> None:
    """Evaluate every extractor alone, then add the best extractor as long as the combination may grow."""
    evaluation = KernelEvaluation(task.X, task.cv, task.extractors[0])
    alone = {
        name: table.add(task.name, name, partial(evaluation.result, [name]))["accuracy"] for name in task.extractors
    }
    selected = [max(alone, key=alone.__getitem__)]
    accuracy = [alone[selected[0]]]
    while len(selected) < min(MAX_EXTRACTORS, len(task.extractors)):
        others = [name for name in task.extractors if name not in selected]
        with_other = {name: evaluation.accuracy([*selected, name]) for name in others}
        selected.append(max(with_other, key=with_other.__getitem__))
        accuracy.append(with_other[selected[-1]])
        table.add(task.name, "_".join(selected), lambda: evaluation.result(selected))
    # The smallest combination whose accuracy equals the best one within the tolerance.
    n_needed = int(np.argmax(np.array(accuracy) >= max(accuracy) - ACCURACY_TOLERANCE)) + 1
    print(f"selected: {'_'.join(selected[:n_needed])}")


def evaluate_complete_pipeline(name: str, task: Task) -> dict[str, Any]:
    """Scores of a complete pipeline."""
    start = time.perf_counter()
    model = uncalibrated(make_pipeline(name))
    scores = evaluate(model, task.X, task.cv, name=name).scores
    usable = task.X.is_labelled & can_extract(make_pipeline("landmarks_svm"), task.X)
    one = task.X[np.flatnonzero(usable)[:1]]
    n_features = 0
    for member in ensemble_members(model):
        table = transformed(member, one)
        n_features += sum(e.fit(table).transform(table).shape[1] for _, e in named_extractors(member))
    return {
        "pipeline": name,
        **selected_scores(scores.metrics),
        "n_features": n_features,
        "seconds": round(time.perf_counter() - start, 1),
        "protocol": scores.protocol,
    }


def compare_across_data_sets(options: argparse.Namespace, table: Table) -> None:
    """Landmark models trained on one data set and evaluated on the other, and on few subjects of the same one."""
    data = {"stand-in": fer22_training_samples(options.standin), "BU-4DFE": bu4dfe_sequences(options.bu4dfe)}
    models: list[dict[str, Any]] = [{"name": f"{name}_svm"} for name in landmark_extractors()]
    for params in [*models, SHAPE_MODEL]:
        for train, test in (("stand-in", "BU-4DFE"), ("BU-4DFE", "stand-in")):
            task = f"trained on {train}, evaluated on {test}"
            table.add(task, specification_text(params), partial(fit_and_score, params, data[train], data[test]))
    n_subjects = len(np.unique(data["stand-in"]["subject"]))
    name = f"trained on {n_subjects} subjects of BU-4DFE, evaluated on its others"
    table.add(name, specification_text(SHAPE_MODEL), lambda: evaluate_small_subsets(data["BU-4DFE"], n_subjects))


def specification_text(params: dict[str, Any]) -> str:
    """Name and parameters of a pipeline as text."""
    return " ".join([params["name"], *(f"{key}={value}" for key, value in params.items() if key != "name")])


def evaluate_small_subsets(X: Samples, n_subjects: int) -> dict[str, Any]:
    """Mean scores of the shape model over random training sets of few subjects."""
    start = time.perf_counter()
    rng, subjects = np.random.default_rng(0), np.unique(X["subject"])
    results = []
    for _ in range(N_SUBSETS):
        train = np.isin(X["subject"], rng.permutation(subjects)[:n_subjects])
        results.append(fit_and_score(SHAPE_MODEL, X[train], X[~train]))
    means = {key: float(np.mean([r[key] for r in results])) for key in ("accuracy", "macro_f1", "subject_sd")}
    std = float(np.std([r["accuracy"] for r in results]))
    seconds = round(time.perf_counter() - start, 1)
    return {"pipeline": specification_text(SHAPE_MODEL), **means, "std_over_subsets": std, "seconds": seconds}


def fit_and_score(params: dict[str, Any], train: Samples, test: Samples) -> dict[str, Any]:
    """Scores on one table of a pipeline that is fitted on another."""
    start = time.perf_counter()
    predicted = uncalibrated(make_pipeline(**params)).fit(train, train.label_codes).predict(test)
    scores = selected_scores(compute_metrics(test.label_codes, predicted, test["subject"], list(FER22_CLASSES)))
    return {"pipeline": specification_text(params), **scores, "seconds": round(time.perf_counter() - start, 1)}


def evaluate_test_split(folder: Path, name: str) -> dict[str, Any]:
    """Scores on the test split of a fer22 folder."""
    return fit_and_score({"name": name}, fer22_training_samples(folder), fer22_test_samples(folder))


class Table:
    """Results by task and pipeline: a file, and a printed row for each result.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path):
        self.file = ResultFile(path)

    def add(self, task: str, name: str, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The result of a pipeline, from the file or computed, after its row is printed."""
        result = self.file.get(f"{task}: {name}", lambda: {"task": task, **compute()})
        cells = [f"`{result['pipeline']}`", fixed(result["accuracy"]), fixed(result["subject_sd"])]
        print_row([*cells, result.get("n_features", ""), result["seconds"]])
        return result


if __name__ == "__main__":
    sys.exit(main())
