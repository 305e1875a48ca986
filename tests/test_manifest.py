"""The manifest of a saved model is validated, and unchanged by writing and reading."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features import FerError
from fer_features.manifest import ModelManifest, is_json_ready

MANIFEST = ModelManifest(
    pipeline="hog_svm",
    classes={"0": "joy", "1": "fear"},
    parameters={"classifier__C": 1.5},
    data={"n": 24},
    scores={"accuracy": 0.5},
    reject_threshold=0.6,
    required_columns=("images", "landmarks"),
    sha256={"joblib": "0" * 64},
    versions={"sklearn": "1.7.0"},
    date="2026-01-01T00:00:00+00:00",
    metadata={"search": {"n_iter": 3}},
)


@pytest.mark.parametrize("threshold", [None, 0.6])
def test_round_trip(threshold):
    manifest = dataclasses.replace(MANIFEST, reject_threshold=threshold)
    assert ModelManifest.from_json(manifest.to_json()) == manifest


def test_metadata_are_stored_next_to_the_fields():
    values = json.loads(MANIFEST.to_json())
    assert values["search"] == {"n_iter": 3}
    assert values["required_columns"] == ["images", "landmarks"]
    assert values["format"] == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": ["joy", "fear"]}, "'classes' .* an object"),
        ({"classes": {"0": 3}}, "'classes.0' .* str"),
        ({"required_columns": 3}, "'required_columns' .* a list"),
        ({"required_columns": "images"}, "'required_columns' .* a list"),
        ({"required_columns": [1]}, "'required_columns.0.' .* str"),
        ({"versions": None}, "'versions' holds null .* an object"),
        ({"versions": {"sklearn": 1.7}}, "'versions.sklearn' .* str"),
        ({"sha256": None}, "'sha256' holds null .* an object"),
        ({"pipeline": {}}, "'pipeline'"),
        ({"date": 2026}, "'date'"),
        ({"parameters": []}, "'parameters' .* an object"),
        ({"data": "KDEF"}, "'data'"),
        ({"scores": 0.5}, "'scores'"),
        ({"reject_threshold": "0.6"}, "'reject_threshold' .* a number"),
        ({"reject_threshold": 2}, "'reject_threshold' is 2"),
        ({"reject_threshold": 10**400}, "'reject_threshold' .* too large"),
        ({"reject_threshold": float("nan")}, "'reject_threshold' is nan"),
        ({"classes": {"0": "joy", "1": "joy"}}, "distinct names are needed"),
        ({"classes": {"0": "joy", "1": ""}}, "distinct names are needed"),
        ({"format": 3}, "'format' is 3, and 2 is needed: install a later version of fer_features"),
        ({"format": 1, "sha256": "0"}, "'format' is 1, and 2 is needed: train again, or install the version"),
        ({"format": True}, "'format'"),
    ],
)
def test_invalid_values_are_refused_in_one_line(changes, message):
    with pytest.raises(FerError, match=message) as error:
        ModelManifest.from_json(json.dumps({**json.loads(MANIFEST.to_json()), **changes}))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["classes", "date", "pipeline", "required_columns", "sha256", "versions"])
def test_missing_fields_are_named(name):
    values = json.loads(MANIFEST.to_json())
    del values[name]
    with pytest.raises(FerError, match=f"'{name}' is missing"):
        ModelManifest.from_json(json.dumps(values))


@pytest.mark.parametrize("text", ["{", "[]", "null", "3", "", b"\xff", "[" * 100_000])
def test_other_texts_are_refused_in_one_line(text):
    with pytest.raises(FerError) as error:
        ModelManifest.from_json(text)
    assert "\n" not in str(error.value)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.just(10**400) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=30, deadline=None)
@given(name=st.sampled_from(sorted(json.loads(MANIFEST.to_json()))), value=JSON_VALUES)
def test_any_value_is_accepted_or_refused_in_one_line(name, value):
    values = {**json.loads(MANIFEST.to_json()), name: value}
    message = ""
    try:
        manifest = ModelManifest.from_json(json.dumps(values))
        assert ModelManifest.from_json(manifest.to_json()).to_json() == manifest.to_json()
    except FerError as error:
        message = str(error)
    assert "\n" not in message


def test_numpy_scalars_and_tuples_of_metadata_become_numbers_and_lists():
    metadata = {"pipeline": "p", "classes": {"0": "a"}, "scores": {"accuracy": np.float64(0.5), "ci95": (0, 1)}}
    manifest = ModelManifest.from_metadata(metadata, (), {}, "today")
    assert manifest.scores == {"accuracy": 0.5, "ci95": [0, 1]}


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"sha256": "0"}, "must not contain sha256"),
        ({"versions": {}, "date": ""}, "must not contain date, versions"),
        ({"note": object()}, "cannot be written as JSON"),
        ({"classes": ["a"]}, "'classes'"),
    ],
)
def test_invalid_metadata_are_refused(metadata, message):
    with pytest.raises(FerError, match=message):
        ModelManifest.from_metadata({"pipeline": "p", "classes": {}, **metadata}, (), {}, "today")


def test_is_json_ready():
    assert is_json_ready((12, 8, np.float32(0.5), None))
    assert not is_json_ready([("hog", object())])
