"""Tracking by landmarks of OpenFace, and writing of landmarks in its format."""

import io

import numpy as np
import pytest

from fer_features import FerError
from fer_features.datasets.openface_table import read_openface
from fer_features.recognition import FacePrediction, FrameResult, Recognizer
from fer_features.recognition.frames import Frame
from fer_features.recognition.openface import OpenFaceTracker, OpenFaceWriter

from .scenes import OPENFACE_LANDMARKS as LANDMARKS
from .scenes import detect_patches, fit_toy, moving_clip, openface_line, write_openface


def test_written_files_can_be_read(tmp_path):
    text = io.StringIO()
    writer = OpenFaceWriter(text)
    box = np.float32([1, 2, 3, 4])
    faces = [FacePrediction(box, LANDMARKS + i, "joy", {}, 0.9, i) for i in range(2)]
    writer.write(FrameResult(Frame(0, 0.0, np.zeros((9, 9), np.uint8)), faces))
    writer.write(FrameResult(Frame(1, 0.04, np.zeros((9, 9), np.uint8)), []))
    (tmp_path / "a.csv").write_text(text.getvalue())
    table = read_openface(tmp_path / "a.csv")
    np.testing.assert_array_equal(table.frame, [0, 0, 1])
    np.testing.assert_array_equal(table.face_id, [0, 1, 0])
    np.testing.assert_allclose(table.landmarks[:2], [LANDMARKS, LANDMARKS + 1], atol=0.006)
    assert np.isnan(table.landmarks[2]).all()


def test_landmarks_of_a_file_replace_the_landmarker(tmp_path):
    model, (images, *_) = fit_toy("hogdiff_landmarks_linear", calibration_cv=0)
    frames = moving_clip(images[2])
    lines = [(openface_line(i + 1), LANDMARKS * 0.73 + [2 * i - 20, 22]) for i in range(12) if i not in (5, 6)]
    lines.insert(5, (openface_line(6, success=0), 0 * LANDMARKS))
    table = read_openface(write_openface(tmp_path / "a.csv", lines))
    stream = Recognizer(model, detector=detect_patches).stream(frames, OpenFaceTracker(table))
    status = [[face.status for face in result.faces] for result in stream]
    assert status == [["neutral"], *[["ok"]] * 4, *[["lost"]] * 2, *[["ok"]] * 5]
    assert stream.track_summaries[0].n_frames == 9


def test_largest_is_the_face_with_the_most_lines(tmp_path):
    lines = [(openface_line(i, face), LANDMARKS + 50 * face) for i in range(1, 8) for face in (0, 1) if face or i < 4]
    table = read_openface(write_openface(tmp_path / "a.csv", lines))
    image = np.zeros((400, 400), np.uint8)
    assert [face_id for face_id, _ in OpenFaceTracker(table).update(image, 0)] == [1]
    assert [face_id for face_id, _ in OpenFaceTracker(table, "all").update(image, 0)] == [0, 1]
    tracker = OpenFaceTracker(table, "all")
    lost = [[face_id for face_id, view in tracker.update(image, i) if view is None] for i in range(5)]
    assert lost == [[], [], [], [0], [0]]


def test_landmarks_outside_of_the_frame_belong_to_another_video(tmp_path):
    lines = [(openface_line(1), LANDMARKS), (openface_line(2), LANDMARKS + [0, 5000])]
    tracker = OpenFaceTracker(read_openface(write_openface(tmp_path / "a.csv", lines)))
    image = np.zeros((240, 320), np.uint8)
    tracker.update(image, 0)
    with pytest.raises(FerError, match=r"a\.csv belongs to another video: in frame 2 .* 320 x 240 pixels"):
        tracker.update(image, 1)


def test_file_of_an_image_cannot_be_used_for_a_video(tmp_path):
    table = read_openface(write_openface(tmp_path / "a.csv", [({"face": 0, "confidence": 1}, LANDMARKS)]))
    with pytest.raises(FerError, match="describes one image"):
        OpenFaceTracker(table)
