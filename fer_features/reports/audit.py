"""The report of an audit as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..audit.context import STATUSES, Check, CurveFigure, ValueFigure
from ..samples.fingerprint import fingerprint
from ..samples.table import Samples
from ..version import __version__, versions
from .charts import IntervalPlot, Line, LineChart, ValueRow, interval_plot, line_chart
from .html import render

#: Headings of the groups of checks, the worst first.
HEADINGS = {
    "fail": "Fail: the scores cannot be trusted",
    "warning": "Warning: the scores have a limitation",
    "pass": "Pass",
    "skipped": "Skipped: not applicable",
}

#: Conclusion by the worst status.
CONCLUSIONS = {
    "fail": "At least one check failed: the scores of this pipeline on these data cannot be trusted.",
    "warning": "No check failed; there are warnings.",
    "pass": "No check failed or gave a warning: no reason was found why the scores would be too high.",
}

#: Problems that the checks cannot find.
LIMITATIONS = (
    "changes of the files before they were read, such as features that were selected with all labels",
    "arrays fitted on all samples and passed to a step as a parameter",
    "settings that were chosen by their score on the same samples: only new subjects reveal this",
    "subjects with two names whose images are not similar, or of whom only still images are given",
)


def audit_page(
    pipeline: str, settings: Mapping[str, Any], checks: Sequence[Check], X: Samples, max_samples: int, command: str = ""
) -> str:
    """The report of an audit as one HTML page.

    Parameters
    ----------
    pipeline : str
        Pipeline specification.
    settings : mapping
        Parameters that were set by name.
    checks : sequence of Check
    X : Samples
        The table that was checked.
    max_samples : int
        Largest number of samples for repeated fits.
    command : str, default ''
        Command line that reproduces the audit; empty where it was not a command.

    Returns
    -------
    str
        HTML.
    """
    counts = {status: sum(check.status == status for check in checks) for status in STATUSES}
    worst = next((status for status in ("fail", "warning") if counts[status]), "pass")
    info, label = X.info, X.label_codes
    source = f", {info.source}" if info.source not in ("", info.dataset) else ""
    synthetic = " Its images are rendered: the scores do not apply to real faces." if info.synthetic else ""
    sections = {"results": "Results", "figures": "Figures", "methods": "Methods"}
    sections |= {"reproduce": "Reproduce"} if command else {}
    return render(
        "audit.html",
        title=f"{pipeline} on {info.title}: checks of the score",
        version=__version__,
        worst=worst,
        conclusion=CONCLUSIONS[worst],
        counts={status: counts[status] for status in HEADINGS},
        groups=[
            {"level": status, "title": title, "checks": [check for check in checks if check.status == status]}
            for status, title in HEADINGS.items()
        ],
        figures={check.name: _figure(check.figure) for check in checks if check.figure is not None},
        methods={
            "Data": f"{info.dataset}{source}.{synthetic}",
            "Samples": f"{len(X)}, of which {int((label >= 0).sum())} have a label.",
            "Pipeline": pipeline,
            "Settings": ", ".join(f"{k}={v}" for k, v in settings.items()) or "defaults of the pipeline",
            "Fitted on": f"At most {max_samples} samples, of complete subjects; folds are grouped by subject where "
            "subjects are known.",
            "Fingerprint": fingerprint(X),
            "Versions": ", ".join(f"{name} {version}" for name, version in versions().items()),
        },
        limitations=LIMITATIONS,
        command=command,
        sections=list(sections.items()),
    )


def _figure(figure: ValueFigure | CurveFigure) -> IntervalPlot | LineChart:
    if isinstance(figure, CurveFigure):
        points = np.stack([figure.n_subjects, figure.accuracy], 1).astype(float)
        low, high = np.floor(10 * points[:, 1].min()) / 10, np.ceil(10 * points[:, 1].max()) / 10
        about = "Accuracy: " + ", ".join(f"{a:.3f} with {n:.0f} subjects" for n, a in points)
        axes = (0.0, float(points[:, 0].max())), (max(0.0, low - 0.1), min(1.0, high))
        return line_chart([Line(points)], *axes, ("training subjects", "accuracy"), about, True)
    rows = []
    for name, value, low, high in figure.rows:
        text = f"{value:.3f}" if low is None else f"{value:.3f} ({low:.3f} to {high:.3f})"
        rows.append(ValueRow(name, value, text, low, high))
    return interval_plot(rows, (0, 1), figure.about, figure.mark)
