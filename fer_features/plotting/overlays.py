"""Mean faces as images for reports: grey values or contours, with a heat map or circles at landmarks."""

from __future__ import annotations

import cv2
import numpy as np

from ..explain.locations import FeatureLocations
from ..vision.geometry import FACE_REGIONS
from .faces import CLOSED_CONTOURS, MeanFace
from .importance import TRANSPARENT_COLORS

#: Width of a face image and the margin for circles and the jaw, in pixels.
WIDTH_PX, MARGIN_PX = 192, 22
#: Grey values of the background of contours, and of the contours.
BACKGROUND, FOREGROUND = 245, 110

#: Color of landmarks, BGR.
LANDMARK_COLOR = (80, 220, 40)


def render_face(face: MeanFace, limits: tuple[float, float] = (0.0, 255.0)) -> np.ndarray:
    """A face as image, (H, `WIDTH_PX`, 3) uint8: its pixels, or without images its contours.

    Parameters
    ----------
    face : MeanFace
    limits : (float, float)
        Grey values to show as black and white.
    """
    if face.image is not None:
        low, high = limits
        pixels = np.clip((face.image - low) * 255 / (high - low), 0, 255).astype(np.uint8)
        size = (WIDTH_PX, round(WIDTH_PX * pixels.shape[0] / pixels.shape[1]))
        return cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2BGR)
    assert face.landmarks is not None
    return draw_contours([face.landmarks], (face.landmarks.min(0), face.landmarks.max(0)))


def draw_contours(shapes: list[np.ndarray], corners: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Contours of landmarks, (H, `WIDTH_PX`, 3) uint8; of several shapes the last is the darkest.

    Parameters
    ----------
    shapes : list of ndarray, shape (68, 2)
    corners : (ndarray, ndarray)
        Upper left and lower right corner of the image.
    """
    low, high = corners
    scale = WIDTH_PX / max(float(high[0] - low[0]), 1e-9)
    canvas = np.full((max(1, round(scale * float(high[1] - low[1]))), WIDTH_PX, 3), BACKGROUND, np.uint8)
    for k, landmarks in enumerate(shapes, 1):
        shade = BACKGROUND - round((BACKGROUND - FOREGROUND) * k / len(shapes))
        for name, points in FACE_REGIONS.items():
            line = np.rint(16 * (landmarks[points] - low) * scale).astype(np.int32)
            cv2.polylines(canvas, [line], name in CLOSED_CONTOURS, (shade,) * 3, 1 + k // len(shapes), cv2.LINE_AA, 4)
    return canvas


def blend_heatmap(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """An image (H, W, 3) with a heat map over it: `heat` (rows, columns) in [0, 1], in cells of equal size."""
    height, width = image.shape[:2]
    heat = cv2.resize(heat.astype(np.float32), (width, height), interpolation=cv2.INTER_NEAREST)
    red, green, blue, alpha = _colormap(heat)
    color = 255 * np.stack([blue, green, red], -1)
    return np.rint(image * (1 - alpha[..., None]) + color * alpha[..., None]).astype(np.uint8)


def draw_circles(image: np.ndarray, face: MeanFace, locations: FeatureLocations, heat: np.ndarray) -> np.ndarray:
    """A rendered face with a circle at each landmark location, of area `heat`, (m,) in [0, 1]; large ones below."""
    assert face.landmarks is not None
    m = MARGIN_PX
    image = cv2.copyMakeBorder(image, m, m, m, m, cv2.BORDER_CONSTANT, value=(BACKGROUND,) * 3)
    if face.image is None:
        low, high = face.landmarks.min(0), face.landmarks.max(0)
        scale = WIDTH_PX / max(float(high[0] - low[0]), 1e-9)
    else:
        low, scale = np.array([-0.5, -0.5]), WIDTH_PX / face.image.shape[1]
    at = (locations.positions(face.landmarks) - low) * scale + m
    red, green, blue, _ = _colormap(np.maximum(heat, 0.02))
    for k in np.argsort(-heat):
        centre = tuple(int(v) for v in np.rint(16 * at[k]))
        radius = round(16 * (1.2 + 9 * float(np.sqrt(max(heat[k], 0)))))
        color = tuple(255 * float(c[k]) for c in (blue, green, red))
        cv2.circle(image, centre, radius, color, -1, cv2.LINE_AA, 4)
        cv2.circle(image, centre, radius, (40, 40, 40), 1, cv2.LINE_AA, 4)
    return image


def _colormap(heat: np.ndarray) -> list[np.ndarray]:
    """Red, green, blue and opacity in [0, 1], each of the shape of `heat`."""
    stops = np.linspace(0, 1, len(TRANSPARENT_COLORS))
    return [np.interp(heat, stops, [color[k] for color in TRANSPARENT_COLORS]) for k in range(4)]


def draw_landmarks(image: np.ndarray, points: np.ndarray, side: int) -> np.ndarray:
    """Draw landmarks and the rectangle around them on an enlarged image.

    Parameters
    ----------
    image : ndarray, shape (H, W), uint8
    points : ndarray, shape (k, 2)
        In pixels; nothing is drawn for NaN.
    side : int
        Longer side of the result in pixels; larger images keep their size.

    Returns
    -------
    ndarray, shape (H', W', 3), uint8
        BGR.
    """
    scale = max(1.0, side / max(image.shape))
    size = round(image.shape[1] * scale), round(image.shape[0] * scale)
    drawn = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), cv2.COLOR_GRAY2BGR)
    if not np.isfinite(points).all():
        return drawn
    thickness = max(1, round(max(size) / 300))
    at = np.rint((points + 0.5) * scale - 0.5).astype(int)
    for point in at:
        cv2.circle(drawn, point.tolist(), thickness, LANDMARK_COLOR, -1)
    cv2.rectangle(drawn, at.min(0).tolist(), at.max(0).tolist(), LANDMARK_COLOR, thickness)
    return drawn
