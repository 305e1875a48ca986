"""The command ``search``: its files, its printed summary, and the searches that it refuses."""

import json

import numpy as np
import pandas as pd
import pytest

from fer_features import FerError, load_model
from fer_features.cli import search as command
from fer_features.cli.search import main, parse_values
from fer_features.evaluation import Scores
from fer_features.experiment import SEARCH_OUTPUTS

from ..conftest import files_in, names_with_joblib

SETS = ("--set", "features__hog__orientations=4,9", "--set", "classifier__C=0.1,10")
LANDMARK_SETS = ("--set", "features__landmarks__n_apex_frames=1,3", "--set", "classifier__shrinkage=0.1,0.9")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "results"


@pytest.fixture
def arguments(labelled_clips):
    """A function that returns the arguments of a search in 2 folds."""

    def arguments(out, *options, pipeline="landmarks_lda"):
        return [str(a) for a in ("--pipeline", pipeline, *labelled_clips, "--cv", "2fold", "--out", out, *options)]

    return arguments


def without_times(out):
    """Table and scores without what depends on the machine, and the predictions."""
    table = pd.read_csv(out / "candidates.csv").drop(columns="seconds")
    scores = json.loads((out / "scores.json").read_text())
    for key in ("seconds", "timing", "peak_memory_mb"):
        del scores[key]
    for fold in scores["folds"]:
        del fold["seconds"]
    return table.to_csv(), json.dumps(scores), (out / "predictions.csv").read_text()


def test_all_files_and_a_summary_are_written(fer22_folder, subjects_file, out, capsys):
    options = ["--pipeline", "hog_svm", "--data", fer22_folder, "--subjects", subjects_file, "--out", out]
    assert main([str(option) for option in (*options, *SETS, "--cv", "2fold", "--nested", "2fold")]) == 0
    assert files_in(out) == names_with_joblib([*SEARCH_OUTPUTS, "journal.jsonl"])
    table = pd.read_csv(out / "candidates.csv")
    assert list(table)[:6] == [
        "candidate", "features__hog__orientations", "classifier__C", "mean", "std", "seconds",
    ]  # fmt: skip
    assert len(table) == 4
    scores = Scores.from_json((out / "scores.json").read_text())
    summary = scores.search
    assert summary.best_score == table["mean"].max()
    assert summary.nested.optimism == pytest.approx(summary.best_score - summary.nested.score)
    assert len(summary.nested.folds) == 2
    seconds = {stage: value for stage, value in vars(scores.timing).items() if value is not None}
    assert set(seconds) == {"read", "search", "evaluate", "fit", "predict", "predict_per_sample"}
    assert scores.seconds >= sum(seconds.values()) - scores.timing.predict_per_sample - 0.01
    model = load_model(out / "model.joblib")
    best_params = summary.best_params
    assert {k: v for k, v in model.get_params().items() if k in best_params} == best_params
    manifest = json.loads((out / "model.json").read_text())
    assert manifest["settings"] == best_params
    assert manifest["search"]["nested_score"] == summary.nested.score
    assert len(pd.read_csv(out / "submission.csv")) == 6
    printed = capsys.readouterr().out
    assert "48 feature vectors computed for 24 samples and 2 extractor settings" in printed
    assert "optimism (selection bias)" in printed
    assert "accuracy, nested" in printed


def test_the_best_candidate_is_calibrated_and_rejects(arguments, out):
    options = ("--set", "classifier__C=1,10", "--target-coverage", "0.5")
    assert main(arguments(out, *options, pipeline="hog_svm")) == 0
    scores = Scores.from_json((out / "scores.json").read_text())
    assert scores.rejection.coverage == pytest.approx(0.5, abs=0.05)
    assert scores.metrics.calibration is not None
    assert load_model(out / "model.joblib").calibration_cv == 5
    assert "uncertain" in (out / "predictions.csv").read_text()


def test_a_search_has_a_folder_of_its_own_by_default(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = [a for a in arguments("", *LANDMARK_SETS) if a not in ("--out", "")]
    for n_resumed in (0, 8):
        assert main(options) == 0
        assert f"8 fits, {n_resumed} of them found in the journal" in capsys.readouterr().out
    (folder,) = (tmp_path / "searches").iterdir()
    assert folder.name.startswith("landmarks_lda-")
    assert main([*options, "--seed", "1"]) == 0
    assert len(list((tmp_path / "searches").iterdir())) == 2


def test_files_do_not_depend_on_n_jobs_and_are_reproducible(arguments, tmp_path):
    runs = {"one": (), "two": ("--n-jobs", "2"), "again": ()}
    for name, options in runs.items():
        assert main(arguments(tmp_path / name, *LANDMARK_SETS, "--nested", "2fold", *options)) == 0
    assert without_times(tmp_path / "one") == without_times(tmp_path / "two") == without_times(tmp_path / "again")


def test_a_grid_from_a_file_and_additional_values(arguments, out, tmp_path):
    file = tmp_path / "grid.json"
    file.write_text('{"features__hog__pixels_per_cell": [8, [8, 16]], "classifier__shrinkage": [0.1, 0.5, 0.9]}')
    options = ("--grid", file, "--set", "classifier__shrinkage=0.3")
    assert main(arguments(out, *options, pipeline="hog_lda")) == 0
    table = pd.read_csv(out / "candidates.csv")
    assert table["features__hog__pixels_per_cell"].astype(str).tolist() == ["8", "[8, 16]"]
    assert table["classifier__shrinkage"].tolist() == [0.3, 0.3]


def test_the_default_grid_is_sampled(arguments, out):
    assert main(arguments(out, "--strategy", "random", "--n-iter", "5")) == 0
    table = pd.read_csv(out / "candidates.csv")
    assert len(table) == 5
    assert "features__landmarks__registration" in table


def test_a_time_limit_is_reported(arguments, out, capsys):
    assert main(arguments(out, *LANDMARK_SETS, "--time-limit", "0.000001")) == 0
    assert "the time limit ended the search" in capsys.readouterr().out
    assert not json.loads((out / "scores.json").read_text())["search"]["finished"]
    assert main(arguments(out, *LANDMARK_SETS, "--time-limit", "9")) == 0
    assert json.loads((out / "scores.json").read_text())["search"]["finished"]


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        (("--set", "features__hog__orientation=6,9"), ["features__hog__orientations"]),
        (("--set", "orientations"), ["NAME=A,B,C"]),
        (("--set", "orientations="), ["NAME=A,B,C"]),
        (("--set", "features__hog__pixels_per_cell=0"), ["pixels_per_cell=0"]),
        (("--set", "align__method=eyez,eyes2"), ["eyez"]),
        (("--set", "classifier__C=-1"), ["every candidate failed", "C"]),
        (("--grid", "nowhere.json"), ["nowhere.json", "does not exist"]),
        (("--cv", "9fold"), ["4 subject(s)"]),
        (("--cv", "often"), ["often"]),
        (("--nested", "9fold"), ["4 subject(s)"]),
        (("--cv", "4fold", "--nested", "2fold"), ["within outer 0"]),
        (("--cv", "predefined"), ["predefined"]),
        (("--strategy", "halving"), ["--strategy", "random"]),
        (("--time-limit", "0"), ["--time-limit"]),
        (("--time-limit", "soon"), ["--time-limit"]),
        (("--n-iter", "0"), ["--n-iter"]),
        (("--n-jobs", "0"), ["--n-jobs"]),
    ],
)
def test_invalid_options_are_refused_in_one_line(arguments, out, refused, options, texts):
    refused(main, arguments(out, *options, pipeline="hog_svm"), *texts)
    assert not (out / "scores.json").exists()


@pytest.mark.parametrize("text", ["{", "[1]", '{"classifier__C": 1}', "{}"])
def test_an_invalid_grid_file_is_refused_in_one_line(arguments, out, tmp_path, refused, text):
    (tmp_path / "grid.json").write_text(text)
    refused(main, arguments(out, "--grid", tmp_path / "grid.json"), "grid.json")
    assert not out.exists()


def test_the_folder_of_another_search_is_refused_and_not_changed(arguments, out, refused):
    assert main(arguments(out, *LANDMARK_SETS)) == 0
    before = without_times(out)
    refused(main, arguments(out, *LANDMARK_SETS, "--seed", "3"), "journal of another search")
    assert without_times(out) == before


def test_output_folders_that_cannot_be_written(arguments, tmp_path, refused):
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        refused(main, arguments(place, *LANDMARK_SETS), place)


def test_values_are_parsed_as_python_literals_or_text():
    assert parse_values("a=6,8,9") == ("a", [6, 8, 9])
    assert parse_values("a=(8,16), 8,[1,2]") == ("a", [(8, 16), 8, [1, 2]])
    assert parse_values("a=eyes,procrustes") == ("a", ["eyes", "procrustes"])
    assert parse_values("a={'hog':0.5,'lbp':1},None") == ("a", [{"hog": 0.5, "lbp": 1}, None])
    assert parse_values("a=True,0.5") == ("a", [True, 0.5])
    with pytest.raises(FerError):
        parse_values("=1")


def test_the_table_of_candidates_is_updated_during_the_search(arguments, out, monkeypatch):
    sizes = []
    monkeypatch.setattr(command, "TABLE_INTERVAL_SECONDS", -1.0)
    table_writer = command._table_writer

    def recording_table_writer(planned, path):
        write = table_writer(planned, path)

        def write_and_record():
            write()
            sizes.append(len(pd.read_csv(path)))

        return write_and_record

    monkeypatch.setattr(command, "_table_writer", recording_table_writer)
    assert main(arguments(out, *LANDMARK_SETS)) == 0
    assert sizes == sorted(sizes)
    assert len(set(sizes)) > 2
    assert np.max(sizes) == 4


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--cv", "5flod"], "unknown cv '5flod'"),
        (["--nested", "1fold"], "at least 2 folds"),
        (["--cv", "predefined"], "must not be used to choose settings"),
        (["--set", "classifier__c=1,2"], "classifier__C"),
    ],
)
def test_folds_and_names_of_parameters_are_checked_before_the_data_are_read(refused, options, text):
    refused(main, ["--pipeline", "landmarks_svm", "--data", "nowhere", *options], text)
