"""The command that learns landmarks: trains, evaluates, refuses in one line; and a run that learns them alongside."""

import functools
import json

import joblib
import numpy as np
import pytest

from fer_features import load_model
from fer_features.cli.landmarks import main
from fer_features.cli.run import main as run
from fer_features.datasets import load_dataset
from fer_features.faces import Landmarker, load_landmarker
from fer_features.faces.landmark_evaluation import Pictures, cross_validate, figures

from ..conftest import write_h5


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Commands learn a small landmarker: what it is worth is tested elsewhere."""
    quick = functools.partial(Landmarker, cells=(8, 5), axes=16, starts=1)
    monkeypatch.setattr("fer_features.cli.landmarks.Landmarker", quick)
    monkeypatch.setattr("fer_features.faces.landmark_evaluation.Landmarker", quick)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """fer22 files of drawn faces that a detector finds: 5 people in 4 sequences of 2 frames, and their ids."""
    X = load_dataset("demo")
    people = np.unique(X["subject"])[:5]
    rows = np.concatenate([np.flatnonzero(X["subject"] == one)[::6][:4] for one in people])
    folder = tmp_path_factory.mktemp("drawn")
    write_h5(folder / "data", "data_train_images", X[rows]["images"][:, [0, -1]])
    write_h5(folder / "data", "data_train_landmarks", np.rint(X[rows]["landmarks"][:, [0, -1]]).astype(int))
    # Two classes that everybody shows; what the faces show does not matter here.
    write_h5(folder / "data", "data_train_labels", np.tile([0.0, 2.0], len(rows) // 2))
    np.save(folder / "subjects.npy", X[rows]["subject"])
    return folder


def data(drawn):
    return ["--data", str(drawn / "data"), "--subjects", str(drawn / "subjects.npy")]


def test_what_is_trained_can_be_judged(drawn, tmp_path, capsys):
    out = tmp_path / "landmarks.joblib"
    assert main(["train", *data(drawn), "--out", str(out)]) == 0
    manifest = json.loads(out.with_suffix(".json").read_text())
    assert manifest["n_subjects"] == 5
    assert manifest["n_faces"] + manifest["n_missed"] == 40
    assert isinstance(load_landmarker(out), Landmarker)
    capsys.readouterr()
    folder = tmp_path / "judged"
    assert main(["evaluate", *data(drawn), "--model", str(out), "--out", str(folder)]) == 0
    told = json.loads((folder / "landmarks.json").read_text())
    assert (folder / "curve.png").stat().st_size > 1000
    assert told["mean"] < 0.05  # it has seen these
    assert told["curve"]["share"] == sorted(told["curve"]["share"])
    assert f"{100 * told['mean']:.2f} %" in capsys.readouterr().out


def test_folds_keep_people_whole(drawn):
    X = load_dataset(str(drawn / "data"), str(drawn / "subjects.npy"))
    images = list(X.frame("images", 0))
    pictures = Pictures(images, np.asarray(X.frame("landmarks", 0), float), X["subject"], True)
    found = cross_validate(Landmarker(cells=(8, 5), starts=1, axes=10), pictures, "5fold")
    for fold in range(5):
        assert len(np.unique(pictures.subject[found["fold"] == fold])) == 1
    told = figures(found, pictures)
    assert told["n"] == 20
    assert told["n_subjects"] == 5
    assert 0 < told["median"] < 0.2


def test_faces_that_were_missed_are_failures():
    pictures = Pictures([None] * 4, np.zeros((4, 68, 2)), np.array([0, 0, 1, 1]), True)
    found = {"error": np.array([0.02, 0.2, np.nan, 0.04]), "confidence": np.array([1, 0.2, np.nan, 0.9])}
    told = figures({**found, "seconds": np.full(4, 0.004)}, pictures)
    assert told["failures"] == 0.5
    assert told["detected"] == 0.75
    assert told["mean"] == pytest.approx(0.26 / 3)
    assert told["curve"]["share"][-1] == 0.5
    assert told["ms_a_face"] == pytest.approx(4)


def test_a_run_can_learn_landmarks_too(drawn, tmp_path):
    out = tmp_path / "run"
    arguments = [*data(drawn), "--pipeline", "landmarks_linear", "--cv", "2fold", "--out", str(out)]
    assert run([*arguments, "--with-landmarks"]) == 0
    model = load_model(out / "model.joblib")
    assert isinstance(model.landmarker_, Landmarker)
    assert isinstance(load_landmarker(out / "model.joblib"), Landmarker)
    assert json.loads((out / "model.json").read_text())["landmarks"]["n_subjects"] == 5
    assert joblib.load(out / "model.joblib").predict(load_dataset(str(drawn / "data"))).shape == (20,)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--out", "nowhere/landmarks.joblib"], ["nowhere"]),
        (["train", "--out", "landmarks.json"], [".joblib"]),
        (["evaluate", "--cv", "random"], ["random", "10fold"]),
        (["evaluate", "--cv", "50fold"], ["50fold", "5 subject"]),
        (["evaluate", "--model", "none.joblib"], ["none.joblib"]),
    ],
)
def test_mistakes_are_one_line_and_end_with_2(drawn, capsys, arguments, words):
    assert main([*arguments, *data(drawn)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert all(word in line for word in words), line


@pytest.mark.parametrize("column", ["images", "landmarks"])
def test_data_without_pictures_or_landmarks_are_refused(fer22_folder, capsys, tmp_path, column):
    (fer22_folder / f"data_train_{column}.h5").unlink()
    (fer22_folder / f"data_test_{column}.h5").unlink()
    assert main(["train", "--data", str(fer22_folder), "--out", str(tmp_path / "landmarks.joblib")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert column in line
    assert not list(tmp_path.glob("*.joblib"))


def test_data_in_which_no_face_is_found_are_refused(fer22_folder, subjects_file, capsys, tmp_path):
    arguments = ["--data", str(fer22_folder), "--subjects", str(subjects_file)]
    assert main(["train", *arguments, "--out", str(tmp_path / "landmarks.joblib")]) == 2
    assert "faces with landmarks" in capsys.readouterr().err.splitlines()[-1]
