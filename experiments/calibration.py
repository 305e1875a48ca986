"""How far the probabilities of pipelines can be believed on people they have not seen, by folds grouped by subject.

    python experiments/calibration.py                              the demo (synthetic), anywhere
    python experiments/calibration.py --standin DIR --kdef NPZ     real faces
    python experiments/calibration.py --only hog_svm best          some pipelines

Prints a table and keeps it as JSON; rows that are there already are not made again. The stand-in is judged by
leave-one-subject-out, the KDEF pairs (neutral and expression of one session) by 10 folds. `plain` is the same without
calibration where the classifier has probabilities of its own. See `compare_features.py` for what the files hold.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from compare_features import kdef
from standin import training_part

from fer_features import Samples, evaluate, load_dataset, make_pipeline
from fer_features._atomic import replacing
from fer_features.cli._parser import Parser, guarded
from fer_features.pipelines import members

PIPELINES = (
    "hog_svm",
    "lbp_svm",
    "flow_svm",
    "landmarks_svm",
    "hog_linear",
    "hog_logreg",
    "hog_lda",
    "landmarks_xgb",
    "landmarks_hgb",
    "best",
)
#: The calibration error that is promised.
BAR = 0.06


def main() -> int:
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--standin", type=Path, metavar="DIR")
    parser.add_argument("--kdef", type=Path, metavar="NPZ")
    parser.add_argument("--only", nargs="*", metavar="PIPELINE")
    parser.add_argument("--again", action="store_true", help="make rows anew that are there")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "calibration.json")
    options = parser.parse_args()
    return guarded(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    rows = json.loads(options.out.read_text()) if options.out.exists() else {}
    titles = ["data", "pipeline", "accuracy", "error", "plain", "Brier", "log-loss", "surer half", "AURC", "seconds"]
    print(f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}")
    for data, X, cv in tables(options):
        for name in options.only or PIPELINES:
            key = f"{data}: {name}"
            if key not in rows or options.again:
                rows[key] = row(name, X, cv)
                options.out.parent.mkdir(parents=True, exist_ok=True)
                with replacing(options.out) as temporary:
                    temporary.write_text(json.dumps(rows, indent=1) + "\n")
            print(line(data, name, rows[key]), flush=True)
    above = [key for key, one in rows.items() if one["ece"] > BAR]
    print(f"\ncalibration error above {BAR}: {', '.join(above) or 'none'}\nwritten to {options.out}")


def tables(options: argparse.Namespace) -> Iterator[tuple[str, Samples, str]]:
    """The data sets that were given, or the demo, and their folds."""
    if not (options.standin or options.kdef):
        yield "demo (synthetic)", load_dataset("demo"), "loso"
    if options.standin:
        yield "stand-in", training_part(options.standin), "loso"
    if options.kdef:
        yield "KDEF pairs", kdef(options.kdef)[0], "10fold"


def row(name: str, X: Samples, cv: str) -> dict:
    """Figures of a pipeline, and the calibration error without calibration."""
    start = time.perf_counter()
    scores = evaluate(make_pipeline(name), X, cv, name=name).scores
    seconds = round(time.perf_counter() - start, 1)
    curve = scores["risk_coverage"]
    return {
        **{key: scores[key] for key in ("accuracy", "n", "n_subjects", "protocol")},
        **scores["calibration"],
        "plain": plain(name, X, cv),
        "surer_half": curve["accuracy"][curve["coverage"].index(0.5)],
        "risk_coverage": curve,
        "seconds": seconds,
    }


def plain(name: str, X: Samples, cv: str) -> float | None:
    """The calibration error of a classifier's own probabilities."""
    if len(members(make_pipeline(name))) > 1 or not hasattr(make_pipeline(name, calibration=0), "predict_proba"):
        return None
    return evaluate(make_pipeline(name, calibration=0), X, cv, name=name).scores["calibration"]["ece"]


def line(data: str, name: str, row: dict) -> str:
    figures = [row["accuracy"], row["ece"], row["plain"], row["brier"], row["log_loss"], row["surer_half"]]
    cells = ["" if value is None else f"{value:.3f}" for value in [*figures, row["risk_coverage"]["aurc"]]]
    return f"| {data} | `{name}` | {' | '.join(cells)} | {row['seconds']:.0f} |"


if __name__ == "__main__":
    sys.exit(main())
