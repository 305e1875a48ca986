"""The main job: ``python -m fer_features.run --pipeline hog_svm --data DIR``.

Cross-validates a pipeline grouped by subject, fits it to all training data, saves it, and predicts the test part.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from . import listing
from .command import Parser, guarded, whole
from .datasets import load_dataset
from .errors import FerError
from .evaluation import Result, evaluate
from .evaluation.crossvalidation import class_name, describe_all, scores_of
from .evaluation.figures import draw_confusion
from .evaluation.summary import summary
from .files import replacing
from .persistence import save_model
from .pipelines import columns_read, describable, make_pipeline, parse_setting
from .samples import Samples

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
    p.add_argument(
        "--data", default="demo", metavar="DIR", help="a folder of a known layout; 'demo' is synthetic (demo)"
    )
    p.add_argument("--subjects", metavar="FILE", help="subject ids of the training rows: .h5, .npy or .csv")
    p.add_argument("--n-subjects", type=whole(1), metavar="N", help="how many people to infer where no ids are given")
    p.add_argument("--cv", metavar="NAME", help="loso, 5fold, 10fold, ... (loso up to 30 subjects, else 10fold)")
    p.add_argument("--repeats", type=whole(1), default=1, metavar="N", help="how often k folds are drawn anew (1)")
    p.add_argument("--jobs", type=_jobs, default=1, metavar="N", help="folds side by side, -1 for all cores (1)")
    p.add_argument("--seed", type=whole(0), default=0, metavar="N", help="of folds, intervals and classifiers (0)")
    p.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter, e.g. features__hog__cell=8",
    )
    p.add_argument("--cache", metavar="DIR", help="keep features there between runs")
    p.add_argument("--out", metavar="DIR", help="folder for the results (a new one under runs/)")
    p.add_argument("--list", action="store_true", help="datasets, extractors and classifiers, then stop")
    return p


def _jobs(text: str) -> int:
    return -1 if text == "-1" else whole(1)(text)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    if options.list:
        print(listing.text())
        return 0
    return guarded(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Evaluate, refit, save, predict; print a summary."""
    start = time.perf_counter()
    settings = dict(parse_setting(text) for text in options.set)
    model = make_pipeline(options.pipeline, options.seed, **settings)
    out = Path(options.out) if options.out else _new_folder(options.pipeline)
    with _results(out) as folder:
        X = load_dataset(options.data, options.subjects, options.n_subjects)
        for name in columns_read(model):
            X.column(name)
        if options.cache:
            X.store.folder = _cache_folder(options.cache)
        announce(X)
        result = judge_and_fit(model, X, options)
        write_subjects(X, folder / "subjects.csv")
        test = np.flatnonzero(X["split"] == "test") if "split" in X else np.array([], int)
        unread = predict_test(model, X, test, folder) if test.size else 0
        scores = finish(result.scores, options, start)
        write_results(folder, model, X, Result(scores, result.predictions), settings)
    print(summary(scores))
    if unread:
        print(f"  {unread} test row(s) without landmarks: the most frequent class stands for them in submission.csv")
    print(f"  {scores['described']} rows described, {scores['seconds']:.1f} s; results in {out}")


def judge_and_fit(model: Pipeline, X: Samples, options: argparse.Namespace) -> Result:
    """Cross-validate the pipeline, then fit it to all training rows."""
    protocol = {"repeats": options.repeats, "jobs": options.jobs, "seed": options.seed}
    try:
        describe_all(model, X)
        result = evaluate(model, X, options.cv, name=options.pipeline, **protocol)
        train = np.flatnonzero((X["label"] >= 0) & describable(model, X))
        model.fit(X[train], X["label"][train])
    except (ValueError, TypeError) as error:
        # Scikit-learn and XGBoost refuse a wrong parameter when they are fitted.
        if isinstance(error, FerError) or not options.set:
            raise
        raise FerError(f"--set {' --set '.join(options.set)} does not work: {error}") from error
    return result


def announce(X: Samples) -> None:
    """Say what was read, and where the subjects come from."""
    info = X.info
    train = int((X["label"] >= 0).sum())
    print(
        f"{info.dataset}: {train} labelled rows, {len(X) - train} without a label"
        + (" (synthetic)" if info.synthetic else "")
    )
    if info.subjects_from == "inferred":
        n = len(np.unique(X["subject"][X["subject"] >= 0]))
        print(
            f"no subject ids given: {n} subjects inferred from the neutral frames, "
            f"confidence {info.subjects_confidence:.2f}"
        )
        print("check them in subjects.csv, which can be corrected and given back by --subjects")
    if info.leakage:
        print(f"CAUTION: {info.leakage}")
    sys.stdout.flush()


def predict_test(model: Pipeline, X: Samples, test: np.ndarray, folder: Path) -> int:
    """Write predictions of the test part and the submission; returns how many rows could not be described."""
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


def finish(scores: dict[str, Any], options: argparse.Namespace, start: float) -> dict[str, Any]:
    """The scores with what the command line adds to them."""
    command = {k: v for k, v in vars(options).items() if k not in ("list", "out", "cache", "jobs")}
    return {**scores, "command": command, "seconds": round(time.perf_counter() - start, 3)}


def write_results(folder: Path, model: Pipeline, X: Samples, result: Result, settings: dict[str, Any]) -> None:
    """Write the model, its manifest, scores, predictions and the confusion matrix."""
    scores = result.scores
    (folder / "scores.json").write_text(json.dumps(scores, indent=1) + "\n")
    result.predictions.to_csv(folder / "predictions.csv", index=False)
    draw_confusion(scores, folder / "confusion.png")
    record = {
        "pipeline": scores["pipeline"],
        "settings": settings,
        "parameters": _plain_parameters(model),
        "classes": {str(code): class_name(X, code) for code in model.classes_},
        "data": {**{k: scores[k] for k in ("dataset", "synthetic", "fingerprint", "n", "n_subjects", "subjects_from")}},
        "scores": {k: scores[k] for k in ("protocol", "accuracy", "balanced_accuracy", "macro_f1", "ci95", "leakage")},
    }
    save_model(model, folder / "model.joblib", record)


class _results:
    """A folder that is filled under a temporary name, and put in place when all is written."""

    def __init__(self, out: Path):
        self.out = out
        self.temporary = out.with_name(f".{out.name}.{os.getpid()}.part")

    def __enter__(self) -> Path:
        try:
            if self.out.exists() and not self.out.is_dir():
                raise FerError(f"--out {self.out} is a file: a folder is needed")
            self.temporary.mkdir(parents=True)
            if self.out.exists():
                probe = self.out / self.temporary.name
                probe.touch()
                probe.unlink()
        except OSError as error:
            shutil.rmtree(self.temporary, ignore_errors=True)
            raise FerError(f"--out {self.out} cannot be written: {error.strerror}") from error
        return self.temporary

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            if kind is None:
                self._publish()
        finally:
            shutil.rmtree(self.temporary, ignore_errors=True)
        if isinstance(error, OSError):
            raise FerError(f"--out {self.out} cannot be written: {error.strerror}") from error

    def _publish(self) -> None:
        if not self.out.exists():
            self.temporary.rename(self.out)
            return
        for name in OUTPUTS:  # what an earlier run left and this one did not make would be taken for its result
            if not (self.temporary / name).exists():
                (self.out / name).unlink(missing_ok=True)
        for path in self.temporary.iterdir():
            os.replace(path, self.out / path.name)


def _new_folder(pipeline: str) -> Path:
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    base = Path("runs") / f"{stamp}-{pipeline}"
    out, n = base, 1
    while out.exists():
        n += 1
        out = base.with_name(f"{base.name}-{n}")
    return out


def _cache_folder(path: str) -> Path:
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / "probe") as probe:
            probe.touch()
        (folder / "probe").unlink()
    except OSError as error:
        raise FerError(f"--cache {folder} cannot be written: {error.strerror}") from error
    return folder


def _plain_parameters(model: Pipeline) -> dict[str, Any]:
    # Steps and extractors are among the parameters too; their own parameters say all that there is to say of them.
    plain = (bool, int, float, str, dict, type(None))
    return {k: v for k, v in model.get_params().items() if "__" in k and isinstance(v, plain)}


if __name__ == "__main__":
    sys.exit(main())
