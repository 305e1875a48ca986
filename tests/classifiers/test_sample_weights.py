"""Validation of sample weights."""

import numpy as np
import pandas as pd
import pytest

from fer_features.classifiers.sample_weights import check_sample_weight


@pytest.mark.parametrize("given", [[0, 1, 2], np.arange(3), pd.Series([0, 1, 2])], ids=["list", "array", "Series"])
def test_weights_of_any_array_type_become_an_array(given):
    weight = check_sample_weight(given, 3, np.float32)
    assert weight.dtype == np.float32
    assert weight.tolist() == [0, 1, 2]


def test_missing_weights_stay_missing_and_a_number_is_repeated():
    assert check_sample_weight(None, 3) is None
    assert check_sample_weight(2, 3).tolist() == [2, 2, 2]


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1, 2], "shape"),
        ([[1], [2], [3]], "shape"),
        ([1, -1, 1], "negative"),
        ([0, 0, 0], "zero"),
        ([1, np.nan, 1], "NaN"),
        ([1, np.inf, 1], "infinity"),
    ],
)
def test_invalid_weights_are_refused(weight, message):
    with pytest.raises(ValueError, match=message):
        check_sample_weight(weight, 3)
