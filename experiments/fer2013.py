"""Pipelines on FER2013: each is fitted on the split 'train' and evaluated on the other splits that have labels.

    python experiments/fer2013.py --data fer2013.csv                          all models that need no landmarks
    python experiments/fer2013.py --data fer2013.csv --landmarks NPZ          those with given landmarks as well
    python experiments/fer2013.py --data fer2013.csv --only small medium      some models
    python experiments/fer2013.py --data fer2013.csv --labels ferplus --only stills    majority labels of FER+

Each model is fitted and evaluated in a process of its own, from the csv file to the scores, so that its run time and
peak memory are its own; the run time includes the search for landmarks, and the training of a landmarker. With --cache
DIR, landmarks are kept between models, and the result says so. Results that the file contains for the same data and
settings are not computed again. Accuracies are also computed excluding duplicates of training images. No setting is
chosen by these scores: the settings are those of the presets. PublicTest is the split 'validation', PrivateTest the
split 'test'. NPZ holds `landmarks68`, shape (n, 68, 2), in pixels of the images of the csv file, in their order.
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
from experiment_data import read_npz
from measurement import measure_in_subprocess, peak_memory_mib
from result_tables import RESULTS_DIR, ResultFile, fixed, print_header, print_row
from threadpoolctl import threadpool_limits

from fer_features import DataInfo, FerError, Samples, evaluate, load_dataset, make_pipeline, save_model
from fer_features.cli._parser import run_command
from fer_features.evaluation.metric_types import Metrics
from fer_features.extractors import LocateFaces
from fer_features.inputs import resolve_inputs
from fer_features.pipelines import fitted_members
from fer_features.version import versions
from fer_features.workflow import adapt_landmarks, cross_fit_landmarks

#: Where the landmarks of a model come from: the file of --landmarks; a landmarker fitted on Training images with these
#: landmarks; the landmarker of the package, adapted to Training images without landmarks, or as it is; or nowhere.
SOURCES = ("given", "fitted", "adapted", "located", "none")
#: Name -> preset and source of the landmarks.
MODELS: dict[str, tuple[str, str]] = {
    "stills, given landmarks": ("stills", "given"),
    "stills, fitted landmarker": ("stills", "fitted"),
    "stills, adapted landmarker": ("stills", "adapted"),
    "stills": ("stills", "located"),
    "medium": ("medium", "located"),
    "small": ("small", "located"),
    "fv_krr, no landmarks": ("fv_krr", "none"),
}
#: Parameters of a model that is fitted within seconds; a pipeline gets those that it has.
QUICK_PARAMS = {
    "features__fv__n_train_descriptors": 4000,
    "features__fv__n_words": 4,
    "features__fv__n_pca_cell": 8,
    "features__fv__n_train_images": 60,
    "classifier__n_components_even": 40,
    "classifier__n_components_odd": 20,
    "classifier__n_inducing": 0,
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
    parser.add_argument("--landmarks", type=Path, metavar="NPZ", help="landmarks of the images, for two of the models")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep landmarks that are located between models")
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
    print_header([*titles, "LOO accuracy", "seconds", "peak MiB", "model MB", "ms per face", "with location"])
    for name in options.only or MODELS:
        pipeline, source = MODELS[name]
        if source in ("given", "fitted") and options.landmarks is None:
            if options.only:
                raise FerError(f"'{name}' needs --landmarks NPZ")
            continue
        task = {
            "labels": options.labels,
            "pipeline": pipeline,
            "landmarks": source,
            "params": quick_params(pipeline) if options.quick else {},
            "quick": options.quick,
        }
        recorded = recorded_task(options.data, task)
        files = {"data": options.data, "landmarks_file": options.landmarks, "cache": options.cache}
        result = file.get(name, partial(measure_model, recorded, files, task), partial(is_result_of, recorded))
        print_row(table_cells(name, result))
    print(f"\nwritten to {file.path}")


def recorded_task(data: Path, task: dict[str, Any]) -> dict[str, Any]:
    """The task as the file of results contains it."""
    return {"data": data.name, **task}


def is_result_of(recorded: dict[str, Any], result: dict[str, Any]) -> bool:
    """Whether a result is of this task."""
    return result["task"] == recorded


def measure_model(recorded: dict[str, Any], files: dict[str, Path | None], task: dict[str, Any]) -> dict[str, Any]:
    """The task, and the scores and measurements of `evaluate_model` in a process of its own."""
    paths = {name: None if path is None else str(path) for name, path in files.items()}
    return {"task": recorded, **measure_in_subprocess(__file__, {**paths, **task})}


def quick_params(pipeline: str) -> dict[str, Any]:
    """Those of `QUICK_PARAMS` that a pipeline has."""
    valid = make_pipeline(pipeline).get_params()
    quick = QUICK_PARAMS.items()
    return {name: value for name in valid for key, value in quick if name == key or name.endswith(f"__{key}")}


def evaluate_model(
    data: str,
    pipeline: str,
    landmarks: str,
    params: dict[str, Any],
    landmarks_file: str | None = None,
    cache: str | None = None,
    labels: str | None = None,
    quick: bool = False,
) -> dict[str, Any]:
    """Scores, run time, memory and size of one model, from the csv file on."""
    start = time.perf_counter()
    X = load_dataset(data, labels=labels, cache=cache)
    points = None if landmarks_file is None else read_npz(Path(landmarks_file), ("landmarks68",))["landmarks68"]
    if points is not None and points.shape != (len(X), 68, 2):
        raise FerError(f"landmarks68 has the shape {points.shape}, but {(len(X), 68, 2)} is needed")
    if quick:
        split = X["split"]
        chosen = np.concatenate([np.flatnonzero(split == s)[:QUICK_SAMPLES_PER_SPLIT] for s in np.unique(split)])
        X, points = X[chosen], None if points is None else points[chosen]
    X, faces, n_filled = prepare_faces(X, landmarks, points)
    seconds_before = time.perf_counter() - start
    model, X, _ = resolve_inputs(make_pipeline(pipeline, **params, **faces), X)
    if cache is not None:
        X.feature_store.folder = Path(cache)
    result = evaluate(model, X, "predefined", name=pipeline)
    seconds, memory = time.perf_counter() - start, peak_memory_mib()
    loo_accuracy, alpha = leave_one_out(result.model, X)
    with tempfile.TemporaryDirectory() as folder:
        size = save_model(result.model, Path(folder) / "model.joblib", {}).stat().st_size
    return {
        "seconds": round(seconds, 1),
        "seconds_for_landmarker": round(seconds_before, 1),
        "landmarks_may_be_cached": cache is not None,
        "n_landmarks_filled": n_filled,
        "peak_memory_mib": round(memory),
        "loo_accuracy": loo_accuracy,
        "alpha": alpha,
        "splits": {name: split_scores(metrics) for name, metrics in result.scores.splits.items()},
        "model_mb": round(size / 1e6, 2),
        **milliseconds_per_face(result.model, X),
        "versions": versions(),
    }


def prepare_faces(X: Samples, landmarks: str, points: np.ndarray | None) -> tuple[Samples, dict[str, Any], int]:
    """Landmarks by their source: the samples, parameters of the step 'faces', and the number of landmarks filled in.

    Images without given landmarks get those that the landmarker of the package locates. With a fitted landmarker,
    Training images have the landmarks of one that was fitted on other Training images.
    """
    if landmarks == "none":
        return X, {"faces__method": "none", "align__method": "none"}, 0
    if landmarks == "located":
        return X, {"faces__method": "crop"}, 0
    if landmarks == "adapted":
        return X, {"faces__method": "crop", "faces__landmarker": adapt_landmarks(X, faces="crop")[0]}, 0
    assert points is not None
    known = np.isfinite(points).all((1, 2))
    if landmarks == "given":
        points = points.astype(np.float32)
        missing = np.flatnonzero(~known)
        if missing.size:
            points[missing] = LocateFaces("crop").fit_transform(X[missing])["landmarks"][:, 0]
        return X.with_columns(landmarks=points[:, None]), {"faces__method": "given"}, len(missing)
    annotated = X.with_columns(landmarks=points[:, None].astype(np.float32))
    located, landmarker = cross_fit_landmarks(annotated, faces="crop")
    return located, {"faces__method": "crop", "faces__landmarker": landmarker}, 0


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
    classifiers = [member.named_steps["classifier"] for member in fitted_members(model)]
    if not all(hasattr(classifier, "loo_decision_") for classifier in classifiers):
        return None, None
    label = X.label_codes[X.is_labelled & (X["split"] == "train")]
    # The presets vote by the product rule, which adds calibrated scores.
    factors = getattr(model, "inverse_temperatures_", [1.0])
    pairs = zip(factors, classifiers, strict=True)
    decision = np.sum([factor * classifier.loo_decision_ for factor, classifier in pairs], 0)
    predicted = X.info.codes_of(classifiers[0].classes_)[decision.argmax(1)]
    return float((predicted == label).mean()), classifiers[0].alpha_


def milliseconds_per_face(model: Any, X: Samples) -> dict[str, float]:
    """Median CPU time from an image to its probabilities, one face at a time: with known landmarks, and in all."""
    located, total = [], []
    is_located = fitted_members(model)[0].named_steps["faces"].method_ == "crop"
    for i in range(min(N_TIMED_FACES, len(X))):
        face = X[[i]]
        image = Samples.from_arrays(images=face["images"])
        columns = {name: face[name] for name in ("images", "landmarks") if name in face}
        # Located landmarks may lie outside of the image, where those of a user are refused.
        known = Samples(columns, DataInfo(landmarks_located=True), check_input=False)
        for table, times in ((known, located), (image, total)):
            if table is known or is_located:
                with threadpool_limits(1):
                    start = time.process_time()
                    model.predict_proba(table)
                    times.append(time.process_time() - start)
    medians = {"ms_per_face": located, "ms_per_face_with_location": total}
    return {name: round(1000 * float(np.median(times)), 2) for name, times in medians.items() if times}


def table_cells(name: str, result: dict[str, Any]) -> list[str]:
    """Cells of the table for one model."""
    cells = [f"`{name}`"]
    for split in SPLITS:
        scores = result["splits"].get(split, {})
        cells += [fixed(scores.get(key)) for key in ("accuracy", "accuracy_excluding_duplicates", "macro_f1")]
    cells += [fixed(result["loo_accuracy"]), fixed(result["seconds"], 0), str(result["peak_memory_mib"])]
    return [*cells, *(str(result.get(key, "")) for key in ("model_mb", "ms_per_face", "ms_per_face_with_location"))]


if __name__ == "__main__":
    sys.exit(main())
