"""Cross-validation: predictions equal those of scikit-learn, and do not depend on how they are computed."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict

from fer_features import FerError, Samples, make_pipeline
from fer_features.evaluation import evaluate_pipeline

from ..conftest import draw_clips


def make_clips(n_subjects=5, seed=3, **options):
    images, landmarks, label, subject = draw_clips(n_subjects=n_subjects, seed=seed, **options)
    return Samples.from_arrays(images=images, landmarks=landmarks, label=label, subject=subject)


@pytest.fixture(scope="module")
def X():
    return make_clips()


def without_times(scores):
    """Scores without what depends on the machine and on earlier evaluations."""
    folds = tuple(dataclasses.replace(fold, seconds=0) for fold in scores.folds)
    return scores.replace(seconds=0, n_features_computed=0, folds=folds)


def test_predictions_equal_cross_val_predict_of_scikit_learn(X):
    model = make_pipeline("hogdiff_landmarks_svm")
    predictions = evaluate_pipeline(model, X, cv="loso").predictions
    reference = cross_val_predict(clone(model), X, X["label"], groups=X["subject"], cv=LeaveOneGroupOut())
    assert predictions["sample"].tolist() == list(range(len(X)))
    assert predictions["predicted"].astype(int).tolist() == reference.tolist()


def test_features_are_computed_once_per_sample_and_extractor():
    X = make_clips()
    model = make_pipeline("hog_lbpdiff_svm", calibration_cv=0)
    assert evaluate_pipeline(model, X, cv="5fold", n_repeats=2).scores.n_features_computed == 2 * len(X)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("hog_svm", {}),
        ("landmarks_xgb", {"classifier__n_estimators": 20}),
        ("landmarks_hgb", {"classifier__max_iter": 5}),
    ],
)
def test_results_do_not_depend_on_n_jobs_and_are_reproducible(X, name, params):
    model = make_pipeline(name, **params)
    runs = [evaluate_pipeline(model, X, "3fold", n_jobs=n_jobs, seed=4) for n_jobs in (1, 2, 1)]
    for other in runs[1:]:
        assert without_times(other.scores) == without_times(runs[0].scores)
        pd.testing.assert_frame_equal(other.predictions, runs[0].predictions)


def test_scores_describe_data_and_protocol(X):
    scores = evaluate_pipeline(make_pipeline("landmarks_lda"), X, name="a name").scores
    assert (scores.metrics.n_samples, scores.metrics.n_subjects, len(scores.folds)) == (len(X), 5, 5)
    assert (scores.pipeline, scores.protocol, scores.leakage) == ("a name", "leave-one-subject-out", "")
    assert (scores.data.dataset, scores.data.subjects_from, scores.data.synthetic) == ("arrays", "arrays", False)
    for i, subject in enumerate(dict.fromkeys(X["subject"].tolist())):
        fold = scores.folds[i]
        assert (fold.fold, fold.subjects, fold.n_train, fold.n_test) == (i, (subject,), 24, 6)
    assert scores.metrics.accuracy == pytest.approx(np.mean([fold.accuracy for fold in scores.folds]))


def test_unknown_subjects_give_a_leakage_warning(X):
    unknown = Samples.from_arrays(images=X["images"], landmarks=X["landmarks"], label=X["label"])
    result = evaluate_pipeline(make_pipeline("landmarks_lda"), unknown, "3fold")
    assert "subjects are unknown" in result.scores.leakage
    assert result.scores.data.subjects_from == "unknown"
    assert result.predictions["subject"].isna().all()
    assert "warning: subjects are unknown" in str(result)
    with pytest.raises(FerError, match="needs subjects"):
        evaluate_pipeline(make_pipeline("landmarks_lda"), unknown, "loso")


def test_samples_without_landmarks_label_or_subject_are_excluded_and_counted(X):
    landmarks = X["landmarks"].copy()
    landmarks[4] = np.nan
    label, subject = X["label"].copy(), X["subject"].copy()
    label[7], subject[9] = -1, -1
    gaps = Samples.from_arrays(images=X["images"], landmarks=landmarks, label=label, subject=subject)
    result = evaluate_pipeline(make_pipeline("hog_landmarks_lda"), gaps)
    assert result.scores.excluded == {"landmarks missing": 1, "subject unknown": 1}
    assert not {4, 7, 9} & set(result.predictions["sample"])
    assert "excluded: 1 sample(s), landmarks missing, 1 sample(s), subject unknown" in str(result)


def test_landmarks_that_a_pipeline_does_not_use_can_be_missing(X):
    missing = np.full_like(X["landmarks"], np.nan)
    without = Samples.from_arrays(images=X["images"], landmarks=missing, label=X["label"], subject=X["subject"])
    assert evaluate_pipeline(make_pipeline("hog_lda", align__method="none"), without).scores.excluded == {}
    with pytest.raises(FerError, match="no labelled sample has the landmarks"):
        evaluate_pipeline(make_pipeline("hog_lda"), without)


def test_shuffled_labels_give_chance_accuracy():
    _, landmarks, label, subject = draw_clips(n_subjects=10, per_class=4, seed=5)
    label = np.random.default_rng(0).permutation(label)
    X = Samples.from_arrays(landmarks=landmarks, label=label, subject=subject)
    result = evaluate_pipeline(make_pipeline("landmarks_lda", calibration_cv=0), X, "5fold", n_repeats=3)
    assert abs(result.accuracy - 1 / 3) < 0.12


class SubjectRecorder(ClassifierMixin, BaseEstimator):
    """Keeps the subjects of its training samples, and fails if one of them is to be predicted."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.subjects_ = set(X["subject"].tolist())
        return self

    def predict(self, X):
        assert not self.subjects_ & set(X["subject"].tolist())
        return np.full(len(X), self.classes_[0])

    def decision_function(self, X):
        return np.zeros((len(X), len(self.classes_)))


@pytest.mark.parametrize("cv", ["loso", "2fold", "4fold"])
def test_no_model_predicts_a_subject_of_its_training_samples(X, cv):
    evaluate_pipeline(SubjectRecorder(), X, cv)


def test_classes_absent_from_a_training_fold_have_a_probability_column():
    _, landmarks, label, subject = draw_clips(n_subjects=4, seed=6)
    label[(subject < 3) & (label == 2)] = 1
    X = Samples.from_arrays(landmarks=landmarks, label=label, subject=subject)
    model = make_pipeline("landmarks_xgb", classifier__n_estimators=5)
    result = evaluate_pipeline(model, X, LeaveOneGroupOut())
    probability = result.predictions.filter(like="probability_")
    assert list(probability) == ["probability_0", "probability_1", "probability_2"]
    assert probability["probability_2"].isna().tolist() == (result.predictions["subject"] == 3).tolist()
    assert result.scores.metrics.per_class["2"].recall == 0
    assert np.isfinite(result.scores.metrics.calibration.log_loss)


def test_duplicates_of_training_images_are_counted_and_can_be_dropped(X):
    images = X["images"].copy()
    images[3], images[4] = images[0], images[1]
    other = int(np.flatnonzero(X["subject"] != X["subject"][0])[0])
    images[other] = images[0]
    duplicated = X.with_columns(images=images)
    model = make_pipeline("hogdiff_lda")
    assert evaluate_pipeline(model, X, cv="loso").scores.metrics.n_duplicates == 0
    result = evaluate_pipeline(model, duplicated, cv="loso")
    table, metrics = result.predictions, result.scores.metrics
    # Identical images of one subject are in one fold.
    assert sorted(table["sample"][table["duplicate_in_train"]]) == sorted({0, 3, other})
    unique = table[~table["duplicate_in_train"]]
    assert metrics.n_duplicates == 3
    assert metrics.accuracy_excluding_duplicates == pytest.approx((unique["true"] == unique["predicted"]).mean())
    assert "3 evaluated sample(s) duplicate an image of the training samples" in str(result)
    dropped = evaluate_pipeline(model, duplicated, cv="loso", drop_duplicates=True).scores
    assert dropped.metrics.n_duplicates == 3
    assert sum(f.n_train for f in dropped.folds) < sum(f.n_train for f in result.scores.folds)


def test_sample_numbers_are_positions_in_the_given_table(X):
    part = X[np.flatnonzero(X["subject"] > 0)[::-1]]
    predictions = evaluate_pipeline(make_pipeline("landmarks_lda"), part, "loso").predictions
    assert predictions["sample"].tolist() == list(range(len(part)))
    assert predictions["subject"].tolist() == part["subject"].tolist()
    assert predictions["true"].tolist() == part["label"].astype(str).tolist()
