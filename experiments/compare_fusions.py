"""Combinations of texture, shape and motion on held-out subjects and under a simulated camera shift.

    python experiments/compare_fusions.py                                           the synthetic demo
    python experiments/compare_fusions.py --data DIR --held-out DIR [DIR ...]       fer22 folders with 'solution'

Each pipeline is evaluated in three ways: by leave-one-subject-out cross-validation; with the same models on the same
held-out subjects under a simulated camera shift (blur, higher brightness, lower contrast, more noise, and landmark
errors of 0.02 of the interocular distance); and, fitted on all training samples of DIR, on the test splits of the
folders of --held-out, whose subjects should not occur in DIR. The preset `best` was chosen by these three scores.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from command_line import script_parser
from experiment_data import fer22_test_samples
from result_tables import RESULTS_DIR, fixed, print_header, print_row, write_json

from fer_features import Samples, load_dataset, make_pipeline
from fer_features.classifiers import uncalibrated
from fer_features.cli._parser import run_command
from fer_features.evaluation.fit_predict import precompute_features
from fer_features.pipelines import can_extract
from fer_features.vision.geometry import interocular_distance

#: Parameters of the classifiers of shape and motion in `best`: smoother decision functions, which transfer better.
SMOOTH_SVM = {"classifier__C": 1, "classifier__gamma": 0.3}

#: Members of a specification that get `SMOOTH_SVM`.
SMOOTH_MEMBERS = ("landmarks_geometry", "mbh")

#: Texture, with and without soft voting with shape and motion.
PIPELINES = [
    "landmarks_geometry_svm",
    "mbh_svm",
    "hogdiff_lbpdiff_svm",
    "hogdiff_patchesdiff_linear",
    "hogdiff_lbpdiff_landmarks_svm",
    "hogdiff_lbpdiff_svm+landmarks_geometry_svm+mbh_svm",
    "hogdiff_patchesdiff_svm+landmarks_geometry_svm+mbh_svm",
    "hogdiff_patchesdiff_gabordiff_linear+landmarks_geometry_svm+mbh_svm",
    "hogdiff_patchesdiff_linear+landmarks_geometry_svm+mbh_lmp_svm",
    "best",
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__, "compare_fusions-DATA.json")
    parser.add_argument("--data", default="demo", metavar="DIR", help="data set, as for fer-features run")
    parser.add_argument(
        "--held-out", nargs="+", type=Path, default=[], metavar="DIR", help="fer22 folders with other subjects"
    )
    parser.add_argument("--only", nargs="+", metavar="PIPELINE", help="these pipelines instead")
    options = parser.parse_args(arguments)
    return run_command(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Evaluate the pipelines, print the table and write it."""
    subjects = Path(options.data) / "solution" / "data_train_subjects.h5"
    X = load_dataset(options.data, subjects=subjects if subjects.exists() else None)
    X = X[np.flatnonzero(X.is_labelled & can_extract(make_pipeline("best"), X))]
    shifted = simulate_camera_shift(X)
    held_out = [fer22_test_samples(folder) for folder in options.held_out]
    results = []
    titles = ["pipeline", "leave-one-subject-out", "simulated camera shift"]
    print_header(titles + ["held-out subjects", "SD over subjects"] * bool(held_out))
    for name in options.only or PIPELINES:
        scores = evaluate_fusion(fusion_pipeline(name), X, shifted, held_out)
        results.append({"pipeline": name, **scores})
        print_row([f"`{name}`", *map(fixed, scores.values())])
    out = options.out or RESULTS_DIR / f"compare_fusions-{X.info.dataset}.json"
    n_held_out = sum(len(table) for table in held_out)
    write_json(out, {"dataset": X.info.dataset, "n_samples": len(X), "n_held_out": n_held_out, "results": results})
    print(f"\nwritten to {out}")


def fusion_pipeline(name: str) -> Any:
    """The pipeline of a specification, with the parameters of `best` for shape and motion."""
    model = uncalibrated(make_pipeline(name))
    smooth = [member for member in name.split("+") if member.startswith(SMOOTH_MEMBERS)]
    prefixes = [f"{member}__" if "+" in name else "" for member in smooth]
    return model.set_params(**{f"{prefix}{key}": value for prefix in prefixes for key, value in SMOOTH_SVM.items()})


def evaluate_fusion(model: Any, X: Samples, shifted: Samples, held_out: list[Samples]) -> dict[str, float]:
    """Accuracies of a pipeline by leave-one-subject-out, under the camera shift, and on held-out subjects."""
    for table in (X, shifted, *held_out):
        precompute_features(model, table)
    label, subject = X.label_codes, np.asarray(X["subject"])
    correct, correct_shifted = np.zeros(len(X), bool), np.zeros(len(X), bool)
    for one in np.unique(subject):
        test, train = np.flatnonzero(subject == one), np.flatnonzero(subject != one)
        model.fit(X[train], label[train])
        correct[test] = model.predict(X[test]) == label[test]
        correct_shifted[test] = model.predict(shifted[test]) == label[test]
    scores = {"loso": float(correct.mean()), "camera_shift": float(correct_shifted.mean())}
    if not held_out:
        return scores
    model.fit(X, label)
    hits = [model.predict(table) == table.label_codes for table in held_out]
    # A subject that occurs in two of the folders counts once in each.
    by_subject = [
        hit[table["subject"] == one].mean()
        for hit, table in zip(hits, held_out, strict=True)
        for one in np.unique(table["subject"])
    ]
    accuracy = float(np.concatenate(hits).mean())
    return {**scores, "held_out_subjects": accuracy, "held_out_subject_sd": float(np.std(by_subject))}


def simulate_camera_shift(X: Samples, seed: int = 0) -> Samples:
    """The samples as recorded by a worse camera, with less accurate landmarks."""
    rng = np.random.default_rng(seed)
    images = np.asarray(X["images"]).copy()
    for clip in images:
        for t, frame in enumerate(clip):
            blurred = cv2.GaussianBlur(frame.astype(np.float32), (0, 0), 1.5)
            brightened = 255 * (blurred / 255) ** 0.6 * 0.8 + 15 + rng.normal(0, 6, blurred.shape)
            clip[t] = np.clip(brightened, 0, 255)
    landmarks = np.asarray(X["landmarks"], np.float64)
    scale = interocular_distance(landmarks)[..., None, None]
    landmarks = landmarks + rng.normal(0, 0.02, landmarks.shape) * scale
    return Samples.from_arrays(images, landmarks, X.label_codes, X["subject"], info=X.info)


if __name__ == "__main__":
    sys.exit(main())
