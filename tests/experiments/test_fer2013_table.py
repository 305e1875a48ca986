"""The table on FER2013: a row is made in a process of its own, kept, and not made again; copies are told apart."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "experiments" / "fer2013.py"


@pytest.fixture
def csv(tmp_path):
    """Four classes of gratings with noise, 60 training and 20 public rows, 5 of which stand in Training."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:48, :48]
    lines = []
    for i in range(80):
        label = i % 4
        wave = np.sin(0.5 * (x * np.cos(label) + y * np.sin(label)) + rng.uniform(0, 6))
        lines.append(
            (
                label,
                " ".join(
                    map(str, np.clip(128 + 60 * wave + 25 * rng.normal(size=x.shape), 0, 255).astype(int).ravel())
                ),
            )
        )
    lines[60:65] = lines[:5]
    usage = ["Training"] * 60 + ["PublicTest"] * 20
    rows = [f"{label},{pixels},{use}" for (label, pixels), use in zip(lines, usage, strict=True)]
    (tmp_path / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *rows]) + "\n")
    votes = np.zeros((80, 10), int)
    votes[np.arange(80), np.arange(80) % 3] = 9  # neutral, happiness, surprise
    votes[:6] = 1  # nobody agrees
    names = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF"]
    plus = [",".join([use, f"fer{i}.png", *map(str, v)]) for i, (use, v) in enumerate(zip(usage, votes, strict=True))]
    (tmp_path / "fer2013new.csv").write_text("\n".join([",".join(["Usage", "Image name", *names]), *plus]) + "\n")
    return tmp_path / "fer2013.csv"


def go(*arguments):
    return subprocess.run([sys.executable, SCRIPT, *map(str, arguments)], capture_output=True, text=True)


@pytest.mark.slow
def test_rows_are_made_kept_and_not_made_again(csv, tmp_path):
    out = tmp_path / "rows.json"
    arguments = "--data", csv, "--quick", "--only", "hog_krr", "fv_krr", "--out", out
    done = go(*arguments)
    assert done.returncode == 0, done.stderr
    rows = json.loads(out.read_text())
    assert list(rows) == ["hog_krr", "fv_krr"]
    for row in rows.values():
        part = row["parts"]["validation"]
        assert (part["n"], part["copies"]) == (20, 5)
        assert part["accuracy"] > 0.6
        assert set(part["per_class"]) == {"angry", "disgust", "fear", "happy"}
        assert sum(n for _, _, n in part["reliability"]) == 20
        assert row["seconds"] > 0 < row["peak_mb"]
        assert row["model_mb"] > 0 < row["ms_a_face"]
    rows["hog_krr"]["parts"]["validation"]["accuracy"] = 0.123
    out.write_text(json.dumps(rows))
    assert "| `hog_krr` | 0.123 |" in go(*arguments).stdout  # kept
    assert "| `hog_krr` | 0.123 |" not in go(*arguments, "--again").stdout


@pytest.mark.slow
def test_votes_of_fer_plus_are_another_target(csv, tmp_path):
    out = tmp_path / "rows.json"
    done = go("--data", csv, "--quick", "--labels", "ferplus", "--only", "small", "--out", out)
    assert done.returncode == 0, done.stderr
    row = json.loads(out.read_text())["small"]
    assert row["task"]["labels"] == "ferplus"
    assert set(row["parts"]["validation"]["per_class"]) == {"neutral", "happiness", "surprise"}
    assert row["left_out_accuracy"] is not None


def test_what_is_missing_or_unknown_is_told_in_one_line(csv):
    for arguments, words in (((), "fer2013.csv"), (("--data", csv, "--only", "hgo"), "the rows are: small")):
        done = go(*arguments)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert words in done.stderr
