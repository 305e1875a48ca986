"""The command ``run`` reports errors in one line and writes results completely or not at all."""

import os

import h5py
import numpy as np
import pytest

from fer_features import experiment
from fer_features.cli.run import main

from ..conftest import files_in, write_h5


@pytest.fixture
def out(tmp_path):
    return tmp_path / "results"


@pytest.fixture
def refused_run(refused, out):
    """A function that runs the command, which must end with one line that contains some texts, and write nothing."""

    def refused_run(folder, *options, texts, pipeline="landmarks_lda"):
        refused(main, ["--pipeline", pipeline, "--data", folder, "--out", out, *options], *texts)
        assert not out.exists()
        assert not [p for p in out.parent.iterdir() if p.name.endswith(".part")]

    return refused_run


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("hgo_svm", ["'hgo'", "did you mean 'hog'", "landmarks", "flow"]),
        ("hog_svn", ["'svn'", "did you mean 'svm'", "xgb"]),
        ("svm", ["has no features"]),
        ("hog_hog_svm", ["twice"]),
        ("", ["classifier"]),
    ],
)
def test_unknown_names_in_a_specification(refused_run, name, texts):
    refused_run("nowhere", pipeline=name, texts=texts)


@pytest.mark.parametrize(
    ("setting", "texts"),
    [
        ("features__hog__orientation=9", ["features__hog__orientations"]),
        ("orientations", ["NAME=VALUE"]),
        ("align__method=eyez", ["eyez", "procrustes"]),
        ("features__hog__frame=apexx", ["apexx", "apex_minus_neutral"]),
        ("features__hog__pixels_per_cell=0", ["pixels_per_cell"]),
        ("features__hog__orientations='many'", ["orientations"]),
        ("features__hog__pixels_per_cell=200", ["is smaller than one block"]),
        ("align__size=-3", ["size"]),
        ("classifier__C=-1", ["'C' parameter", "-1"]),
    ],
)
def test_invalid_settings(refused_run, labelled_clips, setting, texts):
    _, folder, *subjects = labelled_clips
    refused_run(folder, *subjects, "--set", setting, "--cv", "2fold", pipeline="hog_svm", texts=texts)


def test_data_that_cannot_be_evaluated(refused_run, fer22_folder, tmp_path):
    np.save(tmp_path / "one.npy", np.zeros(24, int))
    refused_run(fer22_folder, "--subjects", tmp_path / "one.npy", texts=["one subject"])
    np.save(tmp_path / "four.npy", np.arange(24) % 4)
    refused_run(fer22_folder, "--subjects", tmp_path / "four.npy", "--cv", "10fold", texts=["4 subject(s)", "4fold"])
    np.save(tmp_path / "samples.npy", np.arange(24))
    loso = ("--subjects", tmp_path / "samples.npy", "--cv", "loso")
    refused_run(fer22_folder, *loso, texts=["24 subjects in 24 samples", "use --cv 10fold"])
    np.save(tmp_path / "short.npy", np.zeros(5, int))
    refused_run(fer22_folder, "--subjects", tmp_path / "short.npy", texts=["5 subject ids", "24"])
    refused_run(fer22_folder, "--cv", "often", texts=["often"])
    refused_run(fer22_folder, "--cv", "predefined", texts=["no predefined split other than 'train' has labels"])
    write_h5(fer22_folder, "data_train_labels", np.zeros(24))
    refused_run(fer22_folder, "--n-subjects", 4, texts=["1 class", "joy"])


def test_absent_columns_and_absent_data(refused_run, fer22_folder, tmp_path):
    refused_run(tmp_path / "nowhere", texts=["nowhere", "does not exist"])
    for split in ("train", "test"):
        (fer22_folder / f"data_{split}_images.h5").unlink()
    texts = ["'images'", "data_train_images.h5"]
    refused_run(fer22_folder, "--n-subjects", 4, pipeline="hog_landmarks_svm", texts=texts)


def test_a_truncated_file(refused_run, fer22_folder):
    path = fer22_folder / "data_train_images.h5"
    path.write_bytes(path.read_bytes()[:5000])
    refused_run(fer22_folder, texts=["data_train_images.h5", "truncated"])


def test_more_subjects_than_faces(refused_run, fer22_folder):
    with h5py.File(fer22_folder / "data_train_landmarks.h5", "r+") as file:
        data = file["data_train_landmarks"]
        data[:20] = np.zeros((20, *data.shape[1:]))
    refused_run(fer22_folder, "--n-subjects", 10, texts=["subjects cannot be inferred", "10"])


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        (["--cv", "5flod"], ["unknown cv '5flod'"]),
        (["--cv", "1fold"], ["at least 2 folds"]),
        (["--cv", "loso", "--repeats", "2"], ["leave-one-subject-out cannot be repeated", "--cv 5fold"]),
        (["--set", "features__hog__orientations=many"], ["orientations"]),
        (["--set", "align__size=0"], ["size=0"]),
        (["--set", "neutral__method=last"], ["last"]),
    ],
)
def test_folds_and_settings_are_checked_before_the_data_are_read(refused_run, options, texts):
    refused_run("nowhere", *options, pipeline="hog_svm", texts=texts)


def test_rejection_without_probabilities(refused_run, labelled_clips):
    options = ["--reject-below", 0.5, "--set", "calibration_cv=0"]
    refused_run(labelled_clips[1], *options, pipeline="landmarks_svm", texts=["needs probabilities"])


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--n-jobs", "0"),
        ("--reject-below", "1.5"),
        ("--target-coverage", "0"),
        ("--reject-below", "often"),
        ("--seed", "-1"),
        ("--repeats", "0"),
        ("--learning-curve", "1"),
        ("--n-subjects", "many"),
        ("--sed", "1"),
    ],
)
def test_invalid_options(refused_run, option, value):
    refused_run("demo", option, value, texts=[option])


def test_output_folders_that_cannot_be_written(labelled_clips, tmp_path, refused):
    (tmp_path / "file").write_text("content")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        refused(main, ["--pipeline", "landmarks_lda", *labelled_clips, "--out", place], "the output folder")
    assert (tmp_path / "file").read_text() == "content"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full, which behaves like a full disk")
def test_a_full_disk_keeps_the_model(refused, labelled_clips, out, monkeypatch):
    def write_to_full_disk(*_):
        with open("/dev/full", "w") as file:
            file.write("x")

    monkeypatch.setattr(experiment, "draw_confusion_matrix", write_to_full_disk)
    arguments = ["--pipeline", "landmarks_lda", *labelled_clips, "--out", out]
    refused(main, arguments, "No space left", f"the model and its predictions are in {out}, without an evaluation")
    assert files_in(out) == ["model.joblib", "model.json", "subjects.csv"]
