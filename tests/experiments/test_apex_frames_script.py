"""The script on apex and neutral frames, with rendered clips in the layout of fer22."""

import json

import numpy as np

from fer_features.synthetic import generate

from ..conftest import write_h5
from .conftest import write_solution


def test_errors_of_frames_are_measured(run_script, script, tmp_path):
    clips = generate(n_subjects=1, n_test_subjects=1, n_repeats=1, n_test_repeats=1, n_frames=6)
    is_test = clips.split == "test"
    for split, chosen in (("train", ~is_test), ("test", is_test)):
        write_h5(tmp_path, f"data_{split}_images", clips.images[chosen])
        write_h5(tmp_path, f"data_{split}_landmarks", np.rint(clips.landmarks[chosen]).astype(np.int64))
    write_h5(tmp_path, "data_train_labels", clips.label[~is_test].astype(float))
    write_solution(tmp_path, clips.subject[~is_test], clips.label[is_test], clips.subject[is_test])
    out = tmp_path / "results.json"
    run_script("apex_frames", tmp_path, "--n-clips", "3", "--out", out)
    record = json.loads(out.read_text())
    assert record["n_clips"] == 3
    for kind in ("apex last", "apex in the middle", "apex first"):
        assert record[kind]["apex, neutral given"]["within_2"] == 1
        assert 0 <= record[kind]["neutral found"]["mean_error"] <= 5


def test_orders_of_frames(script):
    orders = script("apex_frames").orders(10, np.random.default_rng(0))
    assert orders["apex last"].tolist() == list(range(10))
    assert orders["apex first"].tolist() == list(range(9, -1, -1))
    middle = orders["apex in the middle"]
    assert (middle[0], middle.max(), middle[-1]) == (0, 9, 0)
    assert np.abs(np.diff(middle)).max() == 1
    assert set(np.diff(middle, n=1)[: middle.argmax()]) <= {0, 1}
