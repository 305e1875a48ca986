"""The report of a comparison as one HTML page."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..evaluation.comparison_result import MAX_LISTED_SUBJECTS, Comparison, PairedDifference
from ..samples.data_info import WARNING_PREFIX
from ..version import __version__
from .charts import IntervalPlot, ValueRow, interval_plot
from .html import render


def comparison_page(found: Comparison, command: str = "") -> str:
    """The report of a comparison as one HTML page.

    Parameters
    ----------
    found : Comparison
    command : str, default ''
        Command line that reproduces the comparison; empty where it was not a command.

    Returns
    -------
    str
        HTML.
    """
    sections = {"accuracy": "Accuracy", "differences": "Differences", "ranks": "Ranks" if found.mean_ranks else ""}
    sections |= {"details": "Classes and subjects", "methods": "Methods"}
    sections |= {"reproduce": "Reproduce"} if command else {}
    return render(
        "comparison.html",
        title=f"{len(found.accuracy)} pipelines on {found.dataset}",
        version=__version__,
        found=found,
        subjects=f"{found.n_subjects} subjects" if found.n_subjects else "subjects unknown",
        conclusion=_conclusion(found),
        warnings=[n.removeprefix(WARNING_PREFIX) for n in found.notes if n.startswith(WARNING_PREFIX)],
        notes=[note for note in found.notes if not note.startswith(WARNING_PREFIX)],
        accuracy=_accuracy(found),
        differences=_differences(found),
        ranks=_ranks(found),
        details=[_details(pair, found.n_subjects) for pair in found.pairs],
        command=command,
        sections=[(key, name) for key, name in sections.items() if name],
    )


def _excludes_zero(pair: PairedDifference) -> bool:
    return pair.ci95[0] > 0 or pair.ci95[1] < 0


def _conclusion(found: Comparison) -> dict[str, str]:
    n_different = sum(map(_excludes_zero, found.pairs))
    best = max(found.accuracy, key=lambda name: found.accuracy[name][0])
    text = f"Highest accuracy: {best}, {found.accuracy[best][0]:.3f}. "
    if not n_different:
        return {"level": "warning", "text": f"{text}The 95 % CI of each difference includes 0."}
    text += f"The 95 % CI excludes 0 for {n_different} of {len(found.pairs)} difference(s)."
    return {"level": "pass", "text": text}


def _accuracy(found: Comparison) -> IntervalPlot:
    rows = [
        ValueRow(name, value, f"{value:.3f} ({low:.3f} to {high:.3f})", low, high)
        for name, (value, low, high) in sorted(found.accuracy.items(), key=lambda item: -item[1][0])
    ]
    lowest = min(low for _, low, _ in found.accuracy.values())
    return interval_plot(rows, (float(np.floor(10 * lowest) / 10), 1.0), "Accuracy of each pipeline with its 95 % CI")


def _differences(found: Comparison) -> IntervalPlot:
    rows = [
        ValueRow(
            f"{p.first} - {p.second}",
            p.difference,
            f"{p.difference:+.3f} ({p.ci95[0]:+.3f} to {p.ci95[1]:+.3f})",
            *p.ci95,
            emphasized=_excludes_zero(p),
        )
        for p in found.pairs
    ]
    largest = max(max(abs(v) for v in (*p.ci95, p.difference)) for p in found.pairs)
    limit = float(np.ceil(20 * max(largest, 0.01)) / 20)
    return interval_plot(rows, (-limit, limit), "Differences of accuracy with 95 % CI; the line is at 0", 0.0)


def _ranks(found: Comparison) -> IntervalPlot | None:
    ranks = found.mean_ranks
    if not ranks:
        return None
    half = (found.critical_difference or 0.0) / 2
    rows = [
        ValueRow(name, rank, f"{rank:.2f}", max(1.0, rank - half), min(float(len(ranks)), rank + half))
        for name, rank in sorted(ranks.items(), key=lambda item: item[1])
    ]
    about = "Mean rank over subjects, 1 is the best; pipelines whose lines overlap do not differ significantly"
    return interval_plot(rows, (1, len(ranks)), about)


def _details(pair: PairedDifference, n_subjects: int) -> dict[str, Any]:
    return {
        "pair": pair,
        "classes": [(name, *values) for name, values in pair.recall_differences.items()],
        "subjects": list(itertools.islice(pair.subject_differences.items(), MAX_LISTED_SUBJECTS)),
        "n_different": len(pair.subject_differences),
        "n_subjects": n_subjects,
    }
