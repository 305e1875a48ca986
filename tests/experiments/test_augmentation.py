"""The comparison of changed copies still runs, and what is judged has none."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .test_fer2013_table import csv  # noqa: F401  a fixture

SCRIPT = Path(__file__).resolve().parents[2] / "experiments" / "augmentation.py"


def go(*arguments):
    return subprocess.run([sys.executable, SCRIPT, *map(str, arguments)], capture_output=True, text=True)


@pytest.mark.slow
def test_each_kind_is_compared_with_none_on_the_same_rows(csv, tmp_path):  # noqa: F811
    out = tmp_path / "rows.json"
    done = go("--fer2013", csv, "--pipelines", "hog_svm", "--kinds", "mirror", "--folds", 2, "--out", out)
    assert done.returncode == 0, done.stderr
    rows = json.loads(out.read_text())["FER2013, 60 rows"]["hog_svm"]
    assert list(rows) == ["none", "mirror"]
    assert rows["none"]["difference"] == 0
    assert rows["mirror"]["difference"] == pytest.approx(rows["mirror"]["accuracy"] - rows["none"]["accuracy"])
    assert [row["n"] for row in rows.values()] == [60, 60]
    assert [row["copies"] for row in rows.values()] == [0, 1]


def test_an_unknown_kind_is_told_in_one_line():
    done = go("--kinds", "flip")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "mirror; shift" in done.stderr
