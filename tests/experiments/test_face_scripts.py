"""The scripts on detection, landmarks and raw images, with rendered faces in the layout of KDEF."""

import functools
import json

import cv2
import numpy as np
import pytest

from fer_features.expressions import FER22_CLASSES
from fer_features.faces import save_landmarker
from fer_features.faces.cascade_training import train_cascade
from fer_features.faces.landmarker_training import AnnotatedFrames, train_landmarker
from fer_features.synthetic import generate

#: Columns that are added at both sides to make the rendered images square.
MARGIN = 15


@pytest.fixture(autouse=True)
def small_cascade(monkeypatch):
    """Landmarkers that are trained within two seconds; their accuracy does not matter here."""
    small = functools.partial(train_cascade, n_components=4)
    monkeypatch.setattr("fer_features.faces.cascade_training.N_NON_FACES", 20)
    monkeypatch.setattr("fer_features.faces.landmarker_training.MAX_FOLDS", 2)
    monkeypatch.setattr("fer_features.faces.landmarker_training.train_cascade", small)
    monkeypatch.setattr("fer_features.faces.landmarker_training.CELL_SIZES", (8,))


@pytest.fixture(scope="module")
def rendered_file(tmp_path_factory):
    """Square photographs of four rendered subjects: neutral and six expressions, each pair a session."""
    sequences = generate(n_subjects=4, n_test_subjects=0, n_repeats=1, n_frames=2)
    order = np.argsort(sequences.subject, kind="stable")
    images = np.pad(sequences.images[order], ((0, 0), (0, 0), (0, 0), (MARGIN, MARGIN)), mode="edge")
    landmarks = sequences.landmarks[order] + [MARGIN, 0]
    labels = [FER22_CLASSES[code] for code in sequences.label[order]]
    path = tmp_path_factory.mktemp("rendered") / "kdef.npz"
    np.savez(
        path,
        images=np.concatenate([images[:, 0], images[:, 1]]),
        landmarks68=np.concatenate([landmarks[:, 0], landmarks[:, 1]]).astype(np.float32),
        labels=np.array(["neutral"] * len(order) + labels),
        subjects=np.tile([f"S{one}" for one in sequences.subject[order]], 2),
        session=np.tile([f"{i}" for i in range(len(order))], 2),
    )
    return path


def test_detection_and_landmarks_are_evaluated(run_script, script, rendered_file, tmp_path, monkeypatch):
    landmarks_kdef = script("landmarks_kdef")
    monkeypatch.setattr(landmarks_kdef, "N_SCENES", 4)
    monkeypatch.setattr(landmarks_kdef, "N_TIMED_ROUNDS", 1)
    monkeypatch.setattr(landmarks_kdef, "BACKGROUNDS", ("camera", "coffee"))
    out = tmp_path / "results.json"
    printed = run_script("landmarks_kdef", "--kdef", rendered_file, "--folds", 2, "--out", out)
    record = json.loads(out.read_text())
    assert record["photographs"]["min_face 0.2"]["detection_rate"] > 0.8
    assert set(record["scenes"]["detection_rate_by_height_px"]) == {"72", "120", "200", "320"}
    assert record["landmarks"]["n_faces"] == 48
    assert record["landmarks"]["n_subjects"] == 4
    assert f"NME {100 * record['landmarks']['nme']:.2f} %" in printed
    assert record["model"]["auc_faces_vs_backgrounds"] > 0.8


def test_detectors_without_and_with_the_search_for_tilted_faces_are_compared(
    run_script, script, rendered_file, tmp_path, monkeypatch
):
    module = script("detection_recall")
    monkeypatch.setattr(module, "N_TIMED_ROUNDS", 1)
    monkeypatch.setattr(module, "BACKGROUNDS", ("camera", "coffee"))
    monkeypatch.setattr(module, "ROLLS", (0, 30))
    monkeypatch.setattr(module, "FACE_SIZES_PX", (40,))
    with np.load(rendered_file) as file:
        crops = np.stack([cv2.resize(image, (48, 48), interpolation=cv2.INTER_AREA) for image in file["images"]])
        landmarks = (file["landmarks68"] + 0.5) * 48 / file["images"].shape[1] - 0.5
    fer2013, fer2013_landmarks, out = (tmp_path / name for name in ("fer.npz", "landmarks.npz", "results.json"))
    np.savez(fer2013, X=crops, usage=np.repeat("PublicTest", len(crops)))
    np.savez(fer2013_landmarks, landmarks68=landmarks)
    options = ["--kdef", rendered_file, "--fer2013", fer2013, "--fer2013-landmarks", fer2013_landmarks, "--out", out]
    run_script("detection_recall", *options, "--n-images", 4, "--n-fer2013", 6)
    conditions = json.loads(out.read_text())["conditions"]
    upright, tilted = (conditions["KDEF, roll 30"][key]["recall"] for key in ("upright", "tilted"))
    assert upright == 0
    assert tilted >= 0.75
    assert conditions["KDEF, roll 0"]["upright"] == conditions["KDEF, roll 0"]["tilted"]
    assert conditions["images of scikit-image"]["tilted"] == {"recall": None, "false_faces_per_image": 0}
    assert conditions["FER2013, PublicTest"]["n"] == 6
    assert "faces of 40 px, min_face 0.05" in conditions


def test_raw_images_and_videos_are_evaluated(run_script, script, rendered_file, tmp_path, monkeypatch):
    monkeypatch.setattr(script("in_the_wild"), "N_FRAMES", 10)
    with np.load(rendered_file) as file:
        groups = np.unique(file["subjects"], return_inverse=True)[1]
        frames = AnnotatedFrames(list(file["images"]), file["landmarks68"], groups, grouped=True)
    path = save_landmarker(train_landmarker(frames)[0], tmp_path / "landmarker.npz")
    out, images = tmp_path / "results.json", tmp_path / "composed"
    options = ["--kdef", rendered_file, "--n-subjects", 2, "--landmarker", path, "--images-out", images, "--out", out]
    printed = run_script("in_the_wild", *options)
    record = json.loads(out.read_text())
    assert record["n_subjects"] == 2
    assert (record["images"]["n_faces"], record["videos"]["n_faces"]) == (16, 3)
    assert (len(list((images / "images").iterdir())), len(list((images / "videos").iterdir()))) == (12, 3)
    assert record["images"]["n_missed"] < 16
    for what in ("images", "videos"):
        scores = record[what]
        difference = scores["accuracy_true_landmarks"] - scores["accuracy_predict"]
        assert scores["difference_percentage_points"] == pytest.approx(100 * difference)
        assert scores["accuracy_predict"] <= 1 - scores["n_missed"] / scores["n_faces"]
        assert f"accuracy_predict {record[what]['accuracy_predict']:.3f}" in printed


def test_without_other_subjects_nothing_can_be_trained(script, rendered_file, capsys):
    assert script("in_the_wild").main(["--kdef", str(rendered_file), "--n-subjects", "4"]) == 2
    assert "no other subjects" in capsys.readouterr().err


def test_located_faces_are_compared_with_given_landmarks(run_script, script, rendered_file, tmp_path, monkeypatch):
    out = tmp_path / "faces.json"
    faces = script("faces")
    monkeypatch.setattr(faces, "STILLS", "hog_linear")
    monkeypatch.setattr(faces, "SCENE_SHAPE", (240, 320))  # a quarter of the pixels, in a quarter of the time
    monkeypatch.setattr(faces, "PHOTOGRAPH_HEIGHTS", (120, 200))
    with np.load(rendered_file) as file:
        chosen = np.isin(file["session"], file["session"][np.isin(file["labels"], ["joy", "surprise"])])
        few = {name: file[name][chosen] for name in file.files}
    np.savez(tmp_path / "few.npz", **few)
    printed = run_script("faces", "--kdef", tmp_path / "few.npz", "--folds", 2, "--out", out)
    results = json.loads(out.read_text())
    assert len(results) == 9
    for name, result in results.items():
        assert f"| {name} | {result['faces']} | {result['accuracy']:.3f} |" in printed
        if "training images" in name:
            assert result["recognizer_accuracy"] == result["accuracy"]
            n_identical, n = result["n_identical"].split(" of ")
            assert int(n_identical) == int(n) - result["n_without_face"]
