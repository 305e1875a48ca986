"""Dataclasses are equal after conversion to JSON and back; values of another type are refused by name."""

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features._serialization import from_jsonable, to_jsonable


@dataclasses.dataclass(frozen=True)
class Inner:
    value: float
    name: str = "inner"


@dataclasses.dataclass(frozen=True)
class Outer:
    count: int
    flag: bool
    inner: Inner
    pairs: tuple[tuple[float, int], ...]
    table: dict[str, Inner]
    items: list[str]
    optional: Inner | None
    anything: Any = None
    absent: float | None = dataclasses.field(default=None, metadata={"omit_none": True})
    defaults: dict[str, int] = dataclasses.field(default_factory=dict)


def outer(**changes):
    values = {
        "count": 1,
        "flag": True,
        "inner": Inner(0.5),
        "pairs": ((0.5, 1),),
        "table": {"a": Inner(1.5, "b")},
        "items": ["x"],
        "optional": None,
    }
    return Outer(**{**values, **changes})


def round_trip(value):
    return from_jsonable(type(value), json.loads(json.dumps(to_jsonable(value))))


finite = st.floats(allow_nan=False)
inners = st.builds(Inner, finite, st.text())
values = st.none() | st.booleans() | st.integers() | finite | st.text()


@settings(max_examples=50, deadline=None)
@given(
    st.builds(
        Outer,
        count=st.integers(),
        flag=st.booleans(),
        inner=inners,
        pairs=st.lists(st.tuples(finite, st.integers())).map(tuple),
        table=st.dictionaries(st.text(), inners),
        items=st.lists(st.text()),
        optional=st.none() | inners,
        anything=values | st.lists(values) | st.dictionaries(st.text(), values),
        absent=st.none() | finite,
        defaults=st.dictionaries(st.text(), st.integers()),
    )
)
def test_any_value_is_equal_after_conversion_and_back(value):
    assert round_trip(value) == value


def test_form_of_the_converted_value():
    assert to_jsonable(outer(absent=None)) == {
        "count": 1,
        "flag": True,
        "inner": {"value": 0.5, "name": "inner"},
        "pairs": [[0.5, 1]],
        "table": {"a": {"value": 1.5, "name": "b"}},
        "items": ["x"],
        "optional": None,
        "anything": None,
        "defaults": {},
    }
    assert to_jsonable(outer(absent=2.0))["absent"] == 2.0


def test_numpy_scalars_become_numbers_and_keys_text():
    converted = to_jsonable({1: np.float64(0.5), "b": (np.int32(2), np.bool_(True))})
    assert converted == {"1": 0.5, "b": [2, True]}
    assert [type(value) for value in converted["b"]] == [int, bool]


def test_integers_are_read_as_floats_and_nan_is_kept():
    assert from_jsonable(Inner, {"value": 1}) == Inner(1.0)
    assert type(from_jsonable(Inner, {"value": 1}).value) is float
    assert math.isnan(round_trip(Inner(math.nan)).value)


def test_unknown_fields_are_ignored_and_defaults_are_used():
    assert from_jsonable(Inner, {"value": 2.0, "later": 1}) == Inner(2.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"count": "1"}, "'count' holds str where int is needed"),
        ({"count": 1.0}, "'count' holds float where int is needed"),
        ({"count": True}, "'count' holds bool where int is needed"),
        ({"count": None}, "'count' holds null where int is needed"),
        ({"flag": 1}, "'flag' holds int where bool is needed"),
        ({"inner": 3}, "inner holds int where an object is needed"),
        ({"inner": {}}, "'inner.value' is missing"),
        ({"inner": {"value": "x"}}, "'inner.value' holds str where a number is needed"),
        ({"pairs": {}}, "'pairs' holds dict where a list is needed"),
        ({"pairs": [[1, 2], [1]]}, r"'pairs\[1\]' holds list where a list of 2 values is needed"),
        ({"pairs": [[1, "2"]]}, r"'pairs\[0\]\[1\]' holds str where int is needed"),
        ({"table": []}, "'table' holds list where an object is needed"),
        ({"table": {"a": {"value": None}}}, "'table.a.value' holds null where a number is needed"),
        ({"items": "text"}, "'items' holds str where a list is needed"),
        ({"items": [1]}, r"'items\[0\]' holds int where str is needed"),
        ({"optional": 1}, "optional holds int where an object is needed"),
        ({"absent": "x"}, "'absent' holds str where a number is needed"),
    ],
)
def test_values_of_another_type_are_refused_by_name(changes, message):
    with pytest.raises(ValueError, match=message) as error:
        from_jsonable(Outer, {**to_jsonable(outer()), **changes})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("data", [None, 3, "text", [], True])
def test_only_objects_are_read(data):
    with pytest.raises(ValueError, match=r"the file holds .* where an object is needed"):
        from_jsonable(Outer, data)


@pytest.mark.parametrize("name", ["count", "flag", "inner", "pairs", "table", "items", "optional"])
def test_missing_fields_are_named(name):
    data = to_jsonable(outer())
    del data[name]
    with pytest.raises(ValueError, match=f"'{name}' is missing"):
        from_jsonable(Outer, data)
