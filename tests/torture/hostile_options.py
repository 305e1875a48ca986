"""Hostile values of every option of every command, and of every parameter of a pipeline."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from fer_features.cli import COMMANDS

from .contract import Case
from .templates import copy_template

# fmt: off
#: Numbers that some option or parameter does not expect.
NUMBERS = (
    "nan", "inf", "-inf", "-1", "0", "1", "2", "0.5", "1e999", "-0.0", "²", "２", "1_0", "0x10", "1e3", "1e-9",
    "0.9999", "9" * 22, "9" * 5000, "4294967295", "4294967296", "-9223372036854775809", "", "--1", "+1", " 1",
)
#: Other values that some option, parameter or name of a file does not expect.
VALUES = (
    "", " ", "None", "null", "True", "[]", "{}", "()", "[[1]]", "(1, 2)", "{'a': 1}", "[" * 300, "a", "é", "\udcff",
    "=1+1", "@x", "a\nb", "\t", "%s%n", "{0}", "$x", "../..", "/", ".", "..", "~", "-", "absent", "/dev/null",
    "/dev/full", "x" * 300, "x" * 5000, "'", '"', "a,b", ",", "loso", "5fold", "²fold", "0fold", "-3fold", "predefined",
    "holdout", "none", "hog_svm", "demo", "hog", "best", "fer22", "fer2013.csv", "A", "A/model.joblib", "subjects.csv",
    "grid.json", "media/photo.png",
)
# fmt: on
#: Templates that the command lines below name.
NEEDED = {
    "run": (["--data", "fer22", "--pipeline", "landmarks_lda", "--cv", "2fold"], ("fer22", "subjects.csv")),
    "search": (
        ["--data", "fer22", "--pipeline", "landmarks_lda", "--cv", "2fold", "--grid", "grid.json"],
        ("fer22", "grid.json"),
    ),
    "check": (["--data", "fer22", "--pipeline", "landmarks_lda", "--permutations", "19"], ("fer22",)),
    "compare": (["A", "B"], ("A", "B")),
    "inspect": (["fer22"], ("fer22",)),
    "plot": (["hog", "fer22"], ("fer22", "A")),
    "predict": (["media/photo.png", "--model", "S"], ("media", "S")),
    "landmarks": (["evaluate", "--data", "fer22", "--cv", "2fold"], ("fer22",)),
    "list": ([], ()),
    "demo": (["out", "--subjects", "1", "--test-subjects", "1", "--repeats", "1", "--test-repeats", "1"], ()),
}
#: Options whose effect is not limited to the folder of the case, or whose large values are honest work.
EXCLUDED = {"--camera", "--plugin", "--help", "-h", "--debug", "--verbose", "--repeats", "--test-repeats"}
# fmt: off
#: Parameters of a pipeline, some of which do not exist.
PARAMETERS = (
    "classifier__C", "classifier__kernel", "classifier__n_estimators", "classifier__shrinkage", "classifier", "seed",
    "align__size", "align__method", "align", "neutral__method", "features__hog__orientations", "features", "steps",
    "features__hog__pixels_per_cell", "calibration_cv", "augmentation", "n_augmented_copies", "random_state", "memory",
    "features__landmarks__frame", "features__flow__bins", "classifier__max_iter", "classifier__estimator", "__", "",
)
# fmt: on


def option_values(rng: np.random.Generator, folder: Path, templates: Path) -> Case:
    """A valid command line of which one or two options have odd values."""
    command = str(rng.choice(list(NEEDED)))
    arguments, needed = NEEDED[command]
    for name in needed:
        copy_template(templates, name, folder)
    options = _options(command)
    given = [word for _ in range(int(rng.integers(1, 3))) for word in _with_value(str(rng.choice(options)), rng)]
    if rng.random() < 0.1:
        given = [str(rng.choice(VALUES)).replace("\0", "")]
    has_out = command not in ("list", "demo") and "--out" not in given
    out = ["--out", "out.joblib" if rng.random() < 0.1 else "out"] if has_out else []
    outputs = ("out", "out.joblib", "comparisons", *_files(given))
    return Case([command, *arguments, "--quiet", *out, *given], outputs=outputs)


def pipeline_parameters(rng: np.random.Generator, folder: Path, templates: Path) -> Case:
    """A run or a search of which one or two parameters of the pipeline have odd values."""
    copy_template(templates, "fer22", folder)
    copy_template(templates, "subjects.csv", folder)
    extractor = str(rng.choice(["landmarks", "hog", "lbpdiff", "flow", "hog_landmarks", "geometry", "x", "", "HOG"]))
    classifier = str(rng.choice(["svm", "lda", "logreg", "xgb", "hgb", "krr", "linear", "+", "knn"]))
    command = str(rng.choice(["run", "search", "check"]))
    arguments = [command, "--pipeline", f"{extractor}_{classifier}", "--data", "fer22", "--subjects", "subjects.csv"]
    arguments += ["--permutations", "19", "--max-samples", "20"] if command == "check" else ["--cv", "2fold"]
    arguments += ["--set", f"{classifier_limit(classifier)}"] if command != "search" else ["--time-limit", "0.05"]
    for _ in range(int(rng.integers(1, 3))):
        values = NUMBERS if rng.random() < 0.5 else VALUES
        arguments += ["--set", f"{rng.choice(PARAMETERS)}={rng.choice(values)}"]
    return Case(
        [*arguments, "--quiet", "--out", "out"],
        outputs=("out", *_files(arguments)),
        kept=("out",) * (command == "search"),
    )


def classifier_limit(classifier: str) -> str:
    """A setting by which the classifier is fitted quickly."""
    limits = {"xgb": "classifier__n_estimators=3", "hgb": "classifier__max_iter=3", "+": "x=1"}
    return limits.get(classifier, "calibration_cv=0")


def grids(rng: np.random.Generator, folder: Path, templates: Path) -> Case:
    """A search with an odd grid file."""
    copy_template(templates, "fer22", folder)
    copy_template(templates, "subjects.csv", folder)
    value = [str(rng.choice(VALUES)), None, 1e999, -1, 0, [1], {}, True][rng.integers(8)]
    kinds = [
        json.dumps({"classifier__shrinkage": value}),
        json.dumps({"classifier__shrinkage": [value]}),
        json.dumps({str(rng.choice(PARAMETERS)): [value, 0.1]}),
        json.dumps([{"classifier__shrinkage": [0.1]}]),
        json.dumps(value),
        "[" * int(rng.integers(1, 4000)),
        '{"a": ' * int(rng.integers(1, 4000)) + "1",
        '{"classifier__shrinkage": [0.1], "classifier__shrinkage": [0.2]}',
        json.dumps({"classifier__shrinkage": list(range(100)), "classifier__solver": ["lsqr"] * 100}),
        "",
        "\ufeff{}",
    ]
    (folder / "grid.json").write_text(kinds[rng.integers(len(kinds))], errors="surrogateescape")
    arguments = ["search", "--pipeline", "landmarks_lda", "--data", "fer22", "--subjects", "subjects.csv"]
    arguments += ["--grid", "grid.json", "--cv", "2fold", "--time-limit", "0.03", "--quiet", "--out", "out"]
    return Case(arguments, kept=("out",))


def _options(command: str) -> list[str]:
    """Options of a command, by its parser."""
    import importlib

    module = importlib.import_module(f"fer_features.cli.{COMMANDS[command][0]}")
    parser = module.parser()
    found = [name for action in parser._actions for name in action.option_strings]
    return [name for name in found if name not in EXCLUDED] or ["--quiet"]


def _with_value(option: str, rng: np.random.Generator) -> list[str]:
    value = str(rng.choice(NUMBERS if rng.random() < 0.5 else VALUES))
    return [f"{option}={value}"] if rng.random() < 0.5 else [option, value] if rng.random() < 0.9 else [option]


def _files(given: list[str]) -> tuple[str, ...]:
    """Names that options such as --out and --cache may create in the folder of the case."""
    values = [word.partition("=")[2] if word.startswith("--") else word for word in given]
    return tuple(value.split("/")[0] for value in values if value)
