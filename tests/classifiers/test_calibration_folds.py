"""Folds that calibration learns from: people on one side, every class to learn from, no more than it takes."""

import numpy as np
import pytest

from fer_features import Samples
from fer_features.classifiers import calibration_folds as held_out
from fer_features.classifiers.calibration_folds import calibration_folds, knows_people


def table(subject):
    return Samples.from_arrays(label=np.zeros(len(subject), int), subject=np.asarray(subject))


def test_every_row_is_held_out_once_and_no_person_is_on_both_sides():
    person, codes = np.repeat(np.arange(12), 6), np.tile(np.arange(3), 24)
    folds = calibration_folds(table(person), codes, 5, 0)
    assert len(folds) == 5
    assert np.sort(np.concatenate([test for _, test in folds])).tolist() == list(range(72))
    for train, test in folds:
        assert not set(person[train]) & set(person[test])
        assert sorted([*train, *test]) == list(range(72))


@pytest.mark.parametrize(
    ("subject", "codes", "n"),
    [
        ([1, 1, 1, 1], [0, 1, 0, 1], 2),  # one person: folds of rows
        ([1, 1, 2, 2], [0, 1, 0, 1], 2),
        ([1, 1, 2, 2], [0, 0, 1, 1], 0),  # people share no class
        ([1, 2, 3, 4], [0, 1, 0, 1], 2),  # fewer rows of a class than folds
        ([1, 2, 3, 4, 5], [0, 0, 0, 0, 1], 3),  # who alone shows a class is not held out
        ([1, 2, 3], [0, 1, 2], 0),
        ([-1, -1, -1, -1], [0, 1, 1, 1], 0),  # unknown people, and one row of a class
    ],
)
def test_what_cannot_be_held_out_is_not(subject, codes, n, recwarn):
    codes = np.array(codes)
    folds = calibration_folds(table(subject), codes, 5, 0)
    assert len(folds) == n
    assert all(set(codes[train]) == set(codes) for train, _ in folds)
    assert not recwarn.list


def test_of_many_rows_no_more_are_held_out_than_it_takes(monkeypatch):
    codes = np.tile([0, 1], 500)
    assert len(calibration_folds(np.zeros((1000, 2)), codes, 5, 0)) == 5
    monkeypatch.setattr(held_out, "ENOUGH", 300)
    folds = calibration_folds(np.zeros((1000, 2)), codes, 5, 0)
    assert sum(len(test) for _, test in folds) == 400
    assert all(len(train) == 800 for train, _ in folds)


def test_who_is_known_is_asked_of_tables_alone():
    assert knows_people(table(["a", "b"]))
    assert not knows_people(table([-1, -1]))
    assert not knows_people(Samples.from_arrays(label=[0, 1]))
    assert not knows_people(np.zeros((3, 2)))
