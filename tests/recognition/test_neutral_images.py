"""Neutral images by subject: which one belongs to an image."""

import pytest

from fer_features import FerError
from fer_features.recognition.neutral_images import NeutralImages


@pytest.fixture
def folder(tmp_path):
    for name in ("S1.png", "S10.jpg", "S1_left.png", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("S1.png", "S1.png"),
        ("data/S1_happy_3.png", "S1.png"),
        ("S10-7.jpg", "S10.jpg"),
        ("S1_left_2.png", "S1_left.png"),
        ("data/S10/003.png", "S10.jpg"),
    ],
)
def test_the_longest_name_with_which_the_name_begins(folder, name, expected):
    assert NeutralImages(folder).file_for(name).name == expected


@pytest.mark.parametrize("name", ["S2.png", "S100.png", "x_S1.png", "S1b.png"])
def test_an_image_without_a_neutral_image_is_refused(folder, name):
    with pytest.raises(FerError, match=rf"{name}.*S1\.png"):
        NeutralImages(folder).file_for(name)


def test_a_message_lists_neutral_images_in_the_order_of_their_names(folder):
    with pytest.raises(FerError, match=r"one of S1\.png, S10\.jpg, S1_left\.png$"):
        NeutralImages(folder).file_for("S2.png")


def test_a_folder_without_images_and_two_images_of_a_subject_are_refused(folder, tmp_path):
    (folder / "S1.jpg").write_bytes(b"")
    with pytest.raises(FerError, match=r"S1\.jpg and S1\.png"):
        NeutralImages(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FerError, match="contains no image"):
        NeutralImages(tmp_path / "empty")
