"""Frontal shape of a portrait: the 68 landmarks of a sampled person with a sampled expression, and dense outlines.

The unit of length is the distance between the eye centres; the origin lies between them, x to the right, y down.

Conventions
-----------
The points have the order and meaning of Multi-PIE and iBUG-68 (Gross et al., "Multi-PIE", 2010,
doi:10.1016/j.imavis.2009.08.002; Sagonas et al., 2016, doi:10.1016/j.imavis.2016.01.002). Where these leave room, the
following is used:

* Brows: the middle line; 17 and 21 at the ends, 19 at the peak, which lies above the outer third of the eye, 18 and 20
  halfway. Annotators place these points anywhere between the upper edge and the middle line.
* Contour: from the upper root of the ear (otobasion superius) over the tragion, the lower root of the ear and the level
  of the mouth to the lowest point of the chin, at fixed heights and not at equal distances.
* Nose: 27 at the nasion slightly above the eye centres, 30 at the tip, 31 and 35 at the base of the wings, 33 at the
  subnasale.
* Lips: outer points on the edge of the red, inner points on the edge of the opening; 61 and 63 at a quarter of the half
  width from the middle.

All proportions are round numbers set by hand from anthropometric proportions (L. G. Farkas, "Anthropometry of the Head
and Face", 1994), with variances that are wider than those of a population.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from .portrait_parameters import ShapeParameters

#: Neutral contour, left half: x and y of the points 0 to 8.
CONTOUR = np.array(
    [
        (-1.10, -0.15),
        (-1.10, 0.26),
        (-1.08, 0.52),
        (-0.99, 0.98),
        (-0.89, 1.20),
        (-0.76, 1.37),
        (-0.49, 1.56),
        (-0.21, 1.67),
        (0.0, 1.69),
    ]
)
#: Neutral brow of the left half, from the outer end.
BROW = np.array([(-0.95, -0.25), (-0.80, -0.31), (-0.64, -0.34), (-0.44, -0.33), (-0.22, -0.29)])
#: Midline of the nose and the left half of its base.
NOSE = np.array(
    [(0, -0.05), (0, 0.18), (0, 0.38), (0, 0.55), (-0.21, 0.68), (-0.12, 0.73), (0, 0.745)],
)
#: Eye of the left half: outer and inner corner.
EYE_CORNERS = np.array([(-0.70, 0.0), (-0.27, 0.03)])
#: Height of the lids above and below the line between the corners, at their highest point.
UPPER_LID, LOWER_LID = 0.105, 0.06
#: Positions of 37, 38 (upper) and 40, 41 (lower) between outer and inner corner.
UPPER_LID_POSITIONS, LOWER_LID_POSITIONS = (0.24, 0.62), (0.63, 0.27)
#: Height of the closed lips below the eyes, half width of the mouth, thickness of the lips.
MOUTH_HEIGHT, MOUTH_HALF_WIDTH, UPPER_LIP, LOWER_LIP = 1.08, 0.40, 0.11, 0.145
#: Positions of the outer and inner points of the lips from the middle, in half widths.
OUTER_LIP_POSITIONS, INNER_LIP_POSITIONS = (0.58, 0.28), 0.25


@dataclasses.dataclass(frozen=True)
class PortraitShape:
    """Landmarks and outlines of a frontal face, in interocular distances.

    Attributes
    ----------
    points : ndarray, shape (68, 2), float64
        iBUG-68 points.
    lids : tuple of 2 ndarrays, shape (2, 25, 2)
        Upper and lower lid of the left and right eye, from the outer to the inner corner.
    lips : ndarray, shape (4, 41, 2)
        Upper edge of the upper lip, upper and lower edge of the opening, lower edge of the lower lip, from left to
        right.
    jaw_drop : float
        How far the lower teeth are below their position in the closed mouth.
    """

    points: np.ndarray
    lids: tuple[np.ndarray, np.ndarray]
    lips: np.ndarray
    jaw_drop: float


def make_shape(parameters: ShapeParameters) -> PortraitShape:
    """Landmarks and outlines of a face.

    Parameters
    ----------
    parameters : ShapeParameters

    Returns
    -------
    PortraitShape
        That of mirrored parameters is mirrored.

    Examples
    --------
    >>> from fer_features.synthetic.portrait_parameters import ShapeParameters
    >>> from fer_features.synthetic.portrait_shape import make_shape
    >>> make_shape(ShapeParameters()).points[8].round(2) + 0.0
    array([0.  , 1.69])
    """
    p = parameters
    points = np.zeros((68, 2))
    lids = []
    for half, side in ((0, -1), (1, 1)):
        left = half == 0
        contour = CONTOUR.copy()
        low = np.clip(contour[:, 1] / CONTOUR[8, 1], 0, 1)
        contour[:, 0] *= p.face_width * (1 + (p.jaw_width - 1) * low)
        contour[5:8, 0] *= 1 + (p.chin_width - 1) * np.array([0.5, 1, 1])
        contour[:, 1] = np.where(low > 0, contour[:, 1] * p.midface, contour[:, 1])
        contour[:, 1] += p.chin_length * low**2 + 0.62 * p.jaw_drop * np.clip((low - 0.3) / 0.7, 0, 1) ** 1.5
        contour[:, 0] *= 1 - 0.12 * p.jaw_drop * np.clip((low - 0.4) / 0.6, 0, 1)
        brow = BROW.copy()
        t = (brow[:, 0] - BROW[4, 0]) / (BROW[0, 0] - BROW[4, 0])  # 0 at the inner end, 1 at the outer
        brow[:, 0] -= p.brow_gap * (1 - 0.5 * t) - 0.05 * p.frown * (1 - t)
        brow[:, 1] += -p.brow_height + p.brow_slope * (t - 0.5) - p.brow_arch * (1 - (2 * t - 1) ** 2)
        brow[:, 1] -= (
            p.brow_inner_lift[half] * (1 - t) ** 0.8 + p.brow_outer_lift[half] * np.sin(np.pi * t / 1.5) ** 0.8
        )
        eye, eye_lids = _eye(p, half)
        lids.append(eye_lids * [-side, 1])
        brow[:, 1] = np.minimum(brow[:, 1], eye[1:3, 1].min() - 0.05)
        nose = NOSE.copy()
        nose[:, 1] = np.where(nose[:, 1] > 0, nose[:, 1] * p.nose_length, nose[:, 1]) * p.midface
        nose[4:, 0] *= p.nose_width * (1 + 0.5 * max(p.corner_lift[half], 0) + 0.1 * p.nose_wrinkle)
        nose[4:6, 1] -= 0.06 * p.nose_wrinkle + 0.12 * max(p.corner_lift[half], 0)
        if left:
            points[0:9], points[17:22], points[36:42], points[27:34] = contour, brow, eye, nose
        else:
            mirror = [-1, 1]
            points[16:8:-1], points[26:21:-1] = contour[:8] * mirror, brow * mirror
            points[[45, 44, 43, 42, 47, 46]] = eye * mirror
            points[[35, 34]] = nose[4:6] * mirror
    lips = _lips(p)
    points[48:68] = _lip_points(lips)
    return PortraitShape(points, (lids[0], lids[1]), lips, p.jaw_drop)


def _eye(p: ShapeParameters, half: int) -> tuple[np.ndarray, np.ndarray]:
    """Six points and both lids of an eye, as if it were in the left half."""
    middle = EYE_CORNERS.mean(0)
    outer, inner = middle * [p.eye_spacing, 1] + (EYE_CORNERS - middle) * p.eye_size
    outer = outer + [0, -p.eye_tilt * 0.43]
    opening = p.eye_opening[half]

    def lid(t: np.ndarray, height: float) -> np.ndarray:
        along = outer + t[:, None] * (inner - outer)
        s = 2 * t - 1
        bow = (1 - np.abs(s) ** 2.2) * (1 + 0.15 * s)
        return along + np.stack([0 * t, height * bow], -1)

    up = p.eye_size * (UPPER_LID * opening - LOWER_LID * 0.7 * max(1 - opening, 0))
    low = p.eye_size * LOWER_LID * (0.75 + 0.25 * min(opening, 1.4))
    upper_t, lower_t = np.array(UPPER_LID_POSITIONS), np.array(LOWER_LID_POSITIONS)
    upper, lower = lid(upper_t, -up), lid(lower_t, low)
    dense = np.linspace(0, 1, 25)
    return np.vstack([outer, upper, inner, lower]), np.stack([lid(dense, -up), lid(dense, low)])


def _lips(p: ShapeParameters) -> np.ndarray:
    """Four outlines of the lips, shape (4, 41, 2), at equal steps between the corners."""
    u = np.linspace(-1, 1, 41)
    half = np.abs(u)
    stretch, lift = (
        np.where(u == 0, np.mean(pair), np.where(u > 0, pair[1], pair[0])) for pair in (p.corner_stretch, p.corner_lift)
    )
    x = u * (MOUTH_HALF_WIDTH * p.mouth_width + stretch) + p.mouth_shift * (1 - 0.5 * np.abs(u))
    drop = 0.62 * p.jaw_drop
    middle = MOUTH_HEIGHT * p.midface + p.mouth_height
    y = middle - lift * (half**1.8 - 0.25) + 0.3 * drop * half**2
    lens = (1 - half**2.2) ** 0.8
    top = y - (p.upper_opening + 0.06 * p.jaw_drop) * lens
    bottom = y + (p.lower_opening + 0.85 * drop) * lens
    mean_stretch = (stretch[0] + stretch[-1]) / 2
    thin = 1 - 0.9 * mean_stretch - 0.4 * max((lift[0] + lift[-1]) / 2, 0)
    bow = 1 - half**2.4 - 0.16 * np.exp(-((u / 0.16) ** 2))
    upper = top - UPPER_LIP * p.upper_lip * thin * bow
    lower = bottom + LOWER_LIP * p.lower_lip * thin * (1 - half**3)
    return np.stack([np.stack([x, edge], -1) for edge in (upper, top, bottom, lower)])


def _lip_points(lips: np.ndarray) -> np.ndarray:
    """The points 48 to 67."""
    grid = np.linspace(-1, 1, lips.shape[1])

    def at(edge: int, position: float) -> np.ndarray:
        return np.array([np.interp(position, grid, lips[edge][:, k]) for k in (0, 1)])

    a, b = OUTER_LIP_POSITIONS
    c = INNER_LIP_POSITIONS
    upper = [at(0, t) for t in (-1, -a, -b, 0, b, a, 1)]
    lower = [at(3, t) for t in (a, b, 0, -b, -a)]
    inner_corner = 0.92
    inner = [
        (at(1, -inner_corner) + at(2, -inner_corner)) / 2,
        *(at(1, t) for t in (-c, 0, c)),
        (at(1, inner_corner) + at(2, inner_corner)) / 2,
        *(at(2, t) for t in (c, 0, -c)),
    ]
    return np.array(upper + lower + inner)
