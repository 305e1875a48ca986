"""Tests of folders of results: complete or unchanged, and without loss of files of somebody else."""

import errno
import os
from pathlib import Path

import pytest

from fer_features._atomic import protected_inputs
from fer_features._result_folder import MARKER, ResultFolder
from fer_features.exceptions import FerError

NAMES = ("a.txt", "b.txt", "c.txt")
FAULTS = [ValueError("x"), KeyboardInterrupt(), SystemExit(1), MemoryError()]
FULL_DISK = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def fill(path, fault=None, command="run", overwrite=False, **texts):
    with ResultFolder(path, NAMES, command, overwrite) as results, results.publish() as folder:
        for name, text in texts.items():
            (folder / f"{name}.txt").write_text(text)
        if fault:
            raise fault


def content(folder):
    return {path.name: path.read_text() for path in folder.iterdir() if path.name != MARKER}


def refused(path, text, **options):
    """The folder is refused before the work."""
    with pytest.raises(FerError, match=text), ResultFolder(path, NAMES, "run", **options):
        pytest.fail("the work began")


@pytest.fixture(params=["new", "empty", "current", "link", "below new folders"])
def out(request, tmp_path, monkeypatch):
    """A folder of results that has no files yet."""
    if request.param == "below new folders":
        return tmp_path / "x" / "y" / "out"
    if request.param == "new":
        return tmp_path / "out"
    (tmp_path / "out").mkdir()
    if request.param == "empty":
        return tmp_path / "out"
    if request.param == "link":
        (tmp_path / "link").symlink_to(tmp_path / "out")
        return tmp_path / "link"
    monkeypatch.chdir(tmp_path / "out")
    return Path(os.curdir)


def test_files_appear_at_the_end(out):
    with ResultFolder(out, NAMES, "run") as results:
        with results.publish() as folder:
            (folder / "a.txt").write_text("1")
            assert not (out / "a.txt").exists()
        assert content_of_visible(out) == {"a.txt": "1"}
        with results.publish() as folder:
            for name in ("a.txt", "b.txt"):
                (folder / name).write_text("2")
    assert content(out) == {"a.txt": "2", "b.txt": "2"}
    fill(out, c="3", overwrite=True)
    assert content(out) == {"c.txt": "3"}


def content_of_visible(folder):
    return {path.name: path.read_text() for path in folder.iterdir() if path.name[0] != "."}


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_an_exception_leaves_everything_as_it_was(out, tmp_path, fault):
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(type(fault)):
        fill(out, fault, a="2")
    assert sorted(tmp_path.rglob("*")) == before
    fill(out, a="1")
    with pytest.raises(type(fault)):
        fill(out, fault, a="2", b="2", overwrite=True)
    assert content(out) == {"a.txt": "1"}


def test_a_folder_that_is_not_empty_is_refused_without_overwrite(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    refused(tmp_path, "is not empty: choose another, or use overwrite=True")
    fill(tmp_path, a="1", b="1", overwrite=True)
    refused(tmp_path, "is not empty")
    fill(tmp_path, b="2", overwrite=True)
    assert content(tmp_path) == {"b.txt": "2", "notes.txt": "mine"}


def test_only_files_of_an_earlier_run_of_the_command_are_replaced(tmp_path):
    fill(tmp_path / "out", a="1")
    (tmp_path / "out" / "c.txt").write_text("mine")
    refused(tmp_path / "out", r"c\.txt was not written by fer-features run: move it", overwrite=True)
    (tmp_path / "out" / "c.txt").unlink()
    with pytest.raises(FerError, match="has results of fer-features run: choose another folder"):
        fill(tmp_path / "out", command="compare", a="2", overwrite=True)
    assert content(tmp_path / "out") == {"a.txt": "1"}


@pytest.mark.parametrize("kind", ["folder", "loop"])
def test_folders_and_loops_in_place_of_results_are_refused(tmp_path, kind):
    fill(tmp_path / "out", a="1")
    for name in ("a.txt", "b.txt"):  # one that an earlier run wrote, and one that it did not
        path = tmp_path / "out" / name
        path.unlink(missing_ok=True)
        path.mkdir() if kind == "folder" else path.symlink_to(path)
        refused(tmp_path / "out", "it is a folder|form a loop|was not written by", overwrite=True)
        path.rmdir() if kind == "folder" else path.unlink()


@pytest.mark.parametrize("text", ["", "[]", "null", '{"command": "run"}', '{"command": "run", "files": ["../x"]}'])
def test_a_damaged_marker_is_none(tmp_path, text):
    fill(tmp_path / "out", a="1")
    (tmp_path / "out" / MARKER).write_text(text)
    refused(tmp_path / "out", r"a\.txt was not written by", overwrite=True)


def test_an_input_is_not_replaced(tmp_path):
    fill(tmp_path / "out", a="1")
    with protected_inputs(lambda path: "--subjects" if path.name == "a.txt" else ""):
        refused(tmp_path / "out", r"a\.txt: it is an input of this command \(--subjects\)", overwrite=True)


def test_impossible_folders_are_refused_before_the_work(tmp_path):
    (tmp_path / "a_file").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    before = sorted(tmp_path.rglob("*"))
    refused(tmp_path / "a_file", "is a file: give the name of a folder")
    for path in (tmp_path / "a_file" / "out", tmp_path / "loop", tmp_path / "new" / ("a" * 300), "/proc/out", "a\0"):
        refused(path, "the output folder .* cannot be written: ")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_full_disk_is_reported(tmp_path):
    with pytest.raises(FerError, match="No space left on device"):
        fill(tmp_path / "out", FULL_DISK, a="2")
    assert not list(tmp_path.iterdir())


def test_results_that_cannot_be_moved_are_kept(tmp_path):
    with ResultFolder(tmp_path / "out", NAMES, "run") as results:
        (tmp_path / "out").mkdir()  # by another process
        (tmp_path / "out" / "a.txt").write_text("other")
        with pytest.raises(FerError, match=r"cannot be moved to .* are in ") as error, results.publish() as folder:
            (folder / "a.txt").write_text("mine")
    kept = str(error.value).rpartition(" ")[2]
    assert (tmp_path / "out" / "a.txt").read_text() == "other"
    assert content(tmp_path / kept) == {"a.txt": "mine"}
    assert len(list(tmp_path.iterdir())) == 2


def test_a_command_continues_its_own_unfinished_work(tmp_path):
    def search(overwrite=False):
        return ResultFolder(tmp_path / "out", NAMES, "search", overwrite, continued=("b.txt",))

    with search() as results:
        results.claim("b.txt", "a.txt")
        (tmp_path / "out" / "b.txt").write_text("journal")
    with search() as results:
        results.claim("b.txt", "a.txt")
        with results.publish() as folder:
            (folder / "c.txt").write_text("result")
    assert content(tmp_path / "out") == {"b.txt": "journal", "c.txt": "result"}
    with search(overwrite=True) as results:
        results.claim("b.txt", "a.txt")
        assert content_of_visible(tmp_path / "out") == {}
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(FerError, match="is not empty"), search():  # the marker alone is not unfinished work
        pytest.fail("the work began")


def test_a_second_process_is_refused_before_its_work(out):
    with ResultFolder(out, NAMES, "run", overwrite=True) as results:
        # Locks of files are held by open descriptors, so that a second one in this process is refused as well.
        refused(out, "another process is writing", overwrite=True)
        with results.publish() as folder:
            (folder / "a.txt").write_text("1")
    assert content_of_visible(out) == {"a.txt": "1"}
    fill(out, overwrite=True, a="2")
    assert content_of_visible(out) == {"a.txt": "2"}
