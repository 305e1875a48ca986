"""``fer-features landmarks``: detect landmarks, and train or evaluate a landmark detector."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._atomic import atomic_write, check_writable, write_text
from .._result_folder import ResultFolder
from ..exceptions import FerError
from ._data_options import add_data_options, print_data_summary, read_samples
from ._options import add_n_jobs, add_output_folder, add_seed, check_suffix
from ._parser import OptionGroup, Parser, add_common_options, command_parser, int_at_least, run_command

if TYPE_CHECKING:
    from ..faces.landmark_evaluation import LandmarkScores
    from ..faces.landmarker_training import AnnotatedFrames
    from ..samples.table import Samples

DETECT = "Find the largest face in every image, and write boxes, landmarks and confidences, which --landmarks reads."
ADAPT = (
    "Fit a landmark detector further on images without landmarks: on the faces on which it agrees with itself on the "
    "image and its mirror image."
)
TRAIN = "Train a landmark detector on all training samples with images and landmarks, and save it."
EVALUATE = "Measure the error of landmarks on held-out subjects by cross-validation, or of a trained detector."

#: Files that 'evaluate' writes.
OUTPUTS = ("landmarks.json", "curve.png")


def parser() -> Parser:
    """Parser of the command."""
    p = command_parser(
        "landmarks",
        "Detect the landmarks of a data set, train a landmark detector on all training samples with images and "
        "landmarks, adapt one to images without landmarks, or evaluate one: on held-out subjects by cross-validation, "
        "or a trained one on other data.",
        "fer-features landmarks detect --data DIR --out landmarks.npz",
        "fer-features landmarks train --data DIR --out landmarker.npz",
        "fer-features landmarks adapt --data DIR --out landmarker.npz",
        "fer-features landmarks evaluate --data DIR --cv 10fold --out OUT",
    )
    tasks = p.add_subparsers(dest="task", required=True, metavar="detect|train|adapt|evaluate")
    detect = tasks.add_parser("detect", help="write the landmarks of all images", description=DETECT)
    add_data_options(detect)
    _add_search(detect)
    detect.option_group("output").add_argument(
        "--out", required=True, metavar="FILE", help="the file to write, NAME.npz, or NAME.csv in OpenFace's format"
    )
    add_common_options(detect)
    train = tasks.add_parser("train", help="train on all training samples and save", description=TRAIN)
    add_data_options(train)
    _add_faces(train)
    group = train.option_group("training")
    _add_frames(group)
    _add_max_samples(group, 10_000)
    add_seed(group, "the selection of samples and the initial shapes")
    train.option_group("output").add_argument(
        "--out",
        required=True,
        metavar="FILE",
        help="the model to write, NAME.npz, with its card NAME.json",
    )
    add_common_options(train)
    adapt = tasks.add_parser(
        "adapt", help="fit a landmark detector further on images without landmarks", description=ADAPT
    )
    add_data_options(adapt)
    _add_search(adapt)
    group = adapt.option_group("training")
    _add_frames(group)
    _add_max_samples(group, 3000)
    add_seed(group, "the selection of samples and of their perturbation")
    adapt.option_group("output").add_argument(
        "--out", required=True, metavar="FILE", help="the model to write, NAME.npz, with its card NAME.json"
    )
    add_common_options(adapt)
    evaluate = tasks.add_parser("evaluate", help="measure the error on held-out subjects", description=EVALUATE)
    add_data_options(evaluate)
    _add_faces(evaluate)
    group = evaluate.option_group("evaluation")
    group.add_argument("--cv", default="10fold", metavar="NAME", help="folds: 10fold, 5fold, ..., or loso")
    group.add_argument(
        "--model",
        metavar="FILE",
        help="evaluate this landmark detector (.npz, a run that trained one, or .dat of dlib) on all samples; none was "
        "used to train it",
    )
    _add_frames(group)
    add_n_jobs(group, "folds")
    add_seed(group, "folds and initial shapes")
    add_output_folder(evaluate, "landmarks.json and curve.png", "nothing is written")
    add_common_options(evaluate)
    return p


def _add_frames(group: OptionGroup) -> None:
    group.add_argument("--max-frames", type=int_at_least(1), default=3, metavar="N", help="frames to use per sequence")


def _add_max_samples(group: OptionGroup, default: int) -> None:
    group.add_argument(
        "--max-samples",
        type=int_at_least(1),
        default=default,
        metavar="N",
        help=f"use a random selection of this many samples (default: {default})",
    )


def _add_search(parser: Parser) -> None:
    group = _add_faces(parser)
    group.add_argument("--landmarker", metavar="FILE", help="landmark detector (default: that of this package)")


def _add_faces(parser: Parser) -> OptionGroup:
    group = parser.option_group("faces")
    group.add_argument(
        "--faces",
        choices=("auto", "detect", "crop"),
        default="auto",
        help="detect (boxes of the detector) or crop (the images are crops of faces); auto: crop for FER2013, or else "
        "train and evaluate use detect, and detect and adapt whatever a sample of the images shows",
    )
    return group


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    return run_command(lambda: TASKS[options.task](options), options)


def detect(options: argparse.Namespace) -> None:
    """Find the landmarks of all images, and write them."""
    import numpy as np

    from ..datasets import write_landmarks
    from ..datasets.landmark_writer import WRITTEN_SUFFIXES
    from ..faces import load_landmarker
    from ..workflow import detect_landmarks

    out = Path(options.out)
    if out.suffix.lower() not in WRITTEN_SUFFIXES:
        raise FerError(f"--out {out}: a name that ends in {' or '.join(WRITTEN_SUFFIXES)} is needed")
    check_writable(out)
    landmarker = load_landmarker(options.landmarker) if options.landmarker else None
    X = read_samples(options)
    if not options.quiet:
        print_data_summary(X)
    table = detect_landmarks(X, faces=options.faces, landmarker=landmarker)
    found = np.isfinite(table.landmarks).all(-1).all(-1).any(-1)
    if not found.any():
        raise FerError(f"no face was found in any of {len(found)} samples of {options.data}")
    write_landmarks(table, out)
    print(f"faces found in {found.sum()} of {len(found)} samples; written to {out}")


def train(options: argparse.Namespace) -> None:
    """Train on the training samples, and save."""
    from ..faces import save_landmarker
    from ..faces.landmarker_training import train_landmarker

    out = Path(options.out)
    check_suffix(out, ".npz", "--out")
    check_writable(out, out.with_suffix(".json"))
    X, frames = _load_frames(options, train_only=True, max_samples=options.max_samples)
    landmarker, info = train_landmarker(frames, options.seed, _box_method(options, X), report=_report(options))
    save_landmarker(landmarker, out)
    _write_card(out, X, {"method": "trained on landmarks", **info.to_json()})
    missed = f", {info.n_excluded} excluded because no face was detected" if info.n_excluded else ""
    print(f"trained on {info.n_faces} faces{missed}; {out.stat().st_size / 1e6:.1f} MB in {out}")


def adapt(options: argparse.Namespace) -> None:
    """Fit a landmark detector further on images without landmarks, and save."""
    from ..faces import load_landmarker, save_landmarker
    from ..workflow import adapt_landmarks

    out = Path(options.out)
    check_suffix(out, ".npz", "--out")
    check_writable(out, out.with_suffix(".json"))
    landmarker: Any = load_landmarker(options.landmarker) if options.landmarker else None
    X = read_samples(options)
    if not options.quiet:
        print_data_summary(X)
    adapted, info = adapt_landmarks(
        X,
        landmarker=landmarker,
        faces=options.faces,
        n_frames=options.max_frames,
        max_samples=options.max_samples,
        random_state=options.seed,
        report=_report(options),
    )
    save_landmarker(adapted, out)
    source = options.landmarker or "the landmark detector of this package"
    _write_card(out, X, {"method": f"adapted without landmarks, from {source}", **dataclasses.asdict(info)})
    print(
        f"adapted on {info.n_consistent} of {info.n_faces} faces, on which the fits to the image and its mirror image "
        f"agree; {out.stat().st_size / 1e6:.1f} MB in {out}"
    )


def _write_card(out: Path, X: Samples, training: dict[str, Any]) -> None:
    """Write what a landmark detector was fitted on, beside its file."""
    from ..datasets import DATASETS
    from ..version import versions

    dataset = DATASETS.get(X.info.dataset)
    card = {
        "kind": "landmarks",
        "fitted_on": "synthetic images" if X.info.synthetic else "images of the user, whose terms apply",
        "dataset": X.info.dataset,
        "description": dataset.description if dataset is not None else "",
        "licence": dataset.licence if dataset is not None else "",
        "fingerprint": _fingerprint(X, tuple(name for name in ("images", "landmarks") if name in X)),
        **training,
        "errors": "not evaluated",
        "versions": versions(),
    }
    with atomic_write(out.with_suffix(".json")) as temporary:
        write_text(temporary, json.dumps(card, indent=1) + "\n")


def _box_method(options: argparse.Namespace, X: Samples) -> str:
    """Where the boxes of annotated faces come from: 'detect' or 'crop'."""
    if options.faces != "auto":
        return str(options.faces)
    return "crop" if X.info.cropped else "detect"


def _report(options: argparse.Namespace) -> Callable[[str], None]:
    return lambda line: None if options.quiet else print(line, flush=True)


def evaluate(options: argparse.Namespace) -> None:
    """Evaluate by cross-validation, or a trained landmark detector on all samples."""
    from ..plotting.landmark_errors import plot_error_curve

    if options.out is None:
        evaluation_report(options)
        return
    with ResultFolder(options.out, OUTPUTS, "landmarks", options.overwrite) as results:
        scores, report = evaluation_report(options)
        with results.publish() as folder:
            write_text(folder / "landmarks.json", json.dumps(report, indent=1) + "\n")
            plot_error_curve(scores.curve, folder / "curve.png")
    print(f"written to {options.out}")


def evaluation_report(options: argparse.Namespace) -> tuple[LandmarkScores, dict[str, Any]]:
    """Evaluate, print a summary, and return the scores and the content of landmarks.json."""
    from ..faces import load_landmarker
    from ..faces.landmark_evaluation import (
        cross_validate_landmarker,
        evaluate_landmarker,
        landmark_scores,
        landmark_summary,
    )
    from ..version import versions

    model = load_landmarker(options.model) if options.model else None
    X, frames = _load_frames(options, train_only=model is None)
    method = _box_method(options, X)
    if model is not None:
        errors, protocol = evaluate_landmarker(model, frames, method), f"model {options.model}"
    else:
        errors = cross_validate_landmarker(frames, options.cv, method, options.seed, options.n_jobs)
        protocol = f"{options.cv}, {'grouped by subject' if frames.grouped else 'NOT grouped by subject'}"
    scores = landmark_scores(errors, frames)
    report = {
        **scores.to_json(),
        "protocol": protocol,
        "dataset": X.info.dataset,
        "synthetic": X.info.synthetic,
        "fingerprint": _fingerprint(X),
        "versions": versions(),
    }
    print(landmark_summary(scores))
    return scores, report


def _load_frames(
    options: argparse.Namespace, train_only: bool, max_samples: int | None = None
) -> tuple[Samples, AnnotatedFrames]:
    import numpy as np

    from ..faces.landmarker_training import AnnotatedFrames, check_landmark_columns
    from ..samples.splits import in_training_split

    X = read_samples(options)
    if not options.quiet:
        print_data_summary(X)
    check_landmark_columns(X)
    if train_only and in_training_split(X).any():
        X = X[in_training_split(X)]
    usable = np.flatnonzero(~X.missing("landmarks"))
    if max_samples is not None and len(usable) > max_samples:
        X = X[np.sort(np.random.default_rng(options.seed).permutation(usable)[:max_samples])]
    return X, AnnotatedFrames.from_samples(X, options.max_frames)


def _fingerprint(X: Samples, columns: tuple[str, ...] = ("images", "landmarks")) -> str:
    from ..samples.fingerprint import fingerprint

    return fingerprint(X, columns)


TASKS = {"detect": detect, "train": train, "adapt": adapt, "evaluate": evaluate}
