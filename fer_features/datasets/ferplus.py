"""FER+: the pictures of FER2013 with other labels, voted for by ten people each.

`fer2013new.csv` has the columns Usage, Image name, and then how many voted for neutral, happiness, surprise, sadness,
anger, disgust, fear, contempt, unknown, and NF (no face); its rows go one by one with those of fer2013.csv.

By the authors' rule for the majority (Barsoum et al., ICMI 2016), classes with a single vote are dropped, and a class
wins by more than half of the votes that are left. Rows that none wins, or 'unknown' or 'NF', have no label.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from ..exceptions import FerError
from ..expressions import FERPLUS
from ..samples.table import Samples

COLUMNS = [*FERPLUS, "unknown", "nf"]


def majority(votes: np.ndarray) -> np.ndarray:
    """The class that most people voted for.

    Parameters
    ----------
    votes : ndarray of int, shape (n, 10)
        For the classes of `FERPLUS`, unknown, and no face.

    Returns
    -------
    ndarray of int, shape (n,)
        Code in `FERPLUS`; -1 where no class has a majority.
    """
    counted = np.where(votes > 1, votes, 0)
    first = counted.argmax(1)
    won = 2 * counted.max(1) > counted.sum(1)
    return np.where(won & (first < len(FERPLUS)), first, -1)


def with_votes(X: Samples, files: list[Path], n: int, parts: Mapping[str, str]) -> Samples:
    """FER2013 with labels by the majority of the votes that lie beside it.

    Parameters
    ----------
    X : Samples
        With 'id', the position in the file.
    files : list of Path
        That the table was read from.
    n : int
        Rows of the file, faulty ones included.
    parts : mapping of str to str
        From Usage in lower case to 'split'.

    Raises
    ------
    FerError
        Where the votes are absent, damaged, or not those of the same rows.
    """
    path = files[0].with_name("fer2013new.csv")
    if len(files) > 1 or not path.exists():
        raise FerError(f"--labels ferplus needs {path}, with the votes, beside fer2013.csv or icml_face_data.csv")
    try:
        votes = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise FerError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    votes.columns = votes.columns.str.strip().str.lower()
    absent = [name for name in COLUMNS if name not in votes]
    if absent:
        raise FerError(f"{path} lacks the column(s) {', '.join(absent)}")
    if len(votes) != n:
        raise FerError(f"{path} has {len(votes)} rows and {files[0]} {n}: they go row by row, so they must agree")
    votes = votes.iloc[X["id"]]
    counts = votes[COLUMNS].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    wrong = ~(counts >= 0).all(1)
    if wrong.any():
        raise FerError(f"{path}: row {X['id'][wrong.argmax()]} has a vote that is not a number of people")
    if "usage" in votes and "split" in X:
        usage = votes["usage"].astype(str).str.strip().str.lower().map(parts).to_numpy()
        other = usage != X["split"]
        if other.any():
            row = X["id"][other.argmax()]
            raise FerError(f"{path}: Usage in row {row} is not that in {files[0].name}: they must go row by row")
    label = majority(counts.astype(np.int64))
    note = f"labels of FER+ by majority: {(label < 0).sum()} row(s) have none"
    info = dataclasses.replace(X.info, classes=FERPLUS, notes=(*X.info.notes, note))
    return X.with_columns(info, label=label)
