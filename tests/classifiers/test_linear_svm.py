"""The linear support vector machine equals that of scikit-learn, also with more features than samples."""

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from fer_features.classifiers import LinearSVM


@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize("d", [20, 900])
@pytest.mark.parametrize("parameters", [{}, {"C": 3, "class_weight": "balanced"}])
@pytest.mark.parametrize("weighted", [False, True])
def test_scores_are_those_of_scikit_learn(k, d, parameters, weighted):
    rng = np.random.default_rng(0)
    y = 2 * rng.integers(0, k, 150)
    centers = rng.normal(size=(2 * k, d))
    X, new = (centers[y] + 4 * rng.normal(size=(150, d)) for _ in range(2))
    X, new = X / np.sqrt(d) / 4, new / np.sqrt(d) / 4
    weight = rng.integers(0, 3, 150) if weighted else None
    exact = {"tol": 1e-9, "max_iter": 20000}
    ours = LinearSVM(**parameters, **exact).fit(X, y, weight)
    theirs = LinearSVC(**parameters, **exact).fit(X, y, weight)
    np.testing.assert_allclose(ours.decision_function(new), theirs.decision_function(new), atol=1e-6)
    assert (ours.predict(new) == theirs.predict(new)).all()
    assert ours.coef_.shape == theirs.coef_.shape
    np.testing.assert_allclose(new @ ours.coef_.T + ours.intercept_, ours.decision_function(new).reshape(150, -1))
    # The default tolerance determines three digits.
    default = LinearSVM(**parameters).fit(X, y, weight)
    np.testing.assert_allclose(default.decision_function(new), theirs.decision_function(new), atol=3e-3)


def test_repeated_samples_have_a_span_of_lower_dimension():
    X = np.repeat(np.random.default_rng(0).normal(size=(6, 50)), 3, 0)
    y = np.repeat([0, 1, 2, 0, 1, 2], 3)
    assert LinearSVM(C=100).fit(X, y).predict(X).tolist() == y.tolist()


def test_constant_zero_features_give_the_most_frequent_class():
    assert LinearSVM().fit(np.zeros((3, 5)), [0, 1, 1]).predict(np.zeros((2, 5))).tolist() == [1, 1]


def test_centred_float32_samples_have_the_scores_of_float64():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 60)
    X = (rng.normal(size=(3, 800))[y] + rng.normal(size=(60, 800))).astype(np.float32)
    X = (X - X.mean(0)) / 30  # one sample is a linear combination of the others
    found, expected = (LinearSVM().fit(X.astype(dtype), y) for dtype in (np.float32, np.float64))
    assert found.coef_.dtype == np.float32
    new = rng.normal(size=(50, 800)) / 30
    np.testing.assert_allclose(found.decision_function(new), expected.decision_function(new), atol=1e-5)
