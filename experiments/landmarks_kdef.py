"""Face detection and landmarks on photographs of KDEF: 10 folds grouped by subject, with boxes of the detector.

    python experiments/landmarks_kdef.py --kdef NPZ

The reference landmarks were detected by another program; errors are distances from these. The faces of KDEF fill their
photographs, so that the detector is also evaluated on composed scenes: faces of several sizes in front of images of
scikit-image.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage.data
from command_line import script_parser
from experiment_data import kdef_photographs, read_kdef
from result_tables import RESULTS_DIR, write_json
from sklearn.metrics import roc_auc_score

from fer_features.cli._parser import int_at_least, n_jobs, run_command
from fer_features.faces import MIN_CONFIDENCE, FaceDetector, Landmarker, save_landmarker
from fer_features.faces.box_matching import detect_known_faces, match_boxes
from fer_features.faces.landmark_evaluation import (
    cross_validate_landmarker,
    evaluate_landmarker,
    landmark_scores,
    landmark_summary,
    normalized_mean_error,
)
from fer_features.faces.landmarker_training import AnnotatedFrames, train_landmarker
from fer_features.version import versions

#: Images of scikit-image without a frontal face.
BACKGROUNDS = (
    "camera",
    "chelsea",
    "coffee",
    "rocket",
    "brick",
    "grass",
    "gravel",
    "coins",
    "page",
    "text",
    "moon",
    "clock",
)
#: Heights of the face photograph in a scene of 480 pixels, in pixels.
PHOTOGRAPH_HEIGHTS = (72, 120, 200, 320)
#: Number of composed scenes.
N_SCENES = 240
#: Rounds of the measurement of time.
N_TIMED_ROUNDS = 7
#: Random boxes in each background, for the false positive rate.
N_RANDOM_BOXES = 25
#: Displacement of the initial shape as a fraction of the box, for the evaluation of tracking.
TRACKING_DISPLACEMENT = 0.1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__, "landmarks_kdef.json")
    parser.add_argument("--kdef", type=Path, required=True, metavar="NPZ", help="photographs of KDEF with landmarks")
    parser.add_argument("--folds", type=int_at_least(2), default=10, metavar="K", help="folds of the cross-validation")
    parser.add_argument(
        "--image-step", type=int_at_least(1), default=1, metavar="N", help="use every N-th photograph only"
    )
    parser.add_argument("--n-jobs", type=n_jobs, default=1, metavar="N", help="parallel folds; -1 uses all cores")
    options = parser.parse_args(arguments)
    return run_command(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Evaluate the detector and the landmarker, print and write the results."""
    frames = AnnotatedFrames.from_samples(kdef_photographs(read_kdef(options.kdef))[:: options.image_step], n_frames=1)
    record: dict[str, Any] = {
        "photographs": evaluate_detection(frames),
        "scenes": evaluate_scenes(frames),
        "speed": detection_milliseconds(frames.images[0]),
    }
    print(json.dumps(record, indent=1), flush=True)
    errors = cross_validate_landmarker(frames, f"{options.folds}fold", n_jobs=options.n_jobs)
    scores = landmark_scores(errors, frames)
    record["landmarks"] = {"folds": options.folds, **scores.to_json()}
    print(landmark_summary(scores), flush=True)
    record["model"] = evaluate_one_model(frames)
    print(json.dumps(record["model"], indent=1))
    out = options.out or RESULTS_DIR / "landmarks_kdef.json"
    write_json(out, {**record, "versions": versions()})
    print(f"\nwritten to {out}")


def evaluate_detection(frames: AnnotatedFrames) -> dict[str, Any]:
    """Detection rate and false faces in the original photographs, for three minimum sizes."""
    table = {}
    for min_face in (0.1, 0.2, 0.4):
        detector = FaceDetector(min_face=min_face)
        detected, false_face, seconds = [], [], []
        for image, landmarks in zip(frames.images, frames.landmarks, strict=True):
            start = time.process_time()
            boxes, _ = detector(image)
            seconds.append(time.process_time() - start)
            matches = match_boxes(boxes, landmarks)
            detected.append(matches.any())
            false_face.append((~matches).any())
        table[f"min_face {min_face}"] = {
            "detection_rate": float(np.mean(detected)),
            "false_face_rate": float(np.mean(false_face)),
            "ms": round(1000 * float(np.median(seconds)), 2),
        }
    return table


def evaluate_scenes(frames: AnnotatedFrames) -> dict[str, Any]:
    """Detection rate in scenes of 640 x 480 pixels with one face, by size, and false faces with and without a face."""
    rng = np.random.default_rng(0)
    detector = FaceDetector()
    backgrounds = [background(name) for name in BACKGROUNDS]
    detected: dict[int, list[bool]] = {height: [] for height in PHOTOGRAPH_HEIGHTS}
    n_false = 0
    for k, i in enumerate(rng.choice(len(frames), min(N_SCENES, len(frames)), replace=False)):
        height = PHOTOGRAPH_HEIGHTS[k % len(PHOTOGRAPH_HEIGHTS)]
        scene = backgrounds[k % len(backgrounds)].copy()
        face = cv2.resize(frames.images[i], (height, height), interpolation=cv2.INTER_AREA)
        x, y = rng.integers(0, 640 - height), rng.integers(0, 480 - height)
        scene[y : y + height, x : x + height] = face
        boxes, _ = detector(scene)
        # Pixel centres have integer coordinates.
        landmarks = (frames.landmarks[i] + 0.5) * height / frames.images[i].shape[0] - 0.5 + [x, y]
        matches = match_boxes(boxes, landmarks)
        detected[height].append(bool(matches.any()))
        n_false += int((~matches).any())
    without_face = {name: len(detector(image)[0]) for name, image in zip(BACKGROUNDS, backgrounds, strict=True)}
    return {
        "detection_rate_by_height_px": {str(h): float(np.mean(values)) for h, values in detected.items() if values},
        "false_face_rate": n_false / sum(len(values) for values in detected.values()),
        "false_faces_in_backgrounds": {name: n for name, n in without_face.items() if n},
    }


def background(name: str) -> np.ndarray:
    """An image of scikit-image in grey, 640 x 480 pixels."""
    image = getattr(skimage.data, name)()
    grey = cv2.cvtColor(np.ascontiguousarray(image[..., :3]), cv2.COLOR_RGB2GRAY) if image.ndim == 3 else image
    return cv2.resize(grey, (640, 480), interpolation=cv2.INTER_AREA)


def detection_milliseconds(face: np.ndarray) -> dict[str, float]:
    """CPU time for a frame of 640 x 480 pixels with one face of 200 pixels, by min_face and scale_factor."""
    scene = background("coffee")
    scene[100:300, 200:400] = cv2.resize(face, (200, 200), interpolation=cv2.INTER_AREA)
    table = {}
    for min_face in (0.1, 0.2, 0.3):
        for scale_factor in (1.2, 1.4):
            detector = FaceDetector(min_face=min_face, scale_factor=scale_factor)
            detector(scene)
            times = []
            for _ in range(N_TIMED_ROUNDS):
                start = time.process_time()
                detector(scene)
                times.append(time.process_time() - start)
            table[f"min_face {min_face}, scale_factor {scale_factor}"] = round(1000 * float(np.median(times)), 1)
    return table


def evaluate_one_model(frames: AnnotatedFrames) -> dict[str, Any]:
    """Size, speed, confidence and tracking of a landmarker that is trained on four fifths of the subjects.

    It is evaluated on the other subjects, and on random boxes in images without faces.
    """
    in_test = np.isin(frames.groups, np.unique(frames.groups)[::5])
    train, test = frames.subset(np.flatnonzero(~in_test)), frames.subset(np.flatnonzero(in_test))
    landmarker, _ = train_landmarker(train)
    errors = evaluate_landmarker(landmarker, test)
    faces = errors.confidence[np.isfinite(errors.confidence)]
    rng = np.random.default_rng(0)
    confidences = []
    for name in BACKGROUNDS:
        width = rng.uniform(50, 250, N_RANDOM_BOXES)
        boxes = np.stack([rng.uniform(0, 640 - width), rng.uniform(0, 480 - width), width, width], 1)
        confidences.append(landmarker.detect_landmarks(background(name), boxes)[1])
    non_faces = np.concatenate(confidences)
    with tempfile.TemporaryDirectory() as folder:
        size = save_landmarker(landmarker, Path(folder) / "landmarker.npz").stat().st_size
    return {
        "mb": round(size / 1e6, 2),
        "ms_per_face": round(1000 * float(np.nanmedian(errors.seconds)), 2),
        "auc_faces_vs_backgrounds": float(
            roc_auc_score(np.r_[np.ones_like(faces), np.zeros_like(non_faces)], np.r_[faces, non_faces])
        ),
        "false_negative_rate": float((faces < MIN_CONFIDENCE).mean()),
        "false_positive_rate": float((non_faces >= MIN_CONFIDENCE).mean()),
        "tracking_from_a_tenth_of_the_box": dataclasses.asdict(evaluate_tracking(landmarker, test, rng)),
    }


@dataclasses.dataclass(frozen=True)
class TrackingScores:
    """Mean normalized error of tracked faces, and the fraction that is not lost."""

    nme: float
    tracked_fraction: float


def evaluate_tracking(landmarker: Landmarker, frames: AnnotatedFrames, rng: np.random.Generator) -> TrackingScores:
    """Track each face from its true shape, displaced in a random direction."""
    boxes = detect_known_faces(frames.images, frames.landmarks)
    nme, tracked = [], []
    for image, landmarks, box in zip(frames.images, frames.landmarks, boxes, strict=True):
        if not np.isfinite(box).all():
            continue
        angle = rng.uniform(0, 7)
        displacement = TRACKING_DISPLACEMENT * box[2] * np.array([np.cos(angle), np.sin(angle)])
        points, confidence = landmarker.track(image, landmarks[None] + displacement)
        nme.append(normalized_mean_error(points, landmarks[None])[0])
        tracked.append(confidence[0] >= MIN_CONFIDENCE)
    return TrackingScores(float(np.mean(nme)), float(np.mean(tracked)))


if __name__ == "__main__":
    sys.exit(main())
