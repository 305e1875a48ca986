"""Inversion of displacement fields: the material points that the pixels of an image show."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from .canvas import CANVAS_PADDING

#: Distance of the nodes of the displacement fields in material pixels.
NODE_SPACING = 2

#: Steps of Newton's method on each of two grids, and the largest step in nodes.
N_NEWTON_STEPS, MAX_STEP = 2, 4
#: Frames whose fields are in one image: OpenCV interpolates in images of at most 32,766 rows.
MAX_STACKED_FRAMES = 300
ONE_RIGHT, ONE_DOWN = np.array([[1, 0], [0, 1]], np.float32)[..., None, None, None]


def affine_grid(matrices: np.ndarray, rows: slice, columns: slice, step: int = 1) -> np.ndarray:
    """Map a grid of pixels.

    Parameters
    ----------
    matrices : ndarray, shape (T, 2, 3)
        Affine maps.
    rows, columns : slice
        Pixels that the grid covers.
    step : int, default=1
        The grid has the centres of squares of `step` x `step` pixels.

    Returns
    -------
    ndarray, shape (2, T, h, w), float32
        x and y of the mapped points.
    """
    y, x = (np.arange(s.start, s.stop, step, dtype=np.float32) + (step - 1) / 2 for s in (rows, columns))
    a = np.ascontiguousarray(matrices.transpose(1, 2, 0), np.float32)[..., None, None]
    return a[:, 0] * x + (a[:, 1] * y[:, None] + a[:, 2])


def invert(field: np.ndarray, to_head: np.ndarray, window: tuple[slice, slice], out: np.ndarray) -> None:
    """Solve x + field(x) = A p for the pixels p in a window of the image.

    Parameters
    ----------
    field : ndarray, shape (2, T, h, w), float32
        Displacements at the nodes in x and in y.
    to_head : ndarray, shape (T, 2, 3)
        The affine maps A.
    window : tuple of slice
        Rows and columns, both of even number.
    out : ndarray, shape (2, T, H, W), float32
        Receives the material points x in the window.

    Notes
    -----
    A step x <- A p - field(x) and two of Newton's method solve for the centres of 4 x 4 pixels, and two more steps of
    Newton's method refine the solution for the centres of 2 x 2 pixels. Steps of x <- A p - field(x) alone take a third
    of the time, but do not converge at a strongly raised upper lip.
    """
    for start in range(0, field.shape[1], MAX_STACKED_FRAMES):
        frames = slice(start, start + MAX_STACKED_FRAMES)
        _invert_frames(field[:, frames], to_head[frames], window, out[:, frames])


def _invert_frames(field: np.ndarray, to_head: np.ndarray, window: tuple[slice, slice], out: np.ndarray) -> None:
    _, t, h, w = field.shape
    # In units of nodes. The fields of all frames are one image, in which frame i starts in row i h.
    planes = (field * (1 / NODE_SPACING)).reshape(2, t * h, w)
    starts = np.arange(0, t * h, h, dtype=np.float32)[:, None, None]

    def displacement(points: np.ndarray) -> np.ndarray:
        rows = np.minimum(np.maximum(points[1], 0), h - 1)  # np.clip takes longer
        rows += starts
        size = (-1, points.shape[-1])
        found = np.empty_like(points)
        for plane, values in zip(planes, found, strict=True):
            cv2.remap(
                plane,
                points[0].reshape(size),
                rows.reshape(size),
                cv2.INTER_LINEAR,
                dst=values.reshape(size),
                borderMode=cv2.BORDER_REPLICATE,
            )
        return found

    def targets(step: int) -> np.ndarray:
        return affine_grid((to_head + [0, 0, CANVAS_PADDING]) / NODE_SPACING, *window, step)

    coarse, fine = targets(4), targets(2)
    points = np.empty(fine.shape, np.float32)
    start = coarse - displacement(coarse)
    for _ in range(N_NEWTON_STEPS):
        start = _newton_step(displacement, coarse, start)
    _enlarge(start, points)
    for _ in range(N_NEWTON_STEPS):
        points = _newton_step(displacement, fine, points)
    points *= NODE_SPACING
    points -= CANVAS_PADDING
    rows, columns = window
    _enlarge(points, out[:, :, rows, columns])


def _newton_step(
    displacement: Callable[[np.ndarray], np.ndarray], target: np.ndarray, points: np.ndarray
) -> np.ndarray:
    """One step of Newton's method for x + displacement(x) = target, with slopes over the distance of two nodes."""
    moved = displacement(points)
    xx, yx = displacement(points + ONE_RIGHT) - moved
    xy, yy = displacement(points + ONE_DOWN) - moved
    xx += 1
    yy += 1
    rx, ry = target - points - moved
    scale = 1 / np.maximum(xx * yy - xy * yx, 0.2)
    step = np.stack([(yy * rx - xy * ry) * scale, (xx * ry - yx * rx) * scale])
    return points + np.minimum(np.maximum(step, -MAX_STEP), MAX_STEP)


def _enlarge(points: np.ndarray, out: np.ndarray) -> None:
    """Enlarge images, (2, T, h, w), twice; rows and columns beyond the size of `out` are omitted."""
    height, width = out.shape[2:]
    for frames, enlarged in zip(points, out, strict=True):
        for image, target in zip(frames, enlarged, strict=True):
            size = 2 * image.shape[1], 2 * image.shape[0]
            if size == (width, height):
                cv2.resize(image, size, dst=target)
            else:
                target[:] = cv2.resize(image, size)[:height, :width]
