"""The skin, hair, folds and shoulders of a person, painted once in material coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .canvas import COLUMNS, GRID, ROWS, SCALE, curve, ellipse, fan, fill, fixed, noise, ragged, soften, spot, stroke
from .faces import BROWS, CENTRE, EYES, LOWER_OUTER, UNIT, UPPER_OUTER, Face, depth
from .folds import Folds, draw_folds

LONG, RECEDING = 2, 3  # hair styles


@dataclass(frozen=True)
class Painting:
    """What `paint` gives: grey levels, cover (0 background, 1 head), folds."""

    skin: np.ndarray  # (ROWS, COLUMNS) float32, 0..255
    cover: np.ndarray  # (ROWS, COLUMNS) float32, 0..1
    folds: Folds
    glasses: np.ndarray | None  # (ROWS, COLUMNS) float32, cover of the rims
    bare: np.ndarray  # (ROWS, COLUMNS) float32, 1 on facial skin, 0 on eyes, hair and beyond
    lid: float  # grey level of the lid's edge


def paint(face: Face) -> Painting:
    """Paint a person."""
    looks, at, rng = face.looks, face.points, np.random.default_rng(face.seed)
    u = UNIT
    lit = _light(face)

    tone = np.full((ROWS, COLUMNS), looks.skin, np.float32)
    for cell, strength in ((40, 0.035), (12, 0.03), (4, 0.025), (1.3, 0.03)):
        tone *= 1 + strength * (0.5 + looks.age) * noise(rng, cell)
    tone *= 1 - 0.30 * looks.freckles * _freckles(rng, at)
    tone *= 1 - _beard(face, rng)
    for side, eye in zip((-1, 1), EYES, strict=True):
        tone *= _around_eye(at[eye], side, looks.age)
    tone *= _nose(at)
    tone *= _mouth(face)
    skin = tone * lit

    head, ears, hair, mane, strands = _outlines(face, rng)
    skin = skin * (1 - ears) + looks.skin * ears * (0.85 - 0.35 * soften(np.abs(ears - soften(ears, 3)), 1))
    above = (1 - head) * (GRID[..., 1] < CENTRE[1] + 0.1 * u) * (1 - ears)  # no skin shines through the hair's edge
    behind = (1 - np.maximum(head, ears)) * (looks.hair_style == LONG)
    skin = skin * (1 - behind) + 0.75 * strands * behind
    hair_ = np.maximum(hair, above)
    skin = skin * (1 - hair_) + strands * hair_
    skin = _brows(face, rng, skin)
    cover = np.maximum.reduce([head, ears, hair, mane])
    folds = draw_folds(face, rng)
    return Painting(
        (255 * shoulder(np.maximum(skin, 0))).astype(np.float32),
        cover.astype(np.float32),
        folds,
        _glasses(face) if looks.glasses else None,
        _bare(face, hair_),
        255 * 0.22 * looks.skin,
    )


def shoulder(x: np.ndarray) -> np.ndarray:
    """The film's response: straight in the shadows, never quite white."""
    return x / (1 + (x / 0.93) ** 5) ** 0.2


def _bare(face: Face, hair: np.ndarray) -> np.ndarray:
    at, u = face.points, UNIT
    out = fill(
        np.r_[
            at[:17],
            at[16:15:-1] - [0, 0.5 * u],
            at[24:25] - [0, 0.25 * u],
            at[19:20] - [0, 0.25 * u],
            at[:1] - [0, 0.5 * u],
        ],
        0,
    )
    out = cv2.erode(out, np.ones((9, 9)))  # not the outline, which turns away
    for eye in EYES:
        out = out * (1 - cv2.dilate(fill(at[eye], 0), np.ones((11, 11))))
    return out * (hair < 0.01)


def _light(face: Face) -> np.ndarray:
    z = soften(depth(face, GRID).astype(np.float32), 0.8) * SCALE
    zy, zx = np.gradient(z)
    lx, ly, lz = face.looks.light
    cosine = (-zx * lx - zy * ly + lz) / np.sqrt(1 + zx * zx + zy * zy)
    light = face.looks.ambient + (1 - face.looks.ambient) * np.clip(cosine, 0, 1)
    return light / light[fill(face.points[:17]) > 0.5].mean()  # the photographer exposes for the face


def _freckles(rng: np.random.Generator, at: np.ndarray) -> np.ndarray:
    where = sum(spot(c, 0.45, 0.28) for c in (at[30] - [0.6 * UNIT, 6], at[30] + [0.6 * UNIT, -6], at[29]))
    return np.clip(noise(rng, 1.6) - 1.0, 0, 1) * np.clip(where, 0, 1) * 1.6


def _beard(face: Face, rng: np.random.Generator) -> np.ndarray:
    at = face.points
    region = np.r_[
        curve(at[2:15]),
        curve(
            np.r_[
                at[[13]] + [-6, -4],
                at[[54]] + [6, -8],
                at[[33]] + [0, 3],
                at[[48]] + [-6, -8],
                at[[3]] + [6, -4],
            ]
        ),
    ]
    grain = 0.27 + 0.11 * np.clip(noise(rng, 0.9), -1, 2)
    return face.looks.stubble * soften(fill(region), 3) * grain


def _around_eye(eye: np.ndarray, side: int, age: float) -> np.ndarray:
    """Shadow of the socket, fold above the lid, bag below; the opening itself is drawn frame by frame."""
    middle, u = eye.mean(0), UNIT
    inner, outer = (eye[3], eye[0]) if side < 0 else (eye[0], eye[3])
    over, under = eye[1:3][::-side] + [0, -0.085 * u], eye[4:6][::side] + [0, 0.14 * u]
    fold = curve([inner + [0, -0.07 * u], over[0], over[1], outer + [side * 0.05 * u, -0.02 * u]])
    bag = curve([inner + [side * 0.04 * u, 0.09 * u], under[0], under[1], outer + [0, 0.1 * u]])
    out = 1 - 0.22 * spot(middle + [-side * 0.22 * u, -0.08 * u], 0.16, 0.16)
    out *= 1 - 0.16 * spot(middle + [0, -0.05 * u], 0.3, 0.12)
    out *= 1 - 0.42 * stroke(fold, 0.8, 0.6)
    out *= 1 - (0.12 + 0.3 * age) * stroke(bag, 0.9, 0.9)
    return out * (1 - 0.1 * fill(curve(eye, 40, True), 1.0))


def _nose(at: np.ndarray) -> np.ndarray:
    u, out = UNIT, 1 + 0.14 * spot(at[30] + [0, -0.02 * UNIT], 0.06, 0.06)
    out *= 1 + 0.06 * spot(at[28], 0.035, 0.22)
    out *= 1 - 0.14 * spot(at[33] + [0, 0.03 * u], 0.18, 0.05)
    for side, ala, hole in ((-1, 31, 32), (1, 35, 34)):
        out *= 1 - 0.7 * spot(at[hole] + [side * 0.015 * u, -0.035 * u], 0.05, 0.028)
        wing = [
            at[ala] + u * np.array([-side * 0.02, -0.17]),
            at[ala] + u * np.array([side * 0.045, -0.08]),
            at[ala] + [0, 0.02 * u],
        ]
        out *= 1 - 0.38 * stroke(curve(wing), 0.9, 0.7)
        out *= 1 - 0.12 * spot(at[29] + [side * 0.16 * u, 0], 0.05, 0.2)
    return out


def _mouth(face: Face) -> np.ndarray:
    at, u, lips = face.points, UNIT, face.looks.lips
    line = at[[48, 60, 61, 62, 63, 64, 54]]
    upper = np.r_[curve(at[[48, *UPPER_OUTER, 54]]), curve(line)[::-1]]
    lower = np.r_[curve(line), curve(at[[54, *LOWER_OUTER, 48]])]
    out = 1 - (1 - 0.9 * lips) * fill(upper, 0.5)
    out *= 1 - (1 - lips) * fill(lower, 0.5)
    out *= 1 + 0.16 * spot((at[57] + 2 * at[66]) / 3 + [0, 1], 0.16, 0.04)
    out *= 1 - 0.22 * spot(at[57] + [0, 0.1 * u], 0.2, 0.05)
    out *= 1 - 0.3 * stroke(curve(line), 0.7, 0.5)
    for corner in at[[48, 54]]:
        out *= 1 - 0.3 * spot(corner, 0.04, 0.035)
    philtrum = (at[33] + at[51]) / 2 + [0, 0.02 * u]
    out *= 1 - 0.1 * spot(philtrum, 0.03, 0.07)
    for side in (-1, 1):
        out *= 1 + 0.06 * spot(philtrum + [side * 0.075 * u, 0], 0.025, 0.07)
    return out


def _outlines(face: Face, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Cover of head, ears, hair over the head and hair behind it; grey levels of the strands."""
    at, looks, u = face.points, face.looks, UNIT
    a, t = (at[16, 0] - at[0, 0]) / 2, np.linspace(0, np.pi, 24)[1:-1]
    top = (at[0] + at[16]) / 2
    arc = np.c_[np.cos(t), -np.sin(t)]
    head = fill(np.r_[curve(at[:17]), top + arc * [a, 1.22 * u]], 0.5)
    ears = sum(
        fill(at[e] + u * np.array([s * 0.05, 0.2]) + u * ellipse(0.11, 0.28, s * 0.15), 0.5)
        for s, e in ((-1, 0), (1, 16))
    )
    ears = ears * (1 - head)

    part = CENTRE + u * np.array([rng.uniform(-0.5, 0.5), -1.75])  # strands fan out from above the crown
    d = GRID - part
    angle, radius = np.arctan2(d[..., 0], d[..., 1] + 0.3 * u), np.hypot(d[..., 0], d[..., 1])
    fine, broad = (fan(rng, angle, radius, cell, 12) for cell in (0.018, 0.07))
    x, y = np.moveaxis((GRID - CENTRE) / u, -1, 0)
    sheen = 0.65 + 0.5 * np.exp(-0.5 * (((x - looks.light[0]) / 0.7) ** 2 + ((y + 1.05) / 0.3) ** 2))
    strands = np.clip(looks.hair * (1 + 0.2 * fine + 0.16 * broad) * sheen, 0.02, 1)

    crown = top + arc * [a + 0.07 * u, (1.31 + 0.04 * rng.standard_normal()) * u]
    low = (0.12, 0.2, 0.5, 0.0)[looks.hair_style]
    line = looks.hairline + (0.0, 0.22, 0.03, -0.16)[looks.hair_style]
    x = np.linspace(-1, 1, 41)
    bow = (5, 6, 3.5, 5)[looks.hair_style]
    y = line + (low - line) * np.abs(x) ** bow + 0.05 * x * np.sign(part[0] - CENTRE[0])
    y -= 0.16 * np.cos(4.2 * x) * -1 * (looks.hair_style == RECEDING) * (1 - x**2)
    front = CENTRE + np.c_[x * (a + 0.09 * u), y * u]
    hair = ragged(fill(np.r_[crown, front], 2.0), 0.5 * fine + 0.5 * broad)
    mane = np.zeros_like(hair)
    if looks.hair_style == LONG:
        wide, long = a + 0.16 * u, rng.uniform(1.2, 2.4) * u
        locks = np.r_[
            top + arc * [wide, 1.34 * u],
            top + [[-wide - 2, 0.6 * u], [-wide + 1, long], [wide - 1, long], [wide + 2, 0.6 * u]],
        ]
        throat = CENTRE + u * np.array([[-0.62, 1.0], [0.62, 1.0], [0.75, 3], [-0.75, 3]])
        mane = ragged(fill(locks, 2.0), 0.4 * fine + 0.4 * broad) * (1 - fill(throat, 2))
    return head, ears, hair, mane, strands


def body(face: Face) -> tuple[np.ndarray, np.ndarray]:
    """Neck and shoulders, which stay where they are when the head moves: grey levels and cover."""
    looks, rng, u = face.looks, np.random.default_rng(face.seed + 1), UNIT
    x = (GRID[..., 0] - CENTRE[0]) / u
    chin = face.points[8, 1]
    neck = fill(
        np.array(
            [
                [CENTRE[0] + s * u, chin + y * u]
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
    cloth = fill(np.array([[CENTRE[0] + s * u, chin + y * u] for s, y in shoulders]), 0.6)
    shade = 0.8 - 0.3 * np.abs(x) ** 2 + 0.15 * x * looks.light[0] - 0.3 * spot([CENTRE[0], chin], 0.7, 0.22)
    tone = looks.skin * np.clip(shade, 0.15, 1) * (1 - cloth) + cloth * looks.cloth * (
        0.9 + 0.1 * noise(rng, 1.2) * looks.cloth
    )
    return (255 * np.clip(tone, 0, 1)).astype(np.float32), np.maximum(neck, cloth)


def _brows(face: Face, rng: np.random.Generator, skin: np.ndarray) -> np.ndarray:
    looks, out = face.looks, np.zeros((ROWS, COLUMNS), np.uint8)
    for side, brow in zip((-1, 1), BROWS, strict=True):
        ridge = curve(face.points[brow][::-side], 60)  # from its inner end
        for _ in range(int(220 * looks.brow_density) + 90):
            t = rng.uniform(0, 1)
            half = UNIT * looks.brow_width * (1 - 0.6 * t) * np.sqrt(np.clip(12 * t + 0.25, 0, 1))
            start = ridge[int(59 * t)] + [rng.normal(0, 0.3), rng.uniform(-half, half)]
            lean = np.array([side * (0.25 + 0.75 * t), -0.7 * (1 - t) ** 2 + 0.25 * t]) * rng.uniform(1.5, 3.5)
            cv2.line(
                out,
                tuple(fixed(start)),
                tuple(fixed(start + lean)),
                int(rng.integers(120, 256)),
                1,
                cv2.LINE_AA,
                4,
            )
    hairs = soften(out.astype(np.float32) / 255, 0.4) * (0.5 + 0.45 * looks.brow_density)
    return skin * (1 - hairs) + min(0.8 * looks.hair, 0.45 * looks.skin) * hairs


def _glasses(face: Face) -> np.ndarray:
    at, u = face.points, UNIT
    cover = np.zeros((ROWS, COLUMNS), np.float32)
    for side, eye, ear in ((-1, EYES[0], 0), (1, EYES[1], 16)):
        middle = at[eye].mean(0) + [side * 0.03 * u, 0.06 * u]
        rim = middle + u * ellipse(0.37, 0.29)
        cover = np.maximum(cover, stroke(np.r_[rim, rim[:1]], 1.3, 0.4))
        cover = np.maximum(
            cover,
            stroke(np.array([middle + [side * 0.37 * u, -0.06 * u], at[ear] + [0, -0.08 * u]]), 1.2, 0.4),
        )
    bridge = at[27] + u * np.array([[-0.13, 0.0], [0, -0.06], [0.13, 0.0]])
    cover = np.maximum(cover, stroke(curve(bridge), 1.3, 0.4))
    return face.looks.glasses * cover
