"""The README's table on FER2013: each pipeline fitted to Training, judged on the other parts that have labels.

    python experiments/fer2013.py --data fer2013.csv                 every row
    python experiments/fer2013.py --data fer2013.csv --only hog_krr  some of them
    python experiments/fer2013.py --data fer2013.csv --labels ferplus --only small hog_krr    by the majority of FER+
    python experiments/fer2013.py --data fer2013.csv --quick         few rows and words: does the script still run?

Each row runs in a process of its own, from the csv to the figures, so that its seconds and its peak memory are its own.
What is done is kept in the JSON, and not done again when the script is started anew with the same data and settings.
'No copies' leaves out pictures that stand, byte for byte, in Training. Nothing is chosen here: settings are those of
the presets in `fer_features/pipelines.py`, and those below.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from fer_features import evaluate, load_dataset, make_pipeline
from fer_features._atomic import replacing
from fer_features._progress import shown
from fer_features.cli._parser import Parser, guarded
from fer_features.exceptions import FerError
from fer_features.persistence import save_model
from fer_features.samples.duplicates import copies_in, exact_duplicates
from fer_features.samples.table import Samples
from fer_features.version import versions

#: Name of a row: pipeline and settings.
ROWS: dict[str, tuple[str, dict]] = {
    "small": ("small", {}),
    "hog_krr": ("hog_krr", {}),
    "fv_krr": ("fv_krr", {}),
    "fv_krr, 50 MB": (
        "fv_krr",
        {"features__fv__cell_components": 100, "classifier__even": 450, "classifier__odd": 250},
    ),
    "fv_krr, 5 MB": (
        "fv_krr",
        {
            "features__fv__words": 32,
            "features__fv__components": 32,
            "features__fv__cell_components": 40,
            "classifier__even": 200,
            "classifier__odd": 150,
            "classifier__landmarks": 4000,
            "classifier__gamma": 1,
        },
    ),
    "stills": ("stills", {}),
}
#: What makes a row small enough for a test; of these the parameters that the pipeline has.
QUICK = {
    "features__fv__n_sample": 4000,
    "features__fv__words": 4,
    "features__fv__cell_components": 8,
    "features__fv__cell_sample": 60,
    "classifier__even": 40,
    "classifier__odd": 20,
}
QUICK_ROWS = 200
#: Faces that are predicted one by one to time them.
TIMED = 30


def main() -> int:
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, metavar="PATH", help="fer2013.csv or its folder")
    parser.add_argument("--only", nargs="*", metavar="NAME", help=f"some of: {'; '.join(ROWS)}")
    parser.add_argument("--labels", metavar="NAME", help="ferplus: majority of the votes in fer2013new.csv")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS} rows of each part")
    parser.add_argument("--again", action="store_true", help="do rows anew that are done")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="JSON (experiments/results/fer2013.json, or fer2013_ferplus.json)"
    )
    parser.add_argument("--one", metavar="JSON", help=argparse.SUPPRESS)  # what a process of its own is to do
    options = parser.parse_args()
    if options.one:
        return guarded(lambda: one(**json.loads(options.one)))
    return guarded(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    if not options.data or not options.data.exists():
        raise FerError(f"--data {options.data}: fer2013.csv or its folder is needed")
    for name in options.only or ():
        if name not in ROWS:
            raise FerError(f"no row '{name}'; the rows are: {'; '.join(ROWS)}")
    name = f"fer2013_{options.labels}.json" if options.labels else "fer2013.json"
    out = options.out or Path(__file__).parent / "results" / name
    out.parent.mkdir(parents=True, exist_ok=True)
    done = json.loads(out.read_text()) if out.exists() else {}
    print(heading())
    for name in options.only or ROWS:
        pipeline, settings = ROWS[name]
        task = {"data": str(options.data), "labels": options.labels, "pipeline": pipeline, "quick": options.quick}
        task["settings"] = {"align__method": "none", **settings, **(quick(pipeline) if options.quick else {})}
        row = done.get(name, {})
        if options.again or row.get("task") != {**task, "data": options.data.name}:
            row = {"task": {**task, "data": options.data.name}, **in_a_process(task)}
            done[name] = row
            with replacing(out) as temporary:
                temporary.write_text(json.dumps(done, indent=1) + "\n")
        print(line(name, row), flush=True)
    print(f"\nwritten to {out}")


def quick(pipeline: str) -> dict:
    valid = make_pipeline(pipeline).get_params()
    return {key: value for key, value in QUICK.items() if key in valid}


def in_a_process(task: dict) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "row.json"
        command = [sys.executable, __file__, "--one", json.dumps({**task, "result": str(result)})]
        if subprocess.run(command).returncode or not result.exists():
            raise FerError(f"{task['pipeline']} did not come to its end; what is done so far is kept")
        return json.loads(result.read_text())


def one(data: str, pipeline: str, settings: dict, result: str, labels: str | None = None, quick: bool = False) -> None:
    """One row of the table, from the csv to the figures, as JSON."""
    start = time.perf_counter()
    with shown():
        X = load_dataset(data, labels=labels)
        if quick:
            part = X["split"]
            X = X[np.concatenate([np.flatnonzero(part == name)[:QUICK_ROWS] for name in np.unique(part)])]
        outcome = evaluate(make_pipeline(pipeline, **settings), X, "official", name=pipeline)
    seconds = time.perf_counter() - start
    row: dict = {"seconds": round(seconds, 1), "peak_mb": peak(), "sizes": {}}
    row["left_out_accuracy"], row["ridge"] = left_out(outcome.model, X)
    copied = copies(X)
    row["parts"] = {
        name: judged(rows, copied, outcome.scores["parts"][name]) for name, rows in outcome.predictions.groupby("part")
    }
    with tempfile.TemporaryDirectory() as folder:
        row["model_mb"] = round(save_model(outcome.model, Path(folder) / "m.joblib", {}).stat().st_size / 1e6, 2)
    row["ms_a_face"] = ms_a_face(outcome.model, X)
    row["versions"] = versions()
    Path(result).write_text(json.dumps(row))


def copies(X: Samples) -> np.ndarray:
    """Which rows of the table have the picture of a training row, (n,) bool."""
    group = exact_duplicates(X)
    found = np.zeros(X.rows.max() + 1, bool)
    found[X.rows] = copies_in(group, slice(None), np.asarray(X["split"]) == "train")
    return found


def judged(rows: pd.DataFrame, copied: np.ndarray, scores: dict) -> dict:
    """Figures of one part, with and without copies, and how far confidence can be believed."""
    right = (rows["truth"] == rows["prediction"]).to_numpy()
    fresh = ~copied[rows["row"].to_numpy()]
    return {
        "n": len(rows),
        "copies": int((~fresh).sum()),
        "accuracy": float(right.mean()),
        "no_copies": float(right[fresh].mean()),
        "macro_f1": scores["macro_f1"],
        "balanced_accuracy": scores["balanced_accuracy"],
        "per_class": scores["per_class"],
        "reliability": scores["calibration"]["bins"],
        "calibration_error": scores["calibration"]["ece"],
    }


def left_out(model, X: Samples) -> tuple[float | None, float | None]:
    """Accuracy of training rows when each is left out, and the ridge, where the classifier tells them."""
    last = model.named_steps["classifier"]
    if not hasattr(last, "left_out_"):
        return None, None
    y = X["label"][X["split"] == "train"]
    return float((last.classes_[last.left_out_.argmax(1)] == y[y >= 0]).mean()), last.ridge_


def ms_a_face(model, X: Samples) -> float:
    """Milliseconds from a picture to its probabilities, one face at a time; the middle of some."""
    times = []
    for i in range(min(TIMED, len(X))):
        face = Samples.from_arrays(images=X[[i]]["images"])
        start = time.perf_counter()
        model.predict_proba(face)
        times.append(time.perf_counter() - start)
    return round(1000 * float(np.median(times)), 2)


def peak() -> int:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def heading() -> str:
    cells = ["pipeline", "PublicTest", "no copies", "macro-F1", "PrivateTest", "no copies", "macro-F1"]
    cells += ["left out", "seconds", "peak MB", "model MB", "ms a face"]
    return f"| {' | '.join(cells)} |\n|{'---|' * len(cells)}"


def line(name: str, row: dict) -> str:
    cells = [f"`{name}`"]
    for part in ("validation", "test"):
        figures = row["parts"].get(part)
        cells += [f"{figures[k]:.3f}" for k in ("accuracy", "no_copies", "macro_f1")] if figures else [""] * 3
    known = row["left_out_accuracy"]
    cells += [f"{known:.3f}" if known is not None else "", f"{row['seconds']:.0f}", str(row["peak_mb"])]
    return f"| {' | '.join([*cells, str(row['model_mb']), str(row['ms_a_face'])])} |"


if __name__ == "__main__":
    sys.exit(main())
