"""Faces before other backgrounds and cameras: what a collection made in one room does not show."""

from __future__ import annotations

import cv2
import numpy as np

from ..vision.shape_model import outer_eye_distance

#: Side of the pieces that a picture is cut into and shuffled, in distances of the outer eye corners.
PIECE = (0.2, 0.6)
#: How far the forehead and hair that stay with a face reach above the brows, as a share of the way from chin to brows.
FOREHEAD = (0.05, 0.6)
#: Share of faces that are cut out as a rectangle, and how far its edges are from the outermost points, in distances of
#: the outer eye corners: edges beside a face are not its own.
CUT, MARGIN = 0.4, (0.0, 0.6)
#: Most that is done to a picture: blur as a share of the eye distance, noise in grey levels, light from one side.
BLUR, NOISE, LIGHT = 0.03, 8.0, 0.5


def varied(part: np.ndarray, shape: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The face of a picture before shuffled pieces of another one, in other light, blurred and noisy.

    Parameters
    ----------
    part, other : ndarray, (h, w) uint8
        They may differ in size.
    shape : ndarray, shape (68, 2)
        Landmarks of the face in `part`.
    rng : Generator

    Returns
    -------
    ndarray, (h, w) uint8
    """
    height, width = part.shape
    eyes = float(outer_eye_distance(shape))
    brows = shape[17:27] + rng.uniform(*FOREHEAD) * (shape[17:27].mean(0) - shape[8])
    hull = cv2.convexHull(np.rint(np.vstack([shape, brows])).astype(np.int32))
    mask = np.zeros((height, width), np.float32)
    if rng.random() < CUT:
        low, high = shape.min(0) - rng.uniform(*MARGIN, 2) * eyes, shape.max(0) + rng.uniform(*MARGIN, 2) * eyes
        (x0, y0), (x1, y1) = np.maximum(low, 0).astype(int), high.astype(int)
        mask[y0:y1, x0:x1] = 1.0
    else:
        cv2.fillConvexPoly(mask, hull, 1.0)
        mask = cv2.GaussianBlur(mask, (0, 0), max(rng.uniform(0.01, 0.04) * eyes, 0.3))
    behind = cv2.resize(shuffled(other, eyes, rng), (width, height), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.5:  # something smooth, as a wall is
        behind = cv2.GaussianBlur(behind, (0, 0), rng.uniform(0.1, 0.5) * eyes)
    picture = mask * part + (1 - mask) * behind
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    across = (np.cos(angle) * (x - width / 2) + np.sin(angle) * (y - height / 2)) / max(height, width)
    picture *= np.exp(rng.normal(0, 0.3) + rng.uniform(0, LIGHT) * 2 * across)
    picture = cv2.GaussianBlur(picture, (0, 0), max(rng.uniform(0, BLUR) * eyes, 0.1))
    picture += rng.normal(0, rng.uniform(0, NOISE), picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def shuffled(part: np.ndarray, eyes: float, rng: np.random.Generator) -> np.ndarray:
    """A picture cut into squares that change places: no face; of its size, less what the last squares lack.

    Parameters
    ----------
    part : ndarray, (h, w) uint8
    eyes : float
        Distance of the outer eye corners in pixels; squares are some tenths of it.
    rng : Generator
    """
    side = max(int(rng.uniform(*PIECE) * eyes), 1)
    rows, columns = part.shape[0] // side, part.shape[1] // side
    if rows * columns < 2:
        return part[::-1, ::-1]
    pieces = part[: rows * side, : columns * side].reshape(rows, side, columns, side).swapaxes(1, 2)
    pieces = rng.permutation(pieces.reshape(-1, side, side)).reshape(rows, columns, side, side)
    return pieces.swapaxes(1, 2).reshape(rows * side, columns * side)
