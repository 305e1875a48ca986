"""Time course of the faces of a video in a fixed number of bins, so that memory does not grow with its length."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator

import cv2
import numpy as np

from .frame_results import GEOMETRY_NAMES, FacePrediction, FrameResult

#: Largest number of bins of a video. With one more, pairs of bins are joined.
MAX_BINS = 512
#: Duration of the bins of a short video in seconds.
FIRST_BIN_SECONDS = 0.02
#: Longer side of a thumbnail in pixels, and margin around the face relative to its box.
THUMBNAIL_PX, THUMBNAIL_MARGIN = 128, 0.15
#: State of the frames without a visible face.
NO_FACE = "no face"


@dataclasses.dataclass(frozen=True)
class Thumbnail:
    """The face in one frame, as a JPEG image.

    Attributes
    ----------
    score : float
        Distance to neutral, or without a neutral reference the largest probability.
    frame : int
    timestamp : float
        In seconds.
    expression : str
    jpeg : bytes
    """

    score: float
    frame: int
    timestamp: float
    expression: str
    jpeg: bytes


@dataclasses.dataclass
class Bin:
    """What is known of a face in a part of a video: seconds by state, sums of values and the best thumbnail."""

    start: float
    seconds: Counter[str] = dataclasses.field(default_factory=Counter)
    probabilities: Counter[str] = dataclasses.field(default_factory=Counter)
    n_probabilities: int = 0
    motion: float | None = None
    geometry: Counter[str] = dataclasses.field(default_factory=Counter)
    n_geometry: int = 0
    thumbnail: Thumbnail | None = None

    def join(self, other: Bin) -> None:
        """Add a later bin."""
        for mine, theirs in (
            (self.seconds, other.seconds),
            (self.probabilities, other.probabilities),
            (self.geometry, other.geometry),
        ):
            for name, value in theirs.items():  # Counter.update of floats, negative ones included
                mine[name] += value
        self.n_probabilities += other.n_probabilities
        self.n_geometry += other.n_geometry
        motions = [value for value in (self.motion, other.motion) if value is not None]
        self.motion = max(motions, default=None)
        thumbnails = [one for one in (self.thumbnail, other.thumbnail) if one is not None]
        self.thumbnail = max(thumbnails, key=lambda one: one.score, default=None)

    @property
    def state(self) -> str:
        """The state that lasts longest."""
        return max(self.seconds, key=lambda name: self.seconds[name], default="")

    def mean(self, name: str) -> float | None:
        """Mean of a probability or of a value of `GEOMETRY_NAMES`; the largest 'motion'."""
        if name == "motion":
            return self.motion
        if name in GEOMETRY_NAMES:
            return self.geometry[name] / self.n_geometry if self.n_geometry else None
        return self.probabilities[name] / self.n_probabilities if self.n_probabilities else None


class VideoTimeline:
    """Collect the results of a video.

    Attributes
    ----------
    faces : dict of int to dict of int to Bin
        Bins of each face by their number.
    frame_bins : dict of int to Bin
        Bins of the frames: only their seconds by state, `NO_FACE` or 'face'.
    seconds : dict of int to Counter
        Exact seconds of each face by state: an expression, or a status.
    bin_seconds : float
        Duration of a bin.
    n_frames, n_frames_without_face : int
    duration : float
        In seconds, to the end of the last frame.

    Examples
    --------
    >>> from fer_features.recognition.frames import Frame
    >>> timeline = VideoTimeline()
    >>> for t in range(4):
    ...     timeline.add(FrameResult(Frame(t, t / 4, np.zeros((9, 9), np.uint8)), []))
    >>> timeline.close(0.25)
    >>> timeline.n_frames_without_face, timeline.duration
    (4, 1.0)
    """

    def __init__(self) -> None:
        self.faces: dict[int, dict[int, Bin]] = {}
        self.frame_bins: dict[int, Bin] = {}
        self.seconds: dict[int, Counter[str]] = {}
        self.bin_seconds, self.duration = FIRST_BIN_SECONDS, 0.0
        self.n_frames = self.n_frames_without_face = 0
        self._last: tuple[float, str, dict[int, str]] | None = None

    def add(self, result: FrameResult) -> None:
        """Add the next frame."""
        now = result.frame.timestamp
        self._end_last(now)
        visible = [face for face in result.faces if np.isfinite(face.box).all()]
        self.n_frames += 1
        self.n_frames_without_face += not visible
        while now / self.bin_seconds >= MAX_BINS:
            self._join_pairs()
        for face in visible:
            self._add_face(result, face)
        states = {face.face_id: face.expression or face.status for face in result.faces}
        self._last = now, "face" if visible else NO_FACE, states

    def close(self, frame_duration: float) -> None:
        """End the last frame after this number of seconds."""
        if self._last is not None:
            self.duration = self._last[0] + frame_duration
            self._end_last(self.duration)
            self._last = None

    def intervals(self, face_id: int | None) -> Iterator[tuple[float, float, str]]:
        """Yield begin, end and state of the intervals of a face, or with None of frames without any face.

        Intervals are as exact as the bins.
        """
        bins = self.frame_bins if face_id is None else self.faces.get(face_id, {})
        begin, end, state = 0.0, 0.0, ""
        for one in (bins[i] for i in sorted(bins)):
            one_end = one.start + max(sum(one.seconds.values()), 1e-9)
            if one.state == state and one.start <= end + self.bin_seconds:
                end = one_end
                continue
            if state and state != "face":
                yield begin, max(end, min(one.start, end + self.bin_seconds)), state
            begin, end, state = one.start, one_end, one.state
        if state and state != "face":
            yield begin, end, state

    def series(self, face_id: int, name: str) -> list[list[tuple[float, float]]]:
        """Time and value of a quantity of a face, in parts without gaps; see `Bin.mean`."""
        parts: list[list[tuple[float, float]]] = []
        frame = self.duration / max(self.n_frames, 1)
        last = -np.inf
        for i in sorted(self.faces[face_id]):
            one = self.faces[face_id][i]
            value = one.mean(name)
            if value is None:
                continue
            if one.start - last > 2.5 * max(self.bin_seconds, frame):
                parts.append([])
            parts[-1].append((one.start, value))
            last = one.start
        return parts

    def thumbnails(self, face_id: int) -> dict[int, Thumbnail]:
        """Thumbnails of a face by frame."""
        found = (one.thumbnail for one in self.faces[face_id].values())
        return {one.frame: one for one in found if one is not None}

    def _add_face(self, result: FrameResult, face: FacePrediction) -> None:
        one = self._bin(self.faces.setdefault(face.face_id, {}), result.frame.timestamp)
        if face.probabilities:
            one.probabilities.update(face.probabilities)
            one.n_probabilities += 1
        if face.neutral_distance is not None:
            one.motion = max(face.neutral_distance, one.motion or 0.0)
        if face.geometry is not None:
            one.geometry.update(dataclasses.asdict(face.geometry))
            one.n_geometry += 1
        if face.expression:
            score = face.neutral_distance
            if score is None:
                score = max(face.probabilities.values(), default=0.0)
            if one.thumbnail is None or score > one.thumbnail.score:
                frame = result.frame
                jpeg = face_thumbnail(frame.image, face.box)
                one.thumbnail = Thumbnail(score, frame.index, frame.timestamp, face.expression, jpeg)

    def _bin(self, bins: dict[int, Bin], now: float) -> Bin:
        return bins.setdefault(int(now / self.bin_seconds), Bin(now))

    def _end_last(self, now: float) -> None:
        if self._last is None:
            return
        start, frame_state, states = self._last
        elapsed = max(now - start, 0.0)
        self._bin(self.frame_bins, start).seconds[frame_state] += elapsed  # type: ignore[assignment]
        for face_id, state in states.items():
            self._bin(self.faces.setdefault(face_id, {}), start).seconds[state] += elapsed  # type: ignore[assignment]
            self.seconds.setdefault(face_id, Counter())[state] += elapsed  # type: ignore[assignment]

    def _join_pairs(self) -> None:
        self.bin_seconds *= 2
        for bins in (self.frame_bins, *self.faces.values()):
            for i in sorted(bins):
                one = bins.pop(i)
                if i // 2 in bins and i // 2 != i:
                    bins[i // 2].join(one)
                else:
                    bins[i // 2] = one


def face_thumbnail(image: np.ndarray, box: np.ndarray) -> bytes:
    """The region of a face as a JPEG image of at most `THUMBNAIL_PX` pixels.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, 3), uint8
    box : ndarray, shape (4,)
        x, y, width and height in pixels.
    """
    margin = THUMBNAIL_MARGIN * box[2:].max()
    low = np.clip(np.floor(box[:2] - margin), 0, np.array(image.shape[1::-1]) - 1).astype(int)
    high = np.clip(np.ceil(box[:2] + box[2:] + margin), low + 1, image.shape[1::-1]).astype(int)
    crop = image[low[1] : high[1], low[0] : high[0]]
    scale = min(1.0, THUMBNAIL_PX / max(crop.shape[:2]))
    size = tuple(max(1, round(length * scale)) for length in crop.shape[1::-1])
    _, content = cv2.imencode(".jpg", cv2.resize(crop, size, interpolation=cv2.INTER_AREA))
    return content.tobytes()
