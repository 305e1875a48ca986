"""Files of OpenFace are read, whatever edition, and ours are read again."""

import io

import numpy as np
import pytest

from fer_features import FerError
from fer_features.recognition import Moment, Recognizer
from fer_features.recognition.frame_results import Face
from fer_features.recognition.openface import OpenFaceTracker, OpenFaceWriter, read_openface
from fer_features.recognition.sources import Frame
from fer_features.vision.geometry import MEAN_FACE

from .scenes import find, moving_clip, toy

POINTS = (MEAN_FACE * 30 + [100, 90]).astype(np.float32)


def written(path, rows, blank=" ", columns=("frame", "face_id", "timestamp", "confidence", "success")):
    names = [*columns, "gaze_0_x", *(f"x_{i}" for i in range(68)), *(f"y_{i}" for i in range(68)), "AU12_r"]
    lines = [("," + blank).join(names)]
    for row, points in rows:
        head = [str(row[name]) for name in columns]
        lines.append(", ".join([*head, "0.1", *(f"{v:.1f}" for v in points.T.ravel()), "2.3"]))
    path.write_text("\n".join(lines) + "\n")
    return path


def row(frame, face=0, success=1):
    values = {"frame": frame, "face_id": face, "timestamp": (frame - 1) / 30, "confidence": 0.98 * success}
    return {**values, "success": success}


@pytest.mark.parametrize("blank", [" ", ""])
def test_a_file_is_read(tmp_path, blank):
    path = written(tmp_path / "a.csv", [(row(1), POINTS), (row(2, success=0), 0 * POINTS), (row(3), POINTS + 2)], blank)
    table = read_openface(path)
    np.testing.assert_array_equal(table.frame, [0, 1, 2])
    np.testing.assert_allclose(table.time, [0, 1 / 30, 2 / 30])
    np.testing.assert_allclose(table.points[[0, 2]], [POINTS, POINTS + 2], atol=0.06)
    assert np.isnan(table.points[1]).all()
    assert table.clip().shape == (1,)
    assert table.clip(2)["landmarks"].shape == (1, 2, 68, 2)


def test_files_of_single_pictures_have_neither_frame_nor_time(tmp_path):
    table = read_openface(written(tmp_path / "a.csv", [(row(1), POINTS)], columns=("confidence",)))
    assert (table.frame[0], table.face[0]) == (0, 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("frame, x_0\n1, 2\n", "lacks 135 of the 136"),
        ("", "no csv file"),
        ("\0\1\2", "lacks 136"),
    ],
)
def test_other_files_are_told(tmp_path, text, words):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(FerError, match=rf"a\.csv .*{words}"):
        read_openface(tmp_path / "a.csv")


def test_words_among_the_numbers_and_no_lines_are_told(tmp_path):
    path = written(tmp_path / "a.csv", [(row(1), POINTS)])
    path.write_text(path.read_text().replace("0.98", "high"))
    with pytest.raises(FerError, match="no number"):
        read_openface(path)
    with pytest.raises(FerError, match="no line"):
        read_openface(written(tmp_path / "b.csv", []))
    with pytest.raises(FerError, match="cannot be read"):
        read_openface(tmp_path / "nowhere.csv")


def test_what_we_write_we_read(tmp_path):
    text = io.StringIO()
    writer = OpenFaceWriter(text)
    box = np.float32([1, 2, 3, 4])
    faces = [Face(box, POINTS + i, "joy", {}, 0.9, i) for i in range(2)]
    writer.write(Moment(Frame(0, 0.0, np.zeros((9, 9), np.uint8)), faces))
    writer.write(Moment(Frame(1, 0.04, np.zeros((9, 9), np.uint8)), []))
    (tmp_path / "a.csv").write_text(text.getvalue())
    table = read_openface(tmp_path / "a.csv")
    np.testing.assert_array_equal(table.frame, [0, 0, 1])
    np.testing.assert_array_equal(table.face, [0, 1, 0])
    np.testing.assert_allclose(table.points[:2], [POINTS, POINTS + 1], atol=0.006)
    assert np.isnan(table.points[2]).all()


def test_its_landmarks_stand_for_a_landmarker(tmp_path):
    model, (images, *_) = toy("hogdiff_landmarks_linear")
    frames = moving_clip(images[2])
    lines = [(row(i + 1), POINTS * 0.73 + [2 * i - 20, 22]) for i in range(12) if i not in (5, 6)]
    lines.insert(5, (row(6, success=0), 0 * POINTS))
    table = read_openface(written(tmp_path / "a.csv", lines))
    stream = Recognizer(model, detector=find).stream(frames, OpenFaceTracker(table))
    status = [[face.status for face in moment.faces] for moment in stream]
    assert status == [["neutral"], *[["ok"]] * 4, *[["lost"]] * 2, *[["ok"]] * 5]
    assert stream.clips[0].frames == 9


def test_the_largest_is_the_face_with_most_lines(tmp_path):
    lines = [(row(i, face), POINTS + 50 * face) for i in range(1, 8) for face in (0, 1) if face or i < 4]
    table = read_openface(written(tmp_path / "a.csv", lines))
    picture = np.zeros((9, 9), np.uint8)
    assert [number for number, _ in OpenFaceTracker(table).update(picture, 0)] == [1]
    assert [number for number, _ in OpenFaceTracker(table, "all").update(picture, 0)] == [0, 1]
    everyone = OpenFaceTracker(table, "all")
    assert [[n for n, view in everyone.update(picture, i) if view is None] for i in range(5)] == [[], [], [], [0], [0]]
