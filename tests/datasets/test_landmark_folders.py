"""Landmarks of files and folders are joined by names and frame numbers, and never exchanged between images."""

import csv
import io
import re

import cv2
import numpy as np
import pytest

from fer_features import FerError, Samples, load_dataset
from fer_features.datasets import with_landmarks_from_file

from ..recognition.scenes import write_video
from .landmark_formats.written import (
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
    write_table,
)

WIDTH, HEIGHT = SIZE.tolist()
STILLS = ["sad/a.png", "sad/b.png", "joy/a.png", "joy/c_1.png", "joy/c_2.png", "d.png"]


def table(ids, n_frames=1, frame_numbers=None):
    images = np.zeros((len(ids), n_frames, HEIGHT, WIDTH), np.uint8)
    X = Samples.from_arrays(images, label=np.arange(len(ids)) % 2, id=ids)
    return X if frame_numbers is None else X.with_columns(frame_numbers=np.array(frame_numbers))


def written(path, write, *args):
    path.parent.mkdir(parents=True, exist_ok=True)
    return write(path, *args)


def save_npy(path, array):
    np.save(path, array)
    return path


PER_IMAGE = {
    "pts": (".pts", write_pts),
    "ck": ("_landmarks.txt", write_ck),
    "ljson": (".ljson", write_ljson),
    "json": (".json", lambda path, face: write_json(path, points_json(mesh_of(face)))),
    "npy": (".npy", lambda path, face: save_npy(path, mesh_of(face))),
    "fractions": ("_mesh.npy", lambda path, face: save_npy(path, mesh_of(face / SIZE, 468))),
    "openface": (".csv", lambda path, face: write_openface(path, face[None])),
    "pyfeat": ("_fex.csv", lambda path, face: write_pyfeat(path, [pyfeat_row("/elsewhere/x.png", 0, face)])),
    "imglab": (".xml", lambda path, face: write_imglab(path, {"x.png": face})),
}


@pytest.mark.parametrize("name", PER_IMAGE)
@pytest.mark.parametrize("seed", range(2))
def test_a_file_beside_each_image(tmp_path, name, seed):
    """Files are created in any order, and the samples can have another one."""
    rng = np.random.default_rng(seed)
    suffix, write = PER_IMAGE[name]
    faces, order = faces_of(6), rng.permutation(6)
    for i in rng.permutation(6):
        written(tmp_path / (STILLS[i].replace(".png", "") + suffix), write, faces[i])
    X = with_landmarks_from_file(table([STILLS[i] for i in order]), tmp_path)
    np.testing.assert_allclose(X["landmarks"][:, 0], faces[order], atol=2e-3)


TABLES = {
    "pyfeat": lambda path, names, faces: write_pyfeat(
        path, [pyfeat_row(f"/data/{name}", i, face) for i, (name, face) in enumerate(zip(names, faces, strict=True))]
    ),
    "imglab": lambda path, names, faces: write_imglab(path, dict(zip(names, faces, strict=True))),
    "openface": lambda path, names, faces: write_table(
        path,
        ["file", "frame", "timestamp", "confidence", "success", *(f"{axis}_{i}" for axis in "xy" for i in range(68))],
        [[name, 1, 0, 0.9, 1, *face.T.ravel()] for name, face in zip(names, faces, strict=True)],
    ),
    "mesh": lambda path, names, faces: np.savez(path, a=mesh_of(faces), id=np.array(names)),
    "archive": lambda path, names, faces: np.savez(path, landmarks=faces, id=np.array(names)),
}
SUFFIXES = {"pyfeat": ".csv", "imglab": ".xml", "openface": ".csv", "mesh": ".npz", "archive": ".npz"}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("seed", range(3))
def test_shuffled_lines_of_a_file_of_many_images(tmp_path, name, seed):
    rng = np.random.default_rng(seed)
    faces, order, lines = faces_of(6), rng.permutation(6), rng.permutation(6)
    path = tmp_path / f"faces{SUFFIXES[name]}"
    TABLES[name](path, [STILLS[i] for i in lines], faces[lines])
    X = with_landmarks_from_file(table([STILLS[i] for i in order]), path)
    np.testing.assert_allclose(X["landmarks"][:, 0], faces[order], atol=2e-3)


def shuffled_rows(path, rng):
    header, *rows = csv.reader(io.StringIO(path.read_text()))
    return write_table(path, header, [rows[i] for i in rng.permutation(len(rows))])


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_frames_of_several_videos(tmp_path, seed):
    rng = np.random.default_rng(seed)
    faces = faces_of(24).reshape(2, 12, 68, 2)
    rows = [pyfeat_row(f"{name}.mp4", t, faces[i, t]) for i, name in enumerate("ab") for t in range(12)]
    path = shuffled_rows(write_pyfeat(tmp_path / "a.csv", rows), rng)
    numbers = np.sort(rng.permutation(12)[:8].reshape(2, 4))
    X = with_landmarks_from_file(table(["b.mp4", "a.mp4"], 4, numbers), path)
    np.testing.assert_allclose(X["landmarks"], [faces[1, numbers[0]], faces[0, numbers[1]]], atol=1e-3)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("first", [0, 1])
def test_a_file_for_each_frame_of_clips(tmp_path, seed, first):
    """As in CK+: folders of sequences, whose files have the numbers of the frames."""
    rng = np.random.default_rng(seed)
    clips = ["S005/001", "S005/002", "S010/001"]
    lengths, faces = [9, 7, 11], [faces_of(n, n) for n in (9, 7, 11)]
    files = [(i, t) for i, n in enumerate(lengths) for t in range(n)]
    for j in rng.permutation(len(files)):
        i, t = files[j]
        name = f"{clips[i]}/{clips[i].replace('/', '_')}_{t + first:08d}_landmarks.txt"
        written(tmp_path / name, write_ck, faces[i][t])
    numbers = np.sort([rng.permutation(n)[:4] for n in lengths])
    expected = [clip[number] for clip, number in zip(faces, numbers, strict=True)]
    # Ids are folders, or the names before the numbers.
    for ids in (clips, [clip.replace("/", "_") for clip in clips], [f"images/{clip}" for clip in clips]):
        order = rng.permutation(3)
        X = with_landmarks_from_file(table([ids[i] for i in order], 4, numbers[order]), tmp_path)
        np.testing.assert_allclose(X["landmarks"], np.array(expected)[order], atol=1e-3)


def test_all_frames_of_clips_without_frame_numbers(tmp_path):
    faces = faces_of(6).reshape(2, 3, 68, 2)
    for i, clip in enumerate("ab"):
        for t in range(3):
            written(tmp_path / clip / f"frame{t + 1}.pts", write_pts, faces[i, t])
    X = with_landmarks_from_file(table(["b", "a"], 3), tmp_path)
    np.testing.assert_allclose(X["landmarks"], faces[::-1], atol=1e-3)
    (tmp_path / "a" / "frame2.pts").unlink()  # a frame without a face: between its neighbours
    X = with_landmarks_from_file(table(["b", "a"], 3), tmp_path)
    np.testing.assert_allclose(X["landmarks"][1, 1], faces[0, [0, 2]].mean(0), atol=1e-3)
    with pytest.raises(FerError, match=r"has 3 frame\(s\) of 'b', and the images have 4 \(2 such|the images have 2"):
        with_landmarks_from_file(table(["b", "a"], 2), tmp_path)


@pytest.mark.parametrize("write", [write_openface, lambda path, faces: save_npy(path, mesh_of(faces))])
def test_a_file_for_each_video(tmp_path, write):
    faces = [faces_of(8, 1), faces_of(5, 2)]
    suffix = ".csv" if write is write_openface else ".npy"
    for name, clip in zip("ab", faces, strict=True):
        written(tmp_path / f"{name}{suffix}", write, clip)
    numbers = [[0, 2, 4], [1, 6, 7]]
    X = with_landmarks_from_file(table(["x/b.mp4", "x/a.mp4"], 3, numbers), tmp_path)
    np.testing.assert_allclose(X["landmarks"], [faces[1][[0, 2, 4]], faces[0][[1, 6, 7]]], atol=1e-3)
    with pytest.raises(FerError, match=r"has 5 frame\(s\) of 'b\.mp4', and the sample shows frame 7 \(1 such sample"):
        with_landmarks_from_file(table(["b.mp4", "a.mp4"], 3, [[0, 1, 7], [0, 1, 2]]), tmp_path)


def test_files_of_this_package_have_the_frames_of_the_samples(tmp_path):
    """The archive that is written for samples with some frames of videos is read back, whatever the frames."""
    faces = faces_of(6).reshape(2, 3, 68, 2)
    X = table(["a.mp4", "b.mp4"], 3, [[0, 5, 9], [2, 2, 4]])
    np.savez(tmp_path / "faces.npz", landmarks=faces, id=X["id"])
    np.testing.assert_allclose(with_landmarks_from_file(X, tmp_path / "faces.npz")["landmarks"], faces, atol=1e-4)


def test_neutral_images_of_other_files_are_refused_or_skipped(tmp_path):
    faces = faces_of(4)
    for name, face in zip("abcd", faces, strict=True):
        written(tmp_path / f"{name}.pts", write_pts, face)
    X = table([f"{name}.png" for name in "abcd"], 2, [[0, 0], [-1, 0], [0, 0], [-1, 0]])
    with pytest.raises(FerError, match=r"no landmarks of the neutral images of 2 sample\(s\), such as 'b\.png'"):
        with_landmarks_from_file(X, tmp_path)
    X = with_landmarks_from_file(X, tmp_path, on_error="skip")
    assert X.missing("landmarks").tolist() == [False, True, False, True]
    np.testing.assert_allclose(X["landmarks"][[0, 2], 1], faces[[0, 2]], atol=1e-3)


def test_an_unnamed_file_has_the_samples_in_their_order_or_one_clip(tmp_path):
    faces = faces_of(5)
    path = save_npy(tmp_path / "a.npy", mesh_of(faces))
    X = with_landmarks_from_file(table(list("abcde")), path)
    np.testing.assert_allclose(X["landmarks"][:, 0], faces, atol=1e-3)
    X = with_landmarks_from_file(table(["a"], 5), path)
    np.testing.assert_allclose(X["landmarks"][0], faces, atol=1e-3)
    with pytest.raises(FerError, match=r"a\.npy has landmarks of 5 samples, and the data have 4"):
        with_landmarks_from_file(table(list("abcd")), path)


def refused(X, path, message, **options):
    with pytest.raises(FerError, match=re.escape(message)) as error:
        with_landmarks_from_file(X, path, **options)
    assert "\n" not in str(error.value)


def test_faults_of_folders(tmp_path):
    faces = faces_of(3)
    X = table(["a.png", "b.png", "c.png"])
    (tmp_path / "readme.txt").write_text("Landmarks of three faces")
    refused(X, tmp_path, "has no file with landmarks (1 examined); accepted are .npz of this package")
    for name, face in zip("ab", faces, strict=False):
        write_pts(tmp_path / f"{name}.pts", face)
    refused(X, tmp_path, "has no landmarks of 1 sample(s), such as 'c.png'; on_error='skip'")
    skipped = with_landmarks_from_file(X, tmp_path, on_error="skip")
    assert skipped.missing("landmarks").tolist() == [False, False, True]
    assert f"1 file(s) of {tmp_path} are not files with landmarks" in skipped.info.notes
    write_pts(tmp_path / "c.pts", faces[2])
    write_pts(tmp_path / "z.pts", faces[2])
    assert f"1 id(s) of {tmp_path} are of no sample" in with_landmarks_from_file(X, tmp_path).info.notes
    write_ck(tmp_path / "z.txt", faces[2])
    refused(X, tmp_path, "has files of two formats: a.pts is .pts of iBUG, z.txt is .txt with x y in each line (CK+)")
    (tmp_path / "z.txt").unlink()
    (tmp_path / "z.pts").write_text("x")
    refused(X, tmp_path, "z.pts has no known format of landmarks")
    (tmp_path / "z.pts").unlink()
    write_pts(tmp_path / "c_landmarks.pts", faces[0])
    (tmp_path / "c.pts").unlink()
    write_pts(tmp_path / "c_pts.pts", faces[0])
    refused(X, tmp_path, "has the sample 'c.png' twice: 'c_landmarks' and 'c_pts'")


def test_two_files_of_one_frame_are_refused(tmp_path):
    for name in ("x_1", "y_1", "x_2"):
        written(tmp_path / "a" / f"{name}.pts", write_pts, faces_of(1)[0])
    refused(table(["a"], 2), tmp_path, "has frame 0 of 'a' 2 times")


def test_numbers_of_frames_that_begin_with_neither_0_nor_1_are_refused(tmp_path):
    for t in (5, 6):
        written(tmp_path / "a" / f"x_{t}.pts", write_pts, faces_of(1)[0])
    refused(table(["a"], 2), tmp_path, "has no file of the first frame of a clip: its numbers begin with 5")


def test_points_outside_of_the_images_are_refused(tmp_path):
    for name in "ab":
        write_pts(tmp_path / f"{name}.pts", 3 * faces_of(1)[0])
    refused(table(["a.png", "b.png"]), tmp_path, "outside the image of 200 x 160")
    for name in "ab":
        write_pts(tmp_path / f"{name}.pts", faces_of(1)[0][:, ::-1] * [0.8, 0.8])
    refused(table(["a.png", "b.png"]), tmp_path, "are those of mirrored faces: are x and y swapped")


def test_landmarks_beside_the_images_of_class_folders(tmp_path):
    """Files with landmarks are not counted as unused files."""
    faces = faces_of(4)
    for i, (label, name) in enumerate((("sad", "a"), ("sad", "b"), ("happy", "a"), ("happy", "c"))):
        (tmp_path / label).mkdir(exist_ok=True)
        image = np.random.default_rng(i).integers(0, 256, (HEIGHT, WIDTH), np.uint8)
        assert cv2.imwrite(str(tmp_path / label / f"{name}.png"), image)
        write_pts(tmp_path / label / f"{name}.pts", faces[i])
    X = load_dataset(tmp_path, landmarks=tmp_path)
    expected = {"sad/a.png": 0, "sad/b.png": 1, "happy/a.png": 2, "happy/c.png": 3}
    np.testing.assert_allclose(X["landmarks"][:, 0], faces[[expected[name] for name in X["id"]]], atol=1e-3)
    assert not [note for note in X.info.notes if note.startswith("not used")]


def test_landmarks_of_large_photographs_are_reduced_with_them(tmp_path):
    faces = faces_of(4)
    for name, face in zip(("sad/a", "sad/b", "happy/a", "happy/b"), faces, strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        assert cv2.imwrite(str(tmp_path / f"{name}.png"), np.zeros((10 * HEIGHT, 10 * WIDTH), np.uint8))
        write_pts(tmp_path / f"{name}.pts", 10 * face)
    X = load_dataset(tmp_path, landmarks=tmp_path)
    scale = X.sizes()[0, 0] / (10 * WIDTH)
    assert scale < 0.6
    expected = dict(zip(("sad/a.png", "sad/b.png", "happy/a.png", "happy/b.png"), faces, strict=True))
    for name, points in zip(X["id"], X["landmarks"][:, 0], strict=True):
        np.testing.assert_allclose(points, (10 * expected[name] + 0.5) * scale - 0.5, atol=0.5)


CLIPS = {"sad/a": 9, "sad/b": 12, "happy/a": 8, "happy/b": 11}


@pytest.mark.parametrize("kind", ["videos", "frames"])
def test_landmarks_of_the_frames_that_are_read_of_videos_and_folders(tmp_path, kind):
    """Four frames of each clip are samples, and the files have all frames."""
    rng = np.random.default_rng(0)
    faces = {name: faces_of(n, n) for name, n in CLIPS.items()}
    for name, clip in faces.items():
        frames = [rng.integers(0, 256, (HEIGHT, WIDTH), np.uint8) for _ in clip]
        if kind == "videos":
            written(tmp_path / "data" / f"{name}.avi", write_video, frames)
            written(tmp_path / "points" / f"{name}.csv", write_openface, clip)
            continue
        for t, (frame, face) in enumerate(zip(frames, clip, strict=True)):
            image = tmp_path / "data" / name / f"x_{t + 1:04d}.png"
            image.parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(image), frame)
            written(tmp_path / "points" / name / f"x_{t + 1:04d}_landmarks.txt", write_ck, face)
    X = load_dataset(tmp_path / "data", frames=4, infer_subjects=False, landmarks=tmp_path / "points")
    assert len(X) == 4
    for name, numbers, points in zip(X["id"], X["frame_numbers"], X["landmarks"], strict=True):
        assert numbers[-1] > 0
        np.testing.assert_allclose(points, faces[name.removesuffix(".avi")][numbers], atol=1e-3)


NEUTRAL_LINES = "file_name,label,subject,neutral{column}\n"


@pytest.fixture
def pairs(tmp_path):
    """Six images of expressions and two of neutral faces, one of which has another size; and their landmarks."""
    faces = dict(zip([f"{i}.png" for i in range(6)] + ["n0.png", "n1.png"], faces_of(8), strict=True))
    for i, (name, face) in enumerate(faces.items()):
        factor = 2 if name == "n1.png" else 1
        image = np.random.default_rng(i).integers(
            0, 256, (factor * HEIGHT + 20 * (factor - 1), factor * WIDTH), np.uint8
        )
        assert cv2.imwrite(str(tmp_path / name), image)
        write_pts(tmp_path / f"{name[:-4]}.pts", factor * face + [0, 10 * (factor - 1)])
    return faces


def check_pairs(X, faces):
    assert X["frame_numbers"].tolist() == [[-1, 0]] * len(X)
    for name, neutral, points in zip(X["id"], X["neutral_image"], X["landmarks"], strict=True):
        np.testing.assert_allclose(points[1], faces[name], atol=1e-3)
        expected = faces[neutral]
        if neutral == "n1.png":  # 400 x 340 pixels fitted into 200 x 160, with margins at the left and right
            scale = HEIGHT / (2 * HEIGHT + 20)
            width = round(scale * 2 * WIDTH)
            in_file = 2 * expected + [0, 10]
            expected = (in_file + 0.5) * [width / (2 * WIDTH), scale] - 0.5 + [(WIDTH - width) // 2, 0]
        np.testing.assert_allclose(points[0], expected, atol=1e-2)


def pair_table(tmp_path, column="", lines=lambda i: ""):
    rows = [f"{i}.png,{'joy' if i % 2 else 'fear'},s{i % 3},n{i % 2}.png{lines(i)}\n" for i in range(6)]
    (tmp_path / "metadata.csv").write_text(NEUTRAL_LINES.format(column=column) + "".join(rows))
    return tmp_path / "metadata.csv"


def test_neutral_images_have_their_own_landmarks(tmp_path, pairs):
    """They are not those of the expression, whichever way the landmarks are given."""
    check_pairs(load_dataset(pair_table(tmp_path), landmarks=tmp_path), pairs)
    path = pair_table(tmp_path, ",landmarks", lambda i: f",{i}.pts")
    check_pairs(load_dataset(path), pairs)
    assert not [note for note in load_dataset(path).info.notes if "neutral images without" in note]


def test_samples_whose_neutral_images_have_no_landmarks_have_none(tmp_path, pairs):
    (tmp_path / "n0.pts").unlink()
    path = pair_table(tmp_path)
    with pytest.raises(FerError, match=r"no landmarks of the neutral images of 3 sample\(s\), such as '0\.png'"):
        load_dataset(path, landmarks=tmp_path)
    given = load_dataset(pair_table(tmp_path, ",landmarks", lambda i: f",{i}.pts"))
    assert "landmarks not used: 3 sample(s) have neutral images without landmarks" in given.info.notes
    for X in (load_dataset(path, landmarks=tmp_path, on_error="skip"), given):
        assert X.missing("landmarks").tolist() == [True, False] * 3
