"""The command list-files: its table is read back by load_dataset, with what the pattern finds."""

import warnings

import numpy as np
import pytest

from fer_features import load_dataset
from fer_features.cli import main

from ..datasets.layouts.trees import write_images

NAMES = [f"S{i}_{label}_{k}.png" for i in (1, 2, 10) for label in ("joy", "fear") for k in (0, 1)]


def test_the_table_is_read_back(tmp_path, capsys):
    images = write_images(tmp_path, NAMES)
    assert main(["list-files", str(tmp_path), "--pattern", r"(?P<subject>S\d+)_(?P<label>[a-z]+)_(?P<take>\d)"]) == 0
    (tmp_path / "metadata.csv").write_text(capsys.readouterr().out)
    X = load_dataset(tmp_path)
    assert set(X["id"]) == set(NAMES)
    for i, name in enumerate(X["id"]):
        subject, label, take = name.removesuffix(".png").split("_")
        assert np.array_equal(X["images"][i, 0], images[name])
        assert (X["subject"][i], X["label"][i], X["take"][i]) == (subject, label.replace("joy", "happy"), take)


def test_folders_are_labels_without_a_pattern_and_sequences_are_folders(tmp_path, capsys):
    write_images(tmp_path, [f"smile of A, at home/{take}/{i}.png" for take in ("1", "2") for i in range(3)])
    (tmp_path / "=1+1").mkdir()
    (tmp_path / "=1+1" / "clip.mp4").touch()
    assert main(["list-files", str(tmp_path), "--sequences"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "file_name,label,subject",
        "'=1+1/clip.mp4,'=1+1,",
        '"smile of A, at home/1","smile of A, at home",',
        '"smile of A, at home/2","smile of A, at home",',
    ]


@pytest.mark.parametrize(("pattern", "is_labelled"), [(r"(?P<subject>S\d+)", False), (r"_(?P<label>[a-z]+)_", True)])
def test_a_table_without_labels_is_a_warning(tmp_path, pattern, is_labelled):
    write_images(tmp_path, NAMES)
    with warnings.catch_warnings(record=True) as caught:
        assert main(["list-files", str(tmp_path), "--pattern", pattern]) == 0
    assert ["the column 'label' is empty" in str(warning.message) for warning in caught] == [True] * (not is_labelled)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((".", "--pattern", "(?P<label>x"), "is not a regular expression"),
        ((".", "--pattern", "S.*"), "has no named group"),
        ((".", "--pattern", "(?P<label>X)"), "matches none of 12 file(s), such as S1_fear_0.png"),
        ((".", "--pattern", "(?P<file_name>.*)"), "cannot be a group"),
        (("missing",), "is not a folder"),
        (("empty",), "without an image or video"),
    ],
)
def test_invalid_arguments(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    write_images(tmp_path, NAMES)
    assert main(["list-files", *arguments]) == 2
    assert message in capsys.readouterr().err
