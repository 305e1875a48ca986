"""The texture of a face, rendered once in material coordinates: skin, hair, brows, glasses, neck and shoulders."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .canvas import (
    CANVAS_HEIGHT,
    CANVAS_SCALE,
    CANVAS_WIDTH,
    CANVAS_X,
    CANVAS_Y,
    blur_canvas,
    ellipse_points,
    gaussian_spot,
    line_mask,
    polygon_mask,
    smooth_curve,
    smooth_noise,
    to_fixed_point,
)
from .face_model import (
    BROWS,
    EYES,
    FACE_CENTRE,
    INTEROCULAR,
    LONG_HAIR,
    LOWER_LIP_OUTLINE,
    UPPER_LIP_OUTLINE,
    SyntheticFace,
    face_depth,
)
from .head_shape import head_outlines
from .skin_folds import SkinFolds, make_skin_folds


@dataclass(frozen=True)
class FaceTexture:
    """Texture of a face; all arrays have the shape (CANVAS_HEIGHT, CANVAS_WIDTH) and the type float32.

    Attributes
    ----------
    skin : ndarray
        Grey levels 0..255 of the head.
    alpha : ndarray
        Opacity of the head, 0..1.
    folds : SkinFolds
    glasses : ndarray or None
        Opacity of the rims.
    skin_mask : ndarray
        1 on facial skin, 0 on eyes, hair and outside of the face.
    lid_grey : float
        Grey level of the edge of the lids.
    """

    skin: np.ndarray
    alpha: np.ndarray
    folds: SkinFolds
    glasses: np.ndarray | None
    skin_mask: np.ndarray
    lid_grey: float


def make_texture(face: SyntheticFace) -> FaceTexture:
    """Render the texture of a face."""
    appearance, at, rng = face.appearance, face.points, np.random.default_rng(face.seed)
    u = INTEROCULAR
    lit = _light(face)

    tone = np.full((CANVAS_HEIGHT, CANVAS_WIDTH), appearance.skin, np.float32)
    for cell, strength in ((40, 0.035), (12, 0.03), (4, 0.025), (1.3, 0.03)):
        tone *= 1 + strength * (0.5 + appearance.age) * smooth_noise(rng, cell)
    tone *= 1 - 0.30 * appearance.freckles * _freckles(rng, at)
    tone *= 1 - _beard(face, rng)
    for side, eye in zip((-1, 1), EYES, strict=True):
        tone *= _around_eye(at[eye], side, appearance.age)
    tone *= _nose(at)
    tone *= _mouth(face)
    skin = tone * lit

    head, ears, hair, mane, strands = head_outlines(face, rng)
    skin = skin * (1 - ears) + appearance.skin * ears * (
        0.85 - 0.35 * blur_canvas(np.abs(ears - blur_canvas(ears, 3)), 1)
    )
    # Hair outside the head, so that no skin shows through the edge of the hair.
    above = (1 - head) * (FACE_CENTRE[1] + 0.1 * u > CANVAS_Y) * (1 - ears)
    behind = (1 - np.maximum(head, ears)) * (appearance.hair_style == LONG_HAIR)
    skin = skin * (1 - behind) + 0.75 * strands * behind
    hair_ = np.maximum(hair, above)
    skin = skin * (1 - hair_) + strands * hair_
    skin = _brows(face, rng, skin)
    alpha = np.maximum.reduce([head, ears, hair, mane])
    grey = (255 * tone_curve(np.maximum(skin, 0))).astype(np.float32)
    return FaceTexture(
        grey,
        alpha.astype(np.float32),
        make_skin_folds(face, rng, grey),
        _glasses(face) if appearance.glasses else None,
        _skin_mask(face, hair_),
        255 * 0.22 * appearance.skin,
    )


def tone_curve(x: np.ndarray) -> np.ndarray:
    """Tone curve of the camera: linear in the shadows, asymptotic to 0.93 in the highlights."""
    return x / (1 + (x / 0.93) ** 5) ** 0.2


def _skin_mask(face: SyntheticFace, hair: np.ndarray) -> np.ndarray:
    at, u = face.points, INTEROCULAR
    out = polygon_mask(
        np.r_[
            at[:17],
            at[16:15:-1] - [0, 0.5 * u],
            at[24:25] - [0, 0.25 * u],
            at[19:20] - [0, 0.25 * u],
            at[:1] - [0, 0.5 * u],
        ],
        0,
    )
    out = cv2.erode(out, np.ones((9, 9)))  # excludes the outline, which is seen at a grazing angle
    for eye in EYES:
        out = out * (1 - cv2.dilate(polygon_mask(at[eye], 0), np.ones((11, 11))))
    return out * (hair < 0.01)


def _light(face: SyntheticFace) -> np.ndarray:
    z = blur_canvas(face_depth(face, CANVAS_X, CANVAS_Y).astype(np.float32), 0.8) * CANVAS_SCALE
    zy, zx = np.gradient(z)
    lx, ly, lz = face.appearance.light
    cosine = (-zx * lx - zy * ly + lz) / np.sqrt(1 + zx * zx + zy * zy)
    light = face.appearance.ambient + (1 - face.appearance.ambient) * np.clip(cosine, 0, 1)
    return light / light[polygon_mask(face.points[:17]) > 0.5].mean()  # exposure is normalised on the face


def _freckles(rng: np.random.Generator, at: np.ndarray) -> np.ndarray:
    where = sum(
        gaussian_spot(c, 0.45, 0.28)
        for c in (at[30] - [0.6 * INTEROCULAR, 6], at[30] + [0.6 * INTEROCULAR, -6], at[29])
    )
    return np.clip(smooth_noise(rng, 1.6) - 1.0, 0, 1) * np.clip(where, 0, 1) * 1.6


def _beard(face: SyntheticFace, rng: np.random.Generator) -> np.ndarray:
    at = face.points
    region = np.r_[
        smooth_curve(at[2:15]),
        smooth_curve(
            np.r_[
                at[[13]] + [-6, -4],
                at[[54]] + [6, -8],
                at[[33]] + [0, 3],
                at[[48]] + [-6, -8],
                at[[3]] + [6, -4],
            ]
        ),
    ]
    grain = 0.27 + 0.11 * np.clip(smooth_noise(rng, 0.9), -1, 2)
    return face.appearance.stubble * blur_canvas(polygon_mask(region), 3) * grain


def _around_eye(eye: np.ndarray, side: int, age: float) -> np.ndarray:
    """Shadow of the socket, fold above the lid, bag below it; the open eye is rendered per frame."""
    middle, u = eye.mean(0), INTEROCULAR
    inner, outer = (eye[3], eye[0]) if side < 0 else (eye[0], eye[3])
    over, under = eye[1:3][::-side] + [0, -0.085 * u], eye[4:6][::side] + [0, 0.14 * u]
    fold = smooth_curve([inner + [0, -0.07 * u], over[0], over[1], outer + [side * 0.05 * u, -0.02 * u]])
    bag = smooth_curve([inner + [side * 0.04 * u, 0.09 * u], under[0], under[1], outer + [0, 0.1 * u]])
    out = 1 - 0.22 * gaussian_spot(middle + [-side * 0.22 * u, -0.08 * u], 0.16, 0.16)
    out *= 1 - 0.16 * gaussian_spot(middle + [0, -0.05 * u], 0.3, 0.12)
    out *= 1 - 0.42 * line_mask(fold, 0.8, 0.6)
    out *= 1 - (0.12 + 0.3 * age) * line_mask(bag, 0.9, 0.9)
    return out * (1 - 0.1 * polygon_mask(smooth_curve(eye, 40, True), 1.0))


def _nose(at: np.ndarray) -> np.ndarray:
    u, out = INTEROCULAR, 1 + 0.14 * gaussian_spot(at[30] + [0, -0.02 * INTEROCULAR], 0.06, 0.06)
    out *= 1 + 0.06 * gaussian_spot(at[28], 0.035, 0.22)
    out *= 1 - 0.14 * gaussian_spot(at[33] + [0, 0.03 * u], 0.18, 0.05)
    for side, ala, hole in ((-1, 31, 32), (1, 35, 34)):
        out *= 1 - 0.7 * gaussian_spot(at[hole] + [side * 0.015 * u, -0.035 * u], 0.05, 0.028)
        wing = [
            at[ala] + u * np.array([-side * 0.02, -0.17]),
            at[ala] + u * np.array([side * 0.045, -0.08]),
            at[ala] + [0, 0.02 * u],
        ]
        out *= 1 - 0.38 * line_mask(smooth_curve(wing), 0.9, 0.7)
        out *= 1 - 0.12 * gaussian_spot(at[29] + [side * 0.16 * u, 0], 0.05, 0.2)
    return out


def _mouth(face: SyntheticFace) -> np.ndarray:
    at, u, lips = face.points, INTEROCULAR, face.appearance.lips
    line = at[[48, 60, 61, 62, 63, 64, 54]]
    upper = np.r_[smooth_curve(at[[48, *UPPER_LIP_OUTLINE, 54]]), smooth_curve(line)[::-1]]
    lower = np.r_[smooth_curve(line), smooth_curve(at[[54, *LOWER_LIP_OUTLINE, 48]])]
    out = 1 - (1 - 0.9 * lips) * polygon_mask(upper, 0.5)
    out *= 1 - (1 - lips) * polygon_mask(lower, 0.5)
    out *= 1 + 0.16 * gaussian_spot((at[57] + 2 * at[66]) / 3 + [0, 1], 0.16, 0.04)
    out *= 1 - 0.22 * gaussian_spot(at[57] + [0, 0.1 * u], 0.2, 0.05)
    out *= 1 - 0.3 * line_mask(smooth_curve(line), 0.7, 0.5)
    for corner in at[[48, 54]]:
        out *= 1 - 0.3 * gaussian_spot(corner, 0.04, 0.035)
    philtrum = (at[33] + at[51]) / 2 + [0, 0.02 * u]
    out *= 1 - 0.1 * gaussian_spot(philtrum, 0.03, 0.07)
    for side in (-1, 1):
        out *= 1 + 0.06 * gaussian_spot(philtrum + [side * 0.075 * u, 0], 0.025, 0.07)
    return out


def _brows(face: SyntheticFace, rng: np.random.Generator, skin: np.ndarray) -> np.ndarray:
    appearance, out = face.appearance, np.zeros((CANVAS_HEIGHT, CANVAS_WIDTH), np.uint8)
    for side, brow in zip((-1, 1), BROWS, strict=True):
        ridge = smooth_curve(face.points[brow][::-side], 60)  # from the inner end
        sampled = [
            (rng.random(), rng.normal(0, 0.3), rng.uniform(-1, 1), rng.uniform(1.5, 3.5), rng.integers(120, 256))
            for _ in range(int(220 * appearance.brow_density) + 90)
        ]
        t, aside, across, length, tone = np.array(sampled).T
        half = INTEROCULAR * appearance.brow_width * (1 - 0.6 * t) * np.sqrt(np.minimum(12 * t + 0.25, 1))
        start = ridge[(59 * t).astype(int)] + np.c_[aside, half * across]
        lean = np.c_[side * (0.25 + 0.75 * t), -0.7 * (1 - t) ** 2 + 0.25 * t] * length[:, None]
        ends = np.hstack([to_fixed_point(start), to_fixed_point(start + lean)]).tolist()
        for (x0, y0, x1, y1), grey in zip(ends, tone.tolist(), strict=True):
            cv2.line(out, (x0, y0), (x1, y1), grey, 1, cv2.LINE_AA, 4)
    hairs = blur_canvas(out.astype(np.float32) / 255, 0.4) * (0.5 + 0.45 * appearance.brow_density)
    return skin * (1 - hairs) + min(0.8 * appearance.hair, 0.45 * appearance.skin) * hairs


def _glasses(face: SyntheticFace) -> np.ndarray:
    at, u = face.points, INTEROCULAR
    alpha = np.zeros((CANVAS_HEIGHT, CANVAS_WIDTH), np.float32)
    for side, eye, ear in ((-1, EYES[0], 0), (1, EYES[1], 16)):
        middle = at[eye].mean(0) + [side * 0.03 * u, 0.06 * u]
        rim = middle + u * ellipse_points(0.37, 0.29)
        alpha = np.maximum(alpha, line_mask(np.r_[rim, rim[:1]], 1.3, 0.4))
        alpha = np.maximum(
            alpha,
            line_mask(np.array([middle + [side * 0.37 * u, -0.06 * u], at[ear] + [0, -0.08 * u]]), 1.2, 0.4),
        )
    bridge = at[27] + u * np.array([[-0.13, 0.0], [0, -0.06], [0.13, 0.0]])
    alpha = np.maximum(alpha, line_mask(smooth_curve(bridge), 1.3, 0.4))
    return face.appearance.glasses * alpha
