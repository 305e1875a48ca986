"""Kernel ridge against scikit-learn's and against its own definition; what the mirror promises."""

import pickle

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.base import clone
from sklearn.kernel_ridge import KernelRidge

from fer_features import FerError
from fer_features.classifiers.kernel_ridge import solvers as solutions
from fer_features.classifiers.kernel_ridge.estimator import KRR
from fer_features.classifiers.kernel_ridge.mirrored import Parts, kernel, principal, split


def clouds(n=90, d=10, codes=(2, 5, 9), seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(len(codes), size=n)
    centres = np.random.default_rng(7).normal(size=(len(codes), d))
    return (centres[y] + 1.2 * rng.normal(size=(n, d))).astype(np.float32), np.asarray(codes)[y]


def targets_of(y):
    return np.eye(len(np.unique(y)))[np.unique(y, return_inverse=True)[1]] - 1 / len(np.unique(y))


def turned(X):
    """Rows of the mirrored pictures: their own mirror is the picture."""
    return np.concatenate([X[:, X.shape[1] // 2 :], X[:, : X.shape[1] // 2]], 1)


def test_scores_are_those_of_scikit_learn():
    X, y = clouds()
    new = clouds(seed=1)[0]
    model = KRR(gamma=0.7, ridge=0.2, half=False).fit(X, y)
    distances = ((X[:, None] - X) ** 2).sum(2)
    mean = distances[~np.eye(len(X), dtype=bool)].mean()
    assert 0.7 / mean == pytest.approx(model.gamma_ * model.scale_**2, rel=1e-4)
    theirs = KernelRidge(alpha=0.2, kernel="rbf", gamma=0.7 / mean).fit(X, targets_of(y))
    np.testing.assert_allclose(model.decision_function(new), theirs.predict(new), atol=2e-5)


def test_class_weights_are_weights_of_rows():
    X, y = clouds()
    given = {2: 3.0, 5: 1.0, 9: 0.5}
    model = KRR(class_weight=given, half=False).fit(X, y)
    theirs = KernelRidge(alpha=0.1, kernel="rbf", gamma=model.gamma_ * model.scale_**2)
    theirs.fit(X, targets_of(y), sample_weight=[given[code] for code in y])
    np.testing.assert_allclose(model.decision_function(X), theirs.predict(X), atol=5e-5)
    heavy = KRR(class_weight={2: 100.0, 5: 1.0, 9: 1.0}).fit(X, y)
    new = clouds(seed=3)[0]
    assert (heavy.predict(new) == 2).sum() > (KRR().fit(X, y).predict(new) == 2).sum()


@pytest.mark.parametrize("landmarks", [0, 30])
@pytest.mark.parametrize("weights", [None, {2: 3.0, 5: 1.0, 9: 0.5}])
def test_left_out_scores_are_those_of_leaving_out(landmarks, weights):
    X, y = clouds(60)
    model = KRR(ridge=0.05, half=False, landmarks=landmarks, class_weight=weights).fit(X, y)
    K = np.exp(-model.gamma_ * model.scale_**2 * ((X[:, None] - X) ** 2).sum(2).astype(float))
    T, w = targets_of(y), np.array([(weights or {}).get(code, 1.0) for code in y])
    chosen = np.sort(np.random.default_rng(None if landmarks == 0 else 0).permutation(60)[:landmarks])
    if landmarks:
        model = KRR(ridge=0.05, half=False, landmarks=landmarks, class_weight=weights, random_state=0).fit(X, y)
    for i in range(0, len(X), 7):
        rest = np.delete(np.arange(len(X)), i)
        if landmarks:
            Z = K[np.ix_(rest, chosen)]
            A = Z.T * w[rest] @ Z + 0.05 * K[np.ix_(chosen, chosen)]
            expected = K[i, chosen] @ np.linalg.solve(A, Z.T * w[rest] @ T[rest])
        else:
            A = K[np.ix_(rest, rest)] + np.diag(0.05 / w[rest])
            expected = K[i, rest] @ np.linalg.solve(A, T[rest])
        np.testing.assert_allclose(model.left_out_[i], expected, atol=1e-3)


@pytest.mark.parametrize("landmarks", [0, 30])
def test_left_out_scores_of_groups_are_those_of_leaving_groups_out(landmarks):
    X, y = clouds(60)
    group = np.repeat(np.arange(22), [1, 4] * 10 + [3, 7])
    options = {"ridge": 0.05, "half": False, "landmarks": landmarks, "random_state": 0}
    weights = {2: 3.0, 5: 1.0, 9: 0.5}
    model = KRR(class_weight=weights, **options).fit(X, y, group)
    K = np.exp(-model.gamma_ * model.scale_**2 * ((X[:, None] - X) ** 2).sum(2).astype(float))
    T, w = targets_of(y), np.array([weights[code] for code in y])
    chosen = np.sort(np.random.default_rng(0).permutation(60)[:landmarks])
    for g in range(22):
        rest, out = group != g, np.flatnonzero(group == g)
        if landmarks:
            Z = K[np.ix_(rest, chosen)]
            A = Z.T * w[rest] @ Z + 0.05 * K[np.ix_(chosen, chosen)]
            expected = K[np.ix_(out, chosen)] @ np.linalg.solve(A, Z.T * w[rest] @ T[rest])
        else:
            expected = K[np.ix_(out, rest)] @ np.linalg.solve(K[np.ix_(rest, rest)] + np.diag(0.05 / w[rest]), T[rest])
        np.testing.assert_allclose(model.left_out_[out], expected, rtol=5e-3, atol=1e-3)
    with pytest.raises(ValueError, match="side by side"):
        model.fit(X, y, np.arange(60) % 7)


def test_a_loaded_model_is_the_same_and_changes_no_precision_face_by_face():
    X, y = clouds(200, 12)
    model = KRR(mirror=True, even=4, odd=3).fit(X, y)
    loaded = pickle.loads(pickle.dumps(model))
    assert loaded.rows_.even.dtype == loaded.rows_.odd.dtype == np.float32
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    each = np.concatenate([loaded.decision_function(X[i : i + 1]) for i in range(20)])
    np.testing.assert_allclose(each, model.decision_function(X[:20]), atol=1e-5)


def test_of_several_ridges_that_with_the_best_left_out_scores_is_taken_whatever_their_order():
    X, y = clouds(120)
    ridges = (0.001, 0.01, 0.1, 1.0, 30.0)
    each = {r: KRR(ridge=r, half=False).fit(X, y) for r in ridges}
    right = {r: (m.classes_[m.left_out_.argmax(1)] == y).mean() for r, m in each.items()}
    for order in (ridges, ridges[::-1]):
        model = KRR(ridge=order, half=False).fit(X, y)
        assert right[model.ridge_] == max(right.values())
        np.testing.assert_allclose(model.coefficients_, each[model.ridge_].coefficients_, atol=1e-4)


def test_the_mirror_kernel_is_the_mean_over_mirrored_rows():
    X = clouds(40, 12)[0]
    parts = split(X)
    K = np.empty((40, 40), np.float32)
    kernel(parts, parts, 0.1, (parts.squares(), parts.squares()), K)
    # |f - f'|^2 + |f_m - f_m'|^2 is what the parts' distances sum to.
    one = ((X[:, None] - X) ** 2).sum(2)
    other = ((X[:, None] - turned(X)) ** 2).sum(2)
    np.testing.assert_allclose(K, (np.exp(-0.1 * one) + np.exp(-0.1 * other)) / 2, rtol=1e-4)
    assert np.linalg.eigvalsh(K.astype(float)).min() > -1e-5


@pytest.mark.parametrize("options", [{}, {"even": 4, "odd": 3}, {"landmarks": 25}], ids=str)
def test_a_mirrored_picture_gets_the_same_scores(options):
    X, y = clouds(80, 12)
    new = clouds(30, 12, seed=2)[0]
    model = KRR(mirror=True, random_state=0, **options).fit(X, y)
    np.testing.assert_allclose(model.decision_function(turned(new)), model.decision_function(new), atol=1e-4)
    mirrored = clone(model).fit(np.where(np.arange(80)[:, None] % 2, X, turned(X)), y)
    np.testing.assert_allclose(mirrored.decision_function(new), model.decision_function(new), atol=5e-3)


def test_the_mirror_is_worth_the_mirrored_rows():
    # Ridge on rows and mirrored rows with the plain kernel has the solution of half as many with this one.
    X, y = clouds(50, 12)
    gamma = 1.0
    model = KRR(mirror=True, gamma=gamma, ridge=0.2, half=False).fit(X, y)
    both, again = np.concatenate([X, turned(X)]), np.concatenate([targets_of(y)] * 2)
    theirs = KernelRidge(alpha=0.4, kernel="rbf", gamma=model.gamma_ * model.scale_**2).fit(both, again)
    np.testing.assert_allclose(model.decision_function(X), theirs.predict(X), atol=1e-4)


@pytest.mark.parametrize("at_once", [512, 16])
def test_all_rows_as_landmarks_are_no_approximation(at_once, monkeypatch):
    monkeypatch.setattr(solutions, "ROWS", at_once)
    X, y = clouds()
    new = clouds(seed=1)[0]
    few = KRR(landmarks=len(X), half=False, ridge=0.3).fit(X, y)
    np.testing.assert_allclose(
        few.decision_function(new), KRR(half=False, ridge=0.3).fit(X, y).decision_function(new), atol=2e-3
    )


def test_landmarks_that_are_all_but_equal_are_told():
    X = 1 + 1e-4 * np.random.default_rng(0).normal(size=(400, 2))
    with pytest.raises(ValueError, match="larger ridge or gamma"):
        KRR(gamma=1e-6, ridge=1e-9, landmarks=300, half=False).fit(X, np.arange(400) % 3)


def test_what_does_not_fit_into_memory_is_approximated_and_said():
    X, y = clouds(300)
    with pytest.warns(UserWarning, match="landmarks are drawn instead"):
        model = KRR(max_memory=1e-4, random_state=0).fit(X, y)
    assert len(model.rows_) == len(model.coefficients_) < 300
    assert model.left_out_.shape == (300, 3)
    assert (model.predict(X) == y).mean() > 0.8


def test_probabilities_sum_to_one_and_are_calibrated_on_left_out_scores():
    X, y = clouds(400, 4)
    new, truth = clouds(400, 4, seed=5)
    model = KRR(ridge=0.01).fit(X, y)
    probability = model.predict_proba(new)
    np.testing.assert_allclose(probability.sum(1), 1)
    held_out = softmax(model.sharpness_ * model.left_out_.astype(float), 1)
    assert held_out.max(1).mean() == pytest.approx((model.classes_[held_out.argmax(1)] == y).mean(), abs=0.04)
    assert probability.max(1).mean() == pytest.approx((model.predict(new) == truth).mean(), abs=0.06)


def test_half_precision_changes_next_to_nothing_and_saves_half():
    X, y = clouds(300, 50)
    new = clouds(100, 50, seed=4)[0]
    full, half = KRR(half=False).fit(X, y), KRR().fit(X, y)
    np.testing.assert_allclose(half.decision_function(new), full.decision_function(new), atol=5e-3)
    assert len(pickle.dumps(half)) < 0.75 * len(pickle.dumps(full))


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_scale_of_features_does_not_matter(scale):
    X, y = clouds()
    ours = KRR().fit(X * np.float32(scale), y).decision_function(X * np.float32(scale))
    np.testing.assert_allclose(ours, KRR().fit(X, y).decision_function(X), atol=5e-3)


def test_two_classes_have_one_score_and_few_rows_do():
    X, y = clouds(6, 20, (1, 4))
    model = KRR(even=50).fit(X, y)
    assert model.decision_function(X).shape == (6,)
    np.testing.assert_array_equal(model.predict(X), np.where(model.decision_function(X) > 0, 4, 1))
    same = KRR(landmarks=4).fit(np.ones((6, 3)), y)
    assert np.isfinite(same.predict_proba(np.ones((2, 3)))).all()


@pytest.mark.parametrize(("n", "d"), [(200, 12), (15, 40)])
@pytest.mark.parametrize("centre", [True, False])
def test_principal_components_are_those_of_the_singular_values(n, d, centre):
    X = np.random.default_rng(0).normal(size=(n, d)).astype(np.float32) * np.linspace(3, 0.2, d, dtype=np.float32) + 1
    mean, basis = principal(X, 5, centre)
    np.testing.assert_allclose(mean, X.mean(0) if centre else 0, atol=1e-5)
    theirs = np.linalg.svd(X - mean)[2][:5]
    np.testing.assert_allclose(np.abs(theirs @ basis), np.eye(5), atol=2e-3)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"ridge": 0}, "ridge=0"), ({"gamma": -1}, "gamma=-1"), ({"odd": -2}, "odd=-2"), ({"mirror": True}, "two halves")],
)
def test_wrong_parameters_are_told(options, words):
    X, y = clouds(20, 5)
    with pytest.raises(FerError, match=words):
        KRR(**options).fit(X, y)


def test_parts_know_their_mean_distance():
    X = clouds(30, 12)[0]
    parts = Parts(X[:, :7], X[:, 7:])
    distances = sum(((X[:, None] - one) ** 2).sum(2) for one in (X, X * np.where(np.arange(12) < 7, 1, -1))) / 2
    # With its own mirror a row is at another distance than with others.
    np.fill_diagonal(distances, 0)
    assert parts.mean_distance() == pytest.approx(distances.sum() / (30 * 29), rel=1e-5)
