"""The canvas of a portrait in interocular distances, with drawing functions that touch only the part they change."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import ArrayLike

#: Canvas pixels per interocular distance.
UNIT_PX = 56.0
#: Corners of the canvas in interocular distances; the origin is the point between the eyes.
LEFT, TOP, RIGHT, BOTTOM = -2.4, -2.3, 2.4, 3.1
WIDTH, HEIGHT = round((RIGHT - LEFT) * UNIT_PX), round((BOTTOM - TOP) * UNIT_PX)
#: Coordinates of the pixels: a row of x and a column of y.
X = (np.arange(WIDTH, dtype=np.float32) / UNIT_PX + LEFT)[None]
Y = (np.arange(HEIGHT, dtype=np.float32) / UNIT_PX + TOP)[:, None]


def to_pixels(points: ArrayLike) -> np.ndarray:
    """Canvas pixels, shape (..., 2), of points in interocular distances."""
    return (np.asarray(points, float) - [LEFT, TOP]) * UNIT_PX


def _fixed(points: ArrayLike) -> np.ndarray:
    return np.round(to_pixels(points) * 16).astype(np.int32)


def _window(points: ArrayLike, margin: float) -> tuple[slice, slice]:
    p = to_pixels(points).reshape(-1, 2)
    low = np.clip(np.floor(p.min(0) - margin * UNIT_PX - 2), 0, [WIDTH - 1, HEIGHT - 1]).astype(int)
    high = np.clip(np.ceil(p.max(0) + margin * UNIT_PX + 3), low + 1, [WIDTH, HEIGHT]).astype(int)
    return slice(low[1], high[1]), slice(low[0], high[0])


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur; sigma in interocular distances."""
    return cv2.GaussianBlur(image, (0, 0), max(sigma * UNIT_PX, 0.3), borderType=cv2.BORDER_REPLICATE)


def polygon(points: ArrayLike, soft: float = 0.01) -> np.ndarray:
    """Mask 0..1 of a polygon, shape (m, 2), with edges that are blurred by `soft`."""
    out = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillPoly(out, [_fixed(points)], 255, cv2.LINE_AA, 4)
    rows, columns = _window(points, 3 * soft)
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    mask[rows, columns] = blur(out[rows, columns].astype(np.float32) / 255, soft)
    return mask


def shade_polygon(image: np.ndarray, points: ArrayLike, factor: float, soft: float = 0.01) -> None:
    """Multiply the inside of a polygon by a factor, in place."""
    rows, columns = _window(points, 3 * soft)
    out = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillPoly(out, [_fixed(points)], 255, cv2.LINE_AA, 4)
    image[rows, columns] *= 1 + (factor - 1) * blur(out[rows, columns].astype(np.float32) / 255, soft)


def shade_line(image: np.ndarray, points: ArrayLike, factor: float, width: float, soft: float = 0.01) -> None:
    """Multiply a line of a width by a factor, in place."""
    rows, columns = _window(points, width + 3 * soft)
    out = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.polylines(out, [_fixed(points)], False, 255, max(round(width * UNIT_PX), 1), cv2.LINE_AA, 4)
    image[rows, columns] *= 1 + (factor - 1) * blur(out[rows, columns].astype(np.float32) / 255, soft)


def spot(centre: ArrayLike, sx: float, sy: float) -> tuple[tuple[slice, slice], np.ndarray]:
    """Window and values of a Gaussian spot with a peak of 1."""
    cx, cy = np.asarray(centre, float)
    window = _window([[cx - 3 * sx, cy - 3 * sy], [cx + 3 * sx, cy + 3 * sy]], 0)
    x = np.exp(-0.5 * ((X[:, window[1]] - cx) / sx) ** 2)
    return window, (np.exp(-0.5 * ((Y[window[0]] - cy) / sy) ** 2) * x).astype(np.float32)


def shade_spot(image: np.ndarray, centre: ArrayLike, sx: float, sy: float, factor: float) -> None:
    """Multiply by a Gaussian spot with this factor in its centre, in place."""
    window, values = spot(centre, sx, sy)
    image[window] *= 1 + (factor - 1) * values


def add_spot(image: np.ndarray, centre: ArrayLike, sx: float, sy: float, height: float) -> None:
    """Add a Gaussian spot, in place."""
    window, values = spot(centre, sx, sy)
    image[window] += height * values


def noise(rng: np.random.Generator, cell_x: float, cell_y: float) -> np.ndarray:
    """Smooth noise of about unit variance with grains of this size in interocular distances."""
    shape = (
        int(np.clip((BOTTOM - TOP) / cell_y, 3, HEIGHT)),
        int(np.clip((RIGHT - LEFT) / cell_x, 3, WIDTH)),
    )
    grains = rng.standard_normal(shape).astype(np.float32)
    return 1.3 * cv2.resize(grains, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
