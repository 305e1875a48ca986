"""Faces painted for pages: grey or as lines, with colour over places or circles at landmarks."""

from __future__ import annotations

import cv2
import numpy as np

from ..explain.locations import Places
from ..vision.geometry import PARTS
from .descriptors import CLOSED
from .importance import OVER_FACES, Face

#: Width of a painted face in pixels, and the room around it for what lies beyond: circles, and the jaw.
WIDTH, ROOM = 192, 22
#: Grey of the ground of sketches and of lines on it.
GROUND, LINE = 245, 110


def painted(face: Face, grey: tuple[float, float] = (0.0, 255.0)) -> np.ndarray:
    """A face as a picture, (H, `WIDTH`, 3) uint8: its pixels, or where there are none its landmarks as lines.

    Parameters
    ----------
    face : Face
    grey : (float, float)
        Grey values that become black and white.
    """
    if face.picture is not None:
        low, high = grey
        pixels = np.clip((face.picture - low) * 255 / (high - low), 0, 255).astype(np.uint8)
        size = (WIDTH, round(WIDTH * pixels.shape[0] / pixels.shape[1]))
        return cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2BGR)
    assert face.points is not None
    ends = face.points.min(0), face.points.max(0)
    return sketch([face.points], ends)


def sketch(shapes: list[np.ndarray], ends: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Landmarks as lines, (H, `WIDTH`, 3) uint8; of several the last is the darkest.

    Parameters
    ----------
    shapes : list of ndarray, shape (68, 2)
    ends : (ndarray, ndarray)
        Upper left and lower right corner of what is shown.
    """
    low, high = ends
    scale = WIDTH / max(float(high[0] - low[0]), 1e-9)
    canvas = np.full((max(1, round(scale * float(high[1] - low[1]))), WIDTH, 3), GROUND, np.uint8)
    for k, points in enumerate(shapes, 1):
        shade = GROUND - round((GROUND - LINE) * k / len(shapes))
        for name, where in PARTS.items():
            at = np.rint(16 * (points[where] - low) * scale).astype(np.int32)
            cv2.polylines(canvas, [at], name in CLOSED, (shade,) * 3, 1 + k // len(shapes), cv2.LINE_AA, 4)
    return canvas


def over(canvas: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """A picture (H, W, 3) with colour over it: `heat`, (rows, columns) from 0 to 1, in cells of equal size."""
    height, width = canvas.shape[:2]
    heat = cv2.resize(heat.astype(np.float32), (width, height), interpolation=cv2.INTER_NEAREST)
    red, green, blue, alpha = _colours(heat)
    colour = 255 * np.stack([blue, green, red], -1)
    return np.rint(canvas * (1 - alpha[..., None]) + colour * alpha[..., None]).astype(np.uint8)


def circles(canvas: np.ndarray, face: Face, places: Places, heat: np.ndarray) -> np.ndarray:
    """A painted face with a circle at each of some places, whose area is `heat`, (m,) from 0 to 1; large ones below."""
    assert face.points is not None
    canvas = cv2.copyMakeBorder(canvas, ROOM, ROOM, ROOM, ROOM, cv2.BORDER_CONSTANT, value=(GROUND,) * 3)
    if face.picture is None:
        low, high = face.points.min(0), face.points.max(0)
        scale = WIDTH / max(float(high[0] - low[0]), 1e-9)
    else:
        low, scale = np.array([-0.5, -0.5]), WIDTH / face.picture.shape[1]
    at = (places.positions(face.points) - low) * scale + ROOM
    red, green, blue, _ = _colours(np.maximum(heat, 0.02))
    for k in np.argsort(-heat):
        centre = tuple(int(v) for v in np.rint(16 * at[k]))
        radius = round(16 * (1.2 + 9 * float(np.sqrt(max(heat[k], 0)))))
        colour = tuple(255 * float(c[k]) for c in (blue, green, red))
        cv2.circle(canvas, centre, radius, colour, -1, cv2.LINE_AA, 4)
        cv2.circle(canvas, centre, radius, (40, 40, 40), 1, cv2.LINE_AA, 4)
    return canvas


def _colours(heat: np.ndarray) -> list[np.ndarray]:
    """Red, green, blue and how much they cover, each of the shape of `heat` and from 0 to 1."""
    stops = np.linspace(0, 1, len(OVER_FACES))
    return [np.interp(heat, stops, [colour[k] for colour in OVER_FACES]) for k in range(4)]
