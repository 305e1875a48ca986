"""Apex frames without labels: where a face is farthest from neutral; and the expression of a clip."""

from __future__ import annotations

import dataclasses
import heapq

import numpy as np

#: Frames nearest to an apex in motion whose probabilities make the expression there.
TOP = 5
#: A rise and fall below this is noise: in inter-ocular distances for landmarks, in deviations of grey for pictures.
NOISE = {"landmarks": 0.02, "images": 0.1}
#: Apexes that are kept, the strongest; more frames do not mean more memory.
MOST = 100


@dataclasses.dataclass(frozen=True)
class Apex:
    """A frame in which a face is farther from neutral than before and after.

    Attributes
    ----------
    frame : int
    time : float
        In seconds.
    motion : float
        How far from neutral, see `fer_features.recognition.face_view.motion`.
    probabilities : ndarray, shape (k,)
        Mean over the `TOP` frames of this rise and fall that are farthest from neutral.
    """

    frame: int
    time: float
    motion: float
    probabilities: np.ndarray


class ApexFinder:
    """Finds apexes as frames come, in memory that does not grow.

    Parameters
    ----------
    noise : float
        Rises and falls smaller than this are none.

    Notes
    -----
    An apex is the maximum of a rise by more than `noise` above the lowest motion before it, once motion has fallen
    to half of the rise, or the stream has ended.
    """

    def __init__(self, noise: float):
        self.noise = noise
        self.frames = 0
        self.apexes: list[Apex] = []
        self._sum: np.ndarray | float = 0.0
        self._low = 0.0  # neutral is where every rise begins
        self._peak: tuple[int, float, float] | None = None
        self._top: list[tuple[float, int, np.ndarray]] = []

    def update(self, frame: int, time: float, motion: float | None, probabilities: np.ndarray | None) -> None:
        """Take note of a frame; without `motion` it counts for the mean alone, without probabilities for nothing."""
        if probabilities is None:
            return
        self.frames += 1
        self._sum = self._sum + probabilities
        if motion is None:
            return
        if motion < self._low:  # it was falling still: the rise begins here
            self._low, self._peak, self._top = motion, None, []
        if self._peak is None or motion > self._peak[2]:
            self._peak = frame, time, motion
        if len(self._top) < TOP or motion > self._top[0][0]:
            # The frame's number decides between equals; probabilities are never compared.
            push = heapq.heappush if len(self._top) < TOP else heapq.heapreplace
            push(self._top, (motion, -frame, probabilities))
        rise = self._peak[2] - self._low
        if rise > self.noise and motion < self._low + rise / 2 and self._peak[0] != frame:
            self._close()
            self._low = motion

    def finish(self) -> list[Apex]:
        """All apexes in the order of frames; the last rise counts although nothing follows it."""
        if self._peak is not None and (self._peak[2] - self._low > self.noise or not self.apexes):
            self._close()
        return sorted(self.apexes, key=lambda apex: apex.frame)

    def clip(self) -> tuple[np.ndarray | None, Apex | None]:
        """Probabilities of the whole, and its strongest apex: those at the apex, or without one the mean of all."""
        apexes = self.finish()
        if apexes:
            strongest = max(apexes, key=lambda apex: apex.motion)
            return strongest.probabilities, strongest
        return (np.asarray(self._sum) / self.frames if self.frames else None), None

    def _close(self) -> None:
        assert self._peak is not None
        mean = np.mean([probabilities for _, _, probabilities in self._top], 0)
        self.apexes.append(Apex(*self._peak, mean))
        if len(self.apexes) > MOST:
            self.apexes.remove(min(self.apexes, key=lambda apex: apex.motion))
        self._peak, self._top = None, []
