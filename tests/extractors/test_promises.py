"""What every extractor promises in words and parameters: a paper, its deviations, names that say what they name."""

import importlib
import inspect
import re

import cv2
import numpy as np
import pytest

from fer_features import Samples, make_pipeline
from fer_features.extractors import EXTRACTORS
from fer_features.extractors.parameters import POSITIVE, POSITIVES, WHOLE, WHOLES
from fer_features.vision.geometry import MEAN_FACE

every = pytest.mark.parametrize("name", EXTRACTORS)

#: Settings that keep those who learn quick.
SMALL = {"step": 6, "components": 5, "words": 3, "grid": 2, "n_sample": 500}


#: Another value of a parameter, where the next one does nothing here or does not go with the others.
OTHERS = {
    ("FisherVectors", "n_sample"): 60,
    ("FisherVectors", "cell_sample"): 5,
    ("LMP", "alike"): 0.95,
    ("Patches", "side"): 24,
    ("Patches", "cells"): 2,
}

#: What a parameter needs to count.
HOG, LBP = ({"descriptor": descriptor, "cells": 4, "side": 32} for descriptor in ("hog", "lbp"))
NEEDS = {
    **{("Patches", parameter): HOG for parameter in ("descriptor", "side", "cells", "block", "orientations")},
    ("Patches", "radius"): LBP,
    ("FisherVectors", "cell_sample"): {"cell_components": 3},
}


def make(name):
    kind, given = EXTRACTORS[name]
    extractor = kind(**given)
    return extractor.set_params(**{k: v for k, v in SMALL.items() if "words" in extractor.get_params()})


def other(value, rule):
    """Another value that a parameter may have, or None where it has but one."""
    if isinstance(rule, tuple):
        return next((v for v in rule if v != value), None)
    if rule in (WHOLES, POSITIVES) and isinstance(value, tuple | list):
        return tuple(value)[:-1] if len(value) > 1 else (*value, 2 * value[0])
    if rule in (WHOLE, WHOLES):
        return value + 1
    return 1.5 * value if rule in (POSITIVE, POSITIVES) else 2 * value + 0.1


PARAMETERS = [(name, parameter) for name in EXTRACTORS for parameter in EXTRACTORS[name][0].rules]


@pytest.fixture(scope="module")
def table():
    """Eight smooth faces of seven frames that move, larger than any patch."""
    rng = np.random.default_rng(0)
    images, landmarks = [], []
    for _ in range(8):
        texture = cv2.GaussianBlur(rng.normal(size=(120, 120)), (0, 0), 2.5)
        texture = np.clip(128 + 50 * texture / texture.std(), 0, 255).astype(np.uint8)
        angle = rng.uniform(-6, 6)
        turns = [cv2.getRotationMatrix2D((60, 60), angle * t / 6, 1 + 0.01 * t) for t in range(7)]
        images.append([cv2.warpAffine(texture, turn, (120, 120))[12:108, 12:108] for turn in turns])
        face = 26 * (MEAN_FACE + rng.normal(0, 0.02, (68, 2))) + [48, 32]
        moves = (np.arange(7) / 6)[:, None, None] ** 2 * rng.normal(0, 2, (68, 2))
        landmarks.append(face + moves)
    return Samples.from_arrays(images=np.array(images), landmarks=np.array(landmarks), label=np.arange(8) % 2)


def formulas(name):
    """The modules of `vision` whose functions an extractor's module uses."""
    module = inspect.getmodule(EXTRACTORS[name][0])
    used = {inspect.getmodule(v) for v in vars(module).values() if inspect.isfunction(v) or inspect.ismodule(v)}
    return [m for m in used if m.__name__.startswith("fer_features.vision.")]


@every
def test_it_cites_a_paper_with_its_year(name):
    kind, _ = EXTRACTORS[name]
    assert re.search(r"\b(19|20)\d\d\b", kind.cites)


@every
def test_the_formula_names_its_source_and_tells_what_it_does_otherwise(name):
    texts = [inspect.getdoc(f) or "" for m in formulas(name) for _, f in inspect.getmembers(m, inspect.isfunction)]
    assert any("\nNotes\n-----\n" in text for text in texts)
    sources = [*texts, *(inspect.getdoc(m) for m in formulas(name))]
    assert any(re.search(r"\b(19|20)\d\d\b", text) for text in sources)


@every
def test_what_it_refers_to_exists(name):
    kind, _ = EXTRACTORS[name]
    for path in re.findall(r"fer_features(?:\.\w+)+", inspect.getdoc(kind)):
        module, _, attribute = path.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), path


@every
def test_every_parameter_is_told_in_its_docstring_and_has_a_rule(name):
    kind, _ = EXTRACTORS[name]
    listed = inspect.getdoc(kind).partition("Parameters\n")[2]
    for parameter in kind().get_params():
        assert re.search(rf"^(\w+, )*{parameter}\b.*$", listed, re.MULTILINE), parameter


@every
def test_names_say_in_words_what_they_name(name, table):
    extractor = make(name).fit(table)
    for feature in extractor.get_feature_names_out()[:: max(1, extractor.transform(table).shape[1] // 200)]:
        assert re.fullmatch(r"[a-z ]{3,}\[.*[a-z]{3,}.*\]", feature), feature


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_every_parameter_can_be_searched_by_its_name_in_a_pipeline_and_changes_what_is_described(
    name, parameter, table
):
    kind, _ = EXTRACTORS[name]
    given = {**make(name).get_params(), **NEEDS.get((kind.__name__, parameter), {})}
    changed = OTHERS.get((kind.__name__, parameter), other(given[parameter], kind.rules[parameter]))
    if changed is None:
        pytest.skip("it may have one value only")
    found = []
    for choice in (given[parameter], changed):
        parameters = {f"features__{name}__{k}": v for k, v in {**given, parameter: choice}.items()}
        model = make_pipeline(f"{name}_svm").set_params(**parameters)
        union = model.named_steps["features"]
        found.append(union.fit(table, table["label"]).transform(table))
        assert np.isfinite(found[-1]).all()
    assert found[0].shape != found[1].shape or np.abs(found[0] - found[1]).max() > 1e-6
