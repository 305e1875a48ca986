"""Tests of the command that checks whether a score can be trusted: output, files, exit codes and user errors."""

import json

import h5py
import numpy as np
import pytest

from fer_features.audit import STATUSES, Check
from fer_features.cli.check import main

from ..conftest import files_in
from ..html_pages import check_page

OPTIONS = ["--permutations", "19", "--pipeline", "landmarks_svm"]


def test_results_are_printed_and_written(labelled_clips, tmp_path, capsys):
    out = tmp_path / "checked"
    assert main([*OPTIONS, *labelled_clips, "--out", str(out)]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.split(" ")[0] in STATUSES]
    record = json.loads((out / "check.json").read_text())
    page = check_page((out / "report.html").read_text(encoding="utf-8"))
    assert files_in(out) == ["check.json", "report.html"]
    assert len(lines) == len(record["checks"]) == 12
    for line, check in zip(lines, record["checks"], strict=True):
        assert line.startswith(check["status"])
        assert line.endswith(check["message"])
        assert check["message"] in page.text
    assert record["pipeline"] == "landmarks_svm"
    assert record["command"]["permutations"] == 19


@pytest.mark.parametrize(("status", "code"), [("pass", 0), ("warning", 0), ("skipped", 0), ("fail", 1)])
def test_each_run_without_out_writes_a_new_folder(labelled_clips, tmp_path, monkeypatch, status, code):
    monkeypatch.chdir(tmp_path)
    one = Check("a check", status, "a message")
    monkeypatch.setattr("fer_features.workflow.audits.iterate_checks", lambda *_, **__: iter([one]))
    for _ in range(2):
        assert main([*OPTIONS, *labelled_clips]) == code
    written = sorted((tmp_path / "checks").iterdir())
    assert len(written) == 2
    assert all("-landmarks_svm" in folder.name and (folder / "report.html").exists() for folder in written)


def test_the_exit_code_is_1_if_a_check_fails(fer22_folder, subjects_file, tmp_path, capsys):
    with h5py.File(fer22_folder / "data_train_images.h5", "r+") as file:
        data, subject = file["data_train_images"], np.load(subjects_file)
        data[int(np.flatnonzero(subject == 1)[0])] = data[int(np.flatnonzero(subject == 0)[0])]
    arguments = ["--data", str(fer22_folder), "--subjects", str(subjects_file), "--out", str(tmp_path / "checked")]
    assert main([*OPTIONS, *arguments]) == 1
    assert "fail    duplicates across splits" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        (["--pipeline", "hgo_svm"], ["'hgo'", "did you mean 'hog'"]),
        (["--subjects", "nowhere.npy"], ["nowhere.npy", "does not exist"]),
        (["--set", "align__size=3"], ["align__size"]),
        (["--out", "/dev/null/below"], ["the output folder /dev/null/below"]),
        (["--permutations", "3"], ["--permutations"]),
        (["--split", "samples"], ["--split"]),
        (["--max-samples", "0"], ["--max-samples"]),
        (["--n-jobs", "0"], ["--n-jobs"]),
    ],
)
def test_user_errors_are_refused_and_nothing_is_written(
    labelled_clips, tmp_path, monkeypatch, refused, arguments, texts
):
    monkeypatch.chdir(tmp_path)
    refused(main, [*OPTIONS, *labelled_clips, *arguments], *texts)
    assert not list(tmp_path.glob("checks/*"))
