"""Histogram-based gradient boosting of scikit-learn, with a number of threads that suits the size of the data."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

#: Number of entries of the feature matrix below which one thread is used.
MIN_MULTITHREADED_ENTRIES = 10_000_000


class HGB(HistGradientBoostingClassifier):
    """`sklearn.ensemble.HistGradientBoostingClassifier`, with one thread on small data.

    Notes
    -----
    Parameters, attributes and methods are those of scikit-learn. Its threads are synchronized at every node of every
    tree. With hundreds of samples they wait for each other much longer than they work, up to fifty times as long if
    other processes are busy.

    References
    ----------
    J. Friedman, "Greedy function approximation: a gradient boosting machine", Annals of Statistics 29, 2001,
    doi:10.1214/aos/1013203451.
    G. Ke et al., "LightGBM: a highly efficient gradient boosting decision tree", NeurIPS 2017,
    https://papers.nips.cc/paper/6907-lightgbm-a-highly-efficient-gradient-boosting-decision-tree.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from fer_features.classifiers import HGB
    >>> X, y = load_iris(return_X_y=True)
    >>> model = HGB(max_iter=10, random_state=0).fit(X, y)
    >>> round(model.score(X, y), 1)
    1.0
    >>> model.predict(X[:2]).tolist(), model.predict_proba(X[:2]).shape
    ([0, 0], (2, 3))
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> HGB:
        """Fit the classifier to features of shape (n, d) and labels of shape (n,)."""
        with _threads_for(X):
            return super().fit(X, y, sample_weight)

    def predict(self, X: Any) -> np.ndarray:
        """Predict labels, shape (n,), for features of shape (n, d)."""
        with _threads_for(X):
            return super().predict(X)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Compute the probability of each class, shape (n, k) float64, for features of shape (n, d)."""
        with _threads_for(X):
            return super().predict_proba(X)

    def decision_function(self, X: Any) -> np.ndarray:
        """Compute the raw score of each class, shape (n, k), or (n,) for two classes."""
        with _threads_for(X):
            return super().decision_function(X)

    def tree_splits(self) -> list[tuple[int, np.ndarray, np.ndarray]]:
        """List the splits of each tree: its number, the features (m,) int and the gains (m,) float64.

        Trees of the classes alternate. Two classes have one tree per iteration for both.
        """
        # scikit-learn offers no public access to the trees. Tests detect a change of these names.
        trees = [tree for iteration in self._predictors for tree in iteration]
        splits = [tree.nodes[tree.nodes["is_leaf"] == 0] for tree in trees]
        pairs = ((nodes["feature_idx"].astype(int), nodes["gain"].astype(float)) for nodes in splits)
        return [(number, features, gain) for number, (features, gain) in enumerate(pairs)]


def _threads_for(X: Any) -> contextlib.AbstractContextManager:
    shape = X.shape if hasattr(X, "shape") else np.asarray(X).shape
    return threadpool_limits(1, "openmp") if math.prod(shape) < MIN_MULTITHREADED_ENTRIES else contextlib.nullcontext()
