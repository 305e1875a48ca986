"""Depth of a portrait: a smooth head with eyes, nose, lips and chin, where the landmarks say that they are."""

from __future__ import annotations

import numpy as np

from .portrait_canvas import HEIGHT, UNIT_PX, WIDTH, X, Y, add_spot, blur, to_pixels
from .portrait_shape import PortraitShape

#: Depth of the ears behind the root of the nose, in interocular distances.
HEAD_DEPTH = 1.3
#: Depth of the neck.
NECK_DEPTH = -0.85


def half_width(shape: PortraitShape, margin: float = 0.04) -> np.ndarray:
    """Half width of the head at the heights of the canvas, shape (2, HEIGHT), left and right; 0 below the chin.

    The cranium above the ears is an ellipse.
    """
    out = np.zeros((2, HEIGHT), np.float32)
    y = Y[:, 0]
    for k, points in enumerate((shape.points[:9], shape.points[16:7:-1])):
        level, wide = points[:, 1].copy(), np.abs(points[:, 0]) + margin
        level[-1] += margin
        dense = np.linspace(0, 1, 60)
        order = np.linspace(0, 1, 9)
        level, wide = np.interp(dense, order, level), np.interp(dense, order, wide)
        wide[-1] = 0
        top = level[0]
        cranium = wide[0] * np.sqrt(np.clip(1 - ((y - top) / 1.45) ** 2, 0, 1))
        out[k] = np.where(y < top, cranium, np.interp(y, level, wide, right=0))
    return out


def make_depth(shape: PortraitShape, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Depth of the canvas towards the viewer, and the mask of the head.

    Parameters
    ----------
    shape : PortraitShape
    rng : Generator
        For the variation of nose, chin and cheeks.

    Returns
    -------
    depth : ndarray, shape (HEIGHT, WIDTH), float32
        In interocular distances; 0 at the root of the nose.
    head : ndarray, shape (HEIGHT, WIDTH), float32
        1 within the outline of the head without ears and hair.
    """
    at, u = shape.points, rng.uniform
    wide = half_width(shape)
    limit = np.where(X < 0, wide[0][:, None], wide[1][:, None])
    radius = np.abs(X) / np.maximum(limit, 1e-3)
    head = blur((radius < 1).astype(np.float32), 0.012)
    dome = np.sqrt(np.clip(1 - np.minimum(0.96 * radius, 1) ** 2, 0, None)) - 1
    chin = at[8, 1]
    depth = HEAD_DEPTH * dome * np.ones_like(Y)
    depth -= 0.25 * np.clip(-0.45 - Y, 0, None) ** 2 + 0.35 * np.clip((Y - chin + 0.12) / 0.16, 0, 1) ** 2
    outside = -HEAD_DEPTH - 0.2 * np.clip(np.abs(X) - 1.1, 0, 1)
    neck = (np.abs(X) < 0.75) & (Y > 0.9)
    outside = np.where(neck, NECK_DEPTH - 0.25 * X * X, outside)
    depth = np.where(radius < 1, np.maximum(depth, outside), outside).astype(np.float32)

    tip, base, bridge = at[30], at[33], at[27]
    along = np.clip((Y - bridge[1] + 0.15) / (tip[1] - bridge[1] + 0.15), 0, None)
    nose_height, nose_width = u(0.18, 0.36), abs(at[35, 0] - at[31, 0]) / 0.42
    fall = 1 / (1 + np.exp((Y - (0.55 * tip[1] + 0.45 * base[1])) / u(0.03, 0.06)))
    ridge = nose_height * np.minimum(along, 1.05) ** u(1.0, 1.6) * fall
    depth += ridge * np.exp(-0.5 * (X / (nose_width * (0.085 + 0.055 * np.minimum(along, 1)))) ** 2)
    for ala, eye, brow, corner, side in ((31, slice(36, 42), 19, 48, -1), (35, slice(42, 48), 24, 54, 1)):
        middle = at[eye].mean(0)
        add_spot(depth, at[ala] + [-0.045 * side * nose_width, -0.06], 0.06 * nose_width, 0.065, 0.12)
        add_spot(depth, middle + [-0.06 * side, -0.02], 0.24, 0.13, -u(0.08, 0.16))
        add_spot(depth, middle, 0.15, 0.10, u(0.06, 0.11))
        add_spot(depth, at[brow] + [-0.02 * side, 0.06], 0.3, 0.09, u(0.02, 0.09))
        add_spot(depth, [0.6 * side, 0.55], 0.25, 0.22, u(0.02, 0.10))
        add_spot(depth, at[corner] + [0.06 * side, 0.02], 0.08, 0.09, -0.03)
    lips = shape.lips
    add_spot(depth, lips[:2, 20].mean(0), 0.25, 0.06, u(0.03, 0.08))
    add_spot(depth, lips[2:, 20].mean(0), 0.22, 0.07, u(0.03, 0.09))
    add_spot(depth, lips[3, 20] + [0, 0.10], 0.22, 0.06, -u(0.03, 0.08))
    add_spot(depth, [0, at[8, 1] - 0.24], 0.22, 0.15, u(0.03, 0.12))
    return blur(depth, 0.012), head


def depth_at(depth: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Depth at points, shape (m, 2), in interocular distances."""
    p = np.rint(to_pixels(points)).astype(int)
    return depth[np.clip(p[:, 1], 0, HEIGHT - 1), np.clip(p[:, 0], 0, WIDTH - 1)]


def surface_normals(depth: np.ndarray) -> np.ndarray:
    """Unit normals, shape (HEIGHT, WIDTH, 3), x right, y down, z towards the viewer."""
    zy, zx = np.gradient(depth * UNIT_PX)
    normals = np.stack([-zx, -zy, np.ones_like(zx)], -1)
    return normals / np.sqrt(1 + zx * zx + zy * zy)[..., None]
