"""Groups: int codes of the known subjects, the same for ids as numbers and as text."""

import numpy as np
import pandas as pd
import pytest

from fer_features.samples.groups import group_codes, known_subjects


@pytest.mark.parametrize("kind", [np.int64, np.int8, str, object])
def test_unknown_subjects_are_minus_one_as_number_or_text(kind):
    subject = np.array([3, -1, 1, 3]).astype(str if kind is object else kind).astype(kind)
    assert known_subjects(subject).tolist() == [True, False, True, True]
    assert group_codes(subject).tolist() == [0, -1, 1, 0]


def test_codes_follow_the_first_occurrence_and_not_the_names():
    subject = np.random.default_rng(0).integers(-1, 20, 50)
    known = subject >= 0
    expected = np.full(50, -1)
    expected[known] = pd.factorize(subject[known])[0]
    np.testing.assert_array_equal(group_codes(subject), expected)
    names = np.random.default_rng(1).permutation(20)  # other names of the same subjects
    np.testing.assert_array_equal(group_codes(np.where(known, names[subject], -1)), expected)
    np.testing.assert_array_equal(group_codes(subject.astype(str)), expected)


def test_no_sample_and_no_known_subject():
    assert group_codes(np.array([], int)).tolist() == []
    assert group_codes(np.array([-1, -1])).tolist() == [-1, -1]
