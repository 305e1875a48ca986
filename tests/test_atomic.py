"""Tests of atomic writing: a file is complete or unchanged, and temporary files do not outlive their process."""

import errno
import os
import re
import subprocess
import sys
import threading

import pytest

from fer_features._atomic import (
    atomic_write,
    check_writable,
    protected_inputs,
    remove_abandoned,
    temporary_folder,
    timestamped_directory,
    write_text,
)
from fer_features.exceptions import FerError

FAULTS = [ValueError("x"), KeyboardInterrupt(), SystemExit(1), MemoryError()]
FULL_DISK = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def write(path, text="new", fault=None):
    with atomic_write(path) as temporary:
        temporary.write_text(text)
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
        assert temporary.name == "a.txt"  # some encoders choose the format by the suffix
        assert temporary.parent.parent == tmp_path  # the same file system, where renaming is atomic
    assert content(tmp_path) == {"a.txt": "half"}


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


def make_strange(kind, folder):
    """A path that cannot be written."""
    path = folder / "a.txt"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "below a file":
        path.write_text("a file")
        return path / "b.txt"
    elif kind == "long name":
        return folder / ("a" * 300)
    elif kind == "missing folder":
        return folder / "none" / "a.txt"
    elif kind == "device":
        return os.devnull
    elif kind == "null character":
        return folder / "a\0"
    return path


STRANGE = ["folder", "pipe", "loop", "below a file", "long name", "missing folder", "device", "null character"]


@pytest.mark.parametrize("kind", STRANGE)
def test_paths_that_cannot_be_written_are_reported_before_the_work(tmp_path, kind):
    path = make_strange(kind, tmp_path)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(FerError, match=r"^cannot write .*: ") as error, atomic_write(path):
        pytest.fail("the work began")
    with pytest.raises(FerError) as checked:
        check_writable(path)
    assert str(checked.value) == str(error.value)
    assert sorted(tmp_path.iterdir()) == before


def test_a_path_that_can_be_written_is_not_changed_by_the_check(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    check_writable(tmp_path / "a.txt", tmp_path / "b.txt")
    assert content(tmp_path) == {"a.txt": "old"}


def test_a_link_is_followed(tmp_path):
    target = tmp_path / "other" / "a.txt"
    target.parent.mkdir()
    (tmp_path / "link.txt").symlink_to(target)
    for text in ("one", "two"):
        write(tmp_path / "link.txt", text)
        assert target.read_text() == text
    assert (tmp_path / "link.txt").is_symlink()


def test_an_input_is_not_overwritten_through_any_of_its_names(tmp_path):
    source = tmp_path / "data.csv"
    source.write_text("data")
    (tmp_path / "symbolic.csv").symlink_to(source)
    (tmp_path / "hard.csv").hardlink_to(source)
    with protected_inputs(lambda path: "--data" if path.samefile(source) else ""):
        for name in ("data.csv", "symbolic.csv", "hard.csv"):
            with pytest.raises(FerError, match=r"it is an input of this command \(--data\)"):
                write(tmp_path / name)
        write(tmp_path / "other.csv")
    assert source.read_text() == "data"
    write(source)
    assert source.read_text() == "new"


KILLED = """
import os, signal, sys
from pathlib import Path
from fer_features._atomic import temporary_folder
with temporary_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("x")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_temporary_folders_of_killed_processes_are_removed_and_others_are_not(tmp_path):
    subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False)
    (abandoned,) = tmp_path.iterdir()
    assert (abandoned / "half").exists()
    with temporary_folder(tmp_path) as mine:
        assert not abandoned.exists()
        (tmp_path / "notes.part").write_text("of the user")
        write(tmp_path / "a.txt")
        assert mine.is_dir()
    assert content(tmp_path) == {"a.txt": "new", "notes.part": "of the user"}


def test_text_that_is_not_utf8_is_escaped(tmp_path):
    write_text(tmp_path / "a.txt", os.fsdecode(b"caf\xe9 \xc3\xa9"))
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "caf\\udce9 é"


def test_timestamped_directories_are_new(tmp_path):
    first = timestamped_directory(tmp_path, "hog_svm")
    assert first.parent == tmp_path
    assert re.fullmatch(r"\d{8}-\d{6}-\d{3}-hog_svm", first.name)
    first.mkdir()
    second = timestamped_directory(tmp_path, "hog_svm")
    assert not second.exists()
    assert second != first


def test_folders_for_one_target_exclude_each_other_whoever_removes_abandoned_ones(tmp_path):
    def sweep():
        while not done.is_set():
            remove_abandoned(tmp_path)

    done = threading.Event()
    sweepers = [threading.Thread(target=sweep) for _ in range(2)]
    for sweeper in sweepers:
        sweeper.start()
    try:
        for _ in range(300):
            with temporary_folder(tmp_path, tmp_path / "out") as first:
                assert first.is_dir()
                with pytest.raises(FileExistsError), temporary_folder(tmp_path, tmp_path / "out"):
                    pytest.fail("two folders for one target")
                assert first.is_dir()
    finally:
        done.set()
        for sweeper in sweepers:
            sweeper.join()
    assert list(tmp_path.iterdir()) == []
