"""Still images of a few hundred samples: `best`, and other pipelines, without given landmarks.

    python experiments/small_stills.py --kdef NPZ

Photographs of KDEF with 7 classes, and crops of 48 pixels with random errors of the box and 6 expressions: all subjects
in 10 folds, and disjoint sets of few subjects by leave-one-subject-out, as in collections of 10 to 14 subjects. Faces
and landmarks are found by the landmarker of the package. Results that the file contains are not computed again.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from command_line import script_parser
from experiment_data import read_kdef
from result_tables import RESULTS_DIR, ResultFile, fixed, print_header, print_row

from fer_features import DataInfo, Samples, evaluate
from fer_features.classifiers import uncalibrated
from fer_features.cli._parser import int_at_least, run_command
from fer_features.front_end import samples_without_face
from fer_features.inputs import resolve_inputs

#: The default of a run, the pipeline without tuned parameters, and the preset that is recommended.
PIPELINES = ("hog_svm", "hog_patches_linear", "best")
#: Side of a crop in pixels, and in heights of the face from the brows to the chin.
CROP_SIZE, RELATIVE_SIDE = 48, 1.18
#: Standard deviations of the scale and of the position of a crop, in heights of the face.
SCALE_SD, POSITION_SD = 0.04, 0.02
#: Subjects in each set of few subjects.
FEW_PHOTOGRAPHED, FEW_CROPPED = 10, 14


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__, "small_stills.json")
    parser.add_argument("--kdef", type=Path, required=True, metavar="NPZ", help="photographs of KDEF with landmarks")
    parser.add_argument("--subjects", type=int_at_least(2), metavar="N", help="the first N subjects only")
    parser.add_argument("--folds", type=int_at_least(2), default=10, metavar="K", help="folds of all subjects")
    parser.add_argument("--only", nargs="+", default=PIPELINES, metavar="PIPELINE", help="these pipelines")
    options = parser.parse_args(arguments)
    return run_command(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Compute, print and write all results."""
    results = ResultFile(options.out or RESULTS_DIR / "small_stills.json")
    kdef = read_kdef(options.kdef)
    subjects = np.unique(kdef["subjects"])[: options.subjects]
    print_header(["data", "pipeline", "accuracy", "SD over sets of subjects"])
    tables = (
        ("crops of 48 px, 6 expressions", crops(kdef), FEW_CROPPED),
        ("photographs, 7 classes", photographs(kdef), FEW_PHOTOGRAPHED),
    )
    for name, X, n_few in tables:
        selected = X[np.flatnonzero(np.isin(X["subject"], subjects))]
        for pipeline in options.only:
            for protocol, sets, cv in protocols(subjects, n_few, options.folds):
                key = f"{name}, {protocol}: {pipeline}"
                result = results.get(key, lambda p=pipeline, t=selected, s=sets, c=cv: accuracies(p, t, s, c))
                values = result["accuracy"]
                print_row([f"{name}, {protocol}", pipeline, fixed(np.mean(values)), fixed(np.std(values))])


def protocols(subjects: np.ndarray, n_few: int, n_folds: int) -> Iterator[tuple[str, list[np.ndarray], str]]:
    """Name, sets of subjects and folds: all subjects, and disjoint sets of `n_few`."""
    yield f"all subjects, {n_folds}-fold", [subjects], f"{n_folds}fold"
    shuffled = np.random.default_rng(0).permutation(subjects)
    n_sets = len(subjects) // n_few
    if n_sets:
        yield f"{n_sets} sets of {n_few} subjects, LOSO", np.split(shuffled[: n_sets * n_few], n_sets), "loso"


def accuracies(pipeline: str, X: Samples, sets: list[np.ndarray], cv: str) -> dict[str, Any]:
    """Accuracy of a pipeline within each set of subjects; images without a face count as errors."""
    model, X, _ = resolve_inputs(pipeline, X)
    usable = np.setdiff1d(np.arange(len(X)), samples_without_face(X))
    found = []
    for subjects in sets:
        chosen = np.flatnonzero(np.isin(X["subject"], subjects))
        scores = evaluate(uncalibrated(model), X[np.intersect1d(chosen, usable)], cv).scores
        found.append(scores.metrics.accuracy * len(np.intersect1d(chosen, usable)) / len(chosen))
    return {"accuracy": found}


def photographs(kdef: dict[str, np.ndarray]) -> Samples:
    """All photographs without their landmarks."""
    return stills(kdef["images"], kdef, np.arange(len(kdef["images"])), False)


def crops(kdef: dict[str, np.ndarray]) -> Samples:
    """Tight crops of all photographs with an expression, from the brows to the chin with random errors."""
    rng = np.random.default_rng(0)
    pairs = zip(kdef["images"], kdef["landmarks68"], strict=True)
    images = np.array([crop(image, landmarks, rng) for image, landmarks in pairs])
    return stills(images, kdef, np.flatnonzero(kdef["labels"] != "neutral"), True)


def crop(image: np.ndarray, landmarks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One crop; the image is blurred first, so that the reduction does not alias."""
    top, bottom = landmarks[17:27, 1].min(), landmarks[8, 1]
    height = bottom - top
    scale, *shift = rng.standard_normal(3) * [SCALE_SD, POSITION_SD, POSITION_SD]
    step = RELATIVE_SIDE * height * (1 + scale) / CROP_SIZE  # pixels of the photograph per pixel of the crop
    centre = np.array([landmarks[:, 0].mean(), (top + bottom) / 2]) + np.multiply(shift, height)
    x, y = centre / step - CROP_SIZE / 2
    blurred = cv2.GaussianBlur(image, (0, 0), max(0.45 * step, 0.1))
    matrix = np.array([[1 / step, 0, -x], [0, 1 / step, -y]])
    return cv2.warpAffine(blurred, matrix, (CROP_SIZE, CROP_SIZE), borderMode=cv2.BORDER_REPLICATE)


def stills(images: np.ndarray, kdef: dict[str, np.ndarray], chosen: np.ndarray, cropped: bool) -> Samples:
    """Some still images of KDEF as a table."""
    info = DataInfo(dataset="kdef", subjects_from="dataset", cropped=cropped)
    return Samples.from_arrays(
        images[chosen], label=kdef["labels"][chosen], subject=kdef["subjects"][chosen], info=info
    )


if __name__ == "__main__":
    raise SystemExit(main())
