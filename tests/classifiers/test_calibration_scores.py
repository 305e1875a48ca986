"""Scores for calibration: steps that only scale features are not fitted again, others are."""

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Normalizer, StandardScaler
from sklearn.utils.validation import check_is_fitted

from fer_features import FerError, Samples, make_pipeline
from fer_features.classifiers import SVM, CalibratedPipeline, LinearSVM, uncalibrated
from fer_features.classifiers import calibration_scores as module
from fer_features.classifiers.calibration_folds import calibration_folds, class_scores, out_of_fold_scores
from fer_features.classifiers.calibration_scores import fit_with_scores

CLASSIFIERS = {
    "svm": SVM(),
    "svm_scale": SVM(gamma="scale", class_weight="balanced"),
    "linear": LinearSVM(tol=1e-9, max_iter=20000, random_state=0),
    "logreg": LogisticRegression(tol=1e-9, max_iter=1000),
}


class Unit(Normalizer):
    """A transformer as those of the package, which fit no more than scales."""

    fits_only_scales = True


def wide_classes(k=3, n=90, d=200):
    rng = np.random.default_rng(0)
    y = np.arange(n) % k
    X = rng.normal(size=(k, d))[y] + 4 * rng.normal(size=(n, d))
    return (X / np.sqrt(X.var(0).sum())).astype(np.float32), y


def table(clips):
    images, landmarks, label, subject = clips
    return Samples.from_arrays(images, landmarks, label, subject)


def scores_of(model, X, y, folds, params=None):
    fitted = clone(model)
    scores = fit_with_scores(fitted, fitted.fit, uncalibrated(model), X, y, folds, params or {})
    check_is_fitted(fitted)
    return scores


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_scores_are_those_of_classifiers_of_the_training_samples(classifier, weighted, k):
    X, y = wide_classes(k)
    folds = calibration_folds(X, y, 3, 0)
    weight = np.random.default_rng(1).integers(0, 3, len(y)) if weighted else None
    name = "classifier__sample_weight"
    model = CalibratedPipeline([("unit", Unit()), ("classifier", CLASSIFIERS[classifier])], calibration_cv=3)
    found = scores_of(model, X, y, folds, {name: weight} if weighted else {})
    expected = []
    for train, test in folds:
        params = {} if weight is None else {name: weight[train]}
        expected.append(class_scores(uncalibrated(model).fit(X[train], y[train], **params), X[test]))
    np.testing.assert_allclose(found, np.concatenate(expected), atol=1e-4)


@pytest.mark.parametrize("name", ["landmarks_svm", "landmarks_linear", "landmarks_lda"])
def test_features_are_scaled_as_in_the_pipeline_that_is_calibrated(clips, name):
    X = table(clips)
    y, model = X.label_codes, make_pipeline(name)
    folds = calibration_folds(X, y, 3, 0)
    fitted = clone(model).fit(X, y)
    features = fitted[:-1].transform(X)
    expected = out_of_fold_scores(Pipeline(model.steps[-1:]), features, y, folds)
    if name == "landmarks_lda":  # principal components are fitted
        expected = out_of_fold_scores(uncalibrated(model), X, y, folds)
    np.testing.assert_allclose(scores_of(model, X, y, folds), expected, atol=1e-2)


def test_features_of_many_samples_are_not_in_memory_together(monkeypatch, clips):
    X = table(clips)
    y, model = X.label_codes, make_pipeline("landmarks_svm")
    folds = calibration_folds(X, y, 3, 0)
    together = scores_of(model, X, y, folds)
    monkeypatch.setattr(module, "MAX_PRECOMPUTED_SAMPLES", 10)
    monkeypatch.setattr(SVM, "fit_with_scores", None)  # must not be called
    np.testing.assert_allclose(scores_of(model, X, y, folds), together, atol=1e-4)


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_data_frames_of_features_have_the_scores_of_arrays(classifier):
    X, y = wide_classes()
    folds = calibration_folds(X, y, 3, 0)
    model = Pipeline([("unit", Unit()), ("classifier", CLASSIFIERS[classifier])])
    expected = scores_of(model, X, y, folds)
    np.testing.assert_array_equal(scores_of(model.set_output(transform="pandas"), X, y, folds), expected)


def test_steps_that_use_labels_are_fitted_without_the_held_out_samples():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2000)), np.arange(60) % 2  # labels are random
    folds = calibration_folds(X, y, 5, 0)
    model = Pipeline([("select", SelectKBest(k=20)), ("classifier", LinearSVM(random_state=0))])
    scores = scores_of(model, X, y, folds)
    true = y[np.concatenate([test for _, test in folds])]
    assert (scores.argmax(1) == true).mean() < 0.75  # with a selection by all samples: 1


@pytest.mark.parametrize("case", ["memory", "metadata routing", "transformer of scikit-learn", "subclass"])
def test_other_pipelines_are_fitted_completely_in_each_fold(case, monkeypatch, tmp_path):
    X, y = wide_classes()
    folds = calibration_folds(X, y, 3, 0)
    first, last, params = Unit(), SVM(), {}
    if case == "transformer of scikit-learn":
        first = StandardScaler()
    if case == "subclass":
        last = type("Subclass", (SVM,), {"fit": lambda self, X, y, sample_weight=None: SVM.fit(self, 2 * X, y)})()
    if case == "metadata routing":
        params = {"sample_weight": np.ones(len(y))}
    monkeypatch.setattr(SVM, "fit_with_scores", None)  # must not be called
    with sklearn.config_context(enable_metadata_routing=case == "metadata routing"):
        if params:
            last.set_fit_request(sample_weight=True)
        model = Pipeline([("unit", first), ("classifier", last)], memory=str(tmp_path) if case == "memory" else None)
        found = scores_of(model, X, y, folds, params)
        np.testing.assert_allclose(found, out_of_fold_scores(model, X, y, folds, params), atol=1e-5)


def test_a_calibrated_pipeline_can_be_the_classifier_of_another():
    X, y = wide_classes()
    inner = CalibratedPipeline([("unit", Unit()), ("classifier", SVM())], calibration_cv=3)
    outer = CalibratedPipeline([("unit", Unit()), ("classifier", inner)], calibration_cv=3).fit(X, y)
    np.testing.assert_allclose(outer.predict_proba(X).sum(1), 1)


def test_a_fit_that_fails_keeps_the_state_before():
    X, y = wide_classes()
    invalid = np.where(np.arange(X.size).reshape(X.shape) == 3, np.inf, X)
    model = CalibratedPipeline([("unit", Unit()), ("classifier", SVM())], calibration_cv=3)
    for n_fits in (0, 1):
        if n_fits:
            expected = model.fit(X, y).predict_proba(X)
        with pytest.raises(FerError):
            model.fit(invalid, y)
        with pytest.raises(FerError, match="sample_weight has shape"):
            model.fit(X, y, classifier__sample_weight=np.ones(3))
        if not n_fits:
            with pytest.raises(NotFittedError):
                model.predict_proba(X)
    np.testing.assert_array_equal(model.predict_proba(X), expected)


def test_classifier_alone_and_no_folds():
    X, y = wide_classes()
    assert scores_of(Pipeline([("classifier", SVM())]), X, y, calibration_folds(X, y, 3, 0)).shape == (90, 3)
    model = Pipeline([("unit", Unit()), ("classifier", SVM())])
    assert scores_of(model, X, y, []).shape == (0, 3)
