"""The scripts that measure recognition tell mistakes in one line; their figures hang on the machine and on data."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "experiments"


def go(name, *arguments):
    return subprocess.run([sys.executable, SCRIPTS / name, *map(str, arguments)], capture_output=True, text=True)


@pytest.mark.slow
def test_speed_and_memory_are_measured(tmp_path):
    out = tmp_path / "live.json"
    done = go("bench_live.py", "--quick", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "appearance, followed (hog_linear): " in done.stdout
    assert "everything else" in done.stdout
    assert "    60 frames: peak " in done.stdout
    assert out.exists()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("bench_live.py", ["--landmarks", "nowhere.joblib"]),
        ("in_the_wild.py", ["--kdef", "nowhere.npz"]),
        ("in_the_wild.py", []),
    ],
)
def test_a_mistake_is_told_in_one_line(name, arguments):
    done = go(name, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
