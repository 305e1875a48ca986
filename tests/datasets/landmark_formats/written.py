"""Files with landmarks in the documented form of each format, written for tests."""

import csv
import json

import numpy as np

from fer_features.vision.geometry import MEAN_FACE, MEDIAPIPE_TO_IBUG68

#: Width and height of the images of the tests, in pixels.
SIZE = np.array([200, 160])


def faces_of(n, seed=0):
    """Landmarks (n, 68, 2) of different faces in images of `SIZE`, in steps of a hundredth of a pixel."""
    shift = np.random.default_rng(seed).uniform([80, 50], [120, 70], (n, 1, 2))
    return np.round(25 * MEAN_FACE + shift, 2)


def mesh_of(faces, n_points=478, z=True):
    """Meshes (..., P, 3) whose points are those of faces (..., 68, 2), and (99, 99, 99) elsewhere."""
    mesh = np.full((*faces.shape[:-2], n_points, 3 if z else 2), 99.0)
    mesh[..., MEDIAPIPE_TO_IBUG68, :2] = faces
    return mesh


def write_pts(path, face):
    """A file as menpo writes it: pixels from 1."""
    points = "\n".join(f"{x + 1:.3f} {y + 1:.3f}" for x, y in face)
    path.write_text(f"version: 1\nn_points: {len(face)}\n{{\n{points}\n}}\n")
    return path


def write_ck(path, face):
    """A file as CK+ has it: blanks, scientific notation."""
    path.write_text("".join(f"   {x:.7e}   {y:.7e}\n" for x, y in face))
    return path


def write_imglab(path, faces):
    """A file of imglab with one box in each image; a mapping from file to face."""
    images = "".join(
        f"<image file='{name}'><box top='10' left='10' width='90' height='90'>"
        + "".join(f"<part name='{i:02d}' x='{x}' y='{y}'/>" for i, (x, y) in enumerate(face))
        + "</box></image>\n"
        for name, face in faces.items()
    )
    path.write_text(
        "<?xml version='1.0' encoding='ISO-8859-1'?>\n<?xml-stylesheet type='text/xsl' href='a.xsl'?>\n"
        f"<dataset><name>faces</name><images>\n{images}</images></dataset>"
    )
    return path


def write_ljson(path, face, version=2):
    """A file of menpo: points are [y, x]."""
    points = [[y, x] for x, y in face.tolist()]
    if version == 1:
        parts = (("jaw", points[:17]), ("rest", points[17:]))
        groups = [{"label": name, "landmarks": [{"point": point} for point in part]} for name, part in parts]
        content = {"version": 1, "groups": groups}
    else:
        labels = [{"label": "jaw", "mask": list(range(17))}]
        one = {"labels": labels, "landmarks": {"points": points, "connectivity": [[0, 1]]}}
        content = {**one, "version": 2} if version == 2 else {"groups": {"PTS": one}, "version": 3}
    path.write_text(json.dumps(content))
    return path


def write_table(path, names, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([names, *rows])
    return path


def point_columns(n=68):
    return [f"{axis}_{i}" for axis in "xy" for i in range(n)]


def write_openface(path, faces, found=None):
    """A file of FeatureExtraction of a video: frames from 1, blanks before names."""
    found = np.ones(len(faces), bool) if found is None else found
    names = ["frame", " face_id", " timestamp", " confidence", " success", *(f" {name}" for name in point_columns())]
    rows = [
        [i + 1, 0, i / 25, 0.98 * ok, int(ok), *(face.T.ravel() if ok else np.zeros(136))]
        for i, (face, ok) in enumerate(zip(faces, found, strict=True))
    ]
    return write_table(path, names, rows)


PYFEAT_NAMES = ["FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore"]


def pyfeat_row(source, frame, face, score=0.99, extra=0.5):
    box = [1, 2, 30, 40, score] if face is not None else [""] * 5
    points = face.T.ravel() if face is not None else [""] * 136
    return [*box, *points, extra, source, frame]


def write_pyfeat(path, rows):
    """A file of py-feat: boxes, points, action units, input and frame."""
    return write_table(path, [*PYFEAT_NAMES, *point_columns(), "AU01", "input", "frame"], rows)


def points_json(face):
    return [{"x": x, "y": y, "z": z} for x, y, z in face.tolist()]


def write_json(path, value):
    path.write_text(json.dumps(value))
    return path
