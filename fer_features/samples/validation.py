"""Validation of the columns of a table: each is checked and converted to one shape and type."""

from __future__ import annotations

import difflib
import numbers
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..exceptions import FerError
from ..vision.geometry import MEDIAPIPE_TO_IBUG68, interpolate_missing_frames
from .columns import LazyColumn
from .groups import UNKNOWN_SUBJECT

#: Contents of each column that has a meaning, for messages and documentation.
COLUMNS = {
    "images": "(n, T, H, W) uint8, T frames, neutral first, apex last; T = 1 for stills",
    "landmarks": "(n, T, 68, 2) float, iBUG-68 points (x, y) in pixels of the images, NaN where missing",
    "label": "(n,) int, code of the expression in the data set's own coding, -1 where unknown",
    "subject": "(n,) int or str, id of the subject, -1 where unknown",
    "split": "(n,) str, the predefined split: 'train', 'validation' or 'test'",
    "id": "(n,) int or str, name of the sample in its source",
}

#: Those with one value per sample.
PLAIN_COLUMNS = ("label", "subject", "split", "id")

#: Label code of a sample without a label.
UNLABELLED = -1

#: Similarity in [0, 1] from which an unknown column name is taken for a misspelt name of `COLUMNS`.
MISSPELLING_SIMILARITY = 0.85


def clean_images(images: Any) -> Any:
    """Images in the form of the table.

    Parameters
    ----------
    images : array (n, T, H, W) or (n, H, W) of uint8, or LazyColumn

    Returns
    -------
    ndarray, shape (n, T, H, W), uint8, or LazyColumn
        A lazy column is returned as it is.

    Raises
    ------
    FerError
        For another shape or type.
    """
    if isinstance(images, LazyColumn):
        return images
    images = np.asarray(images)
    if images.ndim == 3:
        images = images[:, None]
    if images.ndim != 4:
        raise FerError(f"images have shape {images.shape}: (n, T, H, W), or (n, H, W) for stills, is needed")
    if images.dtype != np.uint8:
        raise FerError(f"images are of type {images.dtype}: 8-bit grey values (uint8) are needed")
    return images


def clean_landmarks(landmarks: Any) -> np.ndarray:
    """Landmarks in the form of the table.

    Parameters
    ----------
    landmarks : array, shape (n, [T,] 68, 2) or (n, [T,] 478, 2 or 3)
        iBUG-68 points, or points of the MediaPipe face mesh, of which x and y of 68 are taken. All-zero frames count
        as missing.

    Returns
    -------
    ndarray, shape (n, T, 68, 2), float32
        Missing frames are interpolated between their neighbours; NaN if no frame of the clip has landmarks.

    Raises
    ------
    FerError
        For another shape or type.
    """
    landmarks = np.asarray(landmarks)
    if landmarks.ndim == 3:
        landmarks = landmarks[:, None]
    if landmarks.ndim != 4 or landmarks.shape[2] not in (68, 478) or landmarks.shape[3] not in (2, 3):
        raise FerError(f"landmarks have shape {landmarks.shape}: (n, T, 68, 2) or (n, T, 478, 3) is needed")
    if landmarks.dtype.kind not in "iuf":
        raise FerError(f"landmarks are of type {landmarks.dtype}: integers or floats are needed")
    if landmarks.shape[2] == 478:
        landmarks = landmarks[:, :, MEDIAPIPE_TO_IBUG68]
    points = landmarks[..., :2].astype(np.float32)
    points[(points == 0).all((2, 3))] = np.nan
    return interpolate_missing_frames(points)


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
    values = _integers_or_text("label", np.asarray(label))
    if values.dtype.kind in "iu":
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
    return _integers_or_text("subject", np.asarray(subject))


def check_column_names(names: Iterable[str]) -> None:
    """Refuse further columns whose names look like a misspelt standard name, such as 'labels'."""
    for name in names:
        close = difflib.get_close_matches(name, COLUMNS, 1, MISSPELLING_SIMILARITY)
        if close and name not in COLUMNS:
            raise FerError(f"the column '{name}' looks like a misspelt '{close[0]}': rename it")


def columns_from_arrays(images: Any, landmarks: Any, plain: Mapping[str, Any]) -> dict[str, Any]:
    """Validated columns of the arguments of `Samples.from_arrays`; None means that a column is absent.

    Raises
    ------
    FerError
        For arrays of another rank or type, different numbers of frames, or a misspelt column name.
    """
    check_column_names(plain)
    columns: dict[str, Any] = {}
    if images is not None:
        columns["images"] = clean_images(images)
    if landmarks is not None:
        columns["landmarks"] = clean_landmarks(landmarks)
    for name, values in plain.items():
        if values is not None:
            if np.ndim(values) != 1:
                raise FerError(f"{name} has shape {np.shape(values)}: one value per sample is needed, shape (n,)")
            columns[name] = values
    if "images" in columns and "landmarks" in columns:
        frames, marked = columns["images"].shape[1], columns["landmarks"].shape[1]
        if frames != marked:
            raise FerError(f"images have {frames} frames per sample and landmarks {marked}: they must agree")
    return columns


def clean_columns(
    columns: Mapping[str, Any], classes: tuple[str, ...] = ()
) -> tuple[dict[str, np.ndarray | LazyColumn], tuple[str, ...]]:
    """Columns of a table as arrays or lazy columns, with int labels and tidy subject ids.

    Parameters
    ----------
    columns : mapping of str to array or LazyColumn
    classes : tuple of str
        See `clean_labels`.

    Returns
    -------
    columns : dict of str to ndarray or LazyColumn
    classes : tuple of str

    Raises
    ------
    FerError
        For a column that is not an array, columns of different lengths, or no column.
    """
    clean: dict[str, np.ndarray | LazyColumn] = {}
    for name, values in columns.items():
        if not isinstance(values, LazyColumn):
            if not (isinstance(values, list | tuple) or hasattr(values, "__array__") or np.isscalar(values)):
                raise FerError(f"{name} is of type {type(values).__name__}: an array or a LazyColumn is needed")
            values = np.asarray(values)
            if values.ndim == 0 or (name in PLAIN_COLUMNS and values.ndim != 1):
                raise FerError(f"{name} has shape {values.shape}: one value per sample is needed, shape (n,)")
            if name == "label":
                values, classes = clean_labels(values, classes)
            elif name == "subject":
                values = clean_subjects(values)
        clean[name] = values
    lengths = {name: len(column) for name, column in clean.items()}
    if len(set(lengths.values())) > 1:
        raise FerError(f"columns of different lengths: {', '.join(f'{k} {v}' for k, v in lengths.items())}")
    if not clean:
        raise FerError("a table needs at least one column")
    return clean, classes


def _integers_or_text(name: str, values: np.ndarray) -> np.ndarray:
    """An array as integers or as text; -1 and '-1' where a value is missing."""
    if values.dtype.kind in "iu":
        return values
    if values.dtype.kind == "U" and not (values == "").any():
        return values
    found = [_plain_value(value) for value in values.tolist()]
    if not all(isinstance(value, str) for value in found if value is not None):
        numeric = [UNLABELLED if value is None else value for value in found]
        if all(isinstance(value, numbers.Real) for value in numeric):
            for value in numeric:
                if not float(value).is_integer():
                    raise FerError(f"{name} {value} is not an integer: integers or text are needed")
            return np.array([int(value) for value in numeric], np.int64)
    text = [str(UNKNOWN_SUBJECT) if value is None else str(value) for value in found]
    return values if text == found and values.dtype.kind == "O" else np.array(text, object)


def _plain_value(value: Any) -> Any:
    """A value of an array; None where it is missing: None, NaN, or empty text."""
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    # A comparison with pandas.NA is neither true nor false.
    if value is None or type(value).__name__ == "NAType" or value == "" or value != value:
        return None
    return value
