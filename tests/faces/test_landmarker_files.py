"""Landmarkers in files: round trip, manifest, and damaged files."""

import json

import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.faces import load_landmarker, save_landmarker


def test_saved_landmarker_gives_the_same_landmarks(landmarker, frames, boxes, tmp_path):
    path = save_landmarker(landmarker, tmp_path / "landmarks.joblib", {"dataset": "demo"})
    i = int(np.flatnonzero(np.isfinite(boxes).all(1))[0])
    found, expected = (
        model.detect_landmarks(frames.images[i], boxes[i : i + 1]) for model in (load_landmarker(path), landmarker)
    )
    assert np.array_equal(found[0], expected[0])
    assert np.array_equal(found[1], expected[1])
    assert json.loads(path.with_suffix(".json").read_text())["dataset"] == "demo"
    assert path.stat().st_size < 30e6


def test_damaged_and_missing_files_raise(landmarker, tmp_path):
    path = save_landmarker(landmarker, tmp_path / "landmarks.joblib", {})
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FerError, match="damaged"):
        load_landmarker(path)
    path.with_suffix(".json").unlink()
    with pytest.raises(FerError, match="missing"):
        load_landmarker(path)
    with pytest.raises(FerError, match="does not exist"):
        load_landmarker(tmp_path / "other.joblib")


def test_name_of_the_manifest_is_refused(landmarker, tmp_path):
    with pytest.raises(FerError, match="name the model"):
        save_landmarker(landmarker, tmp_path / "landmarks.json", {})


def test_file_without_a_landmarker_raises(tmp_path):
    path = save_landmarker(["not a landmarker"], tmp_path / "other.joblib", {})
    with pytest.raises(FerError, match="contains no landmarker"):
        load_landmarker(path)
