"""Reflectance of a portrait: skin, eyes, brows, nose, mouth, wrinkles and beard, in the frontal view."""

from __future__ import annotations

import dataclasses

import numpy as np

from .canvas import smooth_curve
from .portrait_canvas import HEIGHT, WIDTH, X, Y, noise, polygon, shade_line, shade_polygon, shade_spot
from .portrait_parameters import ShapeParameters
from .portrait_shape import PortraitShape


@dataclasses.dataclass(frozen=True)
class PortraitAppearance:
    """Appearance of a portrait; tones are reflectances from 0 (black) to 1 (white)."""

    skin: float
    lips: float  # relative to the skin
    hair: float
    iris: float
    brow_width: float
    brow_strength: float
    age: float
    stubble: float
    moustache: float
    make_up: float
    eye_shadow: float
    roughness: float


def sample_appearance(rng: np.random.Generator) -> PortraitAppearance:
    """Sample the appearance of a person."""
    u = rng.uniform
    skin = u(0.35, 0.85) if rng.random() < 0.75 else u(0.1, 0.4)
    bearded = rng.random() < 0.28
    return PortraitAppearance(
        skin=skin,
        lips=u(0.45, 1.0),
        hair=u(0.02, 0.25) if rng.random() < 0.7 else u(0.25, 0.8),
        iris=u(0.03, 0.45),
        brow_width=u(0.05, 0.17),
        brow_strength=u(0.25, 1.0),
        age=u(0, 1) ** 1.4,
        stubble=u(0.2, 1) if bearded else 0.0,
        moustache=u(0.3, 1) if bearded and rng.random() < 0.8 else (u(0.4, 1) if rng.random() < 0.05 else 0.0),
        make_up=u(0, 1) if rng.random() < 0.4 else 0.0,
        eye_shadow=u(0, 0.55),
        roughness=u(0.2, 1.2),
    )


def make_reflectance(
    shape: PortraitShape, parameters: ShapeParameters, look: PortraitAppearance, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Reflectance of the face, and where it emits light of its own.

    Parameters
    ----------
    shape : PortraitShape
    parameters : ShapeParameters
        Of the shape.
    look : PortraitAppearance
    rng : Generator

    Returns
    -------
    reflectance : ndarray, shape (HEIGHT, WIDTH), float32
    flat : ndarray, shape (HEIGHT, WIDTH), float32
        Weight 0..1 of pixels that are shaded like a plane: eyes, teeth, inside of the mouth.
    """
    at, u = shape.points, rng.uniform
    skin = np.full((HEIGHT, WIDTH), look.skin, np.float32)
    for cell, strength in ((0.9, 0.04), (0.3, 0.03), (0.1, 0.025), (0.03, 0.02)):
        skin *= 1 + strength * look.roughness * noise(rng, cell, cell)
    for side in (-1, 1):
        shade_spot(skin, [0.62 * side, 0.62], 0.28, 0.22, u(0.88, 1.03))
    if look.stubble or look.moustache:
        skin *= 1 - _beard(shape, look, rng)
    for half, side in ((0, -1), (1, 1)):
        _around_eye(skin, shape, half, side, look, rng)
    _nose(skin, at, rng)
    _wrinkles(skin, at, parameters, look, rng)
    flat = np.zeros_like(skin)
    _mouth(skin, flat, shape, look, rng)
    for brow in (at[17:22], at[26:21:-1]):
        _brow(skin, brow, look, rng)
    gaze = rng.normal(0, 1, 2) * [0.05, 0.02]
    for half in (0, 1):
        _eyeball(skin, flat, shape.lids[half], gaze, look, rng)
    return np.clip(skin, 0.005, 1), flat


def _beard(shape: PortraitShape, look: PortraitAppearance, rng: np.random.Generator) -> np.ndarray:
    at, u = shape.points, rng.uniform
    grain = 0.75 + 0.25 * np.clip(noise(rng, 0.03, 0.05), -2, 2)
    top = u(0.0, 0.5)
    cheek = np.array(
        [
            at[2] * [0.95, 1] + [0, top],
            [at[48, 0] - 0.25, at[48, 1] - 0.1 + top * 0.3],
            at[48] + [-0.08, 0.02],
            at[58] + [0, 0.12],
            at[56] + [0, 0.12],
            at[54] + [0.08, 0.02],
            [at[54, 0] + 0.25, at[54, 1] - 0.1 + top * 0.3],
            at[14] * [0.95, 1] + [0, top],
        ]
    )
    jaw = np.vstack(
        [
            at[14:1:-1] * [1.02, 1.0],
        ]
    )
    area = polygon(np.vstack([cheek, jaw]), 0.06)
    if rng.random() < 0.3:  # chin only
        area *= np.exp(-0.5 * (X / 0.3) ** 4)
    lip = np.vstack([at[48:55] + [0, -0.02], at[[35]] + [0.12, 0.06], at[[33]] + [0, 0.05], at[[31]] + [-0.12, 0.06]])
    upper = polygon(lip, 0.03)
    dark = 1 - min(look.hair, 0.6 * look.skin) / look.skin
    return np.clip(np.maximum(area * look.stubble, upper * look.moustache) * grain * 0.85 * dark, 0, 0.95)


def _around_eye(
    skin: np.ndarray, shape: PortraitShape, half: int, side: int, look: PortraitAppearance, rng: np.random.Generator
) -> None:
    """Socket, fold of the upper lid and bag."""
    u, (upper, lower) = rng.uniform, shape.lids[half]
    middle = (upper[12] + lower[12]) / 2
    inner, outer = upper[-1], upper[0]
    shade_spot(skin, inner + [side * -0.02, -0.07], 0.12, 0.13, 1 - u(0.0, 0.28))
    shade_spot(skin, outer + [side * 0.06, -0.02], 0.10, 0.07, 1 - u(0.0, 0.35))
    shade_spot(skin, middle + [0, -0.1], 0.26, 0.11, 1 - look.eye_shadow * u(0.3, 1))
    shade_spot(skin, middle + [0, 0.17], 0.24, 0.07, 1 - u(0, 0.3) * (0.4 + look.age))
    rise = u(0.03, 0.11)
    bow = np.sin(np.linspace(0.15, np.pi - 0.1, 25))[:, None]
    shade_line(skin, upper - [0, rise] * bow, 1 - u(0.1, 0.6), u(0.015, 0.03), 0.015)
    # The crease of the upper lid and the lashes continue beyond the outer corner.
    end = outer + [side * u(0.03, 0.13), u(-0.02, 0.05)]
    shade_line(skin, smooth_curve([upper[4], outer + [0, -0.01], end]), 1 - u(0.1, 0.6), u(0.02, 0.04), u(0.01, 0.025))
    bag = smooth_curve([lower[22] + [0, 0.07], lower[12] + [0, 0.12], lower[2] + [0, 0.09]])
    shade_line(skin, bag, 1 - u(0.0, 0.35) * (0.3 + look.age), 0.02, 0.02)
    if look.age > 0.4 and rng.random() < 0.6:
        for angle in (-0.35, 0, 0.35):
            end = outer + 0.22 * np.array([side * np.cos(angle), np.sin(angle)])
            shade_line(skin, [outer + [side * 0.06, 0.0], end], 1 - 0.25 * look.age, 0.015, 0.015)


def _nose(skin: np.ndarray, at: np.ndarray, rng: np.random.Generator) -> None:
    u = rng.uniform
    width = (at[35, 0] - at[31, 0]) / 0.42
    shade_spot(skin, at[30] + [0, -0.03], 0.06, 0.06, 1 + u(0, 0.25))
    shade_spot(skin, at[33] + [0, 0.0], 0.17 * width, 0.045, 1 - u(0.05, 0.3))
    hole, hole_size = u(0.15, 0.8), u(0.7, 1.25)
    for side, ala, nostril in ((-1, 31, 32), (1, 35, 34)):
        shade_spot(skin, at[nostril] + [side * 0.015, -0.035], 0.055 * hole_size * width, 0.028 * hole_size, 1 - hole)
        wing = [
            at[ala] + [side * 0.005, -0.16],
            at[ala] + [side * 0.055, -0.08],
            at[ala] + [side * 0.025, 0.0],
            at[nostril] + [side * 0.02, 0.0],
        ]
        shade_line(skin, smooth_curve(wing), 1 - u(0.15, 0.5), 0.025, 0.016)
        shade_spot(skin, (at[29] + at[ala]) / 2 + [side * 0.06, -0.06], 0.05, 0.14, 1 - u(0, 0.25))
        shade_spot(skin, (at[27] + [side * 0.13, 0.12]), 0.06, 0.14, 1 - u(0, 0.25))


def _wrinkles(
    skin: np.ndarray, at: np.ndarray, p: ShapeParameters, look: PortraitAppearance, rng: np.random.Generator
) -> None:
    u = rng.uniform
    for half, side, ala, corner in ((0, -1, 31, 48), (1, 1, 35, 54)):
        fold = [
            at[ala] + [side * 0.05, -0.08],
            (at[ala] + at[corner]) / 2 + [side * 0.15, -0.02],
            at[corner] + [side * 0.13, 0.02],
        ]
        depth = np.clip(u(0, 0.25) + 0.3 * look.age + 2.2 * max(p.corner_lift[half], 0), 0, 0.6)
        shade_line(skin, smooth_curve(fold), 1 - depth * u(0.4, 1), u(0.02, 0.04), u(0.015, 0.04))
        if rng.random() < 0.4:
            down = [at[corner] + [side * 0.03, 0.03], at[corner] + [side * 0.05, 0.18]]
            shade_line(skin, down, 1 - u(0, 0.35) * look.age, 0.02, 0.02)
    lift = max(float(np.mean(p.brow_inner_lift)), float(np.mean(p.brow_outer_lift)), 0.0)
    strength = min(2.5 * lift + 0.25 * look.age * u(0, 1), 0.5)
    if strength > 0.08:
        for k in range(int(rng.integers(2, 5))):
            level = at[19, 1] - 0.16 - 0.13 * k
            wave = [[x, level + 0.04 * np.cos(2 * x) + rng.normal(0, 0.008)] for x in np.linspace(-0.6, 0.6, 7)]
            shade_line(skin, smooth_curve(wave), 1 - strength * u(0.3, 0.9), 0.018, 0.015)
    if p.frown > 0.2:
        for side in (-1, 1):
            x = side * u(0.07, 0.14)
            shade_line(skin, [[x, -0.12], [x * 0.85, -0.42]], 1 - 0.5 * p.frown * u(0.3, 1), 0.025, 0.018)
    if p.nose_wrinkle > 0.2:
        for k in range(3):
            y = -0.02 + 0.08 * k
            shade_line(skin, [[-0.12, y + 0.04], [0, y], [0.12, y + 0.04]], 1 - 0.35 * p.nose_wrinkle, 0.018, 0.015)


def _mouth(
    skin: np.ndarray, flat: np.ndarray, shape: PortraitShape, look: PortraitAppearance, rng: np.random.Generator
) -> None:
    u, (top, upper, lower, bottom) = rng.uniform, shape.lips
    at = shape.points
    soft = u(0.008, 0.025)
    shade_polygon(skin, np.r_[top, upper[::-1]], look.lips * u(0.75, 1.0), soft)
    shade_polygon(skin, np.r_[lower, bottom[::-1]], look.lips, soft)
    shade_spot(skin, (lower[20] + 1.2 * bottom[20]) / 2.2, 0.14, 0.035, 1 + u(0, 0.3))
    shade_spot(skin, bottom[20] + [0, 0.08], 0.2, 0.05, 1 - u(0, 0.35))
    shade_spot(skin, (at[33] + at[51]) / 2, 0.03, 0.06, 1 - u(0, 0.2))
    for corner in (top[0], top[-1]):
        shade_spot(skin, corner, 0.04, 0.035, 1 - u(0.05, 0.45))
    gap = float((lower[20] - upper[20])[1])
    shade_line(skin, upper, 1 - u(0.3, 0.75), u(0.012, 0.03), 0.012)
    if gap < 0.012:
        return
    shade_line(skin, lower, 1 - u(0.1, 0.5), 0.015, 0.012)
    opening = polygon(np.r_[upper, lower[::-1]], 0.008)
    tone = np.full((HEIGHT, WIDTH), u(0.01, 0.12) * look.skin + 0.005, np.float32)
    drop = 0.62 * shape.jaw_drop
    teeth = u(0.5, 0.95)
    middle = (top[0, 0] + top[-1, 0]) / 2
    curve = 0.10 * ((X - middle) / 0.4) ** 2
    tongue = u(0, 1)
    if tongue > 0.4:
        centre = lower[20, 1] - 0.06 * u(0.3, 1.5)
        tone += (
            0.5
            * tongue
            * look.skin
            * np.exp(-0.5 * (((X - middle) / 0.2) ** 2 + ((Y - centre) / (0.06 + 0.25 * gap)) ** 2))
        )
    falloff = np.exp(-0.5 * ((X - middle) / 0.36) ** 4)
    gaps = 1 - u(0, 0.3) * np.exp(-((np.abs(((X - middle) / 0.105) % 1 - 0.5) / 0.12) ** 2))
    if rng.random() < 0.85:  # upper teeth hang from the skull
        edge = upper[20, 1] + u(0.02, 0.17) - curve * 0.6
        row = np.clip((edge - Y) / 0.02, 0, 1)
        tone += row * (teeth * falloff * gaps - tone)
    if rng.random() < 0.4:
        edge = max(lower[20, 1] - u(0.0, 0.1), upper[20, 1] + 0.12 + 0.4 * drop)
        row = np.clip((Y - edge + 0.5 * curve) / 0.02, 0, 1)
        tone += row * (0.85 * teeth * falloff * gaps - tone)
    tone *= 1 - 0.5 * np.exp(-np.clip(Y - upper[20, 1], 0, None) / 0.02) * u(0, 1)
    skin += opening * (tone - skin)
    flat += opening * (1 - flat)


def _brow(skin: np.ndarray, brow: np.ndarray, look: PortraitAppearance, rng: np.random.Generator) -> None:
    """Brow around its middle line `brow`, shape (5, 2), from the outer end."""
    u = rng.uniform
    t = np.linspace(0, 1, 30)[:, None]
    line = smooth_curve(brow, 30)
    thickness = look.brow_width * np.clip(0.25 + 1.6 * t, 0, 1) * np.clip(6 * (1.03 - t), 0.3, 1)
    outline = np.r_[line - thickness * [0, 0.5], (line + thickness * [0, 0.5])[::-1]]
    soft = u(0.012, 0.035)
    area = polygon(outline, soft) * np.clip(0.85 + 0.3 * noise(rng, 0.05, 0.03), 0, 1)
    tone = min(look.hair * 0.9, 0.75 * look.skin)
    strength = look.brow_strength
    if strength < 0.45 and look.hair > 0.35:
        strength *= 0.8
    skin += area * strength * (tone - skin)


def _eyeball(
    skin: np.ndarray,
    flat: np.ndarray,
    lids: np.ndarray,
    gaze: np.ndarray,
    look: PortraitAppearance,
    rng: np.random.Generator,
) -> None:
    u, (upper, lower) = rng.uniform, lids
    height = float((lower[12] - upper[12])[1])
    width = float(np.abs(upper[0, 0] - upper[-1, 0]))
    lash = 1 - np.clip(u(0.2, 0.75) + 0.3 * look.make_up, 0, 0.93)
    if height > 0.015:
        opening = polygon(np.r_[upper, lower[::-1]], 0.006)
        middle = (upper[12] + lower[12]) / 2
        centre = np.array(
            [(upper[0, 0] + upper[-1, 0]) / 2, 0.55 * (upper[0, 1] + upper[-1, 1]) / 2 + 0.45 * middle[1]]
        )
        centre = centre + [0, -0.012] + gaze * [1, 1]
        radius = 0.095 * np.clip(width / 0.43, 0.85, 1.15)
        r = np.sqrt((X - centre[0]) ** 2 + (Y - centre[1]) ** 2)
        white = u(0.55, 0.95) * (0.45 + 0.55 * look.skin)
        tone = white * (1 - 0.35 * np.clip(np.abs(X - middle[0]) / (0.5 * width), 0, 1.2) ** 3)
        iris = np.clip((radius - r) / 0.02, 0, 1)
        tone = tone + iris * (look.iris * (0.7 + 0.3 * (r < 0.75 * radius)) - tone)
        tone = tone * (1 - 0.9 * np.clip((0.42 * radius - r) / 0.02, 0, 1))
        depth = np.clip(Y - np.interp(X[0], *_sorted(upper))[None], 0, None)
        tone = tone * (1 - u(0.2, 0.6) * np.exp(-depth / 0.03))
        caruncle = np.clip((u(0.08, 0.2) - np.abs(X - upper[-1, 0]) / width) / 0.06, 0, 1) * u(0.2, 1)
        tone = tone + caruncle * (look.skin * u(0.6, 0.95) - tone)
        if rng.random() < 0.8:
            glint = centre + rng.normal(0, 0.35, 2) * radius + [0, -0.3 * radius]
            g = np.exp(-0.5 * ((X - glint[0]) ** 2 + (Y - glint[1]) ** 2) / 0.015**2)
            tone = tone + g * (u(0.6, 1.0) - tone)
        skin += opening * (tone.astype(np.float32) - skin)
        flat += opening * (1 - flat)
    shade_line(skin, upper, lash, 0.02 + 0.02 * look.make_up, 0.008)
    shade_line(skin, lower, 1 - (0.15 + 0.4 * look.make_up) * u(0.3, 1), 0.012, 0.008)


def _sorted(lid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(lid[:, 0])
    return lid[order, 0], lid[order, 1]
