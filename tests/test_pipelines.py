"""Names are sentences: every combination exists, fits and predicts; wrong ones are told what is valid."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, cross_validate
from sklearn.pipeline import Pipeline

from fer_features import FerError, Samples, make_pipeline
from fer_features.classifiers import CLASSIFIERS
from fer_features.extractors import EXTRACTORS
from fer_features.pipelines import PRESETS, columns_read, describable, name_of, parse_setting


@pytest.fixture
def X(clips):
    images, landmarks, label, subject = clips
    return Samples.from_arrays(images=images, landmarks=landmarks, label=label, subject=subject)


#: Fewer features than by default, where these are so many that trees take seconds.
SMALL = {
    name: {f"features__{name}__{key}": value for key, value in {"words": 4, "components": 8, "step": 8}.items()}
    for name in ("fv", "vlad")
}


@pytest.mark.parametrize("features", [*EXTRACTORS, "hog_landmarks", "lbpdiff_flow_hogdiff"])
@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_every_name_fits_and_predicts(X, features, classifier):
    model = make_pipeline(f"{features}_{classifier}", **SMALL.get(features, {}))
    assert isinstance(model, Pipeline)
    model.fit(X, X["label"])
    assert (model.predict(X) == X["label"]).mean() >= 0.8
    assert model.predict(X[:1]).shape == (1,)


def test_steps_and_parameters_have_the_documented_names():
    model = make_pipeline("hog_flow_landmarks_svm", features__hog__orientations=6, align__size=96, classifier__C=2)
    assert list(model.named_steps) == ["align", "neutral", "features", "classifier"]
    assert model.get_params()["features__hog__orientations"] == 6
    assert model.named_steps["align"].size == 96
    assert clone(model).get_params()["classifier__C"] == 2
    assert list(make_pipeline("landmarks_svm").named_steps) == ["neutral", "features", "classifier"]


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_a_pipeline_knows_its_name(classifier):
    assert name_of(make_pipeline(f"hogdiff_landmarks_{classifier}")) == f"hogdiff_landmarks_{classifier}"
    assert name_of(make_pipeline("hog_svm").named_steps["classifier"]) == "SVM"


def test_sentences_joined_by_plus_vote(X):
    model = make_pipeline("hogdiff_svm+landmarks_linear", hogdiff_svm__classifier__C=3)
    assert [name for name, _ in model.members] == ["hogdiff_svm", "landmarks_linear"]
    assert name_of(model) == "hogdiff_svm+landmarks_linear"
    assert columns_read(model) == ("images", "landmarks")
    assert columns_read(make_pipeline("geometry_svm+landmarks_linear")) == ("landmarks",)
    assert (model.fit(X, X["label"]).predict(X) == X["label"]).mean() > 0.8
    missing = X["landmarks"].copy()
    missing[2] = np.nan
    assert np.flatnonzero(~describable(model, X.with_columns(landmarks=missing))).tolist() == [2]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_a_sentence_with_settings(name):
    preset, model = PRESETS[name], make_pipeline(name, seed=3)
    assert repr(model) == repr(make_pipeline(preset.name, seed=3, **preset.params))
    assert all(f"--set {key}=" in str(preset) for key in preset.params)
    assert preset.name in str(preset)
    key, value = next(iter(preset.params.items()))  # twice a tuple is a tuple twice over
    assert make_pipeline(name, **{key: 2 * value}).get_params()[key] == 2 * value


def test_the_seed_reaches_the_classifier(X):
    def scores(seed):
        return make_pipeline("landmarks_xgb", seed=seed).fit(X, X["label"]).predict_proba(X)

    assert np.array_equal(scores(1), scores(1))
    assert not np.array_equal(scores(1), scores(2))
    assert make_pipeline("fv_svm", seed=7).get_params()["features__fv__seed"] == 7


@pytest.mark.parametrize(
    ("name", "params", "words"),
    [
        ("hog_smv", {}, "did you mean 'svm'"),
        ("hogg_svm", {}, "did you mean 'hog'.*landmarks.*flow"),
        ("svm", {}, "names no features"),
        ("hog_hog_svm", {}, "twice"),
        ("hog_svm+hog_svm", {}, "names 'hog_svm' twice"),
        ("hog_svm+landmarks", {}, "should end in a classifier"),
        ("bset", {}, "did you mean 'best'"),
        ("hog_svm+landmarks_svm", {"align__size": 96}, "did you mean 'hog_svm__align__size'"),
        ("hog_svm", {"features__hog__cells": 4}, "did you mean 'features__hog__cell'"),
    ],
)
def test_unknown_names_list_the_valid_ones(name, params, words):
    with pytest.raises(FerError, match=words):
        make_pipeline(name, **params)


@pytest.mark.parametrize(
    ("text", "value"), [("a=9", 9), ("a=0.5", 0.5), ("a=dis", "dis"), ("a=None", None), ("a={'x': 2}", {"x": 2})]
)
def test_settings_are_python_literals_or_text(text, value):
    assert parse_setting(text) == ("a", value)


def test_plain_arrays_do_where_one_column_is_read(clips):
    images, landmarks, label, _ = clips
    by_points = make_pipeline("landmarks_svm").fit(landmarks, label)
    table = Samples.from_arrays(landmarks=landmarks)
    assert by_points.predict(landmarks).tolist() == by_points.predict(table).tolist()
    by_pixels = make_pipeline("hog_svm", align__method="none").fit(images, label)
    assert by_pixels.predict(images).tolist() == by_pixels.predict(Samples.from_arrays(images=images)).tolist()
    with pytest.raises(FerError, match=r"images=\.\.\., landmarks=\.\.\."):
        make_pipeline("hog_svm").fit(images, label)


def test_one_row_at_a_time_equals_all_at_once(X):
    model = make_pipeline("hogdiff_lbp_flow_landmarks_svm").fit(X, X["label"])
    together = model.decision_function(X)
    singly = np.concatenate([model.decision_function(X[[i]]) for i in range(len(X))])
    assert np.allclose(together, singly, atol=1e-6)


def test_describable_rows_are_those_that_predict(X):
    landmarks = X["landmarks"].copy()
    landmarks[[1, 6]] = np.nan
    gaps = X.with_columns(landmarks=landmarks)
    model = make_pipeline("hog_svm").fit(X, X["label"])
    usable = describable(model, gaps)
    assert np.flatnonzero(~usable).tolist() == [1, 6]
    assert model.predict(gaps[usable]).shape == (len(X) - 2,)
    with pytest.raises(FerError, match="1, 6"):
        model.predict(gaps)
    assert describable(make_pipeline("hog_svm", align__method="none"), gaps).all()


def test_scikit_learn_s_tools_take_pipelines_and_tables(X):
    y, groups, cv = X["label"], X["subject"], StratifiedGroupKFold(4)
    model = make_pipeline("hog_landmarks_svm")
    search = GridSearchCV(model, {"features__hog__cell": [16, 32], "classifier__C": [1, 10]}, cv=cv, n_jobs=2)
    assert search.fit(X, y, groups=groups).best_score_ > 0.6
    parts = [("a", model), ("b", make_pipeline("landmarks_logreg"))]
    for ensemble in (VotingClassifier(parts), StackingClassifier(parts, cv=2)):
        assert cross_validate(ensemble, X, y, groups=groups, cv=cv, error_score="raise")["test_score"].mean() > 0.6
    # A grid over classifiers describes each row once for each of the two settings of HOG, and once for landmarks.
    fresh = Samples.from_arrays(images=X["images"], landmarks=X["landmarks"])
    GridSearchCV(model, search.param_grid, cv=cv).fit(fresh, y, groups=groups)
    assert fresh.store.described == 3 * len(X)
