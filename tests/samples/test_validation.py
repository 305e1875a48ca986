"""Validation of columns: one shape and type of each, missing values marked, everything else refused."""

import numpy as np
import pandas as pd
import pytest

from fer_features.exceptions import FerError
from fer_features.samples.validation import clean_columns, clean_labels, clean_subjects


@pytest.mark.parametrize("kind", [np.int8, np.uint16, np.int64])
def test_integer_labels_and_subjects_are_not_copied(kind):
    values = np.array([3, 1, 2], kind)
    assert clean_labels(values)[0] is values
    assert clean_subjects(values) is values


@pytest.mark.parametrize("missing", ["", None, float("nan"), "-1", pd.NA])
def test_missing_labels_and_subjects_become_minus_one(missing):
    codes, classes = clean_labels(np.array(["joy", missing, "anger"], object))
    assert (codes.tolist(), classes) == ([1, -1, 0], ("anger", "joy"))
    assert clean_subjects(np.array(["b", missing, "a"], object)).tolist() == ["b", "-1", "a"]
    if not isinstance(missing, str):
        assert clean_subjects(np.array([7, missing, 3], object)).tolist() == [7, -1, 3]


NAMES = ["joy", "anger"]


@pytest.mark.parametrize("text", [NAMES, np.array(NAMES), np.array(NAMES, "S"), pd.Series(NAMES)])
def test_text_labels_become_codes_of_the_given_classes(text):
    codes, classes = clean_labels(text, ("fear", "joy", "anger"))
    assert (codes.tolist(), classes) == ([1, 2], ("fear", "joy", "anger"))


def test_label_outside_the_given_classes_is_refused():
    with pytest.raises(FerError, match="label 'disgust' is not one of the classes fear, joy"):
        clean_labels(["joy", "disgust"], ("fear", "joy"))


@pytest.mark.parametrize("values", [[0.0, 2.0], np.array([0, 2.0], object), pd.Series([0, 2], dtype="float32")])
def test_whole_floats_become_integers(values):
    assert clean_labels(values)[0].tolist() == [0, 2]
    assert clean_subjects(values).dtype == np.int64


@pytest.mark.parametrize("value", [0.5, float("inf")])
@pytest.mark.parametrize("clean", [clean_labels, clean_subjects])
def test_fractions_are_refused(clean, value):
    with pytest.raises(FerError, match=f"{value} is not an integer"):
        clean([1.0, value])


def test_subject_names_are_not_copied():
    names = np.array(["S1", "S2"], object)
    assert clean_subjects(names) is names
    assert clean_subjects(np.array([1, "a"], object)).tolist() == ["1", "a"]


@pytest.mark.parametrize("column", [object(), iter([1, 2])])
def test_column_that_is_not_an_array_is_refused(column):
    with pytest.raises(FerError, match="an array or a LazyColumn is needed"):
        clean_columns({"id": column})
