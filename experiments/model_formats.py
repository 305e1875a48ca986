"""Saved models in the formats of joblib and skops: size, time to save and to load, and equality of predictions.

python experiments/model_formats.py                                                      # on the synthetic demo
python experiments/model_formats.py --fer2013 fer2013.csv                                # and fv_krr on all of FER2013
python experiments/model_formats.py --fer2013 fer2013.csv --fer2013-model runs/fv_krr    # which was trained before

Times are the smallest CPU times of several attempts in one process and thread, in turns, with skops imported: they
include the hash and the checks of `load_model`. The import of skops is measured in a process of its own. Predictions
and probabilities of both files are compared with those of the model that was saved.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import skops.io  # noqa: F401  # its import is measured apart
from command_line import script_parser
from result_tables import RESULTS_DIR, ResultFile, fixed, print_header, print_row

from fer_features import FerError, Samples, load_dataset, load_model, make_pipeline, save_model
from fer_features._model_files import MODEL_FILES
from fer_features.cli._parser import int_at_least, run_command
from fer_features.faces import default_landmarker
from fer_features.trained_model import fit_on_training_samples
from fer_features.version import versions

#: Pipelines on the demo. That with a landmarker contains it, as `train_landmarker=True` stores it.
PIPELINES = ("hog_svm", "hog_xgb", "best", "hog_svm with landmarker")
#: Pipeline on FER2013, without alignment.
LARGE_PIPELINE = "fv_krr"
IMPORT_COMMANDS = {
    "seconds_import_without": "import time, fer_features.persistence; print(time.process_time())",
    "seconds_import_with": "import time, fer_features.persistence, skops.io; print(time.process_time())",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = script_parser(__doc__, "model_formats.json")
    parser.add_argument("--fer2013", type=Path, metavar="CSV", help="fer2013.csv")
    parser.add_argument("--fer2013-model", type=Path, metavar="RUN", help="a run of fv_krr on it, without alignment")
    parser.add_argument("--attempts", type=int_at_least(1), default=5, metavar="N", help="of each measurement")
    parser.add_argument(
        "--predicted", type=int_at_least(1), default=500, metavar="N", help="samples that are predicted"
    )
    parser.add_argument("--only", nargs="+", metavar="MODEL", help="these models of the table instead of all")
    parser.add_argument("--recompute", action="store_true", help="compute stored results again")
    options = parser.parse_args(arguments)
    return run_command(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Measure all models, print and write the results."""
    results = ResultFile(options.out or RESULTS_DIR / "model_formats.json", options.recompute)
    print_header(["model", "samples", "joblib MB", "size", "save", "load", "equal predictions"])
    names = [f"{name}, demo" for name in PIPELINES]
    if options.fer2013:
        names.append(f"{LARGE_PIPELINE}, FER2013")
    for name in options.only or names:
        if name not in names:
            raise FerError(f"--only '{name}': choose from {', '.join(map(repr, names))}")
        result = results.get(name, lambda name=name: measure(name, options))
        ratios = [fixed(result[f"{what}_ratio"], 2) for what in ("size", "save", "load")]
        equal = f"{result['n_predicted']} of {result['n_predicted']}" if result["equal"] else "no"
        print_row([f"`{name}`", result["n_samples"], fixed(result["joblib"]["bytes"] / 1e6, 2), *ratios, equal])
    results.get("import of skops", lambda: import_seconds(options.attempts))
    print(f"\nratios are skops / joblib; written to {results.path}")


def measure(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Sizes, times and equality of one model."""
    model, X = demo_model(name.split(",")[0]) if name.endswith("demo") else large_model(options)
    sample = X[np.unique(np.linspace(0, len(X) - 1, min(len(X), options.predicted)).astype(int))]
    expected = model.predict(sample), model.predict_proba(sample)
    formats: dict[str, dict[str, Any]] = {kind: {} for kind in MODEL_FILES}
    is_equal = True
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.attempts):  # in turns, since the speed of a busy machine changes
            for kind, file in MODEL_FILES.items():
                path = Path(folder) / kind / file
                path.parent.mkdir(exist_ok=True)
                _, seconds_save = timed(lambda path=path: save_model(model, path))
                loaded, seconds_load = timed(lambda path=path: load_model(path))
                if not formats[kind]:
                    found = loaded.predict(sample), loaded.predict_proba(sample)
                    is_equal = is_equal and all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
                    formats[kind] = {"bytes": path.stat().st_size, "seconds_save": np.inf, "seconds_load": np.inf}
                formats[kind]["seconds_save"] = min(formats[kind]["seconds_save"], seconds_save)
                formats[kind]["seconds_load"] = min(formats[kind]["seconds_load"], seconds_load)
    skops, joblib = formats["skops"], formats["joblib"]
    return {
        "n_samples": len(X),
        **formats,
        "size_ratio": skops["bytes"] / joblib["bytes"],
        "save_ratio": skops["seconds_save"] / joblib["seconds_save"],
        "load_ratio": skops["seconds_load"] / joblib["seconds_load"],
        "n_predicted": len(sample),
        "equal": bool(is_equal),
        "versions": versions(),
    }


def demo_model(name: str) -> tuple[Any, Samples]:
    """A model that is fitted on the demo, and its samples."""
    X = load_dataset("demo")
    model = fit_on_training_samples(make_pipeline(name.split()[0]), X)
    if "landmarker" in name:
        model.landmarker_ = default_landmarker()
    return model, X


def large_model(options: argparse.Namespace) -> tuple[Any, Samples]:
    """The model of FER2013, and the samples that it was not fitted on."""
    X = load_dataset(options.fer2013)
    if options.fer2013_model:
        model = load_model(options.fer2013_model)
    else:
        model = fit_on_training_samples(make_pipeline(LARGE_PIPELINE, faces__method="none"), X)
    return model, X[X["split"] != "train"]


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    """The result of a function, and its CPU time in seconds."""
    start = time.process_time()
    result = function()
    return result, time.process_time() - start


def import_seconds(attempts: int) -> dict[str, Any]:
    """CPU time of a process that imports the package, without and with skops."""

    def once(code: str) -> float:
        return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)

    return {name: min(once(code) for _ in range(attempts)) for name, code in IMPORT_COMMANDS.items()}


if __name__ == "__main__":
    sys.exit(main())
