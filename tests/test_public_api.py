"""Tests of the public names: each is imported when it is first used, and importing the package is quick."""

import ast
import importlib
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import fer_features

#: Libraries that take long to import.
HEAVY = ("numpy", "scipy", "sklearn", "cv2", "pandas", "xgboost", "skimage", "matplotlib", "tqdm")


def type_checking_imports():
    """Name -> module below the package, of the imports that type checkers read."""
    tree = ast.parse(Path(fer_features.__file__).read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If) and isinstance(node.test, ast.Name))
    return {alias.name: node.module for node in block.body for alias in node.names}


def seconds(*arguments, attempts=3):
    """Minimum CPU time of a Python process over a few attempts, since other processes slow it down."""

    def once():
        start = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        end = resource.getrusage(resource.RUSAGE_CHILDREN)
        return end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime

    return min(once() for _ in range(attempts))


def test_type_checkers_read_the_modules_of_the_lazy_imports():
    assert type_checking_imports() == fer_features._MODULES


def test_all_lists_every_public_name():
    assert set(fer_features.__all__) == {*fer_features._MODULES, "FerError", "__version__"}


@pytest.mark.parametrize("name", sorted(fer_features._MODULES))
def test_a_public_name_is_that_of_its_module(name):
    module = importlib.import_module(f"fer_features.{fer_features._MODULES[name]}")
    assert getattr(fer_features, name) is getattr(module, name)
    assert name in dir(fer_features)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'fer_features' has no attribute 'evalute'"):
        fer_features.evalute  # noqa: B018
    with pytest.raises(ImportError):
        from fer_features import evalute  # noqa: F401


def test_importing_the_package_imports_no_heavy_library():
    code = f"import sys, fer_features; print(*(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def test_importing_the_package_is_quick():
    assert seconds("-c", "import fer_features") < 0.3
