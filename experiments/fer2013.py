"""Pipelines on FER2013: each is fitted on the split 'train' and evaluated on the other splits that have labels.

    python experiments/fer2013.py --data fer2013.csv                    all pipelines
    python experiments/fer2013.py --data fer2013.csv --only hog_krr     some pipelines
    python experiments/fer2013.py --data fer2013.csv --labels ferplus --only small hog_krr    majority labels of FER+

Each pipeline runs in a process of its own, from the csv file to the scores, so that its run time and peak memory are
its own. Results that the file contains for the same data and settings are not computed again. Accuracies are also
computed excluding duplicates of training images. No setting is chosen by these scores: the settings are those of the
presets and those below. PublicTest is the split 'validation', PrivateTest the split 'test'.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from command_line import script_parser
from measurement import measure_in_subprocess, peak_memory_mib
from result_tables import RESULTS_DIR, ResultFile, fixed, print_header, print_row

from fer_features import FerError, Samples, evaluate, load_dataset, make_pipeline, save_model
from fer_features.cli._parser import run_command
from fer_features.evaluation.metric_types import Metrics
from fer_features.version import versions

#: Name -> pipeline and parameters.
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "small": ("small", {}),
    "hog_krr": ("hog_krr", {}),
    "fv_krr": ("fv_krr", {}),
    "fv_krr, 50 MB": (
        "fv_krr",
        {"features__fv__n_pca_cell": 100, "classifier__n_components_even": 450, "classifier__n_components_odd": 250},
    ),
    "fv_krr, 5 MB": (
        "fv_krr",
        {
            "features__fv__n_words": 32,
            "features__fv__n_pca": 32,
            "features__fv__n_pca_cell": 40,
            "classifier__n_components_even": 200,
            "classifier__n_components_odd": 150,
            "classifier__n_inducing": 4000,
            "classifier__gamma": 1,
        },
    ),
    "stills": ("stills", {}),
}
#: Parameters of a model that is fitted within seconds; a pipeline gets those that it has.
QUICK_PARAMS = {
    "features__fv__n_train_descriptors": 4000,
    "features__fv__n_words": 4,
    "features__fv__n_pca_cell": 8,
    "features__fv__n_train_images": 60,
    "classifier__n_components_even": 40,
    "classifier__n_components_odd": 20,
}
#: Samples of each split with --quick.
QUICK_SAMPLES_PER_SPLIT = 200
#: Faces that are predicted one by one to measure the time per face.
N_TIMED_FACES = 30
#: The splits with labels, in the order of the table, and their names in the publication of FER2013.
SPLITS = {"validation": "PublicTest", "test": "PrivateTest"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__, "fer2013.json, or fer2013-LABELS.json")
    parser.add_argument("--data", type=Path, metavar="PATH", help="fer2013.csv or its folder")
    parser.add_argument("--only", nargs="+", choices=list(MODELS), help="these models instead")
    parser.add_argument("--labels", metavar="NAME", help="ferplus: majority of the votes in fer2013new.csv")
    parser.add_argument(
        "--quick", action="store_true", help=f"{QUICK_SAMPLES_PER_SPLIT} samples of each split and small models"
    )
    parser.add_argument("--recompute", action="store_true", help="compute results that the file contains again")
    parser.add_argument("--measure", metavar="JSON", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        return run_command(lambda: print(json.dumps(evaluate_model(**json.loads(options.measure)))))
    return run_command(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Evaluate the models, print the table, and write each result."""
    if not options.data or not options.data.exists():
        raise FerError(f"--data {options.data or ''}: give an existing fer2013.csv or its folder")
    default = f"fer2013-{options.labels}.json" if options.labels else "fer2013.json"
    file = ResultFile(options.out or RESULTS_DIR / default, options.recompute)
    titles = ["model", *(f"{name}{what}" for name in SPLITS.values() for what in ("", ", no duplicates", ", macro-F1"))]
    print_header([*titles, "LOO accuracy", "seconds", "peak MiB", "model MB", "ms per face"])
    for name in options.only or MODELS:
        pipeline, params = MODELS[name]
        params = {"align__method": "none", **params, **(quick_params(pipeline) if options.quick else {})}
        task = {"labels": options.labels, "pipeline": pipeline, "params": params, "quick": options.quick}
        recorded = recorded_task(options.data, task)
        result = file.get(name, partial(measure_model, options.data, task), partial(is_result_of, recorded))
        print_row(table_cells(name, result))
    print(f"\nwritten to {file.path}")


def recorded_task(data: Path, task: dict[str, Any]) -> dict[str, Any]:
    """The task as the file of results contains it."""
    return {"data": data.name, **task}


def is_result_of(recorded: dict[str, Any], result: dict[str, Any]) -> bool:
    """Whether a result is of this task."""
    return result["task"] == recorded


def measure_model(data: Path, task: dict[str, Any]) -> dict[str, Any]:
    """The task, and the scores and measurements of `evaluate_model` in a process of its own."""
    return {"task": recorded_task(data, task), **measure_in_subprocess(__file__, {"data": str(data), **task})}


def quick_params(pipeline: str) -> dict[str, Any]:
    """Those of `QUICK_PARAMS` that a pipeline has."""
    valid = make_pipeline(pipeline).get_params()
    return {key: value for key, value in QUICK_PARAMS.items() if key in valid}


def evaluate_model(
    data: str, pipeline: str, params: dict[str, Any], labels: str | None = None, quick: bool = False
) -> dict[str, Any]:
    """Scores, run time, memory and size of one model, from the csv file on."""
    start = time.perf_counter()
    X = load_dataset(data, labels=labels)
    if quick:
        split = X["split"]
        X = X[np.concatenate([np.flatnonzero(split == s)[:QUICK_SAMPLES_PER_SPLIT] for s in np.unique(split)])]
    result = evaluate(make_pipeline(pipeline, **params), X, "predefined", name=pipeline)
    seconds, memory = time.perf_counter() - start, peak_memory_mib()
    loo_accuracy, alpha = leave_one_out(result.model, X)
    with tempfile.TemporaryDirectory() as folder:
        size = save_model(result.model, Path(folder) / "model.joblib", {}).stat().st_size
    return {
        "seconds": round(seconds, 1),
        "peak_memory_mib": round(memory),
        "loo_accuracy": loo_accuracy,
        "alpha": alpha,
        "splits": {name: split_scores(metrics) for name, metrics in result.scores.splits.items()},
        "model_mb": round(size / 1e6, 2),
        "ms_per_face": milliseconds_per_face(result.model, X),
        "versions": versions(),
    }


def split_scores(metrics: Metrics) -> dict[str, Any]:
    """Scores of one split, with and without duplicates of training images, and the calibration."""
    calibration = metrics.calibration
    assert calibration is not None  # the models have probabilities
    names = ("n_samples", "n_duplicates", "accuracy", "accuracy_excluding_duplicates", "macro_f1", "balanced_accuracy")
    return {
        **{name: getattr(metrics, name) for name in names},
        "per_class": {name: dataclasses.asdict(scores) for name, scores in metrics.per_class.items()},
        "calibration_bins": calibration.bins,
        "ece": calibration.ece,
    }


def leave_one_out(model: Any, X: Samples) -> tuple[float | None, float | None]:
    """Leave-one-out accuracy on the training samples and the penalty alpha, where the classifier has them."""
    classifier = model.named_steps["classifier"]
    if not hasattr(classifier, "loo_decision_"):
        return None, None
    label = X.label_codes[X.is_labelled & (X["split"] == "train")]
    predicted = X.info.codes_of(classifier.classes_)[classifier.loo_decision_.argmax(1)]
    return float((predicted == label).mean()), classifier.alpha_


def milliseconds_per_face(model: Any, X: Samples) -> float:
    """Median time from an image to its probabilities, one face at a time."""
    times = []
    for i in range(min(N_TIMED_FACES, len(X))):
        face = Samples.from_arrays(images=X[[i]]["images"])
        start = time.perf_counter()
        model.predict_proba(face)
        times.append(time.perf_counter() - start)
    return round(1000 * float(np.median(times)), 2)


def table_cells(name: str, result: dict[str, Any]) -> list[str]:
    """Cells of the table for one model."""
    cells = [f"`{name}`"]
    for split in SPLITS:
        scores = result["splits"].get(split, {})
        cells += [fixed(scores.get(key)) for key in ("accuracy", "accuracy_excluding_duplicates", "macro_f1")]
    cells += [fixed(result["loo_accuracy"]), fixed(result["seconds"], 0), str(result["peak_memory_mib"])]
    return [*cells, str(result["model_mb"]), str(result["ms_per_face"])]


if __name__ == "__main__":
    sys.exit(main())
