"""Rendering of a sequence: the warped texture, then mouth, eyes, glasses, illumination and sensor noise."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from .action_units import JAW_DROP, UNIT_INDEX
from .canvas import sample_canvas
from .face_model import EYES, IMAGE_HEIGHT, IMAGE_WIDTH, INTEROCULAR
from .motion import SequenceMotion
from .warp import (
    FIRST_LOWER_ROW,
    LEFT_EYE_POINTS,
    PIXEL_GRID,
    RIGHT_EYE_POINTS,
    FaceRig,
    FaceWarp,
    mouth_opening,
    visible_glasses,
)

#: Normal quantiles. Sensor noise looks up random bytes in this table, ten times faster than sampling normal variates.
NORMAL_QUANTILES = ndtri((np.arange(256) + 0.5) / 256).astype(np.float32)


def render_sequence(
    rig: FaceRig, warp: FaceWarp, motion: SequenceMotion, rng: np.random.Generator, *, clean: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Render a sequence.

    Parameters
    ----------
    rig : FaceRig
    warp : FaceWarp
        Of the rig, for the actions and the pose of `motion`.
    motion : SequenceMotion
    rng : numpy.random.Generator
        For illumination and sensor noise.
    clean : bool, default=False
        Whether to omit everything that changes grey levels without motion: skin folds, illumination changes, noise.

    Returns
    -------
    images : ndarray, shape (T, H, W), uint8
    landmarks : ndarray, shape (T, 68, 2), float32
    """
    texture, face = rig.texture, rig.face
    n = len(motion.actions)
    landmarks = warp.landmarks()
    upper, lower = warp.material_points
    seen = upper.copy()
    below = lower[:, FIRST_LOWER_ROW:]
    np.copyto(seen[:, FIRST_LOWER_ROW:], below, where=face.below_mouth_line(below)[..., None] > 0)

    skins = [texture.skin] * n if clean else texture.folds.applied_to(texture.skin, motion.actions)
    images = np.stack([sample_canvas(skin, x) for skin, x in zip(skins, seen, strict=True)])
    _mouth(images, warp, upper, lower, landmarks)
    for eye, middle, side in (
        (LEFT_EYE_POINTS, face.points[EYES[0]].mean(0), 1),
        (RIGHT_EYE_POINTS, face.points[EYES[1]].mean(0), -1),
    ):
        _eye(images, warp, landmarks[:, eye], middle, side, motion.gaze, texture.lid_grey)
    if texture.glasses is not None:
        rims = visible_glasses(texture.glasses, warp)
        images += rims * (25 - images)

    alpha = np.stack([sample_canvas(texture.alpha, x) for x in seen])
    light = np.ones((n, 1, 1), np.float32) if clean else _light(rng, n)
    images = _background(rig, motion, rng) * (1 - alpha) + alpha * images
    images *= light
    if not clean:
        images += np.float32(rng.uniform(1.5, 3.5)) * NORMAL_QUANTILES[rng.integers(0, 256, images.shape, np.uint8)]
    return np.clip(np.rint(images), 0, 255).astype(np.uint8), landmarks.astype(np.float32)


def _background(rig: FaceRig, motion: SequenceMotion, rng: np.random.Generator) -> np.ndarray:
    """Wall, neck and shoulders, shape (H, W), the same in all frames."""
    gradient = 0.15 * rng.standard_normal() * (PIXEL_GRID[..., 0] / IMAGE_WIDTH - 0.5)
    wall = 255 * rig.face.appearance.background * (1 + gradient)
    still = PIXEL_GRID - motion.pose[:, :2].mean(0).astype(np.float32)
    tone, alpha = (sample_canvas(canvas, still) for canvas in rig.body)
    return (wall + alpha * (tone - wall)).astype(np.float32)


def _light(rng: np.random.Generator, n: int) -> np.ndarray:
    """Brightness, shape (n, H, W): gain of the sequence, a gradient across the image, flicker between frames."""
    slope = rng.normal(0, 0.12, 2) / [IMAGE_WIDTH, IMAGE_HEIGHT]
    plane = 1 + (PIXEL_GRID - [IMAGE_WIDTH / 2, IMAGE_HEIGHT / 2]) @ slope
    gain = np.exp(rng.normal(0, 0.08)) * np.exp(rng.normal(0, 0.015, n))
    return (gain[:, None, None] * plane).astype(np.float32)


def _box(points: np.ndarray, margin: int) -> tuple[slice, slice]:
    x0, y0 = np.floor(points.reshape(-1, 2).min(0)).astype(int) - margin
    x1, y1 = np.ceil(points.reshape(-1, 2).max(0)).astype(int) + margin
    return slice(max(y0, 0), min(y1, IMAGE_HEIGHT)), slice(max(x0, 0), min(x1, IMAGE_WIDTH))


def _mouth(images: np.ndarray, warp: FaceWarp, upper: np.ndarray, lower: np.ndarray, landmarks: np.ndarray) -> None:
    """Draw the open mouth: teeth that move with skull and jaw, tongue and dark cavity."""
    face = warp.face
    rows, columns = _box(landmarks[:, 48:68], 4)
    open_ = mouth_opening(face, upper[:, rows, columns], lower[:, rows, columns])
    grid = PIXEL_GRID[rows, columns]
    bone = (
        warp.to_head(grid.reshape(1, -1, 2)).reshape(-1, *grid.shape)
        - (0.45 * INTEROCULAR) * warp.parallax[:, None, None]
    )
    x = (bone[..., 0] - face.mouth[0]) / INTEROCULAR
    y = (bone[..., 1] - face.mouth[1]) / INTEROCULAR
    jaw = JAW_DROP * warp.actions[:, UNIT_INDEX[26]].mean(1)[:, None, None]
    row = np.clip(1 - (x / 0.40) ** 2, 0, 1)
    gaps = 1 - 0.12 * np.exp(-((np.abs((x / 0.105) % 1 - 0.5) / 0.1) ** 2))
    top = _band(y, -0.2, 0.065 + 0.05 * (row - 1), 0.02)
    bottom = _band(y - jaw, 0.06 + 0.05 * (1 - row), 0.3, 0.02)
    tongue = np.exp(-0.5 * ((x / 0.22) ** 2 + ((y - jaw - 0.12) / 0.11) ** 2))
    tone = 18 + 55 * tongue
    tone = (
        tone
        + (120 * bottom + 185 * top * (1 - bottom)) * row * gaps * (0.75 + 0.25 * face.appearance.skin)
        - tone * top
    )
    images[:, rows, columns] += open_ * (np.maximum(tone, 12) - images[:, rows, columns])


def _band(y: np.ndarray, low: np.ndarray | float, high: np.ndarray | float, soft: float) -> np.ndarray:
    return np.clip((y - low) / soft, 0, 1) * np.clip((high - y) / soft, 0, 1)


def _eye(
    images: np.ndarray,
    warp: FaceWarp,
    eye: np.ndarray,
    middle: np.ndarray,
    side: int,
    gaze: np.ndarray,
    lid: float,
) -> None:
    """Draw the open eye between curves through the landmarks `eye`, shape (T, 6, 2), outer corner first."""
    appearance = warp.face.appearance
    rows, columns = _box(eye, 4)
    z = PIXEL_GRID[rows, columns] @ np.array([1, 1j])
    e = eye @ np.array([1, 1j])
    start, axis = e[:, 0], e[:, 3] - e[:, 0]
    w = (z - start[:, None, None]) / axis[:, None, None]  # 0 at the outer corner, 1 at the inner
    corners = (e - start[:, None]) / axis[:, None]
    u, v = w.real, side * w.imag
    width = np.abs(axis)[:, None, None]
    over, under = _lid(corners[:, [1, 2]], side), _lid(corners[:, [5, 4]], side)
    hill = u * (1 - u)
    from_over = (v - hill * (over[0] + over[1] * u)) * width  # pixels below the upper lid
    from_under = (hill * (under[0] + under[1] * u) - v) * width
    inside = np.clip(u * width + 0.5, 0, 1) * np.clip((1 - u) * width + 0.5, 0, 1)
    opening = np.clip(from_over + 0.5, 0, 1) * np.clip(from_under + 0.5, 0, 1) * inside

    centre = warp.to_image((middle + (0.3 * INTEROCULAR * warp.parallax))[:, None])[:, 0] + gaze
    d = z - (centre @ np.array([1, 1j]))[:, None, None]
    r = np.abs(d)
    radius = 0.098 * INTEROCULAR
    ball = 205 * (0.55 + 0.45 * appearance.skin) * (1 - 0.25 * (2 * u - 1) ** 2)
    iris = np.clip(radius - r + 0.5, 0, 1)
    tone = ball + iris * (255 * appearance.iris * (0.55 + 0.45 * (r < radius - 0.9)) - ball)
    tone *= 1 - 0.85 * np.clip(0.42 * radius - r + 0.5, 0, 1)
    tone *= 1 - 0.5 * np.exp(-np.maximum(from_over, 0) / 1.3)
    glint = np.clip(1.0 - np.abs(d - (np.sign(appearance.light[0]) * 1.0 - 1.1j)), 0, 1)
    tone += glint * iris * (235 - tone)
    patch = images[:, rows, columns]
    patch += opening * (tone - patch)
    lash = 0.85 * np.exp(-((from_over / 0.75) ** 2)) * inside + 0.35 * np.exp(-((from_under / 0.6) ** 2)) * inside
    patch += np.minimum(lash, 0.9) * (lid - patch)


def _lid(points: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (a, b), each (T, 1, 1), of the curve u (1 - u) (a + b u) through two complex points, (T, 2)."""
    u, v = np.clip(points.real, 0.05, 0.95), side * points.imag
    s = v / (u * (1 - u))
    b = (s[:, 1] - s[:, 0]) / (u[:, 1] - u[:, 0])
    return (s[:, 0] - b * u[:, 0])[:, None, None], b[:, None, None]
