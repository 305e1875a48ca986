"""Effect of data augmentation: each transform alone, all together, and none, on the same folds.

    python experiments/augmentation.py --standin DIR --fer2013 fer2013.csv
    python experiments/augmentation.py --standin DIR --pipelines hog_svm --settings mirror

A fer22 folder is evaluated by leave-one-subject-out cross-validation. Of FER2013 a random part of the split 'train' is
evaluated by k folds, with identical images in the same fold; the other splits are not used. Only training samples are
augmented. Differences are paired with the same pipeline without augmentation; their 95 % CI is a bootstrap over
subjects, or over groups of identical images. Results of other data, pipelines and settings in the file are kept.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from command_line import script_parser
from experiment_data import fer22_training_samples
from result_tables import RESULTS_DIR, fixed, print_header, print_row, read_json, write_json

from fer_features import FerError, Samples, evaluate, load_dataset, make_pipeline
from fer_features.cli._parser import int_at_least, run_command
from fer_features.evaluation.statistics import bootstrap_ratio
from fer_features.samples.duplicates import exact_duplicates
from fer_features.vision.image_transforms import TRANSFORM_KINDS

#: Name of a setting -> transforms and number of augmented copies of each training sample.
SETTINGS: dict[str, tuple[tuple[str, ...], int]] = {
    "none": ((), 0),
    **{kind: ((kind,), 1) for kind in TRANSFORM_KINDS},
    "all": (TRANSFORM_KINDS, 1),
    "all, 3 copies": (TRANSFORM_KINDS, 3),
}
#: Pipelines on FER2013 and their parameters. `hog_krr` is invariant to mirroring without any copies; here it has a
#: fifth of the training samples as inducing samples.
FER2013_PIPELINES: dict[str, dict[str, Any]] = {
    "hog_svm": {"align__method": "none", "align__size": 48, "features__hog__pixels_per_cell": 8},
    "hog_krr": {
        "align__method": "none",
        "classifier__n_components_even": 150,
        "classifier__n_components_odd": 100,
        "classifier__n_inducing": 1500,
    },
}
#: Pipeline on fer22.
FER22_PIPELINE = "hog_svm"


@dataclass(frozen=True)
class Task:
    """A pipeline with parameters, and the samples and folds on which it is evaluated."""

    data: str
    pipeline: str
    X: Samples
    cv: str
    params: dict[str, Any] = field(default_factory=dict)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__, "augmentation.json")
    parser.add_argument("--standin", type=Path, metavar="DIR", help="fer22 folder with the subfolder 'solution'")
    parser.add_argument("--fer2013", type=Path, metavar="PATH", help="fer2013.csv or its folder")
    parser.add_argument(
        "--max-samples", type=int_at_least(20), default=6000, metavar="N", help="training samples of FER2013"
    )
    parser.add_argument("--folds", type=int_at_least(2), default=3, metavar="K", help="folds on FER2013")
    parser.add_argument("--pipelines", nargs="+", choices=list(FER2013_PIPELINES), help="only these pipelines")
    parser.add_argument(
        "--settings", nargs="+", choices=list(SETTINGS), help="only these settings, and 'none' to compare with"
    )
    options = parser.parse_args(arguments)
    return run_command(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Evaluate all settings, print the table, and write the results after each of them."""
    if not (options.standin or options.fer2013):
        raise FerError("no data: give --standin DIR, --fer2013 PATH, or both")
    out = options.out or RESULTS_DIR / "augmentation.json"
    results = read_json(out)
    print_header(["data", "pipeline", "augmentation", "accuracy", "difference", "95 % CI", "seconds"])
    for task in tasks(options):
        baseline = None
        for setting in ["none", *(name for name in options.settings or SETTINGS if name != "none")]:
            start = time.perf_counter()
            result, correct = evaluate_setting(task, setting)
            baseline = correct if baseline is None else baseline
            result |= paired_difference(correct, baseline, task.X)
            result["seconds"] = round(time.perf_counter() - start, 1)
            results.setdefault(task.data, {}).setdefault(task.pipeline, {})[setting] = result
            write_json(out, results)
            low, high = result["difference_ci95"]
            cells = [task.data, f"`{task.pipeline}`", setting, fixed(result["accuracy"])]
            cells += [f"{result['difference']:+.3f}", f"{low:+.3f} to {high:+.3f}", fixed(result["seconds"], 0)]
            print_row(cells)
    print(f"\nwritten to {out}")


def tasks(options: argparse.Namespace) -> Iterator[Task]:
    """The tasks of the given data and pipelines."""
    pipelines = options.pipelines or FER2013_PIPELINES
    if options.standin and FER22_PIPELINE in pipelines:
        yield Task("stand-in", FER22_PIPELINE, fer22_training_samples(options.standin), "loso")
    if options.fer2013:
        X = random_training_samples(load_dataset(options.fer2013), options.max_samples)
        for name, params in FER2013_PIPELINES.items():
            if name in pipelines:
                yield Task(f"FER2013, {len(X)} samples", name, X, f"{options.folds}fold", params)


def random_training_samples(X: Samples, n: int) -> Samples:
    """Random samples of the split 'train'; identical images get the same subject, so that folds do not divide them."""
    train = np.flatnonzero((X["split"] == "train") & X.is_labelled)
    drawn = X[np.sort(np.random.default_rng(0).permutation(train)[:n])]
    return drawn.with_columns(subject=exact_duplicates(drawn))


def evaluate_setting(task: Task, setting: str) -> tuple[dict[str, Any], np.ndarray]:
    """Scores of a setting, and for each sample whether its prediction is correct, as 0.0 or 1.0."""
    transforms, n_copies = SETTINGS[setting]
    augmentation = {"augmentation": transforms, "n_augmented_copies": max(1, n_copies)}
    # Without calibration, which does not change the predicted classes.
    model = make_pipeline(task.pipeline, **task.params, **augmentation, calibration_cv=0)
    result = evaluate(model, task.X, task.cv, name=task.pipeline)
    table = result.predictions.sort_values("sample")
    scores = {
        "accuracy": result.accuracy,
        "macro_f1": result.macro_f1,
        "n_samples": len(table),
        "transforms": transforms,
        "n_copies": n_copies,
    }
    return scores, (table["true"] == table["predicted"]).to_numpy(float)


def paired_difference(correct: np.ndarray, baseline: np.ndarray, X: Samples) -> dict[str, Any]:
    """Difference of two accuracies on the same samples, and its 95 % CI over subjects."""
    subject = np.unique(np.asarray(X["subject"]), return_inverse=True)[1]
    gained, n_samples = np.bincount(subject, correct - baseline), np.bincount(subject)
    return {
        "difference": float((correct - baseline).mean()),
        "difference_ci95": [float(limit) for limit in bootstrap_ratio(gained, n_samples)],
    }


if __name__ == "__main__":
    sys.exit(main())
