"""Records of predictions: one for each face and frame, and one for the summary of a track."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from .frame_results import GEOMETRY_NAMES, FacePrediction, FrameResult, TrackSummary

#: Decimals of the values of a record: tenths of a degree, and thousandths of a ratio.
DIGITS = {"yaw": 1, "pitch": 1, "roll": 1, "eye_opening": 3, "mouth_opening": 3}


@dataclasses.dataclass(frozen=True)
class PredictionRecord:
    """A record of the output table. Values that do not apply are None.

    Attributes
    ----------
    file : str
        Name of the input.
    frame : int
        Index of the frame from 0, or that of the apex in a summary.
    timestamp : float
        In seconds, rounded to milliseconds.
    face_id : int
    x, y, width, height : float
        Box in pixels.
    confidence : float
        Confidence of the detector or landmarker.
    status : str
        See `fer_features.recognition.frame_results.STATUS_DESCRIPTIONS`.
    expression : str
        Empty if nothing was predicted for a face.
    neutral_distance : float
        Distance to the neutral reference.
    yaw, pitch, roll : float
        Pose of the head in degrees, see `fer_features.vision.head_pose.head_pose`.
    eye_opening, mouth_opening : float
        Aspect ratios of eyes and mouth.
    id : str
        Path of the image or video relative to the folder that was given, as `load_dataset` names the samples of this
        folder; the name of a file that was given itself.
    probabilities : dict of str to float
        Probabilities by class name; columns ``probability_NAME`` of the table.
    """

    file: str
    frame: int | None = None
    timestamp: float | None = None
    face_id: int | None = None
    x: float | None = None
    y: float | None = None
    width: float | None = None
    height: float | None = None
    confidence: float | None = None
    status: str = "ok"
    expression: str | None = None
    neutral_distance: float | None = None
    yaw: float | None = None
    pitch: float | None = None
    roll: float | None = None
    eye_opening: float | None = None
    mouth_opening: float | None = None
    id: str | None = None
    probabilities: dict[str, float] = dataclasses.field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the values that are not None by column name.

        Examples
        --------
        >>> PredictionRecord("a.png", 0, 0.0, status="no face").to_dict()
        {'file': 'a.png', 'frame': 0, 'timestamp': 0.0, 'status': 'no face'}
        """
        values = {name: getattr(self, name) for name in RECORD_COLUMNS}
        named = {f"probability_{name}": round(value, 6) for name, value in self.probabilities.items()}
        return {name: value for name, value in values.items() if value is not None} | named


#: Columns of the output table before the probabilities.
RECORD_COLUMNS = tuple(field.name for field in dataclasses.fields(PredictionRecord) if field.name != "probabilities")


def frame_records(file: str, result: FrameResult) -> list[PredictionRecord]:
    """Return a record for each face of a frame, or one with the status 'no face'."""
    frame = PredictionRecord(file, result.frame.index, round(result.frame.timestamp, 3), status="no face")
    return [_with_face(frame, face) for face in result.faces] or [frame]


def summary_record(file: str, summary: TrackSummary) -> PredictionRecord:
    """Return the record of a face track."""
    record = PredictionRecord(
        file,
        face_id=summary.face_id,
        status="summary",
        expression=summary.expression,
        probabilities=summary.probabilities,
    )
    apex = summary.apex
    if apex is None:
        return record
    return dataclasses.replace(
        record,
        frame=apex.frame,
        timestamp=round(apex.timestamp, 3),
        neutral_distance=round(apex.neutral_distance, 4),
    )


def _with_face(record: PredictionRecord, face: FacePrediction) -> PredictionRecord:
    distance = None if face.neutral_distance is None else round(face.neutral_distance, 4)
    record = dataclasses.replace(
        record,
        face_id=face.face_id,
        status=face.status,
        expression=face.expression,
        neutral_distance=distance,
        probabilities=face.probabilities,
    )
    if not np.isfinite(face.box).all():
        return record
    if face.geometry is not None:
        rounded = {name: round(getattr(face.geometry, name), DIGITS[name]) for name in GEOMETRY_NAMES}
        record = dataclasses.replace(record, **rounded)
    x, y, width, height = (round(float(value), 1) for value in face.box)
    return dataclasses.replace(record, x=x, y=y, width=width, height=height, confidence=round(face.confidence, 3))
