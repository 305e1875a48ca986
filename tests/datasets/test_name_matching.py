"""Names in annotation files mean the same samples whatever folders they have, and never two of them."""

from pathlib import Path

import numpy as np
import pytest

from fer_features import FerError
from fer_features.datasets.name_matching import match_names, without_media_suffix, without_tail

KEYS = ["train/sad/a.png", "train/sad/b.png", "train/joy/c.png", "d.tar.gz.png", "0.5"]
FILE = Path("x.csv")


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("train/sad/a.png", 0),
        ("train/sad/a.jpg", 0),
        ("train/sad/a", 0),
        ("sad/b.png", 1),
        ("b.png", 1),
        ("/home/me/data/train/sad/b.png", 1),
        ("./sad/b.png", 1),
        (r"C:\data\train\joy\c.png", 2),
        ("d.tar.gz", 3),
        ("0.5", 4),
        ("0", -1),
        ("glad/b.png", -1),
        ("ad/b.png", -1),
        ("B.png", -1),
        ("train/sad", -1),
        ("", -1),
    ],
)
def test_one_path_is_the_end_of_the_other(name, index):
    assert match_names([name], KEYS, FILE).tolist() == [index]


def test_equal_names_come_first():
    keys = ["a.png", "a.jpg", "sad/a.png"]
    assert match_names(["sad/a.png", "a.jpg", "a.png"], keys, FILE).tolist() == [2, 1, 0]
    # Only one sample is left for the last name.
    assert match_names(["sad/a.png", "a.jpg", "x/a.png"], keys, FILE).tolist() == [2, 1, 0]


def test_ambiguous_names_are_refused():
    keys = ["sad/a.png", "joy/a.png"]
    with pytest.raises(
        FerError, match=r"x\.csv: 'a\.png' can be the sample 'sad/a\.png' or 'joy/a\.png': give its path"
    ):
        match_names(["a.png"], keys, FILE)
    with pytest.raises(FerError, match=r"x\.csv has the sample 'sad/a\.png' twice: '/y/sad/a\.png' and '/x/sad/a"):
        match_names(["/y/sad/a.png", "/x/sad/a.png"], ["sad/a.png"], FILE)


@pytest.mark.parametrize("seed", range(20))
def test_matches_do_not_depend_on_the_order(seed):
    rng = np.random.default_rng(seed)
    keys = [f"{rng.integers(3)}/{rng.integers(3)}/{i}.png" for i in range(30)]
    names = [rng.choice([key, key[2:], key[4:], f"/a/b/{key}", key.replace(".png", "")]) for key in keys]
    names = [str(name) for name in names]
    names_order, keys_order = rng.permutation(30), rng.permutation(30)
    found = match_names([names[i] for i in names_order], [keys[i] for i in keys_order], FILE)
    assert (keys_order[found] == names_order).all()


def test_suffixes_and_tails():
    assert without_media_suffix("a.JPG") == "a"
    assert without_media_suffix("a.mp4") == "a"
    assert without_media_suffix("a.csv") == "a.csv"
    assert without_tail("a_landmarks") == "a"
    assert without_tail("a_landmarks_b") == "a_landmarks_b"
