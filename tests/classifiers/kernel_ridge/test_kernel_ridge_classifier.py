"""Kernel ridge classification against scikit-learn and against its definition; the laws of the mirror kernel."""

import pickle

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.base import clone
from sklearn.kernel_ridge import KernelRidge

from fer_features import FerError
from fer_features.classifiers import KernelRidgeClassifier
from fer_features.classifiers.kernel_ridge import solvers
from fer_features.classifiers.kernel_ridge.reduction import EvenOddReduction

from ..toy_features import clouds
from .test_mirror_kernel import mirrored


def targets_of(y):
    return np.eye(len(np.unique(y)))[np.unique(y, return_inverse=True)[1]] - 1 / len(np.unique(y))


def kernel_matrix(model, X):
    return np.exp(-model.gamma_ * ((X[:, None] - X) ** 2).sum(2).astype(float))


@pytest.mark.parametrize(("dtype", "tol"), [(np.float32, 2e-5), (np.float64, 1e-11)])
def test_scores_are_those_of_scikit_learn_in_the_precision_of_the_features(dtype, tol):
    X, y = clouds()
    X, new = X.astype(dtype), clouds(seed=1)[0].astype(dtype)
    model = KernelRidgeClassifier(gamma=0.7, alpha=0.2, store_float16=False).fit(X, y)
    distances = ((X[:, None] - X) ** 2).sum(2)
    mean = distances[~np.eye(len(X), dtype=bool)].mean()
    assert 0.7 / mean == pytest.approx(model.gamma_, rel=1e-4)
    theirs = KernelRidge(alpha=0.2, kernel="rbf", gamma=0.7 / mean).fit(X, targets_of(y))
    scores = model.decision_function(new)
    assert scores.dtype == dtype
    np.testing.assert_allclose(scores, theirs.predict(new), atol=tol)


def test_float32_features_are_not_copied(monkeypatch):
    X, y = clouds()
    shared = []

    class Spy(EvenOddReduction):
        def transform(self, samples):
            shared.append(np.shares_memory(samples, X))
            return super().transform(samples)

    monkeypatch.setattr("fer_features.classifiers.kernel_ridge.classifier.EvenOddReduction", Spy)
    KernelRidgeClassifier().fit(X, y).predict(X)
    assert shared == [True, True]


def test_class_weights_multiply_sample_weights():
    X, y = clouds()
    by_class = {2: 3.0, 5: 1.0, 9: 0.5}
    weight = np.array([by_class[code] for code in y])
    extra = np.random.default_rng(0).uniform(0.5, 2, len(y))
    options = {"alpha": 0.1, "store_float16": False, "n_inducing": 0}
    for sample_weight in (None, extra):
        model = KernelRidgeClassifier(class_weight=by_class, **options).fit(X, y, sample_weight)
        theirs = KernelRidge(alpha=0.1, kernel="rbf", gamma=model.gamma_)
        theirs.fit(X, targets_of(y), sample_weight=weight if sample_weight is None else weight * sample_weight)
        np.testing.assert_allclose(model.decision_function(X), theirs.predict(X), atol=5e-5)
    heavy = KernelRidgeClassifier(class_weight={2: 100.0, 5: 1.0, 9: 1.0}).fit(X, y)
    new = clouds(seed=3)[0]
    assert (heavy.predict(new) == 2).sum() > (KernelRidgeClassifier().fit(X, y).predict(new) == 2).sum()


@pytest.mark.parametrize("n_inducing", [0, 30])
@pytest.mark.parametrize("class_weight", [None, {2: 3.0, 5: 1.0, 9: 0.5}])
@pytest.mark.parametrize("sample_weight", [None, np.resize([0.5, 1.0, 2.5, 3.0], 60)], ids=["equal", "weighted"])
def test_loo_scores_are_those_of_fits_without_the_sample(n_inducing, class_weight, sample_weight):
    X, y = clouds(60)
    options = {"alpha": 0.05, "store_float16": False, "n_inducing": n_inducing, "random_state": 0}
    model = KernelRidgeClassifier(class_weight=class_weight, **options).fit(X, y, sample_weight)
    K, T = kernel_matrix(model, X), targets_of(y)
    repetitions = np.ones(60) if sample_weight is None else sample_weight
    by_class = np.array([(class_weight or {}).get(code, 1.0) for code in y])
    inducing = np.sort(np.random.default_rng(0).permutation(60)[:n_inducing])
    for i in range(0, len(X), 7):
        left = repetitions.copy()
        left[i] -= min(left[i], 1)  # one repetition is left out
        w, rest = by_class * left, np.flatnonzero(left)
        if n_inducing:
            Z = K[np.ix_(rest, inducing)]
            A = Z.T * w[rest] @ Z + 0.05 * K[np.ix_(inducing, inducing)]
            expected = K[i, inducing] @ np.linalg.solve(A, Z.T * w[rest] @ T[rest])
        else:
            A = K[np.ix_(rest, rest)] + np.diag(0.05 / w[rest])
            expected = K[i, rest] @ np.linalg.solve(A, T[rest])
        np.testing.assert_allclose(model.loo_decision_[i], expected, atol=1e-3)


@pytest.mark.parametrize("n_inducing", [0, 30])
def test_loo_scores_of_groups_are_those_of_fits_without_the_group(n_inducing):
    X, y = clouds(60)
    groups = np.repeat(np.arange(22), [1, 4] * 10 + [3, 7])
    options = {"alpha": 0.05, "store_float16": False, "n_inducing": n_inducing, "random_state": 0}
    by_class = {2: 3.0, 5: 1.0, 9: 0.5}
    model = KernelRidgeClassifier(class_weight=by_class, **options).fit(X, y, groups=groups)
    K, T = kernel_matrix(model, X), targets_of(y)
    w = np.array([by_class[code] for code in y])
    inducing = np.sort(np.random.default_rng(0).permutation(60)[:n_inducing])
    for g in range(22):
        rest, out = groups != g, np.flatnonzero(groups == g)
        if n_inducing:
            Z = K[np.ix_(rest, inducing)]
            A = Z.T * w[rest] @ Z + 0.05 * K[np.ix_(inducing, inducing)]
            expected = K[np.ix_(out, inducing)] @ np.linalg.solve(A, Z.T * w[rest] @ T[rest])
        else:
            expected = K[np.ix_(out, rest)] @ np.linalg.solve(K[np.ix_(rest, rest)] + np.diag(0.05 / w[rest]), T[rest])
        np.testing.assert_allclose(model.loo_decision_[out], expected, rtol=5e-3, atol=1e-3)


@pytest.mark.parametrize(("groups", "message"), [(np.arange(60) % 7, "adjacent"), (np.arange(59), "inconsistent")])
def test_unusable_groups_are_refused(groups, message):
    with pytest.raises(ValueError, match=message):
        KernelRidgeClassifier().fit(*clouds(60), groups=groups)


def test_samples_of_weight_zero_are_ignored_and_their_loo_scores_are_predictions():
    X, y = clouds(60, 12)
    weight = np.resize([1.0, 0.0, 2.0], 60)
    used = weight > 0
    options = {"mirror_invariant": True, "n_components_even": 4, "n_components_odd": 3, "alpha": (0.1, 1.0)}
    model = KernelRidgeClassifier(**options).fit(X, y, weight, np.arange(60) // 6)
    subset = KernelRidgeClassifier(**options).fit(X[used], y[used], weight[used], np.arange(60)[used] // 6)
    np.testing.assert_array_equal(model.predict_proba(X), subset.predict_proba(X))
    np.testing.assert_array_equal(model.loo_decision_[used], subset.loo_decision_)
    np.testing.assert_array_equal(model.loo_decision_[~used], subset.decision_function(X[~used]))


@pytest.mark.parametrize("mirror_invariant", [False, True])
def test_integer_weights_are_repetitions_with_principal_components(mirror_invariant):
    # scikit-learn's checks demand this without a mirror and without odd components.
    X, y = clouds(40, 12)
    X, weight = X.astype(np.float64), np.random.default_rng(0).integers(0, 4, 40)
    options = {"n_components_even": 4, "n_components_odd": 3, "alpha": (0.01, 0.1, 1.0), "store_float16": False}
    model = KernelRidgeClassifier(mirror_invariant=mirror_invariant, **options)
    weighted = clone(model).fit(X, y, weight)
    repeated = clone(model).fit(X.repeat(weight, 0), y.repeat(weight))
    assert weighted.alpha_ == repeated.alpha_
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-6)
    np.testing.assert_allclose(weighted.loo_decision_.repeat(weight, 0), repeated.loo_decision_, atol=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_loaded_model_predicts_the_same_without_conversions(dtype):
    X, y = clouds(200, 12)
    X = X.astype(dtype)
    model = KernelRidgeClassifier(mirror_invariant=True, n_components_even=4, n_components_odd=3).fit(X, y)
    loaded = pickle.loads(pickle.dumps(model))
    assert loaded.X_fit_.even.dtype == loaded.X_fit_.odd.dtype == dtype
    assert not hasattr(loaded, "loo_decision_")
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    single = np.concatenate([loaded.decision_function(X[i : i + 1]) for i in range(20)])
    np.testing.assert_allclose(single, model.decision_function(X[:20]), atol=1e-5)


def test_alpha_with_the_best_loo_accuracy_is_selected_in_any_order():
    X, y = clouds(120)
    alphas = (0.001, 0.01, 0.1, 1.0, 30.0)
    single = {a: KernelRidgeClassifier(alpha=a, store_float16=False).fit(X, y) for a in alphas}
    accuracy = {a: (m.classes_[m.loo_decision_.argmax(1)] == y).mean() for a, m in single.items()}
    for order in (alphas, alphas[::-1]):
        model = KernelRidgeClassifier(alpha=order, store_float16=False).fit(X, y)
        assert accuracy[model.alpha_] == max(accuracy.values())
        np.testing.assert_allclose(model.dual_coef_, single[model.alpha_].dual_coef_, atol=1e-4)


@pytest.mark.parametrize(
    "options", [{}, {"n_components_even": 4, "n_components_odd": 3}, {"n_inducing": 25}], ids=["all", "pca", "nystroem"]
)
def test_mirror_image_has_the_same_scores(options):
    X, y = clouds(80, 12)
    new = clouds(30, 12, seed=2)[0]
    model = KernelRidgeClassifier(mirror_invariant=True, random_state=0, **options).fit(X, y)
    np.testing.assert_allclose(model.decision_function(mirrored(new)), model.decision_function(new), atol=1e-4)
    half_mirrored = np.where(np.arange(80)[:, None] % 2, X, mirrored(X))
    refitted = clone(model).fit(half_mirrored, y)
    np.testing.assert_allclose(refitted.decision_function(new), model.decision_function(new), atol=5e-3)


def test_mirror_kernel_equals_training_with_mirror_images():
    # The plain kernel on images and mirror images, with twice the alpha, has the solution of the mirror kernel.
    X, y = clouds(50, 12)
    model = KernelRidgeClassifier(mirror_invariant=True, alpha=0.2, store_float16=False).fit(X, y)
    both, targets = np.concatenate([X, mirrored(X)]), np.concatenate([targets_of(y)] * 2)
    theirs = KernelRidge(alpha=0.4, kernel="rbf", gamma=model.gamma_).fit(both, targets)
    np.testing.assert_allclose(model.decision_function(X), theirs.predict(X), atol=1e-4)


@pytest.mark.parametrize("block_rows", [512, 16])
def test_nystroem_method_with_all_samples_is_exact(block_rows, monkeypatch):
    monkeypatch.setattr(solvers, "KERNEL_BLOCK_ROWS", block_rows)
    X, y = clouds()
    new = clouds(seed=1)[0]
    exact = KernelRidgeClassifier(store_float16=False, alpha=0.3).fit(X, y)
    nystroem = KernelRidgeClassifier(n_inducing=len(X), store_float16=False, alpha=0.3).fit(X, y)
    np.testing.assert_allclose(nystroem.decision_function(new), exact.decision_function(new), atol=2e-3)


def test_nearly_equal_inducing_samples_are_refused():
    X = 1 + 1e-4 * np.random.default_rng(0).normal(size=(400, 2)).astype(np.float32)
    model = KernelRidgeClassifier(gamma=1e-6, alpha=1e-9, n_inducing=300, store_float16=False)
    with pytest.raises(ValueError, match="increase alpha or gamma"):
        model.fit(X, np.arange(400) % 3)


def test_kernel_above_max_memory_is_approximated_with_a_warning():
    X, y = clouds(300)
    with pytest.warns(UserWarning, match="inducing samples are used instead") as warned:
        model = KernelRidgeClassifier(max_memory=1e-4, random_state=0).fit(X, y)
    assert warned[0].filename == __file__
    assert len(model.X_fit_) == len(model.dual_coef_) < 300
    assert model.loo_decision_.shape == (300, 3)
    assert (model.predict(X) == y).mean() > 0.8


def test_probabilities_are_calibrated_by_loo_scores():
    X, y = clouds(400, 4)
    new, true = clouds(400, 4, seed=5)
    model = KernelRidgeClassifier(alpha=0.01).fit(X, y)
    probabilities = model.predict_proba(new)
    np.testing.assert_allclose(probabilities.sum(1), 1)
    held_out = softmax(model.inverse_temperature_ * model.loo_decision_.astype(float), 1)
    assert held_out.max(1).mean() == pytest.approx((model.classes_[held_out.argmax(1)] == y).mean(), abs=0.04)
    assert probabilities.max(1).mean() == pytest.approx((model.predict(new) == true).mean(), abs=0.06)


def test_float16_storage_changes_scores_little_and_halves_the_size():
    X, y = clouds(300, 50)
    new = clouds(100, 50, seed=4)[0]
    full, half = (KernelRidgeClassifier(store_float16=stored).fit(X, y) for stored in (False, True))
    np.testing.assert_allclose(half.decision_function(new), full.decision_function(new), atol=5e-3)
    assert len(pickle.dumps(half)) < 0.75 * len(pickle.dumps(full))


@pytest.mark.parametrize("mirror_invariant", [False, True])
@pytest.mark.parametrize("n_inducing", [0, 100])
def test_int8_storage_changes_scores_little_and_halves_the_size_of_samples(mirror_invariant, n_inducing):
    X, y = clouds(300, 50)
    new = clouds(100, 50, seed=4)[0]
    options = {"mirror_invariant": mirror_invariant, "n_inducing": n_inducing, "random_state": 0}
    half, levels = (KernelRidgeClassifier(store_int8=stored, **options).fit(X, y) for stored in (False, True))
    np.testing.assert_allclose(levels.decision_function(new), half.decision_function(new), atol=0.03)
    np.testing.assert_allclose(levels.loo_decision_, half.loo_decision_, atol=0.05)
    assert len(pickle.dumps(half)) - len(pickle.dumps(levels)) > 0.9 * 50 * len(half.X_fit_)
    loaded = pickle.loads(pickle.dumps(levels))
    np.testing.assert_array_equal(loaded.predict_proba(new), levels.predict_proba(new))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(loaded)).X_fit_.even, levels.X_fit_.even)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_storage_of_a_fitted_model_does_not_depend_on_later_parameters(dtype):
    X, y = clouds(100, 20)
    X = X.astype(dtype)
    model = KernelRidgeClassifier(store_float16=False).fit(X, y)
    expected = model.predict_proba(X)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(model.set_params(store_int8=True))).predict_proba(X), expected
    )
    levels = KernelRidgeClassifier(store_float16=False, store_int8=True).fit(X, y)
    expected = levels.predict_proba(X)
    for _ in range(2):
        levels = pickle.loads(pickle.dumps(levels))
        np.testing.assert_array_equal(levels.set_params(store_int8=False).predict_proba(X), expected)


def test_model_that_was_saved_without_levels_is_read():
    X, y = clouds(100, 20)
    model = KernelRidgeClassifier().fit(X, y)
    expected = model.predict_proba(X)
    del model.__dict__["store_int8"], model.__dict__["_steps"]
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.predict_proba(X), expected)
    assert loaded.get_params()["store_int8"] is False


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_scores_do_not_depend_on_the_scale_of_features(scale):
    X, y = clouds()
    scaled = X * np.float32(scale)
    scores = KernelRidgeClassifier().fit(scaled, y).decision_function(scaled)
    np.testing.assert_allclose(scores, KernelRidgeClassifier().fit(X, y).decision_function(X), atol=5e-3)


def test_two_classes_have_one_score_and_few_samples_suffice():
    X, y = clouds(6, 20, (1, 4))
    model = KernelRidgeClassifier(n_components_even=50).fit(X, y)
    assert model.decision_function(X).shape == (6,)
    np.testing.assert_array_equal(model.predict(X), np.where(model.decision_function(X) > 0, 4, 1))
    identical = KernelRidgeClassifier(n_inducing=4).fit(np.ones((6, 3)), y)
    assert np.isfinite(identical.predict_proba(np.ones((2, 3)))).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": 0}, "alpha=0"),
        ({"alpha": ()}, r"alpha=\(\)"),
        ({"gamma": -1}, "gamma=-1"),
        ({"n_components_odd": -2}, "n_components_odd=-2"),
        ({"mirror_invariant": True}, "two halves"),
    ],
)
def test_invalid_parameters_are_refused(options, message):
    X, y = clouds(20, 5)
    with pytest.raises(FerError, match=message):
        KernelRidgeClassifier(**options).fit(X, y)
