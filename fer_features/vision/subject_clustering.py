"""Who is who: the subjects of face clips that come without subject ids, for cross-validation by subject.

The neutral face of each clip is described so that light and head pose fall away; what else changes in the
face of one person is learnt from the clips, whose first and last frame show one person, and divided out; then
rows are clustered, and the number of people is read off the tree.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.linalg import eigh
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay
from scipy.spatial.distance import squareform

from .geometry import MEAN_FACE, similarity, transform
from .hog import hog

#: Below it a run should say: subjects could not be inferred reliably; scores may leak. On 36 sets of real
#: photographs (5 to 60 people; rendered head motion, light, blur, displaced landmarks) that no constant here
#: was chosen on, all 46 groupings at or above 0.3 had an adjusted Rand index of 0.99 or more, and of 84 made
#: wrong on purpose by a wrong n_subjects, one passed. A third of the right ones came out below, mostly for
#: landmarks off by pixels: a needless warning costs less than a leak.
MIN_CONFIDENCE = 0.3

_WIDTH, _HEIGHT = 72, 96  # pixels of the warped face: moles and brows show, pores and noise do not
_COMPONENTS = 250  # principal components kept
_SHRINKAGE = 0.2  # of the within-person covariance towards a sphere
_LEARN_FROM = 600  # clips at most that components and covariance are learnt from: their cost is cubic
_CLUSTER = 5000  # rows at most whose pairs are all compared; the others join the nearest group
_DOUBTFUL = 0.05  # part of the rows, the least clear, that the confidence in the whole rests on
_CUTS = 25  # heights at which the tree is tried


@dataclass(frozen=True)
class InferredSubjects:
    """People found among n rows.

    Attributes
    ----------
    subjects : ndarray, shape (n,), int64
        0..n_subjects-1, numbered by first appearance; -1 where the neutral frame cannot be described.
    n_subjects : int
    confidence : float
        In [0, 1]: the row confidence that all but the least clear twentieth of the described rows reach. It
        falls where a person is split (the halves are near each other), where people are merged (the faces
        are far from their own group) and where noise drowns them. One wrong merge or split among dozens of
        people is too few rows for it to see; a merge leaks nothing, a split does.
    row_confidence : ndarray, shape (n,), float32
        In [0, 1]: how much nearer, in cosine distance, a face is to its own group than to the next; 0 for a
        face alone in its group, which nothing confirms, and for undescribed rows. Where all rows are one
        person: how far they stay from differing as two people would.
    """

    subjects: np.ndarray
    n_subjects: int
    confidence: float
    row_confidence: np.ndarray


def infer_subjects(
    images: Any,
    landmarks: np.ndarray | None,
    n_subjects: int | None = None,
) -> InferredSubjects:
    """Group clips by the person they show.

    Parameters
    ----------
    images : column, shape (n, T, H, W), uint8, or None
        Clips, neutral frame first, apex last: anything with `len` and ``images[rows]``. Where it has a method
        ``frame(rows, t)``, only first and last frames are read. Without images the shape of the neutral face
        has to do, which is weak.
    landmarks : ndarray, shape (n, T, 68, 2), or None
        iBUG-68 points (x, y) in pixels; a frame with any NaN has no face. Without landmarks whole pictures
        are registered, which takes out shift and roll but no turn of the head.
    n_subjects : int, optional
        The number of people, where it is known; otherwise it is found.

    Returns
    -------
    InferredSubjects

    Raises
    ------
    ValueError
        Where neither images nor landmarks are given, or no rows, or `n_subjects` is not between 1 and the
        number of rows that can be described (at most 5000).

    Notes
    -----
    1. The face is warped piecewise to a frontal mean face (shape-free texture, Cootes et al. 2001), local
       mean and contrast are divided out; gradient histograms and pixels describe it. Whole pictures are
       registered by their correlation (ECC, Evangelidis and Psarakis 2008).
    2. What changes from neutral to apex changes within one person: the covariance of these differences is
       divided out (within-class covariance normalisation, Hatch et al. 2006). Their classes are labelled;
       here each clip is a class of its own. Stills (T = 1) are compared without it.
    3. Average linkage over cosine distances, cut where the mean margin of the rows, between the next group
       and the own, times the root of the drop in the tree's height is largest. The margin is the silhouette
       (Rousseeuw 1987) without its division, which favours near-copies: each photo session of one person.
    4. It is one person only if the squared distance of the groups, in units of the change from neutral to
       apex, and the mean margin add up to less than 1: sessions are near, arbitrary cuts have no margin.
    5. Of more than 5000 rows a regular sample is clustered, and the others join the nearest group.

    References
    ----------
    Cootes, Edwards, Taylor, "Active appearance models", PAMI 23, 2001.
    Evangelidis, Psarakis, "Parametric image alignment using ECC maximization", PAMI 30, 2008.
    Hatch, Kajarekar, Stolcke, "Within-class covariance normalization for SVM-based speaker recognition", 2006
    Rousseeuw, "Silhouettes", J. Comput. Appl. Math. 20, 1987.
    """
    neutral, apex = _describe(images, landmarks)
    subjects = np.full(len(neutral[0]), -1, np.int64)
    row_confidence = np.zeros(len(subjects), np.float32)
    known = np.isfinite(neutral[0]).all(1)
    n = int(known.sum())
    if n_subjects is not None and not 1 <= n_subjects <= min(n, _CLUSTER):
        most = min(n, _CLUSTER)
        raise ValueError(f"n_subjects={n_subjects} must lie between 1 and {most}: {n} rows can be described")
    if n == 0:
        return InferredSubjects(subjects, 0, 0.0, row_confidence)
    raw, faces = _whiten([block[known] for block in neutral], [block[known] for block in apex])
    # One person is judged against the best split, so that is wanted in any case.
    groups = _group(faces, n_subjects if n_subjects != 1 else None)
    clear = _margin(faces, groups)
    one = 1.0 if n == 1 else 1 - _apart(raw, groups) - clear.mean()
    if n_subjects == 1 or (n_subjects is None and one > 0):
        # Faces of one shape need not be one person's: without pixels that is no more than a guess.
        groups, clear = np.zeros(n, np.int64), np.full(n, one if images is not None or n == 1 else 0)
    subjects[known], row_confidence[known] = groups, np.clip(clear, 0, 1)
    confidence = float(np.quantile(row_confidence[known], _DOUBTFUL))
    return InferredSubjects(subjects, int(groups.max()) + 1, confidence, row_confidence)


def _describe(images: Any, landmarks: np.ndarray | None) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Blocks of features, each (n, d), of the first and of the last frames; NaN where there is no face."""
    if images is None and landmarks is None:
        raise ValueError("subjects are inferred from images or from landmarks; neither is given")
    given: Any = landmarks if images is None else images
    if len(given) == 0:
        raise ValueError("there are no rows to group by subject")
    if landmarks is None:
        pictures = _register(np.concatenate([_whole_pictures(images, t) for t in (0, -1)]))
        blocks = [_appearance(p) for p in np.split(pictures, 2)]
        return blocks[0], blocks[1]
    neutral, apex = (np.asarray(landmarks[:, t], np.float64) for t in (0, -1))
    if images is None:
        shapes = [transform(similarity(p, MEAN_FACE), p).reshape(len(p), -1) for p in (neutral, apex)]
        return [shapes[0]], [shapes[1]]
    first = _appearance(_shape_free_faces(images, neutral, 0))
    return first, _appearance(_shape_free_faces(images, apex, -1)) if landmarks.shape[1] > 1 else first


def _appearance(pictures: np.ndarray) -> list[np.ndarray]:
    """Edges by cell, and the picture itself at half its size."""
    grey = np.clip(40 * np.nan_to_num(pictures) + 128, 0, 255).astype(np.uint8)
    edges = np.concatenate([hog(grey[i : i + 64], 8, 8, 1, signed=True) for i in range(0, len(grey), 64)])
    n, height, width = pictures.shape
    halves = pictures.reshape(n, height // 2, 2, width // 2, 2).mean((2, 4)).reshape(n, -1)
    size = np.linalg.norm(halves, axis=1, keepdims=True)
    edges[~(size[:, 0] > 1)] = np.nan  # no face, or nothing in the picture
    return [np.sqrt(edges), halves / (size + 1e-6)]


def _shape_free_faces(images: Any, landmarks: np.ndarray, t: int) -> np.ndarray:
    """Faces of frame `t` warped, triangle by triangle, to the mean face: no pose, no open mouth is left."""
    inside, corners, weights = _triangles()
    faces = np.full((len(landmarks), _HEIGHT, _WIDTH), np.nan, np.float32)
    for face, picture, points in zip(faces, _pictures(images, len(landmarks), t), landmarks, strict=True):
        size = max(np.ptp(points[:, 0]), 1.0)
        if np.isfinite(points).all():
            # Shrunk to little more than the face wanted, lest the warp alias.
            shrink = min(1.0, 1.3 * _WIDTH / size)
            small = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
            at = np.einsum("pk,pkd->dp", weights, ((points + 0.5) * shrink - 0.5)[corners]).astype(np.float32)
            grey = np.zeros(inside.shape, np.float32)
            edge = cv2.BORDER_REPLICATE  # of points that left the picture
            grey[inside] = cv2.remap(small, at[:1], at[1:], cv2.INTER_LINEAR, borderMode=edge)[0]
            if np.ptp(grey[inside]) > 0:  # a picture of one grey shows nobody
                face[:] = _even_light(grey, inside.astype(np.float32))
    return faces


@functools.cache
def _triangles() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels inside the mean face (H, W), triangle corners and barycentric weights (pixels, 3)."""
    low, high = MEAN_FACE.min(0), MEAN_FACE.max(0)
    mesh = Delaunay((MEAN_FACE - low) / (high - low) * [_WIDTH - 1, _HEIGHT - 1])
    pixels = np.stack(np.meshgrid(np.arange(_WIDTH), np.arange(_HEIGHT)), -1).astype(float)
    triangle = mesh.find_simplex(pixels)
    inside = triangle >= 0
    affine = mesh.transform[triangle[inside]]
    weights = np.einsum("pij,pj->pi", affine[:, :2], pixels[inside] - affine[:, 2])
    return inside, mesh.simplices[triangle[inside]], np.column_stack([weights, 1 - weights.sum(1)])


def _even_light(grey: np.ndarray, mask: np.ndarray, sigma: float = 4.0) -> np.ndarray:
    """Local mean taken off, local contrast divided out, within the mask."""
    weight = cv2.GaussianBlur(mask, (0, 0), sigma) + 1e-6
    grey = cv2.GaussianBlur(grey, (0, 0), 0.8)
    detail = (grey - cv2.GaussianBlur(grey * mask, (0, 0), sigma) / weight) * mask
    contrast = np.sqrt(cv2.GaussianBlur(detail**2, (0, 0), 1.5 * sigma) / weight)
    return detail / (contrast + 0.25 * contrast[mask > 0].mean() + 1e-3)


def _whole_pictures(images: Any, t: int) -> np.ndarray:
    """Whole pictures of frame `t`, all of one small size."""
    size, mask = (_WIDTH, _HEIGHT), np.ones((_HEIGHT, _WIDTH), np.float32)
    small = (cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in _pictures(images, len(images), t))
    return np.stack([_even_light(p.astype(np.float32), mask) for p in small])


def _register(pictures: np.ndarray) -> np.ndarray:
    """Pictures turned and shifted onto their mean, and faded towards the border, where no face is."""
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 12, 1e-3)
    halve = np.array([1, 1, 0.5], np.float32)  # of a motion's shift, for pictures of half the size
    everywhere = np.ones((_HEIGHT // 2, _WIDTH // 2), np.uint8)
    smooth = [cv2.GaussianBlur(p, (0, 0), 1.5) for p in pictures]
    motions = np.tile(np.eye(2, 3, dtype=np.float32), (len(pictures), 1, 1))
    for _ in range(2):
        mean = np.mean(_moved(smooth, motions), 0)[::2, ::2].copy()
        for motion, picture in zip(motions, smooth, strict=True):
            start, half = motion * halve, picture[::2, ::2].copy()
            with contextlib.suppress(cv2.error):  # where it does not converge, the last motion stands
                found = cv2.findTransformECC(mean, half, start, cv2.MOTION_EUCLIDEAN, stop, everywhere, 3)
                motion[:] = found[1] / halve
    return _moved(pictures, motions) * np.sqrt(cv2.createHanningWindow((_WIDTH, _HEIGHT), cv2.CV_32F))


def _moved(pictures: Iterable[np.ndarray], motions: np.ndarray) -> np.ndarray:
    flags, size = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, (_WIDTH, _HEIGHT)
    return np.stack([cv2.warpAffine(p, m, size, flags=flags) for p, m in zip(pictures, motions, strict=True)])


def _pictures(images: Any, n: int, t: int) -> Iterator[np.ndarray]:
    """Frame `t` of every row, read in batches."""
    for start in range(0, n, 64):
        yield from _frame(images, np.arange(start, min(start + 64, n)), t)


def _frame(images: Any, rows: np.ndarray, t: int) -> Any:
    """Frame `t` of some rows, without reading the other frames where the column knows how."""
    if isinstance(images, np.ndarray):
        return images[rows, t]
    if hasattr(images, "frame"):
        return images.frame(rows, t)
    return [clip[t] for clip in images[rows]]


def _whiten(neutral: list[np.ndarray], apex: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Neutral faces in units of what changes in one face, (n, d), and whitened by it, of length 1, (n, r)."""
    n = len(neutral[0])
    learn = np.arange(0, n, -(-n // _LEARN_FROM))
    clips = learn[np.isfinite(apex[0][learn]).all(1)]
    units = []
    for a, b in zip(neutral, apex, strict=True):
        change = np.square(b[clips] - a[clips]).sum() / max(len(clips), 1)
        spread = np.square(a - a.mean(0)).sum() / n  # of stills and frozen clips, where nothing changes
        units.append(np.sqrt(len(neutral) * (change or spread or 1.0)))
    raw = np.hstack([block / unit for block, unit in zip(neutral, units, strict=True)]).astype(np.float64)
    change = np.hstack([block[clips] / unit for block, unit in zip(apex, units, strict=True)]) - raw[clips]
    raw -= raw[learn].mean(0)
    # Axes of people and of changes: those of few people alone would miss what has to be divided out.
    both = np.vstack([raw[learn], change - change.mean(0) if len(change) else change])
    r = min(_COMPONENTS, len(both))
    variances, vectors = eigh(both @ both.T, subset_by_index=[len(both) - r, len(both) - 1])
    keep = variances > 1e-6 * max(variances[-1], 1e-9)
    axes = both.T @ (vectors[:, keep] / np.sqrt(variances[keep]))
    faces, change = raw @ axes, change @ axes
    if change.any():
        within = change.T @ change
        sphere = np.trace(within) / len(within) * np.eye(len(within))
        variances, vectors = eigh((1 - _SHRINKAGE) * within + _SHRINKAGE * sphere)
        faces = faces @ (vectors / np.sqrt(variances))
    return raw, faces / (np.linalg.norm(faces, axis=1, keepdims=True) + 1e-12)


def _group(faces: np.ndarray, n_subjects: int | None) -> np.ndarray:
    """Groups (n,), numbered by first appearance, of average linkage over cosine distances."""
    if len(faces) == 1:
        return np.zeros(1, np.int64)
    sample = np.arange(0, len(faces), -(-len(faces) // _CLUSTER))
    tree = linkage(squareform(np.clip(1 - faces[sample] @ faces[sample].T, 0, 2), checks=False), "average")
    found = _cut(tree, n_subjects or _count(tree, faces[sample]))
    groups = (faces @ _means(faces[sample], found).T).argmax(1)
    groups[sample] = found
    _, first, groups = np.unique(groups, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[groups]


def _count(tree: np.ndarray, faces: np.ndarray) -> int:
    """Number of groups, 2 at least, at the best of the deepest drops in the height of the tree."""
    heights = np.clip(np.append(tree[::-1, 2], 0), 0, 1)
    drops = heights[:-1] - heights[1:]
    cuts = np.argsort(-drops, kind="stable")[:_CUTS]
    scores = [_margin(faces, _cut(tree, k + 2)).mean() * np.sqrt(drops[k]) for k in cuts]
    return int(cuts[np.argmax(scores)]) + 2


def _cut(tree: np.ndarray, k: int) -> np.ndarray:
    """Exactly k groups, even where heights are equal: all but the last k - 1 merges."""
    n = len(tree) + 1
    merged = tree[: n - k, :2].astype(int)
    into = np.repeat(np.arange(n, 2 * n - k), 2)
    graph = coo_array((np.ones(into.size), (merged.ravel(), into)), shape=(2 * n, 2 * n))
    return np.unique(connected_components(graph, directed=False)[1][:n], return_inverse=True)[1]


def _means(rows: np.ndarray, groups: np.ndarray) -> np.ndarray:
    return np.stack([rows[groups == g].mean(0) for g in range(groups.max() + 1)])


def _apart(raw: np.ndarray, groups: np.ndarray) -> float:
    """Mean squared distance between faces of different groups: that of all pairs less that within groups."""
    sizes, norms = np.bincount(groups), np.bincount(groups, np.square(raw).sum(1))
    pairs = len(raw) * norms.sum() - np.square(raw.sum(0)).sum()
    within = sizes * norms - sizes**2 * np.square(_means(raw, groups)).sum(1)
    return 2 * (pairs - within.sum()) / max(len(raw) ** 2 - np.square(sizes).sum(), 1)


def _margin(faces: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """How much nearer each face is to its own group than to the next, (n,); 0 for one that is alone."""
    rows, sizes = np.arange(len(faces)), np.bincount(groups)
    distance = 1 - faces @ _means(faces, groups).T
    own = (distance[rows, groups] * sizes[groups]) / np.maximum(sizes[groups] - 1, 1)
    distance[rows, groups] = 1  # that of faces with nothing in common: beyond it nothing is gained
    return np.where(sizes[groups] > 1, distance.min(1) - own, 0.0)
