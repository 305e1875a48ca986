"""Drawing of results on frames: box, landmarks, expression, and a bar chart of probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from .frame_results import FacePrediction

#: Colours of faces by `face_id`, in the order blue, green, red.
FACE_COLOURS = ((80, 220, 80), (60, 180, 255), (255, 160, 60), (220, 90, 220), (70, 230, 230), (120, 120, 255))
FONT = cv2.FONT_HERSHEY_SIMPLEX
#: Smaller images are enlarged until their shorter side has this length in pixels, so that labels have room, but not if
#: the longer side had more than `MAX_ENLARGED_PX`.
MIN_SIDE_PX, MAX_ENLARGED_PX = 240, 1920
#: Smallest scale of text: capital letters are 8 pixels high.
MIN_TEXT_SCALE = 0.4
#: Smallest height of a bar with its name in pixels, and smallest length.
MIN_BAR_PX, MIN_BAR_LENGTH_PX = 13, 56


def annotate_frame(image: np.ndarray, faces: Sequence[FacePrediction], message: str = "") -> np.ndarray:
    """Draw predictions on a copy of a frame.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, 3), uint8
        Colour in the order blue, green, red.
    faces : sequence of FacePrediction
        Lost faces are not drawn.
    message : str
        Written on frames without a visible face.

    Returns
    -------
    ndarray, shape (k H, k W, 3), uint8
        The factor k is 1 unless the image is too small for readable labels: then the image is enlarged.
    """
    out = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image.copy()
    factor = _enlargement(image.shape[0], image.shape[1])
    if factor > 1:
        out = cv2.resize(out, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        faces = [face.scaled(np.full(2, factor)) for face in faces]
    unit = max(0.35, min(out.shape[:2]) / 600)
    visible = [face for face in faces if np.isfinite(face.box).all()]
    for face in visible:
        colour = FACE_COLOURS[face.face_id % len(FACE_COLOURS)]
        _draw_face(out, face, colour, unit)
    if not visible and message:
        _write_text(out, message, (round(8 * unit), round(24 * unit)), (255, 255, 255), unit)
    return out


def _enlargement(height: int, width: int) -> int:
    needed = -(-MIN_SIDE_PX // min(height, width))
    return max(1, min(needed, MAX_ENLARGED_PX // max(height, width)))


def _draw_face(out: np.ndarray, face: FacePrediction, colour: tuple[int, int, int], unit: float) -> None:
    x, y, w, h = (float(value) for value in face.box)
    thickness = max(1, round(1.5 * unit))
    cv2.rectangle(out, (round(x), round(y)), (round(x + w), round(y + h)), colour, thickness, cv2.LINE_AA)
    if face.landmarks is not None:
        radius = max(1, round(w / 130))
        for px, py in face.landmarks:
            cv2.circle(out, (round(float(px)), round(float(py))), radius, (255, 255, 255), -1, cv2.LINE_AA)
    text, value = face.expression or face.status, ""
    if face.expression in face.probabilities:
        value = f" {face.probabilities[face.expression]:.2f}"
    line_height = round(22 * unit)
    baseline = y - round(6 * unit) if y > line_height else y + line_height
    _write_text(out, text, (round(max(x, 0)), round(baseline)), colour, unit, value)
    _draw_bars(out, face, (x + w + 6 * unit, y), colour, unit)


def _draw_bars(
    out: np.ndarray, face: FacePrediction, corner: tuple[float, float], colour: tuple[int, int, int], unit: float
) -> None:
    """Draw the bars to the right of the box; to its left or inside it if the frame ends there."""
    if not face.probabilities:
        return
    length, height = max(MIN_BAR_LENGTH_PX, round(90 * unit)), max(MIN_BAR_PX, round(16 * unit))
    length = min(length, out.shape[1])
    x, y = corner
    if x + length > out.shape[1]:
        x = x - face.box[2] - length - 12 * unit
    left = round(float(np.clip(x, 0, max(0, out.shape[1] - length))))
    # A small image has room for the most probable classes only.
    n_shown = max(1, min(len(face.probabilities), out.shape[0] // height))
    least = sorted(face.probabilities.values(), reverse=True)[n_shown - 1]
    shown = [item for item in face.probabilities.items() if item[1] >= least][:n_shown]
    top = round(float(np.clip(y, 0, max(0, out.shape[0] - height * n_shown))))
    for i, (name, probability) in enumerate(shown):
        upper, lower = top + i * height, top + (i + 1) * height - 2
        background = out[upper : lower + 1, left : left + length]
        background[:] = background // 3
        _write_name(background, name, 0.7 * unit)
        bar = background[:, : round(probability * length)]
        bar[:] = bar // 2 + np.array([c // 2 for c in colour], np.uint8)


def _write_name(area: np.ndarray, name: str, unit: float) -> None:
    """Write the name of a class into its bar, from the left."""
    scale = max(MIN_TEXT_SCALE, 0.65 * unit)
    (_, height), _ = cv2.getTextSize(name, FONT, scale, 1)
    text = np.ascontiguousarray(area)
    cv2.putText(text, name, (2, (len(area) + height) // 2), FONT, scale, (255, 255, 255), 1, cv2.LINE_AA)
    area[:] = text


def _write_text(
    out: np.ndarray, text: str, position: tuple[int, int], colour: tuple[int, int, int], unit: float, value: str = ""
) -> None:
    """Write a line on a dark background, inside the image: it is moved, and the text before the value is shortened."""
    scale, thickness = max(MIN_TEXT_SCALE, 0.65 * unit), max(1, round(unit))
    line = text + value
    while len(text) > 1 and cv2.getTextSize(line, FONT, scale, thickness)[0][0] > out.shape[1] - 2:
        text = text[:-1]
        line = f"{text}..{value}"
    text = line
    (width, height), descent = cv2.getTextSize(text, FONT, scale, thickness)
    x = max(0, min(position[0], out.shape[1] - width - 2))
    y = max(height + 2, min(position[1], out.shape[0] - descent - 1))
    background = out[max(0, y - height - 2) : y + descent, x : x + width + 2]
    background[:] = background // 5
    cv2.putText(out, text, (x, y), FONT, scale, colour, thickness, cv2.LINE_AA)
