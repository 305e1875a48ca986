"""The report of a comparison as one HTML page."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..evaluation.comparison import Comparison
from ..version import __version__
from .html import render, spans

#: Subjects named of each pair, those that differ most.
NAMED = 8


def comparison_page(found: Comparison, command: str) -> str:
    """The page of a comparison.

    Parameters
    ----------
    found : Comparison
    command : str
        The command line that does this again.
    """
    people = f"{found.n_subjects} subjects" if found.n_subjects else "subjects unknown"
    notes = [note for note in found.notes if not note.startswith("CAUTION: ")]
    cautions = [note.removeprefix("CAUTION: ") for note in found.notes if note.startswith("CAUTION: ")]
    sections = {"accuracy": "Accuracy", "differences": "Differences", "ranks": "Ranks" if found.ranks else ""}
    sections |= {"where": "Where they differ", "done": "What was done", "again": "Do it again"}
    return render(
        "comparison.html",
        title=f"{len(found.accuracy)} pipelines on {found.dataset}",
        version=__version__,
        found=found,
        people=people,
        status=_status(found),
        cautions=cautions,
        notes=notes,
        accuracy=_accuracy(found),
        differences=_differences(found),
        ranks=_ranks(found),
        where=[_where(pair, found.n_subjects) for pair in found.pairs],
        command=command,
        sections=[(key, name) for key, name in sections.items() if name],
    )


def _status(found: Comparison) -> dict[str, str]:
    clear = [p for p in found.pairs if p.interval[0] > 0 or p.interval[1] < 0]
    best = max(found.accuracy, key=lambda name: found.accuracy[name][0])
    value = found.accuracy[best][0]
    if not clear:
        text = f"No two of them differ clearly: each interval holds 0. Highest is {best} with {value:.3f}."
        return {"mark": "note", "text": text}
    text = f"Highest is {best} with {value:.3f}. Pairs that differ by an interval without 0: {len(clear)} of "
    text += f"{len(found.pairs)}."
    return {"mark": "good", "text": text}


def _accuracy(found: Comparison) -> dict[str, Any]:
    rows = [
        {"name": name, "value": value, "low": low, "high": high, "told": f"{value:.3f} ({low:.3f} to {high:.3f})"}
        for name, (value, low, high) in sorted(found.accuracy.items(), key=lambda item: -item[1][0])
    ]
    least = min(low for _, low, _ in found.accuracy.values())
    ends = (float(np.floor(10 * least) / 10), 1.0)
    return spans(rows, ends, "Accuracy of each pipeline with its 95 % interval; the figures stand beside each line")


def _differences(found: Comparison) -> dict[str, Any]:
    rows = [
        {
            "name": f"{p.first} - {p.second}",
            "value": p.difference,
            "low": p.interval[0],
            "high": p.interval[1],
            "told": f"{p.difference:+.3f} ({p.interval[0]:+.3f} to {p.interval[1]:+.3f})",
            "sure": p.interval[0] > 0 or p.interval[1] < 0,
        }
        for p in found.pairs
    ]
    most = max(max(abs(v) for v in (*p.interval, p.difference)) for p in found.pairs)
    most = float(np.ceil(20 * max(most, 0.01)) / 20)
    about = "Differences of accuracy with 95 % intervals; the line is no difference, the figures stand beside each line"
    return spans(rows, (-most, most), about, 0.0)


def _ranks(found: Comparison) -> dict[str, Any] | None:
    if not found.ranks:
        return None
    k = len(found.ranks)
    order = sorted(found.ranks, key=lambda name: found.ranks[name])
    half = (found.critical_difference or 0.0) / 2
    rows = [
        {"name": name, "value": found.ranks[name], "low": max(1.0, found.ranks[name] - half)}
        | {"high": min(float(k), found.ranks[name] + half), "told": f"{found.ranks[name]:.2f}"}
        for name in order
    ]
    about = "Mean rank over subjects, 1 is the best; lines of two pipelines that overlap are not told apart"
    return {"spans": spans(rows, (1, k), about), "critical": found.critical_difference, "friedman": found.friedman}


def _where(pair: Any, n_subjects: int) -> dict[str, Any]:
    return {
        "names": (pair.first, pair.second),
        "classes": [(name, *figures) for name, figures in pair.classes.items()],
        "subjects": list(itertools.islice(pair.subjects.items(), NAMED)),
        "differ": len(pair.subjects),
        "of": n_subjects,
    }
