"""Tests of the command that trains and evaluates a landmark detector, and of a run that trains one with its model."""

import functools
import json
import shutil

import cv2
import h5py
import joblib
import numpy as np
import pytest

from fer_features import load_model
from fer_features.cli.landmarks import main
from fer_features.cli.run import main as run
from fer_features.datasets import DATASETS, load_dataset
from fer_features.extractors import LocateFaces
from fer_features.faces import Landmarker, load_landmarker
from fer_features.faces.cascade_training import train_cascade
from fer_features.faces.landmark_adaptation import adapt_landmarker
from fer_features.synthetic import generate

from ..conftest import write_h5


@pytest.fixture(autouse=True)
def small_cascade(monkeypatch):
    """Commands train and adapt a landmarker of one stage with few components; its accuracy is tested elsewhere."""
    small = functools.partial(train_cascade, n_components=4)
    monkeypatch.setattr("fer_features.faces.landmarker_training.train_cascade", small)
    monkeypatch.setattr("fer_features.faces.landmarker_training.CELL_SIZES", (8,))
    monkeypatch.setattr("fer_features.faces.cascade_training.N_NON_FACES", 20)
    monkeypatch.setattr("fer_features.faces.landmark_adaptation.MIN_CONFIDENCE", 0.0)
    monkeypatch.setattr("fer_features.faces.landmark_adaptation.N_FOLDS", 2)
    monkeypatch.setattr("fer_features.faces.landmarker_training.MAX_FOLDS", 3)
    adapt = functools.partial(adapt_landmarker, max_disagreement=0.5, alphas=(1.0,))
    monkeypatch.setattr("fer_features.workflow.landmarker_adaptation.adapt_landmarker", adapt)


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
    out = tmp_path / "landmarker.npz"
    assert main(["train", *synthetic_faces, "--out", str(out)]) == 0
    assert isinstance(load_landmarker(out), Landmarker)
    card = json.loads(out.with_suffix(".json").read_text())
    assert (card["dataset"], card["n_subjects"], card["errors"]) == ("fer22", 5, "not evaluated")
    assert card["n_faces"] + card["n_excluded"] == 40
    assert card["description"] == DATASETS["fer22"].description
    capsys.readouterr()
    folder = tmp_path / "evaluation"
    assert main(["evaluate", *synthetic_faces, "--model", str(out), "--out", str(folder)]) == 0
    scores = json.loads((folder / "landmarks.json").read_text())
    assert (folder / "curve.png").stat().st_size > 1000
    assert scores["nme"] < 0.06  # these faces were used to train it
    assert scores["curve"]["fraction"] == sorted(scores["curve"]["fraction"])
    assert f"{100 * scores['nme']:.2f} %" in capsys.readouterr().out


def test_a_landmarker_is_evaluated_by_cross_validation(synthetic_faces, capsys):
    assert main(["evaluate", *synthetic_faces, "--cv", "2fold", "--max-frames", "2"]) == 0
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


@pytest.fixture(scope="module")
def crops(tmp_path_factory, portrait_photos):
    """Options for a csv file of 60 crops of rendered faces in the layout of FER2013, with their landmarks."""
    folder = tmp_path_factory.mktemp("crops")
    photos = [one for one in portrait_photos if one.landmarks.max() < 1.1 * min(one.image.shape)][:60]
    images = [cv2.resize(photo.image, (48, 48), interpolation=cv2.INTER_AREA) for photo in photos]
    scales = [np.array([48, 48]) / photo.image.shape[::-1] for photo in photos]
    landmarks = [(one.landmarks + 0.5) * scale - 0.5 for one, scale in zip(photos, scales, strict=True)]
    lines = [f"{i % 2},{' '.join(map(str, image.ravel()))},Training" for i, image in enumerate(images)]
    (folder / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *lines]))
    np.savez(folder / "faces.npz", landmarks68=np.array(landmarks), row=np.arange(len(photos)))
    return ["--data", str(folder / "fer2013.csv"), "--landmarks", str(folder / "faces.npz")]


def test_a_landmarker_is_trained_on_crops_with_landmarks_of_a_file_and_adapted(crops, tmp_path, capsys):
    out, adapted = tmp_path / "landmarker.npz", tmp_path / "adapted.npz"
    assert main(["train", *crops, "--max-samples", "55", "--out", str(out)]) == 0
    assert f"trained on 55 faces; {out.stat().st_size / 1e6:.1f} MB in {out}" in capsys.readouterr().out
    assert main(["evaluate", *crops, "--model", str(out), "--quiet"]) == 0
    assert "60 faces, subjects unknown" in capsys.readouterr().out
    data = crops[:2]
    code = main(["adapt", *data, "--landmarker", str(out), "--out", str(adapted), "--quiet"])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    assert "of 60 faces" in printed.out
    card = json.loads(adapted.with_suffix(".json").read_text())
    assert card["n_faces"] == 60
    assert str(out) in card["method"]
    models = [load_landmarker(path) for path in (out, adapted)]
    assert all(isinstance(model, Landmarker) for model in models)
    assert np.abs(models[0].box_weights - models[1].box_weights).max() > 1e-4
    arguments = ["run", *data, "--landmarker", str(adapted), "--pipeline", "hog_lda", "--cv", "2fold", "--quiet"]
    assert run([*arguments[1:], "--out", str(tmp_path / "run")]) == 0


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


def test_runs_with_located_and_with_written_landmarks_are_equal(synthetic_faces, tmp_path):
    """Also where the face of a frame is missed: the images of some frames are blank."""
    data = tmp_path / "data"
    shutil.copytree(synthetic_faces[1], data)
    (data / "data_train_landmarks.h5").unlink()
    with h5py.File(data / "data_train_images.h5", "a") as file:
        for sample, frame in ((0, 0), (3, 1), (9, 0)):
            file["data_train_images"][sample, frame] = 90
    options = ["--data", str(data), *synthetic_faces[2:]]
    out = tmp_path / "faces.npz"
    assert main(["detect", *options, "--faces", "detect", "--out", str(out), "--quiet"]) == 0
    with np.load(out) as file:
        assert np.isnan(file["landmarks"][[0, 3, 9], [0, 1, 0]]).all()
    predictions = []
    for name, arguments in (("located", ["--faces", "detect"]), ("written", ["--landmarks", str(out)])):
        folder = tmp_path / name
        command = [*options, *arguments, "--pipeline", "landmarks_lda", "--cv", "2fold", "--out", str(folder)]
        assert run([*command, "--on-error", "skip", "--quiet"]) == 0
        predictions.append((folder / "predictions.csv").read_text())
    assert predictions[0] == predictions[1]


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
        (["adapt"], ["--out"]),
        (["adapt", "--out", "landmarks.joblib"], [".npz"]),
        (["adapt", "--out", "a.npz", "--landmarker", "none.npz"], ["none.npz"]),
        (["detect", "--out", "landmarks.txt"], [".npz", ".csv"]),
        (["detect", "--out", "a.npz", "--landmarks", "none.npz"], ["none.npz"]),
        (["detect", "--out", "a.npz", "--landmarker", "none.joblib"], ["none.joblib"]),
        (["train", "--out", "nowhere/landmarker.npz"], ["nowhere"]),
        (["train", "--out", "landmarks.json"], [".npz"]),
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
    refused(main, ["train", "--data", fer22_folder, "--out", tmp_path / "landmarker.npz"], column)
    assert not list(tmp_path.glob("*.npz"))


def test_data_without_detectable_faces_are_refused(labelled_clips, tmp_path, refused):
    arguments = ["train", *labelled_clips, "--max-samples", 6, "--out", tmp_path / "landmarker.npz"]
    refused(main, arguments, "faces with landmarks")
