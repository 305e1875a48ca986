"""Examples in the docstrings of the package run."""

import doctest
import importlib
import pkgutil

import pytest

import fer_features.samples

MODULES = [module.name for module in pkgutil.iter_modules(fer_features.samples.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name):
    failed, _ = doctest.testmod(importlib.import_module(f"fer_features.samples.{name}"))
    assert failed == 0
