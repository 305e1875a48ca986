"""The main job: ``python -m fer_features.run --pipeline hog_svm --data PATH``.

Judges a pipeline by folds grouped by subject, or on the official parts where those have labels; fits it to all training
data, saves it, and predicts a test part without labels.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from .._atomic import filling, new_folder
from ..evaluation import Result, evaluate
from ..evaluation.cross_validation import class_name, describe_all, scores_of
from ..evaluation.learning_curve import learning_curve
from ..evaluation.profiling import Clock, peak_mb, seconds_a_row
from ..evaluation.protocol import training_rows
from ..evaluation.rejection import check_rejection, marked, rejected
from ..evaluation.summary import summary
from ..exceptions import FerError
from ..faces.landmark_evaluation import check_landmarks, learn_landmarks
from ..persistence import save_model
from ..pipelines import columns_read, describable, parse_setting
from ..plotting.confusion_matrix import draw_confusion
from ..reports.run import write_report
from ..samples.duplicates import exact_duplicates, without_duplicates
from ..samples.table import Samples
from . import list_components as listing
from ._options import add_data, named, opened
from ._parser import Parser, command_line, guarded, jobs, share, whole

#: Everything that a run may write into its folder.
OUTPUTS = (
    "model.joblib",
    "model.json",
    "scores.json",
    "predictions.csv",
    "test_predictions.csv",
    "confusion.png",
    "submission.csv",
    "subjects.csv",
    "report.html",
    "MODEL_CARD.md",
)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = Parser(prog="python -m fer_features.run", description=__doc__.split("\n\n")[1])
    p.add_argument(
        "--pipeline",
        default="hog_svm",
        metavar="NAME",
        help="features joined by _, then a classifier (hog_svm)",
    )
    add_data(p)
    p.add_argument(
        "--cv",
        metavar="NAME",
        help="loso, 5fold, 10fold, ... or official (where official parts have labels; else loso up to 30 subjects, "
        "else 10fold)",
    )
    p.add_argument("--repeats", type=whole(1), default=1, metavar="N", help="how often k folds are drawn anew (1)")
    p.add_argument("--jobs", type=jobs, default=1, metavar="N", help="folds side by side, -1 for all cores (1)")
    p.add_argument("--seed", type=whole(0), default=0, metavar="N", help="of folds, intervals and classifiers (0)")
    p.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter, e.g. features__hog__cell=8",
    )
    add_rejection(p)
    p.add_argument(
        "--learning-curve",
        type=whole(2),
        metavar="POINTS",
        help="accuracy by people learnt from, in so many steps; each costs a fit for every fold, or three of few",
    )
    p.add_argument("--drop-duplicates", action="store_true", help="learn from one row of each group of equal pictures")
    p.add_argument(
        "--with-landmarks", action="store_true", help="learn to find landmarks too, so that the model takes raw video"
    )
    p.add_argument("--cache", metavar="DIR", help="keep features, and stills as read, there between runs")
    p.add_argument("--out", metavar="DIR", help="folder for the results (a new one under runs/)")
    p.add_argument("--list", action="store_true", help="datasets, extractors and classifiers, then stop")
    return p


def add_rejection(p: argparse.ArgumentParser) -> None:
    """Add ``--reject`` and ``--coverage``, of which one may be given."""
    either = p.add_mutually_exclusive_group()
    either.add_argument(
        "--reject",
        type=share,
        metavar="THRESHOLD",
        help="say 'uncertain' where the largest probability is below this, e.g. 0.6",
    )
    either.add_argument(
        "--coverage",
        type=share,
        metavar="SHARE",
        help="say 'uncertain' so often that about this share of rows is answered, by the confidence of held-out rows",
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    if options.list:
        print(listing.text())
        return 0
    return guarded(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Evaluate, refit, save, predict; print a summary."""
    clock = Clock()
    settings = dict(parse_setting(text) for text in options.set)
    model = named(options, **settings)
    out = Path(options.out) if options.out else new_folder("runs", options.pipeline)
    with filling(out, OUTPUTS) as folder:
        X, suited = opened(options, model, settings)
        settings |= suited
        for name in columns_read(model):
            X.column(name)
        if options.reject or options.coverage:
            check_rejection(model)
        if options.with_landmarks:
            check_landmarks(X)
        clock.lap("read")
        result = rejected(judge_and_fit(model, X, options, clock), options.reject, options.coverage)
        if options.learning_curve:
            result.scores["learning_curve"] = curve_of(result, X, options)
            clock.lap("learning curve")
        if options.with_landmarks:
            result.scores["landmarks"] = learn_landmarks(result.model, X[training_rows(X)], options.seed)
            clock.lap("landmarks")
        write_subjects(X, folder / "subjects.csv")
        test = unlabelled_test(X)
        unread = predict_test(result.model, X, test, folder, result.scores) if test.size else 0
        clock.lap("predict")
        clock.seconds["predict_a_row"] = seconds_a_row(result.model, X)
        result = dataclasses.replace(result, scores=finish(result.scores, options, clock))
        scores = result.scores
        write_results(folder, X, result, settings)
        write_report(folder, X, result, settings, command_line(parser(), options), options.seed)
    print(summary(scores))
    if unread:
        print(f"  {unread} test row(s) without landmarks: the most frequent class stands for them in submission.csv")
    print(f"  {scores['described']} rows described, {scores['seconds']:.1f} s; results in {out}")


def judge_and_fit(model: Pipeline, X: Samples, options: argparse.Namespace, clock: Clock) -> Result:
    """Judge the pipeline; the result has it fitted to all training rows."""
    protocol = {"repeats": options.repeats, "jobs": options.jobs, "seed": options.seed}
    protocol |= {"drop_duplicates": options.drop_duplicates}
    try:
        describe_all(model, X)
        clock.lap("describe")
        result = evaluate(model, X, options.cv, name=options.pipeline, **protocol)
        clock.lap("judge")
        if result.model is None:
            train = np.flatnonzero(training_rows(X) & describable(model, X))
            if options.drop_duplicates and "images" in X:
                train = without_duplicates(X, train, exact_duplicates(X))
            result = dataclasses.replace(result, model=model.fit(X[train], X["label"][train]))
            clock.lap("fit")
    except (ValueError, TypeError) as error:
        # Scikit-learn and XGBoost refuse a wrong parameter when they are fitted.
        if isinstance(error, FerError) or not options.set:
            raise
        raise FerError(f"--set {' --set '.join(options.set)} does not work: {error}") from error
    return result


def curve_of(result: Result, X: Samples, options: argparse.Namespace) -> dict[str, Any]:
    """Accuracy by people learnt from, on the rows and folds of a result."""
    protocol = {"drop_duplicates": options.drop_duplicates, "seed": options.seed, "jobs": options.jobs}
    return learning_curve(result.model, X, result.predictions, options.learning_curve, **protocol)


def unlabelled_test(X: Samples) -> np.ndarray:
    """Rows of the test part, if it is there to be predicted: if none of them has a label."""
    test = np.flatnonzero(X["split"] == "test") if "split" in X else np.array([], int)
    return test if (X["label"][test] < 0).all() else test[:0]


def predict_test(model: Any, X: Samples, test: np.ndarray, folder: Path, scores: dict[str, Any]) -> int:
    """Write predictions of the test part and the submission; returns how many rows could not be described.

    The submission needs a class in every line: there the guess stays where the predictions say 'uncertain'.
    """
    usable = describable(model, X[test])
    labels = np.asarray(X["label"])
    codes, counts = np.unique(labels[labels >= 0], return_counts=True)
    prediction = np.full(len(test), codes[counts.argmax()])
    table = pd.DataFrame({"id": X["id"][test], "prediction": ""})
    if usable.any():
        prediction[usable], values, kind = scores_of(model, X[test[usable]])
        columns = [f"{kind}_{class_name(X, code)}" for code in model.classes_]
        table = table.join(pd.DataFrame(values, index=np.flatnonzero(usable), columns=columns))
        table.loc[usable, "prediction"] = [class_name(X, code) for code in prediction[usable]]
    if usable.any():
        table = marked(table, scores)
    table.to_csv(folder / "test_predictions.csv", index=False)
    pd.DataFrame({"Id": np.arange(len(test)), "Expression": prediction}).to_csv(folder / "submission.csv", index=False)
    return int((~usable).sum())


def write_subjects(X: Samples, path: Path) -> None:
    """Write who is who in the training part, in the form that --subjects reads."""
    train = np.flatnonzero(X["split"] == "train") if "split" in X else np.arange(len(X))
    table = pd.DataFrame({"id": X["id"][train], "subject": X["subject"][train] if "subject" in X else -1})
    table["from"] = X.info.subjects_from
    if "subject_confidence" in X:
        table["confidence"] = np.round(X["subject_confidence"][train], 4)
    table.to_csv(path, index=False)


def finish(scores: dict[str, Any], options: argparse.Namespace, clock: Clock) -> dict[str, Any]:
    """The scores with what the command line adds to them."""
    command = {k: v for k, v in vars(options).items() if k not in ("list", "out", "cache", "jobs")}
    took = {"timing": clock.seconds, "memory": {"peak_mb": peak_mb()}}
    return {**scores, "command": command, **took, "seconds": round(time.perf_counter() - clock.start, 3)}


def write_results(folder: Path, X: Samples, result: Result, settings: dict[str, Any]) -> None:
    """Write the model, its manifest, scores, predictions and the confusion matrix."""
    scores, model = result.scores, result.model
    (folder / "scores.json").write_text(json.dumps(scores, indent=1) + "\n")
    marked(result.predictions, scores).to_csv(folder / "predictions.csv", index=False)
    draw_confusion(scores, folder / "confusion.png")
    record = {
        "pipeline": scores["pipeline"],
        "settings": settings,
        "parameters": _plain_parameters(model),
        "classes": {str(code): class_name(X, code) for code in model.classes_},
        "data": {**{k: scores[k] for k in ("dataset", "synthetic", "fingerprint", "n", "n_subjects", "subjects_from")}},
        "scores": {k: scores[k] for k in ("protocol", "accuracy", "balanced_accuracy", "macro_f1", "ci95", "leakage")},
    }
    if "reject" in scores:
        record["reject_threshold"] = scores["reject"]["threshold"]
    if "landmarks" in scores:
        record["landmarks"] = scores["landmarks"]
    if "search" in scores:
        kept = ("strategy", "candidates", "score", "chosen", "selected_score", "nested_score", "optimism")
        record["search"] = {k: scores["search"][k] for k in kept}
    save_model(model, folder / "model.joblib", record)


def _plain_parameters(model: Any) -> dict[str, Any]:
    # Steps and extractors are among the parameters too; their own parameters say all that there is to say of them.
    plain = (bool, int, float, str, dict, type(None))
    return {k: v for k, v in model.get_params().items() if "__" in k and isinstance(v, plain)}


if __name__ == "__main__":
    sys.exit(main())
