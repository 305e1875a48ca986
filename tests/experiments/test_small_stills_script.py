"""Scripts on small sets of still images and on smoothing, with rendered faces in the layout of KDEF."""

import json

import cv2
import numpy as np
import pytest

from fer_features.synthetic import generate


@pytest.fixture(scope="module")
def rendered_file(tmp_path_factory):
    """Neutral and apex faces of 4 rendered subjects with 2 expressions."""
    sequences = generate(n_subjects=4, n_test_subjects=0, n_repeats=1, n_frames=2)
    chosen = np.flatnonzero(np.isin(sequences.label, [0, 2]))
    names = np.array(["joy", "fear", "surprise"])[sequences.label[chosen]]
    path = tmp_path_factory.mktemp("rendered") / "kdef.npz"
    np.savez(
        path,
        images=np.concatenate([sequences.images[chosen, 0], sequences.images[chosen, 1]]),
        landmarks68=np.concatenate([sequences.landmarks[chosen, 0], sequences.landmarks[chosen, 1]]),
        labels=np.concatenate([["neutral"] * len(chosen), names]),
        subjects=np.tile([f"S{one}" for one in sequences.subject[chosen]], 2),
        session=np.tile("A", 2 * len(chosen)),
    )
    return path


def test_each_set_of_subjects_is_evaluated(run_script, script, rendered_file, tmp_path, monkeypatch):
    module = script("small_stills")
    monkeypatch.setattr(module, "FEW_PHOTOGRAPHED", 2)
    monkeypatch.setattr(module, "FEW_CROPPED", 2)
    out = tmp_path / "results.json"
    printed = run_script("small_stills", "--kdef", rendered_file, "--only", "hog_linear", "--folds", 2, "--out", out)
    results = json.loads(out.read_text())
    assert len(printed.splitlines()) == 2 + len(results) == 6
    assert sorted(len(result["accuracy"]) for result in results.values()) == [1, 1, 2, 2]


def test_crops_show_the_face_from_the_brows_to_the_chin(script, rendered_file):
    with np.load(rendered_file) as file:
        image, landmarks = file["images"][0], file["landmarks68"][0]
    marked = np.zeros_like(image)
    for point in landmarks[[8, 19, 24]]:
        cv2.circle(marked, np.rint(point).astype(int).tolist(), 2, 255, -1)
    found = script("small_stills").crop(marked, landmarks, np.random.default_rng(0))
    rows = np.flatnonzero(found.max(1) > 100)
    assert found.shape == (48, 48)
    assert rows[0] < 12
    assert rows[-1] > 36


def test_windows_of_smoothing_are_compared(run_script, rendered_file, tmp_path):
    out = tmp_path / "results.json"
    run_script("smoothing", "--kdef", rendered_file, "--n-subjects", 2, "--out", out)
    results = json.loads(out.read_text())
    assert (results["n_subjects"], results["n_training_subjects"]) == (2, 2)
    of_noise = results["noise"]["4"]
    assert of_noise["none"]["difference"] == 0
    assert len(of_noise) == 11
    # A causal window delays each change.
    assert of_noise["causal 1 s"]["accuracy"] < of_noise["none"]["accuracy"]
