"""Input files: only regular files are opened, so that no reader waits for ever."""

import os
import socket

import pytest

from fer_features._files import file_fault, regular_file
from fer_features.exceptions import FerError


def make_path(folder, kind):
    """A path of some kind."""
    path = folder / "input.csv"
    if kind == "named pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind(os.path.relpath(path))  # absolute names can be too long
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to(os.devnull)
    elif kind == "link loop":
        path.symlink_to(path)
    elif kind == "file":
        path.write_text("x")
    return path


KINDS = {
    "named pipe": "is a named pipe: a regular file is needed",
    "socket": "is a socket: a regular file is needed",
    "folder": "is a folder: a regular file is needed",
    "device": "is a device: a regular file is needed",
    "link loop": "cannot be read: ",
    "nothing": "does not exist",
}


@pytest.mark.parametrize("kind", KINDS)
def test_everything_else_than_a_regular_file_is_refused(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    path = make_path(tmp_path, kind)
    with pytest.raises(FerError, match=f"input.csv {KINDS[kind]}") as error:
        regular_file(path)
    assert "\n" not in str(error.value)


def test_regular_files_and_links_to_them_are_accepted(tmp_path):
    path = make_path(tmp_path, "file")
    link = tmp_path / "link"
    link.symlink_to(path)
    assert [file_fault(path), file_fault(str(link))] == ["", ""]
    assert regular_file(str(path)) == path


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read every file")
def test_file_without_permission_is_refused(tmp_path):
    path = make_path(tmp_path, "file")
    path.chmod(0)
    assert file_fault(path) == "cannot be read: permission denied"


def test_null_character_in_a_name_is_refused():
    assert file_fault("a\0b").startswith("cannot be read")
