"""Boosting of scikit-learn with one thread on small data."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_info

from fer_features.classifiers import HGB, hgb

from .toy_features import separable_classes


def n_openmp_threads():
    return max(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "openmp")


def test_predictions_are_those_of_scikit_learn():
    X, y = separable_classes()
    ours, theirs = (kind(max_iter=5, random_state=0).fit(X, y) for kind in (HGB, HistGradientBoostingClassifier))
    for method in ("predict", "predict_proba", "decision_function"):
        np.testing.assert_array_equal(getattr(ours, method)(X), getattr(theirs, method)(X))


@pytest.mark.parametrize("as_given", [np.asarray, np.ndarray.tolist], ids=["array", "list"])
def test_small_data_use_one_thread_and_large_data_the_default(monkeypatch, as_given):
    X = as_given(np.zeros((4, 3)))
    HGB(max_iter=1).fit(np.eye(4), [0, 1, 0, 1])  # loads OpenMP
    before = n_openmp_threads()
    with hgb._threads_for(X):
        assert n_openmp_threads() == 1
    monkeypatch.setattr(hgb, "MIN_MULTITHREADED_ENTRIES", 12)
    with hgb._threads_for(X):
        assert n_openmp_threads() == before
