"""Faces in raw images: accuracy without given landmarks, and the same images through `Recognizer`.

python experiments/faces.py --kdef NPZ                        # photographs, and the same in scenes of 640 x 480 pixels
python experiments/faces.py --kdef NPZ --fer2013 fer2013.csv --standin DIR

Photographs are written to class folders and read from there, as a user has them. The landmarker of the package is
fitted on rendered faces only.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from command_line import script_parser
from experiment_data import fer22_training_samples, kdef_photographs, read_kdef
from landmarks_kdef import BACKGROUNDS, background
from result_tables import RESULTS_DIR, ResultFile, fixed, print_header, print_row

from fer_features import Recognizer, Samples, evaluate, load_dataset, run_experiment
from fer_features.cli._parser import int_at_least, run_command
from fer_features.front_end import samples_without_face
from fer_features.inputs import resolve_inputs
from fer_features.samples.columns import ColumnView
from fer_features.training import train_model

#: Size of the scenes in pixels, and range of the heights of the photographs in them.
SCENE_SHAPE, PHOTOGRAPH_HEIGHTS = (480, 640), (160, 320)
#: Pattern of the subject in the names of the files that the script writes.
SUBJECT_PATTERN = "^(.+?)_"
#: Pipelines of photographs, of sequences, and of FER2013.
STILLS, SEQUENCES, CROPS = "hog_patches_linear", "best", "hog_linear"
#: Images of FER2013 that are used for training, and for the comparison with `Recognizer`.
N_FER2013_TRAINING, N_FER2013_PREDICTED = 3000, 500


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__, "faces.json")
    parser.add_argument("--kdef", type=Path, metavar="NPZ", help="photographs of KDEF with landmarks")
    parser.add_argument("--fer2013", type=Path, metavar="CSV", help="fer2013.csv")
    parser.add_argument("--standin", type=Path, metavar="DIR", help="a fer22 folder with its solution")
    parser.add_argument("--image-step", type=int_at_least(1), default=1, metavar="N", help="every N-th image only")
    parser.add_argument("--folds", type=int_at_least(2), default=10, metavar="K", help="folds of the photographs")
    parser.add_argument("--recompute", action="store_true", help="compute stored results again")
    options = parser.parse_args(arguments)
    return run_command(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Compute all results that the data permit, print and write them."""
    results = ResultFile(options.out or RESULTS_DIR / "faces.json", options.recompute)
    print_header(["data", "faces", "accuracy", "without a face", "through Recognizer", "identical"])
    with tempfile.TemporaryDirectory() as folder:
        for name, compute in tasks(options, Path(folder)):
            result = results.get(name, compute)
            cells = [fixed(result["accuracy"]), result["n_without_face"]]
            cells += [fixed(result.get("recognizer_accuracy")), result.get("n_identical", "")]
            print_row([name, result["faces"], *cells])


def tasks(options: argparse.Namespace, folder: Path) -> Iterator[tuple[str, Any]]:
    """Name and function of each result."""
    if options.kdef:
        X = kdef_photographs(read_kdef(options.kdef))[:: options.image_step]
        yield f"KDEF, given landmarks, {STILLS}", lambda: cross_validated(STILLS, X, options.folds)
        for kind, write in (("photographs", lambda image, _: image), ("scenes", scene)):
            path = folder / kind
            write_class_folders(X, path, write)
            table = load_dataset(path, subject_pattern=SUBJECT_PATTERN)
            name = f"KDEF {kind} in class folders"
            yield f"{name}, {STILLS}", lambda t=table: cross_validated(STILLS, t, options.folds)
            none = {"faces__method": "none"}
            yield f"{name}, {CROPS}, not aligned", lambda t=table, s=none: cross_validated(CROPS, t, options.folds, s)
            for settings, how in (({}, ""), (none, ", not aligned")):
                yield f"{name}, training images, {CROPS}{how}", lambda t=table, s=settings: training_images(CROPS, t, s)
    if options.fer2013:
        yield f"FER2013, {CROPS}", lambda: fer2013_images(options.fer2013, options.image_step)
    if options.standin:
        X = fer22_training_samples(options.standin)[:: options.image_step]
        yield f"stand-in, given landmarks, {SEQUENCES}", lambda: cross_validated(SEQUENCES, X, "loso")
        withheld = Samples(
            {name: X.column_view(name) if name == "images" else X[name] for name in X.columns if name != "landmarks"},
            X.info,
        )
        yield f"stand-in, landmarks withheld, {SEQUENCES}", lambda: cross_validated(SEQUENCES, withheld, "loso")


def cross_validated(pipeline: str, X: Samples, cv: Any, settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """Accuracy of a pipeline in grouped folds; samples without a face count as errors."""
    model, table, located = resolve_inputs(pipeline, X, settings=settings)
    missed = samples_without_face(table)
    scores = evaluate(model, table[np.setdiff1d(np.arange(len(table)), missed)], cv).scores
    accuracy = scores.metrics.accuracy * (1 - len(missed) / len(table))
    return {"faces": faces_of(located, settings), "accuracy": accuracy, "n_without_face": len(missed)}


def training_images(pipeline: str, X: Samples, settings: dict[str, Any]) -> dict[str, Any]:
    """Accuracy of a fitted model on its training images: as samples, and as files through `Recognizer`."""
    trained = train_model(pipeline, X, settings=settings)
    return compared(trained, X, np.arange(len(X)), lambda i: f"{X.info.source}/{X['id'][i]}")


def fer2013_images(path: Path, step: int) -> dict[str, Any]:
    """Accuracy on some validation images: as samples, and as single images through `Recognizer`."""
    X = load_dataset(path)
    rng = np.random.default_rng(0)
    train = np.sort(rng.permutation(np.flatnonzero(X["split"] == "train"))[: N_FER2013_TRAINING // step])
    test = np.sort(rng.permutation(np.flatnonzero(X["split"] == "validation"))[: N_FER2013_PREDICTED // step])
    X = X[np.concatenate([train, test])]
    experiment = run_experiment(CROPS, X.with_columns(), "predefined")
    images = ColumnView(X.column("images"), X.indices)
    return compared(experiment, X, np.arange(len(train), len(X)), lambda i: images.frame(np.array([i]), 0)[0])


def compared(trained: Any, X: Samples, indices: np.ndarray, image: Any) -> dict[str, Any]:
    """Accuracies of one model, and the number of images with identical probabilities."""
    model, table, recognizer = trained.model, trained.X, Recognizer(trained.model)
    n_correct = n_correct_samples = n_identical = n_without = 0
    missed = set(samples_without_face(table))
    for i in indices:
        faces = recognizer.predict(image(int(i)))
        n_without += not faces
        if int(i) in missed or not faces:
            continue
        expected = model.predict_proba(table[[i]])[0]
        found = np.array([faces[0].probabilities[name] for name in recognizer.class_names])
        label = X[[i]]["label"][0]
        n_identical += bool(np.array_equal(found, expected))
        n_correct += faces[0].expression == label
        n_correct_samples += model.classes_[expected.argmax()] == label
    return {
        "faces": recognizer.input_spec.faces,
        "accuracy": n_correct_samples / len(indices),
        "n_without_face": n_without,
        "recognizer_accuracy": n_correct / len(indices),
        "n_identical": f"{n_identical} of {len(indices)}",
    }


def faces_of(located: dict[str, str], settings: dict[str, Any] | None) -> str:
    """How faces were located."""
    methods = sorted(set(located.values()))
    return methods[0] if methods else "none" if settings and settings["faces__method"] == "none" else "given"


def write_class_folders(X: Samples, folder: Path, transform: Any) -> None:
    """Write the photographs as PNG files in folders named by class; names begin with the subject."""
    for i, (image, label, subject) in enumerate(zip(X.frame("images", -1), X["label"], X["subject"], strict=True)):
        path = folder / str(label) / f"{subject}_{i:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), transform(image, np.random.default_rng(i)))


def scene(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A photograph at a random place and size in a larger image without other faces."""
    height, width = SCENE_SHAPE
    result = cv2.resize(background(BACKGROUNDS[int(rng.integers(len(BACKGROUNDS)))]), (width, height))
    side = int(rng.integers(*PHOTOGRAPH_HEIGHTS))
    small = cv2.resize(image, (side * image.shape[1] // image.shape[0], side), interpolation=cv2.INTER_AREA)
    y, x = int(rng.integers(0, height - side)), int(rng.integers(0, width - small.shape[1]))
    result[y : y + side, x : x + small.shape[1]] = small
    return result


if __name__ == "__main__":
    raise SystemExit(main())
