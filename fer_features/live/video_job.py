"""A video that was sent by HTTP: its temporary file, and its results as lines of JSON."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Generator
from typing import IO, Any

import numpy as np

from ..exceptions import FerError
from ..recognition import Recognizer
from ..recognition.records import PredictionRecord, frame_records, summary_record
from ..recognition.sources import VideoSource
from .limits import Limits

#: Frames that a worker processes at once, so that it is not occupied for long.
FRAMES_PER_STEP = 10
#: Name of the video in records and messages.
VIDEO_NAME = "video"


class VideoJob:
    """The prediction of one video, in steps that several threads may call.

    Parameters
    ----------
    recognizer : Recognizer
    neutral : ndarray, optional
        Image of the neutral face.
    limits : Limits

    Attributes
    ----------
    file : binary file
        Gets the content of the video before the first step. It disappears when the job is closed.
    """

    def __init__(self, recognizer: Recognizer, neutral: np.ndarray | None, limits: Limits):
        self.file: IO[Any] = tempfile.NamedTemporaryFile(prefix="fer_features-", suffix=".video")  # noqa: SIM115
        self._lock = threading.Lock()
        self._error: FerError | None = None
        source = VideoSource(self.file.name, max_pixels=limits.image_pixels)
        self._records = _iterate_records(recognizer, source, neutral)

    def next_lines(self) -> str:
        """Lines of the next frames, each with a record; empty at the end.

        Raises
        ------
        FerError
            If the video cannot be read.
        """
        lines = ""
        with self._lock:
            try:
                for _, records in zip(range(FRAMES_PER_STEP), self._records, strict=False):
                    lines += "".join(json.dumps(record.to_dict()) + "\n" for record in records)
            except FerError as fault:
                self._error = FerError(str(fault).replace(self.file.name, f"the {VIDEO_NAME}"))
            if self._error is not None and not lines:  # the frames before the error have been returned
                error, self._error = self._error, None
                raise error
        return lines

    def next_lines_or_error(self) -> str:
        """As `next_lines`, with an error as the last line: the status of the answer has been sent."""
        try:
            return self.next_lines()
        except FerError as error:
            return json.dumps({"error": str(error)}) + "\n"

    def close(self) -> None:
        """Stop after the present step, and remove the file."""
        with self._lock:
            self._records.close()
            self.file.close()


def _iterate_records(
    recognizer: Recognizer, source: VideoSource, neutral: np.ndarray | None
) -> Generator[list[PredictionRecord], None, None]:
    """Records of each frame, and at the end those of the tracks."""
    stream = recognizer.stream(source, neutral=neutral)
    for result in stream:
        yield frame_records(VIDEO_NAME, result)
    yield [summary_record(VIDEO_NAME, summary) for summary in stream.track_summaries]
