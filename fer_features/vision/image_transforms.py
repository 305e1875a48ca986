"""Faces as they might as well have been photographed: mirrored, moved, turned, nearer or farther, of other contrast."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np

from .geometry import mirror, transform

#: What may be changed.
KINDS = ("mirror", "shift", "rotation", "scale", "contrast")

#: How far at most, either way; between these bounds all values are as likely.
SHIFT = 0.06  # of the picture's width and height
ROTATION = 10.0  # degrees
SCALE = 0.1  # a tenth larger, or smaller in the same ratio
CONTRAST = 0.3  # deviation from the mean grey, the same
BRIGHTNESS = 20.0  # grey levels, which go with contrast


@dataclasses.dataclass(frozen=True)
class Change:
    """How one picture is changed.

    Attributes
    ----------
    mirror : bool
        Left to right, before all else.
    shift : tuple of float
        To the right and down, in parts of width and height.
    rotation : float
        Degrees anticlockwise about the middle.
    scale : float
        Factor about the middle.
    contrast : float
        Factor on the deviation from the picture's mean grey.
    brightness : float
        Added after that, in grey levels.
    """

    mirror: bool = False
    shift: tuple[float, float] = (0.0, 0.0)
    rotation: float = 0.0
    scale: float = 1.0
    contrast: float = 1.0
    brightness: float = 0.0

    def matrix(self, width: int, height: int) -> np.ndarray:
        """The similarity (2, 3) float64 about the middle of a picture, without the mirror."""
        middle = (width - 1) / 2, (height - 1) / 2
        matrix = cv2.getRotationMatrix2D(middle, self.rotation, self.scale)
        matrix[:, 2] += np.multiply(self.shift, (width, height))
        return matrix

    @property
    def moves(self) -> bool:
        """Whether any pixel goes elsewhere, but for the mirror."""
        return (self.shift, self.rotation, self.scale) != ((0.0, 0.0), 0.0, 1.0)


def draw(kinds: Sequence[str], row: int, copy: int, seed: int = 0) -> Change:
    """The change of one copy of a row.

    Parameters
    ----------
    kinds : sequence of str
        Some of `KINDS`.
    row : int
        The row's place in the table that was loaded.
    copy : int
        1, 2, ...: which of the row's copies. With 'mirror' the odd ones are mirrored.
    seed : int

    Returns
    -------
    Change
        Drawn from a generator of its own, so that it hangs neither on other rows nor on their order, and each kind
        from the same numbers whatever other kinds there are.
    """
    shift_x, shift_y, turn, size, contrast, light = np.random.default_rng((seed, row, copy)).uniform(-1, 1, 6)
    return Change(
        mirror="mirror" in kinds and copy % 2 == 1,
        shift=(SHIFT * shift_x, SHIFT * shift_y) if "shift" in kinds else (0.0, 0.0),
        rotation=ROTATION * turn if "rotation" in kinds else 0.0,
        scale=(1 + SCALE) ** size if "scale" in kinds else 1.0,
        contrast=(1 + CONTRAST) ** contrast if "contrast" in kinds else 1.0,
        brightness=BRIGHTNESS * light if "contrast" in kinds else 0.0,
    )


def change_images(images: np.ndarray, change: Change) -> np.ndarray:
    """Frames of one clip, all changed alike.

    Parameters
    ----------
    images : ndarray, shape (T, H, W), uint8
    change : Change

    Returns
    -------
    ndarray, shape (T, H, W), uint8

    Notes
    -----
    Bilinear; what comes in from beyond the border repeats it. The mean grey is that of each frame.
    """
    if change.mirror:
        images = images[..., ::-1]
    if change.moves:
        height, width = images.shape[1:]
        matrix = change.matrix(width, height)
        flags = {"flags": cv2.INTER_LINEAR, "borderMode": cv2.BORDER_REPLICATE}
        images = np.stack([cv2.warpAffine(np.ascontiguousarray(i), matrix, (width, height), **flags) for i in images])
    if (change.contrast, change.brightness) != (1.0, 0.0):
        grey = images.mean((1, 2), keepdims=True)
        changed = (images - grey) * change.contrast + (grey + change.brightness)
        images = np.clip(np.rint(changed), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(images)


def change_landmarks(landmarks: np.ndarray, change: Change, width: int, height: int) -> np.ndarray:
    """Landmarks of changed pictures.

    Parameters
    ----------
    landmarks : ndarray, shape (T, 68, 2)
        iBUG-68; of a mirrored face left and right points change places.
    change : Change
    width, height : int
        Of the picture in pixels.

    Returns
    -------
    ndarray, shape (T, 68, 2), float32
    """
    points = mirror(landmarks, width) if change.mirror else landmarks
    if change.moves:
        points = transform(change.matrix(width, height), points)
    return np.asarray(points, np.float32)
