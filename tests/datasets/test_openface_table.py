"""CSV files of OpenFace are read, and files of other programs are refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features import FerError
from fer_features.datasets.openface_table import LANDMARK_COLUMNS, read_openface

from ..recognition.scenes import OPENFACE_LANDMARKS as LANDMARKS
from ..recognition.scenes import openface_line, write_openface


@pytest.mark.parametrize("blank", [" ", ""])
def test_file_is_read(tmp_path, blank):
    lines = [(openface_line(1), LANDMARKS), (openface_line(2, success=0), 0 * LANDMARKS)]
    lines.append((openface_line(3), LANDMARKS + 2))
    table = read_openface(write_openface(tmp_path / "a.csv", lines, blank))
    np.testing.assert_array_equal(table.frame, [0, 1, 2])
    np.testing.assert_allclose(table.timestamp, [0, 1 / 30, 2 / 30])
    np.testing.assert_allclose(table.landmarks[[0, 2]], [LANDMARKS, LANDMARKS + 2], atol=0.06)
    assert np.isnan(table.landmarks[1]).all()
    assert table.to_samples().shape == (1,)
    assert table.to_samples(2)["landmarks"].shape == (1, 2, 68, 2)


def test_older_versions_write_no_face_id(tmp_path):
    values = openface_line(1)
    del values["face_id"]
    assert read_openface(write_openface(tmp_path / "a.csv", [(values, LANDMARKS)])).face_id.tolist() == [0]


def test_lines_of_an_image_are_its_faces(tmp_path):
    lines = [({"face": face, "confidence": 0.9}, LANDMARKS + face) for face in (0, 1)]
    table = read_openface(write_openface(tmp_path / "a.csv", lines))
    assert table.frame.tolist() == [0, 0]
    assert table.face_id.tolist() == [0, 1]
    assert not table.is_of_video


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([{"frame": 0}, {"frame": 1}], "it has a frame 0, and OpenFace counts frames from 1"),
        ([{}, {"frame": 1}], "frame 1 has 2 lines of face 0"),
        ([{"frame": 1.5}], "'frame' contains a value that is not an integer"),
        ([{"frame": "nan"}], "'frame' contains"),
        ([{"frame": "1e300"}], "'frame' contains"),
        ([{"face_id": ""}], "'face_id' contains"),
        ([{"success": 2}], "'success' contains a value that is neither 0 nor 1"),
        ([{"confidence": 1.2}], "'confidence' is not in"),
        ([{"confidence": "high"}], "could not convert string to float"),
        ([{"timestamp": "nan"}], "'timestamp' contains"),
    ],
)
def test_values_that_openface_does_not_write_are_refused(tmp_path, changes, message):
    lines = [({**openface_line(i + 1), **values}, LANDMARKS) for i, values in enumerate(changes)]
    with pytest.raises(FerError, match=rf"a\.csv is not a CSV file of OpenFace.*{message}") as error:
        read_openface(write_openface(tmp_path / "a.csv", lines))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("absent", ["frame", "timestamp", "confidence", "success", "x_0", "y_67"])
def test_tables_of_other_programs_lack_columns(tmp_path, absent):
    path = write_openface(tmp_path / "a.csv", [(openface_line(i), LANDMARKS) for i in (1, 2)])
    path.write_text(path.read_text().replace(f", {absent},", ", other,").replace(f"{absent},", "other,", 1))
    with pytest.raises(
        FerError, match=f"not a CSV file of OpenFace: 1 of its columns are absent, for example '{absent}'"
    ):
        read_openface(path)


@pytest.mark.parametrize(
    "change", [lambda p: p[:, ::-1], lambda p: [0, 900] + p * [1, -1], lambda p: [900, 0] - p * [1, -1]]
)
def test_swapped_and_mirrored_landmarks_are_refused(tmp_path, change):
    lines = [(openface_line(number), change(LANDMARKS)) for number in (1, 2)]
    with pytest.raises(FerError, match=r"a\.csv: the landmarks are those of mirrored faces"):
        read_openface(write_openface(tmp_path / "a.csv", lines))


@pytest.mark.parametrize(
    ("landmarks", "message"),
    [(LANDMARKS / 320, "not in pixels"), (np.where(LANDMARKS > 90, np.nan, LANDMARKS), "lacks landmarks")],
)
def test_landmarks_are_in_pixels(tmp_path, landmarks, message):
    with pytest.raises(FerError, match=message):
        read_openface(write_openface(tmp_path / "a.csv", [(openface_line(1), landmarks)]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a CSV file of OpenFace"),
        ("\0\1\2", "is not a CSV file of OpenFace"),
        ("\xff\xfe", "is not a CSV file of OpenFace"),
        ("frame, x_0\n1, 2\n", "of its columns are absent"),
        (",".join([*openface_line(1), *LANDMARK_COLUMNS]), "no line below its header"),
        (",".join([*openface_line(1), *LANDMARK_COLUMNS, "x_3"]) + "\n1\n", "the column 'x_3' occurs twice"),
        (",".join([*openface_line(1), *LANDMARK_COLUMNS]) + "\n" + "1," * 141 + "\n", "differ in length"),
    ],
)
def test_other_files_are_refused(tmp_path, text, message):
    (tmp_path / "a.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(FerError, match=rf"a\.csv .*{message}") as error:
        read_openface(tmp_path / "a.csv")
    assert "\n" not in str(error.value)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_damage_is_read_or_refused_in_one_line(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("openface") / "a.csv"
    content = bytearray(write_openface(path, [(openface_line(i), LANDMARKS) for i in (1, 2)]).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(content) - 1))
        content[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    path.write_bytes(content)
    message = ""
    try:
        table = read_openface(path)
        assert (table.frame >= 0).all()
        assert ((table.confidence >= 0) & (table.confidence <= 1)).all()
    except FerError as error:
        message = str(error)
    assert "\n" not in message


def test_length_of_the_video_is_compared(tmp_path):
    table = read_openface(write_openface(tmp_path / "a.csv", [(openface_line(i), LANDMARKS) for i in range(1, 8)]))
    table.check_length(7)
    with pytest.raises(FerError, match="belongs to another video: it has frame 7, but this video has 6"):
        table.check_length(6)


@settings(max_examples=40, deadline=None)
@given(names=st.sets(st.sampled_from(["frame", "face", "face_id", "timestamp", "confidence", "success"])))
def test_any_set_of_columns_is_read_or_refused(tmp_path_factory, names):
    path = tmp_path_factory.mktemp("openface") / "a.csv"
    write_openface(path, [(dict.fromkeys(sorted(names), 1) or {"line": 1}, LANDMARKS)])
    is_of_video = names >= {"frame", "timestamp", "confidence", "success"}
    if is_of_video or (names >= {"face", "confidence"} and "frame" not in names):
        assert read_openface(path).is_of_video == is_of_video
    else:
        with pytest.raises(FerError, match="of its columns are absent"):
            read_openface(path)
