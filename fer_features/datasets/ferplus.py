"""FER+: other labels for the images of FER2013, from the votes of ten annotators per image.

`fer2013new.csv` has the columns Usage, Image name, and then the number of votes for neutral, happiness, surprise,
sadness, anger, disgust, fear, contempt, unknown, and NF (no face). Its rows correspond to those of fer2013.csv.

The majority rule of the authors drops classes with a single vote. A class then wins with more than half of the
remaining votes. An image has no label where no class wins, or where 'unknown' or 'NF' does.

References
----------
Barsoum, Zhang, Canton Ferrer, Zhang, "Training deep networks for facial expression recognition with crowd-sourced label
distribution", ICMI 2016, doi:10.1145/2993148.2993165
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from .._csv import read_csv
from ..exceptions import FerError
from ..expressions import FERPLUS_CLASSES
from ..samples.table import Samples

#: Name of the file with the votes.
FERPLUS_FILE = "fer2013new.csv"

#: Largest number of votes of an image for a class; ten annotators voted.
MAX_VOTES = 1000

#: Columns with the numbers of votes, in lower case.
VOTE_COLUMNS = [*FERPLUS_CLASSES, "unknown", "nf"]


def majority_label(votes: np.ndarray) -> np.ndarray:
    """Majority label of each image.

    Parameters
    ----------
    votes : ndarray of int, shape (n, 10)
        Numbers of votes for the classes of `FERPLUS_CLASSES`, for 'unknown' and for 'no face'.

    Returns
    -------
    ndarray of int, shape (n,)
        Code in `FERPLUS_CLASSES`; -1 where no class has a majority.

    Examples
    --------
    >>> majority_label(np.array([[6, 4, 0, 0, 0, 0, 0, 0, 0, 0], [5, 5, 0, 0, 0, 0, 0, 0, 0, 0]]))
    array([ 0, -1])
    """
    counted = np.where(votes > 1, votes, 0)
    first = counted.argmax(1)
    has_majority = 2 * counted.max(1) > counted.sum(1)
    return np.where(has_majority & (first < len(FERPLUS_CLASSES)), first, -1)


def with_ferplus_labels(X: Samples, files: list[Path], n_rows: int, usage_splits: Mapping[str, str]) -> Samples:
    """Replace the labels of FER2013 by the majority of the votes of FER+.

    Parameters
    ----------
    X : Samples
        With 'id', the position in the csv file.
    files : list of Path
        The csv files that `X` was read from.
    n_rows : int
        Number of rows of the csv file, including those with faults.
    usage_splits : mapping of str to str
        From Usage in lower case to the values of 'split'.

    Returns
    -------
    Samples
        With labels in the coding of `FERPLUS_CLASSES`, -1 where there is no majority.

    Raises
    ------
    FerError
        Where the votes are absent, damaged, or do not correspond to the rows.
    """
    path = files[0].with_name(FERPLUS_FILE)
    if len(files) > 1 or not path.exists():
        raise FerError(f"labels='ferplus' needs {path}, with the votes, next to fer2013.csv or icml_face_data.csv")
    votes = read_csv(path).rename(columns=str.lower)
    absent = [name for name in VOTE_COLUMNS if name not in votes]
    if absent:
        raise FerError(f"{path} lacks the column(s) {', '.join(absent)}")
    if len(votes) != n_rows:
        raise FerError(f"{path} has {len(votes)} rows and {files[0]} {n_rows}: they must correspond row by row")
    votes = votes.iloc[X["id"]]
    _check_order(votes, path)
    counts = votes[VOTE_COLUMNS].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    wrong = ~((counts >= 0) & (counts <= MAX_VOTES) & (counts == np.trunc(counts))).all(1)
    if wrong.any():
        raise FerError(
            f"{path}: row {X['id'][wrong.argmax()]} has an invalid number of votes: integers from 0 to {MAX_VOTES} are "
            "needed"
        )
    if "usage" in votes and "split" in X:
        split = votes["usage"].str.lower().map(usage_splits).to_numpy()
        other = split != X["split"]
        if other.any():
            row = X["id"][other.argmax()]
            raise FerError(
                f"{path}: Usage in row {row} differs from that in {files[0].name}: they must correspond row by row"
            )
    label = majority_label(counts.astype(np.int64))
    note = f"majority labels of FER+: {(label < 0).sum()} sample(s) have no majority and no label"
    info = dataclasses.replace(X.info, classes=FERPLUS_CLASSES, notes=(*X.info.notes, note))
    return X.with_columns(info, label=label)


def _check_order(votes: pd.DataFrame, path: Path) -> None:
    """Refuse rows in another order than that of the numbers in the names of the images."""
    if "image name" in votes:
        numbers = pd.to_numeric(votes["image name"].str.extract(r"(\d{1,15})", expand=False)).dropna()
        if not numbers.is_monotonic_increasing:
            raise FerError(f"{path}: the rows are not in the order of 'Image name', which is that of fer2013.csv")
