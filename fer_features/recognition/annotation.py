"""Faces drawn into frames: box, landmarks, expression, and bars of probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from .frame_results import Face

#: Blue, green, red of the faces in turn.
COLOURS = ((80, 220, 80), (60, 180, 255), (255, 160, 60), (220, 90, 220), (70, 230, 230), (120, 120, 255))
FONT = cv2.FONT_HERSHEY_SIMPLEX


def annotated(picture: np.ndarray, faces: Sequence[Face], note: str = "") -> np.ndarray:
    """A frame with what was found in it.

    Parameters
    ----------
    picture : ndarray, shape (H, W) or (H, W, 3), uint8
        It is not changed.
    faces : sequence of Face
        Those that are lost are not drawn.
    note : str
        What is written where no face is seen.

    Returns
    -------
    ndarray, shape (H, W, 3), uint8
        Blue, green, red.
    """
    out = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR) if picture.ndim == 2 else picture.copy()
    unit = max(0.35, min(out.shape[:2]) / 600)
    shown = [face for face in faces if np.isfinite(face.box).all()]
    for face in shown:
        colour = COLOURS[face.number % len(COLOURS)]
        _draw_face(out, face, colour, unit)
    if not shown and note:
        _write(out, note, (round(8 * unit), round(24 * unit)), (255, 255, 255), unit)
    return out


def _draw_face(out: np.ndarray, face: Face, colour: tuple[int, int, int], unit: float) -> None:
    x, y, w, h = (float(value) for value in face.box)
    thick = max(1, round(1.5 * unit))
    cv2.rectangle(out, (round(x), round(y)), (round(x + w), round(y + h)), colour, thick, cv2.LINE_AA)
    if face.landmarks is not None:
        radius = max(1, round(w / 130))
        for px, py in face.landmarks:
            cv2.circle(out, (round(float(px)), round(float(py))), radius, (255, 255, 255), -1, cv2.LINE_AA)
    words = face.expression or face.status
    if face.expression in face.probabilities:
        words += f" {face.probabilities[face.expression]:.2f}"
    line = round(22 * unit)
    at = y - round(6 * unit) if y > line else y + line
    _write(out, words, (round(max(x, 0)), round(at)), colour, unit)
    _draw_bars(out, face, (x + w + 6 * unit, y), colour, unit)


def _draw_bars(
    out: np.ndarray, face: Face, corner: tuple[float, float], colour: tuple[int, int, int], unit: float
) -> None:
    """Bars to the right of the box, or where the frame ends there to the left of it, or inside."""
    if not face.probabilities:
        return
    long, high = round(90 * unit), max(6, round(16 * unit))
    x, y = corner
    if x + long > out.shape[1]:
        x = x - face.box[2] - long - 12 * unit
    left = round(float(np.clip(x, 0, max(0, out.shape[1] - long))))
    top = round(float(np.clip(y, 0, max(0, out.shape[0] - high * len(face.probabilities)))))
    for i, (name, share) in enumerate(face.probabilities.items()):
        a, b = top + i * high, top + (i + 1) * high - 2
        part = out[a : b + 1, left : left + long]
        part[:] = part // 3
        _write(out, name, (left + 2, b - max(1, round(3 * unit))), (255, 255, 255), 0.7 * unit)
        bar = part[:, : round(share * long)]
        bar[:] = bar // 2 + np.array([c // 2 for c in colour], np.uint8)


def _write(out: np.ndarray, words: str, at: tuple[int, int], colour: tuple[int, int, int], unit: float) -> None:
    scale, thick = 0.65 * unit, max(1, round(unit))
    (width, height), below = cv2.getTextSize(words, FONT, scale, thick)
    x, y = at
    x = max(0, min(x, out.shape[1] - width))
    behind = out[max(0, y - height - 2) : y + below, x : x + width + 2]
    behind[:] = behind // 3
    cv2.putText(out, words, (x, y), FONT, scale, colour, thick, cv2.LINE_AA)
