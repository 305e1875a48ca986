"""What the faces do: Action Units as displacement fields, six expressions of them, their course in time.

Action Units (AU) after Ekman & Friesen, Facial Action Coding System (1978); their combination into emotions
after EMFACS (Friesen & Ekman, 1983). Directions and extents are rough and set by hand: this is a drawing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .faces import HEIGHT, MIDLINE, MIRROR, UNIT, Face

BOTH, UPPER, LOWER = "both", "upper", "lower"
BLINK = 45  # moves the edge of the upper lid only, see Warp.landmarks

# AU -> [(landmark(s) it is centred on, offset, displacement, extent (sigmas), side of the lips it acts on)],
# for the left half of the picture, in inter-ocular distances, x outward from the midline, y down, at
# activation 1.
Push = tuple[tuple[int, ...], tuple[float, float], tuple[float, float], tuple[float, float], str]
UNITS: dict[int, list[Push]] = {
    1: [((21,), (0, -0.05), (0.00, -0.17), (0.22, 0.20), BOTH)],
    2: [((18,), (0.04, -0.05), (0.01, -0.17), (0.26, 0.20), BOTH)],
    4: [
        ((21,), (0, -0.02), (-0.07, 0.12), (0.20, 0.17), BOTH),
        ((19,), (0, 0), (-0.03, 0.09), (0.30, 0.16), BOTH),
    ],
    5: [((37, 38), (0, 0), (0, -0.075), (0.17, 0.09), BOTH)],
    6: [
        ((41,), (0.04, 0.36), (0.03, -0.12), (0.28, 0.20), BOTH),
        ((40, 41), (0, 0), (0, -0.04), (0.18, 0.07), BOTH),
    ],
    7: [
        ((40, 41), (0, 0), (0, -0.05), (0.19, 0.07), BOTH),
        ((37, 38), (0, 0), (0, 0.035), (0.18, 0.07), BOTH),
    ],
    9: [
        ((31,), (0.06, -0.26), (0, -0.09), (0.15, 0.17), BOTH),
        ((31,), (0.02, 0), (0.01, -0.06), (0.14, 0.12), BOTH),
        ((21,), (-0.04, 0.02), (-0.02, 0.08), (0.18, 0.15), BOTH),
        ((50,), (0.04, 0), (0, -0.07), (0.22, 0.16), UPPER),
    ],
    10: [
        ((50,), (0.07, 0), (0.01, -0.11), (0.24, 0.15), UPPER),
        ((31,), (0.18, 0.12), (0.02, -0.07), (0.20, 0.18), BOTH),
    ],
    12: [
        ((48,), (0.02, 0), (0.13, -0.16), (0.25, 0.20), BOTH),
        ((48,), (0.14, -0.38), (0.04, -0.08), (0.24, 0.20), BOTH),
        ((57,), (0, 0), (0, -0.03), (0.22, 0.12), LOWER),
    ],
    15: [
        ((48,), (0.02, 0.04), (0.03, 0.13), (0.19, 0.20), BOTH),
        ((59,), (0, 0.1), (0, 0.03), (0.2, 0.2), BOTH),
    ],
    16: [((58,), (0.03, 0), (0.01, 0.10), (0.24, 0.17), LOWER)],
    17: [
        ((57,), (0, 0), (0, -0.09), (0.26, 0.18), LOWER),
        ((8,), (0, -0.32), (0, -0.09), (0.30, 0.20), LOWER),
        ((62,), (0, 0), (0, -0.045), (0.26, 0.10), BOTH),
    ],
    18: [((48,), (0, 0), (-0.13, 0), (0.22, 0.20), BOTH), ((57,), (0, 0), (0, 0.03), (0.2, 0.1), LOWER)],
    20: [
        ((48,), (0.02, 0.02), (0.16, 0.04), (0.26, 0.20), BOTH),
        ((7,), (0.1, -0.3), (0.05, 0.02), (0.3, 0.2), LOWER),
    ],
    23: [
        ((48,), (0, 0), (-0.06, 0), (0.22, 0.18), BOTH),
        ((50,), (0, 0), (0, 0.045), (0.26, 0.07), UPPER),
        ((57,), (0.06, 0), (0, -0.06), (0.28, 0.10), LOWER),
    ],
    24: [((51,), (0, 0), (0, 0.05), (0.28, 0.08), UPPER), ((57,), (0, 0), (0, -0.08), (0.28, 0.13), LOWER)],
    25: [((66,), (0, 0), (0, 0.09), (0.32, 0.17), LOWER), ((62,), (0, 0), (0, -0.03), (0.28, 0.14), UPPER)],
    26: [((48,), (0, 0.05), (-0.05, 0.07), (0.25, 0.25), BOTH)],  # and the jaw itself, see fields
    45: [],
}
CODES = tuple(UNITS)
INDEX = {code: k for k, code in enumerate(CODES)}
UPPER_FACE = np.array([code in (1, 2, 4, 5, 6, 7, 45) for code in CODES])
JAW_DROP = 0.42

# fer22 codes: joy 0, fear 1, surprise 2, anger 3, disgust 4, sadness 5
EXPRESSIONS = (
    {6: 0.75, 12: 1.0, 25: 0.45, 26: 0.1},
    {1: 0.75, 2: 0.45, 4: 0.6, 5: 0.8, 7: 0.3, 20: 0.7, 25: 0.5, 26: 0.3},
    {1: 0.85, 2: 0.85, 5: 0.6, 25: 0.35, 26: 0.8},
    {4: 1.0, 5: 0.3, 7: 0.75, 17: 0.25, 23: 0.6, 24: 0.6},
    {4: 0.3, 7: 0.35, 9: 0.85, 10: 0.75, 17: 0.35, 25: 0.2},
    {1: 0.85, 4: 0.55, 7: 0.15, 15: 0.95, 17: 0.5},
)
WEIGHTS = np.array([[e.get(code, 0.0) for code in CODES] for e in EXPRESSIONS])


def smooth(x: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, a smooth step between."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def fields(face: Face, points: np.ndarray, side: str) -> np.ndarray:
    """Displacement of material points by each AU's left and right half.

    The skin above and below the line where the lips meet moves by a field of its own, defined everywhere; on
    the line they agree beside the mouth and part between its corners, as a crack does.

    Parameters
    ----------
    face : Face
    points : (..., 2) array
    side : {UPPER, LOWER}

    Returns
    -------
    (K, 2, ..., 2) float64
        Pixels (dx, dy) at activation 1.
    """
    x, y = np.moveaxis(points, -1, 0)
    across, below = np.abs(face.across(x)), face.below(points) / UNIT
    lens = np.maximum(1 - across**4, 0)
    away = smooth((below if side == LOWER else -below) / 0.45)
    parting = lens + (1 - lens) * away  # what acts on one lip only: fully in the mouth, not on the line beside it
    halves = 1 / (1 + np.exp(np.stack([x - face.mouth[0], face.mouth[0] - x]) / (0.08 * UNIT)))
    out = np.zeros((len(CODES), 2, *points.shape), np.float64)
    for k, code in enumerate(CODES):
        for half, outward in ((0, -1), (1, 1)):
            for where, offset, move, extent, acts_on in UNITS[code]:
                if acts_on not in (BOTH, side):
                    continue
                middle = (face.points[list(where)] if half == 0 else face.points[MIRROR[list(where)]]).mean(0)
                cx, cy = middle + UNIT * np.array(offset) * [outward, 1]
                bump = np.exp(-0.5 * (((x - cx) / extent[0]) ** 2 + ((y - cy) / extent[1]) ** 2) / UNIT**2)
                if set(where) <= set(MIDLINE):
                    bump = bump * halves[half]
                if acts_on != BOTH:
                    bump = bump * parting
                out[k, half] += UNIT * bump[..., None] * [outward * move[0], move[1]]
    if side == LOWER:
        jaw = lens + (1 - lens) * smooth(below / 0.75)
        beside = 1 - smooth((np.abs(x - face.mouth[0]) / UNIT - 0.8) / 0.7)
        out[INDEX[26], ..., 1] += UNIT * JAW_DROP * halves * jaw * beside
    return out


@dataclass(frozen=True)
class Habits:
    """How one person shows each expression: AUs favoured, dropped, added and lopsided, a turn of the head."""

    factor: np.ndarray  # (6, K)
    extra: np.ndarray  # (6, K)
    lopsided: np.ndarray  # (6, K), the left half's share is 1 + this, the right half's 1 - this
    head: np.ndarray  # (6, 6), see pose
    strength: float


def draw_habits(rng: np.random.Generator, individuality: float = 0.68) -> Habits:
    """A person's own way of showing each expression; 0 of `individuality` is the textbook's."""
    n, shape = rng.standard_normal, WEIGHTS.shape
    factor = np.exp(0.45 * individuality * n(shape)) * (rng.random(shape) > 0.16 * individuality)
    extra = rng.uniform(0.2, 0.65, shape) * (rng.random(shape) < 0.09 * individuality)
    extra[:, INDEX[45]] = 0
    head = individuality * n((6, 6)) * [1.2, 1.2, 0.03, 0.015, 0.06, 0.05]
    return Habits(factor, extra, 0.16 * individuality * n(shape), head, float(np.exp(0.15 * n())))


@dataclass(frozen=True)
class Performance:
    """One sequence's motion, frame by frame."""

    actions: np.ndarray  # (T, K, 2) activation of each AU in the left and right half of the picture
    pose: np.ndarray  # (T, 6): x, y (pixels), roll (radians), log scale, yaw, pitch (radians)
    gaze: np.ndarray  # (T, 2) pixels
    intensity: np.ndarray  # (T,)


def perform(rng: np.random.Generator, habits: Habits, label: int, n_frames: int) -> Performance:
    """Act one expression: neutral first, apex last, with everything that goes on besides."""
    n, u, k = rng.standard_normal, rng.uniform, len(CODES)
    t = np.arange(n_frames) / max(n_frames - 1, 1)
    peak = u(0.6, 1.1)
    onset, duration = u(0.03, 0.35), u(0.3, 0.6)
    course = smooth((t - onset) / duration)
    lagged = smooth((t[:, None] - onset - u(-0.03, 0.08, k)) / duration)
    lagged[0] = 0

    weight = WEIGHTS[label] * habits.factor[label] + habits.extra[label]
    if rng.random() < 0.25:  # mixed with another expression
        other = (label + rng.integers(1, 6)) % 6
        weight = 0.9 * weight + u(0.1, 0.35) * WEIGHTS[other] * habits.factor[other]
    weight = weight * np.where(UPPER_FACE, u(0.65, 1.15), u(0.65, 1.15)) * np.exp(0.18 * n(k))
    weight = np.clip(peak * habits.strength * weight, 0, 1.25)
    uneven = np.clip(habits.lopsided[label] + 0.05 * n(k), -0.5, 0.5)
    actions = lagged[..., None] * weight[:, None] * np.stack([1 + uneven, 1 - uneven], -1)

    drift = n((2, k)) * [[0.025], [0.03]]
    actions = actions + (drift[0] + t[:, None] * drift[1])[..., None]
    if rng.random() < 0.25:  # a word on the way
        word = np.exp(-0.5 * ((t - u(0.2, 0.7)) / 0.09) ** 2)
        for code in (18, 25, 26):
            actions[:, INDEX[code]] += (u(0, 0.5) * word)[:, None]
    actions[:, INDEX[45]] = _blink(rng, t)[:, None]
    actions = np.clip(actions, -0.1, 1.4)

    spread = np.array([1.8, 1.8, 0.04, 0.025, 0.07, 0.045])
    pose = np.clip(n(6), -2, 2) * spread + t[:, None] * np.clip(n(6), -2, 2) * spread * 0.8
    pose += course[:, None] * peak * habits.head[label]
    gaze = u(-0.7, 0.7, 2) + t[:, None] * u(-0.8, 0.8, 2) * [1, 0.5]
    return Performance(actions, pose, gaze, peak * course)


def _blink(rng: np.random.Generator, t: np.ndarray) -> np.ndarray:
    if rng.random() > 0.4:
        return np.zeros_like(t)
    closed = np.exp(-0.5 * ((t - rng.uniform(0.15, 1.05)) / 0.06) ** 2)
    return np.where(t > 0, closed, 0)


def affine(pose: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weak perspective of `pose` (T, 6): A (T, 2, 2), parallax (T, 2), shift (T, 2), see render.Warp."""
    x, y, roll, scale, yaw, pitch = pose.T
    c, s, zero, one = np.cos, np.sin, np.zeros(len(pose)), np.ones(len(pose))

    def matrix(*rows: tuple[np.ndarray, ...]) -> np.ndarray:
        return np.stack([np.stack(row, -1) for row in rows], -2)

    around_z = matrix((c(roll), -s(roll), zero), (s(roll), c(roll), zero), (zero, zero, one))
    around_y = matrix((c(yaw), zero, s(yaw)), (zero, one, zero), (-s(yaw), zero, c(yaw)))
    around_x = matrix((one, zero, zero), (zero, c(pitch), -s(pitch)), (zero, s(pitch), c(pitch)))
    turn = np.exp(scale)[:, None, None] * (around_z @ around_y @ around_x)
    a = turn[:, :2, :2]
    return a, np.linalg.solve(a, turn[:, :2, 2:])[..., 0], np.stack([x, y], -1)


HEAD = np.array([59.5, HEIGHT / 2 + 3])  # what the head turns about, material pixels
