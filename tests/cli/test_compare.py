"""Tests of the command that compares runs: its table, its files, and the runs that it refuses."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from fer_features.cli import run
from fer_features.cli.compare import main
from fer_features.workflow.comparisons import COMPARISON_OUTPUTS

from ..conftest import files_in


@pytest.fixture(scope="module")
def make_run(labelled_clips, tmp_path_factory):
    """A function that evaluates a pipeline and returns the folder of the run."""
    root = tmp_path_factory.mktemp("runs")

    def make_run(name, *options, pipeline="landmarks_svm"):
        arguments = [*labelled_clips, "--pipeline", pipeline, "--out", root / name, *options]
        assert run.main([*map(str, arguments)]) == 0
        return root / name

    return make_run


@pytest.fixture(scope="module")
def a(make_run):
    return make_run("a")


@pytest.fixture(scope="module")
def b(make_run):
    """Another run of the pipeline of `a`, in which some predictions are 'uncertain'."""
    return make_run("b", "--target-coverage", "0.5")


def test_the_table_is_printed_and_all_files_are_written(a, make_run, tmp_path, capsys):
    folders = [a, make_run("c", pipeline="lbp_lda"), make_run("d", pipeline="landmarks_lda")]
    capsys.readouterr()
    out = tmp_path / "out"
    assert main([*map(str, folders), "--out", str(out), "--n-bootstrap", "200"]) == 0
    printed = capsys.readouterr().out
    assert files_in(out) == sorted(COMPARISON_OUTPUTS)
    assert (out / "comparison.md").read_text() in printed
    pairs = json.loads((out / "comparison.json").read_text())["pairs"]
    assert [(pair["first"], pair["second"]) for pair in pairs] == [
        ("landmarks_svm", "lbp_lda"),
        ("landmarks_svm", "landmarks_lda"),
        ("lbp_lda", "landmarks_lda"),
    ]
    for pair in pairs:
        assert f"| `{pair['first']}` | `{pair['second']}` | {pair['difference']:+.3f} |" in printed
    assert (out / "comparison.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_equals_itself_and_another_run_of_its_pipeline(a, b, tmp_path, capsys):
    for second in (a, b):
        assert main([str(a), str(second), "--out", str(tmp_path / "out"), "--overwrite"]) == 0
        table = capsys.readouterr().out
        assert "| +0.000 | +0.000 to +0.000 | 0 / 0 | 1.000, 1.000 | 1.000, 1.000 |" in table
    assert "`landmarks_svm in a`" in table
    assert "`landmarks_svm in b`" in table


def test_uncertain_samples_are_compared_by_their_raw_predictions(a, b, tmp_path, capsys):
    assert "uncertain" in (b / "predictions.csv").read_text()
    assert main([str(a), str(b), "--out", str(tmp_path / "out")]) == 0
    assert "| +0.000 | +0.000 to +0.000 | 0 / 0 |" in capsys.readouterr().out


def test_runs_with_different_protocols_or_subjects_are_refused(
    a, make_run, labelled_clips, tmp_path, monkeypatch, refused
):
    monkeypatch.chdir(tmp_path)
    refused(main, [a, make_run("e", "--cv", "2fold")], "different protocols", "2-fold")
    np.save(tmp_path / "other.npy", np.load(labelled_clips[-1]) // 2)
    refused(main, [a, make_run("f", "--subjects", tmp_path / "other.npy")], "subjects", "folds")
    assert not Path("comparisons").exists()


def test_folders_that_are_no_run_are_refused(a, tmp_path, monkeypatch, refused):
    monkeypatch.chdir(tmp_path)
    damaged = tmp_path / "damaged"
    shutil.copytree(a, damaged)
    refused(main, [a], "two or more")
    refused(main, [a, tmp_path / "nowhere"], "nowhere", "scores.json")
    refused(main, [a, a / "scores.json"], "is a file")
    (damaged / "predictions.csv").unlink()
    refused(main, [a, damaged], "predictions.csv")
    (damaged / "predictions.csv").write_text("sample\n0\n")
    refused(main, [a, damaged], "lacks", "fold")
    (damaged / "scores.json").write_text("{")
    refused(main, [a, damaged], "scores.json")
