"""What a model leans on, found by hiding places of held-out faces: for models that do not say it themselves.

A place is a cell of the aligned face. Its pixels are made grey in every frame, and where the model reads landmarks,
those in the cell move with the head only, as if that part of the face stayed neutral. What the true class loses by
that is what the model had from the place. Places that say the same can each be hidden without a loss: a small fall does
not prove that a place says nothing.

References
----------
M. Zeiler, R. Fergus, "Visualizing and understanding convolutional networks", ECCV 2014 (occlusion sensitivity).
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from sklearn.base import BaseEstimator
from threadpoolctl import threadpool_limits

from ..evaluation.cross_validation import scores_of
from ..exceptions import FerError
from ..extractors import Align
from ..extractors.align import Aligned
from ..extractors.features import extractors_of
from ..pipelines import columns_read, members
from ..samples.table import Samples
from ..vision.crop import ALIGNMENTS
from ..vision.geometry import similarity, transform

#: Cells from top to bottom and from left to right, nearly square on a crop of 128 x 160.
ROWS, COLUMNS = 6, 5
#: Held-out rows of each class that are looked at, where the time allows.
EACH = 8
#: Processor seconds after which no other row is begun; one of each class is looked at in any case.
SECONDS = 8.0


@dataclasses.dataclass(frozen=True)
class Occlusion:
    """What hiding places of held-out faces took from the true class.

    Attributes
    ----------
    kind : {'probability', 'score'}
        What fell; scores are above the mean of the classes.
    fall : dict of int to ndarray, shape (ROWS, COLUMNS)
        Of each class its mean fall; below 0 where hiding the place helped.
    rows : dict of int to int
        How many rows it is the mean of.
    """

    kind: str
    fall: dict[int, np.ndarray]
    rows: dict[int, int]


def occlusion(model: BaseEstimator, X: Samples, seed: int = 0, seconds: float = SECONDS) -> Occlusion:
    """Hide places of faces, one after the other, and see what their true class loses.

    Parameters
    ----------
    model : estimator
        Fitted to other rows.
    X : Samples
        Rows with labels that the model knows.
    seed : int
        Of the order in which rows are taken, class by class in turn.
    seconds : float
        Of the processor, which other work does not change, after which no other row is begun.

    Returns
    -------
    Occlusion

    Raises
    ------
    FerError
        Where nothing of a row can be hidden: why, in words.
    """
    needed = columns_read(model)
    if not {"images", "landmarks"} & set(needed):
        raise FerError("the model reads neither pictures nor landmarks by themselves")
    if "subject" in needed:
        raise FerError("the model compares a row with others of its subject, which one row alone does not have")
    if "images" not in needed and X.column("landmarks").shape[1] < 2:
        raise FerError("landmarks of a single picture have no neutral place to be put back to")
    label, start = np.asarray(X["label"]), time.process_time()
    found: dict[int, list[np.ndarray]] = {int(code): [] for code in np.unique(label)}
    kind = "score"
    for turn, row in _in_turn(label, seed):
        if turn and time.process_time() - start > seconds:
            break
        one = X[[row]]
        with threadpool_limits(1):
            _, values, kind = scores_of(model, hidden(one, model))
        if kind == "score":
            values = values - values.mean(1, keepdims=True)
        true = values[:, np.asarray(model.classes_).tolist().index(label[row])]
        found[int(label[row])].append((true[0] - true[1:]).reshape(ROWS, COLUMNS))
    fall = {code: np.mean(maps, axis=0) for code, maps in found.items()}
    return Occlusion(kind, fall, {code: len(maps) for code, maps in found.items()})


def aligner(model: BaseEstimator, X: Samples) -> Align:
    """The alignment of a model, or of the first of several; where it has none, by landmarks if these are there."""
    for member in members(model):
        if "align" in getattr(member, "named_steps", {}):
            return member.named_steps["align"]
    return Align(method="procrustes" if "landmarks" in X else "none")


def hidden(one: Samples, model: BaseEstimator) -> Samples:
    """A row as it is, and then with each cell of the face hidden: a table of 1 + ROWS * COLUMNS rows.

    Parameters
    ----------
    one : Samples
        One row.
    model : estimator
        Whose alignment says where the cells lie.
    """
    columns: dict[str, Any] = {}
    boxes = _boxes(one, aligner(model, one))
    if "images" in one:
        clip = np.asarray(one["images"])[0]
        images = np.repeat(clip[None], 1 + len(boxes[0]), 0)
        for t, corners in enumerate(boxes):
            grey = int(clip[t].mean())
            for cell, box in enumerate(corners, 1):
                # Corners to a sixteenth of a pixel.
                cv2.fillConvexPoly(images[cell, t], np.rint(16 * box).astype(np.int32), grey, shift=4)
        columns["images"] = images
    if "landmarks" in one:
        points = np.asarray(one["landmarks"])[0].astype(float)
        landmarks = np.repeat(points[None], 1 + len(boxes[0]), 0)
        if len(points) > 1 and "landmarks" in _described(model):
            still = transform(similarity(points[:1], points), points[:1])
            for cell, box in enumerate(boxes[0], 1):
                inside = _inside(points[0], box)
                landmarks[cell][:, inside] = still[:, inside]
        columns["landmarks"] = landmarks
    return Samples.from_arrays(**columns, info=one.info)


def _described(model: BaseEstimator) -> set[str]:
    """Columns that features are made of: landmarks that only say where the face is need not be hidden."""
    return {name for member in members(model) for _, extractor in extractors_of(member) for name in extractor.reads}


def _boxes(one: Samples, align: Align) -> list[np.ndarray]:
    """Corners of the cells in each frame, in pixels of the picture, (cells, 4, 2) each."""
    frames = one.column("images" if "images" in one else "landmarks").shape[1]
    y, x = np.mgrid[:ROWS, :COLUMNS].reshape(2, -1)
    shares = np.stack([np.stack([x + i, y + j], 1) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))], 1).astype(float)
    shares /= (COLUMNS, ROWS)
    if "images" not in one:
        low, high = np.nanmin(one["landmarks"][0], 1), np.nanmax(one["landmarks"][0], 1)
        # Points on the lower and the right edge lie within the face too.
        return [a + shares * (b - a + 1e-6) for a, b in zip(low, high, strict=True)]
    column = align.transform(one).column("images")
    if not isinstance(column, Aligned):
        height, width = np.asarray(one["images"]).shape[2:]
        return [shares * (width, height) - 0.5] * frames
    height, width = column.shape[2:]
    corners = (shares * (width, height) - 0.5).reshape(-1, 2)
    back = map(cv2.invertAffineTransform, ALIGNMENTS[column.method](np.asarray(one["landmarks"])[0], column.face))
    return [transform(matrix, corners).reshape(-1, 4, 2) for matrix in back]


def _inside(points: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Which points lie in a convex quadrilateral, (n,) bool."""
    edges = np.roll(box, -1, 0) - box
    away = points[:, None] - box
    cross = edges[:, 0] * away[..., 1] - edges[:, 1] * away[..., 0]
    return (cross >= 0).all(1) | (cross <= 0).all(1)


def _in_turn(label: np.ndarray, seed: int) -> Iterator[tuple[int, int]]:
    """Rows of each class in turn: how many of it came before, and the row."""
    rng = np.random.default_rng(seed)
    order = [rng.permutation(np.flatnonzero(label == code))[:EACH] for code in np.unique(label)]
    for turn in range(EACH):
        yield from ((turn, int(rows[turn])) for rows in order if turn < len(rows))
