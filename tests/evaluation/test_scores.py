"""`Scores` are equal after writing and reading; damaged JSON is refused in one line."""

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features import FerError
from fer_features.evaluation import Scores
from fer_features.evaluation.metric_types import Calibration

from .example_scores import COMPLETE, METRICS, SCORES, UNKNOWN_SUBJECTS

floats = st.floats(allow_nan=False)


@pytest.mark.parametrize("scores", [SCORES, COMPLETE, SCORES.replace(metrics=UNKNOWN_SUBJECTS)])
def test_scores_are_equal_after_writing_and_reading(scores):
    text = scores.to_json()
    assert Scores.from_json(text) == scores
    assert Scores.from_json(text).to_json() == text


@settings(max_examples=30, deadline=None)
@given(st.text(), floats, st.integers(0), st.lists(st.tuples(floats, floats, st.integers(0))), st.none() | floats)
def test_any_values_are_equal_after_writing_and_reading(text, value, count, bins, optional):
    calibration = Calibration(value, value, value, tuple(bins))
    metrics = dataclasses.replace(METRICS, accuracy=value, calibration=calibration, subject_sd=optional)
    scores = COMPLETE.replace(
        metrics=metrics, leakage=text, classes=(text,), excluded={text: count}, peak_memory_mb=optional
    )
    assert Scores.from_json(scores.to_json()) == scores


def test_optional_blocks_are_absent_where_they_are_none():
    optional = {"timing", "peak_memory_mb", "rejection", "learning_curve", "landmarker", "search", "command"}
    assert not optional & set(json.loads(SCORES.to_json()))
    assert optional < set(json.loads(COMPLETE.to_json()))
    assert {"splits", "notes"} < set(json.loads(SCORES.to_json()))


def test_fields_of_later_versions_are_ignored():
    assert Scores.from_json(json.dumps({**json.loads(SCORES.to_json()), "later": 1})) == SCORES


@pytest.mark.parametrize("text", ["", "{", "null", "3", "[]", '"scores"', "{}", "[" * 100_000, "\0"])
def test_other_texts_are_refused_in_one_line(text):
    with pytest.raises(FerError, match="not the scores of this version") as error:
        Scores.from_json(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "name", [field.name for field in dataclasses.fields(Scores) if field.name in json.loads(SCORES.to_json())]
)
@pytest.mark.parametrize("damage", ["missing", "null", "text", "number"])
def test_damaged_fields_are_named_in_one_line(name, damage):
    values = json.loads(SCORES.to_json())
    if damage == "missing":
        del values[name]
    else:
        values[name] = {"null": None, "text": "x", "number": 3.5}[damage]
    valid = (damage == "missing" and name in ("splits", "notes")) or (
        damage == "text" and name in ("pipeline", "protocol", "leakage")
    )
    if valid or (damage == "number" and name == "seconds"):
        assert isinstance(Scores.from_json(json.dumps(values)), Scores)
        return
    with pytest.raises(FerError, match=f"'{name}'|{name} holds") as error:
        Scores.from_json(json.dumps(values))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("metrics", "accuracy"), "0.5", r"'metrics.accuracy' holds str where a number is needed"),
        (("metrics", "accuracy"), True, r"'metrics.accuracy' holds bool where a number is needed"),
        (("metrics", "confusion", 1), [0, 1.5], r"'metrics.confusion\[1\]\[1\]' holds float where int is needed"),
        (
            ("metrics", "ci95", "accuracy"),
            [0.5],
            r"'metrics.ci95.accuracy' holds list where a list of 2 values is needed",
        ),
        (("metrics", "per_class", "joy"), {}, r"'metrics.per_class.joy.precision' is missing"),
        (("folds", 1), [], r"folds\[1\] holds list where an object is needed"),
        (("versions", "numpy"), 2, r"'versions.numpy' holds int where str is needed"),
        (("data", "synthetic"), 1, r"'data.synthetic' holds int where bool is needed"),
    ],
)
def test_damaged_values_are_located(path, value, message):
    values = json.loads(SCORES.to_json())
    inner = values
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(FerError, match=message):
        Scores.from_json(json.dumps(values))


def test_title_and_derived_values():
    assert SCORES.title == "hog_svm on toy (synthetic)"
    assert METRICS.majority_baseline == 0.5
    assert METRICS.risk_coverage.accuracy_at(0.5) == 1.0
