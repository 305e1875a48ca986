"""Gradient boosting on histograms, scikit-learn's, with as many threads as the data are worth."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

#: Tables with fewer entries than this are worked on by one thread.
SMALL = 10_000_000


class HGB(HistGradientBoostingClassifier):
    """`sklearn.ensemble.HistGradientBoostingClassifier`, one thread on small data.

    Notes
    -----
    Parameters and methods are scikit-learn's. Its threads meet at every node of every tree: on some hundred rows
    they wait for each other far longer than they work, fifty times as long where other processes are busy.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> HGB:
        """Fit on features (n, d) and labels (n,)."""
        with _threads_for(X):
            return super().fit(X, y, sample_weight)

    def predict(self, X: Any) -> np.ndarray:
        """Labels, (n,)."""
        with _threads_for(X):
            return super().predict(X)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each class, (n, k)."""
        with _threads_for(X):
            return super().predict_proba(X)

    def decision_function(self, X: Any) -> np.ndarray:
        """Raw scores of each class, (n, k)."""
        with _threads_for(X):
            return super().decision_function(X)


def _threads_for(X: Any) -> contextlib.AbstractContextManager:
    return threadpool_limits(1, "openmp") if np.size(X) < SMALL else contextlib.nullcontext()
