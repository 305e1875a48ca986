"""Landmarkers in files: round trip, manifest, and damaged files."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.faces import load_landmarker, save_landmarker
from fer_features.version import versions


def edit_manifest(path, **changes):
    """Change values of the manifest."""
    manifest = path.with_suffix(".json")
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **changes}))


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
    with pytest.raises(FerError, match="there is no model at"):
        load_landmarker(tmp_path / "other.joblib")


@pytest.fixture
def saved(landmarker, tmp_path):
    """A saved landmarker."""
    return save_landmarker(landmarker, tmp_path / "landmarks.joblib", {})


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"sha256": 3}', '{"sha256": "0"}'])
def test_invalid_manifests_are_refused_in_one_line(saved, text):
    saved.with_suffix(".json").write_text(text)
    with pytest.raises(FerError, match="not the manifest of a model") as error:
        load_landmarker(saved)
    assert "\n" not in str(error.value)


def test_damaged_file_with_a_matching_hash_is_refused_in_one_line(saved):
    content = saved.read_bytes()[:5000]
    saved.write_bytes(content)
    edit_manifest(saved, sha256=hashlib.sha256(content).hexdigest())
    with pytest.raises(FerError, match="cannot be unpickled") as error:
        load_landmarker(saved)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("package", ["sklearn", "fer_features", "cv2"])
def test_other_versions_are_refused(saved, package):
    edit_manifest(saved, versions={**versions(), package: "0.0.1"})
    with pytest.raises(FerError, match=r"was saved with .* 0\.0\.1"):
        load_landmarker(saved)


def test_hash_and_landmarker_are_of_the_same_bytes(saved, monkeypatch):
    read_bytes = Path.read_bytes

    def read_and_replace(path):
        content = read_bytes(path)
        if path == saved:
            path.write_bytes(b"another file")
        return content

    monkeypatch.setattr(Path, "read_bytes", read_and_replace)
    assert load_landmarker(saved).n_faces_ > 0


def test_named_pipe_is_refused_without_waiting(saved):
    saved.unlink()
    os.mkfifo(saved)
    with pytest.raises(FerError, match="is a named pipe"):
        load_landmarker(saved)


def test_name_of_the_manifest_is_refused(landmarker, tmp_path):
    with pytest.raises(FerError, match="name the model"):
        save_landmarker(landmarker, tmp_path / "landmarks.json", {})


def test_file_without_a_landmarker_raises(tmp_path):
    path = save_landmarker(["not a landmarker"], tmp_path / "other.joblib", {})
    with pytest.raises(FerError, match="contains no landmarker"):
        load_landmarker(path)
