"""The proportions, appearance and depth of one synthetic face.

A face is defined in *material* coordinates: pixels of an upright, frontal, neutral head with the mouth closed. All
motion (`motion`, `warp`) is a map from material coordinates to the image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..vision.geometry import MIRROR_INDICES

#: Size of an image in pixels.
IMAGE_HEIGHT, IMAGE_WIDTH = 150, 120
#: Interocular distance of the mean face in pixels, the unit of length of everything below.
INTEROCULAR = 34.0
#: Point between the eyes of the mean face in pixels.
FACE_CENTRE = np.array([59.5, 53.0])

# Left half (in the image) of the mean face: landmark -> (x, y) relative to the point between the eyes, y down, in
# interocular distances. The proportions follow the canon of drawing schools and were set by hand; the right half is
# mirrored.
_LEFT_HALF = {
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
#: Landmarks of the mean face, shape (68, 2), iBUG-68 order, in interocular distances.
MEAN_LANDMARKS = np.full((68, 2), np.nan)
for _index, _point in _LEFT_HALF.items():
    MEAN_LANDMARKS[_index] = _point
    MEAN_LANDMARKS[MIRROR_INDICES[_index]] = (-_point[0], _point[1])
#: Landmarks on the axis of symmetry.
MIDLINE_POINTS = [i for i, mirrored in enumerate(MIRROR_INDICES) if i == mirrored]

JAW, NOSE, MOUTH = slice(0, 17), slice(27, 36), slice(48, 68)
BROWS, EYES = (slice(17, 22), slice(22, 27)), (slice(36, 42), slice(42, 48))
UPPER_LIP_OUTLINE, LOWER_LIP_OUTLINE = [49, 50, 51, 52, 53], [55, 56, 57, 58, 59]


#: Values of `FaceAppearance.hair_style` with special outlines.
LONG_HAIR, RECEDING_HAIR = 2, 3


@dataclass(frozen=True)
class FaceAppearance:
    """Appearance of a face; tones are reflectances from 0 (black) to 1 (white)."""

    skin: float
    hair: float
    lips: float
    iris: float
    hair_style: int  # 0 short, 1 fringe, LONG_HAIR, RECEDING_HAIR
    hairline: float
    brow_width: float
    brow_density: float
    freckles: float
    stubble: float
    age: float
    glasses: float  # 0 for none, else the darkness of the rims
    light: tuple[float, float, float]  # unit vector towards the light source (x, y, z)
    ambient: float
    cloth: float
    background: float


@dataclass(frozen=True)
class SyntheticFace:
    """A synthetic face in material coordinates.

    Attributes
    ----------
    points : ndarray, shape (68, 2), float64
        Neutral landmarks in material pixels.
    mouth : tuple of float
        The curve where the closed lips meet: x of its middle, y, half width (pixels), curvature.
    appearance : FaceAppearance
    seed : int
        Seed of the skin texture.
    """

    points: np.ndarray
    mouth: tuple[float, float, float, float]
    appearance: FaceAppearance
    seed: int

    def mouth_position(self, x: np.ndarray) -> np.ndarray:
        """Horizontal position relative to the mouth: -1 and 1 at the inner corners (landmarks 60 and 64)."""
        return (x - self.mouth[0]) / self.mouth[2]

    def mouth_line(self, x: np.ndarray) -> np.ndarray:
        """Height y of the mouth line, which is horizontal outside the corners."""
        u = np.minimum(np.maximum(self.mouth_position(x), -1.1), 1.1)
        return self.mouth[1] + self.mouth[3] * u * u

    def below_mouth_line(self, points: np.ndarray) -> np.ndarray:
        """Signed distance in pixels below the mouth line."""
        return points[..., 1] - self.mouth_line(points[..., 0])


def sample_face(rng: np.random.Generator) -> SyntheticFace:
    """Sample a face: the mean face with random proportions of every part, and a random appearance.

    Parameters
    ----------
    rng : numpy.random.Generator

    Returns
    -------
    SyntheticFace
    """
    n = rng.standard_normal
    p = MEAN_LANDMARKS.copy()
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
        x = (p[brow][:, 0] - p[brow][2, 0]) * side  # positive outwards
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
    p = FACE_CENTRE + INTEROCULAR * stretch * p
    # As Python floats, which leave arrays of type float32 as they are.
    line = (
        float(FACE_CENTRE[0]),
        float(FACE_CENTRE[1] + INTEROCULAR * stretch[1] * (1.12 + shift)),
        float(INTEROCULAR * stretch[0] * half),
        float(INTEROCULAR * stretch[1] * bend),
    )
    return SyntheticFace(p, line, _sample_appearance(rng), int(rng.integers(2**31)))


def _sample_appearance(rng: np.random.Generator) -> FaceAppearance:
    u = rng.uniform
    skin = u(0.4, 0.76)
    light = np.array([u(-0.6, 0.6), u(-0.7, -0.25), u(0.85, 1.1)])
    return FaceAppearance(
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
        light=tuple((light / np.linalg.norm(light)).tolist()),
        ambient=u(0.3, 0.55),
        cloth=u(0.08, 0.6),
        background=u(0.15, 0.75),
    )


def gaussian(x: np.ndarray, centre: float, sigma: float) -> np.ndarray:
    """Gaussian function with a peak of 1, in one dimension.

    Parameters
    ----------
    x : ndarray
    centre, sigma : float

    Returns
    -------
    ndarray, float64
        0 where it is below 1e-9: products with subnormal numbers take several times as long.
    """
    y = np.exp(-0.5 * ((x - centre) / sigma) ** 2, dtype=np.float64)
    return np.where(y < 1e-9, 0, y)


def face_depth(face: SyntheticFace, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Depth of the face towards the viewer.

    Parameters
    ----------
    face : SyntheticFace
    x, y : ndarray
        Material pixels. They are broadcast: a row of x and a column of y take less time than a grid of points.

    Returns
    -------
    ndarray
        Material pixels.

    Notes
    -----
    A flattened dome with nose, eye sockets, lips and chin: sufficient for parallax under head rotation and for shading
    by the slope.
    """
    x, y = (x - FACE_CENTRE[0]) / INTEROCULAR, (y - FACE_CENTRE[1]) / INTEROCULAR
    at = (face.points - FACE_CENTRE) / INTEROCULAR

    def bump(centre: np.ndarray, sx: float, sy: float) -> np.ndarray:
        return gaussian(x, centre[0], sx) * gaussian(y, centre[1], sy)

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
    return INTEROCULAR * z
