"""Detection and landmarks on KDEF photographs: 10 folds grouped by subject, boxes from the detector.

    python experiments/landmarks_kdef.py --kdef NPZ

The known landmarks were themselves found by a machine: errors are distances from those. Photographs fill their frame
with the face, so that scenes are made too: faces of several sizes on textures that come with scikit-image.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from sklearn.metrics import roc_auc_score

from fer_features.cli._parser import guarded, jobs
from fer_features.faces import LOST, FaceDetector, Landmarker, save_landmarker
from fer_features.faces.framing import find_boxes, right_boxes
from fer_features.faces.landmark_evaluation import Pictures, cross_validate, figures, judge, part, words
from fer_features.version import versions

OUT = Path(__file__).parent / "results" / "landmarks_kdef.json"
#: Pictures without a face.
TEXTURES = (
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
#: Heights of the photograph in a scene 480 pixels high.
HEIGHTS = (72, 120, 200, 320)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    p = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    p.add_argument("--kdef", required=True, metavar="NPZ")
    p.add_argument("--folds", type=int, default=10)
    p.add_argument("--every", type=int, default=1, metavar="N", help="take each Nth photograph only")
    p.add_argument("--jobs", type=jobs, default=1)
    p.add_argument("--out", type=Path, default=OUT)
    options = p.parse_args(arguments)
    return guarded(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    data = np.load(options.kdef)
    rows = slice(None, None, options.every)
    images, landmarks, subject = data["images"][rows], data["landmarks68"][rows].astype(float), data["subjects"][rows]
    pictures = Pictures(list(images), landmarks, subject, True)
    report: dict = {"photographs": detection(pictures), "scenes": scenes(pictures), "speed": detection_speed(images[0])}
    print(json.dumps({k: report[k] for k in ("photographs", "scenes", "speed")}, indent=1), flush=True)
    found = cross_validate(Landmarker(), pictures, f"{options.folds}fold", jobs=options.jobs)
    report["landmarks"] = {"folds": options.folds, **figures(found, pictures)}
    print(words(report["landmarks"]), flush=True)
    report["model"] = one_model(pictures)
    report["versions"] = versions()
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report["model"], indent=1), f"\nwritten to {options.out}")


def detection(pictures: Pictures) -> dict:
    """Faces found and false ones in the photographs as they are, at three settings."""
    table = {}
    for smallest in (0.1, 0.2, 0.4):
        detector = FaceDetector(smallest=smallest)
        right, extra, seconds = [], [], []
        for picture, shape in zip(pictures.images, pictures.landmarks, strict=True):
            start = time.process_time()
            boxes, _ = detector(picture)
            seconds.append(time.process_time() - start)
            good = right_boxes(boxes, shape)
            right.append(good.any())
            extra.append((~good).any())
        table[f"smallest {smallest}"] = {
            "right": float(np.mean(right)),
            "with_a_false_face": float(np.mean(extra)),
            "ms": round(1000 * float(np.median(seconds)), 2),
        }
    return table


def scenes(pictures: Pictures, count: int = 240) -> dict:
    """One face of several sizes in scenes of 640 x 480 made of textures; and the textures alone."""
    rng = np.random.default_rng(0)
    detector = FaceDetector()
    backgrounds = [texture(name) for name in TEXTURES]
    right: dict[int, list] = {height: [] for height in HEIGHTS}
    false = 0
    for k, i in enumerate(rng.choice(len(pictures), min(count, len(pictures)), replace=False)):
        height = HEIGHTS[k % len(HEIGHTS)]
        scene = backgrounds[k % len(backgrounds)].copy()
        face = cv2.resize(pictures.images[i], (height, height), interpolation=cv2.INTER_AREA)
        x, y = rng.integers(0, 640 - height), rng.integers(0, 480 - height)
        scene[y : y + height, x : x + height] = face
        boxes, _ = detector(scene)
        good = right_boxes(boxes, (pictures.landmarks[i] + 0.5) * height / pictures.images[i].shape[0] - 0.5 + [x, y])
        right[height].append(good.any())
        false += int((~good).any())
    empty = {name: len(detector(picture)[0]) for name, picture in zip(TEXTURES, backgrounds, strict=True)}
    return {
        "found_by_height_of_the_photograph": {str(h): float(np.mean(values)) for h, values in right.items() if values},
        "scenes_with_a_false_face": false / sum(len(values) for values in right.values()),
        "faces_in_textures_alone": {name: n for name, n in empty.items() if n},
    }


def texture(name: str) -> np.ndarray:
    picture = getattr(skimage.data, name)()
    grey = cv2.cvtColor(np.ascontiguousarray(picture[..., :3]), cv2.COLOR_RGB2GRAY) if picture.ndim == 3 else picture
    return cv2.resize(grey, (640, 480), interpolation=cv2.INTER_AREA)


def detection_speed(face: np.ndarray) -> dict:
    """Milliseconds of processor time for a 640 x 480 frame with one face 200 pixels high, by smallest face and step."""
    scene = texture("coffee")
    scene[100:300, 200:400] = cv2.resize(face, (200, 200), interpolation=cv2.INTER_AREA)
    table = {}
    for smallest in (0.1, 0.2, 0.3):
        for step in (1.2, 1.4):
            detector = FaceDetector(smallest=smallest, step=step)
            detector(scene)
            times = []
            for _ in range(7):
                start = time.process_time()
                detector(scene)
                times.append(time.process_time() - start)
            table[f"smallest {smallest}, step {step}"] = round(1000 * float(np.median(times)), 1)
    return table


def one_model(pictures: Pictures) -> dict:
    """Size, speed and confidence of a landmarker fitted to four fifths of the people, on the others and on no faces."""
    people = np.unique(pictures.subject)
    mine = np.isin(pictures.subject, people[::5])
    landmarker = Landmarker().fit(
        *(lambda train: (train.images, train.landmarks))(part(pictures, np.flatnonzero(~mine)))
    )
    others = part(pictures, np.flatnonzero(mine))
    found = judge(landmarker, others)
    faces = found["confidence"][np.isfinite(found["confidence"])]
    rng = np.random.default_rng(0)
    none = []
    for name in TEXTURES:
        picture = texture(name)
        width = rng.uniform(50, 250, 25)
        boxes = np.stack([rng.uniform(0, 640 - width), rng.uniform(0, 480 - width), width, width], 1)
        none.append(landmarker.locate(picture, boxes)[1])
    nothing = np.concatenate(none)
    boxes = find_boxes(others.images, others.landmarks)
    tracked, kept = [], []
    for picture, shape, box in zip(others.images, others.landmarks, boxes, strict=True):
        if not np.isfinite(box).all():
            continue
        step = 0.1 * box[2] * np.array([np.cos(a := rng.uniform(0, 7)), np.sin(a)])
        points, sure = landmarker.track(picture, shape[None] + step)
        tracked.append(np.linalg.norm(points[0] - shape, axis=1).mean() / np.linalg.norm(shape[36] - shape[45]))
        kept.append(sure[0] >= LOST)
    with tempfile.TemporaryDirectory() as folder:
        size = save_landmarker(landmarker, Path(folder) / "landmarks.joblib", {}).stat().st_size
    return {
        "mb": round(size / 1e6, 2),
        "ms_a_face": round(1000 * float(np.nanmedian(found["seconds"])), 2),
        "auc_faces_against_textures": float(roc_auc_score(np.r_[faces * 0 + 1, nothing * 0], np.r_[faces, nothing])),
        "faces_taken_for_lost": float((faces < LOST).mean()),
        "textures_taken_for_faces": float((nothing >= LOST).mean()),
        "tracked_after_a_tenth_of_the_box": {"mean": float(np.mean(tracked)), "kept": float(np.mean(kept))},
    }


if __name__ == "__main__":
    sys.exit(main())
