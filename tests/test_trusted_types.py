"""Types that models in the format skops may contain: all pipelines can be saved, and the list has no other types."""

import importlib

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from fer_features import DataInfo, FerError, Samples, load_model, make_pipeline, register_classifier, save_model
from fer_features.classifiers import CLASSIFIERS
from fer_features.extractors import EXTRACTORS
from fer_features.front_end import locate_faces
from fer_features.trusted_types import PARTS, trusted_types

from .conftest import draw_clips

pytest.importorskip("skops", reason="the package skops, extra [safe], is not installed")

#: Parameters of pipelines that are fitted quickly; a pipeline gets those that it has.
QUICK = {
    "calibration_cv": 2,
    "features__fv__n_train_descriptors": 500,
    "features__fv__n_words": 3,
    "features__fv__n_pca": 8,
    "features__fv__n_pca_cell": 4,
    "features__fv__n_train_images": 4,
    "features__fv__step": 8,
    "classifier__n_components_even": 10,
    "classifier__n_components_odd": 5,
    "classifier__n_estimators": 3,
}
#: Together they have every classifier and every extractor.
PIPELINES = [
    *(f"landmarks_{name}" for name in CLASSIFIERS if name != "hgb"),
    f"{'_'.join(name for name in EXTRACTORS if name not in ('fv', 'vlad'))}_lda",
    "hog_svm",
    "hog_xgb",
    "hog_krr",
    "fv_krr",
    "best",
]


@pytest.fixture(scope="module")
def samples():
    """Clips of three named classes."""
    images, landmarks, label, subject = draw_clips(n_subjects=2)
    return Samples.from_arrays(images, landmarks, np.array(["joy", "fear", "anger"])[label], subject=subject)


@pytest.mark.parametrize("name", PIPELINES)
def test_every_pipeline_has_equal_predictions_in_both_formats(samples, tmp_path, name):
    valid = make_pipeline(name).get_params()
    model = make_pipeline(name, **{key: value for key, value in QUICK.items() if key in valid})
    model.fit(samples, samples["label"])
    for path in (tmp_path / "model.joblib", tmp_path / "model.skops"):
        loaded = load_model(save_model(model, path))
        assert (loaded.predict(samples) == model.predict(samples)).all()
        assert np.array_equal(loaded.predict_proba(samples), model.predict_proba(samples))


@pytest.mark.parametrize("name", ["best_stills", "small"])
def test_still_images_with_located_faces_have_equal_predictions_in_both_formats(small_faces, tmp_path, name):
    X = Samples.from_arrays(small_faces[:18], label=np.arange(18) % 3, info=DataInfo(cropped=True))
    valid = make_pipeline(name).get_params()
    params = {**QUICK, "classifier__n_inducing": 9}
    model = make_pipeline(name, faces__method="crop", **{k: v for k, v in params.items() if k in valid})
    locate_faces(model, X)
    model.fit(X, X["label"])
    loaded = load_model(save_model(model, tmp_path / "model.skops"))
    assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_a_pipeline_whose_trees_are_not_checked_is_refused(samples, tmp_path):
    model = make_pipeline("landmarks_hgb", calibration_cv=0).fit(samples, samples["label"])
    with pytest.raises(FerError, match=r"use joblib: it contains the type .*HGB"):
        save_model(model, tmp_path / "model.skops")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", sorted(trusted_types()))
def test_every_type_exists(name):
    module, _, attribute = name.rpartition(".")
    assert isinstance(getattr(importlib.import_module(module), attribute), type)


def test_types_of_other_packages_are_few():
    foreign = {name for name in trusted_types() if not name.startswith("fer_features.")}
    assert foreign == {
        "sklearn.decomposition._pca.PCA",
        "sklearn.discriminant_analysis.LinearDiscriminantAnalysis",
        "sklearn.linear_model._logistic.LogisticRegression",
        "sklearn.svm._classes.SVC",
        "xgboost.core.Booster",
        "xgboost.sklearn.XGBClassifier",
    }
    assert set(PARTS) <= trusted_types()


def test_registered_classes_are_trusted_and_others_if_they_are_given(samples, tmp_path):
    model = make_pipeline("landmarks_linear", calibration_cv=0)
    model.set_params(classifier=LinearSVC()).fit(samples, samples["label"])
    path = tmp_path / "model.skops"
    with pytest.raises(FerError, match=r"contains the type sklearn\.svm\._classes\.LinearSVC"):
        save_model(model, path)
    save_model(model, path, trusted=[LinearSVC])
    with pytest.raises(FerError, match=r"contains the type sklearn\.svm\._classes\.LinearSVC.*trusted="):
        load_model(path)
    for trusted in ([LinearSVC], ["sklearn.svm._classes.LinearSVC"]):
        assert (load_model(path, trusted=trusted).predict(samples) == model.predict(samples)).all()
    register_classifier("knn", KNeighborsClassifier(algorithm="brute"))
    try:
        model = make_pipeline("landmarks_knn", calibration_cv=0).fit(samples, samples["label"])
        assert (load_model(save_model(model, path)).predict(samples) == model.predict(samples)).all()
    finally:
        del CLASSIFIERS["knn"]
    with pytest.raises(FerError, match="KNeighborsClassifier"):
        load_model(path)
