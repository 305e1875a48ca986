"""How long the parts of a run take, and how much memory they need."""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from ..pipelines import describable
from ..samples.table import Samples
from .cross_validation import scores_of

#: Rows that are predicted to see how long one takes.
ROWS = 16


class Clock:
    """Seconds of one part of the work after the other.

    Attributes
    ----------
    seconds : dict of str to float
    """

    def __init__(self) -> None:
        self.start = self.last = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """What was done since the last lap was `name`."""
        now = time.perf_counter()
        self.seconds[name] = round(self.seconds.get(name, 0.0) + now - self.last, 3)
        self.last = now


def seconds_a_row(model: Any, X: Samples) -> float:
    """Seconds from a row's pictures or landmarks to its prediction, on one thread; the mean of a few rows."""
    rows = np.linspace(0, len(X) - 1, min(len(X), 4 * ROWS)).astype(int)
    rows = rows[describable(model, X[rows])][:ROWS]
    # Without the features that are known already, and after a first call, which loads what is needed.
    with threadpool_limits(1):
        scores_of(model, X[rows[:1]].with_columns())
        start = time.perf_counter()
        scores_of(model, X[rows].with_columns())
    return round((time.perf_counter() - start) / max(len(rows), 1), 6)


def peak_mb() -> float | None:
    """Most memory that this process or one of those it started has held so far, in megabytes; None on Windows."""
    try:
        import resource
    except ImportError:  # Windows has no such count
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    used = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(max(used) * unit / 1e6, 1)
