"""KDEF: names of files are read as its documentation says."""

import numpy as np
import pytest

from fer_features import load_dataset

from .trees import write_images

NAMES = [
    f"{session}{subject}/{session}{subject}{label}{view}.JPG"
    for session in "AB"
    for subject in ("F01", "M01")
    for label in ("AF", "AN", "DI", "HA", "NE", "SA", "SU")
    for view in ("FL", "HL", "S", "HR", "FR")
]
CLASSES = {"AF": "fear", "AN": "angry", "DI": "disgust", "HA": "happy", "NE": "neutral", "SA": "sad", "SU": "surprise"}


@pytest.mark.parametrize("below", ["", "KDEF_and_AKDEF/KDEF"])
def test_names_are_read_as_documented(tmp_path, below):
    write_images(tmp_path / below, NAMES)
    X = load_dataset(tmp_path)
    assert (X.info.dataset, len(X), X.info.subjects_from) == ("kdef", 140, "dataset")
    for name, label, subject, session in zip(X["id"], X["label"], X["subject"], X["session"], strict=True):
        file = name.rsplit("/", 1)[-1]
        assert (CLASSES[file[4:6]], file[1:4], file[0]) == (label, subject, session)
    assert sorted(set(X["view"])) == ["frontal", "full left", "full right", "half left", "half right"]


def test_views_are_selected(tmp_path):
    images = write_images(tmp_path, NAMES)
    X = load_dataset(tmp_path, where="view=frontal")
    assert len(X) == 28
    assert all(name.endswith("S.JPG") for name in X["id"])
    assert np.abs(X["images"][0, 0].astype(int) - images[X["id"][0]]).mean() < 40
