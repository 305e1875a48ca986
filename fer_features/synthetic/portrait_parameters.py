"""Parameters of the shape of a portrait: the proportions of a person and an expression."""

from __future__ import annotations

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class ShapeParameters:
    """Parameters of a `portrait_shape.PortraitShape`.

    Offsets and lengths are in interocular distances; factors have the mean 1. Pairs are values of the left and right
    half of the image.
    """

    face_width: float = 1.0
    jaw_width: float = 1.0
    chin_width: float = 1.0
    chin_length: float = 0.0
    midface: float = 1.0
    nose_width: float = 1.0
    nose_length: float = 1.0
    eye_size: float = 1.0
    eye_spacing: float = 1.0
    eye_tilt: float = 0.0
    brow_height: float = 0.0
    brow_slope: float = 0.0
    brow_arch: float = 0.0
    brow_gap: float = 0.0
    mouth_width: float = 1.0
    mouth_height: float = 0.0
    upper_lip: float = 1.0
    lower_lip: float = 1.0
    eye_opening: tuple[float, float] = (1.0, 1.0)
    brow_inner_lift: tuple[float, float] = (0.0, 0.0)
    brow_outer_lift: tuple[float, float] = (0.0, 0.0)
    frown: float = 0.0
    corner_lift: tuple[float, float] = (0.0, 0.0)
    corner_stretch: tuple[float, float] = (0.0, 0.0)
    upper_opening: float = 0.0
    lower_opening: float = 0.0
    jaw_drop: float = 0.0
    mouth_shift: float = 0.0
    nose_wrinkle: float = 0.0

    def mirrored(self) -> ShapeParameters:
        """Parameters of the mirrored face."""
        swapped = {
            field.name: getattr(self, field.name)[::-1]
            for field in dataclasses.fields(self)
            if isinstance(getattr(self, field.name), tuple)
        }
        return dataclasses.replace(self, mouth_shift=-self.mouth_shift, **swapped)


def sample_parameters(rng: np.random.Generator) -> ShapeParameters:
    """Sample a person, one in eight of them a child, with an expression, beyond the range of real ones."""
    n, u = rng.standard_normal, rng.uniform
    uneven = 1 + 0.15 * n()

    def pair(value: float) -> tuple[float, float]:
        return (value * uneven, value * (2 - uneven)) if rng.random() < 0.5 else (value, value)

    opening = float(np.clip(1 + 0.2 * n(), 0.4, 1.7))
    state = rng.random()
    if state < 0.10:
        opening = u(0.0, 0.15)
    elif state < 0.25:
        opening = u(0.25, 0.7)
    elif state < 0.40:
        opening = u(1.2, 1.75)
    brow_in, brow_out, frown = 0.05 * n(), 0.05 * n(), 0.0
    state = rng.random()
    if state < 0.25:
        brow_in, brow_out = u(0, 0.30), u(0, 0.27)
    elif state < 0.5:
        frown = u(0, 1)
        brow_in, brow_out = -0.03 - u(0, 0.22) * frown, u(-0.16, 0.06)
    elif state < 0.6:
        brow_in, brow_out = u(0.02, 0.2), -u(0, 0.1)
    lift, stretch, upper, lower, jaw = 0.03 * n(), 0.04 * n(), 0.0, 0.0, 0.0
    state = rng.random()
    if state < 0.33:  # smiles
        smile = u(0.1, 1.1)
        lift, stretch = 0.15 * smile + 0.02 * n(), 0.14 * smile + 0.03 * n()
        if rng.random() < 0.7:
            upper, lower = 0.09 * smile * u(0, 1.3), 0.10 * smile * u(0, 1.3)
    elif state < 0.5:  # corners down, lips pressed or stretched
        lift, stretch = -u(0, 0.14), u(-0.08, 0.14)
        if rng.random() < 0.4:
            upper, lower = u(0, 0.05), u(0, 0.14)
    elif state < 0.6:  # pursed
        stretch = -u(0.02, 0.16)
        lower = u(0, 0.08) * (rng.random() < 0.5)
    elif state < 0.7:  # teeth bared
        upper, lower, stretch = u(0.02, 0.14), u(0.02, 0.16), u(-0.05, 0.15)
    if rng.random() < 0.34:
        jaw = u(0, 1) ** 1.3 * 0.75
        stretch -= 0.12 * jaw * u(0, 1)
    child = u(0.3, 1) if rng.random() < 0.16 else 0.0
    return ShapeParameters(
        face_width=1 + 0.055 * n(),
        jaw_width=1 + 0.07 * n(),
        chin_width=1 + 0.1 * n(),
        chin_length=0.08 * n() - 0.18 * child,
        midface=1 + 0.05 * n() - 0.05 * child,
        nose_width=1 + 0.15 * n() - 0.1 * child,
        nose_length=1 + 0.06 * n() - 0.12 * child,
        eye_size=1 + 0.07 * n() + 0.12 * child,
        eye_spacing=1 + 0.03 * n(),
        eye_tilt=0.07 * n(),
        brow_height=0.065 * n() + 0.04 * child,
        brow_slope=0.08 * n(),
        brow_arch=0.03 * n(),
        brow_gap=0.03 * n(),
        mouth_width=1 + 0.11 * n(),
        mouth_height=0.03 * n(),
        upper_lip=float(np.clip(1 + 0.3 * n(), 0.3, 2)),
        lower_lip=float(np.clip(1 + 0.27 * n(), 0.35, 2)),
        eye_opening=pair(opening) if rng.random() < 0.97 else (opening, 0.05),
        brow_inner_lift=pair(brow_in),
        brow_outer_lift=pair(brow_out),
        frown=frown,
        corner_lift=pair(lift),
        corner_stretch=pair(stretch),
        upper_opening=upper,
        lower_opening=lower,
        jaw_drop=jaw,
        mouth_shift=0.04 * n() if rng.random() < 0.3 else 0.0,
        nose_wrinkle=u(0, 1) if rng.random() < 0.15 else 0.0,
    )
