"""Folds for calibration: grouped by subject, with all classes in training, and not more than needed."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csc_array
from sklearn.linear_model import LogisticRegression

from fer_features import FerError, Samples
from fer_features.classifiers import calibration_folds as module
from fer_features.classifiers.calibration_folds import (
    calibration_folds,
    has_several_subjects,
    out_of_fold_scores,
    sample_aligned,
)

from .toy_features import separable_classes


def table(subject):
    return Samples.from_arrays(label=np.zeros(len(subject), int), subject=np.asarray(subject))


def test_every_sample_is_held_out_once_and_no_subject_is_in_both_parts():
    subject, codes = np.repeat(np.arange(12), 6), np.tile(np.arange(3), 24)
    folds = calibration_folds(table(subject), codes, 5, 0)
    assert len(folds) == 5
    assert np.sort(np.concatenate([test for _, test in folds])).tolist() == list(range(72))
    for train, test in folds:
        assert not set(subject[train]) & set(subject[test])
        assert sorted([*train, *test]) == list(range(72))


@pytest.mark.parametrize(
    ("subject", "codes", "n_folds"),
    [
        ([1, 1, 1, 1], [0, 1, 0, 1], 2),  # one subject: folds ignore subjects
        ([1, 1, 2, 2], [0, 1, 0, 1], 2),
        ([1, 1, 2, 2], [0, 0, 1, 1], 0),  # no class with two subjects
        ([1, 2, 3, 4], [0, 1, 0, 1], 2),  # fewer samples per class than folds
        ([1, 2, 3, 4, 5], [0, 0, 0, 0, 1], 3),  # the only subject with a class is not held out
        ([1, 2, 3], [0, 1, 2], 0),
        ([-1, -1, -1, -1], [0, 1, 1, 1], 0),  # unknown subjects, and a class with one sample
    ],
)
def test_folds_without_a_class_in_training_are_omitted(subject, codes, n_folds, recwarn):
    codes = np.array(codes)
    folds = calibration_folds(table(subject), codes, 5, 0)
    assert len(folds) == n_folds
    assert all(set(codes[train]) == set(codes) for train, _ in folds)
    assert not recwarn.list


def test_folds_in_which_a_class_has_no_weight_are_omitted():
    codes, weight = np.repeat([0, 1], 6), np.r_[np.ones(6), 1, np.zeros(5)]
    folds = calibration_folds(np.zeros((12, 2)), codes, 3, 0, weight)
    assert len(folds) == 2
    assert all(weight[train][codes[train] == 1].any() for train, _ in folds)


def test_large_data_hold_out_only_as_many_samples_as_needed(monkeypatch):
    codes = np.tile([0, 1], 500)
    assert len(calibration_folds(np.zeros((1000, 2)), codes, 5, 0)) == 5
    monkeypatch.setattr(module, "SUFFICIENT_HELD_OUT_SAMPLES", 300)
    folds = calibration_folds(np.zeros((1000, 2)), codes, 5, 0)
    assert sum(len(test) for _, test in folds) == 400
    assert all(len(train) == 800 for train, _ in folds)


def test_only_tables_with_known_subjects_have_several():
    assert has_several_subjects(table(["a", "b"]))
    assert has_several_subjects(table([-1, 3]))
    assert not has_several_subjects(table([3, 3]))
    assert not has_several_subjects(table([-1, -1]))
    assert not has_several_subjects(Samples.from_arrays(label=[0, 1]))
    assert not has_several_subjects(np.zeros((3, 2)))


@pytest.mark.parametrize("as_given", [np.asarray, np.ndarray.tolist, pd.DataFrame, csc_array])
def test_out_of_fold_scores_are_those_of_models_of_the_training_samples(as_given):
    X, y = separable_classes(per_class=10)
    folds = calibration_folds(X, np.unique(y, return_inverse=True)[1], 3, 0)
    weight = np.linspace(0.5, 2, len(y))
    model = LogisticRegression()
    expected = [
        model.fit(X[train], y[train], sample_weight=weight[train]).decision_function(X[test]) for train, test in folds
    ]
    found = out_of_fold_scores(model, as_given(X), y, folds, {"sample_weight": weight})
    np.testing.assert_allclose(found, np.concatenate(expected), rtol=1e-2, atol=1e-4)


def test_arguments_with_one_value_per_sample_are_recognized():
    assert sample_aligned(np.zeros(5), 5)
    assert sample_aligned([0] * 5, 5)
    assert sample_aligned(csc_array(np.zeros((5, 2))), 5)
    assert not any(sample_aligned(value, 5) for value in (np.zeros(4), "words", 5, None, {1, 2, 3, 4, 5}))


@pytest.mark.parametrize("n_folds", [-1, 1, 2.5, None, "5"])
def test_numbers_of_folds_that_would_not_calibrate_are_refused(n_folds):
    with pytest.raises(FerError, match="at least 2 is needed, or 0"):
        calibration_folds(table([1, 2, 3, 4]), np.array([0, 1, 0, 1]), n_folds, 0)
    assert calibration_folds(table([1, 2, 3, 4]), np.array([0, 1, 0, 1]), 0, 0) == []
