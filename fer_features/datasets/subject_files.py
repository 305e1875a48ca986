"""Files with the subject of each sample, which are joined with the samples by their ids where they have ids."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._csv import read_csv
from .._files import regular_file
from ..exceptions import FerError
from ..samples.groups import UNKNOWN_SUBJECT
from ..samples.hdf5 import h5_keys, read_h5
from ..samples.splits import in_training_split
from ..samples.table import Samples
from ..samples.validation import clean_subjects
from .sample_ids import check_repeated_ids, match_ids, sample_names

if TYPE_CHECKING:
    import pandas as pd

#: Columns of a csv file that identify a sample, in lower case.
ID_COLUMNS = ("id", "file", "filename")


@dataclasses.dataclass(frozen=True)
class SubjectIds:
    """Subjects as a file gives them.

    Attributes
    ----------
    subject : ndarray of int or str, shape (n,)
        -1 where unknown ('-1' among names).
    sample : list of n str, or None
        Id or file name of each sample; None where the file only gives an order.
    """

    subject: np.ndarray
    sample: list[str] | None = None


def with_subjects_from_file(X: Samples, path: Path) -> Samples:
    """Add the column 'subject' from a file.

    Parameters
    ----------
    X : Samples
    path : Path
        See `read_subjects`. With a column of ids, it gives a subject for each training sample, in any order, and can
        give one for samples of other splits if ids differ between splits. Without ids, it has one subject per training
        sample, or per sample of all splits, in their order.

    Returns
    -------
    Samples
        With the column 'subject', -1 for samples that the file does not cover.

    Raises
    ------
    FerError
        For a file that cannot be read, ids that are unknown, missing or repeated, and another number of subjects.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from fer_features import Samples
    >>> from fer_features.datasets import with_subjects_from_file
    >>> X = Samples.from_arrays(label=["joy", "fear"], id=["a.png", "b.png"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "subjects.csv"
    ...     pd.DataFrame({"id": ["b.png", "a.png"], "subject": ["anna", "ben"]}).to_csv(path, index=False)
    ...     with_subjects_from_file(X, path)["subject"].tolist()
    ['ben', 'anna']
    """
    given = read_subjects(path)
    train = np.flatnonzero(in_training_split(X))
    if given.sample is not None:
        indices = _joined(X, train, given.sample, path)
    elif len(given.subject) in (len(X), len(train)):
        indices = np.arange(len(X)) if len(given.subject) == len(X) else train
    else:
        all_splits = f" (or {len(X)} with the other splits)" if len(train) != len(X) else ""
        raise FerError(
            f"{path} has {len(given.subject)} subject ids and the training split {len(train)} samples{all_splits}: "
            "they must agree"
        )
    numbers = given.subject.dtype.kind in "iu"
    subject = np.full(len(X), UNKNOWN_SUBJECT if numbers else str(UNKNOWN_SUBJECT), np.int64 if numbers else object)
    subject[indices] = given.subject
    return X.with_columns(dataclasses.replace(X.info, subjects_from="file"), subject=subject)


def read_subjects(path: Path) -> SubjectIds:
    """Read subject ids from a file.

    Parameters
    ----------
    path : Path
        .h5 with one dataset (or with one that is named like the file), .npy, or .csv with a column 'subject' or with a
        single column, with or without header. A csv file can have one of the columns `ID_COLUMNS`; an index that
        pandas wrote as the first column counts as one unless it numbers the lines in their order. -1, NaN or an empty
        field means that a subject is unknown.

    Returns
    -------
    SubjectIds

    Raises
    ------
    FerError
        For a file that does not exist or cannot be read, and ids of another shape or type.
    """
    path = Path(path)
    readers = {".h5": _read_hdf5, ".hdf5": _read_hdf5, ".npy": _read_npy, ".csv": _read_csv}
    read = readers.get(path.suffix.lower())
    if read is None:
        raise FerError(f"{path}: subject ids are read from .h5, .npy or .csv")
    values, sample = read(path)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise FerError(f"{path} has shape {values.shape}: one subject id per sample, shape (n,), is needed")
    try:
        return SubjectIds(_integers_where_possible(clean_subjects(values)), sample)
    except FerError as error:
        raise FerError(f"{path}: {error}") from error


def _read_hdf5(path: Path) -> tuple[np.ndarray, None]:
    keys = h5_keys(path)
    keys = [path.stem] if path.stem in keys else keys
    if len(keys) != 1:
        raise FerError(f"{path} has the keys {', '.join(keys) or 'none'}: one dataset of subject ids is needed")
    return read_h5(path, keys[0]), None


def _read_npy(path: Path) -> tuple[np.ndarray, None]:
    try:
        values: Any = np.load(regular_file(path), allow_pickle=False)
    except FerError:
        raise
    except Exception as error:  # damaged files raise nearly every type of exception
        raise FerError(f"{path} cannot be read as .npy: {' '.join(str(error).split())}") from error
    if not isinstance(values, np.ndarray):
        raise FerError(f"{path} cannot be read as .npy: it is an archive of several arrays")
    return values, None


def _read_csv(path: Path) -> tuple[np.ndarray, list[str] | None]:
    table = read_csv(path)
    by_name = {name.lower(): name for name in table}
    if "subject" in by_name:
        id_column = next((by_name[name] for name in ID_COLUMNS if name in by_name), _index_column(table))
        sample = None if id_column is None else table[id_column].tolist()
        return table[by_name["subject"]].to_numpy(object), sample
    if table.shape[1] != 1:
        raise FerError(f"{path} has the columns {', '.join(table)}: a column 'subject' is needed")
    # A single column may have no header: a first line that looks like the others is an id.
    header, values = table.columns[0], table.iloc[:, 0].tolist()
    looks_like_id = header.lstrip("-").isdigit() or header in values
    return np.array([header, *values] if looks_like_id else values, object), None


def _index_column(table: pd.DataFrame) -> str | None:
    """The first column if it has no name or numbers the lines in another order than theirs, from 0 or from 1."""
    name = table.columns[0]
    values = table[name].tolist()
    orders = [[str(number) for number in range(start, start + len(table))] for start in (0, 1)]
    is_index = not name or (name.lower() != "subject" and any(set(values) == set(order) for order in orders))
    return name if is_index and values not in orders else None


def _integers_where_possible(subject: np.ndarray) -> np.ndarray:
    """Text that consists of integers as int64; other ids unchanged."""
    if subject.dtype.kind in "iu" or not all(re.fullmatch("-?[0-9]{1,18}", str(value).strip()) for value in subject):
        return subject
    return np.array([int(value) for value in subject], np.int64)


def _joined(X: Samples, train: np.ndarray, sample: list[str], path: Path) -> np.ndarray:
    """Index of the sample that each line of a file names."""
    check_repeated_ids(sample, path)
    names = sample_names(X)
    # Ids can count from 0 in each split; they then name samples of the training split.
    found = match_ids(sample, names, np.arange(len(X)) if len(set(names)) == len(names) else train)
    unknown = np.flatnonzero(found < 0)
    if unknown.size:
        raise FerError(
            f"{path} has {unknown.size} id(s) that no sample has, such as '{sample[unknown[0]]}': ids of samples are "
            f"of the form '{names[train[0]]}'"
        )
    missing = np.setdiff1d(train, found)
    if missing.size:
        raise FerError(f"{path} has no line for {missing.size} training sample(s), such as '{names[missing[0]]}'")
    return found
