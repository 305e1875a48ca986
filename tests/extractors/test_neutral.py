"""The neutral reference: what the apex is compared with, for each method."""

import numpy as np
import pytest
import sklearn

from fer_features import FerError, Samples, evaluate, make_pipeline
from fer_features.extractors import Align, Neutral
from fer_features.pipelines import can_extract, required_columns
from fer_features.vision.geometry import MEAN_FACE, apply_affine, estimate_similarity

from ..conftest import draw_clips


@pytest.fixture(scope="module")
def X():
    images, landmarks, label, subject = draw_clips(n_frames=4)
    return Samples.from_arrays(images=images, landmarks=landmarks, label=label, subject=subject)


@pytest.fixture(scope="module")
def stills(X):
    return X.with_columns(images=X["images"][:, -1:], landmarks=X["landmarks"][:, -1:])


def test_default_is_the_first_frame_and_changes_nothing(X):
    assert Neutral().transform(X) is X
    assert make_pipeline("hog_svm").named_steps["neutral"].method == "first"


def test_median_is_that_of_the_frames(X):
    Z = Neutral("median").transform(X)
    assert np.array_equal(Z.frame("images", 0), np.rint(np.median(X["images"], 1)).astype(np.uint8))
    assert np.allclose(Z.frame("landmarks", 0), np.median(X["landmarks"], 1))
    assert np.array_equal(Z.frame("images", -1), X.frame("images", -1))
    assert np.array_equal(Z["images"][:, 1:], X["images"][:, 1:])


def test_median_does_not_depend_on_an_outlier_in_the_first_frame(X):
    images, landmarks = X["images"][:, [0, 0, 0, 0, 3]].copy(), X["landmarks"][:, [0, 0, 0, 0, 3]].copy()
    good = X.with_columns(images=images, landmarks=landmarks)
    inverted = images.copy()
    inverted[:, 0] = 255 - inverted[:, 0]
    bad = X.with_columns(images=inverted, landmarks=landmarks)
    assert np.array_equal(Neutral("median").transform(bad)[[2]].frame("images", 0), good[[2]].frame("images", 1))


def test_none_is_a_grey_image_and_the_mean_face_at_the_position_of_the_apex(X):
    Z = Neutral("none").transform(X)
    assert (Z.frame("images", 0) == 128).all()
    face, apex = Z.frame("landmarks", 0), X.frame("landmarks", -1)
    similarity = estimate_similarity(np.broadcast_to(MEAN_FACE, apex.shape), apex)
    assert np.allclose(face, apply_affine(similarity, MEAN_FACE), atol=1e-3)


def test_none_gives_the_features_of_the_apex(X):
    table = Align(size=64).transform(X)
    params = {"align__size": 64, "neutral__method": "none", "features__hogdiff__cells_per_block": 2}
    difference = make_pipeline("hogdiff_svm", **params).named_steps["features"]["hogdiff"]
    apex = make_pipeline("hog_svm").named_steps["features"]["hog"]
    Z = Neutral("none").transform(table)
    assert np.allclose(difference.fit(Z).transform(Z), apex.fit(table).transform(table), atol=1e-6)


@pytest.mark.parametrize("kind", ["clips", "stills"])
def test_subject_is_the_mean_of_the_other_samples_of_the_subject(X, stills, kind):
    table = {"clips": X, "stills": stills}[kind]
    Z = Neutral("subject").transform(table)
    subject, apex = table["subject"], table.frame("images", -1).astype(float)
    for i in (0, 7):
        others = np.flatnonzero((subject == subject[i]) & (np.arange(len(table)) != i))
        assert np.array_equal(Z[[i]].frame("images", 0)[0], np.rint(apex[others].mean(0)).astype(np.uint8))
    assert np.array_equal(Z.frame("images", -1), table.frame("images", -1))
    face, own = Z.frame("landmarks", 0), table.frame("landmarks", -1)
    assert np.isfinite(face).all()
    assert np.abs(face.mean(1) - own.mean(1)).max() < 1e-2  # registered to the landmarks of the sample


def test_subject_uses_samples_outside_a_slice_of_the_table(X):
    complete = Neutral("subject").transform(X)
    part = Neutral("subject").transform(X[3:5])
    assert np.array_equal(part.frame("images", 0), complete[3:5].frame("images", 0))


def test_features_of_the_only_sample_of_a_subject_cannot_be_extracted(X):
    subject = X["subject"].copy()
    subject[5] = 99
    single = X.with_columns(subject=subject)
    model = make_pipeline("hogdiff_landmarks_svm", neutral__method="subject")
    assert np.flatnonzero(~can_extract(model, single)).tolist() == [5]
    assert evaluate(model, single).scores.excluded == {"landmarks missing": 1}
    with pytest.raises(FerError, match="'subject'"):
        model.fit(Samples.from_arrays(images=X["images"], landmarks=X["landmarks"]), X["label"])
    assert required_columns(model) == ("images", "landmarks", "subject")


@pytest.mark.parametrize("method", ["subject", "none"])
@pytest.mark.parametrize("name", ["hogdiff_linear", "landmarks_linear", "flow_linear"])
def test_methods_without_a_neutral_frame_accept_still_images(stills, method, name):
    with pytest.raises(FerError, match="neutral__method"):
        make_pipeline(name, calibration_cv=0).fit(stills, stills["label"])
    model = make_pipeline(name, neutral__method=method, calibration_cv=0).fit(stills, stills["label"])
    assert (model.predict(stills) == stills["label"]).mean() > 0.6


def test_plain_arrays_are_accepted_and_invalid_methods_raise(X):
    landmarks = X["landmarks"]
    for method in ("median", "none"):
        model = make_pipeline("landmarks_linear", neutral__method=method, calibration_cv=0).fit(landmarks, X["label"])
        table = Samples.from_arrays(landmarks=landmarks[:2])
        assert model.predict(landmarks[:2]).tolist() == model.predict(table).tolist()
    with pytest.raises(FerError, match=r"method='last'.*'median'"):
        make_pipeline("landmarks_svm", neutral__method="last").fit(landmarks, X["label"])


def test_features_of_different_methods_are_stored_separately(X):
    fresh = X.with_columns()
    for method in ("first", "median", "none"):
        evaluate(make_pipeline("hogdiff_linear", neutral__method=method, calibration_cv=0), fresh, "2fold")
    assert fresh.feature_store.n_computed == 3 * len(fresh)


def test_features_on_disk_are_not_those_of_other_subject_identities(X, tmp_path):
    def n_computed(subject):
        table = X.with_columns(subject=subject)
        table.feature_store.folder = tmp_path
        model = make_pipeline("hogdiff_linear", neutral__method="subject", calibration_cv=0)
        evaluate(model, table, "2fold")
        return table.feature_store.n_computed

    regrouped = (X["subject"] + X["label"]) % 4
    assert n_computed(X["subject"]) == len(X)
    assert n_computed(X["subject"]) == 0
    assert n_computed(regrouped) == len(X)


@pytest.mark.parametrize("method", ["first", "median", "none", "subject"])
def test_output_is_a_table_for_every_setting_of_set_output(X, method):
    with sklearn.config_context(transform_output="pandas"):
        assert isinstance(Neutral(method).fit_transform(X), Samples)
    assert isinstance(Neutral(method).set_output(transform="pandas").fit_transform(X), Samples)
