"""The faces of a stream, frame by frame, in memory that does not grow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from .apex import NOISE, ApexFinder
from .face_view import View, form_of
from .frame_results import Clip, Face, Moment
from .image_io import grey_of
from .neutral_reference import Baseline
from .sources import Frame

#: A face to be judged: its number, its view, its neutral face, and its form where that is known.
Seen = tuple[int, View, Baseline, np.ndarray | None]


class Tracking(Protocol):
    """What follows the faces of a stream, see `fer_features.recognition.tracking.Tracker`."""

    forgotten: list[int]

    def update(self, picture: np.ndarray, index: int) -> list[tuple[int, View | None]]:
        """Faces of the next frame."""


class Judging(Protocol):
    """What says what faces show, see `fer_features.recognition.recognizer.Recognizer`."""

    def judge(self, seen: Sequence[Seen]) -> tuple[list[Face], list[np.ndarray | None]]:
        """Faces of one frame, and the probabilities of each."""

    def named(self, probabilities: np.ndarray) -> tuple[str, dict[str, float]]:
        """The expression that probabilities mean, and these by name."""


class Stream:
    """The faces of a stream: iterate over it once.

    Parameters
    ----------
    judge : Judging
    frames : iterable of Frame
    tracker : Tracking
    baseline : callable
        Makes a `Baseline` for each new face.

    Attributes
    ----------
    clips : list of Clip
        What each face that has gone showed; complete when the stream has ended.
    """

    def __init__(self, judge: Judging, frames: Iterable[Frame], tracker: Tracking, baseline: Callable[[], Baseline]):
        self.judge, self.frames, self.tracker, self.baseline = judge, frames, tracker, baseline
        self.clips: list[Clip] = []
        self._people: dict[int, tuple[Baseline, ApexFinder]] = {}

    def __iter__(self) -> Iterator[Moment]:
        try:
            for frame in self.frames:
                yield Moment(frame, self._look(frame))
                for number in self.tracker.forgotten:
                    self._close(number)
        finally:
            for number in list(self._people):
                self._close(number)

    def _look(self, frame: Frame) -> list[Face]:
        tracked = self.tracker.update(grey_of(frame.picture), frame.index)
        seen = [self._noted(number, view) for number, view in tracked if view is not None]
        faces, found = self.judge.judge(seen)
        for face, values in zip(faces, found, strict=True):
            self._people[face.number][1].update(frame.index, frame.time, face.motion, values)
        nowhere: Any = np.full(4, np.nan, np.float32)
        lost = [Face(nowhere, None, "", {}, 0.0, number, "lost") for number, view in tracked if view is None]
        return sorted([*faces, *lost], key=lambda face: face.number)

    def _noted(self, number: int, view: View) -> Seen:
        if number not in self._people:
            noise = NOISE["images" if view.points is None else "landmarks"]
            self._people[number] = self.baseline(), ApexFinder(noise)
        baseline = self._people[number][0]
        form = form_of(view) if baseline.used else None
        baseline.update(view, form)
        return number, view, baseline, form

    def _close(self, number: int) -> None:
        if number not in self._people:
            return
        _, finder = self._people.pop(number)
        values, apex = finder.clip()
        expression, named = ("", {}) if values is None else self.judge.named(values)
        self.clips.append(Clip(number, finder.frames, expression, named, apex, finder.finish()))
