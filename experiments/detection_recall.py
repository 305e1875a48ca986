"""Recall and false faces of the detector, without and with the search for tilted faces.

    python experiments/detection_recall.py --kdef NPZ --fer2013 NPZ --fer2013-landmarks NPZ

Conditions: photographs of KDEF with a roll of 0 to 35 degrees, images of the PublicTest of FER2013, and small faces of
KDEF in scenes of 640 x 480 pixels. Images without a face: images of scikit-image, and photographs and images of FER2013
whose blocks are shuffled. The rotations were chosen on the subjects of KDEF with even positions and on the Training
images of FER2013; the other subjects and the PublicTest are evaluated.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from command_line import script_parser
from experiment_data import read_kdef, read_npz
from landmarks_kdef import BACKGROUNDS, background
from result_tables import RESULTS_DIR, write_json

from fer_features.cli._parser import int_at_least, run_command
from fer_features.faces import FaceDetector
from fer_features.faces.box_matching import match_boxes
from fer_features.version import versions
from fer_features.vision.geometry import apply_affine
from fer_features.vision.tilted_detection import rotate_image

#: An image, and the landmarks of its face; None without a face.
Example = tuple[np.ndarray, np.ndarray | None]

#: Roll of the faces in degrees.
ROLLS = (0, -10, 10, -20, 20, -30, 30, -35, 35)
#: Extent of the landmarks of small faces in pixels.
FACE_SIZES_PX = (24, 28, 32, 40)
#: Blocks per side of shuffled images.
BLOCKS_PER_SIDE = (3, 4, 6)
#: Rounds of the measurement of time.
N_TIMED_ROUNDS = 15


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__, "detection_recall.json")
    parser.add_argument("--kdef", type=Path, required=True, metavar="NPZ", help="photographs of KDEF with landmarks")
    parser.add_argument("--fer2013", type=Path, metavar="NPZ", help="images of FER2013 (X, usage)")
    parser.add_argument("--fer2013-landmarks", type=Path, metavar="NPZ", help="their landmarks (landmarks68)")
    parser.add_argument("--n-images", type=int_at_least(1), default=100, metavar="N", help="photographs of KDEF")
    parser.add_argument("--n-fer2013", type=int_at_least(1), default=500, metavar="N", help="images of FER2013")
    options = parser.parse_args(arguments)
    return run_command(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Evaluate both detectors under all conditions, print and write the results."""
    rng = np.random.default_rng(0)
    kdef = read_kdef(options.kdef)
    others = np.flatnonzero(np.isin(kdef["subjects"], np.unique(kdef["subjects"])[1::2]))
    chosen = rng.permutation(others)[: options.n_images]
    faces = [(kdef["images"][i], kdef["landmarks68"][i].astype(float)) for i in chosen]
    conditions = {f"KDEF, roll {roll}": ([rotate_face(*face, roll) for face in faces], 0.1) for roll in ROLLS}
    scenes = [background(name) for name in BACKGROUNDS]
    for size in FACE_SIZES_PX:
        small = [place_face(*face, scenes[i % len(scenes)], size, rng) for i, face in enumerate(faces[:40])]
        conditions |= {f"faces of {size} px, min_face {min_face}": (small, min_face) for min_face in (0.1, 0.05)}
    conditions["images of scikit-image"] = ([(scene, None) for scene in scenes], 0.1)
    conditions["KDEF, shuffled blocks"] = (shuffled([image for image, _ in faces], rng), 0.1)
    if options.fer2013 and options.fer2013_landmarks:
        crops = fer2013_crops(options.fer2013, options.fer2013_landmarks, options.n_fer2013, rng)
        conditions["FER2013, PublicTest"] = (crops, 0.1)
        conditions["FER2013, shuffled blocks"] = (shuffled([image for image, _ in crops], rng), 0.1)
    table = {name: compare(*condition, name) for name, condition in conditions.items()}
    record = {"conditions": table, "ms_one_face": milliseconds(faces[0][0]), "versions": versions()}
    print(json.dumps(record["ms_one_face"]))
    out = options.out or RESULTS_DIR / "detection_recall.json"
    write_json(out, record)
    print(f"\nwritten to {out}")


def compare(examples: list[Example], min_face: float, name: str) -> dict[str, Any]:
    """Recall and false faces per image, without and with the search for tilted faces."""
    results = {}
    for key, tilted in (("upright", False), ("tilted", True)):
        detector = FaceDetector(min_face=min_face, tilted=tilted)
        found, n_false = [], 0
        for image, landmarks in examples:
            boxes, _ = detector(image)
            matches = np.zeros(len(boxes), bool) if landmarks is None else match_boxes(boxes, landmarks)
            found.append(bool(matches.any()))
            n_false += int((~matches).sum())
        recall = None if examples[0][1] is None else round(float(np.mean(found)), 4)
        results[key] = {"recall": recall, "false_faces_per_image": round(n_false / len(examples), 4)}
    print(f"{name} (n={len(examples)}): {json.dumps(results)}", flush=True)
    return {"n": len(examples), **results}


def rotate_face(image: np.ndarray, landmarks: np.ndarray, degrees: float) -> Example:
    """A photograph with its face rotated about its centre."""
    rotated, matrix = rotate_image(image, degrees)
    return rotated, apply_affine(matrix, landmarks)


def place_face(
    image: np.ndarray, landmarks: np.ndarray, scene: np.ndarray, size: int, rng: np.random.Generator
) -> Example:
    """A photograph, reduced so that its face has a size in pixels, at a random position in a scene."""
    side = round(len(image) * size / float(np.ptp(landmarks, 0).mean()))
    x, y = rng.integers(0, 640 - side), rng.integers(0, 480 - side)
    composed = scene.copy()
    composed[y : y + side, x : x + side] = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    # Pixel centres have integer coordinates.
    return composed, (landmarks + 0.5) * side / len(image) - 0.5 + [x, y]


def fer2013_crops(path: Path, landmarks_path: Path, n: int, rng: np.random.Generator) -> list[Example]:
    """Random images of the PublicTest of FER2013 with landmarks."""
    file = read_npz(path, ("X", "usage"))
    landmarks = read_npz(landmarks_path, ("landmarks68",))["landmarks68"].astype(float)
    known = np.flatnonzero((file["usage"] == "PublicTest") & np.isfinite(landmarks).all((1, 2)))
    return [(file["X"][i].reshape(48, 48), landmarks[i]) for i in rng.permutation(known)[:n]]


def shuffled(images: list[np.ndarray], rng: np.random.Generator) -> list[Example]:
    """Square images whose blocks are permuted."""
    examples: list[Example] = []
    for i, image in enumerate(images):
        n = BLOCKS_PER_SIDE[i % len(BLOCKS_PER_SIDE)]
        side = len(image) // n
        blocks = image[: n * side, : n * side].reshape(n, side, n, side).swapaxes(1, 2).reshape(-1, side, side)
        mixed = blocks[rng.permutation(len(blocks))].reshape(n, n, side, side).swapaxes(1, 2)
        examples.append((np.ascontiguousarray(mixed.reshape(n * side, n * side)), None))
    return examples


def milliseconds(face: np.ndarray) -> dict[str, float]:
    """Median CPU time for a frame of 640 x 480 pixels with one upright face, and for one without a face."""
    scene = background("coffee")
    empty = scene.copy()
    scene[100:300, 200:400] = cv2.resize(face, (200, 200), interpolation=cv2.INTER_AREA)
    times: dict[str, list[float]] = {}
    for _ in range(N_TIMED_ROUNDS):
        for name, image in (("face", scene), ("no face", empty)):
            for key, tilted in (("upright", False), ("tilted", True)):
                start = time.process_time()
                FaceDetector(tilted=tilted)(image)
                times.setdefault(f"{name}, {key}", []).append(time.process_time() - start)
    return {key: round(1000 * float(np.median(values)), 1) for key, values in times.items()}


if __name__ == "__main__":
    sys.exit(main())
