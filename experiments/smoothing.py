"""Accuracy of the frames of clips by the window of temporal smoothing.

    python experiments/smoothing.py --kdef NPZ

The clips are made from photographs of KDEF: the neutral face and the apex of the same session are blended, with the
landmarks, to 30 frames at 25 frames per second (neutral, onset, apex, offset), with noise and small motions.
The model of seven classes is fitted on photographs of other subjects. The true class of a frame is neutral where the
apex has a weight below 0.5. All windows are shown.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from command_line import script_parser
from experiment_data import read_kdef
from result_tables import RESULTS_DIR, write_json

from fer_features import Samples, make_pipeline
from fer_features._progress import progress, progress_enabled
from fer_features.cli._parser import int_at_least, run_command
from fer_features.recognition import FacePrediction, FrameResult
from fer_features.recognition.frames import Frame
from fer_features.recognition.smoothing import smooth_results
from fer_features.version import versions

PIPELINE = "hog_linear"
FPS = 25.0
#: Weight of the apex in each frame.
WEIGHTS = np.r_[np.zeros(6), np.linspace(0, 1, 8)[1:-1], np.ones(8), np.linspace(1, 0, 8)[1:-1], np.zeros(4)]
#: Windows in seconds.
WINDOWS = (0.12, 0.2, 0.36, 0.6, 1.0)
#: Standard deviation of the noise in grey levels, and amplitude of the motion in pixels.
NOISES, MOTION_PX = (4.0, 16.0), 2.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__, "smoothing.json")
    parser.add_argument("--kdef", type=Path, required=True, metavar="NPZ", help="photographs of KDEF with landmarks")
    parser.add_argument("--n-subjects", type=int_at_least(2), default=8, metavar="N", help="subjects of the clips")
    options = parser.parse_args(arguments)
    return run_command(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Fit the model, predict the frames of the clips, print and write the accuracies."""
    data = read_kdef(options.kdef)
    subjects = np.unique(data["subjects"])
    test = subjects[:: len(subjects) // options.n_subjects][: options.n_subjects]
    train = ~np.isin(data["subjects"], test) & (data["session"] == "A")
    X = Samples.from_arrays(
        data["images"][train][:, None], landmarks=data["landmarks68"][train][:, None], subject=data["subjects"][train]
    )
    model = make_pipeline(PIPELINE).fit(X, data["labels"][train])
    record: dict[str, Any] = {
        "pipeline": PIPELINE,
        "n_training_subjects": int(np.unique(data["subjects"][train]).size),
        "n_subjects": len(test),
        "noise": {},
    }
    for noise in NOISES:
        record["noise"][f"{noise:g}"] = evaluate(model, data, test, noise)
    print(json.dumps(record, indent=1))
    write_json(options.out or RESULTS_DIR / "smoothing.json", {**record, "versions": versions()})


def evaluate(model: Any, data: dict[str, np.ndarray], subjects: np.ndarray, noise: float) -> dict[str, Any]:
    """Accuracy by window and kind, its difference to no smoothing, and the SD of this difference over subjects."""
    rng = np.random.default_rng(0)
    correct: dict[str, list[list[float]]] = {}
    with progress_enabled():
        for subject in progress(subjects, len(subjects), "subjects"):
            of_subject: dict[str, list[float]] = {}
            for label in np.unique(data["labels"]):
                if label == "neutral":
                    continue
                frames, landmarks = make_clip(data, subject, label, noise, rng)
                X = Samples.from_arrays(frames[:, None], landmarks=landmarks[:, None])
                probabilities = model.predict_proba(X)
                truth = np.where(WEIGHTS >= 0.5, label, "neutral")
                for name, found in predictions(model, probabilities).items():
                    of_subject.setdefault(name, []).extend(found == truth)
            for name, values in of_subject.items():
                correct.setdefault(name, []).append(values)
    accuracy = {name: np.array(values, float).mean(1) for name, values in correct.items()}
    return {
        name: {
            "accuracy": round(float(values.mean()), 4),
            "difference": round(float((values - accuracy["none"]).mean()), 4),
            "difference_sd": round(float((values - accuracy["none"]).std(ddof=1)), 4),
            "n_subjects_better": int((values > accuracy["none"]).sum()),
        }
        for name, values in accuracy.items()
    }


def make_clip(
    data: dict[str, np.ndarray], subject: str, label: str, noise: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Frames (T, H, W) uint8 and landmarks (T, 68, 2) of one subject and expression."""
    one = (data["subjects"] == subject) & (data["session"] == "A")
    neutral, apex = (np.flatnonzero(one & (data["labels"] == name))[0] for name in ("neutral", label))
    phase = rng.uniform(0, 2 * np.pi, 2)
    frames, landmarks = [], []
    for t, weight in enumerate(WEIGHTS):
        blend = (1 - weight) * data["images"][neutral].astype(np.float32) + weight * data["images"][apex]
        points = (1 - weight) * data["landmarks68"][neutral] + weight * data["landmarks68"][apex]
        shift = np.rint(MOTION_PX * np.sin(2 * np.pi * t / len(WEIGHTS) + phase)).astype(int)
        moved = np.roll(blend, shift[::-1], (0, 1)) + rng.normal(0, noise, blend.shape)
        frames.append(np.clip(np.rint(moved), 0, 255).astype(np.uint8))
        # Detected landmarks vary from frame to frame.
        landmarks.append(points + shift + rng.normal(0, noise / 8, points.shape))
    return np.array(frames), np.array(landmarks, np.float32)


def predictions(model: Any, probabilities: np.ndarray) -> dict[str, np.ndarray]:
    """Predicted class of each frame, without smoothing and by kind and window."""
    names = [str(name) for name in model.classes_]

    def label_of(values: np.ndarray) -> tuple[str, dict[str, float]]:
        return names[int(values.argmax())], dict(zip(names, map(float, values), strict=True))

    image, box = np.zeros((1, 1), np.uint8), np.zeros(4, np.float32)
    results = []
    for t, values in enumerate(probabilities):
        expression, named = label_of(values)
        results.append(FrameResult(Frame(t, t / FPS, image), [FacePrediction(box, None, expression, named, 1.0)]))
    found = {"none": results}
    for seconds in WINDOWS:
        for kind in ("centred", "causal"):
            found[f"{kind} {seconds:g} s"] = list(smooth_results(results, seconds, label_of, kind == "causal"))
    return {name: np.array([one.faces[0].expression for one in values]) for name, values in found.items()}


if __name__ == "__main__":
    raise SystemExit(main())
