"""`evaluate`, `run_experiment` and `finish_search` give the results that the commands write."""

import json
import re
import time

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from fer_features import (
    DataInfo,
    FerError,
    Samples,
    evaluate,
    load_dataset,
    load_model,
    make_pipeline,
    run_experiment,
    search,
)
from fer_features.cli import run
from fer_features.cli import search as search_command
from fer_features.evaluation import EvaluationResult, Scores, evaluate_pipeline
from fer_features.experiment import RUN_OUTPUTS, SEARCH_OUTPUTS
from fer_features.workflow.searches import finish_search

from ..conftest import draw_clips, files_in, names_with_joblib, write_h5
from ..html_pages import check_page

CLASSES = ("joy", "fear", "surprise")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """fer22 files without images: 24 training clips of 4 subjects, 6 test clips; and subjects.npy beside it."""
    root = tmp_path_factory.mktemp("data")
    _, landmarks, label, subject = draw_clips()
    write_h5(root / "fer22", "data_train_landmarks", np.rint(landmarks).astype(np.int64))
    write_h5(root / "fer22", "data_train_labels", label.astype(float))
    write_h5(root / "fer22", "data_test_landmarks", np.rint(draw_clips(n_subjects=1, seed=1)[1]).astype(np.int64))
    np.save(root / "subjects.npy", subject)
    return root / "fer22"


@pytest.fixture(scope="module")
def X(folder):
    return load_dataset(folder, subjects=folder.parent / "subjects.npy")


def comparable(folder):
    """The content of a folder of results, without times, dates, hashes, and the recorded command."""
    scores = Scores.from_json((folder / "scores.json").read_text())
    scores = scores.replace(
        seconds=0, timing=None, peak_memory_mb=None, command=None, n_features_computed=0, folds=len(scores.folds)
    )
    manifest = json.loads((folder / "model.json").read_text())
    tables = {p.name: p.read_text() for p in folder.iterdir() if p.suffix == ".csv" and p.name != "candidates.csv"}
    model = load_model(folder / "model.joblib")
    return scores, {k: v for k, v in manifest.items() if k not in ("date", "sha256")}, tables, model.get_params().keys()


def section_titles(folder):
    return re.findall(r"<h2[^>]*>([^<]*)</h2>", (folder / "report.html").read_text())


def test_evaluate_is_the_evaluation_of_the_pipeline(X):
    experiment = evaluate(make_pipeline("landmarks_svm"), X, cv="loso", seed=3)
    result = evaluate_pipeline(make_pipeline("landmarks_svm"), X, "loso", seed=3)
    assert isinstance(experiment, EvaluationResult)
    pd.testing.assert_frame_equal(experiment.predictions, result.predictions)
    assert experiment.scores.metrics == result.scores.metrics
    assert (experiment.accuracy, str(experiment)) == (result.accuracy, str(result))
    assert experiment.model is None


def test_pipelines_and_data_can_be_given_as_text(folder, X):
    for path in (folder, str(folder)):
        experiment = evaluate("landmarks_lda", path, cv=2)
        assert experiment.scores.pipeline == "landmarks_lda"
        assert experiment.scores.protocol.startswith("stratified 2-fold grouped by subject")
        assert experiment.scores.data.subjects_from == "inferred"
    by_text, by_object = evaluate("landmarks_svm", X, "2fold", seed=2), make_pipeline("landmarks_svm", random_state=2)
    pd.testing.assert_frame_equal(by_text.predictions, evaluate(by_object, X, "2fold", seed=2).predictions)
    assert evaluate("landmarks_lda", X, "2fold", name="mine").scores.pipeline == "mine"


def test_a_pipeline_given_as_text_is_made_with_the_settings(X):
    experiment = run_experiment("landmarks_svm", X, "2fold", settings={"classifier__C": 3})
    assert experiment.model.get_params()["classifier__C"] == 3
    assert experiment.settings == {"classifier__C": 3}
    expected = evaluate(make_pipeline("landmarks_svm", classifier__C=3), X, "2fold")
    pd.testing.assert_frame_equal(experiment.predictions, expected.predictions)


def test_faces_without_landmarks_are_located_once_and_the_model_contains_the_method(small_faces):
    info = DataInfo(classes=("a", "b"), cropped=True)
    X = Samples.from_arrays(images=small_faces, label=np.arange(40) % 2, subject=np.arange(40) // 4, info=info)
    for model in ("lbp_lda", make_pipeline("lbp_lda")):
        experiment = run_experiment(model, X, cv=2)
        assert experiment.settings == {"faces__method": "crop"}
        assert experiment.model.named_steps["faces"].method_ == "crop"
    with pytest.raises(FerError, match="landmarks"):
        evaluate(make_pipeline("lbp_lda", faces__method="given"), X, cv=2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("hgo_svm", "demo"), "did you mean 'hog'"),
        (("landmarks_svm", np.zeros((3, 68, 2))), "X is of type ndarray: give Samples"),
        (("landmarks_svm", None), "X is of type NoneType: give Samples"),
        (("landmarks_svm", "nowhere"), "nowhere"),
    ],
)
def test_other_arguments_are_refused_in_one_line(arguments, message):
    for function in (evaluate, run_experiment):
        with pytest.raises(FerError, match=message) as error:
            function(*arguments)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("function", [evaluate, run_experiment])
def test_folds_are_checked_before_the_data_are_read(function):
    for options, message in (
        ({"cv": "5flod"}, "unknown cv '5flod'"),
        ({"cv": 1}, "at least 2 folds"),
        ({"cv": "loso", "n_repeats": 2}, "cannot be repeated"),
        ({"n_repeats": 0}, "n_repeats is 0"),
    ):
        with pytest.raises(FerError, match=message):
            function("landmarks_svm", "nowhere", **options)


def test_errors_are_found_before_the_computation(X, monkeypatch):
    for name in ("precompute_features", "fit_on_training_samples"):
        monkeypatch.setattr(f"fer_features.training.{name}", lambda *_: pytest.fail("the computation began"))
    with pytest.raises(pytest.fail.Exception, match="the computation began"):
        run_experiment("landmarks_svm", X)
    for options, message in (
        ({"model": "hog_svm"}, "'images' is needed"),
        ({"model": make_pipeline("landmarks_svm", calibration_cv=0), "reject_below": 0.5}, "needs probabilities"),
        ({"model": "landmarks_svm", "train_landmarker": True}, "images"),
    ):
        with pytest.raises(FerError, match=message):
            run_experiment(X=X, **options)


def test_run_experiment_gives_what_the_command_writes(folder, X, tmp_path):
    options = ["--cv", "2fold", "--seed", "1", "--reject-below", "0.9", "--learning-curve", "2", "--repeats", "2"]
    arguments = ["--pipeline", "landmarks_svm", "--data", folder, "--subjects", folder.parent / "subjects.npy"]
    arguments += [*options, "--set", "classifier__C=3", "--out", tmp_path / "command"]
    assert run.main([str(argument) for argument in arguments]) == 0
    experiment = run_experiment(
        "landmarks_svm",
        X,
        "2fold",
        n_repeats=2,
        seed=1,
        reject_below=0.9,
        learning_curve=2,
        settings={"classifier__C": 3},
    )
    assert experiment.save(tmp_path / "function") == tmp_path / "function"
    assert files_in(tmp_path / "command") == files_in(tmp_path / "function") == names_with_joblib(RUN_OUTPUTS)
    assert comparable(tmp_path / "command") == comparable(tmp_path / "function")
    command, function = section_titles(tmp_path / "command"), section_titles(tmp_path / "function")
    assert len(function) > 5
    assert [title for title in command if title in function] == function
    assert experiment.report(tmp_path / "report.html") == tmp_path / "report.html"
    page = check_page((tmp_path / "report.html").read_text())
    assert page.text == check_page((tmp_path / "function" / "report.html").read_text()).text
    assert files_in(tmp_path) == ["command", "function", "report.html"]


def test_the_command_records_its_options_and_the_time_from_its_start(folder, X, tmp_path, monkeypatch):
    load_data = run.load_data

    def slow_load_data(*arguments):
        time.sleep(0.3)
        return load_data(*arguments)

    monkeypatch.setattr(run, "load_data", slow_load_data)
    arguments = ["--pipeline", "landmarks_lda", "--data", folder, "--subjects", folder.parent / "subjects.npy"]
    assert run.main([str(a) for a in (*arguments, "--cv", "2fold", "--out", tmp_path / "out")]) == 0
    scores = Scores.from_json((tmp_path / "out" / "scores.json").read_text())
    seconds = {stage: value for stage, value in vars(scores.timing).items() if value is not None}
    assert set(seconds) == {"read", "extract", "evaluate", "fit", "predict", "predict_per_sample"}
    assert scores.timing.read >= 0.3
    assert scores.seconds >= sum(seconds.values()) - scores.timing.predict_per_sample - 0.01
    assert scores.command["cv"] == "2fold"
    assert "out" not in scores.command
    assert run_experiment("landmarks_lda", X, "2fold").scores.command is None


def test_a_search_by_functions_gives_what_the_command_writes(folder, X, tmp_path):
    arguments = ["--pipeline", "landmarks_svm", "--data", folder, "--subjects", folder.parent / "subjects.npy"]
    arguments += ["--set", "classifier__C=0.1,10", "--cv", "2fold", "--nested", "2fold", "--out", tmp_path / "command"]
    assert search_command.main([str(argument) for argument in arguments]) == 0
    found = search(make_pipeline("landmarks_svm"), X, {"classifier__C": [0.1, 10]}, cv="2fold", nested="2fold")
    experiment = finish_search(found, X, "2fold", name="landmarks_svm")
    experiment.save(tmp_path / "function")
    assert files_in(tmp_path / "function") == names_with_joblib(SEARCH_OUTPUTS)
    assert files_in(tmp_path / "command") == names_with_joblib([*SEARCH_OUTPUTS, "journal.jsonl"])
    assert comparable(tmp_path / "command") == comparable(tmp_path / "function")
    tables = [pd.read_csv(tmp_path / name / "candidates.csv") for name in ("command", "function")]
    pd.testing.assert_frame_equal(*(table.drop(columns="seconds") for table in tables))
    assert "chosen among 2 candidates" in experiment.scores.notes[0]
    assert experiment.scores.search.best_params == found.best_params == experiment.settings


def test_sample_numbers_of_a_search_are_positions_in_the_given_table(X):
    part = X[np.flatnonzero(X["label"] != "")[::-1]]
    landmarks = part["landmarks"].copy()
    landmarks[5] = np.nan
    table = Samples.from_arrays(landmarks=landmarks, label=part["label"], subject=part["subject"], info=X.info)
    found = search(make_pipeline("landmarks_lda"), table, {"classifier__shrinkage": [0.1, 0.9]}, cv="2fold")
    predictions = finish_search(found, table, "2fold").predictions
    assert predictions["sample"].tolist() == [i for i in range(len(table)) if i != 5]
    assert predictions["true"].tolist() == table["label"][predictions["sample"]].tolist()


def test_results_of_a_cross_validation_can_be_saved_and_reported(X, tmp_path):
    # A slice, and a table without ids.
    named = X[np.flatnonzero(X["label"] != "")]
    table = Samples.from_arrays(landmarks=named["landmarks"], label=named["label"], subject=named["subject"])
    for data in (named, table):
        experiment = evaluate("landmarks_lda", data, cv=2)
        experiment.save(tmp_path / "out", overwrite=True)
        fitted = make_pipeline("landmarks_lda").fit(data, data["label"])
        model = load_model(tmp_path / "out" / "model.joblib")
        assert model.predict_proba(data).tolist() == fitted.predict_proba(data).tolist()
        assert experiment.model is None
        check_page(experiment.report(str(tmp_path / "report.html")).read_text())
    assert pd.read_csv(tmp_path / "out" / "predictions.csv")["id"].tolist() == list(range(24))
    with pytest.raises(FerError, match="cannot write"):
        experiment.report(tmp_path / "nowhere" / "report.html")


def test_saving_replaces_the_files_of_an_earlier_run_only(X, tmp_path):
    run_experiment("landmarks_lda", X, "2fold").save(tmp_path / "out")
    (tmp_path / "out" / "mine.txt").write_text("notes")
    assert (tmp_path / "out" / "submission.csv").exists()
    with pytest.raises(FerError, match="is not empty"):
        evaluate("landmarks_lda", X, "2fold").save(tmp_path / "out")
    evaluate("landmarks_lda", X, "2fold").save(tmp_path / "out", overwrite=True)
    assert not (tmp_path / "out" / "submission.csv").exists()
    assert (tmp_path / "out" / "mine.txt").read_text() == "notes"


def test_predictions_are_class_names_and_submissions_codes(X, folder):
    experiment = run_experiment("landmarks_svm", X, "2fold")
    assert experiment.model.classes_.tolist() == sorted(CLASSES)
    test = X[np.flatnonzero(X["split"] == "test")]
    predicted = experiment.model.predict(test)
    assert set(predicted) <= set(CLASSES)
    assert experiment.test.table["predicted"].tolist() == predicted.tolist()
    assert experiment.test.codes.tolist() == [CLASSES.index(name) for name in predicted]
    probability = experiment.model.predict_proba(test)
    for i, name in enumerate(experiment.model.classes_):
        assert experiment.test.table[f"probability_{name}"].tolist() == probability[:, i].tolist()
    columns = [f"probability_{name}" for name in CLASSES]
    assert columns != sorted(columns)
    for table in (experiment.test.table, experiment.predictions):
        assert [name for name in table if name.startswith("probability_")] == columns


@pytest.mark.parametrize("reject_below", [None, 0.5])
def test_test_samples_without_landmarks_get_the_most_frequent_class(X, tmp_path, reject_below):
    test = np.flatnonzero(X["split"] == "test")
    for missing in (test[:2], test):
        landmarks = X["landmarks"].copy()
        landmarks[missing] = np.nan
        label = X.label_codes.copy()
        label[np.flatnonzero(label == 1)[:2]] = 2
        table = X.with_columns(landmarks=landmarks, label=label)
        experiment = run_experiment("landmarks_lda", table, "2fold", reject_below=reject_below)
        assert experiment.test.n_without_features == len(missing)
        assert experiment.test.codes[: len(missing)].tolist() == [2] * len(missing)
        experiment.save(tmp_path / "out", overwrite=True)
        written = pd.read_csv(tmp_path / "out" / "test_predictions.csv")
        assert written["predicted"].isna().tolist() == np.isin(test, missing).tolist()
        assert len(pd.read_csv(tmp_path / "out" / "submission.csv")) == len(test)


def test_labelled_test_splits_are_evaluated_and_not_predicted_for_a_submission(X):
    labelled = X[np.flatnonzero(X["label"] != "")]
    split = np.where(labelled["subject"] < 2, "train", "test")
    experiment = run_experiment("landmarks_lda", labelled.with_columns(split=split))
    assert experiment.test is None
    assert list(experiment.scores.splits) == ["test"]
    assert experiment.model.predict(labelled[split == "test"]).tolist() == experiment.predictions["predicted"].tolist()


def test_progress_is_shown_if_verbose(X, monkeypatch, capsys):
    monkeypatch.setattr("fer_features._progress.LOG_INTERVAL_SECONDS", -1.0)
    monkeypatch.setattr("fer_features._progress.DELAY_SECONDS", 0.0)
    for function, text in ((evaluate, "folds: 1 of 2"), (run_experiment, "stage 4 of 4: evaluating")):
        function("landmarks_lda", X, "2fold")
        assert capsys.readouterr().err == ""
        function("landmarks_lda", X, "2fold", verbose=True)
        assert text in capsys.readouterr().err


class MeanDistance(ClassifierMixin, BaseEstimator):
    """A classifier of tables that is not a pipeline of this package."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        values = X["landmarks"][:, -1].reshape(len(X), -1)
        self.means_ = np.stack([values[y == c].mean(0) for c in self.classes_])
        return self

    def decision_function(self, X):
        values = X["landmarks"][:, -1].reshape(len(X), -1)
        return -np.linalg.norm(values[:, None] - self.means_, axis=2)

    def predict(self, X):
        return self.classes_[self.decision_function(X).argmax(1)]


def test_other_classifiers_that_take_tables_are_evaluated(X):
    experiment = run_experiment(MeanDistance(), X, "2fold")
    assert experiment.accuracy > 0.5
    assert set(experiment.model.predict(X)) <= set(CLASSES)
    assert {f"score_{name}" for name in CLASSES} < set(experiment.predictions)
    assert experiment.scores.metrics.calibration is None


def test_the_manifest_separates_training_data_from_evaluated_samples(X, tmp_path):
    labelled = X[np.flatnonzero(X["label"] != "")]
    table = labelled.with_columns(split=np.where(labelled["subject"] < 3, "train", "test"))
    run_experiment("landmarks_lda", table).save(tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "model.json").read_text())
    for part, subset in (("data", table["split"] == "train"), ("scores", table["split"] == "test")):
        n_subjects = len(np.unique(table["subject"][subset]))
        assert (manifest[part]["n_samples"], manifest[part]["n_subjects"]) == (subset.sum(), n_subjects)
