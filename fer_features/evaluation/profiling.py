"""Run time and memory of the stages of a run."""

from __future__ import annotations

import dataclasses
import sys
import time
from typing import Any

import numpy as np

from .._threads import one_thread
from ..pipelines import can_extract
from ..samples.table import Samples
from .fit_predict import predict_with_scores
from .scores import Timing

#: Samples that are predicted to measure the time per sample.
N_TIMED_SAMPLES = 16


class Stopwatch:
    """Seconds of consecutive stages of the work.

    Attributes
    ----------
    start : float
        `time.perf_counter` when it was made.
    timing : Timing
    """

    def __init__(self) -> None:
        self.start = self._last = time.perf_counter()
        self.timing = Timing()

    def lap(self, stage: str) -> None:
        """Add the time since the last lap to a stage, an attribute of `Timing`."""
        now = time.perf_counter()
        self.record(stage, round((getattr(self.timing, stage) or 0.0) + now - self._last, 3))
        self._last = now

    def record(self, stage: str, seconds: float | None) -> None:
        """Set the seconds of a stage."""
        self.timing = dataclasses.replace(self.timing, **{stage: seconds})

    @property
    def total(self) -> float:
        """Seconds since it was made."""
        return round(time.perf_counter() - self.start, 3)


def seconds_per_sample(model: Any, X: Samples) -> float | None:
    """Mean time from the images or landmarks of a sample to its prediction, in seconds, on one thread.

    None where no sample of those that are timed has features.
    """
    usable = np.flatnonzero(can_extract(model, X))
    if not len(usable):
        return None
    indices = usable[np.linspace(0, len(usable) - 1, min(len(usable), N_TIMED_SAMPLES)).astype(int)]
    indices = indices[can_extract(model, X[indices])]  # a sample can need others of its subject
    if not len(indices):
        return None
    # `with_columns` drops the features computed so far; the first call loads what is imported on use.
    first = X[indices[:1]].with_columns()
    with one_thread():
        predict_with_scores(model, first if can_extract(model, first).all() else X[indices].with_columns())
        start = time.perf_counter()
        predict_with_scores(model, X[indices].with_columns())
    return round((time.perf_counter() - start) / len(indices), 6)


def peak_memory_mb() -> float | None:
    """Peak resident memory of this process and its finished children, in megabytes; None on Windows."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    used = (resource.getrusage(which).ru_maxrss for which in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(max(used) * unit / 1e6, 1)
