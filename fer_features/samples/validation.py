"""Validation of the columns of a table: each is checked and converted to one shape and type."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..exceptions import FerError
from .columns import LazyColumn, as_lazy_column
from .groups import UNKNOWN_SUBJECT
from .image_columns import clean_images
from .landmark_columns import clean_landmarks, landmarks_in_pixels
from .source_regions import clean_regions
from .splits import SPLITS

#: Contents of each column that has a meaning, for messages and documentation.
COLUMNS = {
    "images": "(n, T, H, W) uint8, T frames, neutral first, apex last; T = 1 for stills",
    "landmarks": "(n, T, 68, 2) float, iBUG-68 points (x, y) in pixels of the images, NaN where missing",
    "label": "(n,) int, code of the expression in the data set's own coding, -1 where unknown",
    "subject": "(n,) int or str, id of the subject, -1 where unknown",
    "split": "(n,) str, the predefined split: 'train', 'validation' or 'test'",
    "id": "(n,) int or str, name of the sample in its source",
    "frame_numbers": "(n, T) int, frame of its source that each frame of a sample shows, -1 for another image",
    "source_region": "(n, T, 6) float, part of its file that each frame shows, see `source_regions`",
}

#: Label code of a sample without a label.
UNLABELLED = -1

#: Largest label code or subject id, in absolute value, that floating-point numbers hold exactly.
MAX_INTEGER = 1 << 53

#: Similarity in [0, 1] from which an unknown column name is taken for a misspelt name of `COLUMNS`.
MISSPELLING_SIMILARITY = 0.85


class CleanColumns(NamedTuple):
    """Result of `clean_columns`: the columns, the names of the label codes, and conversions for the user."""

    columns: dict[str, np.ndarray | LazyColumn]
    classes: tuple[str, ...]
    notes: tuple[str, ...]


def clean_labels(label: Any, classes: tuple[str, ...] = ()) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels as int codes.

    Parameters
    ----------
    label : array of int or str, shape (n,)
        Codes or class names. Empty text, '-1', None and NaN mean that a sample has no label.
    classes : tuple of str
        Class names of the codes; those of text labels are the sorted different names if it is empty.

    Returns
    -------
    codes : ndarray of int, shape (n,)
        Integers are returned as they are.
    classes : tuple of str

    Raises
    ------
    FerError
        For fractions, or a name that is not in `classes`.

    Examples
    --------
    >>> codes, classes = clean_labels(["joy", "anger", "joy"])
    >>> codes.tolist(), classes
    ([1, 0, 1], ('anger', 'joy'))
    """
    values = _integers_or_text("label", as_plain_array(label))
    if values.dtype.kind in "iu":
        if (values < UNLABELLED).any():
            raise FerError(f"label {values.min()} is not a code: codes count from 0, -1 is an unknown label")
        return values, classes
    unlabelled = str(UNLABELLED)
    names = [str(name) for name in values]
    classes = classes or tuple(sorted({*names} - {unlabelled}))
    code_of = {name: code for code, name in enumerate(classes)} | {unlabelled: UNLABELLED}
    for name in names:
        if name not in code_of:
            raise FerError(f"the label '{name}' is not one of the classes {', '.join(classes)}")
    return np.array([code_of[name] for name in names], np.int64), classes


def clean_subjects(subject: Any) -> np.ndarray:
    """Subject ids as integers or text.

    Parameters
    ----------
    subject : array of int or str, shape (n,)
        Empty text, None and NaN mean that the subject is unknown.

    Returns
    -------
    ndarray of int or str, shape (n,)
        -1, or '-1' among text, where the subject is unknown.

    Raises
    ------
    FerError
        For fractions.

    Examples
    --------
    >>> clean_subjects([7.0, float("nan")]).tolist()
    [7, -1]
    """
    return _integers_or_text("subject", as_plain_array(subject))


def as_plain_array(values: Any) -> np.ndarray:
    """Values as an array, without the conversion of NaN among text to the text 'nan'.

    Examples
    --------
    >>> as_plain_array(["joy", float("nan")]).tolist()
    ['joy', nan]
    """
    array = np.asarray(values)
    is_mixed = isinstance(values, list | tuple) and array.ndim == 1 and array.dtype.kind in "US"
    return np.array(values, object) if is_mixed and not all(isinstance(value, str) for value in values) else array


def check_column_names(names: Iterable[str]) -> None:
    """Refuse further columns whose names look like a misspelt standard name, such as 'labels'."""
    for name in names:
        close = difflib.get_close_matches(name, COLUMNS, 1, MISSPELLING_SIMILARITY)
        if close and name not in COLUMNS:
            raise FerError(f"the column '{name}' looks like a misspelt '{close[0]}': rename it")


def clean_columns(columns: Mapping[str, Any], classes: tuple[str, ...] = ()) -> CleanColumns:
    """Validated columns of a table.

    Parameters
    ----------
    columns : mapping of str to array or LazyColumn
        A lazy column is not read.
    classes : tuple of str
        See `clean_labels`.

    Returns
    -------
    CleanColumns

    Raises
    ------
    FerError
        For a column that is not an array or has another shape or type, columns of different lengths, no column,
        landmarks that do not belong to the images, and class names that are not distinct.
    """
    clean: dict[str, np.ndarray | LazyColumn] = {}
    notes: tuple[str, ...] = ()
    if len(set(classes)) < len(classes):
        raise FerError(f"the class names {', '.join(map(str, classes))} are not distinct: each code needs its own")
    for name, given in columns.items():
        values = _without_mask(name, given)
        if name == "images":
            clean[name], notes = clean_images(values)
        elif isinstance(values, LazyColumn):
            clean[name] = values
        elif name == "landmarks":
            clean[name] = clean_landmarks(values)
        elif name == "frame_numbers":
            clean[name] = _clean_frame_numbers(values)
        elif name == "source_region":
            clean[name] = clean_regions(values)
        elif name == "label":
            clean[name], classes = clean_labels(_clean_plain(name, values), classes)
        else:
            clean[name] = _clean_plain(name, values)
    check_lengths(clean)
    landmarks = clean.get("landmarks")
    if isinstance(landmarks, np.ndarray):
        clean["landmarks"], doubts = landmarks_in_pixels(landmarks, _image_sizes(clean))
        notes += doubts
    return CleanColumns(clean, classes, notes)


def check_lengths(columns: Mapping[str, Any]) -> None:
    """Refuse columns of different lengths, and a table without columns."""
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise FerError(f"columns of different lengths: {', '.join(f'{k} {v}' for k, v in lengths.items())}")
    if not columns:
        raise FerError("a table needs at least one column")


def _without_mask(name: str, values: Any) -> Any:
    """The values of a column, in which masked ones are missing ones."""
    if isinstance(values, LazyColumn) or not np.ma.is_masked(values):
        return values
    if name == "images":
        raise FerError("images have masked pixels: fill them, such as by images.filled(0)")
    mask = np.ma.getmaskarray(values)
    return np.where(mask, np.nan, values.data) if name == "landmarks" else np.where(mask, None, values.data)


def _clean_plain(name: str, values: Any) -> np.ndarray:
    """A column with one value per sample, or another one of the user."""
    if not (isinstance(values, list | tuple) or hasattr(values, "__array__") or np.isscalar(values)):
        raise FerError(f"{name} is of type {type(values).__name__}: an array or a LazyColumn is needed")
    try:
        values = as_plain_array(values)
    except ValueError as error:
        raise FerError(f"the values of {name} differ in shape: one value per sample is needed") from error
    if values.ndim != 1:
        raise FerError(f"{name} has shape {values.shape}: one value per sample is needed, shape (n,)")
    if name == "split":
        # Of millions of samples, only the different values are converted.
        distinct, at = np.unique(values, return_inverse=True) if values.dtype.kind == "U" else (values, slice(None))
        distinct = np.array([_plain_value(name, value) or "" for value in distinct.tolist()], str)
        values, unknown = distinct[at], set(distinct.tolist()) - {*SPLITS}
        if unknown:
            raise FerError(f"split '{min(unknown)}' is not one of {', '.join(SPLITS[:-1])}")
    return clean_subjects(values) if name == "subject" else values


def _clean_frame_numbers(values: Any) -> np.ndarray:
    numbers = np.asarray(values)
    if numbers.ndim != 2 or numbers.dtype.kind not in "iu":
        raise FerError(f"frame_numbers is {numbers.dtype} {numbers.shape}: integers (n, T) are needed")
    return numbers


def _image_sizes(columns: Mapping[str, Any]) -> np.ndarray | None:
    """Width and height of the images of each sample, (n, 2); None without images."""
    if "images" not in columns:
        return None
    images = as_lazy_column(columns["images"])
    n_frames = images.shape[1], columns["landmarks"].shape[1]
    if n_frames[0] != n_frames[1]:
        raise FerError(f"images have {n_frames[0]} frames per sample and landmarks {n_frames[1]}: they must agree")
    return images.sizes(np.arange(len(images)))


def _integers_or_text(name: str, values: np.ndarray) -> np.ndarray:
    """An array as integers or as text; -1 and '-1' where a value is missing."""
    if values.dtype.kind in "iu":
        return values
    if values.dtype.kind == "U" and not (values == "").any():
        return values
    found = [_plain_value(name, value) for value in values.tolist()]
    numeric = [UNLABELLED if value is None else value for value in found if not isinstance(value, str)]
    if len(numeric) == len(found):
        wrong = [value for value in numeric if abs(value) > MAX_INTEGER or value % 1]
        if wrong:
            raise FerError(f"{name} {wrong[0]} is not an integer: integers or text are needed")
        return np.array(numeric, np.float64).astype(np.int64)
    text = [str(UNKNOWN_SUBJECT) if value is None else str(value) for value in found]
    return values if text == found and values.dtype.kind == "O" else np.array(text, object)


def _plain_value(name: str, value: Any) -> Any:
    """A number or text of an array; None where it is missing: None, NaN, or empty text."""
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError as error:
            raise FerError(f"{name} {value!r} is not text in UTF-8") from error
    # A comparison with pandas.NA is neither true nor false.
    if value is None or type(value).__name__ == "NAType" or value == "" or value != value:
        return None
    if not isinstance(value, bool | int | float | str | np.integer | np.floating):
        raise FerError(f"{name} {value!r} is of type {type(value).__name__}: integers or text are needed")
    return value
