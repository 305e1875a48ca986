"""Every file and folder below the data is used, or a note counts it."""

import os

import pytest

from fer_features.datasets.unused_files import unused_files_note


def make_files(root, *names):
    for name in names:
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    return [root / name for name in names]


def test_no_note_where_all_files_are_used(tmp_path):
    used = make_files(tmp_path, "a.h5", "train/happy/0.png")
    assert unused_files_note(tmp_path, used) == ()


@pytest.mark.parametrize(
    ("unused", "message"),
    [
        (["happy/more/0.png", "happy/more/deep/1.png"], "2 file(s) in {}: happy/more/ (2)"),
        (["val_set/happy/0.png", "readme.txt"], "2 file(s) in {}: readme.txt, val_set/ (1)"),
        (["happy/Thumbs.db", ".git/config"], "2 file(s) in {}: .git/ (1), happy/Thumbs.db"),
        (["empty/inner/"], "0 file(s) in {}: empty/ (0)"),
        ([f"{i}.txt" for i in range(9)], "9 file(s) in {}: 0.txt, 1.txt, 2.txt, 3.txt, 4.txt, 5.txt, ..."),
    ],
)
def test_unused_files_are_counted_by_their_topmost_unused_folder(tmp_path, monkeypatch, unused, message):
    used = make_files(tmp_path, "happy/0.png", "sad/0.png")
    make_files(tmp_path, *unused)
    assert unused_files_note(tmp_path, used) == (f"not used: {message.format(tmp_path)}",)
    monkeypatch.chdir(tmp_path.parent)
    relative = [path.relative_to(tmp_path.parent) for path in used]
    assert unused_files_note(tmp_path.relative_to(tmp_path.parent), relative)[0].endswith(message.partition("{}")[2])


def test_linked_folders_and_loops(tmp_path):
    used = make_files(tmp_path / "data", "sad/0.png")
    make_files(tmp_path, "elsewhere/0.png")
    (tmp_path / "data" / "happy").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "loop").symlink_to(tmp_path / "data")
    assert unused_files_note(tmp_path / "data", [*used, tmp_path / "data" / "happy" / "0.png"]) == (
        f"not used: 0 file(s) in {tmp_path / 'data'}: loop/ (0)",
    )


def test_names_that_are_not_utf8_are_escaped(tmp_path):
    (tmp_path / os.fsdecode(b"\xff.txt")).touch()
    assert unused_files_note(tmp_path, []) == (f"not used: 1 file(s) in {tmp_path}: \\xff.txt",)
