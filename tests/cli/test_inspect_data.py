"""Tests of the command that reports on a data set."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

from fer_features import inspect_data, load_dataset
from fer_features.cli.inspect_data import main

from ..conftest import write_h5
from ..html_pages import check_page


def test_the_page_and_the_terminal_show_the_same_findings(fer22_folder, subjects_file, tmp_path, capsys):
    out = tmp_path / "page.html"
    assert main([str(fer22_folder), "--subjects", str(subjects_file), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    parsed = check_page(out.read_text(encoding="utf-8"))
    profile = inspect_data(load_dataset(fer22_folder, subjects=subjects_file))
    assert str(profile) in printed
    for title, text in profile.facts:
        assert text in parsed.text
        assert title in parsed.text
    for finding in profile.findings:
        assert finding.text in parsed.text
    assert printed.count("\n") < 30
    assert str(out) in printed
    assert "Motion" in parsed.text
    # A sequence of each of the three classes, and an unlabelled one.
    assert sum("frame 0" in image["alt"] for image in parsed.all("img")) == 4


def test_options_of_reading(tmp_path, small_faces, capsys):
    for k, face in enumerate(small_faces[:12]):
        folder = tmp_path / "data" / ("happy", "sad")[k % 2]
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"S{k // 4}_{k}.png"), face)
    (folder / "bad.png").write_bytes(b"not an image")
    out = tmp_path / "x.html"
    arguments = [str(tmp_path / "data"), "--out", str(out)]
    assert main(arguments) == 2
    assert not out.exists()
    capsys.readouterr()
    arguments += ["--on-error", "skip", "--subject-pattern", r"S(\d+)_", "--cache", str(tmp_path / "c")]
    assert main(arguments) == 0
    assert "subjects        3" in capsys.readouterr().out
    assert list((tmp_path / "c").iterdir())
    check_page(out.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["nowhere"], "does not exist"),
        (["{}", "--labels", "ferplus"], "--labels"),
        (["{}", "--seed", "-1"], "--seed"),
        (["{}", "--cache", "{}/data_train_labels.h5"], "--cache"),
        (["{}", "--out", "{}/no/such/x.html"], "cannot write"),
        (["{}", "--out", "{}"], "ends in .html"),
    ],
)
def test_user_errors_are_refused_and_nothing_is_written(fer22_folder, tmp_path, monkeypatch, refused, arguments, text):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    refused(main, [argument.format(fer22_folder) for argument in arguments], text)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_damaged_file_is_refused_and_the_earlier_page_remains(fer22_folder, tmp_path, refused):
    out = tmp_path / "x.html"
    out.write_text("old")
    write_h5(fer22_folder, "data_train_labels", np.full(24, 77.0))
    refused(main, [fer22_folder, "--out", out], "77")
    assert out.read_text() == "old"


def test_the_command_runs_in_a_process(fer22_folder, tmp_path):
    command = [sys.executable, "-m", "fer_features", "inspect", str(fer22_folder)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    check_page((tmp_path / "inspect.html").read_text(encoding="utf-8"))
