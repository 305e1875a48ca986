"""States of files: another one after each change, and one of their own for absent files."""

import os

from fer_features.datasets.file_states import code_digest, file_states


def test_state_changes_with_name_size_time_order_and_presence(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("x")
    found = {file_states([first, second]), file_states([second, first])}
    second.write_text("x")
    found.add(file_states([first, second]))
    second.write_text("xy")
    found.add(file_states([first, second]))
    os.utime(second, ns=(0, 0))
    found.add(file_states([first, second]))
    assert len(found) == 5
    assert file_states([first, second]) in found


def test_digest_of_code_depends_on_all_files():
    names = ("file_states.py", "still_images.py")
    assert len({code_digest(names), code_digest(names[:1]), code_digest(names[::-1])}) == 3
