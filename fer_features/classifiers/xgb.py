"""Gradient boosting by XGBoost, for labels that are any codes."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from xgboost import XGBClassifier


class XGB(ClassifierMixin, BaseEstimator):
    """XGBoost's classifier with labels of any kind.

    Parameters
    ----------
    n_estimators, max_depth, learning_rate, max_bin, subsample, colsample_bytree, reg_lambda, min_child_weight
        As in `xgboost.XGBClassifier`.
    random_state : int or None

    Notes
    -----
    `XGBClassifier` wants labels 0..k-1 without gaps, which a fold that lacks a class does not have: labels are
    mapped here. One thread, so that folds can run side by side and results do not depend on it.
    """

    def __init__(
        self,
        n_estimators: int = 100,
        max_depth: int = 3,
        learning_rate: float = 0.15,
        max_bin: int = 32,
        subsample: float = 0.8,
        colsample_bytree: float = 0.05,
        reg_lambda: float = 1.0,
        min_child_weight: float = 1.0,
        random_state: int | None = None,
    ):
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.learning_rate = learning_rate
        self.max_bin = max_bin
        self.subsample = subsample
        self.colsample_bytree = colsample_bytree
        self.reg_lambda = reg_lambda
        self.min_child_weight = min_child_weight
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> XGB:
        """Fit on features (n, d) and labels (n,)."""
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        self.booster_ = XGBClassifier(**self.get_params(), n_jobs=1, tree_method="hist").fit(X, codes)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Labels, (n,)."""
        return self.classes_[self.predict_proba(X).argmax(1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each class, (n, k) float32."""
        return self.booster_.predict_proba(X)
