"""Results of the scripts: Markdown tables on standard output, and JSON files in ``experiments/results``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from fer_features._atomic import atomic_write
from fer_features.exceptions import FerError

#: Folder of the results that are under version control.
RESULTS_DIR = Path(__file__).parent / "results"


def print_header(titles: Sequence[str]) -> None:
    """Print the header of a Markdown table."""
    print(f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}", flush=True)


def print_row(cells: Iterable[object]) -> None:
    """Print a row of a Markdown table."""
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def fixed(value: float | None, digits: int = 3) -> str:
    """A number with a fixed number of digits; empty where there is none."""
    return "" if value is None else f"{value:.{digits}f}"


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file of results; an empty dictionary where the file does not exist.

    Raises
    ------
    FerError
        If it is not JSON.
    """
    try:
        return json.loads(path.read_text()) if path.exists() else {}
    except ValueError as error:
        raise FerError(f"{path} is not a JSON file of results ({error}): correct or remove it") from error


def write_json(path: Path, record: dict[str, Any]) -> None:
    """Write a JSON file of results; it is complete at every time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(record, indent=1) + "\n")


class ResultFile:
    """Results by key in a JSON file, which is written after each of them, so that an interrupted script continues.

    Parameters
    ----------
    path : Path
    recompute : bool, default=False
        Compute results that the file contains again.
    """

    def __init__(self, path: Path, recompute: bool = False):
        self.path, self.recompute = path, recompute
        self.results = read_json(path)

    def get(
        self,
        key: str,
        compute: Callable[[], dict[str, Any]],
        is_current: Callable[[dict[str, Any]], bool] = lambda result: True,
    ) -> dict[str, Any]:
        """The result of a key, computed and written if the file does not contain it.

        Parameters
        ----------
        key : str
        compute : callable
            Returns the result.
        is_current : callable
            Whether a result in the file is of the present settings.
        """
        if self.recompute or key not in self.results or not is_current(self.results[key]):
            self.results[key] = compute()
            write_json(self.path, self.results)
        return self.results[key]
