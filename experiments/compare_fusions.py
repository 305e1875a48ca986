"""How ways of fusing texture, shape and motion do on people and on a camera that training did not see.

    python experiments/compare_fusions.py                                         the demo (synthetic), anywhere
    python experiments/compare_fusions.py --data DIR --others DIR [DIR ...]       fer22 folders with a `solution`

Each pipeline is judged leave-one-subject-out; by the same models on the same people seen by another camera (blurred,
brighter, with less contrast and more noise, landmarks off by a fiftieth of the eye distance); and, fitted to all
training rows of DIR, on the test parts of the folders after --others, whose people should stand in neither part of DIR.
`best` was chosen by these three. Prints a table and keeps it as JSON.
"""

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np
from standin import test_part

from fer_features import Samples, load_dataset, make_pipeline
from fer_features._atomic import replacing
from fer_features.classifiers import uncalibrated
from fer_features.cli._parser import Parser, guarded
from fer_features.evaluation.cross_validation import describe_all
from fer_features.pipelines import describable
from fer_features.vision.geometry import interocular_distance

#: The softer machines of shape and motion, which carry over better.
SOFT = {"classifier__C": 1, "classifier__gamma": 0.3}

#: Texture, and whether shape and motion vote beside it.
PIPELINES = [
    "landmarks_geometry_svm",
    "mbh_svm",
    "hogdiff_lbpdiff_svm",
    "hogdiff_patchesdiff_linear",
    "hogdiff_lbpdiff_landmarks_svm",
    "hogdiff_lbpdiff_svm+landmarks_geometry_svm+mbh_svm",
    "hogdiff_patchesdiff_svm+landmarks_geometry_svm+mbh_svm",
    "hogdiff_patchesdiff_gabordiff_linear+landmarks_geometry_svm+mbh_svm",
    "hogdiff_patchesdiff_linear+landmarks_geometry_svm+mbh_lmp_svm",
    "best",
]


def main() -> int:
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="demo", metavar="DIR")
    parser.add_argument("--others", nargs="*", type=Path, default=[], metavar="DIR")
    parser.add_argument("--only", nargs="*", metavar="PIPELINE")
    parser.add_argument("--out", type=Path, metavar="FILE", help="JSON (experiments/results/fusions-DATA.json)")
    options = parser.parse_args()
    return guarded(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    known = Path(options.data) / "solution" / "data_train_subjects.h5"
    X = load_dataset(options.data, known if known.exists() else None)
    X = X[np.flatnonzero((X["label"] >= 0) & describable(make_pipeline("best"), X))]
    seen = other_camera(X)
    others = [test_part(folder) for folder in options.others]
    rows = []
    print("| pipeline | one person left out | another camera | other people | their deviation |\n|---|---|---|---|---|")
    for name in options.only or PIPELINES:
        rows.append({"pipeline": name, **judge(pipeline(name), X, seen, others)})
        figures = [f"{value:.3f}" for key, value in rows[-1].items() if key != "pipeline"]
        print(f"| `{name}` | {' | '.join(figures)} |", flush=True)
    out = options.out or Path(__file__).parent / "results" / f"fusions-{X.info.dataset}.json"
    record = {"data": X.info.dataset, "n": len(X), "n_others": sum(map(len, others)), "rows": rows}
    with replacing(out) as temporary:
        temporary.write_text(json.dumps(record, indent=1) + "\n")
    print(f"written to {out}")


def pipeline(name: str):
    """The pipeline, with shape and motion as `best` has them."""
    model = uncalibrated(make_pipeline(name))
    soft = [part for part in name.split("+") if part.startswith(("landmarks_geometry", "mbh"))]
    prefix = [f"{part}__" if "+" in name else "" for part in soft]
    return model.set_params(**{f"{p}{key}": value for p in prefix for key, value in SOFT.items()})


def judge(model, X: Samples, seen: Samples, others: list[Samples]) -> dict[str, float]:
    for table in (X, seen, *others):
        describe_all(model, table)
    label, subject = np.asarray(X["label"]), np.asarray(X["subject"])
    right, right_seen = np.zeros(len(X), bool), np.zeros(len(X), bool)
    for person in np.unique(subject):
        test = np.flatnonzero(subject == person)
        train = np.flatnonzero(subject != person)
        model.fit(X[train], label[train])
        right[test] = model.predict(X[test]) == label[test]
        right_seen[test] = model.predict(seen[test]) == label[test]
    found = {"loso": float(right.mean()), "camera": float(right_seen.mean())}
    if not others:
        return found
    model.fit(X, label)
    hits = [model.predict(table) == table["label"] for table in others]
    # A person who stands in two of the folders is one person in each.
    people = [
        hit[table["subject"] == person].mean()
        for hit, table in zip(hits, others, strict=True)
        for person in np.unique(table["subject"])
    ]
    return {**found, "others": float(np.concatenate(hits).mean()), "deviation": float(np.std(people))}


def other_camera(X: Samples, seed: int = 0) -> Samples:
    """The rows as another camera and another detector of landmarks would have them."""
    rng = np.random.default_rng(seed)
    images = np.asarray(X["images"]).copy()
    for clip in images:
        for t, frame in enumerate(clip):
            soft = cv2.GaussianBlur(frame.astype(np.float32), (0, 0), 1.5)
            lit = 255 * (soft / 255) ** 0.6 * 0.8 + 15 + rng.normal(0, 6, soft.shape)
            clip[t] = np.clip(lit, 0, 255)
    points = np.asarray(X["landmarks"], np.float64)
    points = points + rng.normal(0, 0.02, points.shape) * interocular_distance(points)[..., None, None]
    return Samples.from_arrays(images, points, X["label"], X["subject"], info=X.info)


if __name__ == "__main__":
    sys.exit(main())
