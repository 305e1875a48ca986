"""The map from the head at rest to the frames of a sequence, which moves texture, landmarks and ground-truth flow.

Material point x of the head is seen in frame t at

    p = A_t (x + sum_k a_tk F_k(x) + k_t z(x) - c) + c + b_t

with the activations a of the Action Units, their displacement fields F, the depth z with its parallax k, and the
pose A, b around the centre of rotation c. Images sample the texture through the inverse of the map; landmarks and flow
use the map itself.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from .action_units import BLINK_UNIT, LOWER_LIP, UNIT_INDEX, UPPER_LIP, displacement_fields
from .canvas import CANVAS_PADDING, sample_canvas
from .face_model import IMAGE_HEIGHT, IMAGE_WIDTH, INTEROCULAR, LOWER_LIP_OUTLINE, SyntheticFace, face_depth
from .head_shape import body_texture
from .motion import HEAD_PIVOT, pose_transforms
from .texture import FaceTexture, make_texture

#: Pixels (x, y) of the image, shape (IMAGE_HEIGHT, IMAGE_WIDTH, 2).
PIXEL_GRID = np.stack(np.meshgrid(np.arange(IMAGE_WIDTH), np.arange(IMAGE_HEIGHT)), -1).astype(np.float32)
#: Distance of the nodes of the displacement fields in material pixels.
NODE_SPACING = 2
#: Image row above which no pixel shows skin below the mouth line, however the head is rotated.
FIRST_LOWER_ROW = 56
#: Whether each landmark is below the mouth line.
BELOW_MOUTH_LINE = np.isin(np.arange(68), [*range(3, 14), *LOWER_LIP_OUTLINE, 65, 66, 67])
#: Landmarks of the eyes, outer corner first.
LEFT_EYE_POINTS, RIGHT_EYE_POINTS = [36, 37, 38, 39, 40, 41], [45, 44, 43, 42, 47, 46]


def _nodes() -> np.ndarray:
    rows, columns = ((size + 2 * CANVAS_PADDING) // NODE_SPACING + 1 for size in (IMAGE_HEIGHT, IMAGE_WIDTH))
    return NODE_SPACING * np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1) - CANVAS_PADDING


def interpolate_field(field: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Interpolate a field between its nodes.

    Parameters
    ----------
    field : ndarray, shape (T, h, w, c)
    points : ndarray, shape (T, m, 2)
        Material pixels.

    Returns
    -------
    ndarray, shape (T, m, c)
    """
    t, (h, w) = np.arange(len(field))[:, None], field.shape[1:3]
    g = np.clip((points + CANVAS_PADDING) / NODE_SPACING, 0, [w - 1.001, h - 1.001])
    j, i = np.moveaxis(g.astype(int), -1, 0)
    fx, fy = np.moveaxis(g - np.floor(g), -1, 0)[..., None]
    top = field[t, i, j] * (1 - fx) + field[t, i, j + 1] * fx
    return top * (1 - fy) + (field[t, i + 1, j] * (1 - fx) + field[t, i + 1, j + 1] * fx) * fy


@dataclass(frozen=True)
class FaceRig:
    """A face with its displacement fields and its texture, which are computed once for all its sequences."""

    face: SyntheticFace

    @cached_property
    def field_basis(self) -> dict[str, np.ndarray]:
        """Lip -> fields, (2 K + 2, h * w * 2) float32: of the Action Units by half, and of the depth in x and y."""
        nodes = _nodes()
        z = face_depth(self.face, nodes) - 0.45 * INTEROCULAR
        parallax = np.stack([np.stack([z, 0 * z], -1), np.stack([0 * z, z], -1)])
        out = {}
        for lip in (UPPER_LIP, LOWER_LIP):
            f = displacement_fields(self.face, nodes, lip)
            out[lip] = (
                np.concatenate([f.reshape(-1, *nodes.shape), parallax]).reshape(-1, nodes.size).astype(np.float32)
            )
        return out

    @cached_property
    def texture(self) -> FaceTexture:
        """Texture of the head."""
        return make_texture(self.face)

    @cached_property
    def body(self) -> tuple[np.ndarray, np.ndarray]:
        """Grey levels and opacity of neck and shoulders."""
        return body_texture(self.face)

    def warp(self, actions: np.ndarray, pose: np.ndarray) -> FaceWarp:
        """Create the warp for activations, shape (T, K, 2), and head poses, shape (T, 6)."""
        return FaceWarp(self, np.asarray(actions, float), np.asarray(pose, float))


class FaceWarp:
    """The map from material points to the T frames of one sequence.

    Parameters
    ----------
    rig : FaceRig
    actions : ndarray, shape (T, K, 2)
        See `SequenceMotion`.
    pose : ndarray, shape (T, 6)
    """

    def __init__(self, rig: FaceRig, actions: np.ndarray, pose: np.ndarray):
        self.face, self.actions = rig.face, actions
        self.linear, self.parallax, self.shift = pose_transforms(pose)
        weights = np.c_[actions.reshape(len(actions), -1), self.parallax].astype(np.float32)
        shape = (len(actions), *_nodes().shape)
        self.field = {lip: (weights @ rig.field_basis[lip]).reshape(shape) for lip in (UPPER_LIP, LOWER_LIP)}

    def shifted_inside(self, margin: float) -> tuple[FaceWarp, np.ndarray]:
        """Shift the head until all landmarks are in the image; returns the new warp and the shift, shape (2,)."""
        seen = self.landmarks()
        low, high = seen.min((0, 1)), seen.max((0, 1))
        limit = [IMAGE_WIDTH - 1 - margin, IMAGE_HEIGHT - 1 - margin]
        shift = np.maximum(margin - low, 0) - np.maximum(high - limit, 0)
        out = copy(self)
        out.shift = self.shift + shift
        return out, shift

    def to_image(self, points: np.ndarray) -> np.ndarray:
        """Apply the head pose to displaced material points, shape (T, m, 2)."""
        return _apply(self.linear, points - HEAD_PIVOT) + (HEAD_PIVOT + self.shift)[:, None]

    def to_head(self, points: np.ndarray) -> np.ndarray:
        """Invert the head pose for image points, shape (T, m, 2)."""
        return _apply(np.linalg.inv(self.linear), points - (HEAD_PIVOT + self.shift)[:, None]) + HEAD_PIVOT

    def forward(self, points: np.ndarray, is_lower: np.ndarray) -> np.ndarray:
        """Map material points, (T, m, 2), to the image; `is_lower`, (m,): whether they are below the mouth line."""
        moved = np.where(
            np.asarray(is_lower)[..., None],
            interpolate_field(self.field[LOWER_LIP], points),
            interpolate_field(self.field[UPPER_LIP], points),
        )
        return self.to_image(points + moved)

    def landmarks(self) -> np.ndarray:
        """Landmarks in the frames, shape (T, 68, 2), including the motion of the lids in blinks."""
        t = len(self.actions)
        points = np.broadcast_to(self.face.points, (t, 68, 2))
        out = self.forward(points, BELOW_MOUTH_LINE)
        closed = 0.94 * self.actions[:, UNIT_INDEX[BLINK_UNIT], 0, None, None]
        for upper, lower in (([37, 38], [41, 40]), ([43, 44], [47, 46])):
            out[:, upper] += np.clip(closed, 0, 1) * (out[:, lower] - out[:, upper])
        return out

    @cached_property
    def material_points(self) -> tuple[np.ndarray, np.ndarray]:
        """Material points of all pixels by the upper and by the lower field, each of shape (T, H, W, 2), float32."""
        coarse = np.stack(np.meshgrid(np.arange(IMAGE_WIDTH // 2), np.arange(IMAGE_HEIGHT // 2)), -1) * 2 + 0.5
        targets = self.to_head(coarse.reshape(1, -1, 2).astype(float)).reshape(-1, *coarse.shape).astype(np.float32)
        found = []
        for lip, first in ((UPPER_LIP, 0), (LOWER_LIP, FIRST_LOWER_ROW // 2)):
            x = _invert(self.field[lip], targets[:, first:])
            size = (IMAGE_WIDTH, IMAGE_HEIGHT - 2 * first)
            found.append(np.stack([cv2.resize(f, size, interpolation=cv2.INTER_LINEAR) for f in x]))
        upper, lower = found
        return upper, np.concatenate([upper[:, : IMAGE_HEIGHT - lower.shape[1]], lower], 1)


def _apply(matrices: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Multiply `points`, (T, m, 2), by `matrices`, (T, 2, 2); much faster than matmul for these shapes."""
    a, x, y = matrices[:, None], points[..., 0], points[..., 1]
    return np.stack([a[..., 0, 0] * x + a[..., 0, 1] * y, a[..., 1, 0] * x + a[..., 1, 1] * y], -1)


def _invert(field: np.ndarray, targets: np.ndarray, n_iterations: int = 3) -> np.ndarray:
    """Solve x + field(x) = targets with Newton's method; `field` and `targets` have the shape (T, h, w, 2), float32."""
    slope = np.concatenate([np.gradient(field, NODE_SPACING, axis=2), np.gradient(field, NODE_SPACING, axis=1)], -1)
    return np.stack([_newton(*frame, n_iterations) for frame in zip(field, slope, targets, strict=True)])


def _newton(field: np.ndarray, slope: np.ndarray, target: np.ndarray, n_iterations: int) -> np.ndarray:
    """Invert the field of one frame; per frame, the arrays fit into the processor cache."""
    tx, ty = _components(target)
    x, y = tx.copy(), ty.copy()
    for _ in range(n_iterations):
        column, row = (x + CANVAS_PADDING) * (1 / NODE_SPACING), (y + CANVAS_PADDING) * (1 / NODE_SPACING)
        dx, dy = _components(cv2.remap(field, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
        xx, yx, xy, yy = _components(cv2.remap(slope, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
        xx += 1
        yy += 1
        rx, ry = tx - x - dx, ty - y - dy
        scale = 1 / np.maximum(xx * yy - xy * yx, 0.2)
        x += np.minimum(np.maximum((yy * rx - xy * ry) * scale, -8), 8)  # np.clip takes longer
        y += np.minimum(np.maximum((xx * ry - yx * rx) * scale, -8), 8)
    return np.stack([x, y], -1)


def _components(values: np.ndarray) -> np.ndarray:
    """Move the last axis to the front, as a contiguous array; several times faster than `cv2.split`."""
    return np.ascontiguousarray(values.transpose(2, 0, 1))


def flow_between_frames(rig: FaceRig, actions: np.ndarray, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ground-truth optical flow between two frames.

    Parameters
    ----------
    rig : FaceRig
    actions : ndarray, shape (2, K, 2)
    pose : ndarray, shape (2, 6)

    Returns
    -------
    flow : ndarray, shape (H, W, 2), float32
    valid : ndarray of bool, shape (H, W)
        See `fer_features.synthetic.ground_truth_flow`.
    """
    warp, face = rig.warp(actions, pose), rig.face
    upper, lower = (x.astype(float) for x in warp.material_points)
    below = face.below_mouth_line(lower[0]) > 0
    points = np.where(below[..., None], lower[0], upper[0])
    there = FaceWarp(rig, actions[1:], pose[1:]).forward(points.reshape(1, -1, 2), below.ravel())
    there = there.reshape(IMAGE_HEIGHT, IMAGE_WIDTH, 2)

    to = there.astype(np.float32)
    below_there = face.below_mouth_line(lower[1]).astype(np.float32)
    hidden = cv2.remap(below_there, to[..., 0], to[..., 1], cv2.INTER_LINEAR) > -1
    valid = (sample_canvas(rig.texture.skin_mask, points) > 0.99) & (below | ~(hidden & _near_mouth(face, points)))
    valid &= mouth_opening(face, upper[0], lower[0]) < 0.01
    if rig.texture.glasses is not None:
        rims = visible_glasses(rig.texture.glasses, warp)
        valid &= (rims[0] < 0.01) & (cv2.remap(rims[1], to[..., 0], to[..., 1], cv2.INTER_LINEAR) < 0.01)
    inside = (there >= 0).all(-1) & (there <= [IMAGE_WIDTH - 1, IMAGE_HEIGHT - 1]).all(-1)
    return (there - PIXEL_GRID).astype(np.float32), valid & inside


def _near_mouth(face: SyntheticFace, points: np.ndarray) -> np.ndarray:
    near_line = np.abs(face.below_mouth_line(points)) < 0.5 * INTEROCULAR
    return (np.abs(face.mouth_position(points[..., 0])) < 1.1) & near_line


def mouth_opening(face: SyntheticFace, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Opacity 0..1 of the open mouth, from the material points of all pixels by both fields."""
    over_lip = np.clip(0.5 - face.below_mouth_line(upper), 0, 1)
    under_lip = np.clip(0.5 + face.below_mouth_line(lower), 0, 1)
    u = np.maximum(np.abs(face.mouth_position(upper[..., 0])), np.abs(face.mouth_position(lower[..., 0])))
    return (1 - over_lip) * (1 - under_lip) * np.clip((1.03 - u) * 12, 0, 1)


def visible_glasses(rims: np.ndarray, warp: FaceWarp) -> np.ndarray:
    """Opacity of the glasses in the frames, shape (T, H, W); they move with the head and do not deform.

    Parameters
    ----------
    rims : ndarray, shape (CANVAS_HEIGHT, CANVAS_WIDTH)
        Opacity in the texture.
    warp : FaceWarp
    """
    x = warp.to_head(PIXEL_GRID.reshape(1, -1, 2)).reshape(-1, IMAGE_HEIGHT, IMAGE_WIDTH, 2)
    x = x - 0.35 * INTEROCULAR * warp.parallax[:, None, None]
    return np.stack([sample_canvas(rims, points) for points in x])
