"""Columns of a table: arrays in memory, and columns whose values are read or computed on access.

>>> import numpy as np
>>> from fer_features.samples.columns import ArrayColumn, ColumnView
>>> clips = ArrayColumn(np.zeros((10, 3, 48, 64), np.uint8))
>>> some = ColumnView(clips, np.array([7, 2]))
>>> some.shape
(2, 3, 48, 64)
>>> some.frame(np.array([0]), -1).shape
(1, 48, 64)
>>> some.sizes(np.array([0])).tolist()
[[64, 48]]
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np

from .hdf5 import h5_layout, iterate_h5

#: Largest gap, in samples, that one HDF5 read covers: such a gap is cheaper to read over than to split at.
MAX_READ_GAP = 4


class LazyColumn(abc.ABC):
    """A column of a table whose values are read or computed on access.

    A subclass sets `shape` and defines `__getitem__`. It overrides the other methods where it can answer them without
    reading complete clips.

    Attributes
    ----------
    shape : tuple
        ``(n, ...)``; of clips ``(n, T, H, W)``. Height and width are None where they differ between samples.
    dtype : dtype
        Type of the values; 8-bit grey values unless the subclass says otherwise.

    Notes
    -----
    `indices` of the methods are positions in the column, an int array of shape (k,). `__getitem__` also accepts
    whatever indexes a one-dimensional array.
    """

    shape: tuple[Any, ...]
    dtype: np.dtype = np.dtype(np.uint8)
    #: Tasks of a cluster share it.
    sent_once: ClassVar[bool] = True

    def __len__(self) -> int:
        """Number of samples."""
        return int(self.shape[0])

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @abc.abstractmethod
    def __getitem__(self, indices: Any) -> Any:
        """Values of some samples.

        Returns
        -------
        ndarray of shape (k, ...), or list of k ndarrays
            A list where the samples differ in shape.
        """

    def frame(self, indices: Any, t: int) -> Any:
        """One frame of some samples of a column of clips.

        Parameters
        ----------
        indices : ndarray of int, shape (k,)
        t : int
            Position of the frame in the clip; negative positions count from the end.

        Returns
        -------
        ndarray of shape (k, ...), or list of k ndarrays
        """
        clips = self[indices]
        return clips[:, t] if isinstance(clips, np.ndarray) else stack_if_equal([clip[t] for clip in clips])

    def missing(self, indices: np.ndarray) -> np.ndarray:
        """Samples without usable values: no frame has all of its landmarks.

        Returns
        -------
        ndarray of bool, shape (k,)
            All False for columns of integers.
        """
        if self.dtype.kind != "f":
            return np.zeros(len(indices), bool)
        values = self[indices]
        return ~np.isfinite(values).all(tuple(range(2, values.ndim))).any(1)

    def sizes(self, indices: np.ndarray) -> np.ndarray:
        """Width and height of the images of some samples.

        Returns
        -------
        ndarray of int, shape (k, 2)
            In pixels.
        """
        height, width = self.shape[-2:]
        return np.tile([width, height], (len(indices), 1))


#: What `Samples` holds under each name.
Column: TypeAlias = np.ndarray | LazyColumn


def as_lazy_column(values: Any) -> LazyColumn:
    """The column itself, or an array with the methods of a `LazyColumn`."""
    return values if isinstance(values, LazyColumn) else ArrayColumn(np.asarray(values))


def arrays_in_memory(column: Any) -> list[np.ndarray]:
    """Arrays that a column holds, of itself and of the columns that it reads from; also of a list of columns."""
    if isinstance(column, np.ndarray):
        return [column]
    if isinstance(column, list | tuple):
        return [array for part in column for array in arrays_in_memory(part)]
    return arrays_in_memory(list(vars(column).values())) if isinstance(column, LazyColumn) else []


def stack_if_equal(values: Sequence[np.ndarray]) -> Any:
    """Arrays of equal shape as one array; the list itself where shapes differ."""
    return np.stack(values) if len({np.shape(value) for value in values}) == 1 else values


class ArrayColumn(LazyColumn):
    """An array in memory.

    Parameters
    ----------
    values : ndarray, shape (n, ...)
    """

    def __init__(self, values: np.ndarray):
        self.values = values
        self.shape, self.dtype = values.shape, values.dtype

    def __getitem__(self, indices: Any) -> np.ndarray:
        return self.values[indices]

    def frame(self, indices: Any, t: int) -> np.ndarray:
        """Frame `t` of some samples, (k, ...); the other frames are not copied."""
        return self.values[indices, t]


class ColumnView(LazyColumn):
    """Some samples of another column, in any order.

    Parameters
    ----------
    column : ndarray or LazyColumn
    indices : ndarray of int, shape (n,)
        Positions in `column`.
    """

    def __init__(self, column: Column, indices: np.ndarray):
        self.column, self.indices = as_lazy_column(column), indices
        self.shape, self.dtype = (len(indices), *self.column.shape[1:]), self.column.dtype

    def __getitem__(self, indices: Any) -> Any:
        return self.column[self.indices[indices]]

    def frame(self, indices: Any, t: int) -> Any:
        """Frame `t` of some samples."""
        return self.column.frame(self.indices[indices], t)

    def missing(self, indices: np.ndarray) -> np.ndarray:
        """Samples without usable values, (k,) bool."""
        return self.column.missing(self.indices[indices])

    def sizes(self, indices: np.ndarray) -> np.ndarray:
        """Width and height of the images of some samples, (k, 2)."""
        return self.column.sizes(self.indices[indices])


class H5Column(LazyColumn):
    """A dataset of an HDF5 file, read on access; a pickle holds its path and key only.

    Parameters
    ----------
    path : Path
        The file.
    key : str
        Name of the dataset, which has the shape (n, T, H, W).

    Raises
    ------
    FerError
        Where the file is truncated, damaged or incomplete, or its values are elsewhere; see `h5_layout`.

    Notes
    -----
    Samples are read as contiguous slices: index lists and strides are up to a hundred times slower in HDF5.
    """

    def __init__(self, path: Path, key: str):
        self.path, self.key = Path(path), key
        self.shape, self.dtype = h5_layout(self.path, key)

    def __getitem__(self, indices: Any) -> np.ndarray:
        return self._read(np.atleast_1d(np.arange(len(self))[indices]), slice(None))

    def frame(self, indices: Any, t: int) -> np.ndarray:
        """Frame `t` of some samples, (k, H, W); no other frame is read."""
        return self._read(np.arange(len(self))[indices], range(self.shape[1])[t])

    def _read(self, indices: np.ndarray, t: Any) -> np.ndarray:
        if len(indices) and (np.diff(indices) == 1).all():  # without a copy
            (values,) = iterate_h5(self.path, self.key, [(slice(indices[0], indices[-1] + 1), t)])
            return values
        order = np.argsort(indices, kind="stable")
        ordered = indices[order]
        starts = np.flatnonzero(np.diff(ordered, prepend=-10) > MAX_READ_GAP)
        shape = self.shape[1:] if isinstance(t, slice) else self.shape[2:]
        out = np.empty((len(indices), *shape), self.dtype)
        runs = [run for run in np.split(np.arange(len(indices)), starts[1:]) if run.size]
        selections = [(slice(ordered[run[0]], ordered[run[-1]] + 1), t) for run in runs]
        for run, values in zip(runs, iterate_h5(self.path, self.key, selections), strict=True):
            out[order[run]] = values[ordered[run] - ordered[run[0]]]
        return out


class ConcatenatedColumn(LazyColumn):
    """Several columns one after another, such as the training and the test file of a data set.

    Parameters
    ----------
    parts : list of ndarray or LazyColumn
        They may differ in image size; a selection of samples of different sizes is then a list.
    """

    def __init__(self, parts: Sequence[Column]):
        self.parts = [as_lazy_column(part) for part in parts]
        self.starts = np.cumsum([0, *[len(part) for part in self.parts]])
        shapes = {tuple(part.shape[1:]) for part in self.parts}
        tail = shapes.pop() if len(shapes) == 1 else (next(iter(shapes))[0], None, None)
        self.shape = (int(self.starts[-1]), *tail)
        self.dtype = np.result_type(*[part.dtype for part in self.parts])

    def __getitem__(self, indices: Any) -> Any:
        return self._gather(np.atleast_1d(np.arange(len(self))[indices]), lambda part, at: part[at])

    def frame(self, indices: Any, t: int) -> Any:
        """Frame `t` of some samples, (k, H, W), or a list of (H, W)."""
        return self._gather(np.arange(len(self))[indices], lambda part, at: part.frame(at, t))

    def missing(self, indices: np.ndarray) -> np.ndarray:
        """Samples without usable values, (k,) bool."""
        return self._gather(np.arange(len(self))[indices], lambda part, at: part.missing(at))

    def sizes(self, indices: np.ndarray) -> np.ndarray:
        """Width and height of the images of some samples, (k, 2)."""
        return self._gather(np.arange(len(self))[indices], lambda part, at: part.sizes(at))

    def _gather(self, indices: np.ndarray, read: Any) -> Any:
        if not len(indices):
            return read(self.parts[0], indices)
        part_of = np.searchsorted(self.starts, indices, "right") - 1
        found: list[Any] = [None] * len(indices)
        for p in np.unique(part_of):
            at = np.flatnonzero(part_of == p)
            values = read(self.parts[p], indices[at] - self.starts[p])
            if at.size == len(indices):
                return values
            for i, value in zip(at, values, strict=True):
                found[i] = value
        return stack_if_equal(found)
