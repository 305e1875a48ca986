"""The command that compares: its table, what it writes, and that it refuses what cannot be compared."""

import json

import numpy as np
import pytest

from fer_features.cli import run
from fer_features.cli.compare import OUTPUTS, main


@pytest.fixture
def runs(fer22_folder, subjects_file, tmp_path):
    """Makes a run and gives its folder."""

    def make(name, *more, pipeline="landmarks_svm"):
        out = tmp_path / name
        given = ["--data", fer22_folder, "--subjects", subjects_file, "--pipeline", pipeline, "--out", out, *more]
        assert run.main([*map(str, given)]) == 0
        return out

    return make


def test_prints_a_table_and_writes_everything(runs, tmp_path, capsys):
    folders = [runs("a"), runs("b", pipeline="hog_svm"), runs("c", pipeline="hog_linear")]
    capsys.readouterr()
    assert main([*map(str, folders), "--out", str(tmp_path / "out"), "--draws", "200"]) == 0
    said = capsys.readouterr().out
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(OUTPUTS)
    written = (tmp_path / "out" / "comparison.md").read_text()
    assert written in said
    record = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert [(p["first"], p["second"]) for p in record["pairs"]] == [
        ("landmarks_svm", "hog_svm"),
        ("landmarks_svm", "hog_linear"),
        ("hog_svm", "hog_linear"),
    ]
    for pair in record["pairs"]:
        assert f"| `{pair['first']}` | `{pair['second']}` | {pair['difference']:+.3f} |" in said
    assert (tmp_path / "out" / "comparison.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_with_itself_and_with_another_of_its_pipeline(runs, tmp_path, capsys):
    a, b = runs("a"), runs("b")
    capsys.readouterr()
    for second in (a, b):
        assert main([str(a), str(second), "--out", str(tmp_path / "out")]) == 0
        said = capsys.readouterr().out
        assert "| +0.000 | +0.000 to +0.000 | 0 against 0 | 1.000, 1.000 | 1.000, 1.000 |" in said
    assert "`landmarks_svm in a`" in said
    assert "`landmarks_svm in b`" in said


def test_what_is_uncertain_is_compared_by_its_guess(runs, tmp_path, capsys):
    a, b = runs("a"), runs("b", "--coverage", "0.5")
    assert "uncertain" in (b / "predictions.csv").read_text()
    capsys.readouterr()
    assert main([str(a), str(b), "--out", str(tmp_path / "out")]) == 0
    assert "| +0.000 | +0.000 to +0.000 | 0 against 0 |" in capsys.readouterr().out


def refused(capsys, code, *words):
    text = capsys.readouterr().err
    assert (code, text.count("\n")) == (2, 1), text
    for word in ("error: ", *map(str, words)):
        assert word in text, text


def test_runs_that_differ_in_more_than_the_pipeline_are_refused(runs, subjects_file, tmp_path, capsys):
    a = runs("a")
    out = ["--out", str(tmp_path / "out")]
    capsys.readouterr()
    refused(capsys, main([str(a), str(runs("b", "--cv", "2fold")), *out]), "different protocols", "2-fold")
    np.save(tmp_path / "other.npy", np.load(subjects_file) // 2)
    refused(capsys, main([str(a), str(runs("d", "--subjects", tmp_path / "other.npy")), *out]), "subjects", "folds")
    assert not (tmp_path / "out").exists()


def test_folders_that_no_run_wrote_are_refused(runs, tmp_path, capsys):
    a = runs("a")
    capsys.readouterr()
    refused(capsys, main([str(a)]), "two or more")
    refused(capsys, main([str(a), str(tmp_path / "nowhere")]), "nowhere", "scores.json")
    refused(capsys, main([str(a), str(a / "scores.json")]), "is a file")
    (a / "predictions.csv").unlink()
    refused(capsys, main([str(a), str(a)]), "predictions.csv")
    (a / "predictions.csv").write_text("row\n0\n")
    refused(capsys, main([str(a), str(a)]), "lacks", "fold")
    (a / "scores.json").write_text("{")
    refused(capsys, main([str(a), str(a)]), "cannot be read")
