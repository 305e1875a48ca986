"""The state of one camera: its tracker and its neutral references, and what is recorded of it."""

from __future__ import annotations

import dataclasses
import struct
import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..exceptions import FerError
from ..recognition import FacePrediction, FrameResult, Recognizer
from ..recognition.frames import Frame
from .limits import Limits
from .session_recording import SessionRecording
from .uploads import decode_upload

#: A frame is a time in seconds as little-endian float64, followed by an image file.
FRAME_HEADER = struct.Struct("<d")


class RecognitionSession:
    """Expressions in the frames of one camera.

    Parameters
    ----------
    name : str
        Name of the model.
    recognizer : Recognizer
        Shared with other sessions.
    limits : Limits
    recording : SessionRecording, optional
        Stores frames and predictions.
    is_removed : callable, optional
        Whether the model was deleted since; then frames are not answered.

    Attributes
    ----------
    keep_seconds : float
        Time for which the state is kept after a lost connection.
    """

    def __init__(
        self,
        name: str,
        recognizer: Recognizer,
        limits: Limits,
        recording: SessionRecording | None = None,
        is_removed: Callable[[], bool] = lambda: False,
    ) -> None:
        self.name, self.recognizer, self.limits, self.recording = name, recognizer, limits, recording
        self.is_removed = is_removed
        self.keep_seconds = limits.resume_seconds
        self._lock, self._n_frames = threading.Lock(), 0
        self._stream = recognizer.stream(())

    def hello(self) -> dict[str, Any]:
        """What the page shows before the first frame."""
        return {
            "model": self.name,
            "classes": self.recognizer.class_names,
            "has_probabilities": self.recognizer.has_probabilities,
            "needs_neutral": self.recognizer.input_spec.n_frames == 2,
            "is_recorded": self.recording is not None,
        }

    def answer_frame(self, message: bytes) -> dict[str, Any]:
        """Predict the expressions in the next frame.

        Parameters
        ----------
        message : bytes
            See `FRAME_HEADER`.

        Raises
        ------
        FerError
            If it is not an image, or too large, or the model was deleted.
        """
        if self.is_removed():
            raise FerError(f"the model {self.name} was deleted: reload the page for another one")
        time, content = split_frame(message)
        image = decode_upload("the frame", content, self.limits)
        with self._lock:
            result = self._stream.process(Frame(self._n_frames, time, image))
            self._stream.track_summaries.clear()  # a session has no end at which they are used
            self._n_frames += 1
            if self.recording is not None:
                self.recording.add(result, content)
        return frame_answer(result)

    def answer_command(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Execute a command of the page: 'neutral' makes the faces of the last frame the neutral references."""
        if command.get("type") != "neutral":
            raise FerError(f"unknown command {command.get('type')!r:.50}")
        with self._lock:
            if not self._stream.set_neutral():
                raise FerError("no face is visible: the neutral face cannot be set")
        return {"type": "neutral"}

    def close(self) -> None:
        """End the recording."""
        if self.recording is not None:
            self.recording.close()


def split_frame(message: bytes) -> tuple[float, bytes]:
    """Time in seconds and image file of a frame.

    Raises
    ------
    FerError
        If it is too short, or its time is not a number.
    """
    if len(message) <= FRAME_HEADER.size:
        raise FerError("a frame is too short: a time of 8 bytes and an image are needed")
    (time,) = FRAME_HEADER.unpack_from(message)
    if not 0 <= time < 1e9:
        raise FerError("the time of a frame is not a number of seconds")
    return time, message[FRAME_HEADER.size :]


def frame_answer(result: FrameResult) -> dict[str, Any]:
    """A result as a message to the page; coordinates in pixels of the frame."""
    height, width = result.frame.image.shape[:2]
    return {
        "type": "result",
        "frame": result.frame.index,
        "time": result.frame.timestamp,
        "size": [width, height],
        "faces": [_face_values(face) for face in result.faces],
    }


def _face_values(face: FacePrediction) -> dict[str, Any]:
    visible = bool(np.isfinite(face.box).all())
    distance, geometry = face.neutral_distance, face.geometry
    return {
        "face_id": face.face_id,
        "status": face.status,
        "expression": face.expression,
        "probabilities": {name: round(value, 4) for name, value in face.probabilities.items()},
        "confidence": round(face.confidence, 3),
        "neutral_distance": None if distance is None else round(distance, 4),
        "box": [round(float(value), 1) for value in face.box] if visible else None,
        "geometry": None if geometry is None else dataclasses.asdict(geometry),
        "landmarks": None if face.landmarks is None else np.round(face.landmarks.astype(float), 1).tolist(),
    }
