"""Action Units as displacement fields of the skin, and the six expressions as combinations of Action Units.

References
----------
Ekman and Friesen, "Facial Action Coding System", 1978 (the Action Units); Friesen and Ekman, "EMFACS-7: Emotional
Facial Action Coding System", 1983 (their combinations). Directions and extents are rough and were set by
hand.
"""

from __future__ import annotations

import numpy as np

from .face_model import INTEROCULAR, MIDLINE_POINTS, MIRROR_INDICES, SyntheticFace, gaussian

#: Lip that a field component moves. Skin above the mouth line belongs to the upper lip, skin below to the lower one.
BOTH_LIPS, UPPER_LIP, LOWER_LIP = "both", "upper", "lower"

#: Action Unit that only moves the edge of the upper lid, see `FaceWarp.landmarks`.
BLINK_UNIT = 45

#: A Gaussian displacement: landmarks of its centre, offset of the centre, displacement, sigmas, lip.
FieldComponent = tuple[tuple[int, ...], tuple[float, float], tuple[float, float], tuple[float, float], str]

#: Action Unit -> field components of the left half of the image at activation 1, in interocular distances; x is
#: positive away from the midline, y downwards.
UNIT_COMPONENTS: dict[int, list[FieldComponent]] = {
    1: [((21,), (0, -0.05), (0.00, -0.17), (0.22, 0.20), BOTH_LIPS)],
    2: [((18,), (0.04, -0.05), (0.01, -0.17), (0.26, 0.20), BOTH_LIPS)],
    4: [
        ((21,), (0, -0.02), (-0.07, 0.12), (0.20, 0.17), BOTH_LIPS),
        ((19,), (0, 0), (-0.03, 0.09), (0.30, 0.16), BOTH_LIPS),
    ],
    5: [((37, 38), (0, 0), (0, -0.075), (0.17, 0.09), BOTH_LIPS)],
    6: [
        ((41,), (0.04, 0.36), (0.03, -0.12), (0.28, 0.20), BOTH_LIPS),
        ((40, 41), (0, 0), (0, -0.04), (0.18, 0.07), BOTH_LIPS),
    ],
    7: [
        ((40, 41), (0, 0), (0, -0.05), (0.19, 0.07), BOTH_LIPS),
        ((37, 38), (0, 0), (0, 0.035), (0.18, 0.07), BOTH_LIPS),
    ],
    9: [
        ((31,), (0.06, -0.26), (0, -0.09), (0.15, 0.17), BOTH_LIPS),
        ((31,), (0.02, 0), (0.01, -0.06), (0.14, 0.12), BOTH_LIPS),
        ((21,), (-0.04, 0.02), (-0.02, 0.08), (0.18, 0.15), BOTH_LIPS),
        ((50,), (0.04, 0), (0, -0.07), (0.22, 0.16), UPPER_LIP),
    ],
    10: [
        ((50,), (0.07, 0), (0.01, -0.11), (0.24, 0.15), UPPER_LIP),
        ((31,), (0.18, 0.12), (0.02, -0.07), (0.20, 0.18), BOTH_LIPS),
    ],
    12: [
        ((48,), (0.02, 0), (0.13, -0.16), (0.25, 0.20), BOTH_LIPS),
        ((48,), (0.14, -0.38), (0.04, -0.08), (0.24, 0.20), BOTH_LIPS),
        ((57,), (0, 0), (0, -0.03), (0.22, 0.12), LOWER_LIP),
    ],
    15: [
        ((48,), (0.02, 0.04), (0.03, 0.13), (0.19, 0.20), BOTH_LIPS),
        ((59,), (0, 0.1), (0, 0.03), (0.2, 0.2), BOTH_LIPS),
    ],
    16: [((58,), (0.03, 0), (0.01, 0.10), (0.24, 0.17), LOWER_LIP)],
    17: [
        ((57,), (0, 0), (0, -0.09), (0.26, 0.18), LOWER_LIP),
        ((8,), (0, -0.32), (0, -0.09), (0.30, 0.20), LOWER_LIP),
        ((62,), (0, 0), (0, -0.045), (0.26, 0.10), BOTH_LIPS),
    ],
    18: [((48,), (0, 0), (-0.13, 0), (0.22, 0.20), BOTH_LIPS), ((57,), (0, 0), (0, 0.03), (0.2, 0.1), LOWER_LIP)],
    20: [
        ((48,), (0.02, 0.02), (0.16, 0.04), (0.26, 0.20), BOTH_LIPS),
        ((7,), (0.1, -0.3), (0.05, 0.02), (0.3, 0.2), LOWER_LIP),
    ],
    23: [
        ((48,), (0, 0), (-0.06, 0), (0.22, 0.18), BOTH_LIPS),
        ((50,), (0, 0), (0, 0.045), (0.26, 0.07), UPPER_LIP),
        ((57,), (0.06, 0), (0, -0.06), (0.28, 0.10), LOWER_LIP),
    ],
    24: [((51,), (0, 0), (0, 0.05), (0.28, 0.08), UPPER_LIP), ((57,), (0, 0), (0, -0.08), (0.28, 0.13), LOWER_LIP)],
    25: [((66,), (0, 0), (0, 0.09), (0.32, 0.17), LOWER_LIP), ((62,), (0, 0), (0, -0.03), (0.28, 0.14), UPPER_LIP)],
    26: [((48,), (0, 0.05), (-0.05, 0.07), (0.25, 0.25), BOTH_LIPS)],  # displacement_fields adds the jaw
    45: [],
}
#: Numbers of the Action Units, in the order of all arrays of activations.
ACTION_UNITS = tuple(UNIT_COMPONENTS)
UNIT_INDEX = {code: k for k, code in enumerate(ACTION_UNITS)}
IS_UPPER_FACE = np.array([code in (1, 2, 4, 5, 6, 7, 45) for code in ACTION_UNITS])

#: Displacement of the jaw by Action Unit 26 in interocular distances.
JAW_DROP = 0.42

#: Action Units of each expression in the coding of fer22: joy, fear, surprise, anger, disgust, sadness.
EXPRESSION_UNITS = (
    {6: 0.75, 12: 1.0, 25: 0.45, 26: 0.1},
    {1: 0.75, 2: 0.45, 4: 0.6, 5: 0.8, 7: 0.3, 20: 0.7, 25: 0.5, 26: 0.3},
    {1: 0.85, 2: 0.85, 5: 0.6, 25: 0.35, 26: 0.8},
    {4: 1.0, 5: 0.3, 7: 0.75, 17: 0.25, 23: 0.6, 24: 0.6},
    {4: 0.3, 7: 0.35, 9: 0.85, 10: 0.75, 17: 0.35, 25: 0.2},
    {1: 0.85, 4: 0.55, 7: 0.15, 15: 0.95, 17: 0.5},
)
#: Activations of the expressions, shape (6, K).
EXPRESSION_WEIGHTS = np.array([[units.get(code, 0.0) for code in ACTION_UNITS] for units in EXPRESSION_UNITS])


def smoothstep(x: np.ndarray) -> np.ndarray:
    """Cubic step function: 0 below 0, 1 above 1, continuously differentiable."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def displacement_fields(face: SyntheticFace, x: np.ndarray, y: np.ndarray, lip: str) -> np.ndarray:
    """Displacement of material points by each Action Unit in the left and in the right half of the image.

    Parameters
    ----------
    face : SyntheticFace
    x, y : ndarray
        Material pixels. They are broadcast: a row of x and a column of y take less time than a grid of points.
    lip : {UPPER_LIP, LOWER_LIP}
        Which of the two fields is evaluated.

    Returns
    -------
    ndarray, shape (2, K, 2, ...), float64
        Displacement in x and in y in pixels at activation 1, of each Action Unit in each half.

    Notes
    -----
    The skin above and the skin below the mouth line have separate fields, both defined everywhere. They are equal on
    the mouth line outside the corners of the mouth and differ between them, which opens the mouth.
    """
    across, below = np.abs(face.mouth_position(x)), (y - face.mouth_line(x)) / INTEROCULAR
    lens = np.maximum(1 - across**4, 0)
    away = smoothstep((below if lip == LOWER_LIP else -below) / 0.45)
    one_lip = lens + (1 - lens) * away  # weight of components of one lip: 0 on the mouth line outside the corners
    halves = 1 / (1 + np.exp(np.stack([x - face.mouth[0], face.mouth[0] - x]) / (0.08 * INTEROCULAR)))
    out = np.zeros((2, len(ACTION_UNITS), 2, *below.shape), np.float64)
    for k, code in enumerate(ACTION_UNITS):
        for half, outward in ((0, -1), (1, 1)):
            for where, offset, move, extent, acts_on in UNIT_COMPONENTS[code]:
                if acts_on not in (BOTH_LIPS, lip):
                    continue
                middle = (face.points[list(where)] if half == 0 else face.points[MIRROR_INDICES[list(where)]]).mean(0)
                cx, cy = middle + INTEROCULAR * np.array(offset) * [outward, 1]
                bump = gaussian(x, cx, INTEROCULAR * extent[0])
                if set(where) <= set(MIDLINE_POINTS):
                    bump = bump * halves[half]
                bump = bump * gaussian(y, cy, INTEROCULAR * extent[1])
                if acts_on != BOTH_LIPS:
                    bump *= one_lip
                for axis, distance in enumerate((outward * move[0], move[1])):
                    if distance:
                        out[axis, k, half] += INTEROCULAR * distance * bump
    if lip == LOWER_LIP:
        jaw = lens + (1 - lens) * smoothstep(below / 0.75)
        near_mouth = 1 - smoothstep((np.abs(x - face.mouth[0]) / INTEROCULAR - 0.8) / 0.7)
        out[1, UNIT_INDEX[26]] += INTEROCULAR * JAW_DROP * halves * jaw * near_mouth
    return out
