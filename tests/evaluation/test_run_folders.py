"""Runs are read from folders as they were written; damaged folders are refused in one line."""

import dataclasses

import pandas as pd
import pytest

from fer_features import FerError
from fer_features.evaluation import EvaluationResult
from fer_features.evaluation.run_folders import load_run, run_names

from .example_scores import METRICS, SCORES

NAMED = SCORES.replace(classes=("None", "joy"), metrics=dataclasses.replace(METRICS, accuracy=0.5))
PREDICTIONS = pd.DataFrame(
    {
        "id": ["a", "b", "c", "d"],
        "sample": [3, 0, 1, 2],
        "subject": [7, 8, 8, 7],
        "fold": [0, 1, 1, 0],
        "true": ["None", "joy", "None", "joy"],
        "predicted": ["joy", "joy", "None", "None"],
    }
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "scores.json").write_text(NAMED.to_json())
    PREDICTIONS.to_csv(tmp_path / "predictions.csv", index=False)
    return tmp_path


def test_a_folder_equals_the_result_that_was_written(folder):
    read, result = load_run(folder), load_run(EvaluationResult(NAMED, PREDICTIONS))
    assert read.scores == result.scores
    # Class names such as "None" and "NA" are not missing values.
    pd.testing.assert_frame_equal(read.predictions, result.predictions, check_dtype=False)
    assert read.predictions["sample"].tolist() == [0, 1, 2, 3]
    assert (read.folder, result.folder) == (str(folder), "")


def test_uncertain_predictions_are_read_as_raw_predictions(folder):
    table = PREDICTIONS.assign(predicted="uncertain", raw_prediction=PREDICTIONS["predicted"])
    table.to_csv(folder / "predictions.csv", index=False)
    assert load_run(folder).predictions.equals(
        load_run(folder).predictions.assign(predicted=["joy", "None", "None", "joy"])
    )


def test_unknown_subjects_are_none(folder):
    PREDICTIONS.assign(subject=None).to_csv(folder / "predictions.csv", index=False)
    assert load_run(folder).predictions["subject"].isna().all()


def test_only_the_reported_split_is_read(folder):
    splits = {"validation": NAMED.metrics, "test": NAMED.metrics}
    (folder / "scores.json").write_text(NAMED.replace(splits=splits).to_json())
    table = PREDICTIONS.assign(split=["test", "validation", "test", "validation"])
    table.to_csv(folder / "predictions.csv", index=False)
    assert load_run(folder).predictions["sample"].tolist() == [1, 3]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("scores.json", None, "has no scores.json"),
        ("predictions.csv", None, "has no predictions.csv"),
        ("scores.json", "{", r"scores.json: not the scores"),
        ("scores.json", "null", r"scores.json: .*null where an object is needed"),
        ("scores.json", "{}", r"scores.json: .*'pipeline' is missing"),
        ("scores.json", b"\xff", "scores.json: not the scores|scores.json: 'utf-8'"),
        ("predictions.csv", "", "cannot be read"),
        ("predictions.csv", "sample,fold\n0,0\n1,2,3,4,5\n", "line 3: 5 fields"),
        ("predictions.csv", "sample,fold\n0,0\n", r"lacks the column\(s\) subject, true, predicted"),
        ("predictions.csv", "sample,subject,fold,true,predicted\n0,a,0,joy,anger\n", "has the class 'anger'"),
        ("predictions.csv", "sample,subject,fold,true,predicted\nx,a,0,joy,joy\n", "the sample 'x' is not a number"),
        ("predictions.csv", "sample,subject,fold,true,predicted\n0,a,²,joy,joy\n", "the fold '²' is not a number"),
        ("predictions.csv", "sample,subject,fold,true,predicted\n" + 2 * "0,a,1,joy,joy\n", "sample 0 twice in fold 1"),
        ("predictions.csv", "sample,subject,fold,true,predicted\n0,a,0,joy,joy\n", "does not belong to scores.json"),
        ("predictions.csv", "sample,subject,fold,true,predicted\n", "does not belong to scores.json"),
        ("predictions.csv", "sample,subject,fold,true,predicted\n0,a,0,joy,joy,\n", "6 fields"),
    ],
)
def test_damaged_folders_are_refused_in_one_line(folder, name, content, message):
    if content is None:
        (folder / name).unlink()
    elif isinstance(content, bytes):
        (folder / name).write_bytes(content)
    else:
        (folder / name).write_text(content)
    with pytest.raises(FerError, match=message) as error:
        load_run(folder)
    assert str(folder) in str(error.value)
    assert "\n" not in str(error.value)


def test_other_paths_are_refused(folder):
    with pytest.raises(FerError, match="is a file: give a folder"):
        load_run(folder / "scores.json")
    with pytest.raises(FerError, match="is not a folder written by"):
        load_run(folder / "nowhere")
    with pytest.raises(FerError, match="a run is int"):
        load_run(3)


def test_runs_of_one_pipeline_are_named_by_their_folders(folder):
    read, result = load_run(folder), load_run(EvaluationResult(NAMED, PREDICTIONS))
    assert run_names([read, result]) == [f"hog_svm in {folder.name}", "hog_svm"]
    assert run_names([result, result]) == ["hog_svm", "hog_svm (2)"]
    assert run_names([read]) == ["hog_svm"]
