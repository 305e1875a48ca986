"""The section of a report on the search that chose the settings."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from ..evaluation.summary import HEADLINE_METRICS
from ..model_selection.search_result import SearchResult
from .charts import Line, LineChart, line_chart

#: Number of candidates that are listed, the best ones.
MAX_LISTED_CANDIDATES = 15


@dataclasses.dataclass(frozen=True)
class CandidateRow:
    """A candidate in the table: its rank, the values of the parameters as text, mean and SD over folds."""

    rank: int
    values: tuple[str, ...]
    mean: float
    sd: float


@dataclasses.dataclass(frozen=True)
class SearchSection:
    """Content of the section.

    Attributes
    ----------
    result : SearchResult
    scoring : str
        Name of the metric, as text.
    params : tuple of str
        Names of the parameters.
    n_candidates, n_failed : int
    first_error : str
        Of the candidates that failed, or empty.
    rows : tuple of CandidateRow
        The best candidates.
    n_more : int
        Number of candidates that are not listed.
    chart : LineChart or None
        None for a single candidate.
    by_parameter : dict of str to tuple of (str, float)
        For each parameter with several values the best mean for each value.
    """

    result: SearchResult
    scoring: str
    params: tuple[str, ...]
    n_candidates: int
    n_failed: int
    first_error: str
    rows: tuple[CandidateRow, ...]
    n_more: int
    chart: LineChart | None
    by_parameter: dict[str, tuple[tuple[str, float], ...]]


def search_section(found: SearchResult) -> SearchSection:
    """Content of the section on a search."""
    table = found.table[found.table["mean"].notna()].sort_values("rank")
    params = [name for name in table if name in found.best_params]
    scoring = HEADLINE_METRICS[found.scoring]
    failed = found.table[found.table["error"] != ""]
    rows = tuple(
        CandidateRow(int(row["rank"]), tuple(_format(row[name]) for name in params), row["mean"], row["std"])
        for row in table.head(MAX_LISTED_CANDIDATES).to_dict("records")
    )
    return SearchSection(
        result=found,
        scoring=scoring,
        params=tuple(params),
        n_candidates=len(found.table),
        n_failed=len(failed),
        first_error=str(failed["error"].iloc[0]) if len(failed) else "",
        rows=rows,
        n_more=len(table) - len(rows),
        chart=_chart(table, scoring) if len(table) > 1 else None,
        by_parameter={name: _best_by_value(table, name) for name in params if table[name].astype(str).nunique() > 1},
    )


def _chart(table: pd.DataFrame, scoring: str) -> LineChart:
    """Mean of the candidates by rank, with a band of one SD over folds in each direction."""
    mean, sd = table["mean"].to_numpy(float), table["std"].to_numpy(float)
    ranks = np.arange(1, len(mean) + 1)
    line = Line(np.stack([ranks, mean], 1), band=np.stack([mean - sd, mean + sd], 1))
    low = max(0.0, np.floor(20 * float((mean - sd).min())) / 20)
    high = min(1.0, np.ceil(20 * float((mean + sd).max())) / 20)
    about = f"{scoring} of the candidates by rank, from {mean[0]:.3f} to {mean[-1]:.3f}"
    return line_chart([line], (1, len(mean)), (low, high), ("rank of the candidate", scoring), about, True)


def _best_by_value(table: pd.DataFrame, name: str) -> tuple[tuple[str, float], ...]:
    """The best mean for each value of a parameter."""
    best = table.assign(value=table[name].map(_format)).groupby("value", sort=False)["mean"].max()
    return tuple((str(value), float(mean)) for value, mean in best.items())


def _format(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
