"""Columns of a table whose rows are read when they are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np

from ..exceptions import FerError


class Column(Protocol):
    """What a column must offer: a length and rows; `shape` where it has one."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> Any: ...


def frame(column: Any, rows: np.ndarray, t: int) -> Any:
    """Frame `t` of some rows of a column of clips: ``column[rows, t]``, without reading the others."""
    if hasattr(column, "frame"):
        return column.frame(rows, t)
    return column[rows, t] if isinstance(column, np.ndarray) else column[rows][:, t]


def sizes(column: Any, rows: np.ndarray) -> np.ndarray:
    """Width and height in pixels of the pictures of some rows of a column of clips, (n, 2) int."""
    if hasattr(column, "sizes"):
        return column.sizes(rows)
    height, width = column.shape[-2:]
    return np.tile([width, height], (len(rows), 1))


def missing(column: Any, rows: np.ndarray) -> np.ndarray:
    """Rows of a column that nothing can be read from, (n,) bool: no frame has all of its landmarks."""
    if hasattr(column, "missing"):
        return column.missing(rows)
    if getattr(column, "dtype", np.dtype(np.uint8)).kind != "f":
        return np.zeros(len(rows), bool)
    values = column[rows]
    return ~np.isfinite(values).reshape(*values.shape[:2], -1).all(2).any(1)


class Rows:
    """Some rows of another column, in another order; lazy where that column is."""

    def __init__(self, column: Any, rows: np.ndarray):
        self.column, self.index = column, rows
        self.shape = (len(rows), *np.shape(column)[1:])

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, rows: Any) -> np.ndarray:
        return self.column[self.index[rows]]

    def frame(self, rows: np.ndarray, t: int) -> Any:
        """Frame `t` of some rows."""
        return frame(self.column, self.index[rows], t)

    def missing(self, rows: np.ndarray) -> np.ndarray:
        """Rows that nothing can be read from."""
        return missing(self.column, self.index[rows])

    def sizes(self, rows: np.ndarray) -> np.ndarray:
        """Width and height of the pictures of some rows, (n, 2)."""
        return sizes(self.column, self.index[rows])


class H5Column:
    """Rows of an HDF5 dataset, read when asked for; pickles as path and key.

    Parameters
    ----------
    path : Path
        The file.
    key : str
        The dataset in it, of shape (n, T, H, W).

    Notes
    -----
    Rows are read as plain slices over runs of neighbours: index lists and strides are up to a hundred times
    slower in HDF5.
    """

    def __init__(self, path: Path, key: str):
        self.path, self.key = Path(path), key
        with h5py.File(self.path) as file:
            self.shape, self.dtype = file[key].shape, file[key].dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        return self._read(np.atleast_1d(np.arange(len(self))[rows]), slice(None))

    def frame(self, rows: np.ndarray, t: int) -> np.ndarray:
        """Frame `t` of some rows, (n, H, W)."""
        return self._read(np.arange(len(self))[rows], range(self.shape[1])[t])

    def _read(self, rows: np.ndarray, t: Any) -> np.ndarray:
        order = np.argsort(rows, kind="stable")
        ordered = rows[order]
        # Gaps of a few rows are cheaper to read over than to split at.
        starts = np.flatnonzero(np.diff(ordered, prepend=-10) > 4)
        shape = self.shape[1:] if isinstance(t, slice) else self.shape[2:]
        out = np.empty((len(rows), *shape), self.dtype)
        try:
            with h5py.File(self.path) as file:
                data = file[self.key]
                for start, stop in zip(starts, [*starts[1:], len(rows)][: len(starts)], strict=True):
                    run = ordered[start:stop]
                    out[order[start:stop]] = data[run[0] : run[-1] + 1, t][run - run[0]]
        except OSError as error:
            raise FerError(f"{self.path} cannot be read to its end: it is truncated or damaged ({error})") from error
        return out


class Stacked:
    """Columns one after another, such as the training and the test file of one data set.

    Parts may differ in picture size; frames of rows from parts of different sizes come as a list.
    """

    def __init__(self, parts: list[Any]):
        self.parts = parts
        self.starts = np.cumsum([0, *[len(p) for p in parts]])
        shapes = {np.shape(p)[1:] for p in parts}
        tail = shapes.pop() if len(shapes) == 1 else (next(iter(shapes))[0], None, None)
        self.shape = (int(self.starts[-1]), *tail)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> Any:
        return self._gather(np.atleast_1d(np.arange(len(self))[rows]), lambda part, r: part[r])

    def frame(self, rows: np.ndarray, t: int) -> Any:
        """Frame `t` of some rows, (n, H, W), or a list of (H, W)."""
        return self._gather(np.arange(len(self))[rows], lambda part, r: frame(part, r, t))

    def sizes(self, rows: np.ndarray) -> np.ndarray:
        """Width and height of the pictures of some rows, (n, 2)."""
        return self._gather(rows, sizes)

    def _gather(self, rows: np.ndarray, read: Any) -> Any:
        if not len(rows):
            return read(self.parts[0], rows)
        where = np.searchsorted(self.starts, rows, "right") - 1
        found: list[Any] = [None] * len(rows)
        for p in np.unique(where):
            at = np.flatnonzero(where == p)
            values = read(self.parts[p], rows[at] - self.starts[p])
            if at.size == len(rows):
                return values
            for i, value in zip(at, values, strict=True):
                found[i] = value
        return np.stack(found) if len({v.shape for v in found}) == 1 else found
