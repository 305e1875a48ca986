"""Base class of classifiers that are trained block by block, on features that need not fit into memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ..samples.feature_blocks import FeatureBlocks, row_blocks


class BlockwiseClassifier(ClassifierMixin, BaseEstimator):
    """Base class: labels, and scores of blocks of samples.

    A subclass defines ``_fit(X, codes)`` and ``_scores(block)`` of shape (m, k).

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
    n_features_in_ : int
    """

    classes_: np.ndarray

    def fit(self, X: Any, y: Any) -> Any:
        """Fit the classifier.

        Parameters
        ----------
        X : FeatureBlocks, or array-like of shape (n, d)
            Of `FeatureBlocks`, a few blocks are in memory at once.
        y : array-like of shape (n,)

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For a single class.
        """
        if isinstance(X, FeatureBlocks):
            y = np.asarray(y)
            self.n_features_in_ = X.shape[1]
        else:
            X, y = validate_data(self, X, y, dtype=(np.float32, np.float64))
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"{type(self).__name__} needs samples of at least 2 classes, but the data hold 1 class")
        self._fit(X, codes)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Compute the score of each class, block by block.

        Parameters
        ----------
        X : FeatureBlocks, or array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n, k), or (n,) for two classes, float64
        """
        check_is_fitted(self)
        if not isinstance(X, FeatureBlocks):
            X = validate_data(self, X, dtype=(np.float32, np.float64), reset=False)
        scores = np.empty((len(X), len(self.classes_)))
        for rows in row_blocks(X):
            scores[rows] = self._scores(X[rows])
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: Any) -> np.ndarray:
        """Predict labels, shape (n,), for features of shape (n, d)."""
        scores = self.decision_function(X)
        return self.classes_[(scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(1)]

    def _fit(self, X: Any, codes: np.ndarray) -> None:
        raise NotImplementedError

    def _scores(self, block: np.ndarray) -> np.ndarray:
        raise NotImplementedError
