"""The search command: what it writes, how it refuses, and that a killed search goes on where it stopped."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from fer_features import FerError, load_model
from fer_features.cli.search import OUTPUTS, main, parse_values

SETS = ("--set", "features__hog__orientations=4,9", "--set", "classifier__C=0.1,10")


def arguments(folder, out, *more, pipeline="hog_svm"):
    data = ["--data", folder, "--subjects", folder.parent / "subjects.npy"]
    return [str(a) for a in ("--pipeline", pipeline, *data, "--cv", "2fold", "--out", out, *more)]


def timeless(out):
    """Table and scores without times, and the predictions."""
    table = pd.read_csv(out / "candidates.csv").drop(columns="seconds")
    scores = json.loads((out / "scores.json").read_text())
    for key in ("seconds", "timing", "memory"):
        del scores[key]
    for fold in scores["folds"]:
        del fold["seconds"]
    return table.to_csv(), json.dumps(scores), (out / "predictions.csv").read_text()


@pytest.fixture
def out(tmp_path):
    return tmp_path / "results"


def test_writes_all_files_and_a_summary(fer22_folder, out, capsys):
    assert main(arguments(fer22_folder, out, *SETS, "--nested", "2fold")) == 0
    assert sorted(p.name for p in out.iterdir()) == sorted([*OUTPUTS, "journal.jsonl"])
    table = pd.read_csv(out / "candidates.csv")
    assert list(table)[:6] == [
        "candidate", "features__hog__orientations", "classifier__C", "mean", "spread", "seconds",
    ]  # fmt: skip
    assert len(table) == 4
    block = json.loads((out / "scores.json").read_text())["search"]
    assert block["selected_score"] == table["mean"].max()
    assert block["optimism"] == pytest.approx(block["selected_score"] - block["nested_score"])
    assert len(block["nested"]["folds"]) == 2
    model = load_model(out / "model.joblib")
    assert {k: v for k, v in model.get_params().items() if k in block["chosen"]} == block["chosen"]
    manifest = json.loads((out / "model.json").read_text())
    assert manifest["settings"] == block["chosen"]
    assert manifest["search"]["nested_score"] == block["nested_score"]
    said = capsys.readouterr().out
    assert "48 rows described: each of 24 at most once in each of 2 setting(s)" in said
    assert "optimism between them" in said
    assert "accuracy, nested" in said


def test_the_choice_says_how_sure_it_is_and_rejects(fer22_folder, out):
    assert main(arguments(fer22_folder, out, "--set", "classifier__C=1,10", "--coverage", "0.5")) == 0
    scores = json.loads((out / "scores.json").read_text())
    assert scores["reject"]["coverage"] == pytest.approx(0.5, abs=0.05)
    assert "ece" in scores["calibration"]
    assert load_model(out / "model.joblib").calibration == 5
    assert "uncertain" in (out / "predictions.csv").read_text()


def test_the_same_command_finds_its_folder_and_another_has_another(fer22_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command = [a for a in arguments(fer22_folder, "", *SETS) if a not in ("--out", "")]
    for done in (0, 8):
        assert main(command) == 0
        assert f"8 fits, {done} of them done before" in capsys.readouterr().out
    (folder,) = (tmp_path / "searches").iterdir()
    assert folder.name.startswith("hog_svm-")
    assert main([*command, "--seed", "1"]) == 0
    assert len(list((tmp_path / "searches").iterdir())) == 2


def test_jobs_and_a_second_run_give_the_same_files(fer22_folder, tmp_path):
    ways = {"one": (), "two": ("--jobs", "2"), "again": ()}
    for name, how in ways.items():
        assert main(arguments(fer22_folder, tmp_path / name, *SETS, "--nested", "2fold", *how)) == 0
    assert timeless(tmp_path / "one") == timeless(tmp_path / "two") == timeless(tmp_path / "again")


def killed(command, journal, lines, how):
    """Start a search in processes of its own, and end it once its journal has some lines."""
    command = [sys.executable, "-m", "fer_features", "search", *command]
    log = journal.parent.with_name("log")
    with open(log, "w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, start_new_session=True)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if journal.exists() and journal.read_bytes().count(b"\n") > lines:
            break
        time.sleep(0.002)
    if how == signal.SIGINT:
        os.killpg(process.pid, how)  # as a terminal does
    else:
        process.send_signal(how)
    return process, process.wait(timeout=60), log.read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "jobs", "nested"),
    [
        (signal.SIGKILL, 1, ("--nested", "2fold")),
        (signal.SIGKILL, 2, ()),
        (signal.SIGINT, 1, ()),
        (signal.SIGINT, 2, ("--nested", "2fold")),
    ],
)
def test_a_killed_search_goes_on_and_ends_the_same(fer22_folder, tmp_path, how, jobs, nested, capsys):
    values = ",".join(str(10.0**e) for e in range(-20, 20))
    more = ("--set", "features__hog__orientations=4,6,9", "--set", f"classifier__C={values}", *nested)
    out = tmp_path / "killed"
    command = arguments(fer22_folder, out, *more, "--jobs", jobs)
    process, code, said = killed(command, out / "journal.jsonl", 30, how)
    try:
        assert code == (130 if how == signal.SIGINT else -signal.SIGKILL), said
        if how == signal.SIGINT:
            assert "Traceback" not in said
            assert "the same command goes on" in said.splitlines()[-1]
        done = (out / "journal.jsonl").read_bytes().count(b"\n") - 1
        assert done >= 30
        assert not (out / "scores.json").exists()
        assert main(command) == 0
        assert f", {done} of them done before" in capsys.readouterr().out
    finally:
        with contextlib.suppress(ProcessLookupError):  # workers outlive a killed parent for some minutes
            os.killpg(process.pid, signal.SIGKILL)
    entries = [json.loads(line) for line in (out / "journal.jsonl").read_text().splitlines()[1:]]
    assert len({(e["scope"], e["stage"], e["candidate"], e["fold"]) for e in entries}) == len(entries)
    assert main(arguments(fer22_folder, tmp_path / "whole", *more)) == 0
    assert timeless(out) == timeless(tmp_path / "whole")
    assert not [p for p in (*out.iterdir(), *tmp_path.iterdir()) if p.name.endswith(".part")]


def test_a_grid_from_a_file_and_values_beside_it(fer22_folder, out, tmp_path):
    file = tmp_path / "grid.json"
    file.write_text('{"features__hog__cell": [8, [8, 16]], "classifier__C": [1, 10, 100]}')
    assert main(arguments(fer22_folder, out, "--grid", file, "--set", "classifier__C=3")) == 0
    table = pd.read_csv(out / "candidates.csv")
    assert table["features__hog__cell"].astype(str).tolist() == ["8", "[8, 16]"]
    assert table["classifier__C"].tolist() == [3, 3]


def test_the_default_grid_and_random_draws(fer22_folder, out):
    more = ("--strategy", "random", "--candidates", "5")
    assert main(arguments(fer22_folder, out, *more, pipeline="landmarks_svm")) == 0
    table = pd.read_csv(out / "candidates.csv")
    assert len(table) == 5
    assert "features__landmarks__register" in table


def test_a_budget_is_said(fer22_folder, out, capsys):
    assert main(arguments(fer22_folder, out, *SETS, "--budget", "0.000001")) == 0
    assert "the budget ended the search" in capsys.readouterr().out
    assert not json.loads((out / "scores.json").read_text())["search"]["finished"]
    assert main(arguments(fer22_folder, out, *SETS, "--budget", "9")) == 0
    assert json.loads((out / "scores.json").read_text())["search"]["finished"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--set", "features__hog__orientation=6,9"), ["features__hog__orientations"]),
        (("--set", "orientations"), ["NAME=A,B,C"]),
        (("--set", "orientations="), ["NAME=A,B,C"]),
        (("--set", "features__hog__cell=0"), ["cell=0"]),
        (("--set", "align__method=eyez,eyes2"), ["eyez"]),
        (("--set", "classifier__C=-1"), ["every candidate failed", "C"]),
        (("--grid", "nowhere.json"), ["nowhere.json", "cannot be read"]),
        (("--cv", "9fold"), ["4 subject(s)"]),
        (("--cv", "often"), ["often"]),
        (("--nested", "9fold"), ["4 subject(s)"]),
        (("--cv", "4fold", "--nested", "2fold"), ["within outer fold 0"]),
        (("--cv", "official"), ["official"]),
    ],
)
def test_mistakes_are_told_in_one_line(fer22_folder, out, capsys, more, words):
    assert main(arguments(fer22_folder, out, *more)) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1, said
    assert said.startswith("error: ")
    for word in words:
        assert word in said
    assert not (out / "scores.json").exists()


@pytest.mark.parametrize("text", ["{", "[1]", '{"classifier__C": 1}', "{}"])
def test_a_wrong_grid_file_is_told(fer22_folder, out, tmp_path, capsys, text):
    (tmp_path / "grid.json").write_text(text)
    assert main(arguments(fer22_folder, out, "--grid", tmp_path / "grid.json")) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "grid.json" in said
    assert not out.exists()


@pytest.mark.parametrize(
    ("option", "value"), [("--budget", "0"), ("--budget", "soon"), ("--candidates", "0"), ("--jobs", "0")]
)
def test_wrong_options_are_told_in_one_line(fer22_folder, out, capsys, option, value):
    with pytest.raises(SystemExit) as ended:
        main(arguments(fer22_folder, out, option, value))
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not out.exists()


def test_a_folder_of_another_search_is_refused_and_left_as_it_is(fer22_folder, out, capsys):
    assert main(arguments(fer22_folder, out, *SETS)) == 0
    before = timeless(out)
    assert main(arguments(fer22_folder, out, *SETS, "--seed", "3")) == 2
    assert "another search" in capsys.readouterr().err
    assert timeless(out) == before


def test_out_that_cannot_be_written(fer22_folder, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        assert main(arguments(fer22_folder, place, *SETS)) == 2
        assert str(place) in capsys.readouterr().err


def test_values_are_read_as_python_or_text():
    assert parse_values("a=6,8,9") == ("a", [6, 8, 9])
    assert parse_values("a=(8,16), 8,[1,2]") == ("a", [(8, 16), 8, [1, 2]])
    assert parse_values("a=eyes,procrustes") == ("a", ["eyes", "procrustes"])
    assert parse_values("a={'hog':0.5,'lbp':1},None") == ("a", [{"hog": 0.5, "lbp": 1}, None])
    assert parse_values("a=True,0.5") == ("a", [True, 0.5])
    with pytest.raises(FerError):
        parse_values("=1")


def test_the_table_grows_while_the_search_runs(fer22_folder, out, monkeypatch):
    from fer_features.cli import search as command

    sizes = []
    monkeypatch.setattr(command, "INTERVAL", -1.0)
    original = command._table_writer

    def watched(planned, path):
        write = original(planned, path)

        def both():
            write()
            sizes.append(len(pd.read_csv(path)))

        return both

    monkeypatch.setattr(command, "_table_writer", watched)
    assert main(arguments(fer22_folder, out, *SETS)) == 0
    assert sizes == sorted(sizes)
    assert len(set(sizes)) > 2
    assert np.max(sizes) == 4
