"""Motion of the face in a clip: the frame of the apex, and the frame of the neutral face."""

from __future__ import annotations

import cv2
import numpy as np

from ..vision.flow import dis_flow

#: Longer side of the reduced frames in pixels.
REDUCED_SIDE = 96


class FaceMotion:
    """Collect reduced frames of a clip, and find its apex and its neutral frame.

    Attributes
    ----------
    numbers : list of int
        Frame number of each collected frame.
    """

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self._frames: list[np.ndarray] = []

    def add(self, number: int, image: np.ndarray) -> None:
        """Collect a frame (H, W), uint8."""
        self.numbers.append(number)
        self._frames.append(reduced(image))

    def find_apex(self, neutral: int | np.ndarray) -> int:
        """Number of the frame with the strongest motion from the neutral face, a frame number or an image."""
        reference = self._frames[self.numbers.index(neutral)] if isinstance(neutral, int) else reduced(neutral)
        distance = [expression_motion(reference, frame) for frame in self._frames]
        return self.numbers[int(np.argmax(distance))]

    def find_neutral(self) -> int:
        """Number of the frame from which the motion to all frames is smallest."""
        candidates = np.unique(np.linspace(0, len(self._frames) - 1, 9).astype(int))
        motion = [
            np.median([expression_motion(self._frames[i], self._frames[k]) for k in candidates]) for i in candidates
        ]
        return self.numbers[int(candidates[int(np.argmin(motion))])]


def reduced(image: np.ndarray) -> np.ndarray:
    """Reduce an image so that its longer side has `REDUCED_SIDE` pixels."""
    factor = REDUCED_SIDE / max(image.shape)
    height, width = (max(1, round(factor * length)) for length in image.shape)
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def expression_motion(neutral: np.ndarray, frame: np.ndarray) -> float:
    """Mean motion between two frames after an affine motion, that of the head, is removed; in pixels."""
    flow = dis_flow(neutral, frame).reshape(-1, 2)
    y, x = np.indices(neutral.shape).reshape(2, -1)
    basis = np.stack([np.ones(len(x)), x, y], 1)
    rest = flow - basis @ np.linalg.lstsq(basis, flow, rcond=None)[0]
    return float(np.linalg.norm(rest, axis=1).mean())
