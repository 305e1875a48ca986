"""The linear support vector machine equals scikit-learn's, also where features outnumber rows."""

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from fer_features.classifiers import LinearSVM


@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize("d", [20, 900])
@pytest.mark.parametrize("parameters", [{}, {"C": 3, "class_weight": "balanced"}])
def test_it_is_scikit_learn_s(k, d, parameters):
    rng = np.random.default_rng(0)
    y = 2 * rng.integers(0, k, 150)
    centres = rng.normal(size=(2 * k, d))
    X, new = (centres[y] + 4 * rng.normal(size=(150, d)) for _ in range(2))
    X, new = X / np.sqrt(d) / 4, new / np.sqrt(d) / 4
    exact = {"tol": 1e-6, "max_iter": 20000}
    ours, theirs = LinearSVM(**parameters).fit(X, y), LinearSVC(**parameters, **exact).fit(X, y)
    # scikit-learn's default tolerance, which ours has inside, is good for three digits.
    np.testing.assert_allclose(ours.decision_function(new), theirs.decision_function(new), atol=3e-3)
    assert (ours.predict(new) == theirs.predict(new)).mean() > 0.99
    assert ours.coef_.shape == theirs.coef_.shape
    np.testing.assert_allclose(new @ ours.coef_.T + ours.intercept_, ours.decision_function(new).reshape(150, -1))


def test_rows_that_repeat_span_less_than_their_number():
    X = np.repeat(np.random.default_rng(0).normal(size=(6, 50)), 3, 0)
    y = np.repeat([0, 1, 2, 0, 1, 2], 3)
    assert LinearSVM(C=100).fit(X, y).predict(X).tolist() == y.tolist()
