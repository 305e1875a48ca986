"""Inputs one after another: each is judged, its rows are written as they come, and what fails is told and left."""

from __future__ import annotations

import contextlib
import itertools
import sys
from collections.abc import Iterator
from typing import Any

from .._progress import progress
from ..exceptions import FerError
from .frame_results import Clip, Moment
from .openface import OpenFaceWriter
from .output import Annotator, Table, row_of_clip, rows_of_moment
from .recognizer import Recognizer


class Job:
    """Recognition of many inputs.

    Parameters
    ----------
    recognizer : Recognizer
    tracker : Tracking, optional
        In the place of the recognizer's own; then one input that moves is all there may be.
    table : Table, optional
        Takes the rows.
    annotator : Annotator, optional
        Draws the faces.
    openface : OpenFaceWriter, optional
        Takes the landmarks.

    Attributes
    ----------
    rows, answered, failed : int
        Rows of frames, those of them with an expression, inputs that failed.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        tracker: Any = None,
        table: Table | None = None,
        annotator: Annotator | None = None,
        openface: OpenFaceWriter | None = None,
    ):
        self.recognizer, self.tracker = recognizer, tracker
        self.table, self.annotator, self.openface = table, annotator, openface
        self.rows = self.answered = self.failed = 0

    def work(self, inputs: list[Any]) -> bool:
        """Do all inputs, telling of those that fail; returns whether Ctrl-C ended it before."""
        still = not any(source.moving for source in inputs)
        shown = progress(inputs, len(inputs), "pictures") if still else inputs
        try:
            for source in shown:
                try:
                    self._one(source)
                except FerError as error:
                    self.failed += 1
                    print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
                    self._add({"file": source.name, "status": "unreadable"})
        except KeyboardInterrupt:
            return True
        return False

    def _one(self, source: Any) -> None:
        if not source.moving:
            (frame,) = source
            moment = Moment(frame, self.recognizer.predict(frame.picture))
            self._moment(source.name, moment)
            if self.annotator:
                self.annotator.picture(source.name, moment)
            if self.table is None:
                print(f"{source.name}: {_words(moment)}", flush=True)
            return
        stream = self.recognizer.stream(source, self.tracker)
        video = self.annotator.video(source.name) if self.annotator else contextlib.nullcontext()
        ended: BaseException | None = None
        with video as file:
            try:
                self._follow(source, iter(stream), file)
            except (FerError, KeyboardInterrupt) as error:
                ended = error  # what was drawn so far is kept
        for clip in stream.clips:
            self._add(row_of_clip(source.name, clip))
            print(f"{source.name}: {_clip(clip)}", flush=True)
        # A camera has no other end than Ctrl-C.
        if ended is not None and not (isinstance(ended, KeyboardInterrupt) and getattr(source, "live", False)):
            raise ended

    def _follow(self, source: Any, moments: Iterator[Moment], file: Any) -> None:
        last, live = "", getattr(source, "live", False)
        with contextlib.closing(moments):  # type: ignore[type-var]
            for moment in _counted(source, moments):
                self._moment(source.name, moment)
                if self.openface:
                    self.openface.write(moment)
                if file is not None:
                    file.write(moment, source.skipping.of(source.rate))
                if live and _labels(moment) != last:
                    last = _labels(moment)
                    print(f"{moment.frame.time:.1f} s: {_words(moment)}", flush=True)

    def _moment(self, name: str, moment: Moment) -> None:
        for row in rows_of_moment(name, moment):
            self._add(row)
            self.rows += 1
            self.answered += bool(row.get("expression"))

    def _add(self, row: dict[str, Any]) -> None:
        if self.table is not None:
            self.table.add(row)


def _counted(source: Any, moments: Iterator[Moment]) -> Iterator[Moment]:
    """The moments, with progress where the source says how many frames it has, which it does once it is open."""
    first = next(moments, None)
    if first is None:
        return
    whole = itertools.chain([first], moments)
    if source.total is None:
        yield from whole
        return
    share = source.skipping.of(source.rate) / source.rate
    yield from progress(whole, max(1, round(share * source.total)), f"frames of {source.name}")


def _labels(moment: Moment) -> str:
    return " ".join(f"{face.number} {face.expression or face.status}" for face in moment.faces)


def _words(moment: Moment) -> str:
    """The faces of a frame in a line."""
    if not moment.faces:
        return "no face"
    several = len(moment.faces) > 1
    told = []
    for face in moment.faces:
        sure = f" {face.probabilities[face.expression]:.2f}" if face.expression in face.probabilities else ""
        told.append((f"face {face.number} " if several else "") + (face.expression or face.status) + sure)
    return ", ".join(told)


def _clip(clip: Clip) -> str:
    """What a face showed over a stream in a line."""
    if not clip.expression:
        return f"face {clip.number}: no frame with an expression"
    sure = f" {clip.probabilities[clip.expression]:.2f}" if clip.expression in clip.probabilities else ""
    where = "over all" if clip.apex is None else f"at its apex, frame {clip.apex.frame}, {clip.apex.time:.2f} s, one"
    apexes = f" of {len(clip.apexes)}" if clip.apex is not None else ""
    return f"face {clip.number}: {clip.expression}{sure} {where}{apexes}, of {clip.frames} frames"
