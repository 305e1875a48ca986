"""Subject clustering: subject identities of face clips without subject ids, for cross-validation by subject.

Samples are clustered by identity features, and the number of subjects is determined from the tree of clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform

from .identity_features import extract_identity_features, whiten_within_subjects

#: Below this confidence callers must warn that subjects could not be inferred reliably and scores may leak. On 36 sets
#: of real photographs (5 to 60 subjects; rendered head motion, illumination, blur, displaced landmarks) on which no
#: constant of this module was chosen, all 46 groupings at or above 0.3 had an adjusted Rand index of 0.99 or more, and
#: of 84 groupings made wrong on purpose by a wrong n_subjects, one reached it. A third of the correct groupings stayed
#: below, mostly because landmarks were off by pixels: a needless warning costs less than a leak.
MIN_GROUPING_CONFIDENCE = 0.3

#: At most so many samples are compared with each other; the others join the nearest group.
MAX_CLUSTERED_SAMPLES = 5000
#: Fraction of the samples, the least clear ones, that the confidence of the grouping tolerates.
DOUBTFUL_FRACTION = 0.05
#: Number of heights at which a cut of the tree is evaluated.
MAX_CUTS = 25


@dataclass(frozen=True)
class InferredSubjects:
    """Subjects inferred for n samples.

    Attributes
    ----------
    subjects : ndarray, shape (n,), int64
        0..n_subjects-1, numbered by first appearance; -1 where the neutral frame has no face.
    n_subjects : int
    confidence : float
        In [0, 1]: the sample confidence that 95 % of the samples with a face reach. It decreases where a subject is
        split (the halves are near each other), where subjects are merged (the faces are far from their own group) and
        where noise dominates. One wrong merge or split among dozens of subjects concerns too few samples to be
        detected; a merge causes no leakage, a split does.
    sample_confidence : ndarray, shape (n,), float32
        In [0, 1]: how much nearer, in cosine distance, a face is to its own group than to the next one. It is 0 for
        the only face of a group, which no other face confirms, and for samples without a face. If all samples show one
        subject: how far they are from differing as two subjects would.
    """

    subjects: np.ndarray
    n_subjects: int
    confidence: float
    sample_confidence: np.ndarray


def infer_subjects(
    images: Any,
    landmarks: np.ndarray | None,
    n_subjects: int | None = None,
    expression: np.ndarray | None = None,
    map_batches: Callable[..., Iterable[Any]] | None = None,
) -> InferredSubjects:
    """Group clips, or still images, by the subject that they show.

    Parameters
    ----------
    images : column, shape (n, T, H, W), uint8, or None
        Clips, neutral frame first, apex last: an object with `len` and ``images[indices]``. If it has a method
        ``frame(indices, t)``, only first and last frames are read. Without images only the shape of the neutral face is
        used, which is weak evidence.
    landmarks : ndarray, shape (n, T, 68, 2), or None
        iBUG-68 points (x, y) in pixels; a frame with any NaN has no face. Without landmarks complete images are
        registered, which removes translation and roll, but no yaw or pitch.
    n_subjects : int, optional
        The number of subjects, if it is known; by default it is estimated.
    expression : ndarray of int, shape (n,), optional
        Expression in the first frame, where it is not always neutral, as in still images.
    map_batches : callable, optional
        Applies a function to batches of samples, in order, as the built-in `map` does, which is the default; such as
        in threads.

    Returns
    -------
    InferredSubjects

    Raises
    ------
    ValueError
        If neither images nor landmarks are given, there are no samples, or `n_subjects` is not between 1 and the number
        of samples with a face (at most 5000).

    Notes
    -----
    1. The face is warped piecewise affinely to a frontal mean face (shape-free texture, Cootes et al. 2001), and local
       mean and contrast are normalized; features are histograms of gradients and pixels. Complete images are registered
       by their correlation (ECC, Evangelidis and Psarakis 2008).
    2. The change from neutral to apex is a change within one subject: the covariance of these changes is divided out
       (within-class covariance normalization, Hatch et al. 2006). Departure: the classes are not labelled; each clip is
       a class of its own. Still images (T = 1) are compared without this step; instead the mean of the features of each
       expression is subtracted, which is a part of what changes within a subject.
    3. Average linkage over cosine distances. The tree is cut where the mean margin of the samples, between the next
       group and their own, times the square root of the drop in the tree's height is largest. The margin is the
       silhouette (Rousseeuw 1987) without its division, which would favor near-copies: each photo session of one
       subject.
    4. The samples show one subject only if the squared distance of the groups, in units of the change from neutral to
       apex, and the mean margin add up to less than 1: sessions are near, and arbitrary cuts have no margin.
    5. Of more than 5000 samples a regular subset is clustered, and the others join the nearest group.

    References
    ----------
    T. F. Cootes, G. J. Edwards, C. J. Taylor, "Active appearance models", PAMI 23(6), 2001, doi:10.1109/34.927467.
    G. D. Evangelidis, E. Z. Psarakis, "Parametric image alignment using enhanced correlation coefficient maximization",
    PAMI 30(10), 2008, doi:10.1109/TPAMI.2008.113.
    A. O. Hatch, S. Kajarekar, A. Stolcke, "Within-class covariance normalization for SVM-based speaker recognition",
    Interspeech 2006.
    P. J. Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis", J. Comput.
    Appl. Math. 20, 1987, doi:10.1016/0377-0427(87)90125-7.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.vision.subject_clustering import infer_subjects
    >>> rng = np.random.default_rng(0)
    >>> faces = rng.integers(0, 256, (2, 60, 60)) // 2  # two subjects
    >>> images = faces[[0, 1, 0, 1], None] + rng.integers(0, 9, (4, 2, 60, 60))
    >>> infer_subjects(images.astype(np.uint8), landmarks=None, n_subjects=2).subjects
    array([0, 1, 0, 1])
    """
    neutral, apex = extract_identity_features(images, landmarks, map_batches)
    subjects = np.full(len(neutral[0]), -1, np.int64)
    sample_confidence = np.zeros(len(subjects), np.float32)
    has_face = np.isfinite(neutral[0]).all(1)
    n = int(has_face.sum())
    if n_subjects is not None and not 1 <= n_subjects <= min(n, MAX_CLUSTERED_SAMPLES):
        limit = min(n, MAX_CLUSTERED_SAMPLES)
        raise ValueError(f"n_subjects={n_subjects} must be between 1 and {limit}: {n} samples have a face")
    if n == 0:
        return InferredSubjects(subjects, 0, 0.0, sample_confidence)
    neutral, apex = ([block[has_face] for block in blocks] for blocks in (neutral, apex))
    if expression is not None:
        neutral, apex = (_without_expression(blocks, np.asarray(expression)[has_face]) for blocks in (neutral, apex))
    scaled, faces = whiten_within_subjects(neutral, apex)
    # The hypothesis of one subject is compared with the best split, which is therefore needed in any case.
    groups = _group(faces, n_subjects if n_subjects != 1 else None)
    margin = _margins(faces, groups)
    one_subject = 1.0 if n == 1 else 1 - _between_group_distance(scaled, groups) - margin.mean()
    if n_subjects == 1 or (n_subjects is None and one_subject > 0):
        # Faces of one shape may belong to several subjects: without pixels the result is a guess.
        groups = np.zeros(n, np.int64)
        margin = np.full(n, one_subject if images is not None or n == 1 else 0)
    subjects[has_face], sample_confidence[has_face] = groups, np.clip(margin, 0, 1)
    confidence = float(np.quantile(sample_confidence[has_face], DOUBTFUL_FRACTION))
    return InferredSubjects(subjects, int(groups.max()) + 1, confidence, sample_confidence)


def _without_expression(blocks: list[np.ndarray], expression: np.ndarray) -> list[np.ndarray]:
    """Blocks of features (n, d) without the mean of the faces with the same expression."""
    code = np.unique(expression, return_inverse=True)[1]
    return [block - _group_means(block, code)[code] for block in blocks]


def _group(faces: np.ndarray, n_subjects: int | None) -> np.ndarray:
    """Groups (n,), numbered by first appearance, by average linkage over cosine distances."""
    if len(faces) == 1:
        return np.zeros(1, np.int64)
    clustered = np.arange(0, len(faces), -(-len(faces) // MAX_CLUSTERED_SAMPLES))
    cosine = faces[clustered] @ faces[clustered].T
    tree = linkage(squareform(np.clip(1 - cosine, 0, 2), checks=False), "average")
    found = _cut(tree, n_subjects or _estimate_n_groups(tree, faces[clustered]))
    groups = (faces @ _group_means(faces[clustered], found).T).argmax(1)
    groups[clustered] = found
    _, first, groups = np.unique(groups, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[groups]


def _estimate_n_groups(tree: np.ndarray, faces: np.ndarray) -> int:
    """Number of groups, at least 2, at the best of the deepest drops in the height of the tree."""
    heights = np.clip(np.append(tree[::-1, 2], 0), 0, 1)
    drops = heights[:-1] - heights[1:]
    cuts = np.argsort(-drops, kind="stable")[:MAX_CUTS]
    scores = [_margins(faces, _cut(tree, k + 2)).mean() * np.sqrt(drops[k]) for k in cuts]
    return int(cuts[np.argmax(scores)]) + 2


def _cut(tree: np.ndarray, k: int) -> np.ndarray:
    """Exactly k groups, even where heights are equal: the last k - 1 merges are undone."""
    n = len(tree) + 1
    merged = tree[: n - k, :2].astype(int)
    into = np.repeat(np.arange(n, 2 * n - k), 2)
    graph = coo_array((np.ones(into.size), (merged.ravel(), into)), shape=(2 * n, 2 * n))
    return np.unique(connected_components(graph, directed=False)[1][:n], return_inverse=True)[1]


def _group_means(features: np.ndarray, groups: np.ndarray) -> np.ndarray:
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups)
    means = np.add.reduceat(features[order], np.cumsum(sizes) - sizes) / sizes[:, None]
    return means.astype(features.dtype, copy=False)


def _between_group_distance(features: np.ndarray, groups: np.ndarray) -> float:
    """Mean squared distance between faces of different groups: of all pairs minus that of pairs within groups."""
    sizes, norms = np.bincount(groups), np.bincount(groups, np.square(features).sum(1))
    pairs = len(features) * norms.sum() - np.square(features.sum(0)).sum()
    within = sizes * norms - sizes**2 * np.square(_group_means(features, groups)).sum(1)
    return 2 * (pairs - within.sum()) / max(len(features) ** 2 - np.square(sizes).sum(), 1)


def _margins(faces: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """How much nearer each face is to its own group than to the next one, (n,); 0 for a face alone in its group."""
    indices, sizes = np.arange(len(faces)), np.bincount(groups)
    distance = 1 - faces @ _group_means(faces, groups).T
    own = (distance[indices, groups] * sizes[groups]) / np.maximum(sizes[groups] - 1, 1)
    distance[indices, groups] = 1  # cosine distance of unrelated faces: larger distances are not rewarded
    return np.where(sizes[groups] > 1, distance.min(1) - own, 0.0)
