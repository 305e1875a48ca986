"""The command ``run``: its files, its printed summary, and what it does with imperfect data."""

import json
import subprocess
import sys

import h5py
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import StratifiedKFold

from fer_features import FerError, evaluate, load_dataset, load_model, make_pipeline
from fer_features.cli import demo
from fer_features.cli.run import main
from fer_features.evaluation import Scores
from fer_features.experiment import RUN_OUTPUTS
from fer_features.synthetic import generate
from fer_features.trained_model import MODEL_OUTPUTS

from ..conftest import files_in, names_with_joblib


def run(folder, out, *options, subjects=True, pipeline="landmarks_lda"):
    data = ["--data", folder, *(["--subjects", folder.parent / "subjects.npy"] if subjects else [])]
    return main([str(argument) for argument in ("--pipeline", pipeline, *data, "--out", out, *options)])


def scores_in(out):
    return Scores.from_json((out / "scores.json").read_text())


@pytest.fixture
def out(tmp_path):
    return tmp_path / "results"


def test_all_files_and_a_summary_are_written(fer22_folder, subjects_file, out, capsys):
    assert run(fer22_folder, out, pipeline="hog_landmarks_svm") == 0
    assert files_in(out) == names_with_joblib(RUN_OUTPUTS)
    scores = scores_in(out)
    assert (scores.metrics.n_samples, scores.metrics.n_subjects, scores.data.subjects_from) == (24, 4, "file")
    predictions = pd.read_csv(out / "predictions.csv")
    assert list(predictions)[:6] == ["id", "sample", "subject", "fold", "true", "predicted"]
    assert len(predictions) == 24
    assert (predictions["true"] == predictions["predicted"]).mean() == pytest.approx(scores.metrics.accuracy)
    submission = pd.read_csv(out / "submission.csv")
    assert list(submission) == ["Id", "Expression"]
    assert submission["Id"].tolist() == list(range(6))
    assert set(submission["Expression"]) <= {0, 1, 2}
    manifest = json.loads((out / "model.json").read_text())
    assert manifest["required_columns"] == ["images", "landmarks"]
    assert manifest["classes"] == {"0": "joy", "1": "fear", "2": "surprise"}
    assert manifest["parameters"]["features__hog__orientations"] == 9
    assert manifest["data"]["fingerprint"] == scores.data.fingerprint
    assert manifest["scores"]["accuracy"] == scores.metrics.accuracy
    assert (out / "confusion_matrix.png").read_bytes().startswith(b"\x89PNG")
    assert pd.read_csv(out / "subjects.csv")["subject"].tolist() == np.load(subjects_file).tolist()
    printed = capsys.readouterr().out
    assert f"accuracy                  {scores.metrics.accuracy:.3f}" in printed
    assert f"{scores.n_features_computed} feature vectors computed" in printed
    assert str(out) in printed


def test_the_saved_model_predicts_the_submission_for_single_samples_and_together(fer22_folder, out):
    run(fer22_folder, out, pipeline="hogdiff_landmarks_svm")
    code = """
import joblib, sys, numpy as np, h5py
from fer_features import Samples
model = joblib.load(sys.argv[1])
read = lambda kind: h5py.File(f"{sys.argv[2]}/data_test_{kind}.h5")[f"data_test_{kind}"][()]
images, landmarks = read("images"), read("landmarks")
together = model.predict(Samples.from_arrays(images=images, landmarks=landmarks))
singly = [model.predict(Samples.from_arrays(images=images[i:i+1], landmarks=landmarks[i:i+1]))[0] for i in range(6)]
assert together.tolist() == singly
print(*together)
"""
    command = [sys.executable, "-c", code, out / "model.joblib", fer22_folder]
    predicted = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    submission, table = (pd.read_csv(out / name) for name in ("submission.csv", "test_predictions.csv"))
    names = ("joy", "fear", "surprise")
    assert predicted == table["predicted"].tolist() == [names[code] for code in submission["Expression"]]


def test_inferred_subjects_are_reported_and_can_be_given_again(fer22_folder, out, tmp_path, capsys):
    assert run(fer22_folder, out, "--n-subjects", 4, subjects=False) == 0
    printed = capsys.readouterr().out
    assert "4 subjects inferred" in printed
    assert "confidence" in printed
    first = scores_in(out)
    assert first.data.subjects_from == "inferred"
    assert run(fer22_folder, tmp_path / "again", "--subjects", out / "subjects.csv", subjects=False) == 0
    second = scores_in(tmp_path / "again")
    assert second.metrics == first.metrics
    assert second.data.subjects_from == "file"


def test_unreliable_subjects_are_reported_in_summary_and_files(fer22_folder, out, capsys):
    for split in ("train", "test"):
        (fer22_folder / f"data_{split}_images.h5").unlink()
        with h5py.File(fer22_folder / f"data_{split}_landmarks.h5", "r+") as file:
            data = file[f"data_{split}_landmarks"]
            data[...] = data[...] + np.random.default_rng(0).integers(-8, 9, data.shape)
    assert run(fer22_folder, out, "--n-subjects", 4, subjects=False) == 0
    leakage = scores_in(out).leakage
    assert leakage
    assert f"warning: {leakage.replace('subjects=FILE', '--subjects FILE')}" in capsys.readouterr().out
    assert json.loads((out / "model.json").read_text())["scores"]["leakage"] == leakage


def test_samples_without_landmarks_are_excluded_but_have_a_class_in_the_submission(fer22_folder, out, capsys):
    for split, missing in (("train", [2, 5]), ("test", [1])):
        with h5py.File(fer22_folder / f"data_{split}_landmarks.h5", "r+") as file:
            for index in missing:
                file[f"data_{split}_landmarks"][index] = 0
    assert run(fer22_folder, out) == 0
    printed = capsys.readouterr().out
    assert "2 sample(s), landmarks missing" in printed
    assert "1 test sample(s) without landmarks" in printed
    assert not {2, 5} & set(pd.read_csv(out / "predictions.csv")["id"])
    assert len(pd.read_csv(out / "submission.csv")) == 6
    assert pd.read_csv(out / "test_predictions.csv")["predicted"].isna().tolist() == [False, True] + [False] * 4
    # A pipeline that does not use landmarks predicts all of them.
    assert run(fer22_folder, out, "--overwrite", "--set", "align__method=none", pipeline="hog_lda") == 0
    assert pd.read_csv(out / "test_predictions.csv")["predicted"].notna().all()


def test_results_in_the_same_folder_are_replaced_with_overwrite_only(fer22_folder, out):
    run(fer22_folder, out)
    (out / "mine.txt").write_text("notes")
    for kind in ("images", "landmarks"):
        (fer22_folder / f"data_test_{kind}.h5").unlink()
    assert run(fer22_folder, out, "--cv", "2fold") == 2
    assert (out / "submission.csv").exists()
    assert run(fer22_folder, out, "--cv", "2fold", "--overwrite") == 0
    assert "2-fold" in scores_in(out).protocol
    assert not (out / "submission.csv").exists()
    assert (out / "mine.txt").read_text() == "notes"
    assert load_model(out / "model.joblib") is not None


def test_without_an_evaluation_a_model_and_predictions_are_written(fer22_folder, out, tmp_path, capsys):
    assert run(fer22_folder, tmp_path / "evaluated", "--cv", "2fold", "--reject-below", 0.9) == 0
    capsys.readouterr()
    assert run(fer22_folder, out, "--cv", "none", "--reject-below", 0.9) == 0
    printed = capsys.readouterr().out
    assert "landmarks_lda on fer22: fitted on 24 samples, 4 subjects (file); not evaluated\n" in printed
    assert "30 feature vectors computed" in printed
    assert files_in(out) == names_with_joblib(MODEL_OUTPUTS)
    for name in ("submission.csv", "test_predictions.csv", "subjects.csv"):
        assert (out / name).read_bytes() == (tmp_path / "evaluated" / name).read_bytes()
    manifests = [json.loads((folder / "model.json").read_text()) for folder in (out, tmp_path / "evaluated")]
    assert manifests[0].pop("scores") == {}
    for manifest in manifests:
        for key in ("date", "scores", "sha256"):
            manifest.pop(key, None)
    assert manifests[0] == manifests[1]


@pytest.mark.parametrize("option", [("--target-coverage", 0.5), ("--learning-curve", 3)])
def test_options_of_the_evaluation_are_refused_without_one(refused, out, option):
    refused(main, ["--cv", "none", "--out", out, *option], option[0], "needs an evaluation")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), FerError("no fold")], ids=repr)
def test_the_model_and_the_submission_are_kept_if_the_evaluation_ends_early(
    fer22_folder, out, capsys, monkeypatch, error
):
    def evaluate_pipeline(*_, **__):
        assert files_in(out) == names_with_joblib(MODEL_OUTPUTS)
        raise error

    monkeypatch.setattr("fer_features.workflow.experiments.evaluate_pipeline", evaluate_pipeline)
    assert run(fer22_folder, out) == (2 if isinstance(error, FerError) else 130)
    kept = f"the model and its predictions are in {out}, without an evaluation"
    assert capsys.readouterr().err in (f"interrupted: {kept}\n", f"error: no fold; {kept}\n")
    assert files_in(out) == names_with_joblib(MODEL_OUTPUTS)


def test_cached_features_are_not_computed_again(fer22_folder, out, tmp_path):
    for n_computed in (30, 0):
        assert run(fer22_folder, out, "--cache", tmp_path / "cache", "--overwrite") == 0
        assert scores_in(out).n_features_computed == n_computed


def test_the_default_folder_is_a_new_one_under_runs(fer22_folder, subjects_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["--pipeline", "landmarks_lda", "--data", str(fer22_folder), "--subjects", str(subjects_file)]
    for _ in range(2):
        assert main(arguments) == 0
    assert len(list((tmp_path / "runs").iterdir())) == 2


@pytest.mark.parametrize(("option", "value"), [("--reject-below", 0.9), ("--target-coverage", 0.5)])
def test_uncertain_predictions_are_marked_and_have_a_class_in_the_submission(fer22_folder, out, capsys, option, value):
    assert run(fer22_folder, out, option, value, pipeline="hog_svm") == 0
    scores, manifest = scores_in(out), json.loads((out / "model.json").read_text())
    rejection = scores.rejection
    assert manifest["reject_threshold"] == rejection.threshold
    assert value == (rejection.threshold if option == "--reject-below" else rejection.coverage)
    for name in ("predictions.csv", "test_predictions.csv"):
        table = pd.read_csv(out / name)
        assert list(table)[list(table).index("predicted") + 1] == "raw_prediction"
        uncertain = table.filter(like="probability_").max(axis=1) < rejection.threshold - 1e-12
        assert (table["predicted"] == "uncertain").tolist() == uncertain.tolist()
        assert (table["predicted"] == table["raw_prediction"]).tolist() == (~uncertain).tolist()
    codes = {name: int(code) for code, name in manifest["classes"].items()}
    submission = pd.read_csv(out / "submission.csv")["Expression"]
    assert submission.tolist() == [codes[name] for name in table["raw_prediction"]]
    assert scores.metrics.accuracy == rejection.accuracy
    printed = capsys.readouterr().out
    assert f"coverage {rejection.coverage:.3f} at a probability of at least {rejection.threshold:.3f}" in printed


def test_probabilities_and_their_calibration_are_written(fer22_folder, out, capsys):
    assert run(fer22_folder, out) == 0
    metrics = json.loads((out / "scores.json").read_text())["metrics"]
    assert set(metrics["calibration"]) == {"ece", "brier", "log_loss", "bins"}
    assert set(metrics["risk_coverage"]) == {"coverage", "accuracy", "aurc"}
    assert metrics["risk_coverage"]["accuracy"][-1] == pytest.approx(metrics["accuracy"])
    assert scores_in(out).rejection is None
    table = pd.read_csv(out / "predictions.csv")
    assert list(table)[6:] == [f"probability_{name}" for name in scores_in(out).classes]
    np.testing.assert_allclose(table.filter(like="probability_").sum(axis=1), 1)
    assert "raw_prediction" not in table
    assert f"ECE                       {metrics['calibration']['ece']:.3f}" in capsys.readouterr().out


def test_learning_curve_and_repeats_are_recorded(fer22_folder, out):
    assert run(fer22_folder, out, "--learning-curve", 2, "--cv", "2fold", "--repeats", 2, "--n-jobs", 1) == 0
    scores = scores_in(out)
    assert scores.learning_curve.accuracy[-1] == pytest.approx(np.mean([f.accuracy for f in scores.folds[:2]]))
    assert len(scores.folds) == 4
    assert "repeated 2 times" in scores.protocol
    assert (scores.command["learning_curve"], scores.command["repeats"]) == (2, 2)
    assert not {"n_jobs", "out"} & set(scores.command)


def test_the_demo_written_as_files_is_marked_as_synthetic(tmp_path):
    data = generate(n_subjects=2, n_test_subjects=1, n_repeats=1, n_test_repeats=1, n_frames=2)
    (tmp_path / "d" / "solution").mkdir(parents=True)
    demo.write_fer22(data, tmp_path / "d")
    assert load_dataset(tmp_path / "d").info.synthetic


@pytest.mark.slow
def test_the_demo_is_difficult_and_random_splits_of_it_leak_subjects():
    X = load_dataset("demo")
    model = make_pipeline("hog_svm", calibration_cv=0)
    grouped = evaluate(model, X, "loso")
    assert grouped.scores.data.synthetic is True
    assert 0.7 <= grouped.accuracy <= 0.97
    random = evaluate(model, X, StratifiedKFold(10, shuffle=True, random_state=0))
    assert random.accuracy >= grouped.accuracy + 0.06
