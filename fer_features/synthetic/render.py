"""Rendering of a sequence: the warped texture, then mouth, eyes, glasses, illumination and sensor noise."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
from scipy.special import ndtri

from .action_units import JAW_DROP, UNIT_INDEX
from .canvas import canvas_pixels, sample_affinely, sample_pixels
from .face_model import EYES, IMAGE_HEIGHT, IMAGE_WIDTH, INTEROCULAR, SyntheticFace
from .inversion import affine_grid
from .motion import SequenceMotion
from .warp import (
    LEFT_EYE_POINTS,
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
    window = rows, columns = warp.head_window()
    upper, lower = warp.material_points(window)
    mouth = _box(landmarks[:, 60:68], 4)
    opening = mouth_opening(face, upper[:, *mouth], lower[:, *mouth])
    _select_lower_lip(face, warp.mouth_rows(window), upper, lower)
    plane, gains = (np.ones((1, 1), np.float32), np.ones(n, np.float32)) if clean else _light(rng, n)
    background = _background(rig, motion, rng)

    images = np.repeat(background[None], n, 0)
    heads = images[:, rows, columns]
    skins = itertools.repeat(texture.skin) if clean else texture.folds.textures(texture.skin, motion.actions)
    alphas = np.empty_like(heads)
    for head, alpha, skin, points in zip(heads, alphas, skins, upper[:, rows, columns], strict=False):
        pixels = canvas_pixels(points)
        head[:] = sample_pixels(skin, pixels)
        alpha[:] = sample_pixels(texture.alpha, pixels)
    _mouth(images[:, *mouth], opening, warp, mouth)
    for eye, middle, side in (
        (LEFT_EYE_POINTS, face.points[EYES[0]].mean(0), 1),
        (RIGHT_EYE_POINTS, face.points[EYES[1]].mean(0), -1),
    ):
        _eye(images, warp, landmarks[:, eye], middle, side, motion.gaze, texture.lid_grey)
    if texture.glasses is not None:
        heads += visible_glasses(texture.glasses, warp)[:, rows, columns] * (25 - heads)

    out = np.zeros(images.shape, np.uint8)
    levels, quantiles = (out.copy(), 0 * NORMAL_QUANTILES) if clean else _noise(rng, images.shape)
    behind = background[rows, columns]
    for t, (image, head, alpha) in enumerate(zip(images, heads, alphas, strict=True)):
        head -= behind
        head *= alpha
        head += behind
        image *= gains[t] * plane
        cv2.add(image, cv2.LUT(levels[t], quantiles), dst=out[t], dtype=cv2.CV_8U)  # rounds and clips
    return out, landmarks.astype(np.float32)


def _select_lower_lip(face: SyntheticFace, mouth_rows: slice, upper: np.ndarray, lower: np.ndarray) -> None:
    """Replace the points by the upper field where the point by the lower field is below the mouth line."""
    lower = lower[:, mouth_rows]
    np.copyto(upper[:, mouth_rows], lower, where=face.below_mouth_line(lower)[..., None] > 0)


def _background(rig: FaceRig, motion: SequenceMotion, rng: np.random.Generator) -> np.ndarray:
    """Wall, neck and shoulders, shape (H, W), the same in all frames."""
    gradient = 0.15 * rng.standard_normal() * (np.arange(IMAGE_WIDTH) / IMAGE_WIDTH - 0.5)
    wall = (255 * rig.face.appearance.background * (1 + gradient)).astype(np.float32)
    still = np.c_[np.eye(2), -motion.pose[:, :2].mean(0)]
    tone, alpha = (sample_affinely(canvas, still) for canvas in rig.body)
    return wall + alpha * (tone - wall)


def _light(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Gradient of the brightness across the image, (H, W), and gain of each frame: of the sequence, with flicker."""
    x, y = rng.normal(0, 0.12, 2)
    across, down = (np.arange(size) / size - 0.5 for size in (IMAGE_WIDTH, IMAGE_HEIGHT))
    plane = (1 + x * across + y * down[:, None]).astype(np.float32)
    return plane, (np.exp(rng.normal(0, 0.08)) * np.exp(rng.normal(0, 0.015, n))).astype(np.float32)


def _noise(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Sensor noise as random numbers of the shape, uint8, and the 256 grey levels that they stand for."""
    quantiles = np.float32(rng.uniform(1.5, 3.5)) * NORMAL_QUANTILES
    return rng.integers(0, 256, shape, np.uint8), quantiles


def _box(points: np.ndarray, margin: int) -> tuple[slice, slice]:
    x0, y0 = np.floor(points.reshape(-1, 2).min(0)).astype(int) - margin
    x1, y1 = np.ceil(points.reshape(-1, 2).max(0)).astype(int) + margin
    return slice(max(y0, 0), min(y1, IMAGE_HEIGHT)), slice(max(x0, 0), min(x1, IMAGE_WIDTH))


def _mouth(patch: np.ndarray, opening: np.ndarray, warp: FaceWarp, window: tuple[slice, slice]) -> None:
    """Draw the open mouth in a window of the images: teeth that move with skull and jaw, tongue and dark cavity."""
    face = warp.face
    to_mouth = warp.to_head(0.45 * INTEROCULAR)  # the teeth are behind the skin
    to_mouth[..., 2] -= face.mouth[:2]
    x, y = affine_grid(to_mouth / INTEROCULAR, *window)
    jaw = (JAW_DROP * warp.actions[:, UNIT_INDEX[26]].mean(1)).astype(np.float32)[:, None, None]
    under = y - jaw
    row = np.maximum(1 - (x / 0.40) ** 2, 0)
    tooth = x / 0.105
    gaps = 1 - 0.12 * np.exp(-(((tooth - np.floor(tooth) - 0.5) / 0.1) ** 2))
    top = _band(y, -0.2, 0.065 + 0.05 * (row - 1), 0.02)
    bottom = _band(under, 0.06 + 0.05 * (1 - row), 0.3, 0.02)
    tongue = np.exp(-0.5 * ((x / 0.22) ** 2 + ((under - 0.12) / 0.11) ** 2))
    tone = (18 + 55 * tongue) * (1 - top)
    tone += (120 * bottom + 185 * top * (1 - bottom)) * row * gaps * (0.75 + 0.25 * face.appearance.skin)
    patch += opening * (np.maximum(tone, 12) - patch)


def _band(y: np.ndarray, low: np.ndarray | float, high: np.ndarray | float, soft: float) -> np.ndarray:
    return _clipped((y - low) / soft) * _clipped((high - y) / soft)


def _clipped(x: np.ndarray) -> np.ndarray:
    return np.minimum(np.maximum(x, 0), 1)


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
    outer, axis = eye[:, 0], eye[:, 3] - eye[:, 0]
    width = np.hypot(*axis.T)
    along = axis / width[:, None] ** 2
    across = side * np.stack([-along[:, 1], along[:, 0]], -1)
    # Coordinates u, v: (0, 0) at the outer corner, (1, 0) at the inner corner, v positive downwards.
    to_eye = np.stack([along, across], 1)
    to_eye = np.concatenate([to_eye, -to_eye @ outer[..., None]], -1)
    u, v = affine_grid(to_eye, rows, columns)
    corners = eye @ to_eye[..., :2].transpose(0, 2, 1) + to_eye[:, None, :, 2]
    width = width.astype(np.float32)[:, None, None]
    over, under = _lid(corners[:, [1, 2]]), _lid(corners[:, [5, 4]])
    hill = u * (1 - u)
    from_over = (v - hill * (over[0] + over[1] * u)) * width  # pixels below the upper lid
    from_under = (hill * (under[0] + under[1] * u) - v) * width
    inside = _clipped(u * width + 0.5) * _clipped((1 - u) * width + 0.5)
    opening = _clipped(from_over + 0.5) * _clipped(from_under + 0.5) * inside

    centre = warp.to_image((middle + (0.3 * INTEROCULAR * warp.parallax))[:, None])[:, 0] + gaze
    to_iris = np.concatenate([np.broadcast_to(np.eye(2), (len(eye), 2, 2)), -centre[..., None]], -1)
    x, y = affine_grid(to_iris, rows, columns)
    r = np.sqrt(x * x + y * y)
    radius = 0.098 * INTEROCULAR
    ball = 205 * (0.55 + 0.45 * appearance.skin) * (1 - 0.25 * (2 * u - 1) ** 2)
    iris = _clipped(radius + 0.5 - r)
    tone = ball + iris * (255 * appearance.iris * (0.55 + np.float32(0.45) * (r < radius - 0.9)) - ball)
    tone *= 1 - 0.85 * _clipped(0.42 * radius + 0.5 - r)
    tone *= 1 - 0.5 * np.exp(-np.maximum(from_over, 0) / 1.3)
    reflection = (x - np.sign(appearance.light[0], dtype=np.float32)) ** 2 + (y + 1.1) ** 2
    glint = np.maximum(1 - np.sqrt(reflection), 0)
    tone += glint * iris * (235 - tone)
    patch = images[:, rows, columns]
    patch += opening * (tone - patch)
    lash = (0.85 * np.exp(-((from_over / 0.75) ** 2)) + 0.35 * np.exp(-((from_under / 0.6) ** 2))) * inside
    patch += np.minimum(lash, 0.9) * (lid - patch)


def _lid(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (a, b), each (T, 1, 1), of the curve v = u (1 - u) (a + b u) through two points, (T, 2, 2)."""
    u, v = np.clip(points[..., 0], 0.05, 0.95), points[..., 1]
    s = v / (u * (1 - u))
    b = (s[:, 1] - s[:, 0]) / (u[:, 1] - u[:, 0])
    a = s[:, 0] - b * u[:, 0]
    return a.astype(np.float32)[:, None, None], b.astype(np.float32)[:, None, None]
