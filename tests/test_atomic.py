"""Laws of writing: under its name a file is whole or as it was before."""

import errno
import os

import pytest

from fer_features._atomic import replacing
from fer_features.exceptions import FerError


def write(path, text="new", fault=None):
    with replacing(path) as temporary:
        temporary.write_text(text)
        if fault:
            raise fault


def test_the_new_content_is_there_after_success_and_nothing_else(tmp_path):
    write(tmp_path / "a.txt", "one")
    write(tmp_path / "a.txt", "two")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.txt", "two")]


def test_the_name_is_not_there_before_the_end(tmp_path):
    with replacing(tmp_path / "a.txt") as temporary:
        temporary.write_text("half")
        assert not (tmp_path / "a.txt").exists()
        assert temporary.parent == tmp_path  # on the same disk, where renaming is one step
    assert (tmp_path / "a.txt").read_text() == "half"


@pytest.mark.parametrize("before", [None, "old"])
@pytest.mark.parametrize("fault", [ValueError("x"), KeyboardInterrupt(), SystemExit(1), MemoryError()], ids=repr)
def test_nothing_half_written_is_left_by_a_failure_or_an_interruption(tmp_path, before, fault):
    path = tmp_path / "a.txt"
    if before:
        path.write_text(before)
    with pytest.raises(type(fault)):
        write(path, fault=fault)
    assert [p.read_text() for p in tmp_path.iterdir()] == ([before] if before else [])


def test_nothing_half_written_is_left_where_nothing_was_written_at_all(tmp_path):
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "a.txt"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_in_words_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(FerError, match=r"cannot write .*a\.txt: No space left on device"):
        write(path, fault=OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def test_a_folder_that_does_not_exist_is_told_in_words(tmp_path):
    with pytest.raises(FerError, match="cannot write"):
        write(tmp_path / "none" / "a.txt")


def test_a_folder_in_the_place_of_the_file_is_told_in_words_and_kept(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(FerError, match="cannot write"):
        write(tmp_path / "a")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_file_in_the_place_of_the_folder_is_told_in_words(tmp_path):
    (tmp_path / "a").write_text("a file")
    with pytest.raises(FerError, match="cannot write"):
        write(tmp_path / "a" / "b.txt")
    assert (tmp_path / "a").read_text() == "a file"


def test_a_name_too_long_for_the_disk_is_told_in_words(tmp_path):
    with pytest.raises(FerError, match="cannot write"):
        write(tmp_path / ("a" * 300))
