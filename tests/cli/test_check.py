"""The command that checks: a line for each verdict, what it writes, its exit code, how it refuses."""

import json

import h5py
import numpy as np
import pytest

from fer_features.audit.base import VERDICTS
from fer_features.cli.check import main

QUICK = ("--permutations", "19", "--pipeline", "landmarks_svm")


def go(folder, *more):
    return main(["--data", str(folder), *QUICK, *map(str, more)])


def test_prints_a_line_a_check_and_writes_them(fer22_folder, subjects_file, tmp_path, capsys):
    out = tmp_path / "checked"
    assert go(fer22_folder, "--subjects", subjects_file, "--out", out) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.split(" ")[0] in VERDICTS]
    record = json.loads((out / "check.json").read_text())
    assert sorted(p.name for p in out.iterdir()) == ["check.json", "report.html"]
    assert len(lines) == len(record["checks"]) == 11
    for line, check in zip(lines, record["checks"], strict=True):
        assert line.startswith(check["verdict"])
        assert line.endswith(check["why"])
    assert record["pipeline"] == "landmarks_svm"
    assert record["command"]["permutations"] == 19


def test_without_a_folder_it_writes_into_a_new_one(fer22_folder, subjects_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert go(fer22_folder, "--subjects", subjects_file) == 0
    written = sorted((tmp_path / "checks").iterdir())
    assert len(written) == 2
    assert all("-landmarks_svm" in folder.name and (folder / "report.html").exists() for folder in written)


def test_ends_with_1_where_something_is_broken(fer22_folder, subjects_file, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with h5py.File(fer22_folder / "data_train_images.h5", "r+") as file:
        data = file["data_train_images"]
        subject = np.load(subjects_file)
        data[int(np.flatnonzero(subject == 1)[0])] = data[int(np.flatnonzero(subject == 0)[0])]
    assert go(fer22_folder, "--subjects", subjects_file) == 1
    assert "broken  copies across splits" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--pipeline", "hgo_svm"], ["'hgo'", "did you mean 'hog'"]),
        (["--subjects", "nowhere.npy"], ["nowhere.npy", "does not exist"]),
        (["--set", "align__size=3"], ["align__size"]),
        (["--out", "/dev/null/below"], ["--out"]),
    ],
)
def test_refusals_are_one_line_and_end_with_2(fer22_folder, tmp_path, monkeypatch, capsys, more, words):
    monkeypatch.chdir(tmp_path)
    assert go(fer22_folder, "--n-subjects", 4, *more) == 2
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    for word in ("error: ", *words):
        assert word in text
    assert not list(tmp_path.glob("checks/*"))


@pytest.mark.parametrize("option", [("--permutations", "3"), ("--split", "rows"), ("--rows", "0"), ("--jobs", "0")])
def test_wrong_options_are_told_in_one_line(fer22_folder, capsys, option):
    with pytest.raises(SystemExit) as ended:
        go(fer22_folder, *option)
    assert ended.value.code == 2
    text = capsys.readouterr().err
    assert (text.count("\n"), option[0] in text) == (1, True)
