"""The report of a check as one HTML page: each verdict with its reason, and what it rests on drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..audit.base import VERDICTS, Check
from ..samples.table import Samples
from ..version import __version__
from .html import chart, render, spans

#: How verdicts are marked, and what they mean.
MARKS = {
    "broken": ("check", "Broken: a score that rests on this cannot be believed"),
    "look": ("note", "Look: a person should know this"),
    "fine": ("good", "Fine: nothing to see"),
    "skipped": ("soft", "Skipped: does not apply"),
}

#: What these checks cannot find, whatever they say.
BLIND = (
    "what was done to the files before they were read (features scaled or chosen, pictures retouched with all labels "
    "in view)",
    "arrays learnt from all rows and given to a step as a plain parameter",
    "settings chosen because they did well on these very rows: only people that nobody has looked at yet help there",
    "people who stand in the data under two names and do not look alike to the search for copies",
)


def check_page(record: dict[str, Any], found: Sequence[Check], X: Samples, command: str) -> str:
    """The page of a check.

    Parameters
    ----------
    record : dict
        What `check.json` holds.
    found : sequence of Check
    X : Samples
        The table that was checked.
    command : str
        The command line that does this again.
    """
    counts = {verdict: sum(check.verdict == verdict for check in found) for verdict in VERDICTS}
    worst = next((v for v in ("broken", "look") if counts[v]), "fine")
    heads = {
        "broken": "Do not believe scores of this pipeline on these data yet.",
        "look": "Nothing is broken; there are things to know.",
        "fine": "Nothing was found that would make scores too high.",
    }
    drawn = {check.name: picture for check in found if (picture := _drawn(check)) is not None}
    info = X.info
    label = np.asarray(X["label"])
    facts = {
        "Data": f"{info.dataset}{f', {info.source}' if info.source not in ('', info.dataset) else ''}"
        + (". Its faces are drawn: scores on them say nothing about people." if info.synthetic else "."),
        "Rows": f"{len(X)}, {int((label >= 0).sum())} of them with a label.",
        "Pipeline": record["pipeline"],
        "Settings": ", ".join(f"{k}={v}" for k, v in record["settings"].items()) or "those that the name stands for",
        "Fitted to": f"at most {record['command']['rows']} rows, whole people; folds by subject where these are known.",
        "Fingerprint": record["fingerprint"],
        "Versions": ", ".join(f"{name} {version}" for name, version in record["versions"].items()),
    }
    return render(
        "audit.html",
        title=f"{record['pipeline']} on {info.dataset}{' (synthetic)' if info.synthetic else ''}: can it be believed?",
        version=__version__,
        status={"mark": MARKS[worst][0], "text": heads[worst]},
        counts=counts,
        groups=[
            {"mark": mark, "title": title, "checks": [check for check in found if check.verdict == verdict]}
            for verdict, (mark, title) in MARKS.items()
        ],
        drawn=drawn,
        facts=facts,
        blind=BLIND,
        command=command,
        sections=[
            ("verdicts", "Verdicts"),
            ("figures", "Figures"),
            ("done", "What was done"),
            ("again", "Do it again"),
        ],
    )


def _drawn(check: Check) -> dict[str, Any] | None:
    """What a check rests on as a chart, where that says more than its words."""
    figures = check.figures
    if {"people", "accuracy", "gain"} <= set(figures):
        points = np.stack([figures["people"], figures["accuracy"]], 1)
        low, high = np.floor(10 * points[:, 1].min()) / 10, np.ceil(10 * points[:, 1].max()) / 10
        about = "Accuracy by " + ", ".join(f"{a:.3f} of {n:.0f} people" for n, a in points)
        line = {"name": "accuracy", "points": points}
        ends = (0.0, float(points[:, 0].max()))
        return {
            "chart": chart(
                [line], ends, (max(0.0, low - 0.1), min(1.0, high)), ("people learnt from", "accuracy"), about, True
            )
        }
    if {"real", "permuted_mean"} <= set(figures):
        mean, spread = figures["permuted_mean"], figures["permuted_sd"]
        rows = [
            {"name": "real labels", "value": figures["real"], "low": None, "told": f"{figures['real']:.3f}"},
            {"name": f"{figures['permutations']} permutations, mean and two deviations", "value": mean}
            | {"low": mean - 2 * spread, "high": mean + 2 * spread, "told": f"{mean:.3f} +- {spread:.3f}"},
        ]
        about = "Mean recall with real and with permuted labels; the line is chance"
        return {"spans": spans(rows, (0, 1), about, figures["chance"])}
    if {"random", "grouped"} <= set(figures):
        rows = [
            {"name": name, "value": figures[key], "low": None, "told": f"{figures[key]:.3f}"}
            for key, name in (("random", "folds of rows"), ("grouped", "folds by subject"))
        ]
        return {"spans": spans(rows, (0, 1), "Accuracy by folds of rows and by folds by subject")}
    if {"accuracy", "chance", "n_subjects"} <= set(figures):
        low, high = figures["ci95"]
        row = {"name": f"{figures['n_subjects']} people told apart", "value": figures["accuracy"], "low": low}
        row |= {"high": high, "told": f"{figures['accuracy']:.3f} ({low:.3f} to {high:.3f})"}
        about = "Share of rows whose person a linear classifier names; the line is chance"
        return {"spans": spans([row], (0, 1), about, figures["chance"])}
    return None
