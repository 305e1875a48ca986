"""Soft voting: equal weights, probabilities calibrated on held-out subjects, predictions of a single member kept."""

import numpy as np
import pytest
import sklearn
from scipy.special import softmax
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from fer_features import FerError, Samples, make_pipeline
from fer_features.classifiers import SVM, CalibratedPipeline, KernelRidgeClassifier, LinearSVM, SoftVoting

from .toy_features import brier_score, overlapping_subjects


def test_single_member_keeps_its_predictions_and_gets_probabilities():
    X, y, _ = overlapping_subjects()
    model = SoftVoting([("a", LinearSVC())]).fit(X[:300], y[:300])
    p = model.predict_proba(X[300:])
    assert p.shape == (300, 3)
    np.testing.assert_allclose(p.sum(1), 1)
    assert model.predict(X[300:]).tolist() == LinearSVC().fit(X[:300], y[:300]).predict(X[300:]).tolist()
    assert model.classes_.tolist() == [3, 5, 7]


@pytest.mark.parametrize("names", [["joy", "fear", "anger"], [-1, 0, 7]], ids=str)
def test_labels_of_any_type_are_returned_as_given(names):
    X, y, _ = overlapping_subjects(300)
    labels = np.array(names)[(y - 3) // 2]
    model = SoftVoting([("a", LinearSVC()), ("b", SVM())], calibration_cv=2).fit(X, labels)
    predicted = model.predict(X)
    assert predicted.dtype == labels.dtype
    assert (predicted == labels).mean() > 0.6
    assert model.classes_.tolist() == sorted(names)


@pytest.mark.parametrize("factor", [0.1, 10.0])
def test_over_and_underconfident_scores_are_corrected(factor):
    class Scaled(LogisticRegression):
        def decision_function(self, X):
            return factor * super().decision_function(X)

    X, y, _ = overlapping_subjects(1200)
    train, test = slice(0, 600), slice(600, None)
    true = (y[test] - 3) // 2
    reference = LogisticRegression().fit(X[train], y[train]).predict_proba(X[test])
    raw = softmax(Scaled().fit(X[train], y[train]).decision_function(X[test]), 1)
    calibrated = SoftVoting([("a", Scaled())]).fit(X[train], y[train]).predict_proba(X[test])
    assert brier_score(calibrated, true) < brier_score(raw, true) - 0.02
    assert brier_score(calibrated, true) == pytest.approx(brier_score(reference, true), abs=0.01)


def test_weights_are_equal_and_the_underconfident_mean_is_corrected():
    # Two members use one feature each. Together they are better than each, and more certain than their mean.
    X, y, _ = overlapping_subjects(1200)

    def member(column):
        return Pipeline([("a", FunctionTransformer(lambda X: X[:, [column]])), ("b", LogisticRegression())])

    train, test = slice(0, 600), slice(600, None)
    model = SoftVoting([("x", member(0)), ("y", member(1))]).fit(X[train], y[train])
    swapped = SoftVoting([("y", member(1)), ("x", member(0))]).fit(X[train], y[train])
    np.testing.assert_allclose(model.predict_proba(X[test]), swapped.predict_proba(X[test]), rtol=1e-6)
    singles = [SoftVoting([("x", member(c))]).fit(X[train], y[train]).score(X[test], y[test]) for c in (0, 1)]
    assert model.score(X[test], y[test]) > max(singles) + 0.05
    assert model.inverse_temperature_ > 1.2


def test_calibration_folds_are_grouped_by_known_subjects():
    # A member that memorizes subjects is correct for subjects of its training samples and guesses for others.
    rng = np.random.default_rng(0)
    subject = np.repeat(np.arange(30), 10)
    y = rng.integers(0, 2, 30)[subject]
    images = rng.integers(0, 256, (30, 1, 8, 8)).astype(np.uint8)[subject]

    class Memorizer(LinearSVC):
        def _flat(self, X):
            return X["images"].reshape(len(X), -1).astype(float) / 1000

        def fit(self, X, y):
            return super().fit(self._flat(X), y)

        def decision_function(self, X):
            return super().decision_function(self._flat(X))

    known = Samples.from_arrays(images=images, subject=subject)
    unknown = Samples.from_arrays(images=images)
    grouped = SoftVoting([("a", Memorizer())]).fit(known, y)
    ungrouped = SoftVoting([("a", Memorizer())]).fit(unknown, y)
    assert ungrouped.predict_proba(unknown).max(1).mean() > 0.95
    assert grouped.predict_proba(known).max(1).mean() < 0.75


@pytest.mark.parametrize("y", [[0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1, 1, 1, 2]])
def test_too_few_samples_for_folds_are_fitted_without_calibration(y):
    X = np.random.default_rng(0).normal(size=(len(y), 2)) + np.array(y)[:, None]
    model = SoftVoting([("a", LogisticRegression())]).fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()


def test_class_of_a_single_subject_is_predicted():
    X, y, subject = overlapping_subjects()
    y[subject == 0] = 9
    pixels = np.repeat(X[:, None, None, :] * 10 + 128, 3, -1).astype(np.uint8)
    table = Samples.from_arrays(images=pixels, subject=subject)
    member = Pipeline([("a", FunctionTransformer(lambda t: t["images"].reshape(len(t), -1))), ("b", LinearSVC())])
    p = SoftVoting([("a", member)]).fit(table, y).predict_proba(table)
    assert p.shape == (600, 4)
    np.testing.assert_allclose(p.sum(1), 1)


def test_parameters_of_members_are_set_by_name_and_cloned():
    model = make_pipeline("hog_svm+landmarks_xgb", 5)
    model.set_params(hog_svm__align__size=64, calibration_cv=3)
    copy = clone(model)
    assert copy.get_params()["hog_svm__align__size"] == 64
    assert (copy.calibration_cv, copy.random_state) == (3, 5)
    assert copy.get_params()["landmarks_xgb__classifier__random_state"] == 5
    assert "hog_svm" not in copy.get_params(deep=False)


def test_members_and_their_parameters_are_replaced_together():
    model = SoftVoting([("a", LinearSVC()), ("b", SVM())])
    model.set_params(b=LinearSVM(), b__C=7, a__C=3)
    assert [repr(member) for _, member in model.estimators] == ["LinearSVC(C=3)", "LinearSVM(C=7)"]
    model.set_params(estimators=[("c", SVM())], c__gamma=2)
    assert model.get_params()["c__gamma"] == 2
    with pytest.raises(ValueError, match="Invalid parameter 'd'"):
        model.set_params(d=SVM())


@pytest.mark.parametrize(
    ("estimators", "message"),
    [
        ([], "is needed"),
        (3, "is needed"),
        ([("a", SVM()), ("a", SVM())], "'a' is repeated"),
        ([("a__b", SVM())], "'__'"),
        ([("random_state", SVM())], "a parameter"),
    ],
)
def test_unusable_members_are_refused_in_fit(estimators, message):
    with pytest.raises(FerError, match=message):
        SoftVoting(estimators).fit(np.eye(4), [0, 1, 0, 1])


def test_sample_weights_reach_members_and_calibration():
    X, y, _ = overlapping_subjects(300)
    weight = np.random.default_rng(1).integers(0, 2, 300)
    used = weight > 0
    given = [("a", Pipeline([("classifier", LinearSVM(tol=1e-10))])), ("b", Pipeline([("classifier", SVM())]))]
    weighted = SoftVoting(given, calibration_cv=0).fit(X, y, classifier__sample_weight=weight)
    subset = SoftVoting(given, calibration_cv=0).fit(X[used], y[used])
    np.testing.assert_allclose(weighted.predict_proba(X), subset.predict_proba(X), atol=1e-6)
    calibrated = SoftVoting(given, calibration_cv=2).fit(X, y, classifier__sample_weight=weight)
    unweighted = SoftVoting(given, calibration_cv=2).fit(X, y)
    assert not np.allclose(calibrated.inverse_temperatures_, unweighted.inverse_temperatures_, rtol=1e-3)
    with pytest.raises(ValueError, match="sample_weight above 0 in every class"):
        SoftVoting(given).fit(X, y, classifier__sample_weight=weight * (y > 3))


def test_metadata_is_routed_to_the_members_that_request_it():
    X, y, _ = overlapping_subjects(200)
    weight = np.where(y == 3, 50.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        asking = LinearSVM().set_fit_request(sample_weight=True)
        model = SoftVoting([("a", asking), ("b", LinearSVM().set_fit_request(sample_weight=False))], calibration_cv=2)
        model.fit(X, y, sample_weight=weight)
    first, second = model.estimators_
    np.testing.assert_array_equal(first.coef_, LinearSVM().fit(X, y, weight).coef_)
    np.testing.assert_array_equal(second.coef_, LinearSVM().fit(X, y).coef_)


def test_voting_pipelines_predict_new_subjects_and_samples_do_not_influence_each_other(clips):
    images, landmarks, label, subject = clips
    X = Samples.from_arrays(images=images, landmarks=landmarks, label=label, subject=subject)
    model = make_pipeline("hogdiff_svm+landmarks_linear")
    correct = [
        model.fit(X[train], label[train]).predict(X[test]) == label[test]
        for train, test in StratifiedGroupKFold(4).split(label, label, subject)
    ]
    assert np.concatenate(correct).mean() > 0.6
    together = model.predict_proba(X)
    single = np.concatenate([model.predict_proba(X[[i]]) for i in range(len(X))])
    np.testing.assert_allclose(single, together, atol=1e-6)


@pytest.fixture
def kernel_ridge_members(monkeypatch):
    """Two pipelines with kernel ridge, one feature each, and the number of samples of each fit."""
    n_fitted, fit = [], KernelRidgeClassifier.fit

    def counted(self, X, y, **params):
        n_fitted.append(len(X))
        return fit(self, X, y, **params)

    monkeypatch.setattr(KernelRidgeClassifier, "fit", counted)

    def member(column):
        first = FunctionTransformer(lambda X: X["images"][:, 0, [column], 0] / np.float32(20))
        return CalibratedPipeline([("a", first), ("b", KernelRidgeClassifier(alpha=1.0))])

    return [("x", member(0)), ("y", member(1))], n_fitted


def table_of(X, subject=None):
    images = np.repeat(20 * X[:, None, :2, None] + 128, 8, 3).clip(0, 255).astype(np.uint8)
    return Samples.from_arrays(images=images, subject=subject)


@pytest.mark.parametrize("rule", ["mean", "product"])
def test_leave_one_out_scores_of_kernel_ridge_calibrate_without_further_fits(kernel_ridge_members, rule):
    members, n_fitted = kernel_ridge_members
    X, y, _ = overlapping_subjects()
    train, test = table_of(X[:300]), table_of(X[300:])
    model = SoftVoting(members, rule=rule).fit(train, y[:300])
    assert n_fitted == [300, 300]
    p = [
        softmax(beta * fitted.decision_function(test).astype(np.float64), 1)
        for beta, fitted in zip(model.inverse_temperatures_, model.estimators_, strict=True)
    ]
    mean = p[0] + p[1] if rule == "mean" else np.sqrt(p[0] * p[1])
    expected = mean**model.inverse_temperature_
    expected /= expected.sum(1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(test), expected, rtol=1e-6)
    by_folds = SoftVoting([(name, member[:]) for name, member in members], rule=rule).fit(train, y[:300])
    true = (y[300:] - 3) // 2
    brier = [brier_score(voting.predict_proba(test), true) for voting in (model, by_folds)]
    assert brier[0] == pytest.approx(brier[1], abs=0.01)


def test_leave_one_out_scores_do_not_calibrate_where_subjects_are_known(kernel_ridge_members):
    members, n_fitted = kernel_ridge_members
    X, y, subject = overlapping_subjects(300)
    SoftVoting(members, calibration_cv=2).fit(table_of(X, subject), y)
    assert len(n_fitted) == 6


def test_no_calibration_and_invalid_folds_with_kernel_ridge(kernel_ridge_members):
    members, n_fitted = kernel_ridge_members
    X, y, _ = overlapping_subjects(300)
    model = SoftVoting(members, calibration_cv=0).fit(table_of(X), y)
    assert n_fitted == [300, 300]
    assert model.inverse_temperatures_.tolist() == [1, 1]
    with pytest.raises(FerError, match="calibration_cv=1"):
        SoftVoting(members, calibration_cv=1).fit(table_of(X), y)


def test_weighted_samples_of_two_classes_with_kernel_ridge(kernel_ridge_members):
    members, _ = kernel_ridge_members
    X, y, _ = overlapping_subjects(300)
    binary = np.array(["a", "b"])[(y == y.min()).astype(int)]
    weight = np.tile([1.0, 0.0, 2.0], 100)
    model = SoftVoting(members, rule="product").fit(table_of(X), binary, b__sample_weight=weight)
    assert model.classes_.tolist() == ["a", "b"]
    assert (model.inverse_temperatures_ > 0).all()
    assert (model.predict(table_of(X)) == binary).mean() > 0.7


def test_model_that_was_saved_without_a_rule_votes_by_the_mean(kernel_ridge_members):
    members, _ = kernel_ridge_members
    X, y, _ = overlapping_subjects(300)
    model = SoftVoting(members).fit(table_of(X), y)
    expected = model.predict_proba(table_of(X))
    del model.__dict__["rule"]
    np.testing.assert_array_equal(model.predict_proba(table_of(X)), expected)
    assert model.get_params(deep=False)["rule"] == "mean"


def test_unknown_rule_is_refused():
    with pytest.raises(FerError, match="SoftVoting: rule='sum', but one of mean, product is needed"):
        SoftVoting([("a", LinearSVC())], rule="sum").fit([[0], [1]], [0, 1])
