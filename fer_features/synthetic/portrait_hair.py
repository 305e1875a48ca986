"""Hair, ears, neck, clothes and hats of a portrait."""

from __future__ import annotations

import numpy as np

from .canvas import smooth_curve
from .portrait_canvas import X, Y, blur, noise, polygon
from .portrait_depth import half_width
from .portrait_shape import PortraitShape
from .portrait_texture import PortraitAppearance


def add_surroundings(
    reflectance: np.ndarray,
    depth: np.ndarray,
    head: np.ndarray,
    shape: PortraitShape,
    look: PortraitAppearance,
    rng: np.random.Generator,
) -> np.ndarray:
    """Add everything around the face to reflectance and depth, in place.

    Parameters
    ----------
    reflectance, depth, head : ndarray, shape (HEIGHT, WIDTH), float32
    shape : PortraitShape
    look : PortraitAppearance
    rng : Generator

    Returns
    -------
    ndarray, shape (HEIGHT, WIDTH), float32
        Opacity of the person.
    """
    u, chin = rng.uniform, shape.points[8, 1]
    throat = u(0.55, 0.85)
    neck = blur(((np.abs(X) < throat + 0.25 * np.clip(Y - chin - 0.3, 0, 1) ** 2) & (Y > 0.8)).astype(np.float32), 0.02)
    slope = u(0.25, 0.8)
    collar = rng.choice([-0.3, 0.3, 0.9]) * np.clip(0.5 - np.abs(X), 0, None)
    line = chin + u(0.15, 0.7) + slope * np.clip(np.abs(X) - 0.5, 0, None) ** 1.2 + collar
    cloth = blur((line < Y).astype(np.float32), 0.01)
    cloth_tone = u(0.02, 0.9) * (1 + 0.08 * noise(rng, 0.05, 0.05))
    if rng.random() < 0.3:
        cloth_tone = cloth_tone * (1 + 0.4 * np.sign(np.sin(X * u(5, 30) + Y * u(-30, 30))))
    under_chin = 1 - u(0.1, 0.6) * np.exp(-np.clip(Y - chin + 0.1, 0, None) / 0.45)
    around = np.where(cloth > 0.5, cloth_tone, look.skin * under_chin).astype(np.float32)
    ears = np.zeros_like(head)
    for side, points in ((-1, shape.points[:3]), (1, shape.points[16:13:-1])):
        centre = points[1] + [side * 0.10, -0.02]
        angle = np.linspace(0, 2 * np.pi, 30)
        lean, wide = side * u(0, 0.25), u(0.10, 0.2)
        p = np.c_[wide * np.cos(angle), 0.34 * np.sin(angle) * (1 + 0.15 * np.cos(angle) * side)]
        p = p @ np.array([[np.cos(lean), np.sin(lean)], [-np.sin(lean), np.cos(lean)]])
        ears = np.maximum(ears, polygon(centre + p, 0.012))
    ear_shade = look.skin * (1 - u(0.2, 0.6) * blur(np.abs(ears - blur(ears, 0.08)), 0.03) * 3)
    around += ears * (ear_shade - around)
    person = np.maximum.reduce([head, neck, cloth, ears])
    keep = head.copy()
    reflectance *= keep
    reflectance += (1 - keep) * around
    _hair(reflectance, depth, person, shape, look, rng)
    if rng.random() < 0.07:
        _hat(reflectance, depth, person, shape, rng)
    return np.clip(person, 0, 1)


def _strands(look: PortraitAppearance, rng: np.random.Generator) -> np.ndarray:
    u = rng.uniform
    fine, broad = noise(rng, 0.025, u(0.2, 0.8)), noise(rng, 0.1, u(0.3, 1.5))
    if rng.random() < 0.3:  # curls
        fine, broad = noise(rng, 0.05, 0.05), noise(rng, 0.14, 0.14)
    sheen = 1 + u(0, 0.9) * np.exp(-0.5 * (((X - rng.normal(0, 0.5)) / 0.6) ** 2 + ((Y + 1.1) / 0.35) ** 2))
    return np.clip(look.hair * sheen * (1 + 0.3 * fine + 0.3 * broad), 0.005, 1).astype(np.float32)


def _hair(
    reflectance: np.ndarray,
    depth: np.ndarray,
    person: np.ndarray,
    shape: PortraitShape,
    look: PortraitAppearance,
    rng: np.random.Generator,
) -> None:
    u = rng.uniform
    style = rng.random()
    if style < 0.07:  # bald
        return
    wide = half_width(shape)
    limit = np.where(X < 0, wide[0][:, None], wide[1][:, None])
    strands = _strands(look, rng)
    wobble = 0.5 * noise(rng, 0.06, 0.3) + 0.5 * noise(rng, 0.3, 0.5)
    hairline = u(-1.15, -0.68)
    part, fringe = u(-0.8, 0.8), 0.0
    fringe_style = rng.random()
    side_low = u(-0.15, 0.35)
    x = np.abs(X) / 1.12
    level = hairline + (side_low - hairline) * np.clip(x, 0, 1.2) ** u(3, 8)
    if fringe_style < 0.18:  # fringe down to the brows
        fringe = u(0.15, 0.5)
        level = level + fringe * np.exp(-0.5 * ((X - part) / u(0.5, 1.2)) ** 2)
    elif fringe_style < 0.3:  # sweep to one side
        level = level + u(0.1, 0.55) * np.clip((X - part) * rng.choice([-1, 1]), 0, 1.2) * (x < 1.1)
    elif fringe_style < 0.45:  # receding
        level = level - 0.2 * np.cos(4.2 * X) * (np.abs(X) < 1)
    volume, crown = u(0.02, 0.45), u(0.02, 0.4)
    top = shape.points[0, 1]
    r = np.sqrt((X / (np.abs(shape.points[16, 0]) + volume)) ** 2 + ((Y - top) / (1.45 + crown)) ** 2)
    cap = ((r + 0.03 * wobble < 1) & (top > Y)) | ((np.abs(X) < limit + 0.6 * volume) & (top <= Y))
    mask = (cap & (Y + 0.06 * wobble < level)).astype(np.float32)
    if style > 0.55:  # long hair beside the face
        length = u(0.6, 3.5)
        inner = u(0.84, 1.08) + 0.12 * np.sin(Y * u(0.5, 3) + u(0, 6)) * u(0, 1)
        outside = np.abs(shape.points[16, 0]) + volume + 0.1 + 0.15 * np.clip(Y, 0, 3) * u(-0.3, 1)
        sides = (np.abs(X) + 0.04 * wobble > inner) & (np.abs(X) + 0.04 * wobble < outside) & (length > Y) & (Y > -0.8)
        if rng.random() < 0.12:
            sides &= rng.choice([-1, 1]) * X > 0
        mask = np.maximum(mask, sides.astype(np.float32))
        behind = ((np.abs(X) < outside) & (length > Y) & (Y > 0.3) & (person < 0.5)).astype(np.float32)
        mask = np.maximum(mask, behind)
    mask = blur(mask, u(0.01, 0.05))
    if rng.random() < 0.2:  # loose strands over the face
        for _ in range(int(rng.integers(2, 12))):
            x0 = rng.normal(part, 0.5)
            curve = smooth_curve([[x0, -1.1], [x0 + rng.normal(0, 0.2), -0.5], [x0 + rng.normal(0, 0.5), u(-0.3, 0.5)]])
            thick = u(0.008, 0.035)
            band = np.r_[curve, (curve + [thick, 0])[::-1]]
            mask = np.maximum(mask, polygon(band, 0.008) * u(0.3, 1))
    reflectance += mask * (strands - reflectance)
    depth += mask * 0.06
    beyond = mask * (person < 0.5)
    depth += beyond * np.clip(-1.0 - depth, 0, None)
    np.maximum(person, mask, out=person)


def _hat(
    reflectance: np.ndarray, depth: np.ndarray, person: np.ndarray, shape: PortraitShape, rng: np.random.Generator
) -> None:
    u = rng.uniform
    line = u(-0.75, -0.42) + u(-0.15, 0.15) * X + u(-0.1, 0.25) * X**2
    wide = u(1.15, 1.5) if rng.random() < 0.6 else 3.0
    mask = ((line > Y) & (np.abs(X) < wide)).astype(np.float32)
    if rng.random() < 0.3:  # a scarf on both sides
        mask = np.maximum(mask, ((np.abs(X) > u(0.85, 1.05)) & (np.abs(X) < 1.7) & (Y < 2.5)).astype(np.float32))
    mask = blur(mask, 0.012)
    tone = u(0.02, 0.9) * (1 + 0.1 * noise(rng, 0.06, 0.06))
    reflectance += mask * (tone - reflectance)
    depth += mask * 0.12
    np.maximum(person, mask, out=person)
