"""Gradient boosting by XGBoost, for labels of any type."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from xgboost import DataIter, ExtMemQuantileDMatrix, QuantileDMatrix, XGBClassifier, train
from xgboost.core import XGBoostError

from ..exceptions import FerError
from ..samples.feature_blocks import FeatureBlocks
from .sample_weights import check_sample_weight

#: Bytes of quantized features, one per feature and sample, above which these are kept in a temporary file.
MAX_QUANTIZED_BYTES = 64_000_000


class XGB(ClassifierMixin, BaseEstimator):
    """Gradient boosted trees of XGBoost, for labels of any type.

    Parameters
    ----------
    n_estimators, max_depth, learning_rate, max_bin, subsample, colsample_bytree, reg_lambda, min_child_weight
        See `xgboost.XGBClassifier`. The defaults suit hundreds of samples with thousands of features.
    random_state : int or None, default=None

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (d,)
        Defined only if `X` has feature names that are all strings.
    estimator_ : xgboost.XGBClassifier

    Notes
    -----
    `xgboost.XGBClassifier` accepts labels 0 to k-1 only, and a fold that lacks a class has others. One thread is used,
    so that folds can run in parallel and results do not depend on the number of cores.

    References
    ----------
    T. Chen, C. Guestrin, "XGBoost: a scalable tree boosting system", KDD 2016, https://doi.org/10.1145/2939672.2939785.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from fer_features.classifiers import XGB
    >>> X, y = load_iris(return_X_y=True)
    >>> model = XGB(n_estimators=10, colsample_bytree=1.0, random_state=0).fit(X, y)
    >>> round(model.score(X, y), 1)
    1.0
    >>> model.predict(X[:2]).tolist(), model.predict_proba(X[:2]).shape
    ([0, 0], (2, 3))
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

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> XGB:
        """Fit the classifier.

        Parameters
        ----------
        X : FeatureBlocks, or array-like of shape (n, d)
            Features on disk are read block by block, and kept as the numbers of their bins, a byte per feature: in
            memory up to `MAX_QUANTIZED_BYTES`, above in a file in the folder of temporary files (`TMPDIR`).
        y : array-like of shape (n,)
        sample_weight : array-like of shape (n,), optional
            Not for features on disk.

        Returns
        -------
        self

        Raises
        ------
        FerError
            For a parameter that XGBoost refuses.
        ValueError
            For invalid data, or a single class.
        """
        if isinstance(X, FeatureBlocks):
            y, self.n_features_in_ = np.asarray(y), X.shape[1]
        else:
            X, y = validate_data(self, X, y, dtype=(np.float64, np.float32))
        check_classification_targets(y)
        sample_weight = check_sample_weight(sample_weight, len(X))
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(np.unique(codes if sample_weight is None else codes[sample_weight > 0])) < 2:
            raise ValueError("XGB needs samples of at least 2 classes, but the data hold only 1 class")
        if not self.n_estimators >= 1:
            raise FerError(f"XGB: n_estimators={self.n_estimators!r}, but it must be at least 1")
        estimator = XGBClassifier(**self.get_params(), n_jobs=1, tree_method="hist")
        try:
            if isinstance(X, FeatureBlocks):
                self.estimator_ = self._fit_blocks(estimator, X, codes)
            else:
                self.estimator_ = estimator.fit(X, codes, sample_weight=sample_weight)
        except XGBoostError as error:  # the message contains a stack trace
            first_line = str(error).strip().splitlines()[0]
            without_source_file = re.sub(r"^\[[0-9:]+\] \S+: ", "", first_line)
            raise FerError(f"XGB: {without_source_file}") from error
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predict labels, shape (n,), for features of shape (n, d)."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Compute the probability of each class, shape (n, k) float32, for features of shape (n, d)."""
        check_is_fitted(self)
        if not isinstance(X, FeatureBlocks):
            return self.estimator_.predict_proba(validate_data(self, X, dtype=(np.float64, np.float32), reset=False))
        probabilities = np.empty((len(X), len(self.classes_)), np.float32)
        for rows in X.row_blocks():
            probabilities[rows] = self.estimator_.predict_proba(X[rows])
        return probabilities

    def _fit_blocks(self, estimator: XGBClassifier, X: FeatureBlocks, codes: np.ndarray) -> XGBClassifier:
        """The estimator with trees that are fitted to quantized features, which are read block by block."""
        k = len(self.classes_)
        params = estimator.get_xgb_params() | {"objective": "binary:logistic" if k == 2 else "multi:softprob"}
        params |= {} if k == 2 else {"num_class": k}
        with tempfile.TemporaryDirectory(prefix="fer_features-") as folder:
            if X.shape[0] * X.shape[1] > MAX_QUANTIZED_BYTES:
                cached = _FeatureIterator(X, codes, Path(folder) / "bins")
                data: Any = ExtMemQuantileDMatrix(cached, max_bin=self.max_bin, nthread=1)
            else:
                data = QuantileDMatrix(_FeatureIterator(X, codes), max_bin=self.max_bin, nthread=1)
            booster = train(params, data, num_boost_round=self.n_estimators)
            estimator.load_model(booster.save_raw())
            del data, booster  # before the folder with their file
        return estimator

    def tree_splits(self) -> list[tuple[int, np.ndarray, np.ndarray]]:
        """List the splits of each tree: its number, the features (m,) int and the gains (m,) float64.

        Trees of the classes alternate. Two classes have one tree per iteration for both. Trees without splits are
        omitted.
        """
        check_is_fitted(self)
        table = self.estimator_.get_booster().trees_to_dataframe()
        table = table[table["Feature"] != "Leaf"]
        trees, gains = table["Tree"].to_numpy(), table["Gain"].to_numpy()
        features = table["Feature"].str[1:].astype(int).to_numpy()  # 'f12' is feature 12
        return [(number, features[trees == number], gains[trees == number]) for number in np.unique(trees)]


class _FeatureIterator(DataIter):
    """The blocks of features on disk, in the form that XGBoost reads."""

    def __init__(self, X: FeatureBlocks, codes: np.ndarray, cache: Path | None = None):
        self.X, self.codes, self.blocks, self.position = X, codes, X.row_blocks(), 0
        super().__init__(cache_prefix=None if cache is None else str(cache))

    def next(self, input_data: Any) -> bool:
        if self.position == len(self.blocks):
            return False
        rows = self.blocks[self.position]
        input_data(data=self.X[rows], label=self.codes[rows])
        self.position += 1
        return True

    def reset(self) -> None:
        self.position = 0
