"""Tests of atomic writing: a file or folder is complete, or as it was before."""

import errno
import os

import pytest

from fer_features._atomic import atomic_directory, atomic_write, timestamped_directory
from fer_features.exceptions import FerError

FAULTS = [ValueError("x"), KeyboardInterrupt(), SystemExit(1), MemoryError()]
FULL_DISK = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def write(path, text="new", fault=None):
    with atomic_write(path) as temporary:
        temporary.write_text(text)
        if fault:
            raise fault


def fill(path, fault=None, **texts):
    """Write files into a folder of results that can hold a.txt, b.txt and c.txt."""
    with atomic_directory(path, ("a.txt", "b.txt", "c.txt")) as folder:
        for name, text in texts.items():
            (folder / f"{name}.txt").write_text(text)
        if fault:
            raise fault


def content(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_write_replaces_the_file_and_leaves_no_other(tmp_path):
    write(tmp_path / "a.txt", "one")
    write(tmp_path / "a.txt", "two")
    assert content(tmp_path) == {"a.txt": "two"}


def test_write_creates_the_file_at_the_end(tmp_path):
    with atomic_write(tmp_path / "a.txt") as temporary:
        temporary.write_text("half")
        assert not (tmp_path / "a.txt").exists()
        assert temporary.parent == tmp_path  # the same file system, where renaming is atomic
    assert (tmp_path / "a.txt").read_text() == "half"


@pytest.mark.parametrize("before", [None, "old"])
@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_write_keeps_the_previous_content_after_an_exception(tmp_path, before, fault):
    path = tmp_path / "a.txt"
    if before:
        path.write_text(before)
    with pytest.raises(type(fault)):
        write(path, fault=fault)
    assert content(tmp_path) == ({"a.txt": before} if before else {})


def test_write_leaves_nothing_after_an_exception_before_writing(tmp_path):
    with pytest.raises(KeyboardInterrupt), atomic_write(tmp_path / "a.txt"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_write_reports_a_full_disk_and_keeps_the_previous_content(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(FerError, match=r"cannot write .*a\.txt: No space left on device"):
        write(path, fault=FULL_DISK)
    assert content(tmp_path) == {"a.txt": "old"}


def test_write_reports_a_missing_folder(tmp_path):
    with pytest.raises(FerError, match="cannot write"):
        write(tmp_path / "none" / "a.txt")


def test_write_reports_and_keeps_a_folder_of_the_same_name(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(FerError, match="cannot write"):
        write(tmp_path / "a")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_write_reports_and_keeps_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "a").write_text("a file")
    with pytest.raises(FerError, match="cannot write"):
        write(tmp_path / "a" / "b.txt")
    assert (tmp_path / "a").read_text() == "a file"


def test_write_reports_a_name_that_is_too_long(tmp_path):
    with pytest.raises(FerError, match="cannot write"):
        write(tmp_path / ("a" * 300))


def test_directory_is_created_with_its_parents_at_the_end(tmp_path):
    out = tmp_path / "runs" / "out"
    with atomic_directory(out, ("a.txt",)) as folder:
        (folder / "a.txt").write_text("one")
        assert not out.exists()
    assert content(out) == {"a.txt": "one"}
    assert [p.name for p in out.parent.iterdir()] == ["out"]


def test_directory_replaces_results_of_an_earlier_run_and_keeps_other_files(tmp_path):
    out = tmp_path / "out"
    fill(out, a="1", b="1")
    (out / "notes.txt").write_text("mine")
    fill(out, b="2", c="2")
    assert content(out) == {"b.txt": "2", "c.txt": "2", "notes.txt": "mine"}
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_directory_keeps_the_previous_results_after_an_exception(tmp_path, before, fault):
    out = tmp_path / "out"
    if before:
        fill(out, a="1")
    with pytest.raises(type(fault)):
        fill(out, fault, a="2", b="2")
    assert [p.name for p in tmp_path.iterdir()] == ["out"] * before
    assert not before or content(out) == {"a.txt": "1"}


def test_directory_reports_a_file_before_the_work(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(FerError, match=r"--out\) is a file"), atomic_directory(tmp_path / "out", ()):
        pytest.fail("the work began")
    assert content(tmp_path) == {"out": "a file"}


@pytest.mark.parametrize("parent", ["a_file", "a" * 300], ids=["in a file", "long name"])
def test_directory_reports_an_impossible_path_before_the_work(tmp_path, parent):
    (tmp_path / "a_file").write_text("")
    with pytest.raises(FerError, match=r"--out\) cannot be written"), atomic_directory(tmp_path / parent / "out", ()):
        pytest.fail("the work began")
    assert content(tmp_path) == {"a_file": ""}


def test_directory_reports_a_full_disk(tmp_path):
    fill(tmp_path / "out", a="1")
    with pytest.raises(FerError, match="No space left on device"):
        fill(tmp_path / "out", FULL_DISK, a="2")
    assert content(tmp_path / "out") == {"a.txt": "1"}


def test_directory_passes_a_broken_pipe_of_its_caller_on(tmp_path):
    with pytest.raises(BrokenPipeError):
        fill(tmp_path / "out", BrokenPipeError())


def test_timestamped_directories_are_new(tmp_path):
    first = timestamped_directory(tmp_path, "hog_svm")
    assert first.parent == tmp_path
    assert first.name.endswith("-hog_svm")
    first.mkdir()
    second = timestamped_directory(tmp_path, "hog_svm")
    assert not second.exists()
    assert second != first
