"""Runs to compare: read from a folder, and checked for equal samples, folds and subjects."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pandas as pd

from .._csv import read_csv
from .._files import file_fault
from ..exceptions import FerError
from .protocol import reported_split
from .results import EvaluationResult, correct_of
from .scores import Scores

#: Columns of predictions.csv that a comparison needs.
REQUIRED_COLUMNS = ("sample", "subject", "fold", "true", "predicted")


@dataclasses.dataclass(frozen=True)
class EvaluatedRun:
    """Scores and predictions of a run.

    Attributes
    ----------
    scores : Scores
    predictions : DataFrame
        The columns `REQUIRED_COLUMNS`, sorted by sample and fold, with subjects (None where unknown) and class names
        as text; with predefined splits the predictions of the reported one.
    folder : str
        Folder that was read, or empty.
    """

    scores: Scores
    predictions: pd.DataFrame
    folder: str


def load_run(run: EvaluationResult | str | Path) -> EvaluatedRun:
    """A run from the result of `evaluate`, or from a folder that ``fer-features run`` wrote.

    Raises
    ------
    FerError
        For a folder without ``scores.json`` and ``predictions.csv``, or where these are damaged or do not belong
        together.
    """
    if isinstance(run, EvaluationResult):
        return EvaluatedRun(run.scores, _reported(run.predictions, run.scores), "")
    if not isinstance(run, str | Path):
        raise FerError(f"a run is {type(run).__name__}: give a result of evaluate, or a folder")
    folder = Path(run)
    if folder.is_file():
        raise FerError(f"{folder} is a file: give a folder written by fer-features run")
    for name in ("scores.json", "predictions.csv"):
        fault = file_fault(folder / name)
        if fault == "does not exist":
            raise FerError(f"{folder} is not a folder written by fer-features run: it has no {name}")
        if fault:
            raise FerError(f"{folder / name} {fault}")
    scores = _read_scores(folder / "scores.json")
    table = _reported(_read_predictions(folder / "predictions.csv", scores.classes), scores)
    accuracy = float(correct_of(table).mean()) if len(table) else math.nan
    if not math.isclose(accuracy, scores.metrics.accuracy, abs_tol=1e-9):
        raise FerError(
            f"{folder}: predictions.csv (accuracy {accuracy:.3f}) does not belong to scores.json (accuracy "
            f"{scores.metrics.accuracy:.3f}): run the evaluation again"
        )
    return EvaluatedRun(scores, table, str(folder))


def _read_scores(path: Path) -> Scores:
    try:
        return Scores.from_json(path.read_text(encoding="utf-8"))
    except (FerError, OSError, ValueError) as error:
        raise FerError(f"{path}: {error}") from error


def _read_predictions(path: Path, classes: tuple[str, ...]) -> pd.DataFrame:
    """The required columns and those of `_reported`, with subjects and classes as text."""
    table = read_csv(path)
    absent = [name for name in REQUIRED_COLUMNS if name not in table]
    if absent:
        raise FerError(f"{path} lacks the column(s) {', '.join(absent)}")
    for name in ("sample", "fold"):
        invalid = table[name][~table[name].str.fullmatch(r"[0-9]{1,15}").astype(bool)]
        if len(invalid):
            raise FerError(f"{path}: the {name} '{invalid.iloc[0]}' is not a number")
        table[name] = table[name].astype(int)
    repeated = table.duplicated(["sample", "fold"])
    if repeated.any():
        sample, fold = table[repeated].iloc[0][["sample", "fold"]]
        raise FerError(f"{path} has sample {sample} twice in fold {fold}")
    if "raw_prediction" in table:  # with rejection, 'predicted' holds 'uncertain'
        table["predicted"] = table["raw_prediction"]
    unknown = sorted({*table["true"], *table["predicted"]} - set(classes))
    if unknown:
        raise FerError(f"{path} has the class '{unknown[0]}', which is not in scores.json")
    return table.assign(subject=table["subject"].where(table["subject"] != "", None))


def _reported(table: pd.DataFrame, scores: Scores) -> pd.DataFrame:
    if "split" in table and scores.splits:
        table = table[table["split"] == reported_split(scores.splits)]
    table = table[[*REQUIRED_COLUMNS]].astype(dict.fromkeys(("true", "predicted"), str))
    subject = table["subject"]
    table = table.assign(subject=subject.astype(object).where(subject.isna(), subject.astype(str)))
    return table.sort_values(["sample", "fold"], ignore_index=True)


def run_names(runs: list[EvaluatedRun]) -> list[str]:
    """A unique name for each run: its pipeline, with the folder where several have the same pipeline."""
    names: list[str] = []
    pipelines = [run.scores.pipeline for run in runs]
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


def incompatibilities(a: EvaluatedRun, b: EvaluatedRun, first: str, second: str) -> list[str]:
    """Reasons why two runs cannot be compared, as text; empty where they can."""
    found = []
    pair = f"{first} and {second}"
    if a.scores.data.fingerprint != b.scores.data.fingerprint:
        datasets = " and ".join(dict.fromkeys(run.scores.data.dataset for run in (a, b)))
        fingerprints = " and ".join(run.scores.data.fingerprint[:8] for run in (a, b))
        found.append(f"{pair} evaluated different data ({datasets}, fingerprints {fingerprints})")
    if a.scores.protocol != b.scores.protocol:
        found.append(f"{pair} have different protocols ('{a.scores.protocol}' and '{b.scores.protocol}')")
    if a.scores.classes != b.scores.classes:
        found.append(f"{pair} have different classes")
    samples = [set(run.predictions["sample"]) for run in (a, b)]
    if samples[0] != samples[1]:
        found.append(
            f"{pair} evaluated different samples ({len(samples[0])} and {len(samples[1])}, "
            f"{len(samples[0] ^ samples[1])} of them in one run only)"
        )
        return found
    if len(a.predictions) != len(b.predictions):
        found.append(f"{pair} have different numbers of repeats")
        return found
    for column, name in (("fold", "folds"), ("subject", "subjects"), ("true", "labels")):
        # Folds and subjects may have other numbers as long as they group the samples in the same way.
        codes = [
            run.predictions[column] if column == "true" else pd.factorize(run.predictions[column])[0] for run in (a, b)
        ]
        n_different = int((np.asarray(codes[0]) != np.asarray(codes[1])).sum())
        if n_different:
            found.append(f"{pair} have different {name} (of {n_different} samples)")
    return found
