"""Constraints of parameters."""

from types import SimpleNamespace

import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.extractors.parameters import (
    FINITE,
    FINITES,
    NON_NEGATIVE,
    NON_NEGATIVE_INTEGER,
    POSITIVE,
    POSITIVE_INTEGER,
    POSITIVE_INTEGERS,
    POSITIVES,
    as_list,
    check_parameters,
)


@pytest.mark.parametrize(
    ("constraint", "valid", "invalid"),
    [
        (POSITIVE_INTEGER, [1, np.int64(3)], [0, -1, 1.0, True, "1", None, np.nan]),
        (NON_NEGATIVE_INTEGER, [0, np.int32(2)], [-1, 0.0, False, None]),
        (POSITIVE, [1, 0.1, np.float32(2)], [0, -1.0, np.inf, np.nan, True, "1"]),
        (NON_NEGATIVE, [0, 0.0, 3], [-0.1, np.nan, False]),
        (FINITE, [-3, 0, 2.5], [np.inf, np.nan, True, None]),
        (POSITIVE_INTEGERS, [1, (1, 2), [3]], [(), (1, 0), (1.5,), "12", ((1,),)]),
        (POSITIVES, [0.5, (0.5, 1)], [(), (0,), (1, None)]),
        (FINITES, [0, (0, -8)], [(), (np.inf,), (True,)]),
        (("a", "b"), ["a", np.str_("b")], ["c", None, 0]),
        ((False, True), [True, np.bool_(False)], [0, 1, "yes"]),
        ((1, 3), [1, np.int64(3)], [True, 2]),
    ],
)
def test_valid_values_pass_and_invalid_ones_raise_with_name_value_and_constraint(constraint, valid, invalid):
    for value in valid:
        check_parameters(SimpleNamespace(size=value), {"size": constraint})
    for value in invalid:
        with pytest.raises(FerError) as raised:
            check_parameters(SimpleNamespace(size=value), {"size": constraint})
        assert f"size={value!r}" in str(raised.value)
        assert "\n" not in str(raised.value)


def test_one_value_or_several_become_a_list():
    assert as_list(3) == [3]
    assert as_list((1, 2)) == as_list([1, 2]) == [1, 2]
    assert as_list("ab") == ["ab"]
