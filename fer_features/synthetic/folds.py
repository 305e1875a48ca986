"""Folds of the skin: what each Action Unit does to the grey levels, beside moving them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .actions import INDEX
from .canvas import COLUMNS, ROWS, curve, noise, spot, stroke, wrinkle
from .faces import CENTRE, UNIT, Face


@dataclass(frozen=True)
class Folds:
    """Factors on the painting, in the box of the canvas where there are any."""

    box: tuple[slice, slice]
    change: np.ndarray  # (F, h w) float32, factor - 1 at activation 1
    of: list[tuple[int, int]]  # F times (AU, half) of the actions, half 2 for the mean of both

    def on(self, skin: np.ndarray, actions: np.ndarray) -> list[np.ndarray]:
        """The painted `skin` with the folds of `actions` (T, K, 2), T times (ROWS, COLUMNS)."""
        both = np.concatenate([actions, actions.mean(2, keepdims=True)], 2)
        amount = np.stack([both[:, au, half] for au, half in self.of], 1)
        factor = 1 + np.clip(amount, 0, 1.2).astype(np.float32) @ self.change
        out = []
        for f in factor:
            out.append(skin.copy())
            out[-1][self.box] *= f.reshape(out[-1][self.box].shape)
        return out


def draw_folds(face: Face, rng: np.random.Generator) -> Folds:
    """The folds that a face can show, each with the Action Unit and side that deepen it."""
    shades = _shades(face, rng)
    change = np.stack([shade for _, shade in shades]).astype(np.float32)
    change[np.abs(change) < 1e-3] = 0
    rows, columns = (np.flatnonzero(change.any(axis)) for axis in ((0, 2), (0, 1)))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return Folds(box, change[:, *box].reshape(len(change), -1), [key for key, _ in shades])


def _shades(face: Face, rng: np.random.Generator) -> list[tuple[tuple[int, int], np.ndarray]]:
    """((AU, half), change of the grey levels where the skin folds and bulges), half 2 for both."""
    at, u, looks = face.points, UNIT, face.looks
    deep = 0.2 + 0.16 * looks.age
    out: list[tuple[tuple[int, int], np.ndarray]] = []
    forehead = CENTRE + u * np.array([0, -0.62]) + [0, rng.uniform(-2, 2)]
    lines = {half: np.zeros((ROWS, COLUMNS)) for half in (0, 1)}
    for i in range(3):
        bend = rng.uniform(-1.5, 1.5, 5) + [1, 0, 1, 0, 1]
        y = -0.15 * u * (i - 1) + bend
        for half, x in ((0, np.linspace(-0.6, 0.05, 5)), (1, np.linspace(-0.05, 0.6, 5))):
            lines[half] = lines[half] + wrinkle(forehead + np.c_[x * u, y], 1.0, deep)
    for half in (0, 1):
        out += [((INDEX[1], half), 0.8 * lines[half]), ((INDEX[2], half), 0.5 * lines[half])]
    glabella = CENTRE + u * np.array([0, -0.3])
    frown = sum(
        -deep
        * 1.3
        * stroke(curve(glabella + u * np.array([[s * 0.09, -0.16], [s * 0.085, 0], [s * 0.12, 0.12]])), 1.0, 0.7)
        for s in (-1, 1)
    )
    out.append(((INDEX[4], 2), frown + 0.10 * spot(glabella, 0.045, 0.12)))
    across = [np.array([[-0.13, y + 0.05], [0, y - 0.02], [0.13, y + 0.05]]) for y in (-0.12, 0.0, 0.12)]
    crinkle = np.sum([wrinkle(at[28] + u * line, 0.9, deep) for line in across], 0)
    out.append(((INDEX[9], 2), crinkle))
    out.append(
        (
            (INDEX[17], 2),
            -0.13 * spot(at[57] + [0, 0.12 * u], 0.22, 0.04)
            - 0.09 * np.clip(noise(rng, 2), -1, 1) * spot(at[8] - [0, 0.25 * u], 0.2, 0.14),
        )
    )
    for half, s, corner, ala, eye in ((0, -1, 48, 31, 36), (1, 1, 54, 35, 45)):
        start = at[ala] + u * np.array([s * 0.09, -0.06])
        path = [
            start,
            at[corner] + u * np.array([s * 0.10, -0.22]),
            at[corner] + u * np.array([s * 0.16, 0.0]),
        ]
        furrow = wrinkle(path, 1.3, 0.95 * deep)
        cheek = at[corner] + u * np.array([s * 0.22, -0.45])
        bulge = 0.10 * spot(cheek, 0.16, 0.12) - 0.08 * spot(cheek + [0, 0.26 * u], 0.2, 0.09)
        out += [
            ((INDEX[12], half), furrow + bulge),
            ((INDEX[10], half), 0.9 * furrow),
            ((INDEX[9], half), 0.5 * furrow),
        ]
        feet = sum(
            wrinkle(
                at[eye] + u * np.array([[s * 0.07, 0.3 * a], [s * 0.16, 0.9 * a], [s * 0.25, 1.6 * a]]),
                0.7,
                0.8 * deep,
            )
            for a in (-0.06, 0.02, 0.1)
        )
        lid = at[eye] + u * np.array([[-s * 0.3, 0.21], [-s * 0.12, 0.21], [s * 0.04, 0.13]])
        out.append(
            (
                (INDEX[6], half),
                feet + wrinkle(lid, 0.9, 0.9 * deep) + 0.07 * spot(cheek - [0, 0.12 * u], 0.16, 0.1),
            )
        )
        pull = [at[corner] + u * np.array([s * 0.04, 0.05]), at[corner] + u * np.array([s * 0.09, 0.2])]
        out.append(((INDEX[15], half), wrinkle(np.array([pull[0], np.mean(pull, 0), pull[1]]), 1.0, 1.2 * deep)))
        out.append(
            (
                (INDEX[20], half),
                -0.5 * deep * stroke(curve([path[2] + [0, -4], path[2] + [s, 2], path[2] + [0, 7]]), 1.0, 1.0),
            )
        )
    return out
