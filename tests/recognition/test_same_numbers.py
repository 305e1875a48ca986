"""The same image gives the same numbers in training, evaluation and prediction, for every way to locate faces."""

import cv2
import numpy as np
import pytest

from fer_features import Recognizer, Samples, load_dataset, run_experiment
from fer_features.faces.localizer import FaceView, box_from_landmarks
from fer_features.recognition.sources import SequenceSource
from fer_features.synthetic import generate

CLASSES = ("happy", "surprise")
METHODS = ("detect", "crop", "none")


@pytest.fixture(scope="module")
def stills():
    """Apex frames of rendered faces, shape (24, 150, 120), with landmarks and labels."""
    sequences = generate(n_subjects=6, n_test_subjects=0, n_repeats=2, n_frames=2)
    chosen = np.flatnonzero(np.isin(sequences.label, np.unique(sequences.label)[:2]))
    return sequences.images[chosen, -1], sequences.landmarks[chosen, -1], sequences.label[chosen]


@pytest.fixture(scope="module")
def folders(stills, tmp_path_factory):
    """Class folders with predefined splits: the faces as crops, and at random places of larger images."""
    rng = np.random.default_rng(0)
    root = tmp_path_factory.mktemp("folders")
    for i, (image, label) in enumerate(zip(stills[0], stills[2], strict=True)):
        name = f"{'test' if i % 3 == 0 else 'train'}/{CLASSES[int(label == stills[2].max())]}/{i}.png"
        scene = cv2.GaussianBlur(rng.integers(60, 120, (300, 400), dtype=np.uint8), (0, 0), 4)
        y, x = rng.integers(20, 120), rng.integers(20, 250)
        scene[y : y + 150, x : x + 120] = image
        for kind, pixels in (("crops", image), ("scenes", scene)):
            (root / kind / name).parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(root / kind / name), pixels)
    return root


@pytest.fixture(scope="module", params=METHODS)
def experiment(request, folders):
    """An evaluation on predefined splits, and the table."""
    X = load_dataset(folders / ("scenes" if request.param == "detect" else "crops"))
    settings = {"faces__method": request.param}
    return run_experiment("hog_linear", X, "predefined", settings=settings), X, request.param


def probabilities(faces, names):
    (face,) = faces
    assert face.status == "ok"
    return np.array([face.probabilities[name] for name in names])


def test_evaluation_and_prediction(experiment):
    result, X, method = experiment
    recognizer = Recognizer(result.model)
    assert recognizer.input_spec.faces == method
    table = result.predictions.set_index("sample")
    for i in table.index:
        expected = result.model.predict_proba(X[[i]])[0]
        found = probabilities(recognizer.predict(f"{X.info.source}/{X['id'][i]}"), result.model.classes_)
        np.testing.assert_array_equal(found, expected)
        # A matrix product of several samples can round differently.
        evaluated = table.loc[i, [f"probability_{name}" for name in result.model.classes_]].to_numpy(float)
        np.testing.assert_allclose(found, evaluated, rtol=1e-5)


def test_files_arrays_sequences_and_streams(experiment, tmp_path):
    result, X, _ = experiment
    recognizer = Recognizer(result.model, detect_interval=1)
    chosen = np.flatnonzero(X["split"] == "test")[:4]
    images = [X[[i]].frame("images", 0)[0] for i in chosen]
    expected = [probabilities(recognizer.predict(image), result.model.classes_) for image in images]
    for k, image in enumerate(images):
        cv2.imwrite(str(tmp_path / f"{k}.png"), image)
    for source in (images, SequenceSource(tmp_path)):
        for frame, values in zip(recognizer.stream(source), expected, strict=True):
            face = next(face for face in frame.faces if face.status == "ok")
            found = np.array([face.probabilities[name] for name in result.model.classes_])
            np.testing.assert_array_equal(found, values)


def test_the_saved_model_contains_its_landmarker(experiment, tmp_path, monkeypatch):
    result, X, _ = experiment
    result.save(tmp_path / "run")
    image = X[[0]].frame("images", 0)[0]
    expected = probabilities(Recognizer(result.model).predict(image), result.model.classes_)
    monkeypatch.setattr("fer_features.extractors.locate_faces.default_landmarker", None)
    monkeypatch.setattr("fer_features.recognition.recognizer.default_landmarker", None)
    found = probabilities(Recognizer(tmp_path / "run").predict(image), result.model.classes_)
    np.testing.assert_array_equal(found, expected)


def test_given_landmarks(stills):
    images, landmarks, label = stills
    X = Samples.from_arrays(images=images, landmarks=landmarks, label=label)
    model = run_experiment("hog_linear", X, 2).model
    recognizer = Recognizer(model)
    assert recognizer.input_spec.faces == "given"
    for i in range(4):
        view = FaceView(images[i], box_from_landmarks(landmarks[i]), 1.0, landmarks[i].astype(np.float32))
        found = recognizer.predict_proba(recognizer.make_samples([view], [None]))
        np.testing.assert_array_equal(found, model.predict_proba(X[[i]]))
