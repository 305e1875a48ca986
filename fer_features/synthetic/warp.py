"""The map from a head at rest to the frames of a sequence: it carries landmarks, pictures and true flow.

Material point x of the head is seen in frame t at

    p = A_t (x + sum_k a_tk F_k(x) + k_t z(x) - c) + c + b_t

with the activations a of the AUs, their fields F, the depth z with its parallax k, and the pose A, b about
the head's middle c. Pictures look the painting up at the inverse of the map, landmarks and flow go forward.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from .actions import BLINK, HEAD, INDEX, LOWER, UPPER, affine, fields
from .canvas import PAD, look
from .faces import HEIGHT, LOWER_OUTER, UNIT, WIDTH, Face, depth
from .paint import Painting, body, paint

PIXELS = np.stack(np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT)), -1).astype(np.float32)
STEP = 2  # material pixels between nodes of the displacement fields
BROWS_ROW = 56  # pixels; above it nothing is below the lips, however the head turns
ON_LOWER = np.isin(np.arange(68), [*range(3, 14), *LOWER_OUTER, 65, 66, 67])
LEFT_EYE, RIGHT_EYE = [36, 37, 38, 39, 40, 41], [45, 44, 43, 42, 47, 46]  # outer corner first


def _nodes() -> np.ndarray:
    rows, columns = (HEIGHT + 2 * PAD) // STEP + 1, (WIDTH + 2 * PAD) // STEP + 1
    return STEP * np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1) - PAD


def interpolate(field: np.ndarray, points: np.ndarray) -> np.ndarray:
    """`field` (T, h, w, c), given on the nodes, at material `points` (T, m, 2), bilinear -> (T, m, c)."""
    t, (h, w) = np.arange(len(field))[:, None], field.shape[1:3]
    g = np.clip((points + PAD) / STEP, 0, [w - 1.001, h - 1.001])
    j, i = np.moveaxis(g.astype(int), -1, 0)
    fx, fy = np.moveaxis(g - np.floor(g), -1, 0)[..., None]
    top = field[t, i, j] * (1 - fx) + field[t, i, j + 1] * fx
    return top * (1 - fy) + (field[t, i + 1, j] * (1 - fx) + field[t, i + 1, j + 1] * fx) * fy


@dataclass(frozen=True)
class Actor:
    """A face with its fields and its painting, ready to be rendered."""

    face: Face

    @cached_property
    def basis(self) -> dict[str, np.ndarray]:
        """By side (2 K + 2, h w 2) float32: the fields of the AUs' halves, and depth along x and y."""
        nodes = _nodes()
        z = depth(self.face, nodes) - 0.45 * UNIT
        parallax = np.stack([np.stack([z, 0 * z], -1), np.stack([0 * z, z], -1)])
        out = {}
        for side in (UPPER, LOWER):
            f = fields(self.face, nodes, side)
            out[side] = (
                np.concatenate([f.reshape(-1, *nodes.shape), parallax]).reshape(-1, nodes.size).astype(np.float32)
            )
        return out

    @cached_property
    def painting(self) -> Painting:
        """The skin, painted once."""
        return paint(self.face)

    @cached_property
    def body(self) -> tuple[np.ndarray, np.ndarray]:
        """Neck and shoulders, which do not move, and where they are."""
        return body(self.face)

    def warp(self, actions: np.ndarray, pose: np.ndarray) -> Warp:
        """The face under Action Units (T, K, 2) and head poses (T, 6)."""
        return Warp(self, np.asarray(actions, float), np.asarray(pose, float))


class Warp:
    """The map from material points to the frames of one sequence; `actions` (T, K, 2), `pose` (T, 6)."""

    def __init__(self, actor: Actor, actions: np.ndarray, pose: np.ndarray):
        self.face, self.actions = actor.face, actions
        self.a, self.parallax, self.shift = affine(pose)
        weights = np.c_[actions.reshape(len(actions), -1), self.parallax].astype(np.float32)
        shape = (len(actions), *_nodes().shape)
        self.field = {side: (weights @ actor.basis[side]).reshape(shape) for side in (UPPER, LOWER)}

    def kept_inside(self, margin: float) -> tuple[Warp, np.ndarray]:
        """The same with the head shifted until all landmarks are in the picture; and the shift (2,)."""
        seen = self.landmarks()
        low, high = seen.min((0, 1)), seen.max((0, 1))
        shift = np.maximum(margin - low, 0) - np.maximum(high - [WIDTH - 1 - margin, HEIGHT - 1 - margin], 0)
        out = copy(self)
        out.shift = self.shift + shift
        return out, shift

    def pose(self, points: np.ndarray) -> np.ndarray:
        """Displaced material points (T, m, 2) -> picture."""
        return _apply(self.a, points - HEAD) + (HEAD + self.shift)[:, None]

    def unpose(self, points: np.ndarray) -> np.ndarray:
        """Picture points (T, n, 2) back to where they are on the unmoved head."""
        return _apply(np.linalg.inv(self.a), points - (HEAD + self.shift)[:, None]) + HEAD

    def forward(self, points: np.ndarray, lower: np.ndarray) -> np.ndarray:
        """Where material `points` (T, m, 2) are seen; `lower` (T, m) or (m,): are they below the lips."""
        moved = np.where(
            np.asarray(lower)[..., None],
            interpolate(self.field[LOWER], points),
            interpolate(self.field[UPPER], points),
        )
        return self.pose(points + moved)

    def landmarks(self) -> np.ndarray:
        """(T, 68, 2) positions in the frames, with the lids at blinks."""
        t = len(self.actions)
        points = np.broadcast_to(self.face.points, (t, 68, 2))
        out = self.forward(points, ON_LOWER)
        shut = 0.94 * self.actions[:, INDEX[BLINK], 0, None, None]
        for upper, lower in (([37, 38], [41, 40]), ([43, 44], [47, 46])):
            out[:, upper] += np.clip(shut, 0, 1) * (out[:, lower] - out[:, upper])
        return out

    @cached_property
    def material(self) -> tuple[np.ndarray, np.ndarray]:
        """Material points at all pixels by the upper and by the lower field, each (T, H, W, 2) float32."""
        coarse = np.stack(np.meshgrid(np.arange(WIDTH // 2), np.arange(HEIGHT // 2)), -1) * 2 + 0.5
        targets = self.unpose(coarse.reshape(1, -1, 2).astype(float)).reshape(-1, *coarse.shape).astype(np.float32)
        found = []
        for side, first in ((UPPER, 0), (LOWER, BROWS_ROW // 2)):
            x = _invert(self.field[side], targets[:, first:])
            size = (WIDTH, HEIGHT - 2 * first)
            found.append(np.stack([cv2.resize(f, size, interpolation=cv2.INTER_LINEAR) for f in x]))
        upper, lower = found
        return upper, np.concatenate([upper[:, : HEIGHT - lower.shape[1]], lower], 1)


def _apply(matrices: np.ndarray, points: np.ndarray) -> np.ndarray:
    """`matrices` (T, 2, 2) times `points` (T, m, 2); many times faster than matmul on such thin arrays."""
    a, x, y = matrices[:, None], points[..., 0], points[..., 1]
    return np.stack([a[..., 0, 0] * x + a[..., 0, 1] * y, a[..., 1, 0] * x + a[..., 1, 1] * y], -1)


def _invert(field: np.ndarray, targets: np.ndarray, rounds: int = 3) -> np.ndarray:
    """Solve x + field(x) = targets by Newton's method; `field` and `targets` (T, h, w, 2) float32."""
    slope = np.concatenate([np.gradient(field, STEP, axis=2), np.gradient(field, STEP, axis=1)], -1)
    return np.stack([_newton(*each, rounds) for each in zip(field, slope, targets, strict=True)])


def _newton(field: np.ndarray, slope: np.ndarray, target: np.ndarray, rounds: int) -> np.ndarray:
    """One frame's inverse: small arrays, which stay in the processor's cache."""
    tx, ty = np.moveaxis(target, -1, 0)
    x, y = tx.copy(), ty.copy()
    for _ in range(rounds):
        column, row = (x + PAD) * (1 / STEP), (y + PAD) * (1 / STEP)
        dx, dy = cv2.split(cv2.remap(field, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
        xx, yx, xy, yy = cv2.split(cv2.remap(slope, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
        xx += 1
        yy += 1
        rx, ry = tx - x - dx, ty - y - dy
        scale = 1 / np.maximum(xx * yy - xy * yx, 0.2)
        x += np.clip((yy * rx - xy * ry) * scale, -8, 8)
        y += np.clip((xx * ry - yx * rx) * scale, -8, 8)
    return np.stack([x, y], -1)


def flow(actor: Actor, actions: np.ndarray, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Displacement (H, W, 2) float32 between two frames, `actions` (2, K, 2), `pose` (2, 6); where valid."""
    warp, face = actor.warp(actions, pose), actor.face
    upper, lower = (x.astype(float) for x in warp.material)
    below = face.below(lower[0]) > 0
    points = np.where(below[..., None], lower[0], upper[0])
    there = Warp(actor, actions[1:], pose[1:]).forward(points.reshape(1, -1, 2), below.ravel())
    there = there.reshape(HEIGHT, WIDTH, 2)

    to = there.astype(np.float32)
    hidden = cv2.remap(face.below(lower[1]).astype(np.float32), to[..., 0], to[..., 1], cv2.INTER_LINEAR) > -1
    valid = (look(actor.painting.bare, points) > 0.99) & (below | ~(hidden & _near_mouth(face, points)))
    valid &= cavity(face, upper[0], lower[0]) < 0.01
    if actor.painting.glasses is not None:
        rims = rims_seen(actor.painting.glasses, warp)
        valid &= (rims[0] < 0.01) & (cv2.remap(rims[1], to[..., 0], to[..., 1], cv2.INTER_LINEAR) < 0.01)
    inside = (there >= 0).all(-1) & (there <= [WIDTH - 1, HEIGHT - 1]).all(-1)
    return (there - PIXELS).astype(np.float32), valid & inside


def _near_mouth(face: Face, points: np.ndarray) -> np.ndarray:
    return (np.abs(face.across(points[..., 0])) < 1.1) & (np.abs(face.below(points)) < 0.5 * UNIT)


def cavity(face: Face, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """How much of each pixel is the open mouth, 0..1, from the material points of both sides of the lips."""
    over_lip = np.clip(0.5 - face.below(upper), 0, 1)
    under_lip = np.clip(0.5 + face.below(lower), 0, 1)
    u = np.maximum(np.abs(face.across(upper[..., 0])), np.abs(face.across(lower[..., 0])))
    return (1 - over_lip) * (1 - under_lip) * np.clip((1.03 - u) * 12, 0, 1)


def rims_seen(rims: np.ndarray, warp: Warp) -> np.ndarray:
    """Cover (T, H, W) of painted glasses, which turn with the head and do not deform with the face."""
    x = warp.unpose(PIXELS.reshape(1, -1, 2)).reshape(-1, HEIGHT, WIDTH, 2) - 0.35 * UNIT * warp.parallax[:, None, None]
    return np.stack([look(rims, points) for points in x])
