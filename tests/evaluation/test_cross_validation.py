"""Cross-validation: honest folds, the same results however it is run, and what is left out is said."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict

from fer_features import FerError, Samples, evaluate, make_pipeline

from ..conftest import draw_clips


@pytest.fixture(scope="module")
def X():
    images, landmarks, label, subject = draw_clips(n_subjects=5, seed=3)
    return Samples.from_arrays(images=images, landmarks=landmarks, label=label, subject=subject)


def without_times(scores):
    drop = {k: v for k, v in scores.items() if k not in ("seconds", "folds", "described")}
    return {**drop, "folds": [{k: v for k, v in fold.items() if k != "seconds"} for fold in scores["folds"]]}


def test_predictions_equal_scikit_learn_s_cross_val_predict(X):
    model = make_pipeline("hogdiff_landmarks_svm")
    mine = evaluate(model, X, cv="loso").predictions
    reference = cross_val_predict(clone(model), X, X["label"], groups=X["subject"], cv=LeaveOneGroupOut())
    assert mine["row"].tolist() == list(range(len(X)))
    assert mine["prediction"].astype(int).tolist() == reference.tolist()


def test_every_row_is_described_once_whatever_the_folds(X):
    images, landmarks, label, subject = draw_clips(n_subjects=5, seed=3)
    fresh = Samples.from_arrays(images=images, landmarks=landmarks, label=label, subject=subject)
    assert evaluate(make_pipeline("hog_lbpdiff_svm"), fresh, cv="5fold", repeats=2).scores["described"] == 2 * len(
        fresh
    )


@pytest.mark.parametrize("name", ["hog_svm", "landmarks_xgb", "landmarks_hgb"])
def test_one_and_two_jobs_and_a_second_run_agree_to_the_bit(X, name):
    runs = [evaluate(make_pipeline(name), X, "3fold", jobs=jobs, seed=4) for jobs in (1, 2, 1)]
    first = without_times(runs[0].scores)
    for other in runs[1:]:
        assert without_times(other.scores) == first
        pd.testing.assert_frame_equal(other.predictions, runs[0].predictions)


def test_the_record_has_what_a_reader_needs(X):
    scores = evaluate(make_pipeline("landmarks_lda"), X, name="landmarks_lda").scores
    assert scores["n"] == len(X)
    assert scores["n_subjects"] == 5
    assert len(scores["folds"]) == 5
    assert scores["protocol"] == "leave-one-subject-out"
    assert scores["leakage"] == ""


def test_unknown_subjects_are_said_to_leak(X):
    blind = Samples.from_arrays(images=X["images"], landmarks=X["landmarks"], label=X["label"])
    result = evaluate(make_pipeline("hog_svm"), blind, "3fold")
    assert "may leak" in result.scores["leakage"]
    assert result.scores["subjects_from"] == "unknown"
    assert "CAUTION" in str(result)
    with pytest.raises(FerError, match="needs subjects"):
        evaluate(make_pipeline("hog_svm"), blind, "loso")


def test_rows_without_landmarks_label_or_subject_are_left_out_and_counted(X):
    landmarks = X["landmarks"].copy()
    landmarks[4] = np.nan
    label, subject = X["label"].copy(), X["subject"].copy()
    label[7], subject[9] = -1, -1
    gaps = Samples.from_arrays(images=X["images"], landmarks=landmarks, label=label, subject=subject)
    result = evaluate(make_pipeline("hog_svm"), gaps)
    assert result.scores["left_out"] == {"landmarks missing": 1, "subject unknown": 1}
    assert not {4, 7, 9} & set(result.predictions["row"])
    assert "left out" in str(result)


def test_landmarks_that_a_pipeline_does_not_read_may_be_missing(X):
    nothing = np.full_like(X["landmarks"], np.nan)
    faceless = Samples.from_arrays(images=X["images"], landmarks=nothing, label=X["label"], subject=X["subject"])
    assert evaluate(make_pipeline("hog_svm", align__method="none"), faceless).scores["left_out"] == {}
    with pytest.raises(FerError, match="landmarks are missing in every one"):
        evaluate(make_pipeline("hog_svm"), faceless)


def test_shuffled_labels_give_chance():
    _, landmarks, label, subject = draw_clips(n_subjects=10, per_class=4, seed=5)
    label = np.random.default_rng(0).permutation(label)
    X = Samples.from_arrays(landmarks=landmarks, label=label, subject=subject)
    result = evaluate(make_pipeline("landmarks_svm"), X, "5fold", repeats=3)
    assert abs(result.accuracy - 1 / 3) < 0.12


class Spy(ClassifierMixin, BaseEstimator):
    """Records which subjects it was fitted on, and fails when judged on one of them."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.seen_ = set(X["subject"].tolist())
        return self

    def predict(self, X):
        assert not self.seen_ & set(X["subject"].tolist())
        return np.full(len(X), self.classes_[0])

    def decision_function(self, X):
        return np.zeros((len(X), len(self.classes_)))


@pytest.mark.parametrize("cv", ["loso", "2fold", "4fold"])
def test_no_model_is_judged_on_a_subject_it_has_seen(X, cv):
    evaluate(Spy(), X, cv)


def test_a_fold_that_lacks_a_class_still_scores_it():
    _, landmarks, label, subject = draw_clips(n_subjects=4, seed=6)
    label[np.isin(subject, [0, 1]) & (label == 2)] = 1
    X = Samples.from_arrays(landmarks=landmarks, label=label, subject=subject)
    result = evaluate(make_pipeline("landmarks_xgb", classifier__n_estimators=5), X, "2fold", repeats=4)
    values = result.predictions.filter(like="probability_")
    assert list(values) == ["probability_0", "probability_1", "probability_2"]


def in_parts(X, *parts, **columns):
    """The table with its rows dealt out to official parts in turn."""
    return X.with_columns(split=np.resize(parts, len(X)), **columns)


class Parrot(Spy):
    """Records the labels and rows that it was fitted on."""

    def fit(self, X, y):
        self.rows_ = X.rows.copy()
        return super().fit(X, y)

    def predict(self, X):
        assert not set(self.rows_) & set(X.rows)
        return np.asarray(X["label"])


def test_official_parts_are_judged_each_by_one_model_which_is_given_back(X):
    table = in_parts(X, "train", "train", "validation", "test", subject=np.full(len(X), -1))
    result = evaluate(Parrot(), table)
    assert set(table["split"][result.model.rows_]) == {"train"}
    n = {part: int((table["split"] == part).sum()) for part in ("validation", "test")}
    assert {name: part["n"] for name, part in result.scores["parts"].items()} == n
    assert result.scores["n"] == n["test"]
    assert result.predictions.groupby("part").size().to_dict() == n
    assert result.predictions["part"].tolist() == table["split"][result.predictions["row"]].tolist()
    assert result.accuracy == 1
    assert "if the official parts share people" in result.scores["leakage"]
    assert "part validation" in str(result)


def test_official_figures_are_those_of_a_model_fitted_by_hand(X):
    table = in_parts(X, "train", "test")
    result = evaluate(make_pipeline("hog_linear"), table, "official")
    train, test = (np.flatnonzero(table["split"] == part) for part in ("train", "test"))
    byhand = make_pipeline("hog_linear").fit(table[train], table["label"][train]).predict(table[test])
    assert result.predictions["prediction"].astype(int).tolist() == byhand.tolist()
    assert result.model.predict(table[test]).tolist() == byhand.tolist()


def test_people_in_two_official_parts_are_said_to_leak_and_apart_they_are_not(X):
    assert (
        "5 subject(s) stand in the official training part and in a judged one"
        in (evaluate(make_pipeline("landmarks_lda"), in_parts(X, "train", "test")).scores["leakage"])
    )
    apart = X.with_columns(split=np.where(X["subject"] < 3, "train", "test"))
    scores = evaluate(make_pipeline("landmarks_lda"), apart).scores
    assert (scores["leakage"], scores["n_subjects"]) == ("", 2)


def test_folds_are_drawn_within_the_training_part(X):
    table = in_parts(X, "train", "test", "train")
    result = evaluate(make_pipeline("landmarks_lda"), table, "2fold")
    assert result.model is None
    assert set(table["split"][result.predictions["row"]]) == {"train"}
    assert result.scores["left_out"] == {"not in the official training part": int((table["split"] == "test").sum())}


def test_copies_of_training_pictures_are_counted_and_left_out(X):
    images = X["images"].copy()
    images[3], images[4] = images[0], images[1]  # a copy within a person's rows is none across a split by person
    other = np.flatnonzero(X["subject"] != X["subject"][0])[0]
    images[other] = images[0]
    twice = X.with_columns(images=images)
    model = make_pipeline("hogdiff_svm")
    assert evaluate(model, X, cv="loso").scores["n_duplicates"] == 0
    result = evaluate(model, twice, cv="loso")
    table, scores = result.predictions, result.scores
    copies = sorted(table["row"][table["copy_in_training"]])
    assert copies == sorted({0, 3, int(other)})
    alone = table[~table["copy_in_training"]]
    assert scores["n_duplicates"] == 3
    assert scores["accuracy_no_duplicates"] == pytest.approx((alone["truth"] == alone["prediction"]).mean())
    assert "3 judged row(s) have an equal picture in training" in str(result)
    dropped = evaluate(model, twice, cv="loso", drop_duplicates=True).scores
    assert dropped["n_duplicates"] == 3
    assert sum(f["n_train"] for f in dropped["folds"]) < sum(f["n_train"] for f in scores["folds"])
