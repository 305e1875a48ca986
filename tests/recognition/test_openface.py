"""Reading, tracking and writing of landmarks in CSV files of OpenFace."""

import io

import numpy as np
import pytest

from fer_features import FerError
from fer_features.recognition import FacePrediction, FrameResult, Recognizer
from fer_features.recognition.frames import Frame
from fer_features.recognition.openface import OpenFaceTracker, OpenFaceWriter, read_openface
from fer_features.vision.geometry import MEAN_FACE

from .scenes import detect_patches, fit_toy, moving_clip

LANDMARKS = (MEAN_FACE * 30 + [100, 90]).astype(np.float32)


def write_openface(path, lines, blank=" ", columns=("frame", "face_id", "timestamp", "confidence", "success")):
    names = [*columns, "gaze_0_x", *(f"x_{i}" for i in range(68)), *(f"y_{i}" for i in range(68)), "AU12_r"]
    text = [("," + blank).join(names)]
    for values, landmarks in lines:
        leading = [str(values[name]) for name in columns]
        text.append(", ".join([*leading, "0.1", *(f"{v:.1f}" for v in landmarks.T.ravel()), "2.3"]))
    path.write_text("\n".join(text) + "\n")
    return path


def line(frame, face_id=0, success=1):
    values = {"frame": frame, "face_id": face_id, "timestamp": (frame - 1) / 30, "confidence": 0.98 * success}
    return {**values, "success": success}


@pytest.mark.parametrize("blank", [" ", ""])
def test_file_is_read(tmp_path, blank):
    lines = [(line(1), LANDMARKS), (line(2, success=0), 0 * LANDMARKS), (line(3), LANDMARKS + 2)]
    table = read_openface(write_openface(tmp_path / "a.csv", lines, blank))
    np.testing.assert_array_equal(table.frame, [0, 1, 2])
    np.testing.assert_allclose(table.timestamp, [0, 1 / 30, 2 / 30])
    np.testing.assert_allclose(table.landmarks[[0, 2]], [LANDMARKS, LANDMARKS + 2], atol=0.06)
    assert np.isnan(table.landmarks[1]).all()
    assert table.to_samples().shape == (1,)
    assert table.to_samples(2)["landmarks"].shape == (1, 2, 68, 2)


def test_files_of_images_have_neither_frame_nor_timestamp(tmp_path):
    table = read_openface(write_openface(tmp_path / "a.csv", [(line(1), LANDMARKS)], columns=("confidence",)))
    assert (table.frame[0], table.face_id[0]) == (0, 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("frame, x_0\n1, 2\n", "lacks 135 of the 136"),
        ("", "not a CSV file"),
        ("\0\1\2", "lacks 136"),
    ],
)
def test_other_files_are_refused(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(FerError, match=rf"a\.csv .*{message}"):
        read_openface(tmp_path / "a.csv")


def test_texts_and_empty_files_are_refused(tmp_path):
    path = write_openface(tmp_path / "a.csv", [(line(1), LANDMARKS)])
    path.write_text(path.read_text().replace("0.98", "high"))
    with pytest.raises(FerError, match="not a number"):
        read_openface(path)
    with pytest.raises(FerError, match="no line"):
        read_openface(write_openface(tmp_path / "b.csv", []))
    with pytest.raises(FerError, match="cannot be read"):
        read_openface(tmp_path / "nowhere.csv")


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
    lines = [(line(i + 1), LANDMARKS * 0.73 + [2 * i - 20, 22]) for i in range(12) if i not in (5, 6)]
    lines.insert(5, (line(6, success=0), 0 * LANDMARKS))
    table = read_openface(write_openface(tmp_path / "a.csv", lines))
    stream = Recognizer(model, detector=detect_patches).stream(frames, OpenFaceTracker(table))
    status = [[face.status for face in result.faces] for result in stream]
    assert status == [["neutral"], *[["ok"]] * 4, *[["lost"]] * 2, *[["ok"]] * 5]
    assert stream.track_summaries[0].n_frames == 9


def test_largest_is_the_face_with_the_most_lines(tmp_path):
    lines = [(line(i, face), LANDMARKS + 50 * face) for i in range(1, 8) for face in (0, 1) if face or i < 4]
    table = read_openface(write_openface(tmp_path / "a.csv", lines))
    image = np.zeros((9, 9), np.uint8)
    assert [face_id for face_id, _ in OpenFaceTracker(table).update(image, 0)] == [1]
    assert [face_id for face_id, _ in OpenFaceTracker(table, "all").update(image, 0)] == [0, 1]
    tracker = OpenFaceTracker(table, "all")
    lost = [[face_id for face_id, view in tracker.update(image, i) if view is None] for i in range(5)]
    assert lost == [[], [], [], [0], [0]]
