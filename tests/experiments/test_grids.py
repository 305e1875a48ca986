"""The scripts that search grids run on the demo, keep what they print, and go on where they stopped."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fer_features import make_pipeline

EXPERIMENTS = Path(__file__).resolve().parents[2] / "experiments"
SCRIPTS = sorted(path.name for path in EXPERIMENTS.glob("grid_*.py"))


@pytest.mark.slow
def test_a_grid_is_searched_and_kept(tmp_path):
    command = [sys.executable, EXPERIMENTS / "grid_landmarks.py", "--only", "landmarks_svm", "--strategy", "random"]
    command += ["--candidates", "3", "--cv", "2fold", "--nested", "2fold", "--out", tmp_path / "rows.json"]
    found = []
    for _ in range(2):
        done = subprocess.run([*map(str, command)], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        (row,) = json.loads((tmp_path / "rows.json").read_text())["searches"].values()
        assert f"{row['nested_score']:.3f}" in done.stdout
        found.append({k: v for k, v in row.items() if k != "seconds"})
    assert found[0] == found[1]
    assert len(list((tmp_path / "searches").iterdir())) == 1


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_grid_names_parameters_that_exist(script, monkeypatch):
    monkeypatch.syspath_prepend(str(EXPERIMENTS))
    names: dict = {"__name__": "script"}
    exec(compile((EXPERIMENTS / script).read_text(), script, "exec"), names)
    assert len(names["GRIDS"]) == 2
    for pipeline, grid in names["GRIDS"].items():
        assert set(grid) <= set(make_pipeline(pipeline).get_params())
