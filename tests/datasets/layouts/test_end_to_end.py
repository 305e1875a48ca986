"""Every layout is inspected, fitted and predicted by the commands, from files to tables."""

import csv
import json

import numpy as np
import pytest

from fer_features.cli import main
from fer_features.data_profile import located_faces
from fer_features.faces import FaceDetector
from fer_features.media.file_tree import FileTree

from .test_all_layouts import TREES

#: Noise shows no faces, so that images are used as they are. Clips become single images.
OPTIONS = ["--frames", "1", "--holdout", "0", "--quiet"]


@pytest.mark.parametrize("name", TREES)
def test_inspect_run_and_predict(name, tmp_path, monkeypatch):
    # Searching noise for faces takes long, and finds none. Fitting landmarks to noise takes long, too.
    monkeypatch.setattr(located_faces, "N_LOCATED_SAMPLES", 2)
    monkeypatch.setattr(FaceDetector, "__call__", lambda self, image: (np.empty((0, 4), np.float32), np.empty(0)))
    root = tmp_path / "data"
    TREES[name](root)
    assert main(["inspect", str(root), *OPTIONS, "--out", str(tmp_path / "inspect.html")]) == 0
    assert f"<dd>{name.split()[0]}, " in (tmp_path / "inspect.html").read_text()
    out = tmp_path / "out"
    settings = ["--pipeline", "hog_linear", "--faces", "none", "--set", "calibration_cv=0", "--cv", "none"]
    assert main(["run", "--data", str(root), *OPTIONS, *settings, "--out", str(out)]) == 0
    model = json.loads((out / "model.json").read_text())
    assert model["data"]["dataset"] == name.split()[0]
    table = tmp_path / "predictions.csv"
    first = FileTree(root).media[0]
    assert main(["predict", str(root / first), "--model", str(out), "--out", str(table), "--quiet"]) == 0
    with open(table) as file:
        assert {row["id"] for row in csv.DictReader(file)} == {first.rsplit("/", 1)[-1]}
