"""Temporal smoothing of the probabilities of a stream."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from ..exceptions import FerError
from .frame_results import FacePrediction, FrameResult

#: Longest window in seconds. It bounds the frames that are held in memory.
MAX_SMOOTHING_SECONDS = 10.0
#: Tolerance of timestamps in seconds.
TOLERANCE = 1e-6


def check_smoothing(seconds: float) -> None:
    """Raise `FerError` if the window of `smooth_results` in seconds is out of range."""
    if not 0 <= seconds <= MAX_SMOOTHING_SECONDS:
        raise FerError(f"smooth={seconds}: a number of seconds from 0 to {MAX_SMOOTHING_SECONDS:g} is needed")


def smooth_results(
    results: Iterable[FrameResult],
    seconds: float,
    label_of: Callable[[np.ndarray], tuple[str, dict[str, float]]],
    causal: bool = False,
) -> Iterator[FrameResult]:
    """Replace the probabilities of each face by their mean over a window of time.

    Parameters
    ----------
    results : iterable of FrameResult
        In the order of time.
    seconds : float
        Length of the window, from 0 (no smoothing) to `MAX_SMOOTHING_SECONDS`.
    label_of : callable
        Expression and named probabilities of probabilities (k,), such as `Recognizer.label_of`.
    causal : bool, default=False
        Whether the window ends at the frame, for cameras. By default its centre is the frame, so that a result is
        yielded when the frames of the following `seconds` / 2 are known.

    Yields
    ------
    FrameResult
        One for each result. Faces without probabilities, such as lost faces and faces at rest, are unchanged, and do
        not contribute to the mean.

    Raises
    ------
    FerError
        If `seconds` is out of range.
    """
    check_smoothing(seconds)
    after = 0.0 if causal else seconds / 2
    before = seconds - after
    window: deque[FrameResult] = deque()
    pending: deque[FrameResult] = deque()

    def smoothed() -> FrameResult:
        result = pending.popleft()
        now = result.frame.timestamp
        while window[0].frame.timestamp < now - before - TOLERANCE:
            window.popleft()
        within = [one for one in window if one.frame.timestamp <= now + after + TOLERANCE]
        faces = [_mean_of(face, within, label_of) if face.probabilities else face for face in result.faces]
        return dataclasses.replace(result, faces=faces)

    for result in results:
        window.append(result)
        pending.append(result)
        while pending and (after == 0 or pending[0].frame.timestamp + after < result.frame.timestamp - TOLERANCE):
            yield smoothed()
    while pending:
        yield smoothed()


def _mean_of(
    face: FacePrediction, window: Iterable[FrameResult], label_of: Callable[[np.ndarray], tuple[str, dict[str, float]]]
) -> FacePrediction:
    values = [
        list(other.probabilities.values())
        for result in window
        for other in result.faces
        if other.face_id == face.face_id and other.probabilities
    ]
    expression, named = label_of(np.mean(values, 0))
    return dataclasses.replace(face, expression=expression, probabilities=named)
