"""CSV files: no spreadsheet evaluates their text as a formula, and no value is read into a wrong column."""

from __future__ import annotations

import contextlib
import csv
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._files import regular_file
from .exceptions import FerError

if TYPE_CHECKING:
    import pandas as pd

#: Separators of fields; of those in the header, the most frequent one is used.
SEPARATORS = ",;\t"

#: Text that a spreadsheet evaluates as a formula, after any number of apostrophes.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED_FORMULA = re.compile(r"'+[=+\-@\t\r]")


def escape_formula(value: Any) -> Any:
    """A cell of a CSV file: text that a spreadsheet would evaluate as a formula gets an apostrophe in front.

    Parameters
    ----------
    value : object
        Only text is changed, and not that of a number.

    Examples
    --------
    >>> escape_formula("=1+1"), escape_formula("-2.5"), escape_formula("joy")
    ("'=1+1", '-2.5', 'joy')
    """
    if not isinstance(value, str) or not _FORMULA.match(value):
        return value
    with contextlib.suppress(ValueError):
        float(value)
        return value
    return f"'{value}"


def unescape_formula(text: str) -> str:
    """Text that `escape_formula` changed.

    Examples
    --------
    >>> unescape_formula("'=1+1"), unescape_formula("'t Hooft")
    ('=1+1', "'t Hooft")
    """
    return text[1:] if _ESCAPED_FORMULA.match(text) else text


def utf8_text(text: str) -> str:
    r"""Text as `write_csv` writes it: parts of a file name that are not UTF-8 are escape sequences.

    Examples
    --------
    >>> import os
    >>> utf8_text(os.fsdecode(b"caf\xe9.png"))
    'caf\\udce9.png'
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table without its index, as UTF-8, with `escape_formula` applied to its cells and column names.

    Parts of file names that are not UTF-8 are written as escape sequences.
    """
    _escaped(table).to_csv(path, index=False, encoding="utf-8", errors="backslashreplace")


def csv_text(table: pd.DataFrame) -> str:
    """The text that `write_csv` writes."""
    return utf8_text(_escaped(table).to_csv(index=False, lineterminator="\n"))


def _escaped(table: pd.DataFrame) -> pd.DataFrame:
    table = table.apply(lambda column: column.map(escape_formula) if column.dtype.kind == "O" else column)
    return table.rename(columns=escape_formula)


def read_csv(path: str | Path) -> pd.DataFrame:
    r"""Read a CSV file as text.

    Parameters
    ----------
    path : str or Path
        UTF-8, with a header. Fields are separated by commas, semicolons or tabs. Blanks around fields and blank lines
        are ignored, and `unescape_formula` is applied to fields.

    Returns
    -------
    DataFrame of str
        One row for each line, with the names of the header.

    Raises
    ------
    FerError
        For a file that cannot be read, is empty or is not text, a column name that occurs twice, and a line with
        another number of fields than the header: its fields may belong to other columns.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "subjects.csv"
    >>> _ = path.write_text("id; subject\n7; S01\n")
    >>> read_csv(path).to_dict("records")
    [{'id': '7', 'subject': 'S01'}]
    """
    import pandas as pd

    try:
        with open(regular_file(path), encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            file.seek(0)
            separator = max(SEPARATORS, key=header.count)
            lines = csv.reader(file, delimiter=separator, skipinitialspace=True, strict=True)
            rows = [(lines.line_num, [unescape_formula(field.strip()) for field in row]) for row in lines if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise FerError(f"{path} cannot be read as CSV: {reason}") from error
    if not rows:
        raise FerError(f"{path} cannot be read as CSV: it is empty")
    _, names = rows.pop(0)
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise FerError(f"{path} has the column '{repeated[0]}' {names.count(repeated[0])} times: keep one")
    for number, fields in rows:
        if len(fields) != len(names):
            raise FerError(
                f"{path}, line {number}: {len(fields)} fields, but the header names {len(names)} columns "
                f"({', '.join(names[:8])}{', ...' if len(names) > 8 else ''})"
            )
    return pd.DataFrame([fields for _, fields in rows], columns=names, dtype=str)
