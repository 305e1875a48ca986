"""What is in a data set, in numbers: classes, parts, pictures, duplicates, people, motion."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np

from .._progress import progress
from ..evaluation.cross_validation import class_name
from ..exceptions import FerError
from ..extractors import Align
from ..samples.columns import sizes
from ..samples.duplicates import Pairs, copies_in, exact_duplicates, joined, near_duplicates
from ..samples.table import Samples
from ..vision.displacement import registered

#: Standard deviation of grey levels below which a picture is near-blank. The faintest photograph of FER2013 has 9.
BLANK = 8.0

#: Rows read together.
BATCH = 64

#: Bins of the histogram of grey levels.
BINS = 64

#: Rows without a label.
UNLABELLED = "no label"


@dataclasses.dataclass(frozen=True)
class Pictures:
    """Sizes and grey levels of the pictures; of sequences of the apex.

    Attributes
    ----------
    sizes : list of (int, int, int)
        Width, height, and how many rows have them, the most frequent first.
    frames : int
        Frames of a row.
    histogram : ndarray, shape (BINS,), float64
        Share of points by grey level, 0..255.
    brightness, contrast : ndarray, shape (n,), float64
        Mean and standard deviation of each row's picture.
    blank : ndarray of int
        Rows whose contrast is below `BLANK`, the least first.
    """

    sizes: list[tuple[int, int, int]]
    frames: int
    histogram: np.ndarray
    brightness: np.ndarray
    contrast: np.ndarray
    blank: np.ndarray


@dataclasses.dataclass(frozen=True)
class Duplicates:
    """Rows that show the same picture.

    Attributes
    ----------
    group : ndarray of int, shape (n,)
        See `exact_duplicates`.
    groups : list of ndarray of int
        Rows of each group of two and more, the largest group first.
    within : dict of str to int
        Part to its rows that repeat another row of that part.
    across : dict of (str, str) to int
        Parts (a, b) to the rows of b that have a copy in a, for a before b.
    contradictory : list of ndarray of int
        The groups whose rows have different labels.
    near : Pairs
        Nearly the same, of rows that are the first of their group.
    near_across : dict of (str, str) to int
        As `across`, near duplicates counted in.
    near_contradictory : ndarray of bool, shape (m,)
        Pairs of `near` with different labels.
    """

    group: np.ndarray
    groups: list[np.ndarray]
    within: dict[str, int]
    across: dict[tuple[str, str], int]
    contradictory: list[np.ndarray]
    near: Pairs
    near_across: dict[tuple[str, str], int]
    near_contradictory: np.ndarray


@dataclasses.dataclass(frozen=True)
class People:
    """Who shows what.

    Attributes
    ----------
    ids : list of str
        Subjects.
    counts : ndarray of int, shape (subjects, classes)
        Rows of each by class, in the order of `Inspection.classes`.
    unknown : int
        Rows whose subject is not known.
    in_two_parts : list of str
        Subjects that stand in more than one part.
    """

    ids: list[str]
    counts: np.ndarray
    unknown: int
    in_two_parts: list[str]


@dataclasses.dataclass(frozen=True)
class Motion:
    """How landmarks move from the first frame on, head motion taken out.

    Attributes
    ----------
    displacement : dict of str to ndarray, shape (T,)
        Class to the mean distance of a point from its place in the first frame, in inter-ocular distances.
    missing : ndarray of int
        Rows without landmarks.
    """

    displacement: dict[str, np.ndarray]
    missing: np.ndarray


@dataclasses.dataclass(frozen=True)
class Inspection:
    """Everything that is told of a data set.

    Attributes
    ----------
    X : Samples
    classes : list of str
        Names in the order of their codes; `UNLABELLED` last where there are such rows.
    of_class, of_part : ndarray of int, shape (n,)
        Position of each row's class in `classes`, and of its part in `parts`.
    parts : list of str
    counts : ndarray of int, shape (classes, parts)
    pictures, duplicates, people, motion : of their types, or None
        None where the data have no images, no images, no subjects and no sequences of landmarks.
    faces : dict of str to ndarray, shape (H, W), uint8
        Class to its mean face.
    """

    X: Samples
    classes: list[str]
    of_class: np.ndarray
    parts: list[str]
    of_part: np.ndarray
    counts: np.ndarray
    pictures: Pictures | None
    duplicates: Duplicates | None
    people: People | None
    motion: Motion | None
    faces: dict[str, np.ndarray]


def inspect_data(X: Samples) -> Inspection:
    """Look at a data set.

    Parameters
    ----------
    X : Samples

    Returns
    -------
    Inspection

    Raises
    ------
    FerError
        Where a file cannot be read to its end, or there is no row.
    """
    if not len(X):
        raise FerError("the data have no row")
    label = np.asarray(X["label"]) if "label" in X else np.full(len(X), -1)
    label = np.maximum(label, -1)
    codes = [*np.unique(label[label >= 0]), *([-1] if (label < 0).any() else [])]
    # A class that the data name and nobody shows is worth seeing.
    codes = [*sorted({*range(len(X.info.classes)), *(int(c) for c in codes if c >= 0)}), *[c for c in codes if c < 0]]
    classes = [class_name(X, code) if code >= 0 else UNLABELLED for code in codes]
    of_class = np.searchsorted(codes if -1 not in codes else codes[:-1], label)
    of_class[label < 0] = len(codes) - 1
    split = np.asarray(X["split"]).astype(str) if "split" in X else np.full(len(X), "all")
    known = [part for part in ("train", "validation", "test") if part in split]
    parts = [*known, *sorted(set(split) - set(known))]
    of_part = np.array([parts.index(part) for part in split])
    counts = np.zeros((len(classes), len(parts)), int)
    np.add.at(counts, (of_class, of_part), 1)
    images = "images" in X
    return Inspection(
        X,
        classes,
        of_class,
        parts,
        of_part,
        counts,
        _pictures(X) if images else None,
        _duplicates(X, label, parts, of_part) if images else None,
        _people(X, len(classes), of_class, of_part),
        _motion(X, classes, of_class),
        _faces(X, classes, of_class) if images else {},
    )


def _pictures(X: Samples) -> Pictures:
    column = X.column("images")
    found = Counter((int(w), int(h)) for w, h in sizes(column, X.rows))
    brightness, contrast = np.empty(len(X)), np.empty(len(X))
    histogram = np.zeros(256)
    starts = range(0, len(X), BATCH)
    for start in progress(starts, len(starts), "looking at pictures"):
        for row, picture in enumerate(X[start : start + BATCH].frame("images", -1), start):
            levels = np.bincount(picture.ravel(), minlength=256) / picture.size
            histogram += levels
            brightness[row] = levels @ np.arange(256)
            contrast[row] = np.sqrt(levels @ (np.arange(256) - brightness[row]) ** 2)
    order = np.argsort(contrast, kind="stable")
    return Pictures(
        [(w, h, n) for (w, h), n in found.most_common()],
        int(column.shape[1]),
        histogram.reshape(BINS, -1).sum(1) / len(X),
        brightness,
        contrast,
        order[contrast[order] < BLANK],
    )


def _duplicates(X: Samples, label: np.ndarray, parts: list[str], of_part: np.ndarray) -> Duplicates:
    group = exact_duplicates(X)
    near = near_duplicates(X, group=group)
    order = np.argsort(group, kind="stable")
    split = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    groups = sorted((rows for rows in split if len(rows) > 1), key=lambda rows: (-len(rows), rows[0]))
    rows_of = {part: np.flatnonzero(of_part == i) for i, part in enumerate(parts)}
    between = [(a, b) for i, a in enumerate(parts) for b in parts[i + 1 :]]
    wider = joined(group, near)
    given = label[near.rows]
    return Duplicates(
        group,
        groups,
        {part: len(rows) - len(np.unique(group[rows])) for part, rows in rows_of.items()},
        {(a, b): int(copies_in(group, rows_of[b], rows_of[a]).sum()) for a, b in between},
        [rows for rows in groups if len(np.unique(label[rows][label[rows] >= 0])) > 1],
        near,
        {(a, b): int(copies_in(wider, rows_of[b], rows_of[a]).sum()) for a, b in between},
        (given >= 0).all(1) & (given[:, 0] != given[:, 1]),
    )


def _people(X: Samples, n_classes: int, of_class: np.ndarray, of_part: np.ndarray) -> People | None:
    if "subject" not in X:
        return None
    subject = np.asarray(X["subject"])
    known = subject.astype(str) != "-1"
    if not known.any():
        return None
    ids, who = np.unique(subject[known], return_inverse=True)
    counts = np.zeros((len(ids), n_classes), int)
    np.add.at(counts, (who, of_class[known]), 1)
    several = [str(name) for i, name in enumerate(ids) if len(np.unique(of_part[known][who == i])) > 1]
    return People([str(name) for name in ids], counts, int((~known).sum()), several)


def _motion(X: Samples, classes: list[str], of_class: np.ndarray) -> Motion | None:
    if "landmarks" not in X or X.column("landmarks").shape[1] < 2:
        return None
    moved = []
    starts = range(0, len(X), BATCH)
    for start in progress(starts, len(starts), "following landmarks"):
        points = X[start : start + BATCH]["landmarks"]
        points = registered(points, frames=points.shape[1] - 1)
        moved.append(np.linalg.norm(points - points[:, :1], axis=-1).mean(-1))
    distance = np.concatenate(moved)
    seen = np.isfinite(distance).all(1)
    rows_of = {name: seen & (of_class == i) for i, name in enumerate(classes)}
    displacement = {name: distance[rows].mean(0) for name, rows in rows_of.items() if rows.any()}
    return Motion(displacement, np.flatnonzero(X.missing("landmarks")))


def _faces(X: Samples, classes: list[str], of_class: np.ndarray) -> dict[str, np.ndarray]:
    """The mean apex of each class: aligned by landmarks where there are any, else of the most frequent size."""
    if "landmarks" in X and not X.info.cropped:
        usable = ~X.missing("landmarks")
        X = Align(size=96).fit(X).transform(X)
    else:
        size = sizes(X.column("images"), X.rows)
        frequent = Counter(map(tuple, size.tolist())).most_common(1)[0][0]
        usable = (size == frequent).all(1)
    faces = {}
    for i, name in enumerate(classes):
        rows = np.flatnonzero(usable & (of_class == i))
        starts = range(0, len(rows), BATCH)
        total: np.ndarray | float = 0.0
        for start in progress(starts, len(starts), f"mean face of {name}"):
            total = total + np.asarray(X[rows[start : start + BATCH]].frame("images", -1)).sum(0, dtype=np.float64)
        if rows.size:
            faces[name] = np.rint(total / len(rows)).astype(np.uint8)
    return faces
