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
from .canvas import CANVAS_PADDING, CANVAS_SCALE, sample_affinely, sample_canvas
from .face_model import IMAGE_HEIGHT, IMAGE_WIDTH, INTEROCULAR, LOWER_LIP_OUTLINE, SyntheticFace, face_depth
from .head_shape import body_texture
from .inversion import NODE_SPACING, invert
from .motion import HEAD_PIVOT, pose_transforms
from .texture import FaceTexture, make_texture

#: Pixels (x, y) of the image, shape (IMAGE_HEIGHT, IMAGE_WIDTH, 2).
PIXEL_GRID = np.stack(np.meshgrid(np.arange(IMAGE_WIDTH), np.arange(IMAGE_HEIGHT)), -1).astype(np.float32)
#: Rows and columns of the image.
WHOLE_IMAGE = slice(0, IMAGE_HEIGHT), slice(0, IMAGE_WIDTH)
#: Material pixels of the nodes of the displacement fields: a column of y and a row of x.
NODE_Y, NODE_X = np.ogrid[
    -CANVAS_PADDING : IMAGE_HEIGHT + CANVAS_PADDING + 1 : NODE_SPACING,
    -CANVAS_PADDING : IMAGE_WIDTH + CANVAS_PADDING + 1 : NODE_SPACING,
]
#: Whether each landmark is below the mouth line.
BELOW_MOUTH_LINE = np.isin(np.arange(68), [*range(3, 14), *LOWER_LIP_OUTLINE, 65, 66, 67])
#: Landmarks of the eyes, outer corner first.
LEFT_EYE_POINTS, RIGHT_EYE_POINTS = [36, 37, 38, 39, 40, 41], [45, 44, 43, 42, 47, 46]


def interpolate_field(field: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Interpolate a field between its nodes.

    Parameters
    ----------
    field : ndarray, shape (2, T, h, w)
        Displacements in x and in y.
    points : ndarray, shape (T, m, 2)
        Material pixels.

    Returns
    -------
    ndarray, shape (T, m, 2)
    """
    t, (h, w) = np.arange(field.shape[1])[:, None], field.shape[2:]
    g = np.clip((points + CANVAS_PADDING) / NODE_SPACING, 0, [w - 1.001, h - 1.001])
    j, i = np.moveaxis(g.astype(int), -1, 0)
    fx, fy = np.moveaxis(g - np.floor(g), -1, 0)
    top = field[:, t, i, j] * (1 - fx) + field[:, t, i, j + 1] * fx
    moved = top * (1 - fy) + (field[:, t, i + 1, j] * (1 - fx) + field[:, t, i + 1, j + 1] * fx) * fy
    return np.moveaxis(moved, 0, -1)


@dataclass(frozen=True)
class FaceRig:
    """A face with its displacement fields and its texture, which are computed once for all its sequences."""

    face: SyntheticFace

    @cached_property
    def field_basis(self) -> dict[str, np.ndarray]:
        """Lip -> fields in x and y, (2, 2 K + 2, h, w) float32: of the Action Units by half, and of the depth."""
        depth = face_depth(self.face, NODE_X, NODE_Y) - 0.45 * INTEROCULAR
        out = {}
        for lip in (UPPER_LIP, LOWER_LIP):
            of_units = displacement_fields(self.face, NODE_X, NODE_Y, lip)
            n = 2 * of_units.shape[1]
            fields = np.zeros((2, n + 2, *depth.shape), np.float32)
            fields[:, :n] = of_units.reshape(2, n, *depth.shape)
            fields[0, n] = fields[1, n + 1] = depth
            out[lip] = fields
        return out

    @cached_property
    def landmark_basis(self) -> np.ndarray:
        """The fields at the landmarks, shape (2 K + 2, 68, 2)."""
        upper, lower = (self._basis_at(self.face.points, lip) for lip in (UPPER_LIP, LOWER_LIP))
        return np.where(BELOW_MOUTH_LINE[:, None], lower, upper)

    @cached_property
    def mouth_line(self) -> tuple[np.ndarray, np.ndarray]:
        """Points of the mouth line across the canvas, and the fields there; see `outline`."""
        x = np.arange(-CANVAS_PADDING, IMAGE_WIDTH + CANVAS_PADDING, 4.0)
        return self._of_both_lips(np.c_[x, self.face.mouth_line(x)])

    @cached_property
    def outline(self) -> tuple[np.ndarray, np.ndarray]:
        """Points around head and hair, once per lip, (m, 2), and the fields there, (2 K + 2, m, 2)."""
        hull = cv2.convexHull(cv2.findNonZero((self.texture.alpha > 1 / 512).astype(np.uint8)))
        return self._of_both_lips(hull[:, 0] / CANVAS_SCALE - CANVAS_PADDING)

    def _of_both_lips(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        both = [self._basis_at(points, lip) for lip in (UPPER_LIP, LOWER_LIP)]
        return np.r_[points, points], np.concatenate(both, 1)

    def _basis_at(self, points: np.ndarray, lip: str) -> np.ndarray:
        fields = self.field_basis[lip]
        return interpolate_field(fields, np.broadcast_to(points, (fields.shape[1], *points.shape)))

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
        self.rig, self.face, self.actions = rig, rig.face, actions
        self.linear, self.parallax, self.shift = pose_transforms(pose)
        self.weights = np.c_[actions.reshape(len(actions), -1), self.parallax]
        weights = self.weights.astype(np.float32)
        self.field = {}
        for lip, basis in rig.field_basis.items():
            fields = weights @ basis.reshape(*basis.shape[:2], -1)
            self.field[lip] = fields.reshape(2, len(weights), *basis.shape[2:])

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

    def to_head(self, depth: float = 0) -> np.ndarray:
        """Affine maps from the image to the displaced material points at a depth in pixels, shape (T, 2, 3)."""
        inverse = np.linalg.inv(self.linear)
        offset = HEAD_PIVOT - (inverse @ (HEAD_PIVOT + self.shift)[..., None])[..., 0] - depth * self.parallax
        return np.concatenate([inverse, offset[..., None]], -1)

    def forward(self, points: np.ndarray, is_lower: np.ndarray) -> np.ndarray:
        """Map material points, (T, m, 2), to the image; `is_lower`, (m,): whether they are below the mouth line."""
        moved = np.where(
            np.asarray(is_lower)[..., None],
            interpolate_field(self.field[LOWER_LIP], points),
            interpolate_field(self.field[UPPER_LIP], points),
        )
        return self.to_image(points + moved)

    def _moved(self, points: np.ndarray, basis: np.ndarray) -> np.ndarray:
        """Map material points, (m, 2), to the frames by the fields at these points, (2 K + 2, m, 2)."""
        return self.to_image(points + np.tensordot(self.weights, basis, 1))

    def landmarks(self) -> np.ndarray:
        """Landmarks in the frames, shape (T, 68, 2), including the motion of the lids in blinks."""
        out = self._moved(self.face.points, self.rig.landmark_basis)
        closed = 0.94 * self.actions[:, UNIT_INDEX[BLINK_UNIT], 0, None, None]
        for upper, lower in (([37, 38], [41, 40]), ([43, 44], [47, 46])):
            out[:, upper] += np.clip(closed, 0, 1) * (out[:, lower] - out[:, upper])
        return out

    def head_window(self) -> tuple[slice, slice]:
        """Rows and columns of the image outside of which the head is not seen in any frame."""
        seen = self._moved(*self.rig.outline)
        x, y = seen[..., 0], seen[..., 1]
        return _even_range(y.min(), y.max(), IMAGE_HEIGHT), _even_range(x.min(), x.max(), IMAGE_WIDTH)

    def mouth_rows(self, window: tuple[slice, slice]) -> slice:
        """Rows that show the mouth line in any frame: above them is skin of the upper lip, below of the lower lip."""
        seen = self._moved(*self.rig.mouth_line)
        rows, columns = window
        y = seen[(seen[..., 0] > columns.start - 5) & (seen[..., 0] < columns.stop + 4), 1]
        found = _even_range(y.min(), y.max(), IMAGE_HEIGHT)
        return slice(max(found.start, rows.start), min(found.stop, rows.stop))

    def material_points(self, window: tuple[slice, slice] = WHOLE_IMAGE) -> tuple[np.ndarray, np.ndarray]:
        """Material points of the pixels in a window by the upper and by the lower field.

        Parameters
        ----------
        window : tuple of slice
            Rows and columns; their starts and stops are even.

        Returns
        -------
        upper, lower : ndarray, shape (T, H, W, 2), float32
            Points outside of the window are 0. Where a pixel can only show one lip, both points are of this lip.
        """
        (rows, columns), mouth, to_head = window, self.mouth_rows(window), self.to_head()
        upper, lower = np.zeros((2, 2, len(to_head), IMAGE_HEIGHT, IMAGE_WIDTH), np.float32)
        above, below = slice(rows.start, mouth.start), slice(mouth.stop, rows.stop)
        invert(self.field[UPPER_LIP], to_head, (slice(rows.start, mouth.stop), columns), upper)
        invert(self.field[LOWER_LIP], to_head, (slice(mouth.start, rows.stop), columns), lower)
        upper[:, :, below, columns] = lower[:, :, below, columns]
        lower[:, :, above, columns] = upper[:, :, above, columns]
        return np.moveaxis(upper, 0, -1), np.moveaxis(lower, 0, -1)


def _even_range(low: float, high: float, size: int) -> slice:
    """Pixels from `low` to `high` with a margin of 4 pixels, from an even one to before an even one."""
    return slice(max(2 * int((low - 4) // 2), 0), min(2 * int((high + 6) // 2), size))


def _apply(matrices: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Multiply `points`, (T, m, 2), by `matrices`, (T, 2, 2); much faster than matmul for these shapes."""
    a, x, y = matrices[:, None], points[..., 0], points[..., 1]
    return np.stack([a[..., 0, 0] * x + a[..., 0, 1] * y, a[..., 1, 0] * x + a[..., 1, 1] * y], -1)


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
    upper, lower = (x.astype(float) for x in warp.material_points())
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
    return np.stack([sample_affinely(rims, to_head) for to_head in warp.to_head(0.35 * INTEROCULAR)])
