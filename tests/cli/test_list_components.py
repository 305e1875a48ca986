"""Tests of the command that lists components: every registered name, its columns and its reference."""

import re

import pytest

from fer_features.classifiers import CLASSIFIERS
from fer_features.cli.list_components import KINDS, main
from fer_features.datasets import DATASETS
from fer_features.extractors import EXTRACTORS
from fer_features.pipelines import PRESETS

REGISTRIES = {"datasets": DATASETS, "extractors": EXTRACTORS, "classifiers": CLASSIFIERS, "presets": PRESETS}


def names(text):
    return re.findall(r"^  (\S+) ", text, re.M)


def test_every_component_is_listed(capsys):
    assert main([]) == 0
    assert names(capsys.readouterr().out) == [name for kind in KINDS for name in REGISTRIES[kind]]


@pytest.mark.parametrize("kind", KINDS)
def test_one_kind_is_listed(capsys, kind):
    assert main([kind]) == 0
    text = capsys.readouterr().out
    assert names(text) == list(REGISTRIES[kind])
    assert "None" not in text


def test_extractors_are_listed_with_their_columns_and_references(capsys):
    main(["extractors"])
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("  hog "))
    assert "requires images, and landmarks for the alignment" in line
    assert "Dalal" in line
