"""Which rows of a table folds are drawn from."""

from __future__ import annotations

import numpy as np

from ..exceptions import FerError
from ..samples.table import Samples
from .protocol import official_parts


def rows_to_judge(usable: np.ndarray, X: Samples) -> tuple[np.ndarray, dict[str, int]]:
    """Rows that folds are drawn from: usable, labelled, of the official training part, with a subject where any has.

    Parameters
    ----------
    usable : ndarray of bool, shape (n,)
        Rows that can be described.
    X : Samples

    Returns
    -------
    rows : ndarray of int
    left_out : dict of str to int
        How many labelled rows are not among them, by why.

    Raises
    ------
    FerError
        Where none is left.
    """
    rows, left_out = labelled_rows(usable, X)
    return rows_for_folds(X, rows, left_out), left_out


def labelled_rows(usable: np.ndarray, X: Samples) -> tuple[np.ndarray, dict[str, int]]:
    """As `rows_to_judge`, of all official parts and people known or unknown."""
    labelled = np.asarray(X["label"]) >= 0
    if not labelled.any():
        raise FerError("no row has a label: there is nothing to learn from")
    left_out = {}
    if (labelled & ~usable).any():
        left_out["landmarks missing"] = int((labelled & ~usable).sum())
    if not (labelled & usable).any():
        raise FerError("no labelled row can be described: landmarks are missing in every one")
    return np.flatnonzero(labelled & usable), left_out


def rows_for_folds(X: Samples, rows: np.ndarray, left_out: dict[str, int]) -> np.ndarray:
    """Those of some rows that folds are drawn from; `left_out` gets the number of the others."""
    part = np.asarray(X[rows]["split"]) if "split" in X else None
    if part is not None and official_parts(part):
        left_out["not in the official training part"] = int((part != "train").sum())
        rows = rows[part == "train"]
    known = known_subjects(X, rows)
    if known is not None and not known.all():
        left_out["subject unknown"] = int((~known).sum())
        rows = rows[known]
    return rows


def known_subjects(X: Samples, rows: np.ndarray) -> np.ndarray | None:
    """Which of some rows have a subject, bool of the shape of `rows`; None where no row has."""
    if "subject" not in X:
        return None
    subject = np.asarray(X[rows]["subject"])
    known = subject.astype(str) != "-1"
    return known if known.any() else None
