"""CSV files: no value gets into a wrong column, and text survives writing and reading."""

import os

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features._csv import escape_formula, read_csv, unescape_formula, write_csv
from fer_features.exceptions import FerError

WORDS = st.text("abc=+-@'\",; 1²é", max_size=6).map(str.strip)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.csv"


def read(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_csv(path)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_text_that_was_written_is_read_again(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    table = pd.DataFrame(rows, columns=["one", "two"], dtype=object)
    table["number"] = [str(i) for i in range(len(rows))]
    write_csv(table, path)
    pd.testing.assert_frame_equal(read_csv(path), table.astype(str), check_dtype=False)


@pytest.mark.parametrize(
    "content", ["a,b\n1,2\n", "\ufeffa,b\r\n1,2\r\n", "a;b\n1;2", " a , b \n\n1 ,2\n\n", '"a"\t"b"\n1\t2']
)
def test_separators_byte_order_mark_and_blanks(path, content):
    assert read(path, content).to_dict("records") == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("subject,note\n0,0,\n2,1,\n", r"line 2: 3 fields, but the header names 2 columns \(subject, note\)"),
        ("id,subject\n0,5\n1\n", "line 3: 1 fields"),
        ("emotion,pixels,emotion\n1,2,3\n", "the column 'emotion' 2 times"),
        ("a,b,\n1,2,\n", None),
        ("a,b,,\n1,2,,\n", "the column '' 2 times"),
        ("", "it is empty"),
        ("\n\n", "it is empty"),
        (b"a\n\xff\n", "cannot be read as CSV: 'utf-8'"),
        ('a,b\n"1,2\n', "cannot be read as CSV: unexpected end"),
        ("a\n" + "x" * 200_000, "cannot be read as CSV: field larger"),
    ],
)
def test_every_row_has_the_fields_of_the_header_or_the_file_is_refused(path, content, message):
    if message is None:
        assert read(path, content).columns.tolist() == ["a", "b", ""]
        return
    with pytest.raises(FerError, match=message) as error:
        read(path, content)
    assert "\n" not in str(error.value)


@given(st.text("'=+-@\t\rab1. ", max_size=5))
def test_no_cell_is_a_formula_and_escaping_can_be_reversed(text):
    escaped = escape_formula(text)
    assert unescape_formula(escaped) == text
    if escaped[:1] in tuple("=+-@\t\r"):
        float(escaped)  # a number is not a formula


def test_names_of_columns_are_escaped_and_numbers_are_not(path):
    table = pd.DataFrame({"=1": ["@x", None], "value": [-1.5, 2.0], "text": [os.fsdecode(b"caf\xe9"), "-2"]})
    write_csv(table, path)
    assert path.read_text().splitlines() == ["'=1,value,text", "'@x,-1.5,caf\\udce9", ",2.0,-2"]
