"""Learning curves over subjects, on the folds of an evaluation."""

import numpy as np
import pytest

from fer_features import DataInfo, Samples, make_pipeline
from fer_features.evaluation import evaluate_pipeline
from fer_features.evaluation.learning_curve import N_REPEATS, learning_curve_of, subset_of_subjects

from ..conftest import draw_clips

MODEL = make_pipeline("landmarks_lda", calibration_cv=0)


@pytest.fixture(scope="module")
def X():
    images, landmarks, label, subject = draw_clips(n_subjects=8)
    return Samples.from_arrays(images, landmarks, label, subject, info=DataInfo(classes=("joy", "fear", "surprise")))


@pytest.mark.parametrize(("cv", "n_folds", "n_repeats", "largest"), [("loso", 8, 1, 7), ("4fold", 4, N_REPEATS, 6)])
def test_the_last_point_is_the_evaluation(X, cv, n_folds, n_repeats, largest):
    result = evaluate_pipeline(MODEL, X, cv)
    curve = learning_curve_of(MODEL, X, result.predictions, 3)
    assert (curve.unit, curve.n_folds, curve.n_repeats) == ("subjects", n_folds, n_repeats)
    assert list(curve.n_train) == sorted(set(curve.n_train))
    assert curve.n_train[-1] == largest
    assert curve.accuracy[-1] == pytest.approx(result.accuracy)
    np.testing.assert_allclose(curve.ci95[-1], result.scores.metrics.ci95["accuracy"], atol=0.03)
    assert curve == learning_curve_of(MODEL, X, result.predictions, 3)


class FitRecorder:
    """Appends the subjects, the number and the labels of its training samples, and the subjects that it predicts."""

    def __init__(self, fits):
        self.fits = fits

    def fit(self, X, y):
        self.fits.append([set(np.asarray(X["subject"]).tolist()), len(X), set(np.asarray(y).tolist())])
        self.first = np.asarray(y)[0]
        return self

    def predict(self, X):
        self.fits[-1].append(set(np.asarray(X["subject"]).tolist()))
        return np.full(len(X), self.first)

    def get_params(self, deep=True):
        return {"fits": self.fits}

    def set_params(self, **params):
        return self

    def __sklearn_clone__(self):
        return FitRecorder(self.fits)


def test_subsets_are_of_complete_subjects_that_are_not_evaluated(X):
    result = evaluate_pipeline(MODEL, X, "4fold", n_repeats=2)
    fits = []
    curve = learning_curve_of(FitRecorder(fits), X, result.predictions, 3)
    assert len(fits) == 2 * N_REPEATS * 4  # of repeated folds the first repeat
    assert {len(train) for train, *_ in fits} == set(curve.n_train[:-1])
    for train, n_samples, classes, test in fits:
        assert not train & test
        assert n_samples == 6 * len(train)
        assert classes == {0, 1, 2}


def test_the_unit_is_the_sample_where_subjects_are_unknown(X):
    split = np.where(np.arange(len(X)) % 3, "train", "test")
    unknown = Samples.from_arrays(landmarks=X["landmarks"], label=X["label"], split=split, info=X.info)
    result = evaluate_pipeline(MODEL, unknown)
    curve = learning_curve_of(MODEL, unknown, result.predictions, 4)
    assert (curve.unit, curve.n_folds) == ("samples", 1)
    assert curve.n_train[-1] == (split == "train").sum()
    assert curve.accuracy[-1] == pytest.approx(result.accuracy)


def test_the_curve_of_a_slice_equals_that_of_a_table_of_its_own(X):
    part = X[np.flatnonzero(X["subject"] > 2)[::-1]]
    own = Samples.from_arrays(landmarks=part["landmarks"], label=part["label"], subject=part["subject"], info=X.info)
    curves = [
        learning_curve_of(MODEL, table, evaluate_pipeline(MODEL, table, "loso").predictions, 3) for table in (part, own)
    ]
    assert curves[0] == curves[1]


def test_duplicates_of_training_images_are_dropped_from_subsets(X):
    images = X["images"].copy()
    first, second = (np.flatnonzero(X["subject"] == s) for s in (0, 1))
    images[second] = images[first]
    table = X.with_columns(images=images)
    predictions = evaluate_pipeline(MODEL, table, "4fold").predictions
    sizes = {}
    for drop in (False, True):
        fits = []
        learning_curve_of(FitRecorder(fits), table, predictions, 3, drop_duplicates=drop)
        sizes[drop] = {n for _, n, *_ in fits}
    assert all(n % 6 == 0 for n in sizes[False])
    assert len(sizes[True]) > len(sizes[False])


def test_small_subsets_of_subjects_show_every_class():
    label, subject = np.tile([0, 0, 0, 1], 5), np.repeat(np.arange(10), 2)
    for seed in range(5):
        chosen = subset_of_subjects(label, subject, 2, np.random.default_rng(seed))
        assert set(label[chosen]) == {0, 1}
        assert len(np.unique(subject[chosen])) == 2
