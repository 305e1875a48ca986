"""The same picture twice: which rows are copies of each other, and which of them to learn from.

>>> group = exact_duplicates(X)  # equal numbers: equal pixels
>>> copies_in(group, test, train)  # which test rows stand in the training part too
>>> train = without_duplicates(X, train, group)  # one row of each group to learn from
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .._progress import progress
from ..vision.near_duplicates import BLOCK, fine_structure, similar_pairs
from .table import Samples

#: Correlation of fine structure from which two pictures are taken for one photograph. On FER2013 554 pairs of different
#: pictures reach it. Of 70 pairs looked at, from 0.80 to 0.93, each was one photograph, cut, lit or printed on anew. It
#: lies higher than 0.80 because in a studio one person looks alike twice: of the pairs of one person with two
#: expressions in KDEF 0.4 % reach 0.92 and 1.2 % reach 0.90; of two people none does.
NEAR = 0.92

#: Rows read together.
BATCH = 64


@dataclasses.dataclass(frozen=True)
class Pairs:
    """Pairs of rows that look the same.

    Attributes
    ----------
    rows : ndarray of int, shape (m, 2)
        Positions in the table, the smaller first; the most similar pair first.
    similarity : ndarray, shape (m,), float32
        Correlation of fine structure.
    mirrored : ndarray of bool, shape (m,)
        Whether one is the other seen in a mirror.
    """

    rows: np.ndarray
    similarity: np.ndarray
    mirrored: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)


def exact_duplicates(X: Samples) -> np.ndarray:
    """Which rows have the same pixels in all frames.

    Parameters
    ----------
    X : Samples
        With images of n rows.

    Returns
    -------
    ndarray of int, shape (n,)
        For each row the position in `X` of the first row with its pixels: its own where it is the first or the only.

    Notes
    -----
    By a 128-bit hash of sizes and pixels, read in batches: memory does not grow with the data. Whole clips are read
    only of rows whose last frame is another's too.
    """
    group = _equal(X, lambda rows: rows.frame("images", -1))
    alike = np.flatnonzero(np.bincount(group, minlength=len(X))[group] > 1)
    group[alike] = alike[_equal(X[alike], lambda rows: rows["images"])]
    return group


def _equal(X: Samples, read: Callable[[Samples], Any]) -> np.ndarray:
    """For each row the position of the first of which the same is read, (n,)."""
    first: dict[bytes, int] = {}
    group = np.empty(len(X), np.int64)
    starts = range(0, len(X), BATCH)
    for start in progress(starts, len(starts), "looking for equal pictures"):
        for row, pixels in enumerate(read(X[start : start + BATCH]), start):
            digest = hashlib.blake2b(repr(np.shape(pixels)).encode(), digest_size=16)
            digest.update(np.ascontiguousarray(pixels).data)
            group[row] = first.setdefault(digest.digest(), row)
    return group


def near_duplicates(
    X: Samples, threshold: float = NEAR, mirrored: bool = True, group: np.ndarray | None = None
) -> Pairs:
    """Pairs of rows whose pictures are nearly the same, but not equal.

    Parameters
    ----------
    X : Samples
        With images of n rows. Of sequences the apex, which is the last frame, is compared.
    threshold : float
        Least correlation of fine structure, see `NEAR`.
    mirrored : bool
        Whether to look for mirrored pictures too, which takes as long again.
    group : ndarray of int, shape (n,), optional
        What `exact_duplicates` gave; it is asked where not given.

    Returns
    -------
    Pairs
        Of rows that are the first of their group: an equal picture is compared once.

    Notes
    -----
    All pairs are compared by matrix products of blocks, so time grows with the square of the rows: 32,000 pictures of
    48 x 48 take 25 s on one core with mirrored ones. Flat pictures are no one's copies here.
    """
    group = exact_duplicates(X) if group is None else group
    rows = np.flatnonzero(group == np.arange(len(X)))
    blocks = []
    starts = range(0, len(rows), BATCH)
    for start in progress(starts, len(starts), "making pictures small"):
        blocks.append(fine_structure(X[rows[start : start + BATCH]].frame("images", -1)))
    structure = np.concatenate(blocks) if blocks else np.empty((0, 1), np.float32)
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for mirror in (False, True)[: 1 + mirrored]:
        label = "looking for similar pictures" + (", mirrored" if mirror else "")
        similar = similar_pairs(structure, threshold, mirror)
        for first, second, value in progress(similar, -(-len(rows) // BLOCK), label):
            pairs = np.stack([rows[first], rows[second]], 1)
            found.append((pairs, value, np.full(len(value), mirror)))
    if not found:
        return Pairs(np.empty((0, 2), np.int64), np.empty(0, np.float32), np.empty(0, bool))
    pairs, similarity, flipped = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(-similarity, kind="stable")
    pairs, similarity, flipped = pairs[order], similarity[order], flipped[order]
    # A symmetric picture is like its mirror image too; such a pair is told once, as it is more alike.
    _, once = np.unique(pairs, axis=0, return_index=True)
    once.sort()
    return Pairs(pairs[once], similarity[once], flipped[once])


def joined(group: np.ndarray, pairs: Pairs) -> np.ndarray:
    """Groups of equal rows joined where near duplicates connect them.

    Parameters
    ----------
    group : ndarray of int, shape (n,)
        See `exact_duplicates`.
    pairs : Pairs
        See `near_duplicates`.

    Returns
    -------
    ndarray of int, shape (n,)
        For each row the position of the first row that is connected with it.
    """
    n = len(group)
    ends = np.concatenate([np.stack([group, np.arange(n)], 1), pairs.rows])
    graph = coo_array((np.ones(len(ends), bool), (ends[:, 0], ends[:, 1])), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    _, first, inverse = np.unique(component, return_index=True, return_inverse=True)
    return first[inverse]


def copies_in(group: np.ndarray, rows: Any, of: Any) -> np.ndarray:
    """Which of some rows have a copy among others.

    Parameters
    ----------
    group : ndarray of int, shape (n,)
        See `exact_duplicates`, or `joined` to count near duplicates too.
    rows : index of k rows
        Such as those that are judged.
    of : index of rows
        Such as those that were learnt from.

    Returns
    -------
    ndarray of bool, shape (k,)
    """
    return np.isin(group[rows], group[of])


def without_duplicates(X: Samples, rows: np.ndarray, group: np.ndarray) -> np.ndarray:
    """One row of each group, to learn from.

    Parameters
    ----------
    X : Samples
        With labels; a label below 0 is none and has no say.
    rows : ndarray of int, shape (k,)
        Those to choose from.
    group : ndarray of int, shape (n,)
        See `exact_duplicates`.

    Returns
    -------
    ndarray of int
        Rows that are kept, in their order. Of a group with one label the first row is; of one with several the first
        with the label that most of its rows have; of one without a majority none, for then nobody knows what it shows.
    """
    rows = np.asarray(rows)
    label, groups = np.asarray(X["label"])[rows], group[rows]
    keep = np.ones(len(rows), bool)
    order = np.argsort(groups, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        if len(members) < 2:
            continue
        keep[members] = False
        codes, counts = np.unique(label[members][label[members] >= 0], return_counts=True)
        if not codes.size:
            keep[members[0]] = True
        elif (counts == counts.max()).sum() == 1:
            keep[members[label[members] == codes[counts.argmax()]][0]] = True
    return rows[keep]
