"""Conventions and faults of single formats of files with landmarks."""

import csv
import io
import tracemalloc
import zipfile

import numpy as np
import pytest

from fer_features import FerError
from fer_features.datasets.landmark_formats import read_landmarks, read_point_file

from .written import (
    faces_of,
    mesh_of,
    point_columns,
    points_json,
    pyfeat_row,
    write_ck,
    write_imglab,
    write_json,
    write_ljson,
    write_openface,
    write_pts,
    write_pyfeat,
    write_table,
)

FACE = faces_of(1)[0]


def refused(path, message):
    with pytest.raises(FerError) as error:
        read_landmarks(path)
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert str(error.value).count(path.name) == 1


# .pts


def test_pts_count_pixels_from_1(tmp_path):
    """The centre of the top left pixel is (1, 1) in .pts and (0, 0) here."""
    path = write_pts(tmp_path / "a.pts", FACE)
    first = [float(value) for value in path.read_text().splitlines()[3].split()]
    np.testing.assert_allclose(read_point_file(path)[0, 0], np.array(first) - 1, atol=1e-4)


def test_the_header_of_pts_varies(tmp_path):
    path = write_pts(tmp_path / "a.pts", FACE)
    text = path.read_text()
    for header in ("version: 1.0\n\nn_points:  68 \n{", "n_points: 68\n\n{", "version: 1\nnpoints: 68\n{"):
        path.write_text(text.replace("version: 1\nn_points: 68\n{", header))
        np.testing.assert_allclose(read_point_file(path)[0], FACE, atol=1e-3)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("n_points: 68", "n_points: 67", "announces 67 points and has 68"),
        ("n_points: 68", "n_points: " + "9" * 5000, "99 points and has 68"),
        ("\n}", "", "is incomplete: it ends without '}'"),
        (" 52", " x52", "a line that is not a point 'x y'"),
        (" 52", " 52 1", "a line that is not a point 'x y'"),
        (" 52.000", " inf", "a coordinate that is not a finite number"),
    ],
)
def test_faults_of_pts(tmp_path, old, new, message):
    face = FACE.copy()
    face[0] = 50, 51
    path = write_pts(tmp_path / "a.pts", face)
    path.write_text(path.read_text().replace(old, new, 1))
    refused(path, message)


def test_large_text_is_not_read(tmp_path):
    path = write_ck(tmp_path / "a.txt", FACE)
    path.write_text(path.read_text() * 1000)
    refused(path, "has more than 1,000,000 bytes")


# imglab


def imglab_with(tmp_path, old, new):
    path = write_imglab(tmp_path / "a.xml", {"a.png": FACE})
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


def test_parts_of_imglab_are_numbers_in_any_order(tmp_path):
    path = write_imglab(tmp_path / "a.xml", {"a.png": FACE})
    head, *parts = path.read_text().split("<part ")
    parts[-1], tail = parts[-1].split("</box>")
    parts = [part.replace("name='0", "name='") for part in parts[::-1]]
    path.write_text(head + "".join(f"<part {part}" for part in parts) + "</box>" + tail)
    np.testing.assert_allclose(read_point_file(path)[0], FACE, atol=1e-4)


def test_the_largest_box_of_imglab_is_the_face(tmp_path):
    small = "<box top='1' left='1' width='9' height='9'><part name='00' x='1' y='1'/></box>".replace(
        "<part name='00' x='1' y='1'/>", "".join(f"<part name='{i}' x='{i}' y='1'/>" for i in range(68))
    )
    ignored = small.replace("width='9' height='9'", "width='999' height='999' ignore='1'")
    without_points = "<box top='1' left='1' width='999' height='999'/>"
    for boxes in (small, ignored, without_points):
        path = imglab_with(tmp_path, "<box top='10'", f"{boxes}<box top='10'")
        np.testing.assert_allclose(read_point_file(path)[0], FACE, atol=1e-4)
        path = imglab_with(tmp_path, "</box></image>", f"</box>{boxes}</image>")
        np.testing.assert_allclose(read_point_file(path)[0], FACE, atol=1e-4)


def test_images_of_imglab_without_a_face_are_missing(tmp_path):
    path = imglab_with(tmp_path, "</images>", "<image file='b.png'></image></images>")
    found = read_landmarks(path)
    assert found.id == ["a.png", "b.png"]
    assert np.isnan(found.landmarks[1]).all()


BOMB = "<!DOCTYPE a [<!ENTITY a0 'xxxxxxxxxx'>" + "".join(f"<!ENTITY a{i + 1} '{f'&a{i};' * 10}'>" for i in range(9))
XML_FAULTS = {
    "bomb": ("<dataset>", f"{BOMB}]><dataset>&a9;", "document type definition"),
    "external": ("<dataset>", "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><dataset>", "document type definition"),
    "twice": ("name='01'", "name='00'", "'a.png' has the part 0 twice"),
    "gap": ("name='67'", "name='68'", "parts whose numbers are not 0 to 67"),
    "huge": ("name='67'", "name='999999999999'", "out of range"),
    "name": ("name='67'", "name='chin'", "a part that is not a number with x and y"),
    "infinite": ("name='67' x='", "name='67' x='inf' y='1'/><!-- x='", "'a.png' has a coordinate that is not a finite"),
    "no file": ("<image file='a.png'>", "<image>", "an image without the attribute 'file'"),
    "not closed": ("</images>", "", "cannot be read as XML"),
    "encoding": ("ISO-8859-1", "ISO-8859-nan", "cannot be read as XML"),
    "no image": ("<image file='a.png'>", "<picture>", "cannot be read as XML"),
}


@pytest.mark.parametrize("name", XML_FAULTS)
def test_faults_of_xml(tmp_path, name):
    old, new, message = XML_FAULTS[name]
    path = imglab_with(tmp_path, old, new)
    if name == "infinite":
        path.write_text(path.read_text().replace("/></box>", "/>--></box>"))
    tracemalloc.start()
    refused(path, message)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6


# LJSON


@pytest.mark.parametrize("version", [1, 2, 3])
def test_points_of_ljson_are_y_x(tmp_path, version):
    path = write_ljson(tmp_path / "a.ljson", FACE, version)
    assert f"[{FACE[0, 1]}, {FACE[0, 0]}]" in path.read_text()
    np.testing.assert_allclose(read_point_file(path)[0], FACE, atol=1e-4)


def test_faults_of_ljson(tmp_path):
    path = write_ljson(tmp_path / "a.ljson", FACE)
    text = path.read_text()
    path.write_text(text.replace(f"[{FACE[3, 1]}, {FACE[3, 0]}]", "[null, null]"))
    assert np.isnan(read_point_file(path)).all()
    for old, new, message in (
        ('"version": 2', '"version": 9', "has LJSON of version 9: 1, 2 or 3"),
        ('"points"', '"dots"', "is not LJSON of version 2"),
        (f"[{FACE[3, 1]}, {FACE[3, 0]}]", "[1, 2, 3]", "points [y, x] are needed"),
        (f"[{FACE[3, 1]}, {FACE[3, 0]}]", '["1", "2"]', "points [y, x] are needed"),
    ):
        path.write_text(text.replace(old, new))
        refused(path, message)
    write_ljson(path, FACE, 3)
    path.write_text(path.read_text().replace('"groups": {', '"groups": {"b": {}, '))
    refused(path, "has 2 sets of landmarks: one face is needed")


# py-feat


def test_the_face_with_the_highest_score_is_used(tmp_path):
    faces = faces_of(6)
    rows = [
        pyfeat_row("b.jpg", 1, faces[0], 0.7),
        pyfeat_row("a.jpg", 0, faces[1], 0.8),
        pyfeat_row("a.jpg", 0, faces[2], 0.9),
        pyfeat_row("c.jpg", 2, None),
        pyfeat_row("b.jpg", 1, faces[3], 0.6),
    ]
    found = read_landmarks(write_pyfeat(tmp_path / "a.csv", rows))
    points = dict(zip(np.array(found.id)[found.source].tolist(), found.landmarks, strict=True))
    np.testing.assert_allclose(points["a.jpg"], faces[2], atol=1e-4)
    np.testing.assert_allclose(points["b.jpg"], faces[0], atol=1e-4)
    assert np.isnan(points["c.jpg"]).all()
    assert found.frame.tolist() == [0, 0, 0]


def test_old_files_of_pyfeat_have_no_scores_and_no_input(tmp_path):
    faces = faces_of(3)
    names = ["frame", "FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", *point_columns()]
    rows = [[10.0 * i, 1, 1, 10 * (i + 1), 10, *face.T.ravel()] for i, face in enumerate(faces)]
    rows.append([10.0, 1, 1, 90, 10, *faces[0].T.ravel()])
    found = read_landmarks(write_table(tmp_path / "a.csv", names, rows))
    assert found.frame.tolist() == [0, 10, 20]
    np.testing.assert_allclose(found.landmarks, faces[[0, 0, 2]], atol=1e-4)
    assert found.id is None


def test_meshes_of_pyfeat(tmp_path):
    mesh = mesh_of(FACE)
    names = ["FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore", "frame"]
    names += [f"{axis}_{i}" for i in range(478) for axis in "xyz"]
    path = write_table(tmp_path / "a.csv", names, [[1, 1, 9, 9, 0.9, 0, *mesh.ravel()]])
    np.testing.assert_allclose(read_point_file(path)[0], FACE, atol=1e-4)


def test_faults_of_pyfeat(tmp_path):
    path = write_pyfeat(tmp_path / "a.csv", [pyfeat_row("a.mp4", i, face) for i, face in enumerate(faces_of(3))])
    rows = list(csv.reader(io.StringIO(path.read_text())))

    def changed(row, column, value):
        copy = [list(one) for one in rows]
        copy[row][column] = value
        return write_table(path, copy[0], copy[1:])

    refused(changed(1, 10, "x"), "is not a CSV file of py-feat (could not convert string to float")
    refused(changed(1, 10, ""), "has 1 face(s) that lack some of their points")
    refused(changed(1, -1, "0.5"), "has the frame 0.5: integers from 0 to 1,000,000 are needed")
    refused(changed(1, -1, "-1"), "has the frame -1")
    refused(changed(1, -1, "1e12"), "has the frame 1e+12")
    refused(changed(0, 10, "x_4"), "has the column 'x_4' twice")
    refused(changed(0, rows[0].index("x_66"), "z"), "has 66 points (iBUG without the inner corners of the mouth)")
    write_table(path, rows[0], [rows[1][:-1]])
    refused(path, f"{path}, line 2: 143 fields, not 144")
    write_table(path, rows[0], [])
    refused(path, "has no line below its header")


# OpenFace


def test_one_face_of_each_video_is_used(tmp_path):
    """That with the most frames, whose lines can be between those of others."""
    faces = faces_of(6)
    names = ["file", "frame", "face_id", "timestamp", "confidence", "success", *point_columns()]
    lines = [("b", 1, 0, 0), ("a", 2, 7, 1), ("b", 2, 4, 2), ("a", 1, 7, 3), ("b", 1, 4, 4), ("a", 1, 0, 5)]
    rows = [[file, frame, face, 0, 0.9, 1, *faces[i].T.ravel()] for file, frame, face, i in lines]
    found = read_landmarks(write_table(tmp_path / "a.csv", names, rows))
    points = {
        (found.id[source], int(frame)): face
        for source, frame, face in zip(found.source, found.frame, found.landmarks, strict=True)
    }
    assert set(points) == {("a", 0), ("a", 1), ("b", 0), ("b", 1)}
    for (file, frame), i in {("a", 0): 3, ("a", 1): 1, ("b", 0): 4, ("b", 1): 2}.items():
        np.testing.assert_allclose(points[file, frame], faces[i], atol=1e-4)


def test_the_most_confident_face_of_an_image_is_used(tmp_path):
    faces = faces_of(3)
    rows = [[i, (0.5, 0.9, 0.7)[i], *face.T.ravel()] for i, face in enumerate(faces)]
    path = write_table(tmp_path / "a.csv", ["face", "confidence", *point_columns()], rows)
    np.testing.assert_allclose(read_point_file(path), faces[1:2], atol=1e-4)


def test_faults_of_openface(tmp_path):
    path = write_openface(tmp_path / "a.csv", faces_of(3))
    path.write_text(path.read_text().replace("x_66", "z", 1))
    refused(path, "has 66 points (iBUG without")
    path.write_text("frame, face_id, timestamp, confidence, success, AU01_r\n1, 0, 0, 0.9, 1, 0.5\n")
    refused(path, "run FeatureExtraction of OpenFace with -2Dfp")


# MediaPipe


def test_the_largest_mesh_of_an_image_is_used(tmp_path):
    small, large = mesh_of(FACE), mesh_of(FACE)
    small[..., :2] = small[..., :2] / 2
    for faces in ([small, large], [large, small]):
        path = write_json(tmp_path / "a.json", {"faceLandmarks": [points_json(face) for face in faces]})
        np.testing.assert_allclose(read_point_file(path)[0], FACE, atol=1e-4)


def test_frames_of_json_are_counted_from_0_or_1(tmp_path):
    faces = faces_of(2)
    for key, numbers, expected in (
        ("frame", (0, 2), (0, 2)),
        ("frame", (1, 3), (0, 2)),
        ("frame_number", (1, 3), (0, 2)),
        ("frame_index", (1, 3), (1, 3)),
        ("frame", (2, 3), (2, 3)),
    ):
        results = [{key: n, "landmarks": points_json(mesh_of(face))} for n, face in zip(numbers, faces, strict=True)]
        found = read_landmarks(write_json(tmp_path / "a.json", results))
        assert found.frame.tolist() == list(expected), (key, numbers)


MESH = points_json(mesh_of(FACE))
JSON_FAULTS = {
    "text": [{**MESH[0], "x": "1"}, *MESH[1:]],
    "true": [{**MESH[0], "x": True}, *MESH[1:]],
    "null": [{**MESH[0], "x": None}, *MESH[1:]],
    "infinite": [{**MESH[0], "x": float("inf")}, *MESH[1:]],
    "no y": [{"x": 1}, *MESH[1:]],
    "four": [[1, 2, 3, 4]] * 478,
    "numbers": [1, 2, 3],
    "no number of some frames": [{"frame": 0, "landmarks": MESH}, {"landmarks": MESH}],
    "two keys": [{"frame": 0, "landmarks": MESH}, {"frame_idx": 1, "landmarks": MESH}],
}


@pytest.mark.parametrize("name", JSON_FAULTS)
def test_faults_of_json(tmp_path, name):
    refused(write_json(tmp_path / "a.json", JSON_FAULTS[name]), "is JSON, but not of the landmarks of MediaPipe")


def test_repeated_frames_are_refused(tmp_path):
    results = [{"frame": n, "landmarks": MESH} for n in (0, 3, 3)]
    refused(write_json(tmp_path / "a.json", results), "has frame 3 2 times (frames are counted from 0): keep one")
    results[1]["frame"] = 10**9
    refused(write_json(tmp_path / "a.json", results), "has the frame 1e+09: integers from 0 to 1,000,000")


# Arrays


def test_arrays_of_objects_are_not_loaded(tmp_path):
    class Harmful:
        def __reduce__(self):
            return (print, ("executed",))

    for name in ("a.npy", "a.npz"):
        path = tmp_path / name
        array = np.full((2, 68, 2), Harmful(), object)
        np.save(path, array, allow_pickle=True) if name == "a.npy" else np.savez(path, landmarks=array)
        refused(path, f"cannot be read as .{name[-3:]}")


def test_impossible_positions_are_refused(tmp_path):
    for value in (1e300, np.inf, -1e20):
        face = FACE.copy()
        face[5, 0] = value
        np.save(tmp_path / "a.npy", face)
        refused(tmp_path / "a.npy", f"has a coordinate of {abs(value):.3g}")


def test_several_meshes_and_wrong_shapes_are_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, a=mesh_of(FACE), b=mesh_of(FACE))
    refused(path, "has 2 arrays of meshes (a, b): one is needed")
    np.savez(path, landmarks=np.zeros((2, 68)))
    refused(path, "'landmarks' is float64 (2, 68)")
    np.savez(path, landmarks=np.zeros((2, 68, 2), complex))
    refused(path, "'landmarks' is complex128 (2, 68, 2)")


def test_declared_sizes_are_checked_before_arrays_are_read(tmp_path):
    path = tmp_path / "a.npy"
    with open(path, "wb") as file:
        header = {"descr": "<f8", "fortran_order": False, "shape": (10**9, 68, 2)}
        np.lib.format.write_array_header_1_0(file, header)
    refused(path, "has arrays of more than 8 GB")
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive, archive.open("landmarks68.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, {**header, "shape": (4_000_000, 68, 2)})
    refused(tmp_path / "b.npz", "would unpack to 4.4 GB")


def test_ids_of_meshes(tmp_path):
    faces = faces_of(3)
    np.savez(tmp_path / "a.npz", faces=mesh_of(faces), id=np.array(["c", "a", "b"]))
    found = read_landmarks(tmp_path / "a.npz")
    assert found.id == ["c", "a", "b"]
    np.testing.assert_allclose(found.landmarks, faces)
    assert found.source.tolist() == [0, 1, 2]
    assert found.frame.tolist() == [0, 0, 0]
