"""The table of the README: pipelines on one data set, grouped by subject, one line each.

    python experiments/baselines.py                                   the demo (synthetic), anywhere
    python experiments/baselines.py --data DIR --subjects FILE        files of one's own
    python experiments/baselines.py --data DIR --subjects FILE --test LABELS --test-subjects FILE

With --test the model that was fitted to all training rows is scored on the test part as well; nothing is chosen by it.
Choices alone count here, so nothing learns how sure it is, which changes none. Prints the table and writes it as JSON
to experiments/results/.
"""

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

from fer_features import evaluate, load_dataset, make_pipeline
from fer_features._atomic import replacing
from fer_features.classifiers import uncalibrated
from fer_features.cli._parser import Parser, guarded
from fer_features.datasets.subjects import read_subjects
from fer_features.evaluation.metrics import summarise
from fer_features.pipelines import describable
from fer_features.version import versions

PIPELINES = [
    "landmarks_svm",
    "hog_svm",
    "hogdiff_svm",
    "lbp_svm",
    "lbpdiff_svm",
    "patchesdiff_svm",
    "flow_svm",
    "mbh_svm",
    "hogdiff_landmarks_svm",
    "hogdiff_lbpdiff_landmarks_svm",
    "best",
    "hogdiff_landmarks_linear",
    "hogdiff_landmarks_logreg",
    "hogdiff_landmarks_lda",
    "hogdiff_landmarks_xgb",
    "hogdiff_landmarks_hgb",
]


def main() -> int:
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="demo", metavar="DIR")
    parser.add_argument("--subjects", metavar="FILE", help="true subjects of the training part")
    parser.add_argument("--inferred", action="store_true", help="judge with inferred subjects as well")
    parser.add_argument("--cv", metavar="NAME")
    parser.add_argument("--test", type=Path, metavar="LABELS", help="labels of the test part: .h5, .npy or .csv")
    parser.add_argument("--test-subjects", type=Path, metavar="FILE", help="subjects of the test part, for its spread")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="these pipelines instead")
    parser.add_argument("--out", type=Path, metavar="FILE", help="JSON (experiments/results/baselines-DATA.json)")
    options = parser.parse_args()
    return guarded(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    X = load_dataset(options.data, options.subjects)
    blind = load_dataset(options.data) if options.inferred else None
    rows = []
    print(heading(options))
    for name in options.only or PIPELINES:
        start = time.perf_counter()
        result = evaluate(uncalibrated(make_pipeline(name)), X, options.cv, name=name)
        row = {"pipeline": name, "seconds": round(time.perf_counter() - start, 1)}
        row |= {
            k: result.scores[k] for k in ("accuracy", "subject_sd", "ci95", "macro_f1", "protocol", "n", "n_subjects")
        }
        if blind is not None:
            row["accuracy_inferred"] = evaluate(uncalibrated(make_pipeline(name)), blind, options.cv).accuracy
        if options.test:
            row["test"] = score_test(uncalibrated(make_pipeline(name)), X, options)
        rows.append(row)
        print(line(row), flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    out = options.out or Path(__file__).parent / "results" / f"baselines-{X.info.dataset}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    record = {"data": X.info.dataset, "synthetic": X.info.synthetic, "rows": rows, "peak_mb": round(peak)}
    with replacing(out) as temporary:
        temporary.write_text(json.dumps({**record, "versions": versions()}, indent=1) + "\n")
    print(f"peak memory {peak:.0f} MB; written to {out}")


def score_test(model, X, options) -> dict:
    """Fit to all training rows, score on the test part."""
    train = np.flatnonzero((X["label"] >= 0) & describable(model, X))
    test = np.flatnonzero(X["split"] == "test")
    truth = read_subjects(options.test).astype(int)
    subject = read_subjects(options.test_subjects) if options.test_subjects else None
    predicted = model.fit(X[train], X["label"][train]).predict(X[test])
    return summarise(truth, predicted, subject, list(X.info.classes))


def heading(options: argparse.Namespace) -> str:
    cells = ["pipeline", "accuracy", "95 % interval", "over subjects", "macro-F1"]
    cells += ["with inferred subjects"] * options.inferred + ["test part"] * bool(options.test) + ["seconds"]
    return f"| {' | '.join(cells)} |\n|{'---|' * len(cells)}"


def line(row: dict) -> str:
    low, high = row["ci95"]["accuracy"]
    cells = [f"`{row['pipeline']}`", f"{row['accuracy']:.3f}"]
    cells += [f"{low:.3f} to {high:.3f}", f"+- {row['subject_sd']:.3f}", f"{row['macro_f1']:.3f}"]
    if "accuracy_inferred" in row:
        cells.append(f"{row['accuracy_inferred']:.3f}")
    if "test" in row:
        low, high = row["test"]["ci95"]["accuracy"]
        cells.append(f"{row['test']['accuracy']:.3f} ({low:.3f} to {high:.3f})")
    return f"| {' | '.join([*cells, str(row['seconds'])])} |"


if __name__ == "__main__":
    sys.exit(main())
