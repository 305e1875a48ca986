"""Duplicate images: groups of equal samples, pairs of similar ones, and training sets without duplicates.

>>> import numpy as np
>>> from fer_features import Samples
>>> images = np.zeros((3, 48, 48), np.uint8)
>>> images[1] = 255
>>> X = Samples.from_arrays(images, label=[0, 1, 0])
>>> group = exact_duplicates(X)
>>> group.tolist()
[0, 1, 0]
>>> has_duplicate_in(group, [2], [0, 1]).tolist()
[True]
>>> without_duplicates(X, np.arange(3), group).tolist()
[0, 1]
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
from ..vision.near_duplicates import IMAGES_PER_BLOCK, correlated_pairs, high_pass_thumbnails
from .table import Samples

#: Correlation of high-pass thumbnails from which two images count as one photograph. On FER2013 554 pairs of different
#: images reach it. Of 70 pairs from 0.80 to 0.93 that were inspected, each was one photograph that was cropped, lit or
#: printed on in another way. The threshold is above 0.80 because two studio photographs of one subject are similar: of
#: the pairs of one subject with two expressions in KDEF 0.4 % reach 0.92 and 1.2 % reach 0.90; of two subjects none.
NEAR_DUPLICATE_CORRELATION = 0.92

#: Samples that are read together.
READ_BATCH_SIZE = 64


@dataclasses.dataclass(frozen=True)
class DuplicatePairs:
    """Pairs of samples with similar images.

    Attributes
    ----------
    indices : ndarray of int, shape (m, 2)
        Positions in the table, the smaller first; the most similar pair first.
    similarity : ndarray, shape (m,), float32
        Correlation of the high-pass thumbnails.
    mirrored : ndarray of bool, shape (m,)
        True if one image is similar to the mirror image of the other.
    """

    indices: np.ndarray
    similarity: np.ndarray
    mirrored: np.ndarray

    def __len__(self) -> int:
        return len(self.indices)


def exact_duplicates(X: Samples) -> np.ndarray:
    """Groups of samples with the same pixels in all frames.

    Parameters
    ----------
    X : Samples
        With n samples and the column 'images'.

    Returns
    -------
    ndarray of int, shape (n,)
        For each sample the position in `X` of the first sample with the same pixels; its own position if it is the
        first or the only one.

    Notes
    -----
    Compares 128-bit hashes of sizes and pixels, read in batches: memory does not grow with the size of the images.
    Complete clips are read only of samples whose last frame equals that of another sample.
    """
    group = _equal(X, lambda batch: batch.frame("images", -1))
    shared = np.flatnonzero(np.bincount(group, minlength=len(X))[group] > 1)
    group[shared] = shared[_equal(X[shared], lambda batch: batch["images"])]
    return group


def _equal(X: Samples, read: Callable[[Samples], Any]) -> np.ndarray:
    """For each sample the position of the first sample with equal values, (n,)."""
    first: dict[bytes, int] = {}
    group = np.empty(len(X), np.int64)
    starts = range(0, len(X), READ_BATCH_SIZE)
    for start in progress(starts, len(starts), "searching equal images"):
        for index, pixels in enumerate(read(X[start : start + READ_BATCH_SIZE]), start):
            digest = hashlib.blake2b(repr(np.shape(pixels)).encode(), digest_size=16)
            digest.update(np.ascontiguousarray(pixels).data)
            group[index] = first.setdefault(digest.digest(), index)
    return group


def near_duplicates(
    X: Samples,
    threshold: float = NEAR_DUPLICATE_CORRELATION,
    mirrored: bool = True,
    group: np.ndarray | None = None,
) -> DuplicatePairs:
    """Pairs of samples whose images are similar but not equal.

    Parameters
    ----------
    X : Samples
        With n samples and the column 'images'. Of clips the apex, which is the last frame, is compared.
    threshold : float
        Minimum correlation of the high-pass thumbnails, see `NEAR_DUPLICATE_CORRELATION`.
    mirrored : bool
        Whether to search mirrored images too, which doubles the time.
    group : ndarray of int, shape (n,), optional
        Result of `exact_duplicates`, which is computed if it is not given.

    Returns
    -------
    DuplicatePairs
        Of the first samples of their groups: each of several equal images is compared once.

    Notes
    -----
    All pairs are compared by matrix products of blocks, so that time grows with the square of n: 32,000 images of
    48 x 48 pixels take 25 s on one core including mirrored ones. Images without contrast are not compared.
    """
    group = exact_duplicates(X) if group is None else group
    firsts = np.flatnonzero(group == np.arange(len(X)))
    blocks = []
    starts = range(0, len(firsts), READ_BATCH_SIZE)
    for start in progress(starts, len(starts), "making thumbnails"):
        blocks.append(high_pass_thumbnails(X[firsts[start : start + READ_BATCH_SIZE]].frame("images", -1)))
    thumbnails = np.concatenate(blocks) if blocks else np.empty((0, 1), np.float32)
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for mirror in (False, True)[: 1 + mirrored]:
        label = "searching similar images" + (", mirrored" if mirror else "")
        similar = correlated_pairs(thumbnails, threshold, mirror)
        for first, second, value in progress(similar, -(-len(firsts) // IMAGES_PER_BLOCK), label):
            pairs = np.stack([firsts[first], firsts[second]], 1)
            found.append((pairs, value, np.full(len(value), mirror)))
    if not found:
        return DuplicatePairs(np.empty((0, 2), np.int64), np.empty(0, np.float32), np.empty(0, bool))
    pairs, similarity, flipped = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(-similarity, kind="stable")
    pairs, similarity, flipped = pairs[order], similarity[order], flipped[order]
    # A symmetric image is similar to its mirror image too: of such a pair the more similar orientation is reported.
    _, once = np.unique(pairs, axis=0, return_index=True)
    once.sort()
    return DuplicatePairs(pairs[once], similarity[once], flipped[once])


def merge_groups(group: np.ndarray, pairs: DuplicatePairs) -> np.ndarray:
    """Groups of equal samples, merged where near duplicates connect them.

    Parameters
    ----------
    group : ndarray of int, shape (n,)
        Result of `exact_duplicates`.
    pairs : DuplicatePairs
        Result of `near_duplicates`.

    Returns
    -------
    ndarray of int, shape (n,)
        For each sample the position of the first sample that is connected with it.
    """
    n = len(group)
    ends = np.concatenate([np.stack([group, np.arange(n)], 1), pairs.indices])
    graph = coo_array((np.ones(len(ends), bool), (ends[:, 0], ends[:, 1])), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    _, first, inverse = np.unique(component, return_index=True, return_inverse=True)
    return first[inverse]


def has_duplicate_in(group: np.ndarray, indices: Any, others: Any) -> np.ndarray:
    """Samples with a duplicate among other samples.

    Parameters
    ----------
    group : ndarray of int, shape (n,)
        Result of `exact_duplicates`, or of `merge_groups` to include near duplicates.
    indices : index of k samples
        Such as the test samples.
    others : index of samples
        Such as the training samples.

    Returns
    -------
    ndarray of bool, shape (k,)
    """
    return np.isin(group[indices], group[others])


def without_duplicates(X: Samples, indices: np.ndarray, group: np.ndarray) -> np.ndarray:
    """One sample of each group, for training.

    Parameters
    ----------
    X : Samples
        With labels; a label below 0 means unlabelled and does not count.
    indices : ndarray of int, shape (k,)
        The samples to select from.
    group : ndarray of int, shape (n,)
        Result of `exact_duplicates`.

    Returns
    -------
    ndarray of int
        The selected samples in the order of `indices`. Of a group with one label it is the first sample; of a group
        with several labels the first sample with the most frequent label; of a group without a single most frequent
        label none, because its class is unknown.
    """
    indices = np.asarray(indices)
    label, groups = X.label_codes[indices], group[indices]
    keep = np.ones(len(indices), bool)
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
    return indices[keep]
