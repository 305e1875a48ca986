"""The motion of one sequence: how a subject shows an expression, head pose, gaze and unrelated motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .action_units import ACTION_UNITS, EXPRESSION_WEIGHTS, IS_UPPER_FACE, UNIT_INDEX, smoothstep
from .face_model import IMAGE_HEIGHT

#: Centre of rotation of the head in material pixels.
HEAD_PIVOT = np.array([59.5, IMAGE_HEIGHT / 2 + 3])


@dataclass(frozen=True)
class SubjectTraits:
    """How one subject shows each of the six expressions with the K Action Units.

    Attributes
    ----------
    factor : ndarray, shape (6, K)
        Multiplies the activations of the expression; 0 for Action Units that the subject does not use.
    extra : ndarray, shape (6, K)
        Added to the activations.
    asymmetry : ndarray, shape (6, K)
        The left half of the image is activated by the factor ``1 + asymmetry``, the right half by ``1 - asymmetry``.
    head_motion : ndarray, shape (6, 6)
        Change of the pose from neutral to apex, see `SequenceMotion.pose`.
    strength : float
        Factor of all activations.
    """

    factor: np.ndarray
    extra: np.ndarray
    asymmetry: np.ndarray
    head_motion: np.ndarray
    strength: float


def sample_traits(rng: np.random.Generator, individuality: float = 0.68) -> SubjectTraits:
    """Sample how a subject shows the expressions.

    Parameters
    ----------
    rng : numpy.random.Generator
    individuality : float, default=0.68
        Size of the differences between subjects; 0 for the expressions of `EXPRESSION_UNITS`.

    Returns
    -------
    SubjectTraits
    """
    n, shape = rng.standard_normal, EXPRESSION_WEIGHTS.shape
    factor = np.exp(0.45 * individuality * n(shape)) * (rng.random(shape) > 0.16 * individuality)
    extra = rng.uniform(0.2, 0.65, shape) * (rng.random(shape) < 0.09 * individuality)
    extra[:, UNIT_INDEX[45]] = 0
    head = individuality * n((6, 6)) * [1.2, 1.2, 0.03, 0.015, 0.06, 0.05]
    return SubjectTraits(factor, extra, 0.16 * individuality * n(shape), head, float(np.exp(0.15 * n())))


@dataclass(frozen=True)
class SequenceMotion:
    """Motion of one sequence of T frames.

    Attributes
    ----------
    actions : ndarray, shape (T, K, 2)
        Activation of each Action Unit in the left and right half of the image.
    pose : ndarray, shape (T, 6)
        Shift x, y (pixels), roll (radians), log scale, yaw, pitch (radians).
    gaze : ndarray, shape (T, 2)
        Shift of the irises in pixels.
    intensity : ndarray, shape (T,)
        Intensity of the expression.
    """

    actions: np.ndarray
    pose: np.ndarray
    gaze: np.ndarray
    intensity: np.ndarray


def sample_motion(rng: np.random.Generator, traits: SubjectTraits, label: int, n_frames: int) -> SequenceMotion:
    """Sample the motion of one sequence, from neutral to apex.

    Parameters
    ----------
    rng : numpy.random.Generator
    traits : SubjectTraits
    label : int
        Expression 0..5.
    n_frames : int

    Returns
    -------
    SequenceMotion
        In one of four sequences a second expression is mixed in, and in one of four the subject speaks. All have small
        random activations, head motion and gaze shifts; some have a blink.
    """
    n, u, k = rng.standard_normal, rng.uniform, len(ACTION_UNITS)
    t = np.arange(n_frames) / max(n_frames - 1, 1)
    peak = u(0.6, 1.1)
    onset, duration = u(0.03, 0.35), u(0.3, 0.6)
    course = smoothstep((t - onset) / duration)
    lagged = smoothstep((t[:, None] - onset - u(-0.03, 0.08, k)) / duration)
    lagged[0] = 0

    weight = EXPRESSION_WEIGHTS[label] * traits.factor[label] + traits.extra[label]
    if rng.random() < 0.25:  # mixed with another expression
        other = (label + rng.integers(1, 6)) % 6
        weight = 0.9 * weight + u(0.1, 0.35) * EXPRESSION_WEIGHTS[other] * traits.factor[other]
    weight = weight * np.where(IS_UPPER_FACE, u(0.65, 1.15), u(0.65, 1.15)) * np.exp(0.18 * n(k))
    weight = np.clip(peak * traits.strength * weight, 0, 1.25)
    uneven = np.clip(traits.asymmetry[label] + 0.05 * n(k), -0.5, 0.5)
    actions = lagged[..., None] * weight[:, None] * np.stack([1 + uneven, 1 - uneven], -1)

    drift = n((2, k)) * [[0.025], [0.03]]
    actions = actions + (drift[0] + t[:, None] * drift[1])[..., None]
    if rng.random() < 0.25:  # the subject speaks a word
        word = np.exp(-0.5 * ((t - u(0.2, 0.7)) / 0.09) ** 2)
        for code in (18, 25, 26):
            actions[:, UNIT_INDEX[code]] += (u(0, 0.5) * word)[:, None]
    actions[:, UNIT_INDEX[45]] = _blink(rng, t)[:, None]
    actions = np.clip(actions, -0.1, 1.4)

    spread = np.array([1.8, 1.8, 0.04, 0.025, 0.07, 0.045])
    pose = np.clip(n(6), -2, 2) * spread + t[:, None] * np.clip(n(6), -2, 2) * spread * 0.8
    pose += course[:, None] * peak * traits.head_motion[label]
    gaze = u(-0.7, 0.7, 2) + t[:, None] * u(-0.8, 0.8, 2) * [1, 0.5]
    return SequenceMotion(actions, pose, gaze, peak * course)


def _blink(rng: np.random.Generator, t: np.ndarray) -> np.ndarray:
    if rng.random() > 0.4:
        return np.zeros_like(t)
    closed = np.exp(-0.5 * ((t - rng.uniform(0.15, 1.05)) / 0.06) ** 2)
    return np.where(t > 0, closed, 0)


def pose_transforms(pose: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weak-perspective transforms of head poses, see `warp`.

    Parameters
    ----------
    pose : ndarray, shape (T, 6)
        See `SequenceMotion.pose`.

    Returns
    -------
    linear : ndarray, shape (T, 2, 2)
        Rotation, projection and scale.
    parallax : ndarray, shape (T, 2)
        Displacement of a point per pixel of depth, in material coordinates.
    shift : ndarray, shape (T, 2)
        Pixels.
    """
    x, y, roll, scale, yaw, pitch = pose.T
    c, s, zero, one = np.cos, np.sin, np.zeros(len(pose)), np.ones(len(pose))

    def stacked(*rows: tuple[np.ndarray, ...]) -> np.ndarray:
        return np.stack([np.stack(row, -1) for row in rows], -2)

    around_z = stacked((c(roll), -s(roll), zero), (s(roll), c(roll), zero), (zero, zero, one))
    around_y = stacked((c(yaw), zero, s(yaw)), (zero, one, zero), (-s(yaw), zero, c(yaw)))
    around_x = stacked((one, zero, zero), (zero, c(pitch), -s(pitch)), (zero, s(pitch), c(pitch)))
    rotation = np.exp(scale)[:, None, None] * (around_z @ around_y @ around_x)
    linear = rotation[:, :2, :2]
    return linear, np.linalg.solve(linear, rotation[:, :2, 2:])[..., 0], np.stack([x, y], -1)
