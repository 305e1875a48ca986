"""Pipeline specifications: all combinations fit and predict, and errors list the valid names."""

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, cross_validate
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import MetadataRouter

from fer_features import FerError, Samples, make_pipeline
from fer_features.classifiers import CLASSIFIERS
from fer_features.extractors import EXTRACTORS
from fer_features.pipelines import (
    can_extract,
    parse_setting,
    pipeline_name,
    required_columns,
    transformed,
)

from .conftest import draw_clips


@pytest.fixture(scope="module")
def X():
    images, landmarks, label, subject = draw_clips()
    return Samples.from_arrays(images=images, landmarks=landmarks, label=label, subject=subject)


#: Few features of the extractors with a codebook, for a quick fit.
QUICK_CODEBOOK = {
    name: {f"features__{name}__{key}": value for key, value in {"n_words": 4, "n_pca": 8, "step": 8}.items()}
    for name in ("fv", "vlad")
}
LINEAR = {"calibration_cv": 0}


@pytest.mark.parametrize("features", [*EXTRACTORS, "hog_landmarks", "lbpdiff_flow_hogdiff"])
def test_pipeline_of_every_extractor_fits_and_predicts(X, features):
    model = make_pipeline(f"{features}_linear", **LINEAR, **QUICK_CODEBOOK.get(features, {}))
    assert isinstance(model, Pipeline)
    model.fit(X, X["label"])
    assert (model.predict(X) == X["label"]).mean() >= 0.8
    assert model.predict(X[:1]).shape == (1,)


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_pipeline_of_every_classifier_fits_and_predicts(X, classifier):
    model = make_pipeline(f"landmarks_{classifier}").fit(X, X["label"])
    assert (model.predict(X) == X["label"]).mean() >= 0.8
    assert model.predict_proba(X[:1]).shape == (1, 3)


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_pandas_output_does_not_change_the_probabilities(X, classifier):
    model = make_pipeline(f"landmarks_{classifier}", calibration_cv=2)
    expected = clone(model).fit(X, X["label"]).predict_proba(X)
    with sklearn.config_context(transform_output="pandas"):
        np.testing.assert_array_equal(clone(model).fit(X, X["label"]).predict_proba(X), expected)
    with_frames = clone(model).set_output(transform="pandas")
    np.testing.assert_array_equal(with_frames.fit(X, X["label"]).predict_proba(X), expected)


@pytest.mark.parametrize("name", ["hogdiff_landmarks_linear", "hog_svm+landmarks_linear"])
def test_global_pandas_output_does_not_change_pipelines_with_images_and_soft_voting(X, name):
    expected = make_pipeline(name).fit(X, X["label"]).predict_proba(X)
    with sklearn.config_context(transform_output="pandas"):
        np.testing.assert_array_equal(make_pipeline(name).fit(X, X["label"]).predict_proba(X), expected)


def test_names_of_the_features_come_from_the_pipeline(X):
    model = make_pipeline("hog_landmarks_linear", features__mirror="concatenate", **LINEAR).fit(X, X["label"])
    names = model[:-1].get_feature_names_out()
    assert len(names) == len(set(names)) == model[:-1].transform(X).shape[1]


@pytest.mark.parametrize("name", ["hog_landmarks_linear", "hog_linear+landmarks_linear"])
def test_pipelines_work_with_metadata_routing(X, name):
    expected = make_pipeline(name).fit(X, X["label"]).predict_proba(X)
    with sklearn.config_context(enable_metadata_routing=True):
        model = clone(make_pipeline(name))
        np.testing.assert_array_equal(model.fit(X, X["label"]).predict_proba(X), expected)
        assert isinstance(model.get_metadata_routing(), MetadataRouter)


def test_steps_and_parameters_have_the_documented_names():
    model = make_pipeline("hog_flow_landmarks_svm", features__hog__orientations=6, align__size=96, classifier__C=2)
    assert list(model.named_steps) == ["faces", "align", "neutral", "features", "classifier"]
    assert model.get_params()["features__hog__orientations"] == 6
    assert model.named_steps["align"].size == 96
    assert clone(model).get_params()["classifier__C"] == 2
    assert list(make_pipeline("landmarks_svm").named_steps) == ["faces", "neutral", "features", "classifier"]


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_name_of_a_pipeline_is_its_specification(classifier):
    assert pipeline_name(make_pipeline(f"hogdiff_landmarks_{classifier}")) == f"hogdiff_landmarks_{classifier}"
    assert pipeline_name(make_pipeline("hog_svm").named_steps["classifier"]) == "SVM"


def test_specifications_joined_by_plus_are_combined_by_soft_voting(X):
    model = make_pipeline("hogdiff_svm+landmarks_linear", hogdiff_svm__classifier__C=3)
    assert [name for name, _ in model.estimators] == ["hogdiff_svm", "landmarks_linear"]
    assert pipeline_name(model) == "hogdiff_svm+landmarks_linear"
    assert required_columns(model) == ("images", "landmarks")
    assert required_columns(make_pipeline("geometry_svm+landmarks_linear")) == ("landmarks",)
    assert (model.fit(X, X["label"]).predict(X) == X["label"]).mean() > 0.8
    missing = X["landmarks"].copy()
    missing[2] = np.nan
    assert np.flatnonzero(~can_extract(model, X.with_columns(landmarks=missing))).tolist() == [2]


def test_random_state_reaches_the_extractor_and_the_classifier(X):
    def scores(random_state):
        model = make_pipeline("landmarks_xgb", random_state=random_state, classifier__n_estimators=10, **LINEAR)
        return model.fit(X, X["label"]).predict_proba(X)

    assert np.array_equal(scores(1), scores(1))
    assert not np.array_equal(scores(1), scores(2))
    assert make_pipeline("fv_svm", random_state=7).get_params()["features__fv__random_state"] == 7


@pytest.mark.parametrize(
    ("name", "params", "words"),
    [
        ("hog_smv", {}, "did you mean 'svm'"),
        ("hogg_svm", {}, "did you mean 'hog'.*landmarks.*flow"),
        ("svm", {}, "has no features"),
        ("hog_hog_svm", {}, "twice"),
        ("hog_svm+hog_svm", {}, "contains 'hog_svm' twice"),
        ("hog_svm+landmarks", {}, "should end in a classifier"),
        ("bset", {}, "did you mean 'best'"),
        ("hog_svm+landmarks_svm", {"align__size": 96}, "did you mean 'hog_svm__align__size'"),
        ("hog_svm", {"features__hog__pixels_per_cel": 4}, "did you mean 'features__hog__pixels_per_cell'"),
    ],
)
def test_unknown_name_raises_with_the_valid_ones(name, params, words):
    with pytest.raises(FerError, match=words):
        make_pipeline(name, **params)


@pytest.mark.parametrize("name", ["hog_krr", "landmarks_krr"])
def test_mirror_invariant_classifier_needs_the_features_of_both_images(name):
    with pytest.raises(FerError, match="features__mirror=concatenate"):
        make_pipeline(name, features__mirror="none", classifier__mirror_invariant=True)


@pytest.mark.parametrize(
    ("text", "value"), [("a=9", 9), ("a=0.5", 0.5), ("a=dis", "dis"), ("a=None", None), ("a={'x': 2}", {"x": 2})]
)
def test_value_of_a_setting_is_a_python_literal_or_text(text, value):
    assert parse_setting(text) == ("a", value)


@pytest.mark.parametrize("text", ["a", "=1", ""])
def test_setting_without_name_or_value_raises(text):
    with pytest.raises(FerError, match="NAME=VALUE"):
        parse_setting(text)


def test_plain_arrays_are_accepted_where_one_column_is_required(X):
    images, landmarks, label = X["images"], X["landmarks"], X["label"]
    on_landmarks = make_pipeline("landmarks_linear", **LINEAR).fit(landmarks, label)
    table = Samples.from_arrays(landmarks=landmarks)
    assert on_landmarks.predict(landmarks).tolist() == on_landmarks.predict(table).tolist()
    on_images = make_pipeline("hog_linear", align__method="none", **LINEAR).fit(images, label)
    assert on_images.predict(images).tolist() == on_images.predict(Samples.from_arrays(images=images)).tolist()
    with pytest.raises(FerError, match=r"images=\.\.\., landmarks=\.\.\."):
        make_pipeline("hog_svm").fit(images, label)


def test_predictions_of_single_samples_equal_those_of_all_at_once(X):
    model = make_pipeline("hogdiff_lbp_flow_landmarks_svm", **LINEAR).fit(X, X["label"])
    together = model.decision_function(X)
    single = np.concatenate([model.decision_function(X[[i]]) for i in range(len(X))])
    assert np.allclose(together, single, atol=1e-6)


def test_samples_whose_features_can_be_extracted_are_those_that_can_be_predicted(X):
    landmarks = X["landmarks"].copy()
    landmarks[[1, 6]] = np.nan
    gaps = X.with_columns(landmarks=landmarks)
    model = make_pipeline("hog_linear", **LINEAR).fit(X, X["label"])
    usable = can_extract(model, gaps)
    assert np.flatnonzero(~usable).tolist() == [1, 6]
    assert model.predict(gaps[usable]).shape == (len(X) - 2,)
    with pytest.raises(FerError, match="1, 6"):
        model.predict(gaps)
    assert can_extract(make_pipeline("hog_svm", align__method="none"), gaps).all()


def test_transformed_table_is_the_input_of_the_extractors(X):
    model = make_pipeline("hogdiff_linear", align__size=64, neutral__method="median", **LINEAR).fit(X, X["label"])
    Z = transformed(model, X)
    assert Z["images"].shape[2:] == (80, 64)
    np.testing.assert_array_equal(model.named_steps["features"].transform(Z), model[:-1].transform(X))


def test_tools_of_scikit_learn_accept_pipelines_and_tables(X):
    y, groups, cv = X["label"], X["subject"], StratifiedGroupKFold(2)
    model = make_pipeline("hog_landmarks_linear", **LINEAR)
    grid = {"features__hog__pixels_per_cell": [16, 32], "classifier__C": [1, 10]}
    members = [("a", model), ("b", make_pipeline("landmarks_lda", **LINEAR))]
    for ensemble in (VotingClassifier(members), StackingClassifier(members, cv=2)):
        assert cross_validate(ensemble, X, y, groups=groups, cv=cv, error_score="raise")["test_score"].mean() > 0.6
    # A grid extracts the features of each sample once for each of the two settings of HOG, and once for landmarks.
    fresh = Samples.from_arrays(images=X["images"], landmarks=X["landmarks"])
    search = GridSearchCV(model, grid, cv=cv).fit(fresh, y, groups=groups)
    assert search.best_score_ > 0.6
    assert fresh.feature_store.n_computed == 3 * len(X)


def test_pipelines_work_in_processes_of_scikit_learn(X):
    model = make_pipeline("landmarks_linear", **LINEAR)
    search = GridSearchCV(model, {"classifier__C": [1, 10]}, cv=StratifiedGroupKFold(2), n_jobs=2)
    assert search.fit(X, X["label"], groups=X["subject"]).best_score_ > 0.6


@pytest.mark.parametrize(
    ("name", "params", "faces", "align"),
    [
        ("hog_lda", {}, "auto", "procrustes"),
        ("hog_lda", {"faces__method": "none"}, "none", "none"),
        ("hog_lda", {"align__method": "none"}, "none", "none"),
        ("hog_lda", {"align__method": "none", "faces__method": "crop"}, "crop", "none"),
        ("hog_landmarks_lda", {"align__method": "none"}, "auto", "none"),
        ("hog_lda", {"faces__method": "none", "align__method": "eyes"}, "none", "eyes"),
    ],
)
def test_without_landmarks_there_is_no_alignment_and_conversely(name, params, faces, align):
    steps = make_pipeline(name, **params).named_steps
    assert (steps["faces"].method, steps["align"].method) == (faces, align)
    ensemble = make_pipeline(f"{name}+lbp_lda", **{f"{name}__{key}": value for key, value in params.items()})
    steps = dict(ensemble.estimators)[name].named_steps
    assert (steps["faces"].method, steps["align"].method) == (faces, align)
