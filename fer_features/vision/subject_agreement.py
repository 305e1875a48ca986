"""Agreement of given subject ids with identity features: which ids the images contradict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

#: Below this median similarity within halves of subjects the faces identify the subjects too weakly to compare groups.
MIN_SIMILARITY = 0.4
#: A sample that is so much more similar to another subject than to its own is misplaced.
MISPLACED_DIFFERENCE = 0.5
#: Two groups of one id below this similarity are two subjects. Sessions of one subject have 0.41 and more.
MAX_MERGED_SIMILARITY = 1 / 3
#: Two ids above this similarity are one subject. Different subjects have up to 0.58 (rendered) and 0.38 (photographs).
MIN_SPLIT_SIMILARITY = 0.75


@dataclass(frozen=True)
class SubjectAgreement:
    """Agreement of subject ids with identity features.

    Similarities between groups are relative: 0 is the median of different subjects, 1 the median within subjects.

    Attributes
    ----------
    within, between : float
        Median over subjects of the mean cosine of their samples, and over pairs of subjects.
    p_value : float
        Of the similarity within subjects, by permutation of the ids over samples.
    misplaced : tuple of int
        Samples that are clearly more similar to another subject.
    merged : tuple of int
        Subjects whose samples form two groups that are as different as two subjects.
    split : tuple of (int, int)
        Pairs of subjects that are as similar as the samples of one subject.
    """

    within: float
    between: float
    p_value: float
    misplaced: tuple[int, ...]
    merged: tuple[int, ...]
    split: tuple[tuple[int, int], ...]


def subject_agreement(
    faces: np.ndarray, groups: np.ndarray, *, compare_groups: bool = True, seed: int = 0, n_permutations: int = 99
) -> SubjectAgreement:
    """Compare subject ids with identity features.

    Parameters
    ----------
    faces : ndarray, shape (n, r)
        Features of unit length, as from `fer_features.vision.identity_features.whiten_within_subjects`.
    groups : ndarray of int, shape (n,)
        Subjects, 0 to k-1, at least two; some of them with two or more samples.
    compare_groups : bool, default True
        Whether merged and split subjects are searched. Features of landmarks alone are too similar for it.
    seed, n_permutations : int
        Of the permutation test; the smallest p-value is ``1 / (1 + n_permutations)``.

    Returns
    -------
    SubjectAgreement
        Where the faces identify the subjects too weakly (`MIN_SIMILARITY`), no subject counts as merged or split.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> faces = np.eye(9)[np.repeat(np.arange(4), 6)] + 0.1 * rng.normal(size=(24, 9))
    >>> faces /= np.linalg.norm(faces, axis=1, keepdims=True)
    >>> groups = np.repeat([0, 1, 2, 2], 6)  # the last two subjects have one id
    >>> subject_agreement(faces, groups).merged
    (2,)
    """
    sizes = np.bincount(groups)
    sums = _sums(faces, groups)
    cosine = sums @ sums.T
    several = sizes > 1
    within = _mean_within(np.diag(cosine)[several], sizes[several])
    between = cosine / np.outer(sizes, sizes)
    pairs = np.triu_indices(len(sizes), 1)
    low, high = float(np.median(between[pairs])), float(np.median(within))
    scale = max(high - low, 1e-6)
    relative = (between - low) / scale
    halves = {int(i): _halves(faces[groups == i]) for i in np.flatnonzero(sizes >= 4)}
    # Where all ids belong to two subjects, only their halves are similar in themselves.
    similarity_of_halves = [one.within for one in halves.values() if one is not None] or [high]
    compare_groups = compare_groups and float(np.median(similarity_of_halves)) >= MIN_SIMILARITY
    return SubjectAgreement(
        within=high,
        between=low,
        p_value=_p_value(faces, groups, seed, n_permutations),
        misplaced=_misplaced(faces, groups, sums, sizes, scale),
        merged=tuple(i for i, one in halves.items() if compare_groups and _differ(one, low, scale)),
        split=tuple(
            (int(a), int(b))
            for a, b in zip(*pairs, strict=True)
            if compare_groups and relative[a, b] > MIN_SPLIT_SIMILARITY
        ),
    )


def _sums(faces: np.ndarray, groups: np.ndarray) -> np.ndarray:
    sums = np.zeros((groups.max() + 1, faces.shape[1]))
    np.add.at(sums, groups, faces)
    return sums


def _mean_within(squared_sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Mean cosine of different samples of each group, from the squared length of its sum."""
    return (squared_sums - sizes) / (sizes * (sizes - 1))


def _p_value(faces: np.ndarray, groups: np.ndarray, seed: int, n_permutations: int) -> float:
    sizes = np.bincount(groups)
    several = sizes > 1

    def statistic(one: np.ndarray) -> float:
        squared = np.square(_sums(faces, one)).sum(1)[several]
        return float(np.average(_mean_within(squared, sizes[several]), weights=sizes[several]))

    rng, real = np.random.default_rng(seed), statistic(groups)
    n_reached = sum(statistic(rng.permutation(groups)) >= real for _ in range(n_permutations))
    return (1 + n_reached) / (1 + n_permutations)


def _misplaced(
    faces: np.ndarray, groups: np.ndarray, sums: np.ndarray, sizes: np.ndarray, scale: float
) -> tuple[int, ...]:
    """Samples that are more similar to another group than to the other samples of their own."""
    indices = np.arange(len(faces))
    similarity = faces @ sums.T
    own = (similarity[indices, groups] - 1) / np.maximum(sizes[groups] - 1, 1)
    similarity /= sizes
    similarity[indices, groups] = -1
    found = ((similarity.max(1) - own) / scale > MISPLACED_DIFFERENCE) & (sizes[groups] > 1)
    return tuple(np.flatnonzero(found).tolist())


@dataclass(frozen=True)
class _Halves:
    """Mean cosine within the less similar half of the samples of one id, and across the halves."""

    within: float
    across: float


def _halves(faces: np.ndarray) -> _Halves | None:
    """The two groups of average linkage; None where one of them is a single, unusual face."""
    distance = squareform(np.clip(1 - faces @ faces.T, 0, 2), checks=False)
    half = fcluster(linkage(distance, "average"), 2, "maxclust") - 1
    sizes = np.bincount(half, minlength=2)
    if sizes.min() < 2:
        return None
    sums = _sums(faces, half)
    within = _mean_within(np.square(sums).sum(1), sizes)
    return _Halves(float(within.min()), float(sums[0] @ sums[1] / sizes.prod()))


def _differ(halves: _Halves | None, low: float, scale: float) -> bool:
    """Whether two halves are similar in themselves and differ like two subjects."""
    if halves is None:
        return False
    return (halves.across - low) / scale < MAX_MERGED_SIMILARITY and (halves.within - low) / scale > 0.5
