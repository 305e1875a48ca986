"""Skin folds: the change of grey levels that each Action Unit causes in addition to the motion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .action_units import UNIT_INDEX
from .canvas import CANVAS_HEIGHT, CANVAS_WIDTH, gaussian_spot, line_mask, smooth_curve, smooth_noise, wrinkle_shading
from .face_model import FACE_CENTRE, INTEROCULAR, SyntheticFace


@dataclass(frozen=True)
class SkinFolds:
    """Changes of the skin texture, restricted to the bounding box of all folds.

    Attributes
    ----------
    box : tuple of slice
        Rows and columns of the canvas.
    layers : ndarray, shape (1 + F, h * w), float32
        Grey levels of the skin, and their change by each of F folds at activation 1.
    action_halves : list of F tuples
        (index of the Action Unit, half) that deepens each fold; half 2 is the mean of both halves.
    """

    box: tuple[slice, slice]
    layers: np.ndarray
    action_halves: list[tuple[int, int]]

    def textures(self, skin: np.ndarray, actions: np.ndarray) -> Iterator[np.ndarray]:
        """Textures of the frames of a sequence.

        Parameters
        ----------
        skin : ndarray, shape (CANVAS_HEIGHT, CANVAS_WIDTH)
        actions : ndarray, shape (T, K, 2)

        Yields
        ------
        ndarray
            The same array for each frame: it is valid until the next one.
        """
        both = np.concatenate([actions, actions.mean(2, keepdims=True)], 2)
        amount = np.stack([both[:, au, half] for au, half in self.action_halves], 1)
        weights = np.pad(np.clip(amount, 0, 1.2), ((0, 0), (1, 0)), constant_values=1).astype(np.float32)
        out = skin.copy()
        for folded in weights @ self.layers:
            out[self.box] = folded.reshape(out[self.box].shape)
            yield out


def make_skin_folds(face: SyntheticFace, rng: np.random.Generator, skin: np.ndarray) -> SkinFolds:
    """Create the skin folds of a face; their positions are random, their depth grows with age."""
    shades = _shades(face, rng)
    is_folded = np.zeros(skin.shape, bool)
    for _, shade in shades:
        visible = np.abs(shade) >= 1e-3
        shade *= visible
        is_folded |= visible
    rows, columns = (np.flatnonzero(is_folded.any(axis)) for axis in (1, 0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    layers = np.stack([skin[box], *(skin[box] * shade[box] for _, shade in shades)])
    return SkinFolds(box, layers.reshape(len(layers), -1), [key for key, _ in shades])


def _shades(face: SyntheticFace, rng: np.random.Generator) -> list[tuple[tuple[int, int], np.ndarray]]:
    """(index of the Action Unit, half) and relative change of the grey levels, of every fold and bulge."""
    at, u, appearance = face.points, INTEROCULAR, face.appearance
    deep = 0.2 + 0.16 * appearance.age
    out: list[tuple[tuple[int, int], np.ndarray]] = []
    forehead = FACE_CENTRE + u * np.array([0, -0.62]) + [0, rng.uniform(-2, 2)]
    lines = np.zeros((2, CANVAS_HEIGHT, CANVAS_WIDTH), np.float32)
    for i in range(3):
        bend = rng.uniform(-1.5, 1.5, 5) + [1, 0, 1, 0, 1]
        y = -0.15 * u * (i - 1) + bend
        for half, x in ((0, np.linspace(-0.6, 0.05, 5)), (1, np.linspace(-0.05, 0.6, 5))):
            lines[half] += wrinkle_shading(forehead + np.c_[x * u, y], 1.0, deep)
    for half in (0, 1):
        out += [((UNIT_INDEX[1], half), 0.8 * lines[half]), ((UNIT_INDEX[2], half), 0.5 * lines[half])]
    glabella = FACE_CENTRE + u * np.array([0, -0.3])
    frown = sum(
        -deep
        * 1.3
        * line_mask(
            smooth_curve(glabella + u * np.array([[s * 0.09, -0.16], [s * 0.085, 0], [s * 0.12, 0.12]])), 1.0, 0.7
        )
        for s in (-1, 1)
    )
    out.append(((UNIT_INDEX[4], 2), frown + 0.10 * gaussian_spot(glabella, 0.045, 0.12)))
    across = [np.array([[-0.13, y + 0.05], [0, y - 0.02], [0.13, y + 0.05]]) for y in (-0.12, 0.0, 0.12)]
    crinkle = np.sum([wrinkle_shading(at[28] + u * line, 0.9, deep) for line in across], 0)
    out.append(((UNIT_INDEX[9], 2), crinkle))
    out.append(
        (
            (UNIT_INDEX[17], 2),
            -0.13 * gaussian_spot(at[57] + [0, 0.12 * u], 0.22, 0.04)
            - 0.09 * np.clip(smooth_noise(rng, 2), -1, 1) * gaussian_spot(at[8] - [0, 0.25 * u], 0.2, 0.14),
        )
    )
    for half, s, corner, ala, eye in ((0, -1, 48, 31, 36), (1, 1, 54, 35, 45)):
        start = at[ala] + u * np.array([s * 0.09, -0.06])
        path = [
            start,
            at[corner] + u * np.array([s * 0.10, -0.22]),
            at[corner] + u * np.array([s * 0.16, 0.0]),
        ]
        furrow = wrinkle_shading(path, 1.3, 0.95 * deep)
        cheek = at[corner] + u * np.array([s * 0.22, -0.45])
        bulge = 0.10 * gaussian_spot(cheek, 0.16, 0.12) - 0.08 * gaussian_spot(cheek + [0, 0.26 * u], 0.2, 0.09)
        out += [
            ((UNIT_INDEX[12], half), furrow + bulge),
            ((UNIT_INDEX[10], half), 0.9 * furrow),
            ((UNIT_INDEX[9], half), 0.5 * furrow),
        ]
        feet = sum(
            wrinkle_shading(
                at[eye] + u * np.array([[s * 0.07, 0.3 * a], [s * 0.16, 0.9 * a], [s * 0.25, 1.6 * a]]),
                0.7,
                0.8 * deep,
            )
            for a in (-0.06, 0.02, 0.1)
        )
        lid = at[eye] + u * np.array([[-s * 0.3, 0.21], [-s * 0.12, 0.21], [s * 0.04, 0.13]])
        out.append(
            (
                (UNIT_INDEX[6], half),
                feet + wrinkle_shading(lid, 0.9, 0.9 * deep) + 0.07 * gaussian_spot(cheek - [0, 0.12 * u], 0.16, 0.1),
            )
        )
        pull = [at[corner] + u * np.array([s * 0.04, 0.05]), at[corner] + u * np.array([s * 0.09, 0.2])]
        out.append(
            ((UNIT_INDEX[15], half), wrinkle_shading(np.array([pull[0], np.mean(pull, 0), pull[1]]), 1.0, 1.2 * deep))
        )
        out.append(
            (
                (UNIT_INDEX[20], half),
                -0.5
                * deep
                * line_mask(smooth_curve([path[2] + [0, -4], path[2] + [s, 2], path[2] + [0, 7]]), 1.0, 1.0),
            )
        )
    return out
