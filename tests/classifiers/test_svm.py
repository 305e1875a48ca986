"""The RBF support vector machine equals that of scikit-learn, with and without precomputed kernel."""

import numpy as np
import pytest
from sklearn.svm import SVC

from fer_features import FerError
from fer_features.classifiers import SVM, svm


def blobs(k=4, n=160, d=300, seed=0, noise=3):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    X = np.random.default_rng(1).normal(size=(k, d))[y] + noise * rng.normal(size=(n, d))
    return (X / np.sqrt(X.var(0).sum())).astype(np.float32), y


@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize("precomputed", [True, False])
@pytest.mark.parametrize("parameters", [{"C": 3, "gamma": 0.7}, {"gamma": "scale", "class_weight": "balanced"}])
@pytest.mark.parametrize("weighted", [False, True])
def test_scores_are_those_of_scikit_learn(monkeypatch, k, precomputed, parameters, weighted):
    if not precomputed:
        monkeypatch.setattr(svm, "MAX_PRECOMPUTED_SAMPLES", 10)
    X, y = blobs(k)
    new, _ = blobs(k, seed=2)
    weight = np.random.default_rng(0).uniform(0.5, 2, len(X)) if weighted else None
    ours, theirs = SVM(**parameters).fit(X, y, weight), SVC(**{"C": 10, **parameters}).fit(X, y, weight)
    np.testing.assert_allclose(ours.decision_function(new), theirs.decision_function(new), atol=2e-5)
    assert ours.predict(new).tolist() == theirs.predict(new).tolist()
    assert ours.support_vectors_.shape == theirs.support_vectors_.shape


@pytest.mark.parametrize("precomputed", [True, False])
def test_samples_of_weight_zero_are_ignored_wherever_they_are(monkeypatch, precomputed):
    # SVC counts its support vectors without these samples, which gives wrong predictions for a precomputed kernel.
    if not precomputed:
        monkeypatch.setattr(svm, "MAX_PRECOMPUTED_SAMPLES", 10)
    X, y = blobs()
    weight = np.random.default_rng(0).integers(0, 3, len(X))
    ours = SVM().fit(X, y, weight)
    used = weight > 0
    np.testing.assert_array_equal(
        ours.decision_function(X), SVM().fit(X[used], y[used], weight[used]).decision_function(X)
    )


def test_float64_features_keep_their_precision():
    X, y = blobs(noise=8)
    X = X.astype(np.float64)
    ours, theirs = SVM(tol=1e-10).fit(X, y), SVC(C=10, gamma=0.5, tol=1e-10).fit(X, y)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-7)


def test_identical_samples_do_not_divide_by_zero():
    model = SVM(gamma="scale").fit(np.ones((6, 3)), [0, 1] * 3)
    assert np.isfinite(model.decision_function(np.ones((2, 3)))).all()


@pytest.mark.parametrize("gamma", [0, -1, "auto", None])
def test_invalid_gamma_is_refused(gamma):
    with pytest.raises(FerError, match="gamma="):
        SVM(gamma=gamma).fit(*blobs())


@pytest.mark.parametrize("k", [2, 3, 5])
def test_pairwise_scores_agree_with_predictions_and_grow_with_margins(k):
    X, y = blobs(k, noise=12)
    new, true = blobs(k, n=600, seed=2, noise=12)
    model = SVM().fit(X, y)
    scores = model.pairwise_scores(new)
    assert scores.shape == (600, k)
    assert model.classes_[scores.argmax(1)].tolist() == model.predict(new).tolist()
    lead = np.diff(np.sort(scores, 1)[:, -2:], axis=1)[:, 0]
    correct = model.predict(new) == true
    confident = lead > np.median(lead)
    assert correct[confident].mean() > correct[~confident].mean() + 0.1


def test_pairwise_scores_are_logarithms_of_products_of_pair_probabilities():
    X, y = blobs(3)
    model = SVM().fit(X, y)
    pairs = SVC(C=10, gamma=0.5, decision_function_shape="ovo").fit(X, y).decision_function(X)
    p = 1 / (1 + np.exp(-4 * pairs))
    expected = np.log(np.stack([p[:, 0] * p[:, 1], (1 - p[:, 0]) * p[:, 2], (1 - p[:, 1]) * (1 - p[:, 2])], 1))
    found = model.pairwise_scores(X)
    np.testing.assert_allclose(np.sort(found, 1), np.sort(expected, 1), rtol=1e-3, atol=1e-3)
    assert (found.argmax(1) == expected.argmax(1)).mean() > 0.95
