"""Landmarkers in files of models: manifest, and damaged files."""

import hashlib
import json
import os
from pathlib import Path
from types import SimpleNamespace

import joblib
import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.faces import load_landmarker
from fer_features.version import versions


def edit_manifest(path, **changes):
    """Change values of the manifest."""
    manifest = path.with_suffix(".json")
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **changes}))


def save(content, path):
    """Write a model file and its manifest."""
    joblib.dump(content, path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".json").write_text(json.dumps({"sha256": {"joblib": sha256}, "versions": versions()}))
    return path


@pytest.fixture
def saved(landmarker, tmp_path):
    """A model that was saved with a landmarker."""
    return save(SimpleNamespace(landmarker_=landmarker), tmp_path / "model.joblib")


def test_landmarker_of_a_model_gives_the_same_landmarks(landmarker, saved, frames, boxes):
    i = int(np.flatnonzero(np.isfinite(boxes).all(1))[0])
    for path in (saved, saved.parent):
        found, expected = (
            model.detect_landmarks(frames.images[i], boxes[i : i + 1]) for model in (load_landmarker(path), landmarker)
        )
        assert np.array_equal(found[0], expected[0])
        assert np.array_equal(found[1], expected[1])


def test_damaged_and_missing_files_raise(saved, tmp_path):
    saved.write_bytes(saved.read_bytes()[:-1])
    with pytest.raises(FerError, match="damaged"):
        load_landmarker(saved)
    saved.with_suffix(".json").unlink()
    with pytest.raises(FerError, match="missing"):
        load_landmarker(saved)
    with pytest.raises(FerError, match="there is no model at"):
        load_landmarker(tmp_path / "other.joblib")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"sha256": 3}', '{"sha256": "0"}'])
def test_invalid_manifests_are_refused_in_one_line(saved, text):
    saved.with_suffix(".json").write_text(text)
    with pytest.raises(FerError, match="not the manifest of a model") as error:
        load_landmarker(saved)
    assert "\n" not in str(error.value)


def test_damaged_file_with_a_matching_hash_is_refused_in_one_line(saved):
    content = saved.read_bytes()[:5000]
    saved.write_bytes(content)
    edit_manifest(saved, sha256={"joblib": hashlib.sha256(content).hexdigest()})
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
    assert len(load_landmarker(saved).stages) == 3


def test_named_pipe_is_refused_without_waiting(saved):
    saved.unlink()
    os.mkfifo(saved)
    with pytest.raises(FerError, match="is a named pipe"):
        load_landmarker(saved)


def test_model_without_a_landmarker_raises(tmp_path):
    path = save(["not a landmarker"], tmp_path / "other.joblib")
    with pytest.raises(FerError, match="contains no landmarker"):
        load_landmarker(path)
