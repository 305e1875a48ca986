"""What a search tried and found, for its report."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..model_selection.search_result import Found
from .html import chart

#: Candidates listed, the best.
LISTED = 15


def search_content(found: Found) -> dict[str, Any]:
    """The section of a search.

    Parameters
    ----------
    found : Found

    Returns
    -------
    dict
    """
    table = found.table[found.table["mean"].notna()].sort_values("rank")
    params = [name for name in table if name in found.best]
    ordered = table["mean"].to_numpy(float)
    spread = table["spread"].to_numpy(float)
    ranks = np.arange(1, len(table) + 1)
    line = {"name": "mean over folds", "points": np.stack([ranks, ordered], 1)}
    line["band"] = np.stack([ordered - spread, ordered + spread], 1)
    low = max(0.0, np.floor(20 * float((ordered - spread).min())) / 20)
    high = min(1.0, np.ceil(20 * float((ordered + spread).max())) / 20)
    words = {"macro_f1": "macro-F1"}.get(found.score_name, found.score_name.replace("_", " "))
    about = f"Candidates by rank: {words} falls from {ordered[0]:.3f} to {ordered[-1]:.3f}"
    failed = found.table[found.table["error"] != ""]
    return {
        "strategy": found.strategy,
        "protocol": found.protocol,
        "outer": found.outer,
        "words": words,
        "score": found.score,
        "nested": found.nested,
        "best": found.best,
        "params": params,
        "n": len(found.table),
        "finished": found.finished,
        "failed": len(failed),
        "why": str(failed["error"].iloc[0]) if len(failed) else "",
        "rows": [
            {"rank": int(row["rank"]), "values": [_plain(row[name]) for name in params]}
            | {"mean": float(row["mean"]), "spread": float(row["spread"])}
            for row in table.head(LISTED).to_dict("records")
        ],
        "more": max(0, len(table) - LISTED),
        "chart": chart([line], (1, max(2, len(table))), (low, high), ("rank of the candidate", words), about, True)
        if len(table) > 1
        else None,
        "each": [_each(table, name) for name in params if table[name].astype(str).nunique() > 1],
    }


def _each(table: Any, name: str) -> dict[str, Any]:
    """The best mean with each value of a parameter."""
    best = table.assign(value=table[name].map(_plain)).groupby("value", sort=False)["mean"].max()
    return {"name": name, "values": [(value, float(mean)) for value, mean in best.items()]}


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
