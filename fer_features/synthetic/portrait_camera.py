"""Projection of a portrait: head pose, light, visibility by depth, and the landmarks in the image."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

from .portrait_canvas import HEIGHT, LEFT, TOP, UNIT_PX, WIDTH, X, Y
from .portrait_depth import depth_at

#: Centre of rotation of the head in interocular distances.
PIVOT = np.array([0.0, 0.45, -0.9])


@dataclasses.dataclass(frozen=True)
class Camera:
    """Pose of the head and distance of the camera.

    Attributes
    ----------
    yaw, pitch : float
        Radians; positive yaw moves the nose to the right of the image, positive pitch moves it down.
    distance : float
        From the pivot to the camera in interocular distances.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    distance: float = 20.0

    @property
    def rotation(self) -> np.ndarray:
        """Rotation of the head, shape (3, 3): pitch, then yaw."""
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        around_y = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
        c, s = np.cos(self.pitch), np.sin(self.pitch)
        around_x = np.array([[1, 0, 0], [0, c, s], [0, -s, c]])
        return around_y @ around_x

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project points.

        Parameters
        ----------
        points : ndarray, shape (..., 3)
            In interocular distances.

        Returns
        -------
        image_points : ndarray, shape (..., 2)
            In interocular distances of a head at the distance of the pivot.
        depth : ndarray, shape (...)
            Towards the camera.
        """
        rotated = (points - PIVOT) @ self.rotation.T.astype(points.dtype)
        scale = self.distance / (self.distance - rotated[..., 2])
        return rotated[..., :2] * scale[..., None] + PIVOT[:2].astype(points.dtype), rotated[..., 2]


def sample_camera(rng: np.random.Generator) -> Camera:
    """Sample a pose: frontal ones more often than rotated ones, up to 65 and 28 degrees."""
    if rng.random() < 0.35:
        yaw, pitch = rng.normal(0, 4), rng.normal(0, 5)
    else:
        yaw, pitch = np.clip(rng.normal(0, 32), -65, 65), np.clip(rng.normal(0, 11), -28, 28)
    return Camera(np.deg2rad(yaw), np.deg2rad(pitch), rng.uniform(7, 25))


def project_landmarks(points: np.ndarray, depth: np.ndarray, camera: Camera) -> np.ndarray:
    """Landmarks in the image.

    Parameters
    ----------
    points : ndarray, shape (68, 2)
        Of the frontal face.
    depth : ndarray, shape (HEIGHT, WIDTH)
    camera : Camera

    Returns
    -------
    ndarray, shape (68, 2)
        In interocular distances.

    Notes
    -----
    Convention: on the side that is turned away, points of the contour lie on the visible outline, as in 300-W.
    """
    projected, _ = camera.project(np.c_[points, depth_at(depth, points)].astype(np.float64))
    steps = np.linspace(0.55, 1, 19)[:, None]
    for i in (*range(7), *range(10, 17)):
        line = points[i] * np.hstack([steps, np.ones_like(steps)])
        seen, _ = camera.project(np.c_[line, depth_at(depth, line)].astype(np.float64))
        side = -1 if i < 8 else 1
        projected[i] = seen[(side * seen[:, 0]).argmax()]
    return projected


def project_canvas(layers: np.ndarray, depth: np.ndarray, camera: Camera) -> np.ndarray:
    """Image of the canvas: every pixel is moved, and the nearest one is visible.

    Parameters
    ----------
    layers : ndarray, shape (HEIGHT, WIDTH, c), float32
    depth : ndarray, shape (HEIGHT, WIDTH), float32
    camera : Camera

    Returns
    -------
    ndarray, shape (HEIGHT, WIDTH, c), float32
        On the grid of the canvas. Gaps are filled from their surroundings.
    """
    grid = np.stack(np.broadcast_arrays(X, Y, depth), -1).astype(np.float32)
    at, z = camera.project(grid)
    columns = np.rint((at[..., 0] - LEFT) * UNIT_PX).astype(np.int32).ravel()
    rows = np.rint((at[..., 1] - TOP) * UNIT_PX).astype(np.int32).ravel()
    inside = (columns >= 0) & (columns < WIDTH) & (rows >= 0) & (rows < HEIGHT)
    index, z = (rows * WIDTH + columns)[inside], z.ravel()[inside]
    order = np.argsort(((z - z.min()) * (60000 / max(float(np.ptp(z)), 1e-6))).astype(np.uint16), kind="stable")
    out = np.zeros((HEIGHT * WIDTH, layers.shape[-1]), np.float32)
    weight = np.zeros(HEIGHT * WIDTH, np.float32)
    out[index[order]] = layers.reshape(HEIGHT * WIDTH, -1)[inside][order]
    weight[index] = 1
    image, known = out.reshape(HEIGHT, WIDTH, -1), weight.reshape(HEIGHT, WIDTH)
    for side in (3, 7, 21, 61):
        gaps = known == 0
        if not gaps.any():
            break
        total = cv2.boxFilter(known, -1, (side, side), normalize=False)
        filled = cv2.boxFilter(image, -1, (side, side), normalize=False).reshape(image.shape)
        fill = gaps & (total > 0)
        image[fill] = filled[fill] / total[fill][:, None]
        known[fill] = 1
    return image


def shade(
    reflectance: np.ndarray, flat: np.ndarray, normals: np.ndarray, camera: Camera, rng: np.random.Generator
) -> np.ndarray:
    """Radiance of the canvas under a sampled light.

    Parameters
    ----------
    reflectance, flat : ndarray, shape (HEIGHT, WIDTH)
    normals : ndarray, shape (HEIGHT, WIDTH, 3)
    camera : Camera
    rng : Generator

    Returns
    -------
    ndarray, shape (HEIGHT, WIDTH), float32
        Mean 0.5 on the middle of the face, before the exposure.
    """
    u = rng.uniform
    turned = normals @ camera.rotation.T.astype(np.float32)
    hard = rng.random() < 0.25  # one half of the face is dark
    ambient = u(0.02, 0.15) if hard else u(0.15, 0.75)
    total = np.full((HEIGHT, WIDTH), ambient, np.float32) * (1 - u(0, 0.5) * np.clip(turned[..., 1], -1, 1))
    for k in range(2):
        light = np.array([u(-1.2, 1.2), u(-1.3, 0.35), u(-0.1, 0.6) if hard else u(0.4, 1.3)], np.float32)
        light /= np.linalg.norm(light)
        strength = (1 - ambient) * (1.2 if k == 0 else u(0, 0.5))
        wrap = u(0, 0.4)
        cosine = turned @ light
        diffuse = np.clip((cosine + wrap) / (1 + wrap), 0, 1)
        half = light + np.array([0, 0, 1], np.float32)
        half /= np.linalg.norm(half)
        gloss = np.clip(turned @ half, 0, 1) ** u(8, 30) * u(0, 0.35)
        plane = max(float((camera.rotation[:, 2] @ light + wrap) / (1 + wrap)), 0.1)
        total += strength * (diffuse * (1 - flat) + plane * flat) + strength * gloss * (1 - flat) * 0.5
    return reflectance * total
