"""Tests of the command that trains and evaluates a landmark detector, and of a run that trains one with its model."""

import functools
import json

import cv2
import joblib
import numpy as np
import pytest

from fer_features import load_model
from fer_features.cli.landmarks import main
from fer_features.cli.run import main as run
from fer_features.datasets import load_dataset
from fer_features.extractors import LocateFaces
from fer_features.faces import Landmarker, load_landmarker
from fer_features.synthetic import generate

from ..conftest import write_h5


@pytest.fixture(autouse=True)
def small_landmarker(monkeypatch):
    """Commands train a small landmarker; its accuracy is tested elsewhere."""
    small = functools.partial(Landmarker, cell_sizes=(8, 5), n_components=16, n_starts=1)
    monkeypatch.setattr("fer_features.faces.Landmarker", small)
    monkeypatch.setattr("fer_features.faces.landmarker_training.Landmarker", small)


@pytest.fixture(scope="module")
def synthetic_faces(tmp_path_factory):
    """Options for fer22 files of faces that the detector finds: 4 sequences of 2 frames of each of 5 subjects."""
    sequences = generate(5, 0, 1, n_frames=3)
    samples = np.concatenate([np.flatnonzero(sequences.subject == subject)[:4] for subject in range(5)])
    folder = tmp_path_factory.mktemp("synthetic_faces")
    landmarks = np.rint(sequences.landmarks[samples][:, [0, -1]]).astype(int)
    write_h5(folder / "data", "data_train_images", sequences.images[samples][:, [0, -1]])
    write_h5(folder / "data", "data_train_landmarks", landmarks)
    # Two classes of every subject, whatever the faces show.
    write_h5(folder / "data", "data_train_labels", np.tile([0.0, 2.0], len(samples) // 2))
    np.save(folder / "subjects.npy", sequences.subject[samples])
    return ["--data", str(folder / "data"), "--subjects", str(folder / "subjects.npy")]


def test_a_trained_landmarker_can_be_evaluated(synthetic_faces, tmp_path, capsys):
    out = tmp_path / "landmarks.joblib"
    assert main(["train", *synthetic_faces, "--out", str(out)]) == 0
    manifest = json.loads(out.with_suffix(".json").read_text())
    assert manifest["n_subjects"] == 5
    assert manifest["n_faces"] + manifest["n_excluded"] == 40
    assert isinstance(load_landmarker(out), Landmarker)
    capsys.readouterr()
    folder = tmp_path / "evaluation"
    assert main(["evaluate", *synthetic_faces, "--model", str(out), "--out", str(folder)]) == 0
    scores = json.loads((folder / "landmarks.json").read_text())
    assert (folder / "curve.png").stat().st_size > 1000
    assert scores["nme"] < 0.05  # these faces were used to train it
    assert scores["curve"]["fraction"] == sorted(scores["curve"]["fraction"])
    assert f"{100 * scores['nme']:.2f} %" in capsys.readouterr().out


def test_a_landmarker_is_evaluated_by_cross_validation(synthetic_faces, capsys):
    assert main(["evaluate", *synthetic_faces, "--cv", "2fold", "--frames", "2"]) == 0
    printed = capsys.readouterr().out
    assert "40 faces, 5 subjects" in printed
    assert "written" not in printed


def test_a_run_can_train_a_landmarker(synthetic_faces, tmp_path):
    out = tmp_path / "run"
    arguments = [*synthetic_faces, "--pipeline", "landmarks_lda", "--cv", "2fold", "--out", str(out)]
    assert run([*arguments, "--train-landmarker"]) == 0
    model = load_model(out / "model.joblib")
    assert isinstance(model.landmarker_, Landmarker)
    assert isinstance(load_landmarker(out / "model.joblib"), Landmarker)
    assert json.loads((out / "model.json").read_text())["landmarker"]["n_subjects"] == 5
    assert joblib.load(out / "model.joblib").predict(load_dataset(synthetic_faces[1])).shape == (20,)


@pytest.mark.parametrize("suffix", [".npz", ".csv"])
def test_detected_landmarks_are_those_of_the_pipeline(synthetic_faces, tmp_path, capsys, suffix):
    out = tmp_path / f"faces{suffix}"
    assert main(["detect", *synthetic_faces, "--faces", "detect", "--out", str(out)]) == 0
    assert f"samples; written to {out}" in capsys.readouterr().out
    X, given = (load_dataset(synthetic_faces[1], landmarks=file) for file in (None, out))
    located = LocateFaces("detect").fit_transform(X)["landmarks"]
    np.testing.assert_allclose(given["landmarks"], located, atol=0.006 if suffix == ".csv" else 0)
    run_arguments = ["--landmarks", str(out), "--pipeline", "landmarks_lda", "--cv", "2fold", "--quiet"]
    assert run([*synthetic_faces, *run_arguments, "--out", str(tmp_path / "run")]) == 0


def test_data_without_faces_have_no_landmarks(tmp_path, refused):
    for name in ("joy", "fear"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for i in range(3):
            cv2.imwrite(str(tmp_path / "data" / name / f"{i}.png"), np.full((60, 60), 128, np.uint8))
    out = tmp_path / "faces.npz"
    arguments = ["detect", "--data", tmp_path / "data", "--faces", "detect", "--out", out]
    refused(main, arguments, "no face was found in any of 6 samples")
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        (["detect"], ["--out"]),
        (["detect", "--out", "landmarks.txt"], [".npz", ".csv"]),
        (["detect", "--out", "a.npz", "--landmarks", "none.npz"], ["none.npz"]),
        (["detect", "--out", "a.npz", "--landmarker", "none.joblib"], ["none.joblib"]),
        (["train", "--out", "nowhere/landmarks.joblib"], ["nowhere"]),
        (["train", "--out", "landmarks.json"], [".joblib"]),
        (["train"], ["--out"]),
        (["evaluate", "--cv", "random"], ["random", "10fold"]),
        (["evaluate", "--cv", "50fold"], ["50fold", "5 subject"]),
        (["evaluate", "--model", "none.joblib"], ["none.joblib"]),
    ],
)
def test_user_errors_are_refused(synthetic_faces, refused, arguments, texts):
    refused(main, [*arguments, *synthetic_faces], *texts)


@pytest.mark.parametrize("column", ["images", "landmarks"])
def test_data_without_images_or_landmarks_are_refused(fer22_folder, tmp_path, refused, column):
    (fer22_folder / f"data_train_{column}.h5").unlink()
    (fer22_folder / f"data_test_{column}.h5").unlink()
    refused(main, ["train", "--data", fer22_folder, "--out", tmp_path / "landmarks.joblib"], column)
    assert not list(tmp_path.glob("*.joblib"))


def test_data_without_detectable_faces_are_refused(labelled_clips, tmp_path, refused):
    refused(main, ["train", *labelled_clips, "--out", tmp_path / "landmarks.joblib"], "faces with landmarks")
