"""Test of the script that fits the landmarker of the package."""

import functools
import json

import numpy as np
import pytest

from fer_features.faces.cascade_training import train_cascade
from fer_features.faces.landmarker_archive import load_landmarker_archive


@pytest.fixture
def small_training(script, monkeypatch):
    """One stage with few components, and chunks of 8 portraits."""
    module = script("train_landmarker")
    small = functools.partial(train_cascade, cell_sizes=(8,), n_components=6, n_folds=2)
    monkeypatch.setattr(module, "train_cascade", small)
    monkeypatch.setattr(module, "CHUNK", 8)
    return module


def write_data(folder, photos):
    """KDEF and FER2013 files that contain rendered photographs of 48 x 48 pixels."""
    import cv2

    images = np.stack([cv2.resize(photo.image, (48, 48)) for photo in photos])
    landmarks = np.stack([photo.landmarks * 48 / photo.image.shape[0] for photo in photos])
    n = len(photos)
    names = {"labels": np.full(n, "joy"), "subjects": np.arange(n) // 2, "session": np.zeros(n, int)}
    np.savez(folder / "kdef.npz", images=images, landmarks68=landmarks, **names)
    np.savez(folder / "fer.npz", X=images, usage=np.array(["PublicTest", "Training"] * (n // 2)))
    np.savez(folder / "points.npz", landmarks68=landmarks)


def test_writes_a_landmarker_its_card_and_a_sheet(small_training, run_script, tmp_path):
    write_data(tmp_path, small_training.sample_photos(12, 1, seed=9))
    out = tmp_path / "model.npz"
    printed = run_script(
        "train_landmarker", "--out", out, "--n-portraits", 20, "--n-test", 3, "--sheet", tmp_path / "sheet.png",
        "--fer2013", tmp_path / "fer.npz", "--fer2013-landmarks", tmp_path / "points.npz",
    )  # fmt: skip
    assert "cells of 8" in printed
    assert len(load_landmarker_archive(out).stages) == 1
    card = json.loads(out.with_suffix(".json").read_text())
    assert card["n_photos"] == 60
    assert card["held_out_portraits"]["n_faces"] == 9
    assert card["fer2013_public_test"]["n_faces"] == 6
    assert (tmp_path / "sheet.png").stat().st_size > 1000


def test_scores_remove_the_offset_of_each_point(script):
    scores = script("train_landmarker").scores
    truth = np.random.default_rng(0).normal(size=(5, 68, 2))
    truth[:, 36], truth[:, 45] = [0, 0], [10, 0]
    table = scores(truth + [1.0, 0.0], truth)
    assert table["raw"] == {"mean": 0.1, "median": 0.1, "failure_rate": 0.0}
    assert table["without_offsets"]["mean"] == 0
    assert scores(truth + [2.0, 0.0], truth)["raw"]["failure_rate"] == 1


def test_the_render_of_chunks_depends_on_the_first_seed_only(script, small_training):
    a, b = (small_training.render(10, 3, 1) for _ in range(2))
    assert len(a) == 30
    np.testing.assert_array_equal(a[29].image, b[29].image)
