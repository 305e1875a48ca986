"""The report of a run, or of the best of a search, as one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from ..evaluation.cross_validation import Result
from ..model_selection.search_result import Found
from ..samples.table import Samples
from ..version import __version__
from .html import chart, render, spans
from .importance import leans
from .intervals import FIGURES, chance, recall_limits, reported
from .methods import facts, leakage
from .misclassified import mistakes
from .model_card import model_card
from .search import search_content

#: Subjects whose figures are shown at once; more are folded away.
SUBJECTS = 40
#: Subjects listed at all: those that are judged worst.
LISTED = 400
#: Parts of a run that take time, in words.
TIMES = {
    "read": "reading the data",
    "describe": "describing all rows",
    "judge": "fitting and judging folds",
    "fit": "fitting to all training rows",
    "learning curve": "learning curve",
    "predict": "predicting the test part",
}


def write_report(
    folder: Path,
    X: Samples,
    result: Result,
    settings: dict[str, Any],
    command: str,
    seed: int = 0,
    found: Found | None = None,
) -> None:
    """Write `report.html` and `MODEL_CARD.md` of a result whose model is fitted; see `run_page`."""
    scores, predictions, model = result.scores, result.predictions, result.model
    page = run_page(
        scores, predictions, model, clone(model), X, settings=settings, command=command, seed=seed, found=found
    )
    (folder / "report.html").write_text(page, encoding="utf-8")
    (folder / "MODEL_CARD.md").write_text(model_card(scores, predictions, model, X, settings), encoding="utf-8")


def run_page(
    scores: dict[str, Any],
    predictions: pd.DataFrame,
    model: BaseEstimator,
    fresh: BaseEstimator,
    X: Samples,
    *,
    settings: dict[str, Any],
    command: str,
    seed: int = 0,
    found: Found | None = None,
) -> str:
    """The page of a run.

    Parameters
    ----------
    scores : dict
        What `scores.json` holds.
    predictions : DataFrame
        As `evaluate` gives them.
    model : estimator
        The one that is saved.
    fresh : estimator
        The same, not fitted; it may be fitted to fewer rows for a picture of what it leans on.
    X : Samples
        The table that was read.
    settings : dict
        Parameters that were set by name.
    command : str
        The command line that does all this again.
    seed : int
        Of what is drawn at random.
    found : Found, optional
        Of a search.

    Returns
    -------
    str
        HTML; what is shown of each kind is limited, so that it takes less than a megabyte for data of any size.
    """
    judged = reported(scores, predictions)
    mark, status = leakage(scores)
    seconds = float(np.mean([fold["seconds"] for fold in scores["folds"]]))
    content: dict[str, Any] = {
        "title": f"{scores['pipeline']} on {scores['dataset']}{' (synthetic)' if scores['synthetic'] else ''}",
        "made": "Searched, judged and drawn" if found else "Judged and drawn",
        "version": __version__,
        "status": {"mark": mark, "text": status},
        "headline": headline(scores),
        "scores": scores,
        "facts": facts(scores, model, X, settings),
        "parts": _parts(scores),
        "confusion": confusion(scores),
        "classes": per_class(scores, judged),
        "people": per_subject(judged) if scores["n_subjects"] else None,
        "sure": reliability(scores),
        "mistakes": mistakes(judged, X, model),
        "leaning": leans(model, fresh, X, judged, seconds, seed),
        "curve": learning(scores.get("learning_curve")),
        "times": times(scores),
        "search": search_content(found) if found else None,
        "command": command,
    }
    there = {
        "done": "What was done",
        "search": "Search" if found else "",
        "parts": "Official parts" if content["parts"] else "",
        "confusion": "Confusion",
        "classes": "Classes",
        "people": "People",
        "confidence": "Confidence",
        "mistakes": "Mistakes",
        "leaning": "What it leans on",
        "learning": "Learning curve",
        "time": "Time and memory",
        "again": "Do it again",
    }
    return render("run.html", **content, sections=[(key, name) for key, name in there.items() if name])


def headline(scores: dict[str, Any]) -> list[dict[str, Any]]:
    """The three figures with their intervals."""
    return [
        {"name": name, "value": f"{scores[key]:.3f}", "low": f"{scores['ci95'][key][0]:.3f}"}
        | {"high": f"{scores['ci95'][key][1]:.3f}"}
        for key, name in FIGURES.items()
    ] + [{"name": "Always the most frequent class", "value": f"{chance(scores):.3f}", "low": "", "high": ""}]


def confusion(scores: dict[str, Any]) -> list[dict[str, Any]]:
    """Lines of the confusion matrix: shares by true class, counts, and how dark a cell is."""
    lines = []
    for name, counts in zip(scores["classes"], scores["confusion"], strict=True):
        total = max(sum(counts), 1)
        cells = [{"n": n, "share": n / total, "shade": round(55 * n / total)} for n in counts]
        lines.append({"name": name, "cells": cells})
    return lines


def per_class(scores: dict[str, Any], judged: pd.DataFrame) -> dict[str, Any]:
    """Recall of each class with its interval, as spans."""
    limits = recall_limits(scores, judged)
    rows = [
        {"name": f"{name} ({one['n']} rows)", "value": one["recall"], "low": low, "high": high}
        | {"told": f"{one['recall']:.3f} ({low:.3f} to {high:.3f})"}
        for (name, one), (low, high) in zip(scores["per_class"].items(), limits, strict=True)
        if one["n"]
    ]
    return spans(rows, (0, 1), "Recall of each class with its 95 % interval; the figures stand beside each line")


def per_subject(judged: pd.DataFrame) -> dict[str, Any]:
    """Accuracy of each subject, the lowest first, as spans."""
    right = (judged["truth"] == judged["prediction"]).astype(float)
    of = right.groupby(judged["subject"].astype(str)).agg(["mean", "size"]).sort_values("mean", kind="stable")
    rows = [
        {"name": f"{name}", "value": float(mean), "low": None, "told": f"{mean:.3f} of {int(n)} rows"}
        for name, mean, n in zip(of.index, of["mean"], of["size"], strict=True)
    ]
    mean = float(of["mean"].mean())
    drawn = spans(rows[:LISTED], (0, 1), "Accuracy of each subject; the figures stand beside each line", mean)
    return {
        "spans": drawn,
        "folded": len(rows) > SUBJECTS,
        "more": max(0, len(rows) - LISTED),
        "n": len(rows),
        "mean": mean,
        "worst": rows[0]["name"],
        "least": float(of["mean"].iloc[0]),
    }


def reliability(scores: dict[str, Any]) -> dict[str, Any] | None:
    """Reliability curve, and accuracy by coverage; None where the model gave no probabilities."""
    if "calibration" not in scores:
        return None
    bins = np.array(scores["calibration"]["bins"], float).reshape(-1, 3)
    diagonal = {"name": "as sure as right", "points": [(0, 0), (1, 1)], "plain": True}
    drawn = {"name": "held-out rows", "points": bins[:, :2], "sizes": bins[:, 2] / bins[:, 2].max()}
    told = ", ".join(f"{a:.2f} in {c:.0f} rows at {b:.2f}" for b, a, c in bins)
    found: dict[str, Any] = {
        "curve": chart([drawn, diagonal], (0, 1), (0, 1), ("how sure", "how often right"), f"Share right: {told}"),
        "figures": scores["calibration"],
        "coverage": None,
    }
    if "risk_coverage" in scores:
        one = scores["risk_coverage"]
        points = np.stack([one["coverage"], one["accuracy"]], 1)
        low = min(0.9, np.floor(10 * points[:, 1].min()) / 10)
        half = float(np.interp(0.5, points[:, 0], points[:, 1]))
        about = f"Accuracy by share of rows answered, the surest first: {half:.3f} of the surest half"
        line = {"name": "accuracy", "points": points}
        found["coverage"] = {
            "chart": chart([line], (0, 1), (low, 1), ("share of rows answered", "accuracy"), about),
            "half": half,
            "aurc": one["aurc"],
        }
    found["reject"] = scores.get("reject")
    return found


def learning(curve: dict[str, Any] | None) -> dict[str, Any] | None:
    """Accuracy against people, or rows, learnt from."""
    if not curve:
        return None
    n, accuracy, limits = curve["n"], curve["accuracy"], np.array(curve["ci95"], float).reshape(-1, 2)
    line = {"name": "accuracy", "points": np.stack([n, accuracy], 1), "band": limits}
    low, high = (np.floor(10 * np.nanmin(limits)) / 10, np.ceil(10 * np.nanmax(limits)) / 10)
    about = "Accuracy by " + ", ".join(f"{a:.3f} of {k}" for k, a in zip(n, accuracy, strict=True))
    words = (f"{curve['unit']} learnt from", "accuracy")
    return {
        "chart": chart([line], (0, max(n)), (max(0.0, low), min(1.0, high)), words, about, True),
        "rows": list(zip(n, accuracy, limits.tolist(), strict=True)),
        "unit": curve["unit"],
        "folds": curve["folds"],
        "draws": curve["draws"],
    }


def times(scores: dict[str, Any]) -> list[tuple[str, str]]:
    """Seconds of the parts of a run and its peak memory, in words."""
    told = scores.get("timing", {})
    rows = [(words, f"{told[key]:.1f} s") for key, words in TIMES.items() if key in told]
    rows.append(("all together", f"{scores['seconds']:.1f} s"))
    if "predict_a_row" in told:
        rows.append(("one row, from pixels or landmarks to prediction", f"{1000 * told['predict_a_row']:.1f} ms"))
    if scores.get("memory", {}).get("peak_mb"):
        rows.append(("most memory held at once", f"{scores['memory']['peak_mb']:.0f} MB"))
    return rows


def _parts(scores: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": name, "n": part["n"], "copies": part["n_duplicates"], "alone": part["accuracy_no_duplicates"]}
        | {key: (part[key], *part["ci95"][key]) for key in FIGURES}
        for name, part in scores.get("parts", {}).items()
    ]
