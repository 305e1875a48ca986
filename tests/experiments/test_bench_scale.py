"""The figures of time and memory are still made, on a few rows; no time is asserted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "experiments" / "bench_scale.py"


def go(*arguments):
    return subprocess.run([sys.executable, SCRIPT, *map(str, arguments)], capture_output=True, text=True)


@pytest.mark.slow
def test_files_growth_and_cores_are_measured_and_kept_as_they_were_printed(fer22_folder, tmp_path):
    out = tmp_path / "scale.json"
    done = go("--quick", "--data", fer22_folder, "--out", out)
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    for row in found["files"]:
        assert f"| {row['work']} | 24 | {row['features']} | {row['seconds']:.2f} |" in done.stdout
        assert row["cpu"] > 0
    first, second = found["growth"]
    assert second["rows"] == 2 * first["rows"] > 0
    assert second["table_mb"] == pytest.approx(2 * first["table_mb"])
    for row in found["growth"]:
        assert row["peak_mb"] > row["columns_mb"] + row["work_mb"] >= 0
    assert [row["extractor"] for row in found["threads"]] == ["hog", "lbp", "flow", "landmarks"]


@pytest.mark.parametrize(
    "wrong", [("--data", "/nowhere"), ("--rounds", "0"), ("--unknown",)], ids=["folder", "rounds", "option"]
)
def test_a_mistake_is_told_in_one_line(wrong):
    done = go(*wrong)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
