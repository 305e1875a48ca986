"""A canvas in material coordinates and what one paints with: lines, areas, spots, noise.

It is finer than the picture (`SCALE`) and wider (`PAD`), so that a warped look-up stays sharp and inside.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline

from .faces import HEIGHT, UNIT, WIDTH

SCALE, PAD = 1.5, 14
ROWS, COLUMNS = int((HEIGHT + 2 * PAD) * SCALE), int((WIDTH + 2 * PAD) * SCALE)
GRID = np.stack(np.meshgrid(np.arange(COLUMNS), np.arange(ROWS)), -1) / SCALE - PAD  # material pixels


def curve(points: ArrayLike, n: int = 40, closed: bool = False) -> np.ndarray:
    """A smooth curve through `points` (m, 2) -> (n, 2)."""
    p = np.asarray(points, float)
    if closed:
        p = np.r_[p, p[:1]]
    spline = CubicSpline(np.arange(len(p)), p, bc_type="periodic" if closed else "natural")
    return spline(np.linspace(0, len(p) - 1, n))


def fixed(points: np.ndarray) -> np.ndarray:
    """Material points in the fixed-point pixels that OpenCV draws in, (n, 2) int32."""
    return np.round((np.asarray(points) + PAD) * SCALE * 16).astype(np.int32)


def soften(image: np.ndarray, sigma: float) -> np.ndarray:
    """The canvas blurred by a Gaussian of `sigma` material pixels."""
    return cv2.GaussianBlur(image, (0, 0), sigma * SCALE) if sigma > 0 else image


def stroke(points: np.ndarray, width: float = 1.0, sigma: float = 0.5) -> np.ndarray:
    """A line along `points` (m, 2) material pixels, `width` pixels wide -> (ROWS, COLUMNS) float32, 0..1."""
    out = np.zeros((ROWS, COLUMNS), np.uint8)
    cv2.polylines(out, [fixed(points)], False, 255, max(1, round(width * SCALE)), cv2.LINE_AA, 4)
    return soften(out.astype(np.float32) / 255, sigma)


def fill(points: np.ndarray, sigma: float = 0.4) -> np.ndarray:
    """The inside of a closed outline, 0..1, its edge blurred by `sigma` material pixels."""
    out = np.zeros((ROWS, COLUMNS), np.uint8)
    cv2.fillPoly(out, [fixed(points)], 255, cv2.LINE_AA, 4)
    return soften(out.astype(np.float32) / 255, sigma)


def spot(centre: ArrayLike, sx: float, sy: float) -> np.ndarray:
    """A Gaussian spot; centre in material pixels, sigmas in inter-ocular distances."""
    cx, cy = np.asarray(centre, float)
    x = np.exp(-0.5 * ((GRID[0, :, 0] - cx) / (UNIT * sx)) ** 2)
    y = np.exp(-0.5 * ((GRID[:, 0, 1] - cy) / (UNIT * sy)) ** 2)
    return np.outer(y, x).astype(np.float32)


def look(canvas: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Values of a painted `canvas` at material `points` (..., 2), bilinear."""
    g = ((points + PAD) * SCALE).astype(np.float32)
    return cv2.remap(canvas, g[..., 0], g[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def noise(rng: np.random.Generator, cell: float, tall: float = 1.0) -> np.ndarray:
    """Smooth noise of unit variance with grains `cell` pixels wide, `tall` times as high."""
    shape = max(3, int(ROWS / (cell * tall * SCALE))), max(3, int(COLUMNS / (cell * SCALE)))
    grains = rng.standard_normal(shape).astype(np.float32)
    out = cv2.resize(grains, (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC)
    return out / out.std()


def wrinkle(points: ArrayLike, width: float = 1.0, depth: float = 1.0) -> np.ndarray:
    """A furrow: a dark line with a lighter ridge beside it."""
    line = curve(points, 24)
    return depth * (0.5 * stroke(line + [0, 1.6], width, 1.0) - 1.0 * stroke(line, width, 0.7))


def ellipse(a: float, b: float, tilt: float = 0.0, n: int = 32) -> np.ndarray:
    """Points of an ellipse about the origin with half-axes `a`, `b`, turned by `tilt` radians, (n, 2)."""
    t = np.linspace(0, 2 * np.pi, n, endpoint=False)
    x, y = a * np.cos(t), b * np.sin(t)
    return np.c_[x * np.cos(tilt) - y * np.sin(tilt), x * np.sin(tilt) + y * np.cos(tilt)]


def fan(rng: np.random.Generator, angle: np.ndarray, radius: np.ndarray, cell: float, tall: float) -> np.ndarray:
    """Noise drawn out along rays."""
    grains = rng.standard_normal((48, 512)).astype(np.float32)
    out = cv2.remap(
        grains,
        (256 + angle / cell).astype(np.float32),
        (radius / tall).astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_WRAP,
    )
    return out / out.std()


def ragged(cover: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """A soft edge made uneven by `noise`."""
    return soften(np.clip((cover - 0.5) * 3 + 0.5 * noise * (np.abs(cover - 0.5) < 0.48) + 0.5, 0, 1), 0.4)
