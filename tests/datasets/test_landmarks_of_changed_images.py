"""Landmarks of files are in pixels of the image files, whichever way the images of the table are made from them."""

import cv2
import numpy as np
import pytest

from fer_features import FerError, Samples, load_dataset
from fer_features.datasets import LandmarkTable, write_landmarks, write_packed
from fer_features.media import decoding
from fer_features.samples.source_regions import points_in_files
from fer_features.workflow import detect_landmarks

from .landmark_formats.written import faces_of, write_openface, write_pts

N_FRAMES = 4


@pytest.fixture(autouse=True)
def limit(monkeypatch):
    """Images of more than 100 x 120 pixels are reduced."""
    monkeypatch.setattr(decoding, "MAX_STORED_PIXELS", 100 * 120)


def write_image(path, seed=0, size=(320, 400)):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (8, 10), np.uint8)
    assert cv2.imwrite(str(path), cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC))


def large_faces():
    """Faces in images of 400 x 320 pixels; their halves are also inside of the reduced images."""
    return 1.1 * faces_of(N_FRAMES) + [20, 10]


def write_stills(folder):
    for i, face in enumerate(large_faces()):
        write_image(folder / f"{i}.png", i)
        (folder / "points").mkdir(exist_ok=True)
        write_pts(folder / "points" / f"{i}.pts", face)
    return folder


def check(X, faces=None):
    """The landmarks are those of images that were reduced by one factor."""
    width, height = X.sizes()[0]
    assert width * height <= 100 * 120
    scale = np.array([width / 400, height / 320])
    expected = (np.stack(large_faces() if faces is None else faces) + 0.5) * scale - 0.5
    np.testing.assert_allclose(X["landmarks"].reshape(-1, 68, 2), expected, atol=0.01)


@pytest.mark.parametrize("ids", ["{i}.png", "person {i}"])
@pytest.mark.parametrize("given", ["table", "folder"])
def test_ids_need_not_be_names_of_files(tmp_path, ids, given):
    write_stills(tmp_path)
    named = [ids.format(i=i) for i in range(N_FRAMES)]
    rows = [f"{i}.png,{'joy' if i % 2 else 'fear'},{name},points/{i}.pts" for i, name in enumerate(named)]
    (tmp_path / "metadata.csv").write_text("\n".join(["file_name,label,id,landmarks", *rows]))
    if given == "table":
        check(load_dataset(tmp_path))
        return
    for i, name in enumerate(named):
        (tmp_path / "points" / f"{i}.pts").rename(tmp_path / "points" / f"{name.removesuffix('.png')}.pts")
    rows = [row.rpartition(",")[0] for row in rows]
    (tmp_path / "metadata.csv").write_text("\n".join(["file_name,label,id", *rows]))
    check(load_dataset(tmp_path, landmarks=tmp_path / "points"))


@pytest.mark.parametrize("cached", [False, True])
def test_packed_files_need_no_source(tmp_path, cached):
    source = write_stills(tmp_path / "source")
    (source / "metadata.csv").write_text("\n".join(["file_name,label", *(f"{i}.png,joy" for i in range(N_FRAMES))]))
    for _ in range(1 + cached):
        X = load_dataset(source, cache=tmp_path / "cache" if cached else None)
    packed = write_packed(X, tmp_path / "packed.h5")
    source.rename(tmp_path / "moved")
    check(load_dataset(packed, landmarks=tmp_path / "moved" / "points"))


@pytest.mark.parametrize("frames", [1, 2, N_FRAMES])
@pytest.mark.parametrize("given", ["table", "folder"])
@pytest.mark.parametrize("as_video", [True, False])
def test_clips(tmp_path, frames, given, as_video):
    faces = large_faces()
    write_openface(tmp_path / "clip.csv", np.stack(faces))
    if as_video:
        writer = cv2.VideoWriter(str(tmp_path / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (400, 320))
        for i in range(N_FRAMES):
            writer.write(np.full((320, 400, 3), 40 * i, np.uint8))
        writer.release()
    else:
        for i in range(N_FRAMES):
            write_image(tmp_path / "clip" / f"{i}.png", i)
    name = "clip.avi" if as_video else "clip"
    table = tmp_path / "metadata.csv"
    table.write_text(f"file_name,label,landmarks\n{name},joy,{'clip.csv' if given == 'table' else ''}\n")
    X = load_dataset(table, frames=frames, apex="last", landmarks=tmp_path / "clip.csv" if given == "folder" else None)
    check(X, [faces[number] for number in X["frame_numbers"][0]])


@pytest.mark.parametrize("middle", [(64, 80), (60, 90), (40, 32)])
def test_frames_of_different_sizes(tmp_path, middle):
    """Each frame is fitted to the size of the apex, and its landmarks with it."""
    sizes = [(40, 50), middle, (80, 100)]
    for i, (face, size) in enumerate(zip(faces_of(3), sizes, strict=True)):
        write_image(tmp_path / "clip" / f"{i}.png", i, size)
        (tmp_path / "points" / "clip").mkdir(parents=True, exist_ok=True)
        # The same part of the centred square, which is not distorted.
        write_pts(tmp_path / "points" / "clip" / f"{i}.pts", face * min(size) / 200)
    (tmp_path / "metadata.csv").write_text("file_name,label\nclip,joy\n")
    X = load_dataset(tmp_path, landmarks=tmp_path / "points", frames=3, apex="last")
    for t, (face, size) in enumerate(zip(faces_of(3), sizes, strict=True)):
        factor = min(80 / size[0], 100 / size[1])
        margins = [(100 - round(factor * size[1])) // 2, (80 - round(factor * size[0])) // 2]
        expected = (face * min(size) / 200 + 0.5) * factor - 0.5 + margins
        np.testing.assert_allclose(X["landmarks"][0, t], expected, atol=0.5)


@pytest.mark.parametrize("box", [(30, 20, 250, 200), (0, 0, 250, 200), (0, 0, 500, 400), (30, 20, 90, 100)])
@pytest.mark.parametrize("unit", [1, np.array([400, 320])])
def test_crops(tmp_path, box, unit):
    """Faces in boxes of photographs; a large crop is reduced, too."""
    folder = tmp_path / "Manually_Annotated_Images" / "1"
    lines = ["subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"]
    faces = [0.4 * face + [40, 30] for face in large_faces()]
    for i, face in enumerate(faces):
        write_image(folder / f"{i:056x}.png", i)
        lines.append(f"1/{i:056x}.png,{','.join(map(str, box))},,{i},0,0")
        np.save(folder / f"{i:056x}.npy", face / unit)
    (tmp_path / "training.csv").write_text("\n".join(lines))
    X = load_dataset(tmp_path, landmarks=folder)
    assert X.info.dataset == "affectnet"
    left, top = max(0, round(box[0])), max(0, round(box[1]))
    right, bottom = min(400, round(box[0] + box[2])), min(320, round(box[1] + box[3]))
    scale = X.sizes()[0] / [right - left, bottom - top]
    shift = 0.5 if np.ndim(unit) == 0 else 0.0
    expected = (np.stack(faces) + shift - [left, top]) * scale - shift
    np.testing.assert_allclose(X["landmarks"][:, 0], expected, atol=0.01)


def test_written_landmarks_are_those_of_the_files(tmp_path):
    """A file of this package is read back to the same points, and is that of the photographs for other programs."""
    source = write_stills(tmp_path / "source")
    (source / "metadata.csv").write_text("\n".join(["file_name,label", *(f"{i}.png,joy" for i in range(N_FRAMES))]))
    X = load_dataset(source, landmarks=source / "points")
    points = points_in_files(X["landmarks"], X["source_region"], X.sizes())
    np.testing.assert_allclose(points[:, 0], large_faces(), atol=0.01)
    table = LandmarkTable(points, list(X["id"]), np.zeros((N_FRAMES, 1, 4)), np.ones((N_FRAMES, 1)))
    check(load_dataset(source, landmarks=write_landmarks(table, tmp_path / "a.npz")))


def test_detected_landmarks_are_those_of_the_files(tmp_path):
    for label in ("joy", "fear"):
        write_image(tmp_path / label / "a.png", len(label))
    X = load_dataset(tmp_path)
    in_files, in_images = (
        detect_landmarks(X, faces="crop"),
        detect_landmarks(Samples.from_arrays(X["images"]), faces="crop"),
    )
    scale = np.array([400, 320]) / X.sizes()[0]
    np.testing.assert_allclose(in_files.landmarks, (in_images.landmarks + 0.5) * scale - 0.5, atol=0.01)
    corner, size = (in_images.boxes[..., :2] + 0.5) * scale - 0.5, in_images.boxes[..., 2:] * scale
    np.testing.assert_allclose(in_files.boxes, np.concatenate([corner, size], -1), atol=0.01)


def test_a_table_of_unchanged_images_has_no_regions(tmp_path):
    for label in ("joy", "fear"):
        write_image(tmp_path / label / "a.png", size=(80, 100))
    assert "source_region" not in load_dataset(tmp_path)


def test_regions_of_another_shape_are_refused(tmp_path):
    for label in ("joy", "fear"):
        write_image(tmp_path / label / "a.png")
    X = load_dataset(tmp_path)
    for regions in (X["source_region"][..., :4], -X["source_region"], X["source_region"][:, 0]):
        with pytest.raises(FerError, match=r"source_region is float64 .*\(n, T, 6\)"):
            X.with_columns(source_region=regions)
