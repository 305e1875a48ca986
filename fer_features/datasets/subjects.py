"""Subject identities: read from a file, or inferred from the neutral frames."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from ..exceptions import FerError
from ..samples.groups import UNKNOWN_SUBJECT
from ..samples.table import Samples
from ..vision.subject_clustering import MIN_GROUPING_CONFIDENCE, infer_subjects


def with_subjects_from_file(X: Samples, path: Path) -> Samples:
    """Add the column 'subject' from a file.

    Parameters
    ----------
    X : Samples
    path : Path
        See `read_subjects`. One id per sample of the training split, or of all splits, in their order.

    Returns
    -------
    Samples
        With the column 'subject', -1 for samples that the file does not cover.

    Raises
    ------
    FerError
        For an unreadable file and for another number of ids.
    """
    ids = read_subjects(path)
    train = np.flatnonzero(X["split"] == "train") if "split" in X else np.arange(len(X))
    if len(ids) == len(X):
        subject = ids
    elif len(ids) == len(train):
        subject = np.full(len(X), -1, dtype=np.result_type(ids.dtype, np.int64) if ids.dtype.kind in "iu" else object)
        subject[train] = ids
    else:
        all_splits = f" (or {len(X)} with the other splits)" if len(train) != len(X) else ""
        raise FerError(
            f"{path} has {len(ids)} subject ids and the training split {len(train)} samples{all_splits}: "
            "they must agree"
        )
    return X.with_columns(dataclasses.replace(X.info, subjects_from="file"), subject=subject)


def read_subjects(path: Path) -> np.ndarray:
    """Read subject ids from a file.

    Parameters
    ----------
    path : Path
        .h5 with one dataset (or with one that is named like the file), .npy, or .csv with a column 'subject' or with a
        single column, with or without header. -1, NaN or an empty field means unknown.

    Returns
    -------
    ndarray of int or str, shape (n,)
        -1 where unknown ('-1' among names).

    Raises
    ------
    FerError
        For a file that does not exist or cannot be read, and ids of another shape or type.
    """
    path = Path(path)
    if not path.exists():
        raise FerError(f"the subjects file {path} does not exist")
    try:
        if path.suffix in (".h5", ".hdf5"):
            with h5py.File(path) as file:
                keys = [path.stem] if path.stem in file else list(file)
                if len(keys) != 1:
                    raise FerError(
                        f"{path} has the keys {', '.join(keys) or 'none'}: one dataset of subject ids is needed"
                    )
                ids = file[keys[0]][()]
        elif path.suffix == ".npy":
            ids = np.load(path, allow_pickle=False)
        elif path.suffix == ".csv":
            ids = _read_csv(path)
        else:
            raise FerError(f"{path}: subject ids are read from .h5, .npy or .csv")
    except (OSError, EOFError, ValueError, UnicodeDecodeError) as error:
        if isinstance(error, FerError):
            raise
        raise FerError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    ids = np.squeeze(ids, 1) if ids.ndim == 2 and ids.shape[1] == 1 else ids
    if ids.ndim != 1:
        raise FerError(f"{path} has shape {ids.shape}: one subject id per sample, shape (n,), is needed")
    return _normalised(ids, path)


def with_inferred_subjects(X: Samples, n_subjects: int | None = None) -> Samples:
    """Add the column 'subject', inferred by clustering the neutral faces of the training samples.

    Parameters
    ----------
    X : Samples
        With images or landmarks.
    n_subjects : int, optional
        Number of subjects; estimated if not given.

    Returns
    -------
    Samples
        With the columns 'subject' (-1 in other splits and for samples without a face) and 'subject_confidence'. The
        confidence of the clustering, and a warning where it is low, are in `info`.

    Raises
    ------
    FerError
        Where `n_subjects` is below 1 or above the number of samples with a face.

    See Also
    --------
    fer_features.vision.subject_clustering.infer_subjects : The method.
    """
    train = np.flatnonzero(X["split"] == "train") if "split" in X else np.arange(len(X))
    if n_subjects is not None and not 1 <= n_subjects <= len(train):
        raise FerError(f"--n-subjects {n_subjects}: a number between 1 and the {len(train)} training samples is needed")
    T = X[train]
    images = T.column_view("images") if "images" in X else None
    try:
        found = infer_subjects(images, T["landmarks"] if "landmarks" in X else None, n_subjects)
    except ValueError as error:
        raise FerError(f"subjects cannot be inferred: {error}") from error
    subject = np.full(len(X), -1)
    subject[train] = found.subjects
    row_confidence = np.full(len(X), np.nan, np.float32)
    row_confidence[train] = found.sample_confidence
    leakage = ""
    if found.confidence < MIN_GROUPING_CONFIDENCE:
        leakage = (
            f"subjects could not be inferred reliably (confidence {found.confidence:.2f}, "
            f"{MIN_GROUPING_CONFIDENCE:.2f} is needed): the same subject may be in training and test, and scores may "
            "leak; check subjects.csv, or give --subjects FILE"
        )
    info = dataclasses.replace(
        X.info,
        subjects_from="inferred",
        subjects_confidence=round(float(found.confidence), 4),
        leakage=leakage,
    )
    return X.with_columns(info, subject=subject, subject_confidence=row_confidence)


def _read_csv(path: Path) -> np.ndarray:
    table = pd.read_csv(path, dtype=str, keep_default_na=False, skip_blank_lines=True)
    if "subject" in table:
        return table["subject"].to_numpy(dtype=object)
    if table.shape[1] != 1:
        raise FerError(f"{path} has the columns {', '.join(table)}: a column 'subject' is needed")
    # A single column may have no header: a first line that looks like the others is an id.
    header = table.columns[0]
    values = table.iloc[:, 0].tolist()
    looks_like_id = header.lstrip("-").isdigit() or header in values
    return np.array([header, *values] if looks_like_id else values, dtype=object)


def _normalised(ids: np.ndarray, path: Path) -> np.ndarray:
    """Ids as int64 where all are integers, else as str."""
    if ids.dtype.kind in "iu":
        return ids.astype(np.int64)
    if ids.dtype.kind == "f":
        values = np.where(np.isnan(ids), -1, ids)
        if (values % 1 != 0).any():
            raise FerError(f"{path}: subject {values[values % 1 != 0][0]} is not an integer")
        return values.astype(np.int64)
    text = [value.decode() if isinstance(value, bytes) else str(value).strip() for value in ids]
    text = [str(UNKNOWN_SUBJECT) if value in ("", "nan") else value for value in text]
    if all(value.lstrip("-").isdigit() for value in text):
        return np.array([int(value) for value in text])
    return np.array(text, dtype=object)
