"""The table that flows through every pipeline: named columns and a row index.

A column is an array, or an object with ``len``, ``shape`` and ``column[rows]`` whose rows are read when they
are asked for (`H5Column`, aligned crops). Slicing `Samples` slices the row index only; pixels are shared.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..exceptions import FerError
from .columns import Column, Rows, frame, missing
from .feature_store import FeatureStore
from .validation import clean_images, clean_landmarks

#: What each column holds, for messages and documentation.
COLUMNS = {
    "images": "(n, T, H, W) uint8, T frames, neutral first, apex last; T = 1 for stills",
    "landmarks": "(n, T, 68, 2) float, iBUG-68 points (x, y) in pixels of the images, NaN where missing",
    "label": "(n,) int, code of the expression in the data set's own coding, -1 where unknown",
    "subject": "(n,) int or str, the person, -1 where unknown",
    "split": "(n,) str, the official part: 'train', 'validation' or 'test'",
    "id": "(n,) int or str, the row's name in its source",
}


@dataclasses.dataclass(frozen=True)
class Info:
    """What is known of the source of a table.

    Attributes
    ----------
    dataset : str
        Name of the data set, as in `DATASETS`; 'arrays' for arrays given by hand.
    classes : tuple of str
        Name of each label code: ``classes[code]``.
    source : str
        Folder or file read.
    subjects_from : str
        Where the subject ids come from: 'dataset', 'file', 'inferred', 'arrays' or 'unknown'.
    subjects_confidence : float or None
        For inferred subjects, in [0, 1].
    leakage : str
        Why scores on this data may be too high although subjects are given, or empty.
    synthetic : bool
        True where the pictures are drawn, not photographed.
    cropped : bool
        True where each picture is a face cut out already, so that none needs to be found in it.
    notes : tuple of str
        What was done in reading that a person should know, such as rows left out.
    files : mapping
        Column name to the file that holds it, or would hold it, for messages.
    """

    dataset: str = "arrays"
    classes: tuple[str, ...] = ()
    source: str = ""
    subjects_from: str = "unknown"
    subjects_confidence: float | None = None
    leakage: str = ""
    synthetic: bool = False
    cropped: bool = False
    notes: tuple[str, ...] = ()
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)


class Samples:
    """A frozen table of named columns and a row index.

    Make one with `Samples.from_arrays` or `load_dataset`. ``X["landmarks"]`` are the values of the rows,
    ``X[rows]`` is a smaller table, ``X.shape == (n,)``, and `X[rows, ...]` means `X[rows]`, which is how
    scikit-learn takes folds.

    Parameters
    ----------
    columns : dict of str to Column
        All of one length.
    info : Info
        What is known of the source.
    """

    def __init__(self, columns: Mapping[str, Column], info: Info | None = None):
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            raise FerError(f"columns of different lengths: {', '.join(f'{k} {v}' for k, v in lengths.items())}")
        if not columns:
            raise FerError("a table needs at least one column")
        n = next(iter(lengths.values()))
        self._columns = dict(columns)
        self._rows = np.arange(n)
        self.info = info or Info()
        self._store = FeatureStore(n, lambda: fingerprint(Samples(columns), ("images", "landmarks")))
        self._lineage: tuple[str, ...] = ()

    @classmethod
    def from_arrays(
        cls,
        images: Any = None,
        landmarks: Any = None,
        label: Any = None,
        subject: Any = None,
        split: Any = None,
        id: Any = None,
        info: Info | None = None,
    ) -> Samples:
        """Make a table of arrays.

        Parameters
        ----------
        images : (n, T, H, W) or (n, H, W) uint8, optional
            Clips, neutral frame first and apex last, or stills.
        landmarks : (n, T, 68, 2) or (n, 68, 2) real, optional
            iBUG-68 points in pixels of `images`, NaN or all zero where missing.
        label, subject, split, id : (n,), optional
            See `COLUMNS`.
        info : Info, optional

        Returns
        -------
        Samples

        Raises
        ------
        FerError
            For arrays of another rank or type, or of different lengths.
        """
        columns: dict[str, Column] = {}
        if images is not None:
            columns["images"] = clean_images(images)
        if landmarks is not None:
            columns["landmarks"] = clean_landmarks(np.asarray(landmarks))
        plain = {"label": label, "subject": subject, "split": split, "id": id}
        for name, values in plain.items():
            if values is not None:
                values = np.asarray(values)
                if values.ndim != 1:
                    raise FerError(f"{name} has shape {values.shape}: one value a row is needed, shape (n,)")
                columns[name] = values
        if "images" in columns and "landmarks" in columns:
            frames, marked = _frames(columns["images"]), _frames(columns["landmarks"])
            if frames != marked:
                raise FerError(f"images have {frames} frames a row and landmarks {marked}: they must agree")
        return cls(columns, info or Info(subjects_from="unknown" if subject is None else "arrays"))

    @property
    def shape(self) -> tuple[int]:
        """``(n,)``: to scikit-learn a table is a one-dimensional array of rows."""
        return (len(self._rows),)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._columns)

    @property
    def rows(self) -> np.ndarray:
        """Positions of these rows in the table that was loaded, shape (n,) int."""
        return self._rows

    @property
    def store(self) -> FeatureStore:
        """Where features of these rows are kept; shared by every slice and every derived table."""
        return self._store

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return self.column(key)[self._rows]
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:
            key = key[0]
        return self._derive(rows=np.atleast_1d(self._rows[key]))

    def column(self, name: str) -> Any:
        """The whole column, of all rows of the loaded table, unread where it is lazy."""
        if name not in self._columns:
            where = self.info.files.get(name)
            raise FerError(
                f"the column '{name}' is needed and absent; this data has: {', '.join(self._columns)}"
                + (f" (it would be in {where})" if where else "")
            )
        return self._columns[name]

    def as_column(self, name: str) -> Any:
        """These rows of a column as a column of their own, still unread where it is lazy."""
        return Rows(self.column(name), self._rows)

    def frame(self, name: str, t: int) -> Any:
        """Frame `t` of the rows of a column of clips, shape (n, ...); reads no other frame of a lazy column."""
        return frame(self.column(name), self._rows, t)

    def derived(self, key: str, columns: Mapping[str, Column]) -> Samples:
        """The same rows with some columns replaced; features of it are kept under `key`.

        Parameters
        ----------
        key : str
            Says how the new columns come from the old ones, completely: equal keys mean equal columns.
        columns : mapping of str to Column
            Of the length of the loaded table.
        """
        return self._derive(columns={**self._columns, **columns}, lineage=(*self._lineage, key))

    def with_columns(self, info: Info | None = None, **columns: Any) -> Samples:
        """A table of these rows with columns added or replaced (arrays of n values), with an empty store."""
        new: dict[str, Column] = {}
        whole = np.array_equal(self._rows, np.arange(self._store.n))
        for name in self._columns:
            if name not in columns:
                new[name] = self._columns[name] if whole else self.as_column(name)
        return Samples({**new, **columns}, info or self.info)

    def features(self, key: str, describe: Any) -> np.ndarray:
        """Features of these rows under a key, described at most once a row.

        Parameters
        ----------
        key : str
            Names the extractor and its parameters.
        describe : callable
            Takes `Samples` and yields their features in order, in blocks (m, d) float32.

        Returns
        -------
        ndarray, shape (n, d), float32
        """
        key = " | ".join((*self._lineage, key))
        return self._store.rows(key, self._rows, lambda rows: describe(self._derive(rows=rows)))

    def missing(self, name: str) -> np.ndarray:
        """Rows of a column that nothing can be read from, (n,) bool: landmarks missing in every frame."""
        return missing(self.column(name), self._rows)

    def _derive(self, rows: np.ndarray | None = None, **changes: Any) -> Samples:
        new = object.__new__(Samples)
        new.__dict__.update(self.__dict__, **{f"_{k}": v for k, v in changes.items()})
        if rows is not None:
            new._rows = rows
        return new

    def __repr__(self) -> str:
        return f"Samples({len(self)} rows of {self.info.dataset}: {', '.join(self._columns)})"


def as_samples(X: Any, reads: tuple[str, ...]) -> Samples:
    """`X` itself where it is `Samples`, else an array taken as the one column that is read.

    Raises
    ------
    FerError
        Where a column is absent, or a plain array is given to what reads several columns.
    """
    if isinstance(X, Samples):
        for name in reads:
            X.column(name)
        return X
    if len(reads) != 1:
        raise FerError(
            f"a plain array cannot stand for the columns {' and '.join(reads)}: "
            "pass Samples.from_arrays(" + ", ".join(f"{name}=..." for name in reads) + ")"
        )
    return Samples.from_arrays(**{reads[0]: X})


def fingerprint(X: Samples, columns: tuple[str, ...] = ("images", "landmarks", "label")) -> str:
    """A hash of the contents of a table, hex; equal for equal data wherever it lies.

    Parameters
    ----------
    X : Samples
    columns : tuple of str
        Those that count, where they are there.

    Notes
    -----
    BLAKE2b over names, shapes and values, read in blocks, so that memory does not grow with the data.
    """
    digest = hashlib.blake2b(digest_size=16)
    for name in (name for name in columns if name in X):
        digest.update(f"{name} {len(X)}".encode())
        for start in range(0, len(X), 64):
            for value in X[start : start + 64][name]:
                # A label is the same in any type of integer.
                value = np.ascontiguousarray(np.int64(value) if isinstance(value, np.integer) else value)
                digest.update(str(value.shape).encode())
                digest.update(value.data)
    return digest.hexdigest()


def _frames(column: Any) -> int:
    return column.shape[1]
