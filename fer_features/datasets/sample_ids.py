"""Lines of files that name samples by their ids are joined with the samples of a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .._csv import utf8_text
from ..exceptions import FerError
from ..samples.table import Samples


def sample_names(X: Samples) -> list[str]:
    """Id of each sample as text; its position in the table where the samples have no ids.

    Examples
    --------
    >>> sample_names(Samples.from_arrays(label=[0, 1, 1], id=["a.png", "b.png", "c.png"]))
    ['a.png', 'b.png', 'c.png']
    """
    return [utf8_text(str(name)) for name in (X["id"] if "id" in X else range(len(X)))]


def check_repeated_ids(ids: Sequence[str], path: Path) -> None:
    """Raise `FerError` if a file names a sample twice."""
    repeated = [name for name, count in Counter(ids).items() if count > 1]
    if repeated:
        raise FerError(f"{path} has {len(repeated)} repeated id(s), such as '{repeated[0]}': one line per sample")


def match_ids(ids: Sequence[str], names: Sequence[str], indices: np.ndarray) -> np.ndarray:
    """Index of the sample that each id of a file names.

    Parameters
    ----------
    ids : sequence of m str
        Names of samples, or names of their files without folders if these differ.
    names : sequence of n str
        From `sample_names`.
    indices : ndarray, shape (k,), int
        The samples that can be named; their names differ.

    Returns
    -------
    ndarray, shape (m,), int
        -1 for an id that no sample has.

    Examples
    --------
    >>> match_ids(["b.png", "x.png"], ["sad/a.png", "sad/b.png"], np.arange(2)).tolist()
    [1, -1]
    """
    index_of = {names[i]: int(i) for i in indices}
    if not any("/" in name for name in ids):
        file_names = [names[i].rsplit("/", 1)[-1] for i in indices]
        if len(set(file_names)) == len(file_names):
            index_of = dict(zip(file_names, indices.tolist(), strict=True))
    return np.array([index_of.get(name, -1) for name in ids], int)
