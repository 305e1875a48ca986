"""Which frames of a clip are shown: from the neutral face to the apex, evenly spaced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..exceptions import FerError

#: Number of frames to which clips are brought by default, and the largest one.
DEFAULT_N_FRAMES, MAX_N_FRAMES = 10, 1000

#: Where the apex of a clip comes from: its record, its last frame, or the motion of the face.
APEX_CHOICES = ("given", "last", "found")
#: Where the neutral face comes from if the record does not give it: the first frame, or the motion of the face.
NEUTRAL_CHOICES = ("first", "found")


@dataclass(frozen=True)
class FrameChoice:
    """How the frames of clips are chosen; see `fer_features.datasets.clips.read_clips`.

    Parameters
    ----------
    n_frames : int
    apex : str or None
        One of `APEX_CHOICES`. None is 'given' for a record with an apex and `default_apex` for others.
    neutral : str
        One of `NEUTRAL_CHOICES`.
    default_apex : {'last', 'found'}

    Raises
    ------
    FerError
        For another value.
    """

    n_frames: int = DEFAULT_N_FRAMES
    apex: str | None = None
    neutral: str = "first"
    default_apex: str = "last"

    def __post_init__(self) -> None:
        if not 1 <= self.n_frames <= MAX_N_FRAMES:
            raise FerError(f"n_frames={self.n_frames}: a number from 1 to {MAX_N_FRAMES} is needed")
        for parameter, choices in (("apex", (None, *APEX_CHOICES)), ("neutral", NEUTRAL_CHOICES)):
            if getattr(self, parameter) not in choices:
                possible = ", ".join(repr(value) for value in choices if value)
                raise FerError(f"{parameter}={getattr(self, parameter)!r}: {possible} are possible")


def evenly_spaced(sequence: Sequence[int], n: int) -> np.ndarray:
    """Bring a sequence to a length by repeating or leaving out values evenly.

    Parameters
    ----------
    sequence : sequence of m int
        With m of at least 1.
    n : int
        At least 1.

    Returns
    -------
    ndarray of int, shape (n,)
        The first and the last value are those of `sequence`; for ``n = 1`` the last one. The values between are those
        at the positions ``i (m - 1) / (n - 1)``, rounded to the nearest position, halves upwards.

    Examples
    --------
    >>> evenly_spaced(range(20), 5).tolist()
    [0, 5, 10, 14, 19]
    >>> evenly_spaced([3, 4], 5).tolist()
    [3, 3, 4, 4, 4]
    >>> evenly_spaced([3, 4], 1).tolist()
    [4]
    """
    if n == 1:
        return np.array([sequence[-1]], np.int64)
    steps = n - 1
    positions = (2 * np.arange(n, dtype=np.int64) * (len(sequence) - 1) + steps) // (2 * steps)
    return np.asarray(sequence, np.int64)[positions]
