"""Accuracy of the standard pipelines on one data set, grouped by subject: one table row per pipeline.

    python experiments/baselines.py                                   the synthetic demo, which needs no files
    python experiments/baselines.py --data DIR --subjects FILE        other data
    python experiments/baselines.py --data DIR --subjects FILE --test-labels FILE --test-subjects FILE

With --test-labels, the model that is fitted on all training samples is also evaluated on the test split. No setting is
chosen by these scores. Probabilities are not calibrated, since calibration does not change the predicted classes.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from command_line import script_parser
from measurement import peak_memory_mib
from result_tables import RESULTS_DIR, fixed, print_header, print_row, write_json

from fer_features import Samples, evaluate, load_dataset, make_pipeline
from fer_features.classifiers import uncalibrated
from fer_features.cli._parser import run_command
from fer_features.datasets.subject_files import read_subjects
from fer_features.evaluation.metric_types import Metrics
from fer_features.evaluation.metrics import compute_metrics
from fer_features.pipelines import can_extract
from fer_features.version import versions

PIPELINES = [
    "landmarks_svm",
    "hog_svm",
    "hogdiff_svm",
    "lbp_svm",
    "lbpdiff_svm",
    "patchesdiff_svm",
    "flow_svm",
    "mbh_svm",
    "hogdiff_landmarks_svm",
    "hogdiff_lbpdiff_landmarks_svm",
    "best",
    "hogdiff_landmarks_linear",
    "hogdiff_landmarks_logreg",
    "hogdiff_landmarks_lda",
    "hogdiff_landmarks_xgb",
    "hogdiff_landmarks_hgb",
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__, "baselines-DATA.json")
    parser.add_argument("--data", default="demo", metavar="DIR", help="data set, as for fer-features run")
    parser.add_argument("--subjects", metavar="FILE", help="true subjects of the training split")
    parser.add_argument("--inferred-subjects", action="store_true", help="evaluate with inferred subjects too")
    parser.add_argument("--cv", metavar="NAME", help="folds, as for fer-features run")
    parser.add_argument("--test-labels", type=Path, metavar="FILE", help="labels of the test split: .h5, .npy or .csv")
    parser.add_argument("--test-subjects", type=Path, metavar="FILE", help="subjects of the test split, for its CI")
    parser.add_argument("--only", nargs="+", metavar="PIPELINE", help="these pipelines instead")
    options = parser.parse_args(arguments)
    return run_command(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Evaluate the pipelines, print the table and write it."""
    X = load_dataset(options.data, subjects=options.subjects)
    with_inferred = load_dataset(options.data) if options.inferred_subjects else None
    results = []
    titles = ["pipeline", "accuracy", "95 % CI", "SD over subjects", "macro-F1"]
    titles += ["accuracy with inferred subjects"] * options.inferred_subjects
    titles += ["test split (95 % CI)"] * bool(options.test_labels) + ["seconds"]
    print_header(titles)
    for name in options.only or PIPELINES:
        start = time.perf_counter()
        model = uncalibrated(make_pipeline(name))
        scores = evaluate(model, X, options.cv, name=name).scores
        result = {"pipeline": name, "seconds": round(time.perf_counter() - start, 1), "protocol": scores.protocol}
        names = ("accuracy", "subject_sd", "ci95", "macro_f1", "n_samples", "n_subjects")
        result |= {key: getattr(scores.metrics, key) for key in names}
        if with_inferred is not None:
            result["accuracy_inferred_subjects"] = evaluate(model, with_inferred, options.cv).accuracy
        if options.test_labels:
            result["test"] = dataclasses.asdict(evaluate_test_split(model, X, options))
        results.append(result)
        print_row(table_cells(result))
    peak = round(peak_memory_mib())
    out = options.out or RESULTS_DIR / f"baselines-{X.info.dataset}.json"
    record = {"dataset": X.info.dataset, "synthetic": X.info.synthetic, "results": results, "peak_memory_mib": peak}
    write_json(out, {**record, "versions": versions()})
    print(f"peak memory {peak} MiB; written to {out}")


def evaluate_test_split(model: Any, X: Samples, options: argparse.Namespace) -> Metrics:
    """Fit a model on all training samples and evaluate it on the test split."""
    train = np.flatnonzero(X.is_labelled & can_extract(model, X))
    test = np.flatnonzero(X["split"] == "test")
    true = read_subjects(options.test_labels).subject.astype(int)
    subject = read_subjects(options.test_subjects).subject if options.test_subjects else None
    predicted = model.fit(X[train], X.label_codes[train]).predict(X[test])
    return compute_metrics(true, predicted, subject, list(X.info.classes))


def table_cells(result: dict[str, Any]) -> list[str]:
    """Cells of the table for one pipeline."""
    low, high = result["ci95"]["accuracy"]
    cells = [f"`{result['pipeline']}`", fixed(result["accuracy"]), f"{low:.3f} to {high:.3f}"]
    cells += [fixed(result["subject_sd"]), fixed(result["macro_f1"])]
    if "accuracy_inferred_subjects" in result:
        cells.append(fixed(result["accuracy_inferred_subjects"]))
    if "test" in result:
        low, high = result["test"]["ci95"]["accuracy"]
        cells.append(f"{result['test']['accuracy']:.3f} ({low:.3f} to {high:.3f})")
    return [*cells, str(result["seconds"])]


if __name__ == "__main__":
    sys.exit(main())
