"""Do changed copies of training rows help? Each kind alone, all together, and none, on the same folds.

    python experiments/augmentation.py --standin DIR --fer2013 fer2013.csv
    python experiments/augmentation.py --standin DIR --pipelines hog_svm --kinds mirror

Of fer22 files with their `solution` beside them training people are left out one by one; of FER2013 a part of Training
is judged in folds, equal pictures in one fold, and PublicTest is not looked at. Judged rows have no copies. Differences
are to the same pipeline without copies, with 95 % intervals by bootstrap over people, or over groups of equal pictures.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from standin import training_part

from fer_features import Samples, evaluate, load_dataset, make_pipeline
from fer_features._atomic import replacing
from fer_features._progress import shown
from fer_features.cli._parser import Parser, guarded, whole
from fer_features.evaluation.statistics import bootstrap_ratio
from fer_features.exceptions import FerError
from fer_features.samples.duplicates import exact_duplicates
from fer_features.vision.image_transforms import KINDS

#: What is learnt from: kinds, and copies of each row.
SETTINGS: dict[str, tuple[tuple[str, ...], int]] = {
    "none": ((), 1),
    **{kind: ((kind,), 1) for kind in KINDS},
    "all": (KINDS, 1),
    "all, 3 copies": (KINDS, 3),
}
#: Of FER2013: pipelines and their settings. The second one knows of mirrors without any copies, and has as many
#: landmarks for its rows as by default it has for all.
STILLS: dict[str, dict] = {
    "hog_svm": {"align__method": "none", "align__size": 48, "features__hog__cell": 8},
    "small": {"align__method": "none", "classifier__landmarks": 1500},
}


def main() -> int:
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--standin", type=Path, metavar="DIR", help="fer22 files with their solution")
    parser.add_argument("--fer2013", type=Path, metavar="PATH", help="fer2013.csv")
    parser.add_argument("--rows", type=whole(20), default=6000, metavar="N", help="of FER2013's Training (6000)")
    parser.add_argument("--folds", type=whole(2), default=3, metavar="N", help="of FER2013 (3)")
    parser.add_argument("--pipelines", nargs="+", metavar="NAME", help="some of hog_svm, small")
    parser.add_argument("--kinds", nargs="+", metavar="NAME", help=f"some of {'; '.join(SETTINGS)}")
    parser.add_argument("--out", type=Path, metavar="FILE", help="JSON (experiments/results/augmentation.json)")
    options = parser.parse_args()
    return guarded(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    for name in options.kinds or ():
        if name not in SETTINGS:
            raise FerError(f"no setting '{name}'; there are: {'; '.join(SETTINGS)}")
    out = options.out or Path(__file__).parent / "results" / "augmentation.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    kinds = ["none", *(k for k in options.kinds or SETTINGS if k != "none")]
    done = json.loads(out.read_text()) if out.exists() else {}
    print(
        "| data | pipeline | copies | accuracy | difference | 95 % interval | seconds |\n|---|---|---|---|---|---|---|"
    )
    for data, name, settings, X, cv in jobs(options):
        base = None
        for kind in kinds:
            start = time.perf_counter()
            row, right = judged(name, settings, X, cv, kind)
            base = right if base is None else base
            row |= against(right, base, X)
            row["seconds"] = round(time.perf_counter() - start, 1)
            done.setdefault(data, {}).setdefault(name, {})[kind] = row
            low, high = row["interval"]
            print(
                f"| {data} | `{name}` | {kind} | {row['accuracy']:.3f} | {row['difference']:+.3f} "
                f"| {low:+.3f} to {high:+.3f} | {row['seconds']:.0f} |",
                flush=True,
            )
            with replacing(out) as temporary:
                temporary.write_text(json.dumps(done, indent=1) + "\n")
    print(f"\nwritten to {out}")


def jobs(options: argparse.Namespace):
    """Data, pipeline, its settings, table and folds, one after another."""
    if options.standin:
        X = training_part(options.standin)
        if not options.pipelines or "hog_svm" in options.pipelines:
            yield "stand-in", "hog_svm", {}, X, "loso"
    if options.fer2013:
        X = part_of_training(load_dataset(options.fer2013), options.rows)
        for name, settings in STILLS.items():
            if not options.pipelines or name in options.pipelines:
                yield f"FER2013, {len(X)} rows", name, settings, X, f"{options.folds}fold"


def part_of_training(X: Samples, n: int) -> Samples:
    """Rows of Training drawn at random; the groups that folds keep together are those of equal pictures."""
    train = np.flatnonzero((X["split"] == "train") & (X["label"] >= 0))
    some = X[np.sort(np.random.default_rng(0).permutation(train)[:n])]
    return some.with_columns(subject=exact_duplicates(some))


def judged(name: str, settings: dict, X: Samples, cv: str, kind: str) -> tuple[dict, np.ndarray]:
    """Figures of one setting, and which rows it has right."""
    kinds, copies = SETTINGS[kind]
    # Only choices are judged, which calibration does not change.
    model = make_pipeline(name, **settings, augment=kinds, copies=copies, calibration=0)
    with shown():
        result = evaluate(model, X, cv, name=name)
    table = result.predictions.sort_values("row")
    figures = {"accuracy": result.accuracy, "macro_f1": result.macro_f1, "n": len(table), "kinds": kinds}
    return {**figures, "copies": copies if kinds else 0}, (table["truth"] == table["prediction"]).to_numpy(float)


def against(right: np.ndarray, base: np.ndarray, X: Samples) -> dict:
    people = np.unique(np.asarray(X["subject"]), return_inverse=True)[1]
    more, rows = np.bincount(people, right - base), np.bincount(people)
    return {
        "difference": float((right - base).mean()),
        "interval": [float(v) for v in np.ravel(bootstrap_ratio(more, rows))],
    }


if __name__ == "__main__":
    sys.exit(main())
