"""Who is drawn: the proportions and looks of one synthetic person, and the depth of the face.

A face lives in *material* coordinates: pixels of an upright, frontal, neutral head with the mouth closed.
Everything that moves (`actions`, `render`) is a map from there to the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

HEIGHT, WIDTH = 150, 120  # of a picture, pixels
UNIT = 34.0  # inter-ocular distance of the mean face, pixels; all lengths below are in this unit
CENTRE = np.array([59.5, 53.0])  # between the eyes, pixels

# The mean face, its left half in the picture: (x, y) from between the eyes, y down, in inter-ocular
# distances. Proportions of the drawing schools' canon, set by hand in the iBUG-68 order; the right half is
# its mirror.
_HALF = {
    0: (-1.19, 0.04), 1: (-1.18, 0.38), 2: (-1.13, 0.72), 3: (-1.04, 1.05), 4: (-0.89, 1.36),
    5: (-0.68, 1.62), 6: (-0.45, 1.82), 7: (-0.22, 1.94), 8: (0, 1.98),
    17: (-0.92, -0.21), 18: (-0.76, -0.34), 19: (-0.57, -0.385), 20: (-0.38, -0.36), 21: (-0.20, -0.29),
    27: (0, 0.0), 28: (0, 0.20), 29: (0, 0.40), 30: (0, 0.60),
    31: (-0.23, 0.73), 32: (-0.12, 0.775), 33: (0, 0.81),
    36: (-0.705, 0.015), 37: (-0.575, -0.075), 38: (-0.42, -0.07), 39: (-0.295, 0.03), 40: (-0.43, 0.075),
    41: (-0.575, 0.08),
    48: (-0.47, 1.12), 49: (-0.29, 1.045), 50: (-0.11, 1.005), 51: (0, 1.025), 57: (0, 1.30),
    58: (-0.14, 1.285), 59: (-0.30, 1.225), 60: (-0.43, 1.12), 61: (-0.15, 1.12), 62: (0, 1.12),
    66: (0, 1.12), 67: (-0.15, 1.12),
}  # fmt: skip
MIRROR = np.array(
    [16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    + [26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 27, 28, 29, 30, 35, 34, 33, 32, 31]
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
)
MEAN = np.full((68, 2), np.nan)
for _index, _point in _HALF.items():
    MEAN[_index] = _point
    MEAN[MIRROR[_index]] = (-_point[0], _point[1])
MIDLINE = [i for i, mirrored in enumerate(MIRROR) if i == mirrored]

JAW, NOSE, MOUTH = slice(0, 17), slice(27, 36), slice(48, 68)
BROWS, EYES = (slice(17, 22), slice(22, 27)), (slice(36, 42), slice(42, 48))
UPPER_OUTER, LOWER_OUTER = [49, 50, 51, 52, 53], [55, 56, 57, 58, 59]
ON_LINE = [48, 54, 60, 61, 62, 63, 64, 65, 66, 67]  # where the lips meet


@dataclass(frozen=True)
class Looks:
    """What light and paint need to know of a person; tones are reflectances, 0 black to 1 white."""

    skin: float
    hair: float
    lips: float
    iris: float
    hair_style: int  # 0 short, 1 fringe, 2 long, 3 receding
    hairline: float
    brow_width: float
    brow_density: float
    freckles: float
    stubble: float
    age: float
    glasses: float  # 0 none, else the darkness of the rim
    light: tuple[float, float, float]  # direction to the light (x, y, z)
    ambient: float
    cloth: float
    background: float


@dataclass(frozen=True)
class Face:
    """One person: neutral landmarks in material pixels, the line where the lips meet, the looks."""

    points: np.ndarray  # (68, 2) float64
    mouth: tuple[float, float, float, float]  # x of its middle, y, half width (pixels); bend of the line
    looks: Looks
    seed: int  # for the texture of the skin

    def across(self, x: np.ndarray) -> np.ndarray:
        """Position across the mouth: -1 and 1 at the inner corners (60 and 64)."""
        return (x - self.mouth[0]) / self.mouth[2]

    def below(self, points: np.ndarray) -> np.ndarray:
        """Pixels below the line where the lips meet, which runs on level beside them."""
        u = np.clip(self.across(points[..., 0]), -1.1, 1.1)
        return points[..., 1] - self.mouth[1] - self.mouth[3] * u * u


def draw_face(rng: np.random.Generator) -> Face:
    """Draw a person: the mean face with the proportions of each part varied, and looks."""
    n = rng.standard_normal
    p = MEAN.copy()
    jaw = p[JAW]
    low = np.clip(jaw[:, 1] / 2, 0, 1)
    jaw[:, 0] *= 1 + 0.045 * n() + 0.065 * n() * low
    jaw[:, 1] += 0.07 * n() * low**2
    p[NOSE] *= [1 + 0.14 * n(), 1 + 0.055 * n()]
    spacing, size, opening, tilt, rise = (
        1 + 0.035 * n(),
        1.06 + 0.07 * n(),
        1 + 0.13 * n(),
        0.06 * n(),
        0.015 * n(),
    )
    height, slope, arch, length, gap = 0.04 * n(), 0.045 * n(), 0.025 * n(), 1 + 0.04 * n(), 0.025 * n()
    for side, eye, brow in zip((-1, 1), EYES, BROWS, strict=True):
        middle = p[eye].mean(0)
        d = (p[eye] - middle) * [size, size * max(opening, 0.6)]
        p[eye] = middle * [spacing, 1] + d + np.c_[0 * d[:, 0], rise - tilt * side * d[:, 0]]
        x = (p[brow][:, 0] - p[brow][2, 0]) * side  # outward
        p[brow] += np.c_[side * (x * (length - 1) + gap), height - slope * x - arch * (1 - (x / 0.36) ** 2)]
    mouth = p[MOUTH] - [0, 1.12]
    thick = 1 + 0.22 * n(2)
    bend, shift = 0.018 * n() - 0.006, 0.035 * n()
    mouth[:, 0] *= 1 + 0.085 * n()
    mouth[:, 1] *= np.where(mouth[:, 1] < 0, max(thick[0], 0.5), max(thick[1], 0.55))
    half = mouth[64 - 48, 0]
    mouth[:, 1] += bend * np.minimum(mouth[:, 0] / half, 1.1) ** 2
    p[MOUTH] = mouth + [0, 1.12 + shift]
    p[:48] += 0.007 * n((48, 2))
    stretch = np.array([1 + 0.02 * n(), 1 + 0.025 * n()])
    p = CENTRE + UNIT * stretch * p
    line = (
        CENTRE[0],
        CENTRE[1] + UNIT * stretch[1] * (1.12 + shift),
        UNIT * stretch[0] * half,
        UNIT * stretch[1] * bend,
    )
    return Face(p, line, _draw_looks(rng), int(rng.integers(2**31)))


def _draw_looks(rng: np.random.Generator) -> Looks:
    u = rng.uniform
    skin = u(0.4, 0.76)
    light = np.array([u(-0.6, 0.6), u(-0.7, -0.25), u(0.85, 1.1)])
    return Looks(
        skin=skin,
        hair=u(0.06, 0.22) if rng.random() < 0.7 else u(0.25, 0.6),
        lips=u(0.55, 0.84),
        iris=u(0.12, 0.45),
        hair_style=int(rng.integers(4)),
        hairline=u(-0.98, -0.72),
        brow_width=u(0.055, 0.11),
        brow_density=u(0.4, 0.95),
        freckles=u(0, 1) ** 3,
        stubble=u(0.3, 1) if rng.random() < 0.35 else 0.0,
        age=u(0, 1) ** 1.5,
        glasses=u(0.5, 0.9) if rng.random() < 0.2 else 0.0,
        light=tuple(light / np.linalg.norm(light)),
        ambient=u(0.3, 0.55),
        cloth=u(0.08, 0.6),
        background=u(0.15, 0.75),
    )


def depth(face: Face, points: np.ndarray) -> np.ndarray:
    """Height of the face towards the viewer, material pixels, at `points` (..., 2) -> (...).

    A flattened dome with a nose, sockets, lips and a chin: enough for parallax when the head turns and for
    shading by its slope.
    """
    x, y = np.moveaxis((points - CENTRE) / UNIT, -1, 0)
    at = (face.points - CENTRE) / UNIT

    def bump(centre: np.ndarray, sx: float, sy: float) -> np.ndarray:
        return np.exp(-0.5 * (((x - centre[0]) / sx) ** 2 + ((y - centre[1]) / sy) ** 2))

    wide = abs(at[16, 0] - at[0, 0]) / 2
    z = 1.0 * np.maximum(1 - (x / (wide * 1.13)) ** 2 * (1 + 0.12 * y) - ((y - 0.42) / 1.95) ** 2, -0.3)
    along = (y - at[27, 1]) / (at[33, 1] - at[27, 1])
    ridge = 0.25 * np.clip(along + 0.12, 0, 1.0) ** 1.3 / (1 + np.exp((along - 0.96) * 15))
    z += ridge * np.exp(-0.5 * (x / (0.10 + 0.06 * np.clip(along, 0, 1))) ** 2)
    for ala, eye, brow, side in ((31, EYES[0], BROWS[0], -1), (35, EYES[1], BROWS[1], 1)):
        middle = at[eye].mean(0)
        z += 0.10 * bump(at[ala] + [-0.04 * side, -0.05], 0.075, 0.075)
        z -= 0.13 * bump(middle + [-0.08 * side, -0.02], 0.27, 0.15)
        z += 0.08 * bump(middle, 0.16, 0.11)
        z += 0.06 * bump(at[brow].mean(0), 0.32, 0.09)
        z += 0.07 * bump(middle + [0.1 * side, 0.5], 0.28, 0.22)
    z += 0.05 * bump(at[51] + [0, 0.05], 0.27, 0.05) + 0.07 * bump(at[57] + [0, -0.08], 0.22, 0.06)
    z += -0.07 * bump(at[57] + [0, 0.12], 0.24, 0.06) + 0.10 * bump(at[8] + [0, -0.25], 0.24, 0.17)
    return UNIT * z
