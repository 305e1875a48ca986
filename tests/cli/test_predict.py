"""The command ``predict``: all kinds of inputs, the table of predictions, and inputs that fail."""

import csv
import json
import os
import resource
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest
import skimage.data

from fer_features import load_dataset, save_model
from fer_features.cli import predict
from fer_features.exceptions import FerWarning
from fer_features.recognition import recognizer as module
from fer_features.recognition.neutral_reference import NEUTRAL_METHODS
from fer_features.recognition.records import RECORD_COLUMNS
from fer_features.recognition.sources import VideoSource

from ..recognition.scenes import (
    FakeCapture,
    PatchLandmarker,
    detect_patches,
    fit_toy,
    moving_clip,
    scene,
    write_video,
)
from ..recognition.test_timeline_writer import READERS

CLASSES = {"0": "joy", "1": "fear", "2": "surprise"}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Saved toy models: 'single_frame' needs the face alone, 'neutral_to_apex' a neutral reference too."""
    found = {}
    for name, pipeline in (("single_frame", "hog_linear"), ("neutral_to_apex", "hogdiff_landmarks_linear")):
        model, clips = fit_toy(pipeline)
        found[name] = save_model(model, tmp_path_factory.mktemp(name) / "model.joblib", {"classes": CLASSES})
    return {**found, "clips": clips[0]}


@pytest.fixture(autouse=True)
def known_faces(monkeypatch):
    """Replace the detector by `detect_patches`, and the landmarker called 'patches' by `PatchLandmarker`."""
    monkeypatch.setattr(module, "FaceDetector", lambda: detect_patches)
    load_landmarker = module.load_landmarker
    patched = lambda path: PatchLandmarker() if str(path).endswith("patches") else load_landmarker(path)  # noqa: E731
    monkeypatch.setattr(module, "load_landmarker", patched)


def run(models, name, *arguments):
    has_landmarks = {"--landmarker", "--openface-in"} & set(arguments)
    landmarker = [] if has_landmarks else ["--landmarker", "patches"]
    return predict.main(["--model", str(models[name]), *landmarker, *map(str, arguments)])


def read_rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def images(tmp_path, models):
    """A folder of two images with a face and one without."""
    folder = tmp_path / "images"
    folder.mkdir()
    for i in range(2):
        cv2.imwrite(str(folder / f"{i}.png"), scene((models["clips"][i][-1], 60, 50)))
    cv2.imwrite(str(folder / "2.png"), np.zeros((99, 99), np.uint8))
    return folder


@pytest.fixture
def video(tmp_path, models):
    """12 frames of a face from neutral to its apex."""
    return write_video(tmp_path / "clip.avi", moving_clip(models["clips"][3]))


def test_folder_of_images(models, images, tmp_path, capsys):
    out = tmp_path / "out.csv"
    assert run(models, "single_frame", images, "--out", out) == 0
    rows = read_rows(out)
    assert list(rows[0]) == [*RECORD_COLUMNS, "probability_joy", "probability_fear", "probability_surprise"]
    assert [row["status"] for row in rows] == ["ok", "ok", "no face"]
    assert rows[2]["expression"] == ""
    for row in rows[:2]:
        probabilities = [float(row[f"probability_{name}"]) for name in CLASSES.values()]
        assert sum(probabilities) == pytest.approx(1, abs=1e-5)
        assert row["expression"] == list(CLASSES.values())[int(np.argmax(probabilities))]
        assert (row["frame"], row["face_id"]) == ("0", "0")
    assert "3 inputs, 3 rows, 2 with an expression" in capsys.readouterr().out


def test_model_may_be_a_run_folder(models, images, tmp_path):
    for name, path in (("a.csv", models["single_frame"]), ("b.csv", models["single_frame"].parent)):
        arguments = ["--model", str(path), "--landmarker", "patches", str(images), "--out", str(tmp_path / name)]
        assert predict.main(arguments) == 0
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()


def test_video_as_csv_and_json(models, video, tmp_path, capsys):
    for name in ("out.csv", "out.json"):
        assert run(models, "neutral_to_apex", video, "--out", tmp_path / name) == 0
    rows = read_rows(tmp_path / "out.csv")
    assert [row["status"] for row in rows] == ["neutral", *["ok"] * 11, "summary"]
    assert [row["timestamp"] for row in rows[:3]] == ["0.0", "0.04", "0.08"]
    assert all(row["expression"] for row in rows[1:])
    assert float(rows[-1]["neutral_distance"]) == max(float(row["neutral_distance"]) for row in rows[:-1])
    content = json.loads((tmp_path / "out.json").read_text())
    assert content["classes"] == list(CLASSES.values())
    assert len(content["frames"]) == 12
    (track,) = content["tracks"]
    assert track["expression"] == rows[-1]["expression"]
    assert str(track["frame"]) == rows[-1]["frame"]
    assert "at the apex, frame" in capsys.readouterr().out


def test_frames_are_sampled(models, video, tmp_path):
    assert run(models, "single_frame", video, "--frame-step", 5, "--out", tmp_path / "out.csv") == 0
    assert [row["frame"] for row in read_rows(tmp_path / "out.csv")][:-1] == ["0", "5", "10"]
    assert run(models, "single_frame", video, "--frame-step", 5, "--fps", 3) == 2


def test_sequence_gives_the_numbers_of_the_video(models, video, tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    for frame in VideoSource(video):
        cv2.imwrite(str(folder / f"f{frame.index}.png"), frame.image)
    for name, inputs in (("a.csv", [video]), ("b.csv", [folder, "--sequence"])):
        assert run(models, "neutral_to_apex", *inputs, "--detect-interval", 1, "--out", tmp_path / name) == 0
    a, b = (read_rows(tmp_path / name) for name in ("a.csv", "b.csv"))
    assert [{**row, "file": "", "id": ""} for row in a] == [{**row, "file": "", "id": ""} for row in b]


def test_folder_of_videos(models, video, tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    for i in range(2):
        (folder / f"{i}.avi").write_bytes(video.read_bytes())
    assert run(models, "single_frame", folder, "--frame-step", 6, "--out", tmp_path / "out.csv") == 0
    rows = read_rows(tmp_path / "out.csv")
    assert [row["status"] for row in rows] == [*["ok"] * 2, "summary"] * 2
    assert {row["file"] for row in rows} == {str(folder / "0.avi"), str(folder / "1.avi")}


def test_neutral_reference(models, images, video, tmp_path, capsys):
    out = tmp_path / "out.csv"
    cv2.imwrite(str(tmp_path / "neutral.png"), scene((models["clips"][0][0], 10, 10)))
    assert run(models, "neutral_to_apex", images, "--neutral", tmp_path / "neutral.png", "--out", out) == 0
    assert [row["status"] for row in read_rows(out)] == ["ok", "ok", "no face"]
    assert run(models, "neutral_to_apex", video, "--neutral", "median", "--out", out) == 0
    capsys.readouterr()
    assert run(models, "neutral_to_apex", images, "--neutral", "none") == 2
    assert "--neutral first, --neutral median or --neutral FILE" in capsys.readouterr().err


def test_images_need_an_image_of_the_neutral_face(models, images, video, tmp_path, capsys):
    out = tmp_path / "out.csv"
    assert run(models, "neutral_to_apex", images, "--out", out) == 2
    error = capsys.readouterr().err
    assert "give an image of the neutral face, or a folder with one for each subject, by --neutral PATH" in error
    assert error.count("\n") == 1
    assert not out.exists()
    # With a video there is something to process; the images fail.
    assert run(models, "neutral_to_apex", video, images / "0.png", "--out", out) == 2
    first, last = capsys.readouterr().err.strip().split("\n")
    assert first.startswith(f"error: {images / '0.png'}: the model compares")
    assert last == "error: 1 of 2 inputs failed; the others were processed"
    assert [row["status"] for row in read_rows(out)] == ["neutral", *["ok"] * 11, "summary", "unreadable"]


def test_cut_to_another_person_starts_a_new_face(models, tmp_path):
    first, second = (moving_clip(models["clips"][i], n=6) for i in (0, 3))
    path = write_video(tmp_path / "cut.avi", [*first, *second])
    assert run(models, "neutral_to_apex", path, "--out", tmp_path / "out.csv") == 0
    rows = read_rows(tmp_path / "out.csv")
    assert [row["face_id"] for row in rows] == [*"0" * 6, *"1" * 6, "0", "1"]
    assert [row["status"] for row in rows[:12]] == ["neutral", *["ok"] * 5] * 2


def test_failed_inputs_are_named_and_the_others_are_processed(models, images, video, tmp_path, capsys):
    (tmp_path / "text.jpg").write_text("not an image")
    (tmp_path / "empty.mp4").touch()
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "folder.mp4").mkdir()
    invalid = [tmp_path / name for name in ("text.jpg", "empty.mp4", "pipe.mp4", "folder.mp4", "nowhere.png")]
    out = tmp_path / "out.csv"
    assert run(models, "single_frame", *invalid[:2], images, *invalid[2:], "--out", out) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 6
    for path, line in zip(invalid, lines, strict=False):
        assert line.startswith("error: ")
        assert path.name in line
    assert "5 of 8 inputs failed" in lines[-1]
    rows = read_rows(out)
    assert sum(row["status"] == "unreadable" for row in rows) == 5
    assert sum(row["status"] == "ok" and row["file"].endswith(".png") for row in rows) == 2


def test_video_that_ends_early_is_processed_with_a_warning(models, video, tmp_path):
    (tmp_path / "short.avi").write_bytes(video.read_bytes()[: video.stat().st_size * 3 // 4])
    with pytest.warns(FerWarning, match=r"short\.avi ends after [0-9]+ of the 12 frames"):
        assert run(models, "single_frame", tmp_path / "short.avi", "--out", tmp_path / "out.csv") == 0
    assert 2 < len(read_rows(tmp_path / "out.csv")) < 12


def test_images_of_unusual_size_and_depth(models, tmp_path):
    sizes = {"dot.png": (1, 1), "line.png": (1, 400), "large.png": (3000, 3000)}
    for name, size in sizes.items():
        cv2.imwrite(str(tmp_path / name), np.zeros(size, np.uint8))
    cv2.imwrite(str(tmp_path / "16bit.png"), scene((models["clips"][0][-1], 60, 50)).astype(np.uint16) * 256)
    out = tmp_path / "out.csv"
    assert run(models, "single_frame", *(tmp_path / name for name in (*sizes, "16bit.png")), "--out", out) == 0
    assert [row["status"] for row in read_rows(out)] == ["no face", "no face", "no face", "ok"]


def test_annotated_images_and_videos(models, images, video, tmp_path):
    folder = tmp_path / "annotated"
    assert run(models, "single_frame", images, video, "--annotate", folder) == 0
    assert sorted(p.name for p in folder.iterdir()) == ["0_faces.jpg", "1_faces.jpg", "2_faces.jpg", "clip_faces.mp4"]
    annotated, original = cv2.imread(str(folder / "0_faces.jpg")), cv2.imread(str(images / "0.png"))
    assert annotated.shape == original.shape
    assert np.abs(annotated.astype(int) - original).max() > 100
    assert run(models, "neutral_to_apex", video, "--annotate", tmp_path / "one.mp4") == 0
    frames = [frame.image for frame in VideoSource(tmp_path / "one.mp4")]
    assert len(frames) == 12
    assert frames[0].shape == (240, 320, 3)


@pytest.mark.parametrize("name", ["one.mp4", "one.png"])
def test_one_annotated_file_for_several_inputs_is_refused(models, images, video, tmp_path, capsys, name):
    assert run(models, "single_frame", images, video, "--annotate", tmp_path / name) == 2
    assert "a folder is needed" in capsys.readouterr().err
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("option", READERS)
@pytest.mark.parametrize("name", ["single_frame", "neutral_to_apex"])
def test_timelines_have_the_records_of_the_table(models, tmp_path, option, name):
    """No face, then two faces, of which one leaves: each row of the table is in the segment of its face."""
    suffix, read = READERS[option]
    first, second = models["clips"][3], models["clips"][5]
    both = [scene((a, 20, 50), (b, 170, 50)) for a, b in zip(first, second, strict=True)]
    alone = [scene((first[-1], 20, 50))] * 3
    video = write_video(tmp_path / "clip.avi", [*[np.zeros_like(both[0])] * 3, *both, *alone])
    table, timeline = tmp_path / "out.csv", tmp_path / f"timeline{suffix}"
    assert run(models, name, video, "--all-faces", "--out", table, f"--{option}", timeline) == 0
    rows = [row for row in read_rows(table) if row["status"] != "summary"]
    segments = read(timeline)
    assert {tier for tier, *_ in segments} >= {"face 0", "face 1", "frames"}
    for row in rows:
        now = round(1000 * float(row["timestamp"]))
        tier = f"face {row['face_id']}" if row["face_id"] else "frames"
        (value,) = [value for one, begin, end, value in segments if one == tier and begin <= now < end]
        assert value == (row["expression"] or row["status"])
    changes = {}
    for row in rows:
        value = row["expression"] or row["status"]
        values = changes.setdefault(row["face_id"], [])
        values.extend([] if values and values[-1] == value else [value])
    assert len(segments) == sum(map(len, changes.values()))
    assert max(end for _, _, end, _ in segments) == round(1000 * float(rows[-1]["timestamp"])) + 40


@pytest.mark.parametrize("option", READERS)
def test_each_video_gets_a_timeline_in_a_folder(models, video, tmp_path, capsys, option):
    suffix, read = READERS[option]
    other = shutil.copy(video, tmp_path / "other.avi")
    (tmp_path / "broken.avi").write_bytes(b"broken")
    out = tmp_path / "out"
    assert run(models, "single_frame", video, tmp_path / "broken.avi", other, f"--{option}", out) == 2
    assert sorted(path.name for path in out.iterdir()) == [f"clip{suffix}", f"other{suffix}"]
    assert read(out / f"clip{suffix}") == read(out / f"other{suffix}")
    # The folder of the videos is possible, too, and does not change them.
    content = video.read_bytes()
    assert run(models, "single_frame", video, f"--{option}", tmp_path) == 0
    assert video.read_bytes() == content
    assert (tmp_path / f"clip{suffix}").read_bytes() == (out / f"clip{suffix}").read_bytes()
    capsys.readouterr()
    assert run(models, "single_frame", video, other, f"--{option}", tmp_path / f"a{suffix}") == 2
    error = capsys.readouterr().err
    assert f"--{option} {tmp_path / f'a{suffix}'} is one file, for 2 inputs: a folder is needed" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("option", READERS)
def test_timelines_need_videos(models, images, video, tmp_path, capsys, option):
    suffix, _ = READERS[option]
    for arguments in ([images], [images, video]):
        assert run(models, "single_frame", *arguments, f"--{option}", tmp_path / "out") == 2
        error = capsys.readouterr().err
        assert "needs videos or sequences: images have no timeline" in error
        assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
    assert run(models, "single_frame", images, "--sequence", f"--{option}", tmp_path / f"a{suffix}") == 0
    assert (tmp_path / f"a{suffix}").exists()


def test_openface_output_can_be_used_as_input(models, video, tmp_path):
    landmarks, a, b = tmp_path / "landmarks.csv", tmp_path / "a.csv", tmp_path / "b.csv"
    assert run(models, "neutral_to_apex", video, "--openface-out", landmarks, "--out", a) == 0
    assert read_rows(landmarks)[3]["frame"] == "4"
    assert run(models, "neutral_to_apex", video, "--openface-in", landmarks, "--out", b) == 0
    first, second = read_rows(a), read_rows(b)
    assert [row["expression"] for row in first] == [row["expression"] for row in second]
    probabilities = [[float(row["probability_joy"]) for row in rows[1:]] for rows in (first, second)]
    np.testing.assert_allclose(*probabilities, atol=0.02)  # landmarks are written with two decimals


def test_openface_files_of_other_programs_and_videos_are_refused(models, video, tmp_path, capsys):
    landmarks, out = tmp_path / "landmarks.csv", tmp_path / "out.csv"
    assert run(models, "neutral_to_apex", video, "--openface-out", landmarks) == 0
    header, *lines = landmarks.read_text().splitlines()
    changed = {
        "counts frames from 1": [header, *(f"{int(line.split(',')[0]) - 1},{line.split(',', 1)[1]}" for line in lines)],
        "'confidence'": [header.replace("confidence", "score"), *lines],
        "it has frame 13, but this video has 12": [header, *lines, "13" + lines[-1][2:]],
    }
    for message, text in changed.items():
        landmarks.write_text("\n".join(text) + "\n")
        capsys.readouterr()
        assert run(models, "neutral_to_apex", video, "--openface-in", landmarks, "--out", out) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
        assert not out.exists()


def test_openface_files_need_a_single_stream(models, images, video, tmp_path, capsys):
    landmarks = tmp_path / "landmarks.csv"
    assert run(models, "neutral_to_apex", video, "--openface-out", landmarks) == 0
    assert run(models, "neutral_to_apex", images, "--openface-in", landmarks) == 2
    assert run(models, "neutral_to_apex", video, video, "--openface-out", landmarks) == 2
    assert capsys.readouterr().err.count("only input") == 2


def test_reject_below(models, images, tmp_path):
    out = tmp_path / "out.csv"
    assert run(models, "single_frame", images, "--reject-below", 0.999999, "--out", out) == 0
    assert [row["expression"] for row in read_rows(out)] == ["uncertain", "uncertain", ""]
    assert read_rows(out)[0]["probability_joy"]


def test_interruption_keeps_the_results_so_far(models, images, video, tmp_path, monkeypatch, capsys):
    out, annotated = tmp_path / "out.json", tmp_path / "annotated"
    iterate = VideoSource.__iter__

    def interrupted(self):
        for frame in iterate(self):
            if frame.index == 5:
                raise KeyboardInterrupt
            yield frame

    monkeypatch.setattr(VideoSource, "__iter__", interrupted)
    assert run(models, "single_frame", images, video, "--out", out, "--annotate", annotated) == 130
    assert str(out) in capsys.readouterr().err
    content = json.loads(out.read_text())
    assert len(content["frames"]) == 3 + 5
    assert len(content["tracks"]) == 1
    assert sorted(p.suffix for p in annotated.iterdir()) == [".jpg", ".jpg", ".jpg", ".mp4"]


def test_ctrl_c_is_the_regular_end_of_a_camera(models, tmp_path, monkeypatch, capsys):
    def interrupt():
        raise KeyboardInterrupt

    frames = [cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR) for frame in moving_clip(models["clips"][3])]
    camera = FakeCapture(frames, at_end=interrupt)
    monkeypatch.setattr("fer_features.media.video_frames.open_capture", lambda path_or_camera: camera)
    out = tmp_path / "out.csv"
    assert run(models, "neutral_to_apex", "--camera", 0, "--out", out) == 0
    assert len(read_rows(out)) == 13
    assert "camera 0: face 0: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give inputs or --camera"),
        (["a.png", "--camera", "0"], "not both"),
        (["a.png", "--frame-step", "0"], "--frame-step"),
        (["a.png", "--reject-below", "7"], "--reject-below"),
        (["a.png", "--landmarker", "l.joblib", "--openface-in", "l.csv"], "not allowed with"),
    ],
)
def test_invalid_command_lines(models, capsys, arguments, message):
    with pytest.raises(SystemExit) as ended:
        run(models, "single_frame", *arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.png", "--out", "rows.txt"], ".csv or .json"),
        (["a.png", "--fps", "-1"], "above 0"),
        (["a.png", "--fps", "inf"], "above 0"),
        (["a.png", "--fps", "nan"], "above 0"),
        (["a.png", "--fps", "1e308"], "above 0"),
        (["a.png", "--openface-out", "landmarks.txt"], ".csv"),
        (["a.png", "--out", "o.csv", "--openface-out", "./o.csv"], "give two names"),
        (["a.png", "--elan", "a.csv"], "--elan a.csv: a name that ends in .txt, or a folder, is needed"),
        (["a.png", "--webvtt", "a.txt"], "--webvtt a.txt: a name that ends in .vtt, or a folder, is needed"),
        (["a.png", "--landmarker", "nowhere.joblib"], "nowhere.joblib"),
        (["a.png", "--landmarker", __file__], "manifest"),
        (["a.png", "--openface-in", "nowhere.csv"], "nowhere.csv"),
        (["a.png", "--neutral", "nobody"], "nobody"),
        (["nowhere.png"], "nowhere.png does not exist"),
        (["--camera", "99"], "camera 99 cannot be opened"),
    ],
)
def test_errors_are_one_line(models, capsys, monkeypatch, tmp_path, arguments, message):
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    assert run(models, "single_frame", *arguments) == 2
    out, error = capsys.readouterr()
    assert message in error
    assert out == ""
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_help_lists_the_neutral_methods(capsys):
    with pytest.raises(SystemExit):
        predict.main(["--help"])
    text = capsys.readouterr().out
    assert all(f"'{method}'" in text for method in NEUTRAL_METHODS)


def test_real_face_in_a_separate_process(tmp_path):
    # The detector of the package, a model of face crops, and photographs of scikit-image.
    model, _ = fit_toy("hog_linear", still=True, align__method="none", align__size=48, features__hog__pixels_per_cell=8)
    save_model(model, tmp_path / "model.joblib", {"classes": CLASSES})
    cv2.imwrite(str(tmp_path / "astronaut.png"), skimage.data.astronaut()[..., ::-1])
    cv2.imwrite(str(tmp_path / "moon.png"), skimage.data.moon())
    command = [sys.executable, "-m", "fer_features", "predict", "--model", ".", "astronaut.png", "moon.png"]
    done = subprocess.run([*command, "--out", "out.csv"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    astronaut, moon = read_rows(tmp_path / "out.csv")
    assert (astronaut["status"], moon["status"]) == ("ok", "no face")
    # The centre of the face is at about (224, 120).
    x, y = (float(astronaut[a]) + float(astronaut[b]) / 2 for a, b in (("x", "width"), ("y", "height")))
    assert abs(x - 224) < 30
    assert abs(y - 120) < 30


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("--annotate", "photo.png"),
        ("--annotate", "link.png"),
        ("--out", "model/model.json"),
        ("--out", "landmarks.csv"),
        ("--openface-out", "landmarks.csv"),
        ("--annotate", "neutral.png"),
    ],
)
def test_inputs_are_not_overwritten(models, images, video, tmp_path, capsys, option, name):
    shutil.copytree(models["neutral_to_apex"].parent, tmp_path / "model")
    shutil.copy(images / "0.png", tmp_path / "photo.png")
    (tmp_path / "link.png").symlink_to("photo.png")
    cv2.imwrite(str(tmp_path / "neutral.png"), scene((models["clips"][0][0], 10, 10)))
    assert run(models, "neutral_to_apex", video, "--openface-out", tmp_path / "landmarks.csv") == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    capsys.readouterr()
    arguments = ["--model", tmp_path / "model", "--neutral", tmp_path / "neutral.png", "--landmarker", "patches"]
    if name == "landmarks.csv":
        arguments = ["--model", tmp_path / "model", video, "--openface-in", tmp_path / "landmarks.csv"]
    else:
        arguments += [tmp_path / "photo.png"]
    assert predict.main([str(argument) for argument in (*arguments, option, tmp_path / name)]) == 2
    error = capsys.readouterr().err
    assert "is an input of this command" in error
    assert error.count("\n") == 1
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_annotated_files_do_not_replace_images_of_the_input_folder(models, images, capsys):
    (images / "0_faces.jpg").write_bytes((images / "0.png").read_bytes())
    before = (images / "0_faces.jpg").read_bytes()
    assert run(models, "single_frame", images, "--annotate", images) == 2
    assert "0_faces.jpg: it is an input of this command" in capsys.readouterr().err
    assert (images / "0_faces.jpg").read_bytes() == before


@pytest.mark.parametrize("name", ["annotated.mp4", "annotated.avi"])
def test_annotated_video_that_cannot_be_written_completely_is_an_error(models, video, tmp_path, capsys, name):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, limits[1]))
    try:
        assert run(models, "single_frame", video, "--annotate", tmp_path / name) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    error = capsys.readouterr().err
    assert "of its 12 frames can be read" in error
    assert not (tmp_path / name).exists()


def test_annotated_image_that_cannot_be_written_is_an_error(models, images, tmp_path, capsys):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        assert run(models, "single_frame", images / "0.png", "--annotate", tmp_path / "a.png") == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "cannot write" in capsys.readouterr().err
    assert not (tmp_path / "a.png").exists()


def test_predictions_of_a_folder_are_joined_with_its_samples_by_id(models, tmp_path):
    folder = tmp_path / "data"
    for i, name in enumerate(("happy/a.png", "sad/b/a.png", "sad/c.png")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), np.full((64, 64), 60 * (i + 1), np.uint8))
    (folder / "sad" / "damaged.png").write_text("x")
    out = tmp_path / "predictions.csv"
    assert run(models, "single_frame", folder, "--out", out) == 2
    with open(out) as file:
        ids = [row["id"] for row in csv.DictReader(file)]
    X = load_dataset(folder, on_error="skip")
    assert sorted(ids) == sorted([*X["id"], "sad/damaged.png"])


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_the_table_of_files_in_a_folder_is_not_overwritten(models, images, tmp_path, capsys, suffix):
    shutil.copy(images / "0.png", tmp_path / "photo.png")
    table = tmp_path / f"metadata{suffix}"
    table.write_text("mine")
    assert run(models, "single_frame", tmp_path, "--out", table) == 2
    assert table.read_text() == "mine"
    assert run(models, "single_frame", tmp_path, "--out", tmp_path / "predictions.csv") == 0


@pytest.mark.parametrize("option", READERS)
def test_timelines_do_not_overwrite_the_videos(models, video, tmp_path, capsys, option):
    """Videos are recognized by their content, so that one can have the name of an output."""
    suffix, _ = READERS[option]
    named = shutil.copy(video, tmp_path / f"clip{suffix}")
    content = named.read_bytes()
    for out in (named, tmp_path):
        assert run(models, "single_frame", named, f"--{option}", out) == 2
        error = capsys.readouterr().err
        assert "it is an input of this command (INPUTS)" in error
        assert error.count("\n") == 1
        assert named.read_bytes() == content
