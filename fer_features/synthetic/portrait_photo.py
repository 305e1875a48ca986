"""Photographs of portraits: background, objects before the face, crop, exposure, blur, noise and compression."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

from .portrait_camera import Camera
from .portrait_canvas import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, UNIT_PX, WIDTH, X, Y, noise, to_pixels
from .portrait_shape import PortraitShape
from .portrait_texture import PortraitAppearance


@dataclasses.dataclass(frozen=True)
class Photo:
    """A photograph of a synthetic face.

    Attributes
    ----------
    image : ndarray, shape (H, W), uint8
    landmarks : ndarray, shape (68, 2), float64
        iBUG-68 points in pixels.
    box : ndarray, shape (4,), float64
        x, y, width, height of the face in pixels, placed about as by a face detector.
    """

    image: np.ndarray
    landmarks: np.ndarray
    box: np.ndarray


#: Position of the point between the eyes in the box of a frontal face, and outer eye distance as a fraction of its
#: width: of faces that fill a tight crop, and in boxes of the detector of this package.
TIGHT_BOX_EYES, TIGHT_BOX_EYE_DISTANCE = (0.5, 0.385), 0.505
DETECTED_BOX_EYES, DETECTED_BOX_EYE_DISTANCE = (0.475, 0.365), 0.505
#: Outer eye distance of the mean face in interocular distances.
OUTER_EYE_DISTANCE = 1.40


def make_background(rng: np.random.Generator) -> np.ndarray:
    """A background, shape (HEIGHT, WIDTH), float32."""
    u = rng.uniform
    tone = u(0.01, 0.95)
    out = np.full((HEIGHT, WIDTH), tone, np.float32)
    out += u(-0.15, 0.15) * X + u(-0.1, 0.1) * Y
    kind = rng.random()
    if kind < 0.5:
        for cell in (1.5, 0.5, 0.15):
            out += u(0, 0.2) * noise(rng, cell * u(0.5, 2), cell * u(0.5, 2))
    if kind > 0.35:
        for _ in range(int(rng.integers(1, 9))):
            centre = to_pixels([u(LEFT, RIGHT), u(TOP, BOTTOM)])
            size = UNIT_PX * rng.uniform(0.1, 1.6, 2)
            corners = cv2.boxPoints((tuple(centre), tuple(size), u(0, 180) if rng.random() < 0.5 else 0.0))
            layer = np.zeros_like(out)
            cv2.fillConvexPoly(layer, corners.astype(np.int32), 1.0, cv2.LINE_AA)
            out += cv2.GaussianBlur(layer, (0, 0), u(0.3, 8)) * (u(0, 1) - out)
    return np.clip(out, 0, 1)


def add_objects(
    image: np.ndarray,
    shape: PortraitShape,
    depth: np.ndarray,
    camera: Camera,
    look: PortraitAppearance,
    rng: np.random.Generator,
) -> None:
    """Add glasses, hands and other objects before the face to the projected image, in place."""
    if rng.random() < 0.2:
        _glasses(image, shape, depth, camera, rng)
    for _ in range(int(rng.choice(3, p=[0.8, 0.15, 0.05]))):
        _occluder(image, look, rng)
    if rng.random() < 0.04:
        for _ in range(int(rng.integers(1, 4))):
            y = rng.uniform(-0.5, 1.5)
            layer = np.zeros((HEIGHT, WIDTH), np.uint8)
            at = tuple(np.round(to_pixels([rng.uniform(-2, 0), y])).astype(int).tolist())
            text = "".join(rng.choice(list("abcdefghistuvwxyz"), 9))
            cv2.putText(layer, text, at, int(rng.integers(0, 4)), rng.uniform(0.6, 2), 255, int(rng.integers(1, 4)))
            image += layer.astype(np.float32) / 255 * rng.uniform(0.2, 0.6) * (rng.choice([0.05, 0.9]) - image)


def _glasses(
    image: np.ndarray, shape: PortraitShape, depth: np.ndarray, camera: Camera, rng: np.random.Generator
) -> None:
    u, at = rng.uniform, shape.points
    a, b, square = u(0.3, 0.46), u(0.2, 0.36), u(2, 5)
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    c, s = np.cos(angle), np.sin(angle)
    rim = np.c_[a * np.sign(c) * np.abs(c) ** (2 / square), b * np.sign(s) * np.abs(s) ** (2 / square)]
    tone, width = (u(0.01, 0.25) if rng.random() < 0.8 else u(0.4, 0.9)), max(1, round(u(0.015, 0.09) * UNIT_PX))
    shift, dark = u(-0.02, 0.12), rng.random() < 0.15
    opacity = u(0.5, 0.97)
    layer = np.zeros((HEIGHT, WIDTH), np.uint8)
    lens = np.zeros((HEIGHT, WIDTH), np.uint8)

    def drawn(points: np.ndarray, z: float | np.ndarray) -> np.ndarray:
        p, _ = camera.project(np.c_[points, np.broadcast_to(z, len(points))].astype(np.float64))
        return np.round(to_pixels(p) * 16).astype(np.int32)

    for side, eye, ear in ((-1, slice(36, 42), 0), (1, slice(42, 48), 16)):
        middle = at[eye].mean(0) + [side * 0.04, shift]
        points = middle + rim * [side, 1]
        plane = 0.14 - 0.12 * np.abs(points[:, 0]) ** 2
        cv2.polylines(layer, [drawn(points, plane)], True, 255, width, cv2.LINE_AA, 4)
        cv2.fillPoly(lens, [drawn(points, plane)], 255, cv2.LINE_AA, 4)
        hinge = middle + [side * a, -0.4 * b]
        ear_end = np.array([at[ear, 0], at[ear, 1] + 0.1])
        temple = drawn(np.array([hinge, ear_end]), np.array([0.14 - 0.12 * hinge[0] ** 2, -1.0]))
        cv2.polylines(layer, [temple], False, 255, max(1, width // 2), cv2.LINE_AA, 4)
    inner = abs(at[36:42, 0].mean()) + 0.04 - a
    bridge = np.array([[-inner, shift - 0.02], [0, shift - 0.07], [inner, shift - 0.02]])
    cv2.polylines(layer, [drawn(bridge, 0.14)], False, 255, max(1, width // 2 + 1), cv2.LINE_AA, 4)
    if dark:
        image += lens.astype(np.float32) / 255 * u(0.5, 0.97) * (u(0.01, 0.12) - image)
    elif rng.random() < 0.35:
        stripe = np.clip(np.sin((X * u(-2, 2) + Y * u(-2, 2)) * 2 + u(0, 6)) - u(0, 0.9), 0, 1)
        image += lens.astype(np.float32) / 255 * stripe * u(0.1, 0.7) * (1 - image)
    image += layer.astype(np.float32) / 255 * opacity * (tone - image)


def _occluder(image: np.ndarray, look: PortraitAppearance, rng: np.random.Generator) -> None:
    """A hand or another object before chin, cheek or forehead."""
    u = rng.uniform
    layer = np.zeros((HEIGHT, WIDTH), np.float32)
    if rng.random() < 0.6:
        tone = look.skin * u(0.4, 0.9)
        side, level, lean = rng.choice([-1, 1]), u(0.9, 1.9), u(-60, 60)
        for k in range(int(rng.integers(1, 5))):
            centre = np.array([side * u(0.3, 1.1), level + 0.17 * k])
            cv2.ellipse(
                layer,
                (tuple(to_pixels(centre)), (u(0.6, 1.4) * UNIT_PX, u(0.14, 0.2) * UNIT_PX), lean),
                1.0,
                -1,
                cv2.LINE_AA,
            )
        palm = to_pixels([side * u(1.0, 1.6), level + 0.5])
        cv2.ellipse(layer, (tuple(palm), (UNIT_PX * 1.0, UNIT_PX * 0.9), lean), 1.0, -1, cv2.LINE_AA)
    else:
        tone = u(0.02, 0.95)
        angle = u(0, 2 * np.pi)
        centre = to_pixels([1.5 * np.cos(angle), 0.6 + 1.7 * np.sin(angle)])
        corners = cv2.boxPoints((tuple(centre), tuple(UNIT_PX * rng.uniform(0.3, 1.5, 2)), u(0, 180)))
        cv2.fillConvexPoly(layer, corners.astype(np.int32), 1.0, cv2.LINE_AA)
    edge = cv2.GaussianBlur(layer, (0, 0), 1.0)
    shaded = tone * (0.75 + 0.5 * cv2.GaussianBlur(layer, (0, 0), 5)) * (1 + 0.05 * noise(rng, 0.1, 0.1))
    image += edge * (shaded - image)


def take_photo(image: np.ndarray, landmarks: np.ndarray, rng: np.random.Generator) -> Photo:
    """Crop, expose, blur and compress a portrait.

    Parameters
    ----------
    image : ndarray, shape (HEIGHT, WIDTH), float32
        Radiance on the canvas.
    landmarks : ndarray, shape (68, 2)
        In interocular distances.
    rng : Generator

    Returns
    -------
    Photo
    """
    u, n = rng.uniform, rng.standard_normal
    pixels = to_pixels(landmarks)
    eyes = pixels[36:48].mean(0)
    tight = rng.random() < 0.5
    box_eyes, box_eye_distance, spread, roll_sd, jitter = (
        (TIGHT_BOX_EYES, TIGHT_BOX_EYE_DISTANCE, 0.18, 22 if rng.random() < 0.4 else 6, (0.05, 0.06))
        if tight
        else (DETECTED_BOX_EYES, DETECTED_BOX_EYE_DISTANCE, 0.06, 6, (0.02, 0.025))
    )
    # With yaw, the box of a face shrinks less than its outer eye distance, and the eyes move half as far in it as in
    # the head.
    frontal = OUTER_EYE_DISTANCE * UNIT_PX
    distance = 0.65 * frontal + 0.35 * np.linalg.norm(pixels[45] - pixels[36])
    anchor = [0.5 * eyes[0] + 0.5 * to_pixels([0.0, 0.0])[0], eyes[1]]
    box_width = distance / box_eye_distance * np.exp(spread * n())
    roll = np.deg2rad(np.clip(n() * roll_sd, -48, 48))
    side = round(u(40, 60)) if tight else round(float(np.exp(u(np.log(60), np.log(130)))))
    margin = 0.0 if tight else u(0, 0.35)
    scale = side / box_width
    size = round(side * (1 + 2 * margin))
    linear = scale * np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    target = side * (margin + np.array(box_eyes) + jitter * n(2))
    matrix = np.hstack([linear, (target - linear @ anchor)[:, None]])
    prefiltered = cv2.GaussianBlur(image, (0, 0), max(0.45 / scale, 0.3)) if scale < 1 else image
    grey = cv2.warpAffine(
        prefiltered, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=u(0, 1)
    )
    points = pixels @ linear.T + matrix[:, 2]
    box = np.array([side * margin, side * margin, side, side])
    return Photo(_develop(grey, points, rng), points, box)


def _develop(grey: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """8-bit image: exposure, tone curve, blur, noise and compression."""
    u = rng.uniform
    size = len(grey)
    low, high = np.clip(np.floor(points.min(0)), 0, size - 2).astype(int), np.clip(points.max(0), 2, size).astype(int)
    face = grey[low[1] : max(high[1], low[1] + 1), low[0] : max(high[0], low[0] + 1)]
    y, x = np.mgrid[:size, :size].astype(np.float32) / size - 0.5
    grey = grey / max(float(np.percentile(face, 90)), 0.02) * u(0.35, 1.15)
    grey = np.clip(grey, 0, None) * np.exp(u(-0.6, 0.6) * x + u(-0.4, 0.4) * y)
    grey = grey ** u(0.5, 1.3)
    grey = grey / (1 + (grey / 0.95) ** 5) ** 0.2
    if rng.random() < 0.35:  # contrast is stretched
        a, b = np.percentile(grey, [u(0, 6), u(94, 100)])
        grey = (grey - a) / max(b - a, 0.05)
    else:
        grey = u(0, 0.12) + grey * u(0.65, 1)
    if rng.random() < 0.7:
        grey = cv2.GaussianBlur(grey, (0, 0), float(np.exp(u(np.log(0.2), np.log(0.014 * size + 0.5)))))
    if rng.random() < 0.15:
        grey = grey + u(0.2, 1) * (grey - cv2.GaussianBlur(grey, (0, 0), 1.0))
    grey = 255 * grey + rng.standard_normal(grey.shape) * u(0, 1) ** 3 * 11
    out = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    if rng.random() < 0.6:
        _, code = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 96))])
        out = cv2.imdecode(code, cv2.IMREAD_GRAYSCALE)
    return out
