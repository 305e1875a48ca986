"""The RBF support vector machine equals scikit-learn's, whichever way its kernel is made."""

import numpy as np
import pytest
from sklearn.svm import SVC

from fer_features.classifiers import SVM, svm


def blobs(k=4, n=160, d=300, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    X = np.random.default_rng(1).normal(size=(k, d))[y] + 3 * rng.normal(size=(n, d))
    return (X / np.sqrt(X.var(0).sum())).astype(np.float32), y


@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("parameters", [{"C": 3, "gamma": 0.7}, {"gamma": "scale", "class_weight": "balanced"}])
def test_it_is_scikit_learn_s(monkeypatch, k, whole, parameters):
    if not whole:
        monkeypatch.setattr(svm, "WHOLE_KERNEL", 10)
    X, y = blobs(k)
    new, _ = blobs(k, seed=2)
    ours, theirs = SVM(**parameters).fit(X, y), SVC(**{"C": 10, **parameters}).fit(X, y)
    np.testing.assert_allclose(ours.decision_function(new), theirs.decision_function(new), atol=2e-5)
    assert ours.predict(new).tolist() == theirs.predict(new).tolist()
    assert ours.support_vectors_.shape == theirs.support_vectors_.shape


def test_rows_that_are_all_alike_do_not_divide_by_zero():
    model = SVM(gamma="scale").fit(np.ones((6, 3)), [0, 1] * 3)
    assert np.isfinite(model.decision_function(np.ones((2, 3)))).all()
