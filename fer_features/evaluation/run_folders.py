"""Runs as they are compared: read from a folder, checked against each other."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..exceptions import FerError
from .cross_validation import Result

#: Columns of predictions.csv that are needed.
NEEDED = ("row", "subject", "fold", "truth", "prediction")


@dataclasses.dataclass(frozen=True)
class Run:
    """A run as it is compared.

    Attributes
    ----------
    scores : dict
        See `Result`.
    predictions : DataFrame
        The columns `NEEDED`, sorted by row and fold, subjects and names as text; of official parts the reported one.
    folder : str
        Where it was read, or empty.
    """

    scores: dict[str, Any]
    predictions: pd.DataFrame
    folder: str


def load_run(run: Result | str | Path) -> Run:
    """A run from what `evaluate` returned, or from the folder that the command wrote."""
    if isinstance(run, Result):
        return Run(run.scores, _tidy(run.predictions, run.scores), "")
    folder = Path(run)
    try:
        scores = json.loads((folder / "scores.json").read_text())
        wanted = {*NEEDED, "part", "guess"}
        text = dict.fromkeys(("subject", "truth", "prediction", "part", "guess"), str)
        table = pd.read_csv(
            folder / "predictions.csv", usecols=lambda c: c in wanted, dtype=text, keep_default_na=False
        )
        if "guess" in table:  # some predictions are 'uncertain'
            table["prediction"] = table["guess"]
        absent = [name for name in NEEDED if name not in table]
        needed = ("pipeline", "dataset", "synthetic", "protocol", "classes", "fingerprint", "leakage")
        absent += [name for name in needed if name not in scores]
        if absent:
            raise FerError(f"{folder} was not written by this version of run: it lacks {', '.join(absent)}")
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        raise FerError(f"{folder} is no folder that run wrote: it has no {missing}") from error
    except NotADirectoryError as error:
        raise FerError(f"{folder} is a file: a folder that run wrote is needed") from error
    except (OSError, ValueError) as error:
        if isinstance(error, FerError):
            raise
        raise FerError(f"{folder} cannot be read: {error}") from error
    return Run(scores, _tidy(table, scores), str(folder))


def _tidy(table: pd.DataFrame, scores: dict[str, Any]) -> pd.DataFrame:
    if "part" in table:
        parts = scores.get("parts", {})
        table = table[table["part"] == ("test" if "test" in parts else next(iter(parts), "test"))]
    table = table[[*NEEDED]].astype(dict.fromkeys(("subject", "truth", "prediction"), str))
    return table.sort_values(["row", "fold"], ignore_index=True)


def names_of(runs: list[Run]) -> list[str]:
    """A name for each: its pipeline, with the folder where several have the same."""
    names: list[str] = []
    pipelines = [run.scores["pipeline"] for run in runs]
    for run, pipeline in zip(runs, pipelines, strict=True):
        name = pipeline
        if pipelines.count(pipeline) > 1 and run.folder:
            name = f"{pipeline} in {Path(run.folder).resolve().name}"
        base, n = name, 1
        while name in names:
            n += 1
            name = f"{base} ({n})"
        names.append(name)
    return names


def differences(a: Run, b: Run, first: str, second: str) -> list[str]:
    """What keeps two runs from being compared, in words."""
    found = []
    pair = f"{first} and {second}"
    if a.scores["fingerprint"] != b.scores["fingerprint"]:
        sets = " and ".join(dict.fromkeys(run.scores["dataset"] for run in (a, b)))
        prints = " and ".join(run.scores["fingerprint"][:8] for run in (a, b))
        found.append(f"{pair} judged different data ({sets}, fingerprints {prints})")
    if a.scores["protocol"] != b.scores["protocol"]:
        found.append(f"{pair} have different protocols ('{a.scores['protocol']}' and '{b.scores['protocol']}')")
    if a.scores["classes"] != b.scores["classes"]:
        found.append(f"{pair} know different classes")
    rows = [set(run.predictions["row"]) for run in (a, b)]
    if rows[0] != rows[1]:
        found.append(
            f"{pair} judged different rows ({len(rows[0])} and {len(rows[1])}, "
            f"{len(rows[0] ^ rows[1])} of them by one alone)"
        )
        return found
    if len(a.predictions) != len(b.predictions):
        found.append(f"{pair} judged their rows different numbers of times")
        return found
    for column, words in (("fold", "folds"), ("subject", "subjects"), ("truth", "labels")):
        # Folds and people may be numbered anew as long as they hold the same rows.
        codes = [
            run.predictions[column] if column == "truth" else pd.factorize(run.predictions[column])[0] for run in (a, b)
        ]
        apart = int((np.asarray(codes[0]) != np.asarray(codes[1])).sum())
        if apart:
            found.append(f"{pair} have different {words} (in {apart} rows)")
    return found
