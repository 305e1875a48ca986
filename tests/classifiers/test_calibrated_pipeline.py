"""Calibrated pipelines: plain pipelines with probabilities that match the accuracy on held-out subjects."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.cluster import KMeans
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils._param_validation import InvalidParameterError

from fer_features import FerError, Samples, make_pipeline
from fer_features.classifiers import (
    CLASSIFIERS,
    SVM,
    CalibratedPipeline,
    KernelRidgeClassifier,
    LinearSVM,
    uncalibrated,
)

from ..conftest import draw_clips
from .toy_features import brier_score, overlapping_subjects


@pytest.fixture(scope="module")
def X():
    _, landmarks, label, subject = draw_clips(n_subjects=6, seed=3)
    return Samples.from_arrays(landmarks=landmarks, label=label, subject=subject)


def pipeline_of(*steps, **params):
    return CalibratedPipeline([(str(i), step) for i, step in enumerate(steps)], **params)


def fast_pipeline(classifier, *args, **params):
    """A pipeline of landmarks; boosting with few trees."""
    model = make_pipeline(f"landmarks_{classifier}", *args, **params)
    return model.set_params(classifier__max_iter=10) if classifier == "hgb" else model


@pytest.mark.parametrize("classifier", CLASSIFIERS)
@pytest.mark.parametrize("k", [2, 3])
def test_probabilities_sum_to_one_and_the_largest_is_that_of_the_prediction(X, classifier, k):
    some = X[np.asarray(X["label"]) < k]
    train, test = some[some["subject"] < 4], some[some["subject"] >= 4]
    model = fast_pipeline(classifier).fit(train, train["label"])
    p = model.predict_proba(test)
    assert p.shape == (len(test), k)
    assert p.dtype == np.float64
    np.testing.assert_allclose(p.sum(1), 1)
    assert model.classes_[p.argmax(1)].tolist() == model.predict(test).tolist()
    np.testing.assert_allclose(np.exp(model.predict_log_proba(test)), p, atol=1e-8)


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_predictions_and_scores_are_those_of_the_plain_pipeline(X, classifier):
    model = fast_pipeline(classifier).fit(X, X["label"])
    plain = Pipeline(clone(model).steps).fit(X, X["label"])
    assert plain.predict(X).tolist() == model.predict(X).tolist()
    if hasattr(plain, "decision_function"):
        np.testing.assert_array_equal(plain.decision_function(X), model.decision_function(X))
    assert list(model.named_steps) == list(plain.named_steps)
    assert set(model.get_params()) >= {*plain.get_params(), "calibration_cv", "random_state"}


@pytest.mark.parametrize("classifier", ["svm", "krr", "xgb", "lda"])
def test_text_labels_are_returned_and_do_not_change_probabilities(X, classifier):
    codes = np.asarray(X["label"])
    names = np.array(["anger", "fear", "joy"])[codes]
    by_code, by_name = (fast_pipeline(classifier).fit(X, y) for y in (codes, names))
    assert by_name.classes_.tolist() == ["anger", "fear", "joy"]
    assert set(by_name.predict(X)) <= set(names)
    np.testing.assert_array_equal(by_name.predict_proba(X), by_code.predict_proba(X))


@pytest.mark.parametrize("factor", [0.1, 10.0])
@pytest.mark.parametrize("k", [2, 3])
def test_over_and_underconfident_scores_are_corrected(factor, k):
    class Scaled(LogisticRegression):
        def decision_function(self, X):
            return factor * super().decision_function(X)

    X, y, _ = overlapping_subjects(1200)
    X, y = X[y < 3 + 2 * k], y[y < 3 + 2 * k]
    train, test = slice(0, len(y) // 2), slice(len(y) // 2, None)
    true = (y[test] - 3) // 2
    reference = LogisticRegression().fit(X[train], y[train]).predict_proba(X[test])
    scores = Scaled().fit(X[train], y[train]).decision_function(X[test])
    raw = softmax(np.stack([-scores / 2, scores / 2], 1) if k == 2 else scores, 1)
    calibrated = pipeline_of(StandardScaler(), Scaled()).fit(X[train], y[train]).predict_proba(X[test])
    raw, calibrated, reference = (np.pad(p, ((0, 0), (0, 3 - k))) for p in (raw, calibrated, reference))
    assert brier_score(calibrated, true) < brier_score(raw, true) - 0.02
    assert brier_score(calibrated, true) == pytest.approx(brier_score(reference, true), abs=0.01)


class Memorizer(ClassifierMixin, BaseEstimator):
    """Predicts the label of every training image, and guesses for other images."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        pairs = zip(X["images"], y, strict=True)
        self.known_ = {image.tobytes(): int(np.searchsorted(self.classes_, code)) for image, code in pairs}
        return self

    def decision_function(self, X):
        scores = np.zeros(len(X))
        for i, image in enumerate(X["images"]):
            key = image.tobytes()
            scores[i] = 10 * (2 * self.known_[key] - 1) if key in self.known_ else 10 * (-1) ** (sum(key) % 2)
        return scores

    def predict(self, X):
        return self.classes_[(self.decision_function(X) > 0).astype(int)]


def repeated_subjects(n=30, n_per_subject=10, seed=0):
    """One image per subject, repeated, of one class: whoever has seen the subject knows the class."""
    rng = np.random.default_rng(seed)
    subject = np.repeat(np.arange(n), n_per_subject)
    y = rng.integers(0, 2, n)[subject]
    return rng.integers(0, 256, (n, 1, 4, 5)).astype(np.uint8)[subject], y, subject


def test_calibration_uses_subjects_that_are_not_in_training():
    images, y, subject = repeated_subjects()
    known = Samples.from_arrays(images=images, subject=subject)
    grouped = CalibratedPipeline([("classifier", Memorizer())]).fit(known, y)
    ungrouped = CalibratedPipeline([("classifier", Memorizer())]).fit(Samples.from_arrays(images=images), y)
    assert (grouped.predict(known) == y).all()  # memorized
    assert grouped.predict_proba(known).max(1).mean() < 0.75  # and not trusted
    assert ungrouped.predict_proba(known).max(1).mean() > 0.99  # correct for samples of the same subjects


@pytest.mark.parametrize("as_given", [np.asarray, lambda subject: subject.astype(str)], ids=["int", "str"])
def test_no_subject_is_in_training_and_held_out_samples_of_a_fold(as_given):
    images, y, subject = repeated_subjects()
    subject = as_given(subject)
    X = Samples.from_arrays(images=images, subject=subject)
    folds = []

    class Spy(Memorizer):
        def fit(self, X, y):
            self.subjects_ = set(X["subject"].tolist())
            return super().fit(X, y)

        def decision_function(self, X):
            folds.append((self.subjects_, set(X["subject"].tolist())))
            return super().decision_function(X)

    CalibratedPipeline([("classifier", Spy())]).fit(X, y)
    assert len(folds) == 5
    assert not any(train & held_out for train, held_out in folds)
    assert set().union(*(held_out for _, held_out in folds)) == set(subject.tolist())


def test_confidence_equals_accuracy_on_new_subjects():
    X, y, subject = overlapping_subjects(2000, n_subjects=40)
    train = subject < 20
    table = Samples.from_arrays(landmarks=np.zeros((2000, 1, 68, 2)), subject=subject)
    model = pipeline_of(FunctionTransformer(lambda samples: X[samples.indices]), SVM()).fit(table[train], y[train])
    p = model.predict_proba(table[~train])
    accuracy = (model.predict(table[~train]) == y[~train]).mean()
    assert p.max(1).mean() == pytest.approx(accuracy, abs=0.05)
    assert accuracy < 0.8


def test_without_calibration_probabilities_are_those_of_the_classifier(X):
    plain = make_pipeline("landmarks_logreg", calibration_cv=0).fit(X, X["label"])
    own = plain[-1].predict_proba(plain[:-1].transform(X))
    np.testing.assert_array_equal(plain.predict_proba(X), own)
    assert plain.inverse_temperature_ is None
    assert not hasattr(make_pipeline("landmarks_svm", calibration_cv=0).fit(X, X["label"]), "predict_proba")
    assert hasattr(make_pipeline("landmarks_svm"), "predict_proba")
    assert not hasattr(pipeline_of(StandardScaler()), "predict_proba")
    assert uncalibrated(make_pipeline("landmarks_svm")).calibration_cv == 0
    assert isinstance(uncalibrated(LinearSVC()), LinearSVC)


@pytest.mark.parametrize("last", [KMeans(2, n_init=1), IsolationForest(n_estimators=5), "passthrough"], ids=str)
def test_pipelines_that_do_not_end_in_a_classifier_are_not_calibrated(last):
    model = pipeline_of(StandardScaler(), last).fit(np.random.default_rng(0).normal(size=(20, 2)))
    assert model.inverse_temperature_ is None
    assert not hasattr(model, "predict_proba")


def test_members_of_soft_voting_are_not_calibrated_twice(X):
    voting = make_pipeline("landmarks_svm+geometry_linear")
    assert [member.calibration_cv for _, member in voting.estimators] == [0, 0]
    voting.set_params(landmarks_svm__calibration_cv=5).fit(X, X["label"])
    assert [member.calibration_cv for member in voting.estimators_] == [0, 0]


def test_loo_scores_of_kernel_ridge_replace_folds_if_no_subject_is_known(X):
    without_subjects = Samples.from_arrays(landmarks=X["landmarks"])
    fits = []

    class Spy(KernelRidgeClassifier):
        def fit(self, X, y):
            fits.append(len(X))
            return super().fit(X, y)

    def model():
        return make_pipeline("landmarks_krr").set_params(classifier=Spy())

    own = model().fit(without_subjects, X["label"])
    assert fits == [len(X)]
    assert own.inverse_temperature_ is None
    expected = own[-1].predict_proba(own[:-1].transform(X))
    np.testing.assert_array_equal(own.predict_proba(X), expected)
    assert model().fit(X, X["label"]).inverse_temperature_ > 0
    assert len(fits) == 7


@pytest.mark.parametrize("y", [[0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1, 1, 1, 2]])
@pytest.mark.parametrize("last", [LinearSVM(), LogisticRegression(), SVM()])
def test_too_few_samples_for_folds_are_fitted_without_calibration(y, last):
    X = np.random.default_rng(0).normal(size=(len(y), 2)) + np.array(y)[:, None]
    for given in (X, X.tolist()):
        p = pipeline_of(StandardScaler(), last).fit(given, y).predict_proba(given)
        np.testing.assert_allclose(p.sum(1), 1)


def test_slices_are_plain_pipelines_of_the_same_steps(X):
    model = make_pipeline("landmarks_lda").fit(X, X["label"])
    assert type(model[:-1]) is type(model[1:]) is Pipeline
    assert model[:-1][0] is model[0]
    assert isinstance(model[-1], LinearDiscriminantAnalysis)
    assert model["classifier"] is model[-1]
    assert model[-1].predict(model[:-1].transform(X)).tolist() == model.predict(X).tolist()


def test_clones_are_unfitted_and_pickles_predict_the_same(X, tmp_path):
    model = make_pipeline("landmarks_svm", 4, calibration_cv=3).fit(X, X["label"])
    fresh = clone(model)
    assert (fresh.calibration_cv, fresh.random_state) == (3, 4)
    assert not hasattr(fresh, "inverse_temperature_")
    p = model.predict_proba(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), p)
    joblib.dump(model, tmp_path / "m.joblib")
    np.testing.assert_array_equal(joblib.load(tmp_path / "m.joblib").predict_proba(X), p)
    np.testing.assert_array_equal(fresh.fit(X, X["label"]).predict_proba(X), p)


def test_fit_arguments_are_split_with_the_folds(X):
    weights = []

    class Spy(LogisticRegression):
        def fit(self, X, y, sample_weight=None):
            weights.append(sample_weight)
            assert len(sample_weight) == len(X)
            return super().fit(X, y, sample_weight)

    model = make_pipeline("landmarks_logreg").set_params(classifier=Spy())
    weight = np.linspace(1, 2, len(X))
    model.fit(X, X["label"], classifier__sample_weight=weight)
    assert len(weights) == 6
    assert sorted(np.concatenate(weights[1:])) == sorted(np.repeat(weight, 4))


def test_sample_weights_apply_to_calibration_too():
    # Samples of weight 0 have wrong labels, which would lower the confidence.
    X, y, _ = overlapping_subjects(600)
    X = X * 3
    wrong = np.random.default_rng(1).random(600) < 0.4
    given = np.where(wrong, 3 + (y - 1) % 6, y)
    models = [
        pipeline_of(LinearSVM()).fit(X, given, **{"0__sample_weight": weight}) for weight in (1.0 - wrong, np.ones(600))
    ]
    confidence = [model.predict_proba(X[~wrong]).max(1).mean() for model in models]
    assert confidence[0] > confidence[1] + 0.1
    assert confidence[0] == pytest.approx(models[0].score(X[~wrong], y[~wrong]), abs=0.05)


def test_feature_names_and_dataframes_pass_through():
    X, y, _ = overlapping_subjects(150)
    frame = pd.DataFrame(X, columns=["a", "b"])
    model = pipeline_of(StandardScaler(), LinearSVM(), calibration_cv=2).set_output(transform="pandas").fit(frame, y)
    assert model.n_features_in_ == 2
    assert model.feature_names_in_.tolist() == model[-1].feature_names_in_.tolist() == ["a", "b"]
    assert isinstance(model[:-1].transform(frame), pd.DataFrame)
    plain = pipeline_of(StandardScaler(), LinearSVM(), calibration_cv=2).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(frame), plain.predict_proba(X), atol=1e-6)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame.rename(columns={"a": "z"}))


def test_metadata_routing_and_searches_work():
    X, y, _ = overlapping_subjects(150)
    weight = np.where(y == 3, 50.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        classifier = LinearSVM().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        scale = StandardScaler().set_fit_request(sample_weight=False)
        model = pipeline_of(scale, classifier, calibration_cv=2)
        search = GridSearchCV(model, {"1__C": [0.1, 1]}, cv=2, refit=True).fit(X, y, sample_weight=weight)
        best = search.best_estimator_
    expected = LinearSVM(C=best[-1].C).fit(best[:-1].transform(X), y, weight)
    np.testing.assert_array_equal(best[-1].coef_, expected.coef_)
    assert best.inverse_temperature_ > 0


@pytest.mark.parametrize("n", [6, 12])
@pytest.mark.parametrize("as_table", [False, True])
def test_samples_that_a_classifier_cannot_be_fitted_to_are_an_error_of_one_line(n, as_table):
    points = np.random.default_rng(0).uniform(5, 50, (n, 2, 68, 2))
    X = Samples({"landmarks": points}, check_input=False) if as_table else points
    refused = {
        "one class": (X, np.zeros(n, int), "have 1 class: at least two are needed"),
        "no samples": (X[:0], np.zeros(0, int), "have 0 class|at least one sample"),
        "other lengths": (X, np.arange(n - 1), f"X has {n} samples and y {n - 1} labels"),
        "a class per sample": (X, np.arange(n), "cannot be fitted to these samples: .*more than the number of classes"),
    }
    for given, y, message in refused.values():
        with pytest.raises(FerError, match=message) as error:
            make_pipeline("landmarks_lda").fit(given, y)
        assert "\n" not in str(error.value)


def test_invalid_parameters_stay_errors_of_scikit_learn():
    X = np.random.default_rng(0).normal(size=(9, 2))
    with pytest.raises(InvalidParameterError, match="C"):
        CalibratedPipeline([("classifier", LogisticRegression(C=-1))]).fit(X, np.arange(9) % 3)
