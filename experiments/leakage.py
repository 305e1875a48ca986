"""Effect of subjects that are in both training and test samples: random folds against folds grouped by subject.

python experiments/leakage.py                              the synthetic demo, which needs no files
python experiments/leakage.py --data DIR --subjects FILE   other data
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np
from command_line import script_parser
from result_tables import fixed, print_header, print_row

from fer_features import evaluate, load_dataset, make_pipeline
from fer_features.classifiers import uncalibrated
from fer_features.cli._parser import int_at_least, run_command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__)
    parser.add_argument("--data", default="demo", metavar="DIR", help="data set, as for fer-features run")
    parser.add_argument("--subjects", metavar="FILE", help="true subjects of the training split")
    parser.add_argument("--folds", type=int_at_least(2), default=10, metavar="K", help="random and grouped folds")
    parser.add_argument(
        "--pipelines", nargs="+", default=["hog_svm", "landmarks_svm"], metavar="NAME", help="pipelines to evaluate"
    )
    options = parser.parse_args(arguments)
    return run_command(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Evaluate each pipeline under three protocols and print the accuracies."""
    X = load_dataset(options.data, subjects=options.subjects)
    ungrouped = X.with_columns(subject=np.full(len(X), -1))
    cv = f"{options.folds}fold"
    print(f"accuracy on {X.info.title}\n")
    print_header(["pipeline", f"random {options.folds}-fold", f"grouped {options.folds}-fold", "leave-one-subject-out"])
    for name in options.pipelines:
        model = uncalibrated(make_pipeline(name))
        protocols = ((ungrouped, cv), (X, cv), (X, "loso"))
        print_row([f"`{name}`", *(fixed(evaluate(model, table, folds).accuracy) for table, folds in protocols)])


if __name__ == "__main__":
    sys.exit(main())
