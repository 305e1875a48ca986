"""The scripts behind the README's tables still run, on the demo, and keep what they print."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXPERIMENTS = Path(__file__).resolve().parents[2] / "experiments"


def go(script, *arguments):
    command = [sys.executable, EXPERIMENTS / script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.slow
def test_baselines(tmp_path):
    done = go("baselines.py", "--only", "landmarks_svm", "--out", tmp_path / "rows.json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads((tmp_path / "rows.json").read_text())["rows"]
    assert f"{row['accuracy']:.3f}" in done.stdout
    assert row["pipeline"] == "landmarks_svm"


@pytest.mark.slow
def test_compare_features_selects_keeps_its_rows_and_does_not_make_them_again(tmp_path):
    out = tmp_path / "rows.json"
    done = go("compare_features.py", "--only", "landmarks", "hogdiff", "--out", out)
    assert done.returncode == 0, done.stderr
    rows = json.loads(out.read_text())
    assert sorted(row["extractors"] for row in rows.values()) in (
        ["hogdiff", "landmarks", "landmarks_hogdiff"],
        ["hogdiff", "hogdiff_landmarks", "landmarks"],
    )
    assert "selected: " in done.stdout
    marked = {
        key: {**row, "accuracy": 0.123 if key.endswith(": hogdiff") else row["accuracy"]} for key, row in rows.items()
    }
    out.write_text(json.dumps(marked))
    assert "| `hogdiff` | 0.123 |" in go("compare_features.py", "--only", "landmarks", "hogdiff", "--out", out).stdout


@pytest.mark.slow
def test_compare_fusions_judges_on_a_camera_that_training_did_not_see(tmp_path):
    done = go("compare_fusions.py", "--only", "landmarks_geometry_svm", "--out", tmp_path / "rows.json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads((tmp_path / "rows.json").read_text())["rows"]
    assert 0.5 < row["camera"] <= row["loso"] + 0.02


@pytest.mark.slow
def test_leakage_shows_the_gap():
    done = go("leakage.py", "--pipelines", "hog_svm")
    assert done.returncode == 0, done.stderr
    random, _, loso = (float(part.split()[-1]) for part in done.stdout.strip().splitlines()[-1].split(","))
    assert random > loso + 0.06


@pytest.mark.slow
def test_calibration_keeps_its_rows_and_holds_what_it_promises(tmp_path):
    out = tmp_path / "rows.json"
    done = go("calibration.py", "--only", "landmarks_svm", "landmarks_logreg", "--out", out)
    assert done.returncode == 0, done.stderr
    rows = json.loads(out.read_text())
    assert sorted(rows) == ["demo (synthetic): landmarks_logreg", "demo (synthetic): landmarks_svm"]
    for row in rows.values():
        assert row["ece"] < 0.06
        assert f"| {row['accuracy']:.3f} | {row['ece']:.3f} |" in done.stdout
    assert "calibration error above 0.06: none" in done.stdout


def test_a_missing_folder_is_told_in_one_line():
    for script in ("baselines.py", "leakage.py", "compare_fusions.py"):
        done = go(script, "--data", "/nowhere")
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert "/nowhere" in done.stderr
