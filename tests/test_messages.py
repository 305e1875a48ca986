"""Messages of the package name parameters of the Python API; only commands name options."""

import ast
import re
from pathlib import Path

import pytest

import fer_features

ROOT = Path(fer_features.__file__).parent

#: An option, or the beginning of one whose name is inserted; neither a ruler of dashes nor a variable of a style sheet.
OPTION = re.compile(r"(?<![-\w])(?<!var\()--(?=[a-z]|$)")

MODULES = [
    path
    for path in sorted(ROOT.rglob("*.py"))
    if path.relative_to(ROOT).parts[0] not in ("cli", "run.py", "__main__.py")
]


def options_in(code):
    """Texts of a program that contain options, docstrings included."""
    texts = (node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant))
    return [text for text in texts if isinstance(text, str) and OPTION.search(text)]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_option_is_named_outside_of_the_commands(path):
    assert options_in(path.read_text()) == []


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.html")), ids=lambda path: path.name)
def test_no_option_is_named_in_a_template(path):
    text = re.sub(r"<style>.*?</style>", "", path.read_text(), flags=re.S)
    assert OPTION.findall(text) == []


def test_options_are_found_in_all_forms():
    code = (
        """f'--{name} x', 'use --cv loso', f"{x} (--out)", 'var(--c0)', '|---|', 'a -- b', "use cv='loso'"  # --set"""
    )
    assert sorted(options_in(code)) == [" (--out)", "--", "use --cv loso"]
