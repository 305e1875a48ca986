"""The script on layouts: lossless layouts have the same samples, subjects and accuracy."""

import json

import numpy as np

from fer_features.expressions import FER22_CLASSES
from fer_features.synthetic import generate


def test_layouts_have_the_same_samples_and_accuracy(run_script, script, tmp_path, monkeypatch):
    layouts = script("data_layouts")
    monkeypatch.setattr(layouts, "PIPELINE", "hog_linear")
    monkeypatch.setattr(layouts, "N_FRAMES", 2)
    sequences = generate(n_subjects=2, n_test_subjects=0, n_repeats=1, n_frames=2)
    order = np.argsort(sequences.subject, kind="stable")
    labels = np.array([FER22_CLASSES[code] for code in sequences.label[order]])
    subjects = np.array(["F01", "M02"])[np.unique(sequences.subject[order], return_inverse=True)[1]]
    first = np.array([0, len(order) // 2])
    path = tmp_path / "kdef.npz"
    np.savez(
        path,
        images=np.concatenate([sequences.images[order][:, 1], sequences.images[order][first][:, 0]]),
        landmarks68=np.zeros((len(order) + 2, 68, 2), np.float32),
        labels=np.concatenate([labels, ["neutral", "neutral"]]),
        subjects=np.concatenate([subjects, subjects[first]]),
        session=np.full(len(order) + 2, "A"),
    )
    run_script("data_layouts", "--kdef", path, "--out", tmp_path / "results.json")
    results = json.loads((tmp_path / "results.json").read_text())
    names = {"KDEF": "kdef", "JAFFE": "jaffe", "RAF-DB": "rafdb", "CK+": "ckplus", "table": "table"}
    assert {name: results[name]["dataset"] for name in names} == names
    assert {(one["n_samples"], one["n_subjects"]) for one in results.values()} == {(14, 2)}
    assert len({one["accuracy"] for name, one in results.items() if name != "videos in class folders"}) == 1
