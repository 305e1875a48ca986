"""Lists of labels: forms of lines, numbers of lines in faults, files that are not lists."""

import os

import pytest

from fer_features import FerError
from fer_features.datasets.label_lists import FileIndex, ListLine, distinct_lines, read_list
from fer_features.media.file_tree import file_tree


def read(tmp_path, content, **options):
    (tmp_path / "list.txt").write_bytes(content)
    lines, faults = read_list(file_tree(tmp_path), "list.txt", **options)
    return [(line.number, line.fields) for line in lines], [fault.message for fault in faults]


@pytest.mark.parametrize(
    ("content", "separator"),
    [
        (b"a.png 1\nb.png 2\n", None),
        (b"\xef\xbb\xbfa.png\t1\r\nb.png   2", None),
        (b"a.png,1\nb.png,2\n", ","),
        (b'\xef\xbb\xbf"a.png", 1\r\nb.png,"2"\r\n', ","),
    ],
)
def test_lines(tmp_path, content, separator):
    assert read(tmp_path, content, separator=separator) == ([(1, ("a.png", "1")), (2, ("b.png", "2"))], [])


def test_blank_lines_are_counted_but_not_read(tmp_path):
    lines, faults = read(tmp_path, b"\na 1\n  \n\nb\nc 2 3\nd 4\n", n_fields=2)
    assert lines == [(2, ("a", "1")), (7, ("d", "4"))]
    assert faults == ["list.txt, line 5: 1 field(s), not 2", "list.txt, line 6: 3 field(s), not 2"]


def test_columns_are_chosen_after_the_fields_are_counted(tmp_path):
    lines, faults = read(tmp_path, b"a,b,c\nd,e\nf,g,h\n", separator=",", columns=[2, 0])
    assert lines == [(1, ("c", "a")), (3, ("h", "f"))]
    assert faults == ["list.txt, line 2: 2 field(s), not 3"]


@pytest.mark.parametrize(
    ("content", "separator", "reason"),
    [
        (b"", None, "is an empty list of labels"),
        (b" \n\n", ",", "is an empty list of labels"),
        (b"\xff\xfe1\x00", None, "cannot be read as a list of labels: 'utf-8' codec"),
        (b"\xff\xfe1\x00", ",", "cannot be read as a list of labels: 'utf-8' codec"),
        (b"a" * 200_000 + b",1", ",", "cannot be read as a list of labels: field larger than field limit"),
    ],
)
def test_files_that_are_not_lists_are_refused(tmp_path, content, separator, reason):
    with pytest.raises(FerError, match=rf"list\.txt {reason}"):
        read(tmp_path, content, separator=separator)


def test_special_files_are_refused(tmp_path):
    os.mkfifo(tmp_path / "list.txt")
    with pytest.raises(FerError, match="is a named pipe"):
        read_list(file_tree(tmp_path), "list.txt")


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2)])
def test_repeated_lines_do_not_depend_on_their_order(order):
    fields = [("a", "1"), ("b", "1"), ("a", "1"), ("b", "2")]
    lines = [ListLine("l", number, fields[i]) for number, i in enumerate(order, 1)]
    kept, faults = distinct_lines(lines, lambda line: line.fields[0])
    assert [line.fields for line in kept] == [("a", "1")]
    assert sorted(fault.kind for fault in faults) == ["contradicting line", "repeated line"]


def test_messages_have_one_line():
    fault = FileIndex(["a.png"]).find(ListLine("l", 1, ()), "a\n\x00" + "b" * 500)
    assert fault.message == "l, line 1: there is no image a\\n\\x00" + "b" * 57 + "..."
