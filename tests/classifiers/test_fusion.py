"""Late fusion: votes are equal, probabilities are calibrated on held-out people, choices of one member stay."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from fer_features import Samples, make_pipeline
from fer_features.classifiers import LateFusion
from fer_features.evaluation.protocol import choose_protocol


def noisy(n=600, people=20, seed=0):
    """Three classes that overlap, and people whose mean differs."""
    rng = np.random.default_rng(seed)
    y, person = rng.integers(0, 3, n), np.arange(n) % people
    centres = np.array([[0, 0], [2, 0], [0, 2]])
    X = centres[y] + rng.normal(size=(n, 2)) + np.random.default_rng(1).normal(scale=0.5, size=(people, 2))[person]
    return X.astype(np.float32), 3 + 2 * y, person


def brier(p, truth):
    return ((p - np.eye(3)[truth]) ** 2).sum(1).mean()


def test_one_member_keeps_its_choices_and_gets_probabilities():
    X, y, _ = noisy()
    model = LateFusion([("a", LinearSVC())]).fit(X[:300], y[:300])
    p = model.predict_proba(X[300:])
    assert p.shape == (300, 3)
    np.testing.assert_allclose(p.sum(1), 1)
    assert model.predict(X[300:]).tolist() == LinearSVC().fit(X[:300], y[:300]).predict(X[300:]).tolist()
    assert model.classes_.tolist() == [3, 5, 7]


@pytest.mark.parametrize("factor", [0.1, 10.0])
def test_what_is_too_sure_or_too_unsure_is_mended(factor):
    class Wrong(LogisticRegression):
        def decision_function(self, X):
            return factor * super().decision_function(X)

    X, y, _ = noisy(1200)
    train, test = slice(0, 600), slice(600, None)
    truth = (y[test] - 3) // 2
    honest = LogisticRegression().fit(X[train], y[train]).predict_proba(X[test])
    raw = softmax(Wrong().fit(X[train], y[train]).decision_function(X[test]), 1)
    mended = LateFusion([("a", Wrong())]).fit(X[train], y[train]).predict_proba(X[test])
    assert brier(mended, truth) < brier(raw, truth) - 0.02
    assert brier(mended, truth) == pytest.approx(brier(honest, truth), abs=0.01)


def test_members_have_equal_votes_and_the_mean_is_sharpened():
    # Two members see one coordinate each: together they know more than either, and more than their mean says.
    X, y, _ = noisy(1200)

    def of(column):
        return Pipeline([("a", FunctionTransformer(lambda X: X[:, [column]])), ("b", LogisticRegression())])

    train, test = slice(0, 600), slice(600, None)
    model = LateFusion([("x", of(0)), ("y", of(1))]).fit(X[train], y[train])
    swapped = LateFusion([("y", of(1)), ("x", of(0))]).fit(X[train], y[train])
    np.testing.assert_allclose(model.predict_proba(X[test]), swapped.predict_proba(X[test]), rtol=1e-6)
    singles = [LateFusion([("x", of(c))]).fit(X[train], y[train]).score(X[test], y[test]) for c in (0, 1)]
    assert model.score(X[test], y[test]) > max(singles) + 0.05
    assert model.sharpness_ > 1.2


def test_people_are_kept_apart_where_they_are_known():
    # A member that knows every person by heart is right on people it has seen and guesses on others.
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(30), 10)
    y = rng.integers(0, 2, 30)[person]
    images = rng.integers(0, 256, (30, 1, 8, 8)).astype(np.uint8)[person]

    class ByHeart(LinearSVC):
        def _flat(self, X):
            return X["images"].reshape(len(X), -1).astype(float) / 1000

        def fit(self, X, y):
            return super().fit(self._flat(X), y)

        def decision_function(self, X):
            return super().decision_function(self._flat(X))

    known = Samples.from_arrays(images=images, subject=person)
    unknown = Samples.from_arrays(images=images)
    told = LateFusion([("a", ByHeart())]).fit(known, y)
    untold = LateFusion([("a", ByHeart())]).fit(unknown, y)
    assert untold.predict_proba(unknown).max(1).mean() > 0.95
    assert told.predict_proba(known).max(1).mean() < 0.75


@pytest.mark.parametrize("y", [[0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1, 1, 1, 2]])
def test_few_rows_are_fitted_without_calibration_rather_than_refused(y):
    X = np.random.default_rng(0).normal(size=(len(y), 2)) + np.array(y)[:, None]
    model = LateFusion([("a", LogisticRegression())]).fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()


def test_a_class_that_one_person_alone_shows():
    X, y, person = noisy()
    y[person == 0] = 9
    table = Samples.from_arrays(images=(X[:, None, None, :] * 10 + 128).astype(np.uint8), subject=person)
    member = Pipeline([("a", FunctionTransformer(lambda t: t["images"].reshape(len(t), -1))), ("b", LinearSVC())])
    p = LateFusion([("a", member)]).fit(table, y).predict_proba(table)
    assert p.shape == (600, 4)
    np.testing.assert_allclose(p.sum(1), 1)


def test_parameters_of_members_are_reached_by_name_and_it_can_be_cloned():
    model = make_pipeline("hog_svm+landmarks_xgb", seed=5)
    model.set_params(hog_svm__features__hog__cell=8, folds=3)
    again = clone(model)
    assert again.get_params()["hog_svm__features__hog__cell"] == 8
    assert (again.folds, again.seed) == (3, 5)
    assert again.get_params()["landmarks_xgb__classifier__random_state"] == 5


def test_it_is_judged_like_any_other(clips):
    images, landmarks, label, subject = clips
    X = Samples.from_arrays(images=images, landmarks=landmarks, label=label, subject=subject)
    model = make_pipeline("hogdiff_svm+landmarks_linear")
    protocol = choose_protocol("4fold", label, subject, ())
    right = [
        model.fit(X[a], label[a]).predict(X[b]) == label[b]
        for a, b in StratifiedGroupKFold(4).split(label, label, subject)
    ]
    assert np.concatenate(right).mean() > 0.6
    assert str(protocol)
    together = model.predict_proba(X)
    np.testing.assert_allclose(
        np.concatenate([model.predict_proba(X[[i]]) for i in range(len(X))]), together, atol=1e-6
    )
