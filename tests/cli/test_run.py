"""The main command: what it writes, how it refuses, and that nothing half-written stays behind."""

import json
import os
import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import pandas as pd
import pytest

from fer_features import load_model
from fer_features import synthetic as demo
from fer_features.cli import run
from fer_features.cli.run import OUTPUTS, main
from fer_features.datasets import load_dataset

from ..conftest import write_h5

SCORE_KEYS = {
    "pipeline",
    "dataset",
    "protocol",
    "n",
    "n_subjects",
    "subjects_from",
    "classes",
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "per_class",
    "confusion",
    "folds",
    "ci95",
    "fingerprint",
    "versions",
    "seconds",
}


def go(folder, out, *more, pipeline="landmarks_svm"):
    return main(["--pipeline", pipeline, "--data", str(folder), "--out", str(out), *map(str, more)])


def refused(capsys, code, out, *words):
    """The command ended with 2 and one line that holds the words; nothing was written."""
    text = capsys.readouterr().err
    assert code == 2, text
    assert text.count("\n") == 1, text
    assert text.startswith("error: ")
    for word in words:
        assert str(word) in text, text
    assert not out.exists()
    assert not [p for p in out.parent.iterdir() if p.name.endswith(".part")]


@pytest.fixture
def out(tmp_path):
    return tmp_path / "results"


def test_writes_all_files_and_a_summary(fer22_folder, subjects_file, out, capsys):
    assert go(fer22_folder, out, "--subjects", subjects_file, pipeline="hog_landmarks_svm") == 0
    assert sorted(p.name for p in out.iterdir()) == sorted(OUTPUTS)
    scores = json.loads((out / "scores.json").read_text())
    assert set(scores) >= SCORE_KEYS
    assert (scores["n"], scores["n_subjects"], scores["subjects_from"]) == (24, 4, "file")
    predictions = pd.read_csv(out / "predictions.csv")
    assert list(predictions)[:6] == ["id", "row", "subject", "fold", "truth", "prediction"]
    assert len(predictions) == 24
    assert (predictions["truth"] == predictions["prediction"]).mean() == pytest.approx(scores["accuracy"])
    submission = pd.read_csv(out / "submission.csv")
    assert list(submission) == ["Id", "Expression"]
    assert submission["Id"].tolist() == list(range(6))
    assert set(submission["Expression"]) <= {0, 1, 2}
    manifest = json.loads((out / "model.json").read_text())
    assert manifest["columns"] == ["images", "landmarks"]
    assert manifest["classes"] == {"0": "joy", "1": "fear", "2": "surprise"}
    assert manifest["parameters"]["features__hog__orientations"] == 9
    assert manifest["data"]["fingerprint"] == scores["fingerprint"]
    assert (out / "confusion.png").read_bytes().startswith(b"\x89PNG")
    assert pd.read_csv(out / "subjects.csv")["subject"].tolist() == np.load(subjects_file).tolist()
    printed = capsys.readouterr().out
    assert f"accuracy           {scores['accuracy']:.3f}" in printed
    assert str(out) in printed


def test_saved_model_predicts_the_submission_one_row_at_a_time_and_together(fer22_folder, subjects_file, out):
    go(fer22_folder, out, "--subjects", subjects_file, pipeline="hogdiff_landmarks_svm")
    code = """
import joblib, sys, numpy as np, h5py
from fer_features import Samples
model = joblib.load(sys.argv[1])
read = lambda kind: h5py.File(f"{sys.argv[2]}/data_test_{kind}.h5")[f"data_test_{kind}"][()]
images, landmarks = read("images"), read("landmarks")
together = model.predict(Samples.from_arrays(images=images, landmarks=landmarks))
singly = [model.predict(Samples.from_arrays(images=images[i:i+1], landmarks=landmarks[i:i+1]))[0] for i in range(6)]
assert together.tolist() == [int(v) for v in singly]
print(*together)
"""
    said = subprocess.run(
        [sys.executable, "-c", code, out / "model.joblib", fer22_folder], capture_output=True, text=True, check=True
    ).stdout
    assert [int(v) for v in said.split()] == pd.read_csv(out / "submission.csv")["Expression"].tolist()


def test_inferred_subjects_are_said_and_can_be_given_back(fer22_folder, out, tmp_path, capsys):
    assert go(fer22_folder, out, "--n-subjects", 4) == 0
    said = capsys.readouterr().out
    assert "4 subjects inferred" in said
    assert "confidence" in said
    first = json.loads((out / "scores.json").read_text())
    assert first["subjects_from"] == "inferred"
    assert go(fer22_folder, tmp_path / "again", "--subjects", out / "subjects.csv") == 0
    second = json.loads((tmp_path / "again" / "scores.json").read_text())
    assert second["accuracy"] == first["accuracy"]
    assert second["subjects_from"] == "file"


def test_unreliable_subjects_are_said_in_the_summary_and_the_files(fer22_folder, out, capsys):
    for part in ("train", "test"):
        (fer22_folder / f"data_{part}_images.h5").unlink()
        with h5py.File(fer22_folder / f"data_{part}_landmarks.h5", "r+") as file:
            data = file[f"data_{part}_landmarks"]
            data[...] = data[...] + np.random.default_rng(0).integers(-8, 9, data.shape)
    assert go(fer22_folder, out, "--n-subjects", 4) == 0
    assert "may leak" in capsys.readouterr().out
    assert "may leak" in json.loads((out / "scores.json").read_text())["leakage"]
    assert "may leak" in json.loads((out / "model.json").read_text())["scores"]["leakage"]


def test_rows_without_landmarks_are_reported_left_out_and_still_in_the_submission(
    fer22_folder, subjects_file, out, capsys
):
    for part, rows in (("train", [2, 5]), ("test", [1])):
        with h5py.File(fer22_folder / f"data_{part}_landmarks.h5", "r+") as file:
            for row in rows:
                file[f"data_{part}_landmarks"][row] = 0
    assert go(fer22_folder, out, "--subjects", subjects_file) == 0
    said = capsys.readouterr().out
    assert "2 row(s), landmarks missing" in said
    assert "1 test row(s) without landmarks" in said
    assert not {2, 5} & set(pd.read_csv(out / "predictions.csv")["id"])
    assert len(pd.read_csv(out / "submission.csv")) == 6
    assert pd.read_csv(out / "test_predictions.csv")["prediction"].isna().tolist() == [False, True] + [False] * 4
    # A pipeline that does not read landmarks predicts them all.
    assert go(fer22_folder, out, "--subjects", subjects_file, "--set", "align__method=none", pipeline="hog_svm") == 0
    assert pd.read_csv(out / "test_predictions.csv")["prediction"].notna().all()


def test_a_second_run_into_the_same_folder_replaces_the_first(fer22_folder, subjects_file, out):
    go(fer22_folder, out, "--subjects", subjects_file)
    (out / "mine.txt").write_text("keep")
    for kind in ("images", "landmarks"):
        (fer22_folder / f"data_test_{kind}.h5").unlink()
    assert go(fer22_folder, out, "--subjects", subjects_file, "--cv", "2fold") == 0
    assert "2-fold" in json.loads((out / "scores.json").read_text())["protocol"]
    assert not (out / "submission.csv").exists()
    assert (out / "mine.txt").exists()
    assert load_model(out / "model.joblib") is not None


def test_cache_finds_features_again(fer22_folder, subjects_file, out, tmp_path):
    for described in (30, 0):
        assert go(fer22_folder, out, "--subjects", subjects_file, "--cache", tmp_path / "cache") == 0
        assert json.loads((out / "scores.json").read_text())["described"] == described


def test_default_folder_is_new_under_runs(fer22_folder, subjects_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert main(["--pipeline", "landmarks_svm", "--data", str(fer22_folder), "--subjects", str(subjects_file)]) == 0
    assert len(list((tmp_path / "runs").iterdir())) == 2


def test_list_names_every_choice_with_what_it_reads_and_cites(capsys):
    assert main(["--list"]) == 0
    said = capsys.readouterr().out
    for word in ("demo", "fer22", "hogdiff", "reads images", "reads landmarks", "Dalal and Triggs", "hgb", "KDD 2016"):
        assert word in said


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hgo_svm", ["'hgo'", "did you mean 'hog'", "landmarks", "flow"]),
        ("hog_svn", ["'svn'", "did you mean 'svm'", "xgb"]),
        ("svm", ["names no features"]),
        ("hog_hog_svm", ["twice"]),
        ("", ["classifier"]),
    ],
)
def test_unknown_parts_of_a_name(fer22_folder, out, capsys, name, words):
    refused(capsys, go(fer22_folder, out, pipeline=name), out, *words)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("features__hog__orientation=9", ["features__hog__orientations"]),
        ("orientations", ["NAME=VALUE"]),
        ("align__method=eyez", ["eyez", "procrustes"]),
        ("features__hog__of=apexx", ["apexx", "difference"]),
        ("features__hog__cell=0", ["cell"]),
        ("features__hog__orientations='many'", ["orientations"]),
        ("features__hog__cell=200", ["holds no block"]),
        ("align__size=-3", ["size"]),
        ("classifier__C=-1", ["C"]),
    ],
)
def test_wrong_settings(fer22_folder, subjects_file, out, capsys, setting, words):
    code = go(fer22_folder, out, "--set", setting, "--subjects", subjects_file, pipeline="hog_svm")
    refused(capsys, code, out, *words)


def test_data_that_cannot_be_judged(fer22_folder, out, capsys, tmp_path):
    np.save(tmp_path / "one.npy", np.zeros(24, int))
    refused(capsys, go(fer22_folder, out, "--subjects", tmp_path / "one.npy"), out, "one subject")
    np.save(tmp_path / "four.npy", np.arange(24) % 4)
    code = go(fer22_folder, out, "--subjects", tmp_path / "four.npy", "--cv", "10fold")
    refused(capsys, code, out, "4 subject(s)", "4fold")
    np.save(tmp_path / "short.npy", np.zeros(5, int))
    refused(capsys, go(fer22_folder, out, "--subjects", tmp_path / "short.npy"), out, "5 subject ids", "24")
    refused(capsys, go(fer22_folder, out, "--cv", "often"), out, "often")
    write_h5(fer22_folder, "data_train_labels", np.zeros(24))
    refused(capsys, go(fer22_folder, out, "--n-subjects", 4), out, "1 class", "joy")


def test_absent_columns_and_absent_data(fer22_folder, out, capsys, tmp_path):
    refused(capsys, go(tmp_path / "nowhere", out), out, "nowhere", "does not exist")
    for part in ("train", "test"):
        (fer22_folder / f"data_{part}_images.h5").unlink()
    code = go(fer22_folder, out, "--n-subjects", 4, pipeline="hog_landmarks_svm")
    refused(capsys, code, out, "'images'", "data_train_images.h5")


def test_truncated_file(fer22_folder, out, capsys):
    path = fer22_folder / "data_train_images.h5"
    path.write_bytes(path.read_bytes()[:5000])
    refused(capsys, go(fer22_folder, out), out, "data_train_images.h5", "truncated")


def test_out_that_cannot_be_written(fer22_folder, subjects_file, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        assert go(fer22_folder, place, "--subjects", subjects_file) == 2
        assert "--out" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here to stand for a full disk")
def test_a_full_disk_is_told_and_leaves_nothing(fer22_folder, subjects_file, out, capsys, monkeypatch):
    def full(*_):
        with open("/dev/full", "w") as file:
            file.write("x")

    monkeypatch.setattr(run, "draw_confusion", full)
    refused(capsys, go(fer22_folder, out, "--subjects", subjects_file), out, "No space left")


def test_interruption_leaves_nothing_and_ends_with_130(tmp_path):
    demo_out = tmp_path / "out"
    command = [sys.executable, "-m", "fer_features.run", "--out", demo_out, "--pipeline", "landmarks_xgb"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(600):  # the folder that is being filled appears once work has begun
        if list(tmp_path.iterdir()):
            break
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_demo_written_as_files_is_known_to_be_synthetic(tmp_path):
    data = demo.generate(n_subjects=2, n_test_subjects=1, repeats=1, test_repeats=1, n_frames=2)
    from fer_features.cli.demo import write

    (tmp_path / "d" / "solution").mkdir(parents=True)
    write(data, tmp_path / "d")
    assert load_dataset(tmp_path / "d").info.synthetic


@pytest.mark.slow
def test_the_demo_is_hard_enough_to_mean_something_and_leaks_where_subjects_are_mixed(tmp_path):
    assert main(["--pipeline", "hog_svm", "--out", str(tmp_path / "honest")]) == 0
    honest = json.loads((tmp_path / "honest" / "scores.json").read_text())
    assert honest["synthetic"] is True
    assert 0.7 <= honest["accuracy"] <= 0.97
    from fer_features import evaluate, make_pipeline

    X = load_dataset("demo")
    blind = X.with_columns(subject=np.full(len(X), -1))
    assert evaluate(make_pipeline("hog_svm"), blind, "10fold").accuracy >= honest["accuracy"] + 0.06


@pytest.mark.parametrize(("option", "value"), [("--reject", 0.9), ("--coverage", 0.5)])
def test_unsure_rows_are_uncertain_in_the_predictions_and_have_a_class_in_the_submission(
    fer22_folder, subjects_file, out, capsys, option, value
):
    assert go(fer22_folder, out, "--subjects", subjects_file, option, value) == 0
    scores, manifest = (json.loads((out / name).read_text()) for name in ("scores.json", "model.json"))
    told = scores["reject"]
    assert manifest["reject_threshold"] == told["threshold"]
    if option == "--reject":
        assert told["threshold"] == value
    else:
        assert told["coverage"] == value
    for name in ("predictions.csv", "test_predictions.csv"):
        table = pd.read_csv(out / name)
        assert list(table)[list(table).index("prediction") + 1] == "guess"
        unsure = table.filter(like="probability_").max(axis=1) < told["threshold"] - 1e-12
        assert (table["prediction"] == "uncertain").tolist() == unsure.tolist()
        assert (table["prediction"] == table["guess"]).tolist() == (~unsure).tolist()
    codes = {name: int(code) for code, name in manifest["classes"].items()}
    submission = pd.read_csv(out / "submission.csv")["Expression"]
    assert submission.tolist() == [codes[name] for name in table["guess"]]
    assert scores["accuracy"] == told["accuracy"]
    assert f"{told['coverage']:.3f} of rows have a probability of at least {told['threshold']:.3f}" in (
        capsys.readouterr().out
    )


def test_probabilities_and_how_far_they_can_be_believed_are_written(fer22_folder, subjects_file, out, capsys):
    assert go(fer22_folder, out, "--subjects", subjects_file) == 0
    scores = json.loads((out / "scores.json").read_text())
    assert set(scores["calibration"]) == {"ece", "brier", "log_loss", "bins"}
    assert set(scores["risk_coverage"]) == {"coverage", "accuracy", "aurc"}
    assert scores["risk_coverage"]["accuracy"][-1] == pytest.approx(scores["accuracy"])
    assert "reject" not in scores
    table = pd.read_csv(out / "predictions.csv")
    assert list(table)[6:] == [f"probability_{name}" for name in scores["classes"]]
    np.testing.assert_allclose(table.filter(like="probability_").sum(axis=1), 1)
    assert "guess" not in table
    assert f"calibration error  {scores['calibration']['ece']:.3f}" in capsys.readouterr().out


def test_nothing_is_rejected_without_probabilities(fer22_folder, out, capsys):
    refused(capsys, go(fer22_folder, out, "--reject", 0.5, "--set", "calibration=0"), out, "needs probabilities")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--jobs", "0"),
        ("--reject", "1.5"),
        ("--coverage", "0"),
        ("--reject", "often"),
        ("--seed", "-1"),
        ("--repeats", "0"),
        ("--n-subjects", "many"),
        ("--sed", "1"),
    ],
)
def test_wrong_options_are_told_in_one_line(out, capsys, option, value):
    with pytest.raises(SystemExit) as ended:
        go("demo", out, option, value)
    refused(capsys, ended.value.code, out, option)


def test_more_people_than_faces_is_told(fer22_folder, out, capsys):
    with h5py.File(fer22_folder / "data_train_landmarks.h5", "r+") as file:
        data = file["data_train_landmarks"]
        data[:20] = np.zeros((20, *data.shape[1:]))
    refused(capsys, go(fer22_folder, out, "--n-subjects", 10), out, "subjects cannot be inferred", "10")
