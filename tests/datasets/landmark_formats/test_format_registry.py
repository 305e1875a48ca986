"""Each format is read in its documented form, recognized by its content only, and refused in one line."""

import codecs
import json

import numpy as np
import pytest

from fer_features import FerError
from fer_features.datasets.landmark_formats import (
    LANDMARK_FORMATS,
    CandidateFile,
    read_landmarks,
    read_point_file,
    recognize_format,
)

from .written import (
    SIZE,
    faces_of,
    mesh_of,
    points_json,
    pyfeat_row,
    write_ck,
    write_imglab,
    write_json,
    write_ljson,
    write_openface,
    write_pts,
    write_pyfeat,
)


def save(path, array):
    np.save(path, array)
    return path


def savez(path, **arrays):
    np.savez(path, **arrays)
    return path


def fractions(faces):
    return mesh_of(faces / SIZE)


#: Name -> format, file name, number of frames, and a function that writes faces (k, 68, 2) to a path.
FILES = {
    "pts": ("pts", "a.pts", 1, lambda path, faces: write_pts(path, faces[0])),
    "ck": ("ck", "a_landmarks.txt", 1, lambda path, faces: write_ck(path, faces[0])),
    "imglab": ("imglab", "a.xml", 1, lambda path, faces: write_imglab(path, {"a.png": faces[0]})),
    "ljson 1": ("ljson", "a.ljson", 1, lambda path, faces: write_ljson(path, faces[0], 1)),
    "ljson 2": ("ljson", "a.ljson", 1, lambda path, faces: write_ljson(path, faces[0], 2)),
    "ljson 3": ("ljson", "a.json", 1, lambda path, faces: write_ljson(path, faces[0], 3)),
    "openface": ("openface", "a.csv", 4, write_openface),
    "pyfeat": (
        "pyfeat",
        "a.csv",
        4,
        lambda path, faces: write_pyfeat(path, [pyfeat_row("a.mp4", i, face) for i, face in enumerate(faces)]),
    ),
    "npy of an image": ("mediapipe", "a.npy", 1, lambda path, faces: save(path, mesh_of(faces[0]))),
    "npy of a video": ("mediapipe", "a.npy", 4, lambda path, faces: save(path, mesh_of(faces, 468))),
    "npy without z": ("mediapipe", "a.npy", 4, lambda path, faces: save(path, mesh_of(faces, z=False))),
    "npz": ("mediapipe", "a.npz", 4, lambda path, faces: savez(path, mesh=mesh_of(faces))),
    "json face": ("mediapipe", "a.json", 1, lambda path, faces: write_json(path, points_json(mesh_of(faces[0])))),
    "json lists": ("mediapipe", "a.json", 1, lambda path, faces: write_json(path, mesh_of(faces[0]).tolist())),
    "json of JavaScript": (
        "mediapipe",
        "a.json",
        1,
        lambda path, faces: write_json(
            path, {"faceLandmarks": [points_json(mesh_of(faces[0]))], "faceBlendshapes": []}
        ),
    ),
    "json of FaceMesh": (
        "mediapipe",
        "a.json",
        1,
        lambda path, faces: write_json(path, {"multi_face_landmarks": [{"landmark": points_json(mesh_of(faces[0]))}]}),
    ),
    "json frames": (
        "mediapipe",
        "a.json",
        4,
        lambda path, faces: write_json(path, [{"face_landmarks": [points_json(mesh_of(face))]} for face in faces]),
    ),
    "json numbered from 1": (
        "mediapipe",
        "a.json",
        4,
        lambda path, faces: write_json(
            path, [{"frame": i + 1, "landmarks": mesh_of(face).tolist()} for i, face in enumerate(faces)][::-1]
        ),
    ),
    "json by number": (
        "mediapipe",
        "a.json",
        4,
        lambda path, faces: write_json(path, {str(i): points_json(mesh_of(face)) for i, face in enumerate(faces)}),
    ),
    "archive": ("archive", "a.npz", 4, lambda path, faces: savez(path, landmarks=faces[None], id=np.array(["a"]))),
    "landmarks68": ("archive", "a.npz", 4, lambda path, faces: savez(path, landmarks68=faces)),
    "npy of 68 points": ("archive", "a.npy", 4, lambda path, faces: save(path, faces)),
}


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_points_from_0(tmp_path, name):
    landmark_format, file_name, n, write = FILES[name]
    faces = faces_of(n)
    path = write(tmp_path / file_name, faces)
    points = read_point_file(path)
    np.testing.assert_allclose(points, faces, atol=1e-3)
    assert points.dtype == np.float32
    assert recognize_format(CandidateFile(path)) == landmark_format


def test_every_format_is_covered():
    assert {landmark_format for landmark_format, *_ in FILES.values()} == set(LANDMARK_FORMATS)


@pytest.mark.parametrize("name", FILES)
def test_no_two_formats_recognize_a_file(tmp_path, name):
    landmark_format, file_name, n, write = FILES[name]
    file = CandidateFile(write(tmp_path / file_name, faces_of(n)))
    assert [key for key, one in LANDMARK_FORMATS.items() if one.has_marks(file)] == [landmark_format]


TEXT_FILES = [name for name, (_, file_name, *_) in FILES.items() if not file_name.endswith((".npz", ".npy"))]


@pytest.mark.parametrize("name", TEXT_FILES)
def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path, name):
    landmark_format, file_name, n, write = FILES[name]
    path = write(tmp_path / file_name, faces_of(n))
    path.write_bytes(codecs.BOM_UTF8 + path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    if landmark_format == "imglab":  # a declaration of another encoding contradicts the mark
        path.write_bytes(path.read_bytes().replace(b"ISO-8859-1", b"UTF-8"))
    np.testing.assert_allclose(read_point_file(path), faces_of(n), atol=1e-3)


@pytest.mark.parametrize("name", [name for name in TEXT_FILES if FILES[name][0] not in ("openface", "pyfeat")])
def test_the_suffix_does_not_matter(tmp_path, name):
    _, _, n, write = FILES[name]
    path = write(tmp_path / "a.dat", faces_of(n))
    np.testing.assert_allclose(read_point_file(path), faces_of(n), atol=1e-3)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("fraction", [0.2, 0.6, 0.97])
def test_truncated_files_are_refused_in_one_line_or_have_fewer_frames(tmp_path, name, fraction):
    _, file_name, n, write = FILES[name]
    path = write(tmp_path / file_name, faces_of(n))
    content = path.read_bytes()
    path.write_bytes(content[: int(fraction * len(content))])
    points, message = np.empty((0, 68, 2)), str(path)
    try:
        points = read_point_file(path)
    except FerError as error:
        message = str(error)
    assert message.startswith(str(path))
    assert "\n" not in message
    np.testing.assert_allclose(points, faces_of(n)[: len(points)], atol=1e-3)
    assert len(points) < n


@pytest.mark.parametrize("n_points", [5, 49, 51, 66, 67, 98])
@pytest.mark.parametrize(
    ("file_name", "write"),
    [
        ("a.pts", write_pts),
        ("a.txt", write_ck),
        ("a.xml", lambda path, face: write_imglab(path, {"a.png": face})),
        ("a.ljson", write_ljson),
        ("a.npy", lambda path, face: save(path, face[None])),
        ("a.npz", lambda path, face: savez(path, landmarks=face[None])),
        ("a.json", lambda path, face: write_json(path, {"landmarks": face.tolist()})),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_numbers_of_points_are_refused_by_name(tmp_path, n_points, file_name, write):
    path = write(tmp_path / file_name, np.tile(faces_of(1)[0], (2, 1))[:n_points])
    with pytest.raises(FerError) as error:
        read_landmarks(path)
    names = {5: "MTCNN", 49: "without the jaw and the inner", 51: "without the jaw", 66: "inner corners", 98: "WFLW"}
    assert f"{path} has {n_points} points" in str(error.value)
    assert names.get(n_points, "68 points of iBUG") in str(error.value)
    assert "468 or 478 of MediaPipe" in str(error.value)


UNKNOWN = {
    "empty": b"",
    "text": b"These are the landmarks.\n1 2\n",
    "three numbers": b"1 2 3\n4 5 6\n",
    "binary": bytes(range(256)) * 4,
    "csv": b"a,b\n1,2\n",
    "json": b'{"a": 1}',
    "damaged json": b'[{"x": 1',
    "html": b"<html><body></body></html>",
}


@pytest.mark.parametrize("name", UNKNOWN)
@pytest.mark.parametrize("suffix", [".csv", ".txt", ".pts", ".json"])
def test_other_files_are_refused_with_the_accepted_formats(tmp_path, name, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(UNKNOWN[name])
    with pytest.raises(FerError) as error:
        read_landmarks(path)
    message = str(error.value)
    assert message.startswith(f"{path} has no known format of landmarks")
    assert all(landmark_format.description in message for landmark_format in LANDMARK_FORMATS.values())
    assert "\n" not in message
    assert ("cannot be read as JSON" in message) == (name == "damaged json")


def test_files_of_several_images_are_not_one_clip(tmp_path):
    faces = faces_of(2)
    path = write_imglab(tmp_path / "a.xml", {"a.png": faces[0], "b.png": faces[1]})
    with pytest.raises(FerError, match=r"a\.xml names 2 images or clips, such as 'a\.png': landmarks of one are"):
        read_point_file(path)
    with pytest.raises(FerError, match="has landmarks of 2 clips"):
        read_point_file(savez(tmp_path / "a.npz", landmarks=faces.reshape(2, 1, 68, 2).repeat(2, 1)))


def test_frames_without_a_face_are_missing(tmp_path):
    faces = faces_of(4)
    found = np.array([True, False, True, True])
    expected = np.where(found[:, None, None], faces, np.nan)
    mesh = [points_json(mesh_of(face)) if ok else [] for face, ok in zip(faces, found, strict=True)]
    paths = [
        write_openface(tmp_path / "a.csv", faces, found),
        write_pyfeat(
            tmp_path / "b.csv",
            [
                pyfeat_row("v.mp4", i, face if ok else None)
                for i, (face, ok) in enumerate(zip(faces, found, strict=True))
            ],
        ),
        write_json(tmp_path / "a.json", [{"faceLandmarks": [face] if face else []} for face in mesh]),
        write_json(tmp_path / "b.json", mesh),
        write_json(tmp_path / "c.json", {"frames": [{"frame": i, "landmarks": mesh[i]} for i in (3, 2, 0)]}),
        save(tmp_path / "a.npy", mesh_of(expected)),
    ]
    for path in paths:
        np.testing.assert_allclose(read_point_file(path), expected, atol=1e-3, err_msg=path.name)


def test_fractions_remain_fractions(tmp_path):
    faces = faces_of(3)
    np.testing.assert_allclose(read_point_file(save(tmp_path / "a.npy", fractions(faces))), faces / SIZE, atol=1e-6)


def test_json_is_not_read_beyond_its_limit(tmp_path, monkeypatch):
    path = write_json(tmp_path / "a.json", points_json(mesh_of(faces_of(1)[0])))
    monkeypatch.setattr("fer_features.datasets.landmark_formats.candidate_file.MAX_JSON_BYTES", 1000)
    with pytest.raises(FerError, match=r"a\.json has more than 1,000 bytes"):
        read_landmarks(path)
    path.write_text("[" * 900)
    with pytest.raises(FerError, match="cannot be read as JSON"):
        read_landmarks(path)


def test_nested_json_is_refused(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps([[[[[[1]]]]]]))
    with pytest.raises(FerError, match="not of the landmarks of MediaPipe"):
        read_landmarks(path)
    path.write_text("[" * 100_000 + "]" * 100_000)
    with pytest.raises(FerError, match=r"cannot be read as JSON|has no known format"):
        read_landmarks(path)
