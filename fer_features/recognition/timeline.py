"""Segments of a video in which the status or expression of a face stays the same."""

from __future__ import annotations

import dataclasses
import heapq
from collections.abc import Callable, Sequence

from .records import PredictionRecord

#: Tier of the segments without any face.
FRAME_TIER = "frames"


@dataclasses.dataclass(frozen=True, order=True)
class Segment:
    """A part of a video in which a face has one expression or status.

    Attributes
    ----------
    begin, end : int
        In milliseconds from the start of the video; `end` is that of the first frame after the segment.
    tier : str
        'face N', or `FRAME_TIER` for frames without a face.
    value : str
        The expression, or the status of frames without one: 'neutral', 'lost', 'invalid landmarks' or 'no face'.
    """

    begin: int
    end: int
    tier: str
    value: str


class Timeline:
    """Join the records of consecutive frames to segments, which are passed on in the order of their beginnings.

    Parameters
    ----------
    write : callable
        Receives each `Segment` as soon as no earlier one can follow, so that memory does not grow with the video.

    Examples
    --------
    >>> timeline = Timeline(print)
    >>> for t, expression in enumerate(["joy", "joy", "fear"]):
    ...     timeline.add([PredictionRecord("a.mp4", t, t / 10, face_id=0, expression=expression)])
    Segment(begin=0, end=200, tier='face 0', value='joy')
    >>> timeline.close(0.1)
    Segment(begin=200, end=300, tier='face 0', value='fear')
    """

    def __init__(self, write: Callable[[Segment], None]):
        self._write = write
        self._open: dict[str, tuple[int, str]] = {}
        self._closed: list[Segment] = []
        self._now = 0

    def add(self, records: Sequence[PredictionRecord]) -> None:
        """Add the records of the next frame: one per face, or one of the frame without a face."""
        # Frames that follow each other faster than the resolution of the files get the next millisecond.
        self._now = max(round(1000 * (records[0].timestamp or 0.0)), self._now + bool(self._open))
        values = {_tier(record): record.expression or record.status for record in records}
        for tier, (_, value) in list(self._open.items()):
            if values.get(tier) != value:
                self._end(tier, self._now)
        for tier, value in values.items():
            self._open.setdefault(tier, (self._now, value))
        self._pass_on()

    def close(self, frame_duration: float) -> None:
        """End all segments `frame_duration` seconds after the beginning of the last frame."""
        for tier in list(self._open):
            self._end(tier, self._now + max(1, round(1000 * frame_duration)))
        self._pass_on()

    def _end(self, tier: str, end: int) -> None:
        begin, value = self._open.pop(tier)
        heapq.heappush(self._closed, Segment(begin, end, tier, value))

    def _pass_on(self) -> None:
        earliest = min((begin for begin, _ in self._open.values()), default=None)
        while self._closed and (earliest is None or self._closed[0].begin <= earliest):
            self._write(heapq.heappop(self._closed))


def _tier(record: PredictionRecord) -> str:
    return FRAME_TIER if record.face_id is None else f"face {record.face_id}"
