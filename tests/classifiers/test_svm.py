"""The RBF support vector machine equals scikit-learn's, whichever way its kernel is made."""

import numpy as np
import pytest
from sklearn.svm import SVC

from fer_features.classifiers import SVM, svm


def blobs(k=4, n=160, d=300, seed=0, noise=3):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    X = np.random.default_rng(1).normal(size=(k, d))[y] + noise * rng.normal(size=(n, d))
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


@pytest.mark.parametrize("k", [2, 3, 5])
def test_pair_scores_choose_what_the_votes_choose_and_grow_with_the_margins(k):
    X, y = blobs(k, noise=12)
    new, truth = blobs(k, n=600, seed=2, noise=12)
    model = SVM().fit(X, y)
    scores = model.pair_scores(new)
    assert scores.shape == (600, k)
    assert model.classes_[scores.argmax(1)].tolist() == model.predict(new).tolist()
    lead = np.diff(np.sort(scores, 1)[:, -2:], axis=1)[:, 0]
    right = model.predict(new) == truth
    surer = lead > np.median(lead)
    assert right[surer].mean() > right[~surer].mean() + 0.1


def test_pair_scores_are_the_product_of_the_pairs_probabilities():
    X, y = blobs(3)
    model = SVM().fit(X, y)
    pairs = SVC(C=10, gamma=0.5, decision_function_shape="ovo").fit(X, y).decision_function(X)
    p = 1 / (1 + np.exp(-4 * pairs))
    expected = np.log(np.stack([p[:, 0] * p[:, 1], (1 - p[:, 0]) * p[:, 2], (1 - p[:, 1]) * (1 - p[:, 2])], 1))
    found = model.pair_scores(X)
    np.testing.assert_allclose(np.sort(found, 1), np.sort(expected, 1), rtol=1e-3, atol=1e-3)
    assert (found.argmax(1) == expected.argmax(1)).mean() > 0.95
