"""The table that flows through every pipeline: named columns and an index of samples.

A column is an array or a `LazyColumn`, whose values are read on access (`H5Column`, aligned crops). Slicing a table
slices the index only; all slices share the pixels.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import FerError
from .columns import Column, ColumnView, LazyColumn, arrays_in_memory, as_lazy_column
from .concatenation import concatenate_columns
from .contents import content_notes
from .data_info import DataInfo, class_name
from .feature_store import FeatureStore
from .fingerprint import fingerprint
from .groups import group_codes
from .validation import COLUMNS, check_column_names, clean_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "DataInfo", "Samples"]


class Samples:
    """A frozen table of named columns and an index of samples.

    Made by `Samples.from_arrays` or `load_dataset`. ``X["landmarks"]`` is the array of the values of a column and
    ``X[indices]`` a smaller table. To scikit-learn a table is a one-dimensional array: ``X.shape == (n,)``, and
    ``X[indices, ...]`` means ``X[indices]``.

    Parameters
    ----------
    columns : mapping of str to array or LazyColumn
        All of one length; `COLUMNS` lists the names that have a meaning. Text labels are stored as codes.
    info : DataInfo, optional
        Metadata of the source. Conversions of the columns are added to its notes.
    check_input : bool, default True
        Whether columns are validated and converted. False for columns that were made from those of a valid table.

    Raises
    ------
    FerError
        For columns that do not have the form of `COLUMNS`, columns of different lengths, no column, and landmarks that
        do not belong to the images.

    Examples
    --------
    >>> X = Samples.from_arrays(label=["joy", "anger", "joy"], subject=[1, 1, 2], age=[30, 30, 41])
    >>> X
    Samples(3 samples of arrays: label, subject, age)
    >>> X[[2, 0]]["age"].tolist()
    [41, 30]
    >>> X["label"].tolist(), X.label_codes.tolist(), X.info.classes
    (['joy', 'anger', 'joy'], [1, 0, 1], ('anger', 'joy'))
    >>> X.with_columns(age=[31, 31, 42]).to_frame()["age"].tolist()
    [31, 31, 42]
    >>> clips = Samples.from_arrays(images=np.zeros((3, 10, 48, 40), np.uint8))
    >>> clips.frame("images", -1).shape, clips.sizes()[0].tolist(), clips.missing("images").tolist()
    ((3, 48, 40), [40, 48], [False, False, False])
    """

    def __init__(self, columns: Mapping[str, Any], info: DataInfo | None = None, check_input: bool = True):
        if not isinstance(info, DataInfo | None):
            raise FerError(f"info is of type {type(info).__name__}: DataInfo(...) is needed")
        info = info or DataInfo()
        self._columns = dict(columns)
        if check_input:
            self._columns, classes, notes = clean_columns(columns, info.classes)
            info = dataclasses.replace(info, classes=classes).with_notes(notes)
        self.info = info
        n = len(next(iter(self._columns.values())))
        self._indices = np.arange(n)
        loaded = dict(self._columns)
        self._feature_store = FeatureStore(
            n, lambda: fingerprint(Samples(loaded, check_input=False), ("images", "landmarks"))
        )
        self._lineage: tuple[str, ...] = ()
        self._group_codes: list[np.ndarray] = []

    @classmethod
    def from_arrays(
        cls,
        images: Any = None,
        landmarks: Any = None,
        label: Any = None,
        subject: Any = None,
        split: Any = None,
        id: Any = None,
        info: DataInfo | None = None,
        **columns: Any,
    ) -> Samples:
        """Make a table of arrays.

        Parameters
        ----------
        images : array, shape (n, T, H, W) or (n, H, W), or with channels (..., C), uint8, optional
            Clips, neutral frame first and apex last, or stills. With channels as the last axis, in the order of
            scikit-image (grey; grey, alpha; red, green, blue; red, green, blue, alpha), they are converted to grey:
            0.299 red + 0.587 green + 0.114 blue. Reverse the channels of images that OpenCV read:
            ``images[..., ::-1]``. A list of images can contain several sizes.
        landmarks : array, shape (n, T, 68, 2) or (n, 68, 2), optional
            iBUG-68 points in pixels of `images`, NaN or all zero where missing; or MediaPipe meshes of 468 or 478
            points. Fractions of the image size are converted to pixels.
        label : array of int or str, shape (n,), optional
            Codes, -1 where unknown, or class names. Names become codes by ``info.classes``, or by their sorted order.
        subject, split, id : array, shape (n,), optional
            See `COLUMNS`.
        info : DataInfo, optional
            Metadata, such as the class names of the codes.
        **columns : array, shape (n,)
            Further columns, such as ``age=...``; slices and concatenated tables keep them.

        Returns
        -------
        Samples

        Raises
        ------
        FerError
            For arrays of another rank or type, arrays of different lengths, landmarks that do not belong to the
            images, or a misspelt column name.

        Notes
        -----
        Arrays are not copied: features that were extracted before a change of an array do not change with it. Masked
        values are missing ones. `info.notes` of the table states conversions, and contents from which nothing can be
        learned; see `fer_features.samples.contents`.
        """
        check_column_names(columns)
        standard = {"images": images, "landmarks": landmarks, "label": label, "subject": subject}
        given = {**standard, "split": split, "id": id, **columns}
        info = DataInfo() if info is None else info
        if subject is not None and isinstance(info, DataInfo) and info.subjects_from == "unknown":
            info = dataclasses.replace(info, subjects_from="arrays")
        X = cls({name: values for name, values in given.items() if values is not None}, info)
        X.info = X.info.with_notes(content_notes(X, read_lazy_columns=not isinstance(images, LazyColumn)))
        return X

    @classmethod
    def concat(cls, tables: Iterable[Samples], prefixes: Sequence[str] | None = None) -> Samples:
        """Concatenate tables.

        Parameters
        ----------
        tables : iterable of Samples
            With the same columns, the same class names and the same number of frames per clip. Image sizes may differ.
        prefixes : sequence of str, optional
            One for each table, put before its subject ids and sample ids. Without prefixes equal subject ids mean the
            same subject, which is refused for tables of different data sets.

        Returns
        -------
        Samples
            Its images are read on access where those of `tables` are. The feature store is empty.

        Raises
        ------
        FerError
            For tables that do not fit together.

        Examples
        --------
        >>> first = Samples.from_arrays(label=["joy", "fear"], subject=[1, 2])
        >>> second = Samples.from_arrays(label=["fear", "joy"], subject=[1, 1])
        >>> both = Samples.concat([first, second], prefixes=("a", "b"))
        >>> both["subject"].tolist(), both["label"].tolist()
        (['a1', 'a2', 'b1', 'b1'], ['joy', 'fear', 'fear', 'joy'])
        """
        tables = list(tables)
        for table in tables:
            if not isinstance(table, Samples):
                raise FerError(f"concat needs tables, not {type(table).__name__}: Samples.from_arrays(...)")
        return cls(*concatenate_columns(tables, prefixes))

    @property
    def shape(self) -> tuple[int]:
        """``(n,)``: to scikit-learn a table is a one-dimensional array of samples."""
        return (len(self._indices),)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._columns)

    @property
    def indices(self) -> np.ndarray:
        """Positions of these samples in the table that was loaded, shape (n,), int."""
        return self._indices

    @property
    def feature_store(self) -> FeatureStore:
        """Features of the samples; shared by all slices and by tables with lazy columns."""
        return self._feature_store

    @property
    def groups(self) -> np.ndarray | None:
        """Codes of the subjects, shape (n,), int; -1 where unknown, and None where no subject is known.

        Subjects are numbered in the order in which they first occur in the loaded table, so that codes agree between
        slices and do not depend on the names of the subjects.
        """
        if "subject" not in self:
            return None
        if not self._group_codes:
            column = self._columns["subject"]
            self._group_codes.append(group_codes(column[np.arange(len(column))]))
        codes = self._group_codes[0][self._indices]
        return codes if (codes >= 0).any() else None

    @property
    def label_codes(self) -> np.ndarray:
        """Label code of each sample, shape (n,) int; -1 where it is unknown."""
        return np.asarray(self.column("label")[self._indices])

    @property
    def is_labelled(self) -> np.ndarray:
        """Samples with a label, shape (n,) bool."""
        return self.label_codes >= 0

    def __len__(self) -> int:
        return len(self._indices)

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return self._labels() if key == "label" else self.column(key)[self._indices]
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:
            key = key[0]
        return self._replace(indices=np.atleast_1d(self._indices[key]))

    def _labels(self) -> np.ndarray:
        """Class names where the data set names its classes, empty for an unknown label; else label codes."""
        codes = self.label_codes
        if not self.info.classes:
            return codes
        return np.array([class_name(self.info, code) if code >= 0 else "" for code in codes], str)

    def column(self, name: str) -> Any:
        """A column with the samples of the loaded table, not only those of this slice; unread if it is lazy.

        Raises
        ------
        FerError
            Where it is absent.
        """
        if name not in self._columns:
            where = self.info.files.get(name)
            raise FerError(
                f"the column '{name}' is needed and absent; this data has: {', '.join(self._columns)}"
                + (f" (it would be in {where})" if where else "")
            )
        return self._columns[name]

    def column_view(self, name: str) -> ColumnView:
        """These samples of a column as a column of their own; unread if it is lazy."""
        return ColumnView(self.column(name), self._indices)

    def frame(self, name: str, t: int) -> Any:
        """Frame `t` of a column of clips, shape (n, ...); of a lazy column no other frame is read.

        Parameters
        ----------
        name : str
            A column of clips, such as 'images' or 'landmarks'.
        t : int
            Number of the frame; 0 is the neutral frame and -1 the apex.

        Returns
        -------
        ndarray, shape (n, ...)
        """
        return as_lazy_column(self.column(name)).frame(self._indices, t)

    def missing(self, name: str) -> np.ndarray:
        """Samples without usable values, (n,) bool: of landmarks those that lack them in every frame."""
        return as_lazy_column(self.column(name)).missing(self._indices)

    def sizes(self, name: str = "images") -> np.ndarray:
        """Width and height of each image in pixels, shape (n, 2), int."""
        return as_lazy_column(self.column(name)).sizes(self._indices)

    def with_lazy_columns(self, key: str, columns: Mapping[str, Column]) -> Samples:
        """The same samples with some columns replaced; the feature store stays the same.

        Parameters
        ----------
        key : str
            Describes completely how the new columns come from the old ones: equal keys mean equal columns. Features
            of the new table are stored under it.
        columns : mapping of str to ndarray or LazyColumn
            Of the length of the loaded table.
        """
        codes = [] if "subject" in columns else self._group_codes
        lineage = (*self._lineage, key)
        return self._replace(columns={**self._columns, **columns}, lineage=lineage, group_codes=codes)

    def with_columns(self, info: DataInfo | None = None, **columns: Any) -> Samples:
        """A table of these samples with columns added or replaced, and an empty feature store.

        Parameters
        ----------
        info : DataInfo, optional
            Replaces the metadata.
        **columns : array, shape (n, ...), or LazyColumn
            Of the length of this slice.
        """
        check_column_names(columns)
        complete = np.array_equal(self._indices, np.arange(self._feature_store.n))
        kept: dict[str, Any] = {}
        for name, column in self._columns.items():
            if name not in columns:
                in_memory = isinstance(column, np.ndarray) and column.ndim == 1
                kept[name] = column if complete else column[self._indices] if in_memory else self.column_view(name)
        return Samples({**kept, **columns}, info or self.info)

    def features(self, key: str, extract: Callable[[Samples], Iterable[np.ndarray]]) -> np.ndarray:
        """Features of these samples under a key, extracted at most once per sample.

        Within `FeatureStore.without_keeping` they are extracted for each request.

        Parameters
        ----------
        key : str
            Identifies the extractor and its parameters.
        extract : callable
            Takes `Samples` and yields their features in order, in blocks (m, d) of float32.

        Returns
        -------
        ndarray, shape (n, d), float32
        """
        key = " | ".join((*self._lineage, key))
        store = self._feature_store
        if not store.keeps_features and key not in store.keys:
            store.n_computed += len(self)
            return np.concatenate(list(extract(self)) or [np.empty((0, 0), np.float32)])
        return store.features(key, self._indices, lambda indices: extract(self._replace(indices=indices)))

    def to_frame(self) -> pd.DataFrame:
        """The plain columns as a DataFrame; see `samples_to_frame`."""
        from .display import samples_to_frame

        return samples_to_frame(self)

    def _repr_html_(self) -> str:
        from .display import samples_to_html

        return samples_to_html(self)

    def __repr__(self) -> str:
        return f"Samples({len(self)} samples of {self.info.dataset}: {', '.join(self._columns)})"

    def __sizeof__(self) -> int:
        arrays = {id(array): array.nbytes for array in arrays_in_memory([self._indices, *self._columns.values()])}
        return object.__sizeof__(self) + sum(arrays.values()) + self._feature_store.nbytes

    def _replace(self, **changes: Any) -> Samples:
        new = object.__new__(Samples)
        new.__dict__.update(self.__dict__, **{f"_{name}": value for name, value in changes.items()})
        return new
