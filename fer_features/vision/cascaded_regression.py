"""Cascaded regression of a shape: each stage reads descriptors around the points and says where these should move."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import scipy.linalg

from .geometry import similarity, transform
from .shape_model import LENGTH, describe, inverse, orientation_maps, reduced, to_frame


@dataclasses.dataclass(frozen=True)
class Stage:
    """One step of the descent.

    Attributes
    ----------
    cell : int
        Side of a descriptor's cell in pixels of the frame.
    centre : ndarray, shape (128,), float32
    basis : ndarray, shape (128, d), float32
        Principal axes of the descriptors of all points.
    weights : ndarray, shape (68 * d + 1, 136), float32
        From what is left of the descriptors, and 1, to the move of the points in the frame.
    """

    cell: int
    centre: np.ndarray
    basis: np.ndarray
    weights: np.ndarray

    def project(self, descriptors: np.ndarray) -> np.ndarray:
        """Descriptors (..., 68, 128) on the axes, (..., 68 * d) float32."""
        left = (descriptors - self.centre) @ self.basis
        return left.reshape(*descriptors.shape[:-2], -1)

    def move(self, features: np.ndarray) -> np.ndarray:
        """Moves (..., 68, 2) of projected features (..., 68 * d)."""
        moves = features @ self.weights[:-1] + self.weights[-1]
        return moves.reshape(*features.shape[:-1], -1, 2)


def look(part: np.ndarray, mean: np.ndarray, shape: np.ndarray, cell: int) -> tuple[np.ndarray, np.ndarray]:
    """Descriptors (68, 128) around a shape in its frame, and the matrix (2, 3) from frame to picture."""
    matrix = similarity(mean, shape)
    maps = orientation_maps(to_frame(part, matrix), cell)
    return describe(maps, transform(inverse(matrix), shape), cell), matrix


def descend(
    picture: np.ndarray, mean: np.ndarray, stages: Sequence[Stage], start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The shape that a start leads to.

    Parameters
    ----------
    picture : ndarray, shape (H, W), uint8
    mean : ndarray, shape (68, 2)
        In the frame, of `mean_shape`.
    stages : sequence of Stage
    start : ndarray, shape (68, 2)
        In pixels.

    Returns
    -------
    shape : ndarray, shape (68, 2), float64
        In pixels.
    features : ndarray, shape (68 * d,), float32
        What the last stage saw around the shape that it was given.

    References
    ----------
    X. Xiong, F. De la Torre, "Supervised descent method and its applications to face alignment", CVPR 2013.

    Notes
    -----
    As in the paper, each stage is a linear regression of what is missing on local gradient descriptors. Departures: the
    picture is turned and scaled with the shape before each stage, and descriptors are those of DAISY, cheaper than
    SIFT, their principal axes learned from all points together.
    """
    part, placed = reduced(picture, start)
    shape = transform(inverse(placed), start)
    features = np.empty(0, np.float32)
    for stage in stages:
        descriptors, matrix = look(part, mean, shape, stage.cell)
        features = stage.project(descriptors)
        shape = shape + stage.move(features) @ matrix[:, :2].T
    return transform(placed, shape), features


def learn(
    parts: Sequence[np.ndarray],
    truth: np.ndarray,
    mean: np.ndarray,
    which: np.ndarray,
    starts: np.ndarray,
    cells: Sequence[int],
    axes: int,
    ridge: float,
    each: Callable[[Iterable[int], int], Iterable[int]] = lambda items, total: items,
) -> tuple[list[Stage], np.ndarray]:
    """Learn the stages of a descent.

    Parameters
    ----------
    parts : sequence of ndarray, (h, w) uint8
        Pictures, as `reduced` gives them.
    truth : ndarray, shape (n, 68, 2)
        Their landmarks in pixels of the parts.
    mean : ndarray, shape (68, 2)
    which : ndarray, shape (m,), int
        Picture of each start.
    starts : ndarray, shape (m, 68, 2)
        Where descents begin, in pixels of the parts.
    cells : sequence of int
        Side of the descriptors' cells, one a stage.
    axes : int
        Principal axes kept of the descriptors' 128.
    ridge : float
        Penalty of the regression as a share of the features' mean variance times m.
    each : callable
        Wraps the loop over all descents, to tell of progress.

    Returns
    -------
    stages : list of Stage
    shapes : ndarray, shape (m, 68, 2)
        Where the descents end.
    """
    shapes, stages = np.array(starts, np.float64), []
    m = len(which)
    total = m * len(cells)
    steps = iter(each(range(total), total))
    for cell in cells:
        descriptors = np.empty((m, shapes.shape[1], LENGTH), np.float32)
        matrices = np.empty((m, 2, 3))
        for i in range(m):
            next(steps, None)
            descriptors[i], matrices[i] = look(parts[which[i]], mean, shapes[i], cell)
        missing = (truth[which] - shapes) @ np.swapaxes(np.linalg.inv(matrices[..., :2]), -1, -2)
        centre, basis = principal_axes(descriptors, axes)
        stage = Stage(cell, centre, basis, np.empty(0))
        features = stage.project(descriptors)
        del descriptors
        stage = dataclasses.replace(stage, weights=regress(features, missing.reshape(m, -1), ridge))
        shapes += stage.move(features) @ np.swapaxes(matrices[..., :2], -1, -2)
        stages.append(stage)
    return stages, shapes


def principal_axes(descriptors: np.ndarray, axes: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean (128,) and the first principal axes (128, d) of descriptors (m, 68, 128), all points together, float32."""
    rows = descriptors[:: max(len(descriptors) // 2000, 1)].reshape(-1, LENGTH)
    centre = rows.mean(0)
    _, vectors = np.linalg.eigh(np.cov(rows - centre, rowvar=False))
    return centre, np.ascontiguousarray(vectors[:, ::-1][:, :axes], dtype=np.float32)


def regress(features: np.ndarray, moves: np.ndarray, ridge: float) -> np.ndarray:
    """Ridge regression with a free intercept in its last row, (d + 1, k) float32."""
    mean_x, mean_y = features.mean(0), moves.mean(0)
    centred = features - mean_x
    gram = (centred.T @ centred).astype(np.float64)
    gram[np.diag_indices_from(gram)] += ridge * np.trace(gram) / len(gram)
    weights = scipy.linalg.solve(gram, centred.T @ (moves - mean_y).astype(np.float32), assume_a="pos")
    return np.vstack([weights, mean_y - mean_x @ weights]).astype(np.float32)
