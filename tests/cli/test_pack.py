"""The command pack: what other commands read is the same with the packed file as with the data."""

import os

import cv2
import numpy as np
import pytest

from fer_features import load_dataset
from fer_features.cli import main


def test_packed_data_are_those_of_the_folder(fer22_folder, subjects_file, tmp_path, capsys):
    out = tmp_path / "packed.h5"
    assert main(["pack", str(fer22_folder), str(out), "--subjects", str(subjects_file)]) == 0
    printed = capsys.readouterr().out
    X, Y = load_dataset(fer22_folder, subjects=subjects_file), load_dataset(out)
    assert printed.splitlines()[-1].startswith(f"{len(X)} samples, ")
    assert X.columns == Y.columns
    for name in X.columns:
        np.testing.assert_array_equal(X[name], Y[name])
    assert (Y.info.dataset, Y.info.licence, Y.info.classes) == ("fer22", X.info.licence, X.info.classes)


def test_run_gives_the_same_scores(fer22_folder, subjects_file, tmp_path, capsys):
    out = tmp_path / "packed.h5"
    assert main(["pack", str(fer22_folder), str(out), "--subjects", str(subjects_file), "--quiet"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    predictions = []
    for data in ([str(fer22_folder), "--subjects", str(subjects_file)], [str(out)]):
        run = tmp_path / f"run{len(predictions)}"
        assert main(["run", "--pipeline", "hog_lda", "--cv", "2fold", "--out", str(run), "--data", *data]) == 0
        predictions.append((run / "predictions.csv").read_text())
    assert predictions[0] == predictions[1]


def test_split_that_the_data_do_not_have_is_not_stored(tmp_path, capsys):
    folder = tmp_path / "faces"
    for name in ("happy", "sad"):
        (folder / name).mkdir(parents=True)
        for i in range(6):
            image = np.random.default_rng([i, name == "sad"]).integers(0, 256, (30, 30)).astype(np.uint8)
            cv2.imwrite(str(folder / name / f"{i}.png"), image)
    assert main(["pack", str(folder), str(tmp_path / "a.h5")]) == 0
    assert "split" not in load_dataset(tmp_path / "a.h5")
    assert load_dataset(tmp_path / "a.h5")["id"].tolist() == load_dataset(folder)["id"].tolist()
    assert "split" in load_dataset(tmp_path / "a.h5", holdout=0.5)


@pytest.mark.parametrize("name", ["packed.npz", "packed"])
def test_other_suffixes_are_refused_before_the_data_are_read(tmp_path, capsys, name):
    assert main(["pack", os.fspath(tmp_path / "missing"), os.fspath(tmp_path / name)]) == 2
    assert "ends in .h5" in capsys.readouterr().err


def test_packed_file_does_not_replace_itself(tmp_path, fer22_folder, subjects_file, capsys):
    out = tmp_path / "packed.h5"
    assert main(["pack", str(fer22_folder), str(out), "--subjects", str(subjects_file)]) == 0
    content = out.read_bytes()
    assert main(["pack", str(out), str(out)]) == 2
    assert "input of this command" in capsys.readouterr().err
    assert out.read_bytes() == content
