"""What a random split pretends: the same pipelines judged with people on both sides of each split, and without.

python experiments/leakage.py [--data DIR --subjects FILE]
"""

import argparse
import sys

import numpy as np

from fer_features import evaluate, load_dataset, make_pipeline
from fer_features.classifiers import uncalibrated
from fer_features.cli._parser import Parser, guarded


def main() -> int:
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="demo", metavar="DIR")
    parser.add_argument("--subjects", metavar="FILE")
    parser.add_argument("--pipelines", nargs="+", default=["hog_svm", "landmarks_svm"], metavar="NAME")
    options = parser.parse_args()
    return guarded(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    X = load_dataset(options.data, options.subjects)
    blind = X.with_columns(subject=np.full(len(X), -1))
    print(f"{X.info.dataset}{' (synthetic)' if X.info.synthetic else ''}: accuracy under")
    for name in options.pipelines:
        random = evaluate(uncalibrated(make_pipeline(name)), blind, "10fold").accuracy
        grouped = evaluate(uncalibrated(make_pipeline(name)), X, "10fold").accuracy
        loso = evaluate(uncalibrated(make_pipeline(name)), X, "loso").accuracy
        print(f"{name}: random 10-fold {random:.3f}, grouped 10-fold {grouped:.3f}, leave-one-subject-out {loso:.3f}")


if __name__ == "__main__":
    sys.exit(main())
