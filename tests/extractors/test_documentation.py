"""What the documentation of every extractor promises: a paper, its parameters, and names that describe the features."""

import importlib
import inspect
import re

import cv2
import numpy as np
import pytest

from fer_features import Samples, make_pipeline
from fer_features.extractors import EXTRACTORS, Features
from fer_features.extractors.parameters import (
    FINITES,
    NON_NEGATIVE_INTEGER,
    POSITIVE,
    POSITIVE_INTEGER,
    POSITIVE_INTEGERS,
    POSITIVES,
)
from fer_features.vision.geometry import MEAN_FACE

from .samples import make, texture

each_extractor = pytest.mark.parametrize("name", EXTRACTORS)
CLASSES = {name: spec.extractor_class for name, spec in EXTRACTORS.items()}

#: Other values of parameters where the next value has no effect here or is invalid.
OTHER_VALUES = {
    ("FisherVectors", "n_train_descriptors"): 60,
    ("FisherVectors", "n_train_images"): 5,
    ("FisherVectors", "rotations"): (5,),
    ("FisherVectors", "align_size"): 64,
    ("LMP", "min_similarity"): 0.95,
    ("Patches", "patch_size"): 24,
    ("Patches", "align_size"): 64,
    ("Patches", "cells"): 2,
}

#: Other parameters that a parameter needs to have an effect.
HOG, LBP = ({"descriptor": descriptor, "cells": 4, "patch_size": 32} for descriptor in ("hog", "lbp"))
NEEDED = {
    **{
        ("Patches", p): HOG
        for p in ("descriptor", "patch_size", "cells", "cells_per_block", "orientations", "signed_gradients")
    },
    ("Patches", "radius"): LBP,
    ("Patches", "window_size"): {"descriptor": "lpq"},
    ("FisherVectors", "n_train_images"): {"n_pca_cell": 3},
}


def other_value(value, constraint):
    """Another valid value of a parameter, or None if there is only one."""
    if isinstance(constraint, tuple):
        return next((v for v in constraint if v != value), None)
    if constraint in (POSITIVE_INTEGERS, POSITIVES, FINITES) and isinstance(value, tuple | list):
        return tuple(value)[:-1] if len(value) > 1 else (*value, 2 * value[0])
    if constraint in (POSITIVE_INTEGER, POSITIVE_INTEGERS):
        return value + 1
    if constraint == NON_NEGATIVE_INTEGER:
        return value + 3
    return 1.5 * value if constraint in (POSITIVE, POSITIVES) else 2 * value + 0.1


#: Each parameter of each class once, under the first name of the class.
FIRST_NAMES = {kind: name for name, kind in reversed(CLASSES.items())}
PARAMETERS = [(name, parameter) for kind, name in FIRST_NAMES.items() for parameter in kind.parameter_constraints]


@pytest.fixture(scope="module")
def table():
    """Eight smooth faces of seven frames that move, larger than any patch."""
    rng = np.random.default_rng(0)
    images, landmarks = [], []
    for _ in range(8):
        image = texture(rng, 120, 120)
        angle = rng.uniform(-6, 6)
        rotations = [cv2.getRotationMatrix2D((60, 60), angle * t / 6, 1 + 0.01 * t) for t in range(7)]
        images.append([cv2.warpAffine(image, rotation, (120, 120))[12:108, 12:108] for rotation in rotations])
        face = 26 * (MEAN_FACE + rng.normal(0, 0.02, (68, 2))) + [48, 32]
        motion = (np.arange(7) / 6)[:, None, None] ** 2 * rng.normal(0, 2, (68, 2))
        landmarks.append(face + motion)
    return Samples.from_arrays(images=np.array(images), landmarks=np.array(landmarks), label=np.arange(8) % 2)


def formula_modules(name):
    """The modules of `fer_features.vision` whose functions an extractor uses, directly or in other functions."""
    found, waiting = set(), [inspect.getmodule(CLASSES[name])]
    while waiting:
        members = vars(waiting.pop()).values()
        used = {inspect.getmodule(member) for member in members if inspect.isfunction(member)}
        used |= {member for member in members if inspect.ismodule(member)}
        new = {m for m in used if m is not None and m.__name__.startswith("fer_features.vision.")} - found
        found |= new
        waiting += new
    return sorted(found, key=lambda module: module.__name__)


@each_extractor
def test_reference_is_a_paper_with_its_year(name):
    assert re.search(r"\b(19|20)\d\d\b", CLASSES[name].reference)


@each_extractor
def test_formula_has_notes_and_names_its_source(name):
    modules = formula_modules(name)
    texts = [inspect.getdoc(f) or "" for m in modules for _, f in inspect.getmembers(m, inspect.isfunction)]
    assert any("\nNotes\n-----\n" in text for text in texts)
    sources = [*texts, *(inspect.getdoc(m) for m in modules)]
    assert any(re.search(r"\b(19|20)\d\d\b", text) for text in sources)


@each_extractor
def test_objects_that_the_docstring_refers_to_exist(name):
    for path in re.findall(r"fer_features(?:\.\w+)+", inspect.getdoc(CLASSES[name])):
        try:
            importlib.import_module(path)
        except ModuleNotFoundError:
            module, _, attribute = path.rpartition(".")
            assert hasattr(importlib.import_module(module), attribute), path


@each_extractor
def test_every_parameter_has_a_docstring_with_its_default_and_a_constraint(name):
    kind = CLASSES[name]
    documented = inspect.getdoc(kind).partition("Parameters\n")[2]
    assert set(kind().get_params()) == set(kind.parameter_constraints)
    for parameter in kind().get_params():
        assert re.search(rf"^(\w+, )*{parameter}\b.*default=.*$", documented, re.MULTILINE), parameter


@each_extractor
def test_feature_names_are_words_with_a_location_or_measure(name, table):
    extractor = make(name).fit(table[:3])
    names = extractor.get_feature_names_out()
    for feature in names[:: max(1, len(names) // 200)]:
        assert re.fullmatch(r"[a-z ]{3,}\[.*[a-z]{3,}.*\]", feature), feature


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_every_parameter_can_be_set_by_its_name_in_a_pipeline_and_changes_the_features(name, parameter, table):
    kind = CLASSES[name]
    params = {**make(name).get_params(), **NEEDED.get((kind.__name__, parameter), {})}
    default = other_value(params[parameter], kind.parameter_constraints[parameter])
    changed = OTHER_VALUES.get((kind.__name__, parameter), default)
    if changed is None:
        pytest.skip("the parameter has only one valid value")
    found = []
    for value in (params[parameter], changed):
        in_pipeline = {f"features__{name}__{k}": v for k, v in {**params, parameter: value}.items()}
        union = make_pipeline(f"{name}_svm", **in_pipeline).named_steps["features"]
        assert isinstance(union, Features)
        found.append(union.set_params(scale="none").fit_transform(table))
        assert np.isfinite(found[-1]).all()
    assert found[0].shape != found[1].shape or np.abs(found[0] - found[1]).max() > 1e-6
