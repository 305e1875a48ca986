"""`--pipeline best` on still images: the preset that it stands for, from files to the report and to predictions."""

import csv
import json

import cv2
import numpy as np
import pytest

from fer_features import FerError, Samples, load_model, make_pipeline
from fer_features.cli import check, predict, run
from fer_features.inputs import resolve_inputs
from fer_features.pipelines import pipeline_name
from fer_features.presets import MIN_MANY_STILLS, preset_for_table


@pytest.fixture(scope="module")
def folder(small_faces, tmp_path_factory):
    """Class folders with 24 crops of 48 x 48 pixels: 4 subjects with 3 images of each of 2 classes."""
    root = tmp_path_factory.mktemp("stills")
    for i, face in enumerate(small_faces[:24]):
        label = ("joy", "fear")[i % 2]
        path = root / label / f"S{i // 6}_{i}.png"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), cv2.resize(face, (48, 48), interpolation=cv2.INTER_CUBIC))
    return root


def arguments(folder, *more):
    common = ["--pipeline", "best", "--data", folder, "--subject-pattern", r"(S\d)_", "--faces", "crop"]
    return [str(one) for one in [*common, *more]]


def stills(n=4, n_frames=1):
    return Samples.from_arrays(np.broadcast_to(np.uint8(), (n, n_frames, 8, 8)))


def test_best_depends_on_frames_and_number_of_images():
    assert preset_for_table("best", stills()) == "best_stills"
    assert preset_for_table("best", stills(MIN_MANY_STILLS)) == "stills"
    assert preset_for_table("best", stills(n_frames=2)) == "best"
    assert preset_for_table("best", Samples.from_arrays(landmarks=np.zeros((4, 1, 68, 2)))) == "best"
    assert preset_for_table("hog_svm", stills()) == "hog_svm"


def test_run_predict_and_report(folder, tmp_path, capsys):
    out, predicted = tmp_path / "run", tmp_path / "predicted.csv"
    assert run.main(arguments(folder, "--cv", "2fold", "--out", out)) == 0
    note = "pipeline: 'best' is 'best_stills' on 24 still images"
    assert note in capsys.readouterr().out
    assert note.replace("'", "&#39;") in (out / "report.html").read_text()
    assert json.loads((out / "scores.json").read_text())["pipeline"] == "best"
    model = load_model(out)
    assert pipeline_name(model) == pipeline_name(make_pipeline("best_stills"))
    assert model.named_steps["faces"].method == "crop"
    assert predict.main(["--model", str(out), str(folder / "joy"), "--out", str(predicted)]) == 0
    with open(predicted, newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    assert {row["status"] for row in rows} == {"ok"}
    assert {row["expression"] for row in rows} <= {"happy", "fear"}


def test_settings_are_those_of_the_preset(folder, capsys):
    X = Samples.from_arrays(np.zeros((4, 48, 48), np.uint8))
    model, table, _ = resolve_inputs("best", X, settings={"classifier__C": 3, "faces__method": "crop"})
    assert model.get_params()["classifier__C"] == 3
    assert any("best_stills" in note for note in table.info.notes)
    with pytest.raises(FerError, match="'best' is 'best_stills' on 4 still images: parameter: 'mbh_svm__x' is unknown"):
        resolve_inputs("best", X, settings={"mbh_svm__x": 1})
    assert check.main(arguments(folder, "--set", "mbh_svm__classifier__C=2")) == 2
    assert "'best' is 'best_stills' on 24 still images" in capsys.readouterr().err
