"""Writing of prediction records to CSV or JSON while they are computed."""

from __future__ import annotations

import contextlib
import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from .._atomic import atomic_write
from .._csv import escape_formula
from ..exceptions import FerError
from .records import RECORD_COLUMNS, PredictionRecord


class PredictionWriter:
    """Write records to a CSV or JSON file one by one.

    A JSON file has the keys 'classes', 'frames' (records of faces and frames) and 'tracks' (summaries). In a CSV file
    summaries are lines with the status 'summary'.

    Parameters
    ----------
    file : text file
        Open for writing.
    as_json : bool
        Whether to write JSON instead of CSV.
    class_names : sequence of str
        Names of the classes that have probabilities.
    """

    def __init__(self, file: IO[str], as_json: bool, class_names: Sequence[str]):
        self.file, self.as_json = file, as_json
        self.columns = [*RECORD_COLUMNS, *(f"probability_{name}" for name in class_names)]
        self._summaries: list[dict[str, Any]] = []
        self._is_first = True
        if self.as_json:
            file.write(f'{{"classes": {json.dumps(list(class_names))},\n"frames": [')
        else:
            self._lines = csv.writer(file, lineterminator="\n")
            self._write_line(self.columns)

    def add(self, record: PredictionRecord) -> None:
        """Write a record."""
        values = record.to_dict()
        if self.as_json and record.status == "summary":
            self._summaries.append(values)
        elif self.as_json:
            self.file.write(("\n" if self._is_first else ",\n") + json.dumps(values))
            self._is_first = False
        else:
            self._write_line([values.get(name, "") for name in self.columns])

    def close(self) -> None:
        """Write the end of the file."""
        if self.as_json:
            lines = ",\n".join(json.dumps(values) for values in self._summaries)
            self.file.write(f'\n],\n"tracks": [\n{lines}\n]}}\n')

    def _write_line(self, values: Sequence[Any]) -> None:
        self._lines.writerow([escape_formula(value) for value in values])


@contextlib.contextmanager
def open_prediction_writer(path: Path | None, class_names: Sequence[str]) -> Iterator[PredictionWriter | None]:
    """Open a writer whose file appears under its name when it is complete; None without a path.

    Raises
    ------
    FerError
        If the suffix is neither .csv nor .json, or the file cannot be written.
    """
    if path is None:
        yield None
        return
    if path.suffix.lower() not in (".csv", ".json"):
        raise FerError(f"{path}: a name that ends in .csv or .json, or a folder, is needed")
    # Parts of file names that are not UTF-8 are written as escape sequences.
    options: dict[str, Any] = {"encoding": "utf-8", "errors": "backslashreplace", "newline": ""}
    with atomic_write(path) as temporary, open(temporary, "w", **options) as file:
        writer = PredictionWriter(file, path.suffix.lower() == ".json", class_names)
        yield writer
        writer.close()
