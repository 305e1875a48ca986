"""Reliability of the probabilities of pipelines on subjects that were not in training.

    python experiments/calibration.py                              the synthetic demo, which needs no files
    python experiments/calibration.py --standin DIR --kdef NPZ     real faces
    python experiments/calibration.py --only hog_svm best          some pipelines

The stand-in for fer22 is evaluated by leave-one-subject-out cross-validation, the KDEF pairs (neutral and expression of
one session) by 10 folds. The column 'uncalibrated' is the ECE without calibration, where the classifier has
probabilities of its own. Results that the file contains are not computed again. `experiment_data.py` describes the
files.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from command_line import script_parser
from experiment_data import fer22_training_samples, kdef_pairs, read_kdef
from result_tables import RESULTS_DIR, ResultFile, fixed, print_header, print_row

from fer_features import Samples, evaluate, load_dataset, make_pipeline
from fer_features.cli._parser import run_command
from fer_features.pipelines import ensemble_members

PIPELINES = (
    "hog_svm",
    "lbp_svm",
    "flow_svm",
    "landmarks_svm",
    "hog_linear",
    "hog_logreg",
    "hog_lda",
    "landmarks_xgb",
    "landmarks_hgb",
    "best",
)
#: Largest ECE that calibrated pipelines should have.
MAX_ECE = 0.065


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__, "calibration.json")
    parser.add_argument("--standin", type=Path, metavar="DIR", help="fer22 folder with the subfolder 'solution'")
    parser.add_argument("--kdef", type=Path, metavar="NPZ", help="photographs of KDEF with landmarks")
    parser.add_argument("--only", nargs="+", metavar="PIPELINE", help="these pipelines instead")
    parser.add_argument("--recompute", action="store_true", help="compute results that the file contains again")
    options = parser.parse_args(arguments)
    return run_command(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Evaluate the pipelines, print the table, and write each result."""
    file = ResultFile(options.out or RESULTS_DIR / "calibration.json", options.recompute)
    titles = ["data", "pipeline", "accuracy", "ECE", "uncalibrated", "Brier", "log-loss"]
    print_header([*titles, "accuracy at 50 % coverage", "AURC", "seconds"])
    for data, X, cv in data_sets(options):
        for name in options.only or PIPELINES:
            result = file.get(f"{data}: {name}", partial(evaluate_calibration, name, X, cv))
            keys = ("accuracy", "ece", "ece_uncalibrated", "brier", "log_loss", "accuracy_at_50_coverage")
            values = [*(result[key] for key in keys), result["risk_coverage"]["aurc"]]
            print_row([data, f"`{name}`", *map(fixed, values), fixed(result["seconds"], 0)])
    above = [key for key, result in file.results.items() if result["ece"] > MAX_ECE]
    print(f"\nECE above {MAX_ECE}: {', '.join(above) or 'none'}\nwritten to {file.path}")


def data_sets(options: argparse.Namespace) -> Iterator[tuple[str, Samples, str]]:
    """Name, samples and folds of the given data sets, or of the demo."""
    if not (options.standin or options.kdef):
        yield "demo (synthetic)", load_dataset("demo"), "loso"
    if options.standin:
        yield "stand-in", fer22_training_samples(options.standin), "loso"
    if options.kdef:
        yield "KDEF pairs", kdef_pairs(read_kdef(options.kdef)), "10fold"


def evaluate_calibration(name: str, X: Samples, cv: str) -> dict[str, Any]:
    """Scores of a pipeline, and its ECE without calibration."""
    start = time.perf_counter()
    scores = evaluate(make_pipeline(name), X, cv, name=name).scores
    seconds = round(time.perf_counter() - start, 1)
    calibration, curve = scores.metrics.calibration, scores.metrics.risk_coverage
    assert calibration is not None, "calibrated pipelines have probabilities"
    assert curve is not None
    return {
        **{key: getattr(scores.metrics, key) for key in ("accuracy", "n_samples", "n_subjects")},
        "protocol": scores.protocol,
        **dataclasses.asdict(calibration),
        "ece_uncalibrated": ece_without_calibration(name, X, cv),
        "accuracy_at_50_coverage": curve.accuracy_at(0.5),
        "risk_coverage": dataclasses.asdict(curve),
        "seconds": seconds,
    }


def ece_without_calibration(name: str, X: Samples, cv: str) -> float | None:
    """The ECE of the probabilities of the classifier itself; None where it has none."""
    if len(ensemble_members(make_pipeline(name))) > 1:
        return None
    model = make_pipeline(name, calibration_cv=0)
    if not hasattr(model, "predict_proba"):
        return None
    calibration = evaluate(model, X, cv, name=name).scores.metrics.calibration
    return None if calibration is None else calibration.ece


if __name__ == "__main__":
    sys.exit(main())
