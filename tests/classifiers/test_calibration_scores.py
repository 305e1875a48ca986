"""Scores for calibration: steps that only scale features are not fitted again, others are."""

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Normalizer
from sklearn.utils.validation import check_is_fitted

from fer_features import Samples, make_pipeline
from fer_features.classifiers import SVM, CalibratedPipeline, LinearSVM, uncalibrated
from fer_features.classifiers import calibration_scores as module
from fer_features.classifiers.calibration_folds import calibration_folds, class_scores, out_of_fold_scores
from fer_features.classifiers.calibration_scores import fit_with_scores

from .toy_features import separable_classes

CLASSIFIERS = {
    "svm": SVM(),
    "svm_scale": SVM(gamma="scale", class_weight="balanced"),
    "linear": LinearSVM(tol=1e-9, max_iter=20000, random_state=0),
    "logreg": LogisticRegression(tol=1e-9, max_iter=1000),
}


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
    model = CalibratedPipeline([("unit", Normalizer()), ("classifier", CLASSIFIERS[classifier])], calibration_cv=3)
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
    monkeypatch.setattr(module, "MAX_SAMPLES_IN_MEMORY", 10)
    monkeypatch.setattr(SVM, "fit_with_scores", None)  # must not be called
    np.testing.assert_allclose(scores_of(model, X, y, folds), together, atol=1e-4)


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_data_frames_of_features_have_the_scores_of_arrays(classifier):
    X, y = wide_classes()
    folds = calibration_folds(X, y, 3, 0)
    model = Pipeline([("unit", Normalizer()), ("classifier", CLASSIFIERS[classifier])])
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


def test_arguments_of_other_steps_and_metadata_routing_fit_the_complete_pipeline():
    X, y = separable_classes(per_class=10)
    folds = calibration_folds(X, np.unique(y, return_inverse=True)[1], 3, 0)
    weight = np.linspace(0.5, 2, len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        last = LogisticRegression().set_fit_request(sample_weight=True)
        model = Pipeline([("unit", Normalizer()), ("classifier", last)])
        found = scores_of(model, X, y, folds, {"sample_weight": weight})
        np.testing.assert_allclose(found, out_of_fold_scores(model, X, y, folds, {"sample_weight": weight}))


def test_classifier_alone_and_no_folds():
    X, y = wide_classes()
    assert scores_of(Pipeline([("classifier", SVM())]), X, y, calibration_folds(X, y, 3, 0)).shape == (90, 3)
    model = Pipeline([("unit", Normalizer()), ("classifier", SVM())])
    assert scores_of(model, X, y, []).shape == (0, 3)
