"""The neutral baseline: what each choice compares the apex with."""

import numpy as np
import pytest

from fer_features import FerError, Samples, evaluate, make_pipeline
from fer_features.extractors import Align, Neutral
from fer_features.pipelines import columns_read, describable
from fer_features.vision.geometry import MEAN_FACE, similarity, transform

from ..conftest import draw_clips


@pytest.fixture(scope="module")
def X():
    images, landmarks, label, subject = draw_clips(n_frames=4)
    return Samples.from_arrays(images=images, landmarks=landmarks, label=label, subject=subject)


@pytest.fixture(scope="module")
def stills(X):
    return X.with_columns(images=X["images"][:, -1:], landmarks=X["landmarks"][:, -1:])


def test_the_first_frame_is_the_default_and_changes_nothing(X):
    assert Neutral().transform(X) is X
    assert make_pipeline("hog_svm").named_steps["neutral"].method == "first"


def test_the_median_is_that_of_the_frames(X):
    Z = Neutral("median").transform(X)
    assert np.array_equal(Z.frame("images", 0), np.rint(np.median(X["images"], 1)).astype(np.uint8))
    assert np.allclose(Z.frame("landmarks", 0), np.median(X["landmarks"], 1))
    assert np.array_equal(Z.frame("images", -1), X.frame("images", -1))
    assert np.array_equal(Z["images"][:, 1:], X["images"][:, 1:])


def test_the_median_forgives_a_bad_first_frame(X):
    images, landmarks = X["images"][:, [0, 0, 0, 0, 3]].copy(), X["landmarks"][:, [0, 0, 0, 0, 3]].copy()
    good = X.with_columns(images=images, landmarks=landmarks)
    spoilt = images.copy()
    spoilt[:, 0] = 255 - spoilt[:, 0]
    bad = X.with_columns(images=spoilt, landmarks=landmarks)
    assert np.array_equal(Neutral("median").transform(bad)[[2]].frame("images", 0), good[[2]].frame("images", 1))


def test_nobody_is_a_flat_picture_and_a_mean_face_in_the_same_place(X):
    Z = Neutral("none").transform(X)
    assert (Z.frame("images", 0) == 128).all()
    face, apex = Z.frame("landmarks", 0), X.frame("landmarks", -1)
    assert np.allclose(face, transform(similarity(np.broadcast_to(MEAN_FACE, apex.shape), apex), MEAN_FACE), atol=1e-3)


def test_nobody_leaves_the_apex_alone(X):
    table = Align(size=64).transform(X)
    with_nobody = make_pipeline("hogdiff_svm", align__size=64, neutral__method="none", features__hogdiff__block=2)
    difference = with_nobody.named_steps["features"].transformer_list[0][1]
    apex = make_pipeline("hog_svm").named_steps["features"].transformer_list[0][1]
    Z = Neutral("none").transform(table)
    assert np.allclose(difference.fit(Z).transform(Z), apex.fit(table).transform(table), atol=1e-6)


@pytest.mark.parametrize("kind", ["clips", "stills"])
def test_a_subject_s_other_rows_are_its_own_and_not_the_row_itself(X, stills, kind):
    table = {"clips": X, "stills": stills}[kind]
    Z = Neutral("subject").transform(table)
    subject, apex = table["subject"], table.frame("images", -1).astype(float)
    for i in (0, 7):
        others = np.flatnonzero((subject == subject[i]) & (np.arange(len(table)) != i))
        assert np.array_equal(Z[[i]].frame("images", 0)[0], np.rint(apex[others].mean(0)).astype(np.uint8))
    assert np.array_equal(Z.frame("images", -1), table.frame("images", -1))
    face, own = Z.frame("landmarks", 0), table.frame("landmarks", -1)
    assert np.isfinite(face).all()
    assert np.abs(face.mean(1) - own.mean(1)).max() < 1e-2  # brought onto the row's own place


def test_a_slice_of_the_table_still_sees_the_other_rows(X):
    whole = Neutral("subject").transform(X)
    part = Neutral("subject").transform(X[3:5])
    assert np.array_equal(part.frame("images", 0), whole[3:5].frame("images", 0))


def test_a_person_s_only_row_cannot_be_described(X):
    subject = X["subject"].copy()
    subject[5] = 99
    lonely = X.with_columns(subject=subject)
    model = make_pipeline("hogdiff_landmarks_svm", neutral__method="subject")
    assert np.flatnonzero(~describable(model, lonely)).tolist() == [5]
    assert evaluate(model, lonely).scores["left_out"] == {"landmarks missing": 1}
    with pytest.raises(FerError, match="'subject'"):
        model.fit(Samples.from_arrays(images=X["images"], landmarks=X["landmarks"]), X["label"])
    assert columns_read(model) == ("images", "landmarks", "subject")


@pytest.mark.parametrize("method", ["subject", "none"])
@pytest.mark.parametrize("name", ["hogdiff_svm", "landmarks_svm", "flow_svm"])
def test_stills_do_where_a_baseline_is_chosen(stills, method, name):
    with pytest.raises(FerError, match="neutral__method"):
        make_pipeline(name).fit(stills, stills["label"])
    model = make_pipeline(name, neutral__method=method).fit(stills, stills["label"])
    assert (model.predict(stills) == stills["label"]).mean() > 0.6


def test_plain_arrays_and_wrong_choices(X):
    landmarks = X["landmarks"]
    for method in ("median", "none"):
        model = make_pipeline("landmarks_svm", neutral__method=method).fit(landmarks, X["label"])
        assert (
            model.predict(landmarks[:2]).tolist()
            == model.predict(Samples.from_arrays(landmarks=landmarks[:2])).tolist()
        )
    with pytest.raises(FerError, match=r"method='last'.*'median'"):
        make_pipeline("landmarks_svm", neutral__method="last").fit(landmarks, X["label"])


def test_features_of_different_baselines_are_kept_apart(X):
    fresh = X.with_columns()
    for method in ("first", "median", "none"):
        evaluate(make_pipeline("hogdiff_svm", neutral__method=method), fresh, "2fold")
    assert fresh.store.described == 3 * len(fresh)


def test_features_kept_on_disk_are_not_those_of_another_grouping(X, tmp_path):
    def described(subject):
        table = X.with_columns(subject=subject)
        table.store.folder = tmp_path
        evaluate(make_pipeline("hogdiff_svm", neutral__method="subject"), table, "2fold")
        return table.store.described

    regrouped = (X["subject"] + X["label"]) % 4
    assert described(X["subject"]) == len(X)
    assert described(X["subject"]) == 0
    assert described(regrouped) == len(X)
