"""Who is who: subject ids from a file, or inferred from the neutral frames."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from ..exceptions import FerError
from ..samples.table import Samples
from ..vision.subject_clustering import MIN_CONFIDENCE, infer_subjects


def with_subjects_from_file(X: Samples, path: Path) -> Samples:
    """The table with subject ids read from a file.

    Parameters
    ----------
    X : Samples
    path : Path
        .h5 with one dataset, .npy, or .csv with a column 'subject' (or a single column): one id for each row of the
        training part, or of the whole table, in order. -1 or empty means unknown.

    Returns
    -------
    Samples
        Ids are -1 in the rows that the file does not cover.

    Raises
    ------
    FerError
        For an unreadable file, another length, or no known id at all.
    """
    ids = read_subjects(path)
    train = np.flatnonzero(X["split"] == "train") if "split" in X else np.arange(len(X))
    if len(ids) == len(X):
        subject = ids
    elif len(ids) == len(train):
        subject = np.full(len(X), -1, dtype=np.result_type(ids.dtype, np.int64) if ids.dtype.kind in "iu" else object)
        subject[train] = ids
    else:
        whole = f" (or {len(X)}, with the test part)" if len(train) != len(X) else ""
        raise FerError(
            f"{path} has {len(ids)} subject ids and the training part {len(train)} rows{whole}: they must agree"
        )
    return X.with_columns(dataclasses.replace(X.info, subjects_from="file"), subject=subject)


def read_subjects(path: Path) -> np.ndarray:
    """Subject ids in a .h5, .npy or .csv file, shape (n,), int or str; -1 where unknown."""
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
        raise FerError(f"{path} has shape {ids.shape}: one subject id a row, shape (n,), is needed")
    return _tidy(ids, path)


def with_inferred_subjects(X: Samples, n_subjects: int | None = None) -> Samples:
    """The table with subject ids inferred for its training rows.

    Parameters
    ----------
    X : Samples
        With images or landmarks.
    n_subjects : int, optional
        How many people there are; found where not given.

    Returns
    -------
    Samples
        With the columns 'subject' (-1 in the test part and in rows without a face) and 'subject_confidence', and
        what is known of their worth in `info`.

    Raises
    ------
    FerError
        Where `n_subjects` is below 1 or above the number of rows with a face.
    """
    train = np.flatnonzero(X["split"] == "train") if "split" in X else np.arange(len(X))
    if n_subjects is not None and not 1 <= n_subjects <= len(train):
        raise FerError(f"--n-subjects {n_subjects}: between 1 and the {len(train)} training rows is needed")
    T = X[train]
    images = T.as_column("images") if "images" in X else None
    try:
        found = infer_subjects(images, T["landmarks"] if "landmarks" in X else None, n_subjects)
    except ValueError as error:
        raise FerError(f"subjects cannot be inferred: {error}") from error
    subject = np.full(len(X), -1)
    subject[train] = found.subjects
    row_confidence = np.full(len(X), np.nan, np.float32)
    row_confidence[train] = found.row_confidence
    leakage = ""
    if found.confidence < MIN_CONFIDENCE:
        leakage = (
            f"subjects could not be inferred reliably (confidence {found.confidence:.2f}, {MIN_CONFIDENCE:.2f} is "
            "needed): people may stand on both sides of a split and this score may leak; "
            "check subjects.csv, or give --subjects FILE"
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
    # A single column may come without a header: a first line that reads like the others is an id.
    header = table.columns[0]
    values = table.iloc[:, 0].tolist()
    looks_like_id = header.lstrip("-").isdigit() or header in values
    return np.array([header, *values] if looks_like_id else values, dtype=object)


def _tidy(ids: np.ndarray, path: Path) -> np.ndarray:
    if ids.dtype.kind in "iu":
        return ids.astype(np.int64)
    if ids.dtype.kind == "f":
        whole = np.where(np.isnan(ids), -1, ids)
        if (whole % 1 != 0).any():
            raise FerError(f"{path}: subject {whole[whole % 1 != 0][0]} is not a whole number")
        return whole.astype(np.int64)
    text = [value.decode() if isinstance(value, bytes) else str(value).strip() for value in ids]
    text = ["-1" if value in ("", "nan") else value for value in text]
    if all(value.lstrip("-").isdigit() for value in text):
        return np.array([int(value) for value in text])
    return np.array(text, dtype=object)
