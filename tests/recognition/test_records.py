"""Records of faces, frames and tracks."""

import numpy as np

from fer_features.recognition import FacePrediction, FrameResult, TrackSummary
from fer_features.recognition.apex import Apex
from fer_features.recognition.frames import Frame
from fer_features.recognition.records import RECORD_COLUMNS, frame_records, summary_record
from fer_features.vision.geometry import MEAN_FACE

FRAME = Frame(7, 0.28, np.zeros((9, 9), np.uint8))


def test_frame_without_a_face_is_a_record():
    (record,) = frame_records("a", FrameResult(FRAME, []))
    assert record.to_dict() == {"file": "a", "frame": 7, "timestamp": 0.28, "status": "no face"}


def test_record_of_a_lost_face_has_no_box():
    lost = FacePrediction(np.full(4, np.nan, np.float32), None, "", {}, 0.0, 2, "lost")
    (record,) = frame_records("a", FrameResult(FRAME, [lost]))
    expected = {"file": "a", "frame": 7, "timestamp": 0.28, "face_id": 2, "status": "lost", "expression": ""}
    assert record.to_dict() == expected


def test_record_of_a_face_has_all_columns():
    face = FacePrediction(
        np.float32([1, 2, 3, 4.04]), np.float32(50 * MEAN_FACE), "joy", {"joy": 2 / 3}, 0.98765, 1, "ok", 0.123456
    )
    (record,) = frame_records("a", FrameResult(FRAME, [face]))
    values = record.to_dict()
    assert all(abs(values[name]) < 0.1 for name in ("yaw", "pitch", "roll"))
    assert 0.2 < values["eye_opening"] < 0.4
    assert {*values, "id"} == {*RECORD_COLUMNS, "probability_joy"}
    assert (values["x"], values["height"], values["confidence"]) == (1.0, 4.0, 0.988)
    assert (values["neutral_distance"], values["probability_joy"]) == (0.1235, 0.666667)


def test_record_of_a_track_has_the_frame_of_the_apex():
    apex = Apex(5, 0.2, 0.9, np.array([1.0]))
    values = summary_record("a", TrackSummary(3, 10, "joy", {"joy": 1.0}, apex, [apex])).to_dict()
    assert (values["status"], values["frame"], values["timestamp"], values["face_id"]) == ("summary", 5, 0.2, 3)
    values = summary_record("a", TrackSummary(3, 10, "joy", {"joy": 1.0}, None, [])).to_dict()
    assert "frame" not in values
