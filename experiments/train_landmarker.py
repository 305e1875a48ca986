"""Fit the landmarker that ships with the package, on rendered portraits only, and write its card.

    python experiments/train_landmarker.py --n-jobs 2
    python experiments/train_landmarker.py --n-jobs 2 --kdef NPZ --fer2013 NPZ --fer2013-landmarks NPZ

Real photographs are used for the evaluation in the card only. The reference landmarks of both were detected by other
programs. Errors are mean distances as fractions of the outer eye distance; "without offsets" means after the mean
displacement of each point over all faces is subtracted, because the reference follows another convention.
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
from joblib import delayed

from fer_features._atomic import atomic_write, check_writable, write_text
from fer_features._parallel import parallel
from fer_features.cli._parser import int_at_least, n_jobs, run_command
from fer_features.faces.box_matching import detect_known_faces
from fer_features.faces.cascade_training import TrainingFaces, train_cascade
from fer_features.faces.landmark_evaluation import FAILURE_THRESHOLD
from fer_features.faces.landmarker import Landmarker
from fer_features.faces.landmarker_archive import DEFAULT_FILE, load_landmarker_archive, save_landmarker
from fer_features.synthetic.portrait_photo import Photo
from fer_features.synthetic.portraits import contact_sheet, sample_photos
from fer_features.version import versions

#: Portraits that one task renders.
CHUNK = 1000
#: Photographs of each portrait.
N_PHOTOS = 3
#: Seed of held-out portraits.
TEST_SEED = 10_000
#: Points without the contour.
INNER_POINTS = slice(17, 68)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__)
    parser.add_argument("--out", type=Path, default=DEFAULT_FILE, metavar="NPZ", help="file of the landmarker")
    parser.add_argument("--n-portraits", type=int_at_least(10), default=6000, metavar="N", help="training portraits")
    parser.add_argument("--n-test", type=int_at_least(1), default=500, metavar="N", help="held-out portraits")
    parser.add_argument("--n-jobs", type=n_jobs, default=1, metavar="N", help="parallel processes for rendering")
    parser.add_argument("--kdef", type=Path, metavar="NPZ", help="photographs of KDEF with landmarks")
    parser.add_argument("--fer2013", type=Path, metavar="NPZ", help="images of FER2013")
    parser.add_argument("--fer2013-landmarks", type=Path, metavar="NPZ", help="their landmarks")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="also write a contact sheet of training portraits")
    options = parser.parse_args(arguments)
    return run_command(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Render, fit, evaluate and write."""
    card_file = options.out.with_suffix(".json")
    check_writable(options.out, card_file)
    start = time.time()
    photos = render(options.n_portraits, 1, options.n_jobs)
    print(f"{len(photos)} photographs rendered in {time.time() - start:.0f} s", flush=True)
    if options.sheet:
        cv2.imwrite(str(options.sheet), contact_sheet(photos[: 100 * N_PHOTOS : N_PHOTOS]))
    landmarker = train_cascade(as_faces(photos), report=lambda line: print(line, flush=True))
    save_landmarker(landmarker, options.out)
    landmarker = load_landmarker_archive(options.out)
    card: dict[str, Any] = {
        "kind": "landmarks",
        "fitted_on": "rendered portraits of fer_features.synthetic.portraits; no photographs",
        "n_portraits": options.n_portraits,
        "n_photos": len(photos),
        "normalized_by": "outer eye distance (points 36 and 45)",
        "held_out_portraits": evaluate_photos(landmarker, render(options.n_test, TEST_SEED, options.n_jobs)),
    }
    if options.kdef:
        card["kdef"] = evaluate_kdef(landmarker, options.kdef)
    if options.fer2013 and options.fer2013_landmarks:
        card["fer2013_public_test"] = evaluate_fer2013(landmarker, options.fer2013, options.fer2013_landmarks)
    card["versions"] = versions()
    with atomic_write(card_file) as temporary:
        write_text(temporary, json.dumps(card, indent=1) + "\n")
    print(json.dumps(card, indent=1))


def render(n_portraits: int, first_seed: int, jobs: int) -> list[Photo]:
    """Photographs of portraits, in chunks with seeds from `first_seed`."""
    sizes = [min(CHUNK, n_portraits - k) for k in range(0, n_portraits, CHUNK)]
    calls = (delayed(sample_photos)(size, N_PHOTOS, first_seed + k) for k, size in enumerate(sizes))
    return [photo for chunk in parallel(calls, len(sizes), jobs) for photo in chunk]


def as_faces(photos: Sequence[Photo]) -> TrainingFaces:
    """Training faces; neighbouring photographs are of the same portrait."""
    return TrainingFaces(
        [photo.image for photo in photos],
        np.array([photo.landmarks for photo in photos]),
        np.array([photo.box for photo in photos]),
        np.arange(len(photos)) // N_PHOTOS,
    )


def scores(points: np.ndarray, truth: np.ndarray, selected: slice = slice(None)) -> dict[str, Any]:
    """Errors of landmarks, shape (n, 68, 2), raw and without offsets, over the selected points."""
    units = np.array([1, 1j])
    eyes = (truth[:, 45] - truth[:, 36]) @ units
    displacement = ((points - truth) @ units / eyes[:, None])[:, selected]
    table: dict[str, Any] = {"n_faces": len(points)}
    for name, errors in (("raw", displacement), ("without_offsets", displacement - displacement.mean(0))):
        nme = np.abs(errors).mean(1)
        table[name] = {
            "mean": round(float(nme.mean()), 4),
            "median": round(float(np.median(nme)), 4),
            "failure_rate": round(float((nme > FAILURE_THRESHOLD).mean()), 4),
        }
    return table


def evaluate_photos(landmarker: Landmarker, photos: Sequence[Photo]) -> dict[str, Any]:
    """Errors on rendered photographs with their boxes."""
    points = [landmarker.detect_landmarks(photo.image, photo.box[None])[0][0] for photo in photos]
    return scores(np.array(points), np.array([photo.landmarks for photo in photos]))


def evaluate_kdef(landmarker: Landmarker, path: Path) -> dict[str, Any]:
    """Errors on photographs of KDEF with boxes of the detector, and the time per face."""
    kdef = read_kdef(path)
    truth = kdef["landmarks68"].astype(float)
    boxes = detect_known_faces(list(kdef["images"]), truth)
    found = np.flatnonzero(np.isfinite(boxes).all(1))
    points, times = [], []
    for i in found:
        start = time.process_time()
        points.append(landmarker.detect_landmarks(kdef["images"][i], boxes[i : i + 1])[0][0])
        times.append(time.process_time() - start)
    return {
        "n_photographs": len(truth),
        "n_subjects": len(np.unique(kdef["subjects"])),
        "n_detected": len(found),
        "ms_per_face": round(1000 * float(np.mean(times)), 2),
        **scores(np.array(points), truth[found]),
    }


def evaluate_fer2013(landmarker: Landmarker, images: Path, landmarks: Path) -> dict[str, Any]:
    """Errors of the inner points on PublicTest, with the whole image as the box."""
    data = read_npz(images, ("X", "usage"))
    truth = read_npz(landmarks, ("landmarks68",))["landmarks68"].astype(float)
    rows = np.flatnonzero((data["usage"] == "PublicTest") & np.isfinite(truth).all((1, 2)))
    side = data["X"].shape[1]
    box = np.array([[0.0, 0.0, side, side]])
    points, times = [], []
    for i in rows:
        start = time.process_time()
        points.append(landmarker.detect_landmarks(data["X"][i], box)[0][0])
        times.append(time.process_time() - start)
    return {
        "points": "51 inner points",
        "ms_per_face": round(1000 * float(np.mean(times)), 2),
        **scores(np.array(points), truth[rows], INNER_POINTS),
    }


if __name__ == "__main__":
    sys.exit(main())
