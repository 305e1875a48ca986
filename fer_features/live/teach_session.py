"""The state of one page that teaches: its camera, its lesson, and the predictions of the model of the lesson."""

from __future__ import annotations

import datetime
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..exceptions import FerError
from ..faces import FaceDetector, default_landmarker
from ..faces.face_search import FaceSearch
from ..faces.localizer import FaceLocalizer, FaceView
from ..recognition import FacePrediction, Recognizer, Stream
from ..recognition.frames import Frame
from ..recognition.neutral_reference import OnlineNeutralReference
from ..recognition.stream import TrackedFace
from ..recognition.tracking import FaceTracker
from .lesson import Lesson, checked_name
from .limits import Limits
from .model_library import ModelDescription, ModelLibrary
from .recognition_session import frame_answer, split_frame
from .uploads import decode_upload

#: Frames of a clip that are kept until its end.
MAX_CLIP_FRAMES = 150
#: Time for which a lesson is kept after a lost connection, in seconds.
KEEP_SECONDS = 1800.0


class FaceFinder:
    """Stands for a classifier before there is a model: faces without expressions."""

    def classify(self, faces: Sequence[TrackedFace]) -> tuple[list[FacePrediction], list[np.ndarray | None]]:
        """Return a prediction without expression for each face."""
        found = [
            FacePrediction(face.view.box, face.view.landmarks, "", {}, face.view.confidence, face.face_id)
            for face in faces
        ]
        return found, [None] * len(found)

    def label_of(self, probabilities: np.ndarray) -> tuple[str, dict[str, float]]:
        """Return no expression."""
        return "", {}


class TeachSession:
    """A lesson in front of one camera.

    Parameters
    ----------
    library : ModelLibrary
        Gets the model of the lesson.
    runs : Path
        Folder in which lessons are saved.
    limits : Limits
    """

    def __init__(self, library: ModelLibrary, runs: Path, limits: Limits):
        self.library, self.runs, self.limits = library, runs, limits
        self.keep_seconds = KEEP_SECONDS
        self.lesson = Lesson()
        self._model_name = f"taught now {secrets.token_hex(2)}"
        self._lock, self._n_frames = threading.Lock(), 0
        self._has_consent, self._subject = False, ""
        self._clip: list[FaceView] | None = None
        self._clip_expression = ""
        self._recognizer: Recognizer | None = None
        localizer = FaceLocalizer(FaceDetector(), default_landmarker())
        self._search = FaceSearch(localizer, "detect", None)
        self._stream = self._new_stream()
        self._commands: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "consent": self._consent,
            "begin": self._begin,
            "end": self._end,
            "remove": self._remove,
            "subject": self._choose_subject,
            "fit": self._fit,
            "save": self._save,
            "delete": self._delete,
        }

    def hello(self) -> dict[str, Any]:
        """What the page shows before the first frame."""
        estimate = self.lesson.estimate
        return {
            "has_consent": self._has_consent,
            "subject": self._subject,
            "runs": str(self.runs),
            "clip_seconds": self.limits.clip_seconds,
            "pause_seconds": self.limits.pause_seconds,
            "estimate": None if estimate is None else estimate.to_dict(),
            **self.lesson.summary(),
        }

    def answer_frame(self, message: bytes) -> dict[str, Any]:
        """Find the face in the next frame, add it to the clip, and predict its expression once there is a model."""
        seconds, content = split_frame(message)
        image = decode_upload("the frame", content, self.limits)
        with self._lock:
            result = self._stream.process(Frame(self._n_frames, seconds, image))
            self._stream.track_summaries.clear()
            self._n_frames += 1
            if self._clip is not None and len(self._clip) < MAX_CLIP_FRAMES:
                self._clip += [face.view for face in self._stream.visible_faces[:1]]
            n_faces = None if self._clip is None else len(self._clip)
        return {**frame_answer(result), "clip_faces": n_faces}

    def answer_command(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Execute a command of the page: a key of `_commands`."""
        name = command.get("type")
        if not isinstance(name, str) or name not in self._commands:
            raise FerError(f"unknown command {name!r:.50}")
        with self._lock:
            answer = self._commands[name](command)
        return {"type": name, **answer, **self.lesson.summary()}

    def close(self) -> None:
        """Forget everything that was not saved."""
        self.library.remove(self._model_name)
        self._clip, self.lesson = None, Lesson()

    def _consent(self, command: Mapping[str, Any]) -> dict[str, Any]:
        self._has_consent = command.get("given") is True
        return {}

    def _choose_subject(self, command: Mapping[str, Any]) -> dict[str, Any]:
        self._subject = checked_name(command.get("subject", ""), "person")
        self._stream = self._new_stream()
        return {"subject": self._subject}

    def _begin(self, command: Mapping[str, Any]) -> dict[str, Any]:
        if not self._has_consent:
            raise FerError("the consent is missing: nothing is recorded without it")
        self._subject = checked_name(command.get("subject", ""), "person")
        self._clip_expression = checked_name(command.get("expression", ""), "expression")
        self._clip = []
        return {}

    def _end(self, command: Mapping[str, Any]) -> dict[str, Any]:
        views, self._clip = self._clip, None
        if views is None:
            raise FerError("no clip was begun")
        self.lesson.add_clip(self._subject, self._clip_expression, views)
        return {}

    def _remove(self, command: Mapping[str, Any]) -> dict[str, Any]:
        number = command.get("clip")
        self.lesson.remove_clip(number if isinstance(number, int) else -1)
        return {}

    def _fit(self, command: Mapping[str, Any]) -> dict[str, Any]:
        start = time.perf_counter()
        estimate = self.lesson.fit()
        seconds = time.perf_counter() - start
        model = self.lesson.model
        assert model is not None
        self._recognizer = Recognizer(model.model)
        self._stream = self._new_stream()
        accuracy = estimate.n_correct / estimate.n_clips
        description = ModelDescription(
            self._model_name, self.lesson.pipeline, estimate.classes, "taught", estimate.protocol, accuracy
        )
        self.library.add(description, self._recognizer)
        return {"estimate": estimate.to_dict(), "seconds": round(seconds, 2), "model": self._model_name}

    def _save(self, command: Mapping[str, Any]) -> dict[str, Any]:
        default = f"taught-{datetime.datetime.now():%Y%m%d-%H%M%S}"
        name = checked_name(command.get("name") or default, "run")
        if Path(name).name != name or name.startswith("."):
            raise FerError(f"'{name}' is not the name of a folder: use letters, digits and -")
        folder = self.lesson.save(self.runs / name)
        return {"folder": str(folder)}

    def _delete(self, command: Mapping[str, Any]) -> dict[str, Any]:
        for name in (self._model_name, *(folder.name for folder in self.lesson.saved)):
            self.library.remove(name)
        self._clip, self._recognizer, self._has_consent, self._subject = None, None, False, ""
        self._stream = self._new_stream()
        self.lesson.delete()
        return {}

    def _new_stream(self) -> Stream:
        """A stream of the present model, with the neutral face of the present subject."""
        neutral = self.lesson.neutral.get(self._subject)
        if self._recognizer is not None:
            return self._recognizer.stream((), neutral=neutral)
        return Stream(FaceFinder(), (), FaceTracker(self._search), lambda: OnlineNeutralReference("none"))
