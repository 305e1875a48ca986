"""Recognition in a stream, frame by frame and in constant memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ..faces.localizer import FaceView
from .apex import MIN_PROMINENCE, ApexDetector
from .face_view import normalized_face
from .frame_results import FacePrediction, FrameResult, TrackSummary
from .frames import Frame
from .image_io import as_grayscale
from .neutral_reference import OnlineNeutralReference
from .result_table import results_table

if TYPE_CHECKING:
    import pandas as pd


@dataclasses.dataclass(frozen=True, eq=False)
class TrackedFace:
    """A face to be classified.

    Attributes
    ----------
    face_id : int
    view : FaceView
    neutral : OnlineNeutralReference
    normalized : ndarray or None
        The `normalized_face` of the view, if it was computed already.
    """

    face_id: int
    view: FaceView
    neutral: OnlineNeutralReference
    normalized: np.ndarray | None = None


class SupportsTracking(Protocol):
    """Interface of trackers, see `fer_features.recognition.tracking.FaceTracker`."""

    ended_tracks: list[int]

    def update(self, image: np.ndarray, index: int) -> list[tuple[int, FaceView | None]]:
        """Return the number and view of each face in the next frame, with None for a lost face."""


class SupportsClassification(Protocol):
    """Interface of face classifiers, see `fer_features.recognition.recognizer.Recognizer`."""

    def classify(self, faces: Sequence[TrackedFace]) -> tuple[list[FacePrediction], list[np.ndarray | None]]:
        """Return the prediction and the probabilities of each face of one frame."""

    def label_of(self, probabilities: np.ndarray) -> tuple[str, dict[str, float]]:
        """Return the expression of probabilities (k,), and the probabilities by class name."""


class Stream:
    """The results of a stream. It can be iterated once; or frames that arrive one by one are given to `process`.

    Parameters
    ----------
    classifier : SupportsClassification
    frames : iterable of Frame
    tracker : SupportsTracking
    new_reference : callable
        Returns a `OnlineNeutralReference` for a new face.

    Attributes
    ----------
    track_summaries : list of TrackSummary
        Summaries of the tracks that have ended; complete at the end of the iteration.
    visible_faces : list of TrackedFace
        The faces of the last frame, without lost faces.

    Yields
    ------
    FrameResult
        For each frame.

    Examples
    --------
    >>> import numpy as np
    >>> import skimage
    >>> from fer_features import Recognizer, Samples, make_pipeline
    >>> from fer_features.faces import FaceDetector
    >>> from fer_features.recognition.frames import Frame
    >>> noise = np.random.default_rng(0).integers(0, 256, (12, 48, 48), dtype=np.uint8)
    >>> X = Samples.from_arrays(noise, label=["fear", "joy"] * 6)  # in place of faces
    >>> model = make_pipeline("lbp_linear", align__method="none", calibration_cv=0).fit(X, X["label"])
    >>> recognizer = Recognizer(model, detector=FaceDetector(min_face=0.3))
    >>> image = (255 * skimage.color.rgb2gray(skimage.data.astronaut()[:256, 100:356])).astype(np.uint8)
    >>> stream = recognizer.stream([image, image])
    >>> [len(result.faces) for result in stream]
    [1, 1]
    >>> [summary.n_frames for summary in stream.track_summaries]
    [2]
    >>> recognizer.stream([image, image]).to_frame()[["frame", "face_id", "status"]].to_numpy().tolist()
    [[0, 0, 'ok'], [1, 0, 'ok']]

    Frames that arrive one by one, with their number and their time in seconds:

    >>> live = recognizer.stream([])
    >>> len(live.process(Frame(0, 0.0, image)).faces), live.set_neutral()
    (1, 1)
    """

    def __init__(
        self,
        classifier: SupportsClassification,
        frames: Iterable[Frame],
        tracker: SupportsTracking,
        new_reference: Callable[[], OnlineNeutralReference],
    ):
        self.classifier, self.frames = classifier, frames
        self.tracker, self.new_reference = tracker, new_reference
        self.track_summaries: list[TrackSummary] = []
        self._states: dict[int, tuple[OnlineNeutralReference, ApexDetector]] = {}
        self.visible_faces: list[TrackedFace] = []

    def __iter__(self) -> Generator[FrameResult, None, None]:
        try:
            for frame in self.frames:
                yield self.process(frame)
        finally:
            for face_id in list(self._states):
                self._end_track(face_id)

    def process(self, frame: Frame) -> FrameResult:
        """Predict the expressions in the next frame."""
        result = FrameResult(frame, self._predict(frame))
        for face_id in self.tracker.ended_tracks:
            self._end_track(face_id)
        return result

    def set_neutral(self) -> int:
        """Make the faces of the last frame their neutral references; return their number, without lost faces.

        The apexes of these faces begin anew.
        """
        for face in self.visible_faces:
            self._begin_track(face.face_id, face.view, OnlineNeutralReference("none", face.view))
        return len(self.visible_faces)

    def _predict(self, frame: Frame) -> list[FacePrediction]:
        tracked = self.tracker.update(as_grayscale(frame.image), frame.index)
        self.visible_faces = [self._tracked_face(face_id, view) for face_id, view in tracked if view is not None]
        faces, probabilities = self.classifier.classify(self.visible_faces)
        for face, values in zip(faces, probabilities, strict=True):
            if face.status in ("ok", "neutral"):
                self._states[face.face_id][1].update(frame.index, frame.timestamp, face.neutral_distance, values)
        no_box = np.full(4, np.nan, np.float32)
        lost = [FacePrediction(no_box, None, "", {}, 0.0, face_id, "lost") for face_id, view in tracked if view is None]
        return sorted([*faces, *lost], key=lambda face: face.face_id)

    def _tracked_face(self, face_id: int, view: FaceView) -> TrackedFace:
        if face_id not in self._states:
            self._begin_track(face_id, view, self.new_reference())
        neutral = self._states[face_id][0]
        normalized = normalized_face(view) if neutral.is_used else None
        neutral.update(view, normalized)
        return TrackedFace(face_id, view, neutral, normalized)

    def _begin_track(self, face_id: int, view: FaceView, neutral: OnlineNeutralReference) -> None:
        prominence = MIN_PROMINENCE["images" if view.landmarks is None else "landmarks"]
        self._states[face_id] = neutral, ApexDetector(prominence)

    def _end_track(self, face_id: int) -> None:
        if face_id not in self._states:
            return
        _, detector = self._states.pop(face_id)
        values, apex = detector.summarize()
        expression, probabilities = ("", {}) if values is None else self.classifier.label_of(values)
        summary = TrackSummary(face_id, detector.n_frames, expression, probabilities, apex, detector.finalize())
        self.track_summaries.append(summary)

    def to_frame(self) -> pd.DataFrame:
        """Process all frames and return a pandas table; see `fer_features.recognition.result_table.results_table`."""
        return results_table(self, str(getattr(self.frames, "name", "")))
