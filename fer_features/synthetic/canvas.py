"""The texture canvas, an image in material coordinates, and functions that draw lines, areas, spots and noise on it.

The canvas has a higher resolution than the image (`CANVAS_SCALE`) and a margin (`CANVAS_PADDING`), so that a warped
image remains sharp and does not sample outside.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline

from .face_model import IMAGE_HEIGHT, IMAGE_WIDTH, INTEROCULAR, gaussian

#: Canvas pixels per material pixel, and margin in material pixels.
CANVAS_SCALE, CANVAS_PADDING = 1.5, 14
CANVAS_HEIGHT = int((IMAGE_HEIGHT + 2 * CANVAS_PADDING) * CANVAS_SCALE)
CANVAS_WIDTH = int((IMAGE_WIDTH + 2 * CANVAS_PADDING) * CANVAS_SCALE)
#: Material pixels of the canvas: a row of x and a column of y.
CANVAS_X = (np.arange(CANVAS_WIDTH) / CANVAS_SCALE - CANVAS_PADDING).astype(np.float32)[None]
CANVAS_Y = (np.arange(CANVAS_HEIGHT) / CANVAS_SCALE - CANVAS_PADDING).astype(np.float32)[:, None]


def smooth_curve(points: ArrayLike, n: int = 40, closed: bool = False) -> np.ndarray:
    """Interpolate `points`, shape (m, 2), by a cubic spline with n points, shape (n, 2)."""
    p = np.asarray(points, float)
    return _spline_weights(len(p), n, closed) @ p


@lru_cache(maxsize=64)
def _spline_weights(m: int, n: int, closed: bool) -> np.ndarray:
    """Weights of the points in a spline, which is linear in them: fitting it takes 50 times as long as the product."""
    p = np.eye(m)
    if closed:
        p = np.r_[p, p[:1]]
    spline = CubicSpline(np.arange(len(p)), p, bc_type="periodic" if closed else "natural")
    return spline(np.linspace(0, len(p) - 1, n))


def to_fixed_point(points: np.ndarray) -> np.ndarray:
    """Convert material points to canvas pixels in the fixed-point format of OpenCV (4 bits), shape (n, 2), int32."""
    return np.round((np.asarray(points) + CANVAS_PADDING) * CANVAS_SCALE * 16).astype(np.int32)


def blur_canvas(image: np.ndarray, sigma: float) -> np.ndarray:
    """Blur with a Gaussian of `sigma` material pixels; 0 returns the image itself."""
    return cv2.GaussianBlur(image, (0, 0), sigma * CANVAS_SCALE) if sigma > 0 else image


def line_mask(points: np.ndarray, width: float = 1.0, sigma: float = 0.5) -> np.ndarray:
    """Draw a blurred line of `width` material pixels along `points`, shape (m, 2), as a float32 mask 0..1."""
    out = np.zeros((CANVAS_HEIGHT, CANVAS_WIDTH), np.uint8)
    cv2.polylines(out, [to_fixed_point(points)], False, 255, max(1, round(width * CANVAS_SCALE)), cv2.LINE_AA, 4)
    return _soft_mask(out, points, width, sigma)


def polygon_mask(points: np.ndarray, sigma: float = 0.4) -> np.ndarray:
    """Fill a polygon as a float32 mask 0..1, with edges blurred by `sigma` material pixels."""
    out = np.zeros((CANVAS_HEIGHT, CANVAS_WIDTH), np.uint8)
    cv2.fillPoly(out, [to_fixed_point(points)], 255, cv2.LINE_AA, 4)
    return _soft_mask(out, points, 0, sigma)


def _soft_mask(drawn: np.ndarray, points: ArrayLike, width: float, sigma: float) -> np.ndarray:
    """Blur what was drawn in uint8 around `points`, as a float32 mask 0..1; outside of their box it is 0."""
    margin = np.ceil((width + 4 * sigma) * CANVAS_SCALE) + 2  # the kernel of the blur ends after 4 sigma
    p = (np.asarray(points, float) + CANVAS_PADDING) * CANVAS_SCALE
    low = np.maximum(p.min(0) - margin, 0).astype(int)
    high = np.maximum(p.max(0) + margin, 0).astype(int)
    box = slice(low[1], high[1]), slice(low[0], high[0])
    out = np.zeros((CANVAS_HEIGHT, CANVAS_WIDTH), np.float32)
    out[box] = blur_canvas(drawn[box] * np.float32(1 / 255), sigma)
    return out


def gaussian_spot(centre: ArrayLike, sx: float, sy: float) -> np.ndarray:
    """Gaussian spot with a peak of 1; centre in material pixels, sigmas in interocular distances."""
    cx, cy = np.asarray(centre, float)
    x, y = gaussian(CANVAS_X, cx, INTEROCULAR * sx), gaussian(CANVAS_Y, cy, INTEROCULAR * sy)
    return y.astype(np.float32) * x.astype(np.float32)


def canvas_pixels(points: np.ndarray) -> np.ndarray:
    """Convert material points to canvas pixels, float32."""
    return ((points + CANVAS_PADDING) * CANVAS_SCALE).astype(np.float32, copy=False)


def sample_canvas(canvas: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Sample a canvas at material points, shape (..., 2), with bilinear interpolation."""
    return sample_pixels(canvas, canvas_pixels(points))


def sample_pixels(canvas: np.ndarray, pixels: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Sample a canvas at canvas pixels, shape (..., 2), with bilinear interpolation."""
    x, y = pixels[..., 0], pixels[..., 1]
    return cv2.remap(canvas, x, y, cv2.INTER_LINEAR, dst=out, borderMode=cv2.BORDER_REPLICATE)


def sample_affinely(canvas: np.ndarray, to_material: np.ndarray) -> np.ndarray:
    """Sample a canvas at the pixels of an image with bilinear interpolation.

    Parameters
    ----------
    canvas : ndarray, shape (CANVAS_HEIGHT, CANVAS_WIDTH)
    to_material : ndarray, shape (2, 3)
        Affine map from the image to material points.

    Returns
    -------
    ndarray, shape (IMAGE_HEIGHT, IMAGE_WIDTH)
    """
    to_canvas = CANVAS_SCALE * (to_material + [0, 0, CANVAS_PADDING])
    size, flags = (IMAGE_WIDTH, IMAGE_HEIGHT), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(canvas, to_canvas, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)


def smooth_noise(rng: np.random.Generator, cell: float, elongation: float = 1.0) -> np.ndarray:
    """Smooth noise of unit variance with grains of `cell` material pixels, `elongation` times as high as wide."""
    shape = (
        max(3, int(CANVAS_HEIGHT / (cell * elongation * CANVAS_SCALE))),
        max(3, int(CANVAS_WIDTH / (cell * CANVAS_SCALE))),
    )
    grains = rng.standard_normal(shape).astype(np.float32)
    out = cv2.resize(grains, (CANVAS_WIDTH, CANVAS_HEIGHT), interpolation=cv2.INTER_CUBIC)
    return out / out.std()


def wrinkle_shading(points: ArrayLike, width: float = 1.0, depth: float = 1.0) -> np.ndarray:
    """Shading of a wrinkle: a dark line with a lighter ridge below it."""
    line = smooth_curve(points, 24)
    return depth * 0.5 * line_mask(line + [0, 1.6], width, 1.0) - depth * line_mask(line, width, 0.7)


def ellipse_points(a: float, b: float, tilt: float = 0.0, n: int = 32) -> np.ndarray:
    """Points of an ellipse around the origin with half-axes `a`, `b`, rotated by `tilt` radians, shape (n, 2)."""
    t = np.linspace(0, 2 * np.pi, n, endpoint=False)
    x, y = a * np.cos(t), b * np.sin(t)
    return np.c_[x * np.cos(tilt) - y * np.sin(tilt), x * np.sin(tilt) + y * np.cos(tilt)]


def radial_noise(
    rng: np.random.Generator, angle: np.ndarray, radius: np.ndarray, cell: float, length: float
) -> np.ndarray:
    """Noise of unit variance, elongated in radial direction: `angle` in radians, `radius` in material pixels."""
    grains = rng.standard_normal((48, 512)).astype(np.float32)
    out = cv2.remap(
        grains,
        (256 + angle / cell).astype(np.float32),
        (radius / length).astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_WRAP,
    )
    return out / out.std()


def roughened_edge(mask: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Roughen the soft edge of a mask by `noise`."""
    return blur_canvas(np.clip((mask - 0.5) * 3 + 0.5 * noise * (np.abs(mask - 0.5) < 0.48) + 0.5, 0, 1), 0.4)
