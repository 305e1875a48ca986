"""Compare the landmarker of the package with a cascade of regression trees, fitted on the same rendered portraits.

    python experiments/landmark_trees.py --kdef NPZ --fer2013 NPZ --fer2013-landmarks NPZ

The trees (Kazemi and Sullivan 2014, doi:10.1109/CVPR.2014.241) are those of dlib: `pip install dlib-bin`, which is not
needed for anything else. Both have one attempt per face; the boxes of training faces are those of the photographs.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from command_line import script_parser
from result_tables import RESULTS_DIR, write_json
from train_landmarker import TEST_SEED, as_faces, evaluate_fer2013, evaluate_kdef, evaluate_photos, render

from fer_features.cli._parser import int_at_least, run_command
from fer_features.exceptions import FerError
from fer_features.faces.pretrained import PretrainedLandmarker, crop_to_box
from fer_features.faces.pretrained_training import TrainingFaces, train_pretrained


@dataclasses.dataclass(frozen=True)
class TreeLandmarker:
    """A shape predictor of dlib with the interface of a landmarker."""

    predictor: Any
    dlib: Any

    def detect_landmarks(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks of the faces in these boxes; the confidence is 1."""
        points = []
        for box in boxes:
            crop, crop_box, factor, offset = crop_to_box(image, box)
            shape = self.predictor(crop, rectangle(self.dlib, crop_box))
            local = np.array([[part.x, part.y] for part in shape.parts()], float)
            points.append((local + 0.5) * factor - 0.5 + offset)
        return np.array(points).reshape(-1, 68, 2), np.ones(len(boxes))


class SingleStart(PretrainedLandmarker):
    """The landmarker of the package with one attempt per face."""

    def detect_landmarks(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks of the faces in these boxes."""
        return self._fit_boxes(image, boxes, ((1.0, 0.0, 0.0),))


def rectangle(dlib: Any, box: np.ndarray) -> Any:
    """A box of dlib, in integers."""
    x, y, width, height = np.rint(box).astype(int).tolist()
    return dlib.rectangle(x, y, x + width, y + height)


def train_trees(faces: TrainingFaces, dlib: Any, n_trees: int) -> TreeLandmarker:
    """Fit ten levels of trees of depth 4 on faces and their mirror images, with five starts each."""
    data = faces.prepared(np.random.default_rng(0))
    options = dlib.shape_predictor_training_options()
    options.num_threads, options.random_seed = 1, "0"
    options.num_trees_per_cascade_level, options.oversampling_amount = n_trees, 5
    options.oversampling_translation_jitter = 0.05
    detections = [
        [
            dlib.full_object_detection(
                rectangle(dlib, box), [dlib.point(*p) for p in np.rint(points).astype(int).tolist()]
            )
        ]
        for points, box in zip(data.landmarks, data.boxes, strict=True)
    ]
    return TreeLandmarker(dlib.train_shape_predictor(data.images, detections, options), dlib)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__, "landmark_trees.json")
    parser.add_argument("--n-portraits", type=int_at_least(10), default=1000, metavar="N", help="training portraits")
    parser.add_argument("--n-trees", type=int_at_least(1), default=200, metavar="N", help="trees of each of 10 levels")
    parser.add_argument("--kdef", type=Path, required=True, metavar="NPZ", help="photographs of KDEF with landmarks")
    parser.add_argument("--fer2013", type=Path, required=True, metavar="NPZ", help="images of FER2013")
    parser.add_argument("--fer2013-landmarks", type=Path, required=True, metavar="NPZ", help="their landmarks")
    options = parser.parse_args(arguments)
    return run_command(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Fit both, print and write the errors."""
    try:
        import dlib
    except ImportError as error:
        raise FerError("dlib is not installed: pip install dlib-bin") from error
    faces = as_faces(render(options.n_portraits, 1, 1))
    test = render(200, TEST_SEED, 1)
    record: dict[str, Any] = {"n_portraits": options.n_portraits, "n_trees_per_level": options.n_trees}
    start = time.process_time()
    trained = train_pretrained(faces)
    models: dict[str, Any] = {"ridge_cascade": (SingleStart(**vars(trained)), time.process_time() - start)}
    start = time.process_time()
    models["regression_trees"] = (train_trees(faces, dlib, options.n_trees), time.process_time() - start)
    for name, (model, seconds) in models.items():
        record[name] = {
            "training_cpu_seconds": round(seconds),
            "held_out_portraits": evaluate_photos(model, test),
            "kdef": evaluate_kdef(model, options.kdef),
            "fer2013_public_test": evaluate_fer2013(model, options.fer2013, options.fer2013_landmarks),
        }
        print(name, json.dumps(record[name], indent=1), flush=True)
    write_json(options.out or RESULTS_DIR / "landmark_trees.json", record)


if __name__ == "__main__":
    sys.exit(main())
