"""The outlines of head, ears and hair, and the texture of neck and shoulders."""

from __future__ import annotations

import numpy as np

from .canvas import (
    CANVAS_X,
    CANVAS_Y,
    ellipse_points,
    gaussian_spot,
    polygon_mask,
    radial_noise,
    roughened_edge,
    smooth_curve,
    smooth_noise,
)
from .face_model import FACE_CENTRE, INTEROCULAR, LONG_HAIR, RECEDING_HAIR, SyntheticFace


def head_outlines(face: SyntheticFace, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Outlines of head, ears and hair.

    Parameters
    ----------
    face : SyntheticFace
    rng : numpy.random.Generator

    Returns
    -------
    tuple of 5 ndarray, shape (CANVAS_HEIGHT, CANVAS_WIDTH)
        Opacity of the head, the ears, the hair on the head and the hair behind it; grey levels of the strands.
    """
    at, appearance, u = face.points, face.appearance, INTEROCULAR
    a, t = (at[16, 0] - at[0, 0]) / 2, np.linspace(0, np.pi, 24)[1:-1]
    top = (at[0] + at[16]) / 2
    arc = np.c_[np.cos(t), -np.sin(t)]
    head = polygon_mask(np.r_[smooth_curve(at[:17]), top + arc * [a, 1.22 * u]], 0.5)
    ears = sum(
        polygon_mask(at[e] + u * np.array([s * 0.05, 0.2]) + u * ellipse_points(0.11, 0.28, s * 0.15), 0.5)
        for s, e in ((-1, 0), (1, 16))
    )
    ears = ears * (1 - head)

    part = FACE_CENTRE + u * np.array([rng.uniform(-0.5, 0.5), -1.75])  # origin of the radial strands of hair
    x, y = CANVAS_X - np.float32(part[0]), CANVAS_Y - np.float32(part[1])
    angle, radius = np.arctan2(x, y + 0.3 * u), np.hypot(x, y)
    fine, broad = (radial_noise(rng, angle, radius, cell, 12) for cell in (0.018, 0.07))
    sheen = 0.65 + 0.5 * gaussian_spot(FACE_CENTRE + u * np.array([appearance.light[0], -1.05]), 0.7, 0.3)
    strands = np.clip(appearance.hair * (1 + 0.2 * fine + 0.16 * broad) * sheen, 0.02, 1)

    crown = top + arc * [a + 0.07 * u, (1.31 + 0.04 * rng.standard_normal()) * u]
    low = (0.12, 0.2, 0.5, 0.0)[appearance.hair_style]
    line = appearance.hairline + (0.0, 0.22, 0.03, -0.16)[appearance.hair_style]
    x = np.linspace(-1, 1, 41)
    bow = (5, 6, 3.5, 5)[appearance.hair_style]
    y = line + (low - line) * np.abs(x) ** bow + 0.05 * x * np.sign(part[0] - FACE_CENTRE[0])
    y -= 0.16 * np.cos(4.2 * x) * -1 * (appearance.hair_style == RECEDING_HAIR) * (1 - x**2)
    front = FACE_CENTRE + np.c_[x * (a + 0.09 * u), y * u]
    hair = roughened_edge(polygon_mask(np.r_[crown, front], 2.0), 0.5 * fine + 0.5 * broad)
    mane = np.zeros_like(hair)
    if appearance.hair_style == LONG_HAIR:
        wide, long = a + 0.16 * u, rng.uniform(1.2, 2.4) * u
        locks = np.r_[
            top + arc * [wide, 1.34 * u],
            top + [[-wide - 2, 0.6 * u], [-wide + 1, long], [wide - 1, long], [wide + 2, 0.6 * u]],
        ]
        throat = FACE_CENTRE + u * np.array([[-0.62, 1.0], [0.62, 1.0], [0.75, 3], [-0.75, 3]])
        mane = roughened_edge(polygon_mask(locks, 2.0), 0.4 * fine + 0.4 * broad) * (1 - polygon_mask(throat, 2))
    return head, ears, hair, mane, strands


def body_texture(face: SyntheticFace) -> tuple[np.ndarray, np.ndarray]:
    """Neck and shoulders, which do not move with the head.

    Parameters
    ----------
    face : SyntheticFace

    Returns
    -------
    grey : ndarray, shape (CANVAS_HEIGHT, CANVAS_WIDTH), float32
        Grey levels 0..255.
    alpha : ndarray, shape (CANVAS_HEIGHT, CANVAS_WIDTH)
        Opacity.
    """
    appearance, rng, u = face.appearance, np.random.default_rng(face.seed + 1), INTEROCULAR
    x = (CANVAS_X - np.float32(FACE_CENTRE[0])) / u
    chin = face.points[8, 1]
    neck = polygon_mask(
        np.array(
            [
                [FACE_CENTRE[0] + s * u, chin + y * u]
                for s, y in ((-0.66, -1), (0.66, -1), (0.7, 0.2), (0.9, 1.5), (-0.9, 1.5), (-0.7, 0.2))
            ]
        ),
        1,
    )
    shoulders = [
        (-2.6, 1.0),
        (-1.9, 0.55),
        (-0.85, 0.3),
        (-0.45, 0.42),
        (0, 0.5),
        (0.45, 0.42),
        (0.85, 0.3),
        (1.9, 0.55),
        (2.6, 1.0),
        (2.6, 2),
        (-2.6, 2),
    ]
    cloth = polygon_mask(np.array([[FACE_CENTRE[0] + s * u, chin + y * u] for s, y in shoulders]), 0.6)
    shade = (
        0.8
        - 0.3 * np.abs(x) ** 2
        + 0.15 * x * appearance.light[0]
        - 0.3 * gaussian_spot([FACE_CENTRE[0], chin], 0.7, 0.22)
    )
    tone = appearance.skin * np.clip(shade, 0.15, 1) * (1 - cloth) + cloth * appearance.cloth * (
        0.9 + 0.1 * smooth_noise(rng, 1.2) * appearance.cloth
    )
    return (255 * np.clip(tone, 0, 1)).astype(np.float32), np.maximum(neck, cloth)
