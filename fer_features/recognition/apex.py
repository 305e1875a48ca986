"""Apex detection without labels: frames of maximal distance to the neutral face, and the expression of a track."""

from __future__ import annotations

import dataclasses
import heapq

import numpy as np

#: Number of frames around an apex whose probabilities are averaged.
N_APEX_FRAMES = 5
#: Smallest prominence of an apex. For landmarks in interocular distances; for images in standard deviations of grey.
MIN_PROMINENCE = {"landmarks": 0.02, "images": 0.1}
#: Number of apexes kept for a track, the strongest ones. It bounds the memory of long streams.
MAX_APEXES = 100


@dataclasses.dataclass(frozen=True)
class Apex:
    """A frame in which a face is farther from neutral than before and after.

    Attributes
    ----------
    frame : int
        Index of the frame in its source.
    timestamp : float
        In seconds.
    neutral_distance : float
        Distance to the neutral face, see `fer_features.recognition.face_view.face_distance`.
    probabilities : ndarray, shape (k,)
        Mean over the `N_APEX_FRAMES` frames of this rise and fall with the largest distance.
    """

    frame: int
    timestamp: float
    neutral_distance: float
    probabilities: np.ndarray


class ApexDetector:
    """Detect apexes online, in constant memory.

    Parameters
    ----------
    min_prominence : float
        Apexes that rise less above the preceding minimum are ignored as noise.

    Attributes
    ----------
    n_frames : int
        Number of frames with probabilities.
    apexes : list of Apex
        Apexes found so far, see `finalize`.

    Notes
    -----
    An apex is the maximum of a rise by more than `min_prominence` above the lowest distance before it. It is complete
    when the distance has fallen by half of the rise, or at the end of the stream.

    Examples
    --------
    >>> detector = ApexDetector(min_prominence=0.1)
    >>> for frame, distance in enumerate([0.0, 0.5, 1.0, 0.3, 0.0]):
    ...     detector.update(frame, frame / 25, distance, np.array([0.2, 0.8]))
    >>> [apex.frame for apex in detector.finalize()]
    [2]
    """

    def __init__(self, min_prominence: float):
        self.min_prominence = min_prominence
        self.n_frames = 0
        self.apexes: list[Apex] = []
        self._sum: np.ndarray | float = 0.0
        self._minimum = 0.0  # a track is assumed to begin at the neutral face
        self._peak: tuple[int, float, float] | None = None
        self._top: list[tuple[float, int, np.ndarray]] = []

    def update(
        self, frame: int, timestamp: float, neutral_distance: float | None, probabilities: np.ndarray | None
    ) -> None:
        """Add a frame.

        Parameters
        ----------
        frame : int
        timestamp : float
            In seconds.
        neutral_distance : float or None
            Without it the frame only contributes to the mean probabilities.
        probabilities : ndarray, shape (k,), or None
            None for a face at rest, which can end a rise but is not an apex.
        """
        if probabilities is not None:
            self.n_frames += 1
            self._sum = self._sum + probabilities
        if neutral_distance is None:
            return
        if neutral_distance < self._minimum:  # a new minimum: the rise starts here
            self._minimum, self._peak, self._top = neutral_distance, None, []
        if probabilities is not None:
            self._add_to_rise(frame, timestamp, neutral_distance, probabilities)
        if self._peak is None:
            return
        rise = self._peak[2] - self._minimum
        if rise > self.min_prominence and neutral_distance < self._minimum + rise / 2 and self._peak[0] != frame:
            self._complete_apex()
            self._minimum = neutral_distance

    def _add_to_rise(self, frame: int, timestamp: float, neutral_distance: float, probabilities: np.ndarray) -> None:
        if self._peak is None or neutral_distance > self._peak[2]:
            self._peak = frame, timestamp, neutral_distance
        if len(self._top) < N_APEX_FRAMES or neutral_distance > self._top[0][0]:
            # The frame index breaks ties, so that arrays of probabilities are never compared.
            push = heapq.heappush if len(self._top) < N_APEX_FRAMES else heapq.heapreplace
            push(self._top, (neutral_distance, -frame, probabilities))

    def finalize(self) -> list[Apex]:
        """Return all apexes in the order of frames. The last rise counts even if no fall follows it."""
        if self._peak is not None and (self._peak[2] - self._minimum > self.min_prominence or not self.apexes):
            self._complete_apex()
        return sorted(self.apexes, key=lambda apex: apex.frame)

    def summarize(self) -> tuple[np.ndarray | None, Apex | None]:
        """Return the probabilities of the track and its strongest apex.

        Returns
        -------
        probabilities : ndarray, shape (k,), or None
            Those of the strongest apex; without an apex the mean over all frames; None without any frame.
        apex : Apex or None
        """
        apexes = self.finalize()
        if apexes:
            strongest = max(apexes, key=lambda apex: apex.neutral_distance)
            return strongest.probabilities, strongest
        return (np.asarray(self._sum) / self.n_frames if self.n_frames else None), None

    def _complete_apex(self) -> None:
        assert self._peak is not None
        mean = np.mean([probabilities for _, _, probabilities in self._top], 0)
        self.apexes.append(Apex(*self._peak, mean))
        if len(self.apexes) > MAX_APEXES:
            self.apexes.remove(min(self.apexes, key=lambda apex: apex.neutral_distance))
        self._peak, self._top = None, []
