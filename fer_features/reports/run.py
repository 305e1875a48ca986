"""The report of a run, or of the best candidate of a search, as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from .._atomic import write_text
from ..evaluation.metric_types import LearningCurve
from ..evaluation.protocol import reported_predictions
from ..evaluation.results import EvaluationResult, correct_of, subjects_of
from ..evaluation.scores import Scores, Timing
from ..evaluation.summary import HEADLINE_METRICS
from ..model_selection.search_result import SearchResult
from ..samples.table import Samples
from ..version import __version__
from .charts import IntervalPlot, Line, ValueRow, interval_plot, line_chart
from .html import render, sentence_case
from .importance import importance_section
from .intervals import recall_intervals
from .methods import leakage_statement, methods
from .misclassified import misclassified_section
from .model_card import model_card
from .search import search_section

#: Number of subjects above which the list of subjects is collapsed.
MAX_EXPANDED_SUBJECTS = 40
#: Number of subjects that are listed, those with the lowest accuracy.
MAX_PLOTTED_SUBJECTS = 400
#: Stages of a run, by attribute of `Timing`.
STAGE_NAMES = {
    "read": "reading the data",
    "extract": "extracting features",
    "search": "search",
    "evaluate": "fitting and evaluating the folds",
    "fit": "fitting on all training samples",
    "learning_curve": "learning curve",
    "landmarker": "training the landmarker",
    "predict": "predicting the test split",
}


def write_run_report(
    folder: Path,
    result: EvaluationResult,
    X: Samples,
    settings: dict[str, Any],
    *,
    command: str,
    seed: int = 0,
    search: SearchResult | None = None,
) -> None:
    """Write ``report.html`` and ``MODEL_CARD.md`` into a folder; see `run_page`."""
    page = run_page(result, X, settings, command=command, seed=seed, search=search)
    write_text(folder / "report.html", page)
    write_text(folder / "MODEL_CARD.md", model_card(result, X, settings))


def run_page(
    result: EvaluationResult,
    X: Samples,
    settings: Mapping[str, Any],
    *,
    command: str = "",
    seed: int = 0,
    search: SearchResult | None = None,
) -> str:
    """The report of a run as one HTML page.

    Parameters
    ----------
    result : EvaluationResult
        With a fitted model.
    X : Samples
        The table that was evaluated.
    settings : mapping
        Parameters that were set by name.
    command : str, default ''
        Command line that reproduces the run; empty where it was not a command.
    seed : int, default 0
        Random state of the figures.
    search : SearchResult, optional
        The search that chose the settings.

    Returns
    -------
    str
        HTML. The number of items of each kind is limited, so that the size is below a megabyte for data of any size.
    """
    scores, model = result.scores, result.model
    reported = reported_predictions(result.predictions)
    seconds = float(np.mean([fold.seconds for fold in scores.folds]))
    content: dict[str, Any] = {
        "title": scores.title,
        "version": __version__,
        "leakage": leakage_statement(scores),
        "headline": _headline(scores),
        "scores": scores,
        "metrics": scores.metrics,
        "methods": methods(scores, model, X, dict(settings)),
        "confusion": _confusion(scores),
        "recall": _recall(scores, reported),
        "subjects": _subjects(reported),
        "confidence": _confidence(scores),
        "misclassified": misclassified_section(reported, X, model),
        "importance": importance_section(model, clone(model), X, reported, seconds, seed),
        "learning_curve": _learning_curve(scores.learning_curve),
        "timing": _timing(scores),
        "search": search_section(search) if search else None,
        "command": command,
    }
    sections = {
        "methods": "Methods",
        "search": "Search" if search else "",
        "splits": "Predefined splits" if scores.splits else "",
        "confusion": "Confusion matrix",
        "classes": "Classes",
        "subjects": "Subjects",
        "confidence": "Confidence",
        "misclassified": "Most confident errors",
        "importance": "Feature importance",
        "learning": "Learning curve",
        "time": "Time and memory",
        "reproduce": "Reproduce" if command else "",
    }
    return render("run.html", **content, sections=[(key, name) for key, name in sections.items() if name])


def _headline(scores: Scores) -> list[dict[str, Any]]:
    """The headline metrics with their intervals, and the majority-class baseline."""
    m = scores.metrics
    rows: list[dict[str, Any]] = [
        {"name": sentence_case(name), "value": f"{getattr(m, key):.3f}", "ci95": tuple(f"{v:.3f}" for v in m.ci95[key])}
        for key, name in HEADLINE_METRICS.items()
    ]
    return [*rows, {"name": "Majority-class baseline", "value": f"{m.majority_baseline:.3f}", "ci95": None}]


def _confusion(scores: Scores) -> list[dict[str, Any]]:
    """Rows of the confusion matrix: counts, fractions of the true class, and the opacity of a cell."""
    rows = []
    for name, counts in zip(scores.classes, scores.metrics.confusion, strict=True):
        total = max(sum(counts), 1)
        cells = [{"n": n, "fraction": n / total, "opacity": round(55 * n / total)} for n in counts]
        rows.append({"name": name, "cells": cells})
    return rows


def _recall(scores: Scores, predictions: pd.DataFrame) -> IntervalPlot:
    intervals = recall_intervals(scores, predictions)
    rows = [
        ValueRow(
            f"{name} ({one.n_samples} samples)", one.recall, f"{one.recall:.3f} ({low:.3f} to {high:.3f})", low, high
        )
        for (name, one), (low, high) in zip(scores.metrics.per_class.items(), intervals, strict=True)
        if one.n_samples
    ]
    return interval_plot(rows, (0, 1), "Recall of each class with its 95 % CI")


def _subjects(predictions: pd.DataFrame) -> dict[str, Any] | None:
    """Accuracy of each subject, the lowest first; None where subjects are unknown."""
    subject = subjects_of(predictions)
    if subject is None:
        return None
    correct = pd.Series(correct_of(predictions).astype(float))
    by_subject = subject.astype(str)
    table = pd.DataFrame(
        {
            "mean": correct.groupby(by_subject).mean(),
            "n_samples": predictions["sample"].reset_index(drop=True).groupby(by_subject).nunique(),
        }
    ).sort_values("mean", kind="stable")
    rows = [
        ValueRow(f"subject {name}", float(mean), f"{mean:.3f} ({int(n)} samples)")
        for name, mean, n in zip(table.index, table["mean"], table["n_samples"], strict=True)
    ]
    mean = float(table["mean"].mean())
    return {
        "plot": interval_plot(rows[:MAX_PLOTTED_SUBJECTS], (0, 1), "Accuracy of each subject", mean),
        "collapsed": len(rows) > MAX_EXPANDED_SUBJECTS,
        "n_more": max(0, len(rows) - MAX_PLOTTED_SUBJECTS),
        "n": len(rows),
        "mean": mean,
        "lowest": str(table.index[0]),
        "lowest_accuracy": float(table["mean"].iloc[0]),
    }


def _confidence(scores: Scores) -> dict[str, Any] | None:
    """Reliability diagram and risk-coverage curve; None where the model gives no probabilities."""
    calibration, coverage = scores.metrics.calibration, scores.metrics.risk_coverage
    if calibration is None:
        return None
    bins = np.array(calibration.bins, float).reshape(-1, 3)
    line = Line(bins[:, :2], sizes=bins[:, 2] / bins[:, 2].max())
    perfect = Line([(0, 0), (1, 1)], reference=True)
    values = ", ".join(f"{a:.2f} of {n:.0f} samples at {c:.2f}" for c, a, n in bins)
    found: dict[str, Any] = {
        "calibration": calibration,
        "diagram": line_chart(
            [line, perfect], (0, 1), (0, 1), ("confidence", "accuracy"), f"Accuracy by confidence: {values}"
        ),
        "coverage": None,
    }
    if coverage is not None:
        points = np.stack([coverage.coverage, coverage.accuracy], 1)
        low = min(0.9, np.floor(10 * points[:, 1].min()) / 10)
        half = coverage.accuracy_at(0.5)
        about = f"Accuracy by coverage: {half:.3f} at 50 % coverage"
        found["coverage"] = {
            "chart": line_chart([Line(points)], (0, 1), (low, 1), ("coverage", "accuracy"), about),
            "half": half,
            "aurc": coverage.aurc,
        }
    return found


def _learning_curve(curve: LearningCurve | None) -> dict[str, Any] | None:
    if curve is None:
        return None
    limits = np.array(curve.ci95, float).reshape(-1, 2)
    line = Line(np.stack([curve.n_train, curve.accuracy], 1), band=limits)
    low, high = (np.floor(10 * np.nanmin(limits)) / 10, np.ceil(10 * np.nanmax(limits)) / 10)
    about = "Accuracy: " + ", ".join(
        f"{a:.3f} with {n} {curve.unit}" for n, a in zip(curve.n_train, curve.accuracy, strict=True)
    )
    labels = (f"training {curve.unit}", "accuracy")
    axes = (0, max(curve.n_train)), (max(0.0, low), min(1.0, high))
    return {
        "curve": curve,
        "chart": line_chart([line], *axes, labels, about, True),
        "rows": list(zip(curve.n_train, curve.accuracy, limits.tolist(), strict=True)),
    }


def _timing(scores: Scores) -> list[tuple[str, str]]:
    """Seconds of each stage and the peak memory, as text."""
    timing = scores.timing or Timing()
    seconds = {name: getattr(timing, stage) for stage, name in STAGE_NAMES.items()}
    rows = [(name, f"{value:.1f} s") for name, value in seconds.items() if value is not None]
    rows.append(("total", f"{scores.seconds:.1f} s"))
    if timing.predict_per_sample is not None:
        milliseconds = 1000 * timing.predict_per_sample
        rows.append(("prediction of one sample, from pixels or landmarks", f"{milliseconds:.1f} ms"))
    if scores.peak_memory_mb:
        rows.append(("peak memory", f"{scores.peak_memory_mb:.0f} MB"))
    return rows
