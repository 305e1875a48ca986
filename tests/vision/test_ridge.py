"""Ridge regression from sums over blocks, against that of scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import PredefinedSplit, cross_val_predict

from fer_features.vision import ridge
from fer_features.vision.ridge import fit_ridge


@pytest.fixture(autouse=True, params=[7, 1000])
def block_size(request, monkeypatch):
    """Several blocks per fold, and a single one."""
    monkeypatch.setattr(ridge, "BLOCK_SIZE", request.param)


@pytest.fixture(scope="module")
def regression():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 5)).astype(np.float32) + 1
    y = x @ rng.normal(size=(5, 3)) + rng.normal(size=(60, 3)) - 2
    return x, y, np.arange(60) % 4


def sklearn_ridge(x, alpha):
    return Ridge(alpha * ((x - x.mean(0)) ** 2).sum() / x.shape[1])


def test_ridge_equals_that_of_scikit_learn(regression):
    x, y, fold = regression
    weights, _ = fit_ridge(x, y, fold, [0.3])
    model = sklearn_ridge(x, 0.3).fit(x, y)
    np.testing.assert_allclose(weights[:-1], model.coef_.T, atol=1e-4)
    np.testing.assert_allclose(weights[-1], model.intercept_, atol=1e-4)


def test_ridge_predicts_held_out_samples(regression):
    x, y, fold = regression
    _, predicted = fit_ridge(x, y, fold, [1e-6])
    expected = cross_val_predict(Ridge(1e-8), x, y, cv=PredefinedSplit(fold))
    np.testing.assert_allclose(predicted, expected, atol=1e-3)


def test_ridge_chooses_the_penalty_on_held_out_samples(regression):
    x, y, fold = regression
    errors = {a: ((fit_ridge(x, y, fold, [a])[1] - y) ** 2).mean() for a in (1e-6, 0.1, 100.0)}
    best = min(errors, key=errors.get)
    np.testing.assert_allclose(fit_ridge(x, y, fold, list(errors))[0], fit_ridge(x, y, fold, [best])[0], atol=1e-6)


def test_only_the_given_rows_are_used(regression):
    x, y, fold = regression
    rows = np.r_[0:20, 31:60]
    disturbed = x.copy()
    disturbed[20:31] = np.nan
    found, expected = fit_ridge(disturbed, y, fold, [0.3], rows), fit_ridge(x[rows], y[rows], fold[rows], [0.3])
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
