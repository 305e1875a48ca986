"""The command: every kind of input, rows that say what is and what is not, and nothing that stops the others."""

import csv
import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
import skimage.data

from fer_features import save_model
from fer_features.cli import predict
from fer_features.recognition import recognizer as module
from fer_features.recognition.output import HEAD
from fer_features.recognition.sources import Video

from ..recognition.scenes import Landmarker, find, moving_clip, scene, toy, write_video

NAMES = {"0": "joy", "1": "fear", "2": "surprise"}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Folders with saved toy models: 'apex' describes a face alone, 'compared' compares it with a neutral one."""
    found = {}
    for name, sentence in (("apex", "hog_linear"), ("compared", "hogdiff_landmarks_linear")):
        model, clips = toy(sentence)
        folder = tmp_path_factory.mktemp(name)
        found[name] = save_model(model, folder / "model.joblib", {"classes": NAMES})
    return {**found, "clips": clips[0]}


@pytest.fixture(autouse=True)
def known_faces(monkeypatch):
    """Faces are patches that are not black, and the landmarker called 'drawn' knows their points."""
    monkeypatch.setattr(predict, "FaceDetector", lambda smallest: find)
    real = module.load_landmarker
    drawn = lambda path: Landmarker() if str(path).endswith("drawn") else real(path)  # noqa: E731
    monkeypatch.setattr(module, "load_landmarker", drawn)


def run(models, which, *arguments):
    known = [] if "--landmarks" in arguments else ["--landmarks", "drawn"]
    return predict.main(["--model", str(models[which]), *known, *map(str, arguments)])


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def pictures(tmp_path, models):
    """A folder of two pictures with a face and one without."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(2):
        cv2.imwrite(str(folder / f"{i}.png"), scene((models["clips"][i][-1], 60, 50)))
    cv2.imwrite(str(folder / "2.png"), np.zeros((99, 99), np.uint8))
    return folder


@pytest.fixture
def video(tmp_path, models):
    """12 frames of a face from neutral to its apex."""
    return write_video(tmp_path / "clip.avi", moving_clip(models["clips"][3]))


def test_a_folder_of_pictures(models, pictures, tmp_path, capsys):
    out = tmp_path / "out.csv"
    assert run(models, "apex", pictures, "--out", out) == 0
    rows = rows_of(out)
    assert list(rows[0]) == [*HEAD, "probability_joy", "probability_fear", "probability_surprise"]
    assert [row["status"] for row in rows] == ["ok", "ok", "no face"]
    assert rows[2]["expression"] == ""
    for row in rows[:2]:
        shares = [float(row[f"probability_{name}"]) for name in NAMES.values()]
        assert sum(shares) == pytest.approx(1, abs=1e-5)
        assert row["expression"] == list(NAMES.values())[int(np.argmax(shares))]
        assert (row["frame"], row["face"]) == ("0", "0")
    assert "3 input(s), 3 rows, 2 with an expression" in capsys.readouterr().out


def test_a_video_as_csv_and_json(models, video, tmp_path, capsys):
    for name in ("out.csv", "out.json"):
        assert run(models, "compared", video, "--out", tmp_path / name) == 0
    rows = rows_of(tmp_path / "out.csv")
    assert [row["status"] for row in rows] == ["neutral", *["ok"] * 11, "clip"]
    assert [row["time"] for row in rows[:3]] == ["0.0", "0.04", "0.08"]
    assert all(row["expression"] for row in rows[1:])
    assert float(rows[-1]["motion"]) == max(float(row["motion"]) for row in rows[:-1])
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["classes"] == list(NAMES.values())
    assert len(found["rows"]) == 12
    (clip,) = found["clips"]
    assert clip["expression"] == rows[-1]["expression"]
    assert str(clip["frame"]) == rows[-1]["frame"]
    assert "at its apex, frame" in capsys.readouterr().out


def test_frames_are_skipped(models, video, tmp_path):
    assert run(models, "apex", video, "--every", 5, "--out", tmp_path / "out.csv") == 0
    assert [row["frame"] for row in rows_of(tmp_path / "out.csv")][:-1] == ["0", "5", "10"]
    assert run(models, "apex", video, "--every", 5, "--fps", 3) == 2


def test_a_folder_as_a_sequence(models, video, tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    for frame in Video(video):
        cv2.imwrite(str(folder / f"f{frame.index}.png"), frame.picture)
    for name, given in (("a.csv", [video]), ("b.csv", [folder, "--sequence"])):
        assert run(models, "compared", *given, "--detect-every", 1, "--out", tmp_path / name) == 0
    a, b = (rows_of(tmp_path / name) for name in ("a.csv", "b.csv"))
    assert [{**row, "file": ""} for row in a] == [{**row, "file": ""} for row in b]


def test_the_neutral_face(models, pictures, video, tmp_path, capsys):
    out = tmp_path / "out.csv"
    assert run(models, "compared", pictures, "--out", out) == 0
    assert [row["status"] for row in rows_of(out)] == ["no neutral", "no neutral", "no face"]
    assert not any(row["expression"] for row in rows_of(out))
    cv2.imwrite(str(tmp_path / "neutral.png"), scene((models["clips"][0][0], 10, 10)))
    assert run(models, "compared", pictures, "--neutral", tmp_path / "neutral.png", "--out", out) == 0
    assert [row["status"] for row in rows_of(out)] == ["ok", "ok", "no face"]
    assert run(models, "compared", video, "--neutral", "median", "--out", out) == 0
    capsys.readouterr()
    assert run(models, "compared", pictures, "--neutral", "none") == 2
    assert "--neutral first, median or FILE" in capsys.readouterr().err


def test_what_fails_is_named_and_the_others_are_done(models, pictures, video, tmp_path, capsys):
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "short.avi").write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    (tmp_path / "folder.mp4").mkdir()
    bad = [tmp_path / name for name in ("text.jpg", "empty.mp4", "short.avi", "folder.mp4", "nowhere.png")]
    out = tmp_path / "out.csv"
    assert run(models, "apex", *bad[:2], pictures, *bad[2:], "--out", out) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 6
    for path, line in zip(bad, lines, strict=False):
        assert line.startswith("error: ")
        assert path.name in line
    assert "5 of 8 input(s) failed" in lines[-1]
    rows = rows_of(out)
    assert sum(row["status"] == "unreadable" for row in rows) == 5
    assert sum(row["status"] == "ok" and row["file"].endswith(".png") for row in rows) == 2
    assert sum(row["status"] == "ok" and row["file"].endswith("short.avi") for row in rows) >= 1


def test_oddities_are_no_crash(models, tmp_path):
    sizes = {"dot.png": (1, 1), "line.png": (1, 400), "large.png": (3000, 3000)}
    for name, size in sizes.items():
        cv2.imwrite(str(tmp_path / name), np.zeros(size, np.uint8))
    cv2.imwrite(str(tmp_path / "deep.png"), scene((models["clips"][0][-1], 60, 50)).astype(np.uint16) * 256)
    out = tmp_path / "out.csv"
    assert run(models, "apex", *(tmp_path / name for name in (*sizes, "deep.png")), "--out", out) == 0
    assert [row["status"] for row in rows_of(out)] == ["no face", "no face", "no face", "ok"]


def test_annotated_pictures_and_videos(models, pictures, video, tmp_path):
    folder = tmp_path / "drawn"
    assert run(models, "apex", pictures, video, "--annotate", folder) == 0
    assert sorted(p.name for p in folder.iterdir()) == ["0_faces.jpg", "1_faces.jpg", "2_faces.jpg", "clip_faces.mp4"]
    drawn, plain = cv2.imread(str(folder / "0_faces.jpg")), cv2.imread(str(pictures / "0.png"))
    assert drawn.shape == plain.shape
    assert np.abs(drawn.astype(int) - plain).max() > 100
    assert run(models, "compared", video, "--annotate", tmp_path / "one.mp4") == 0
    frames = [frame.picture for frame in Video(tmp_path / "one.mp4")]
    assert len(frames) == 12
    assert frames[0].shape == (240, 320, 3)


@pytest.mark.parametrize("name", ["one.mp4", "one.png"])
def test_one_file_for_many_inputs_is_refused(models, pictures, video, tmp_path, capsys, name):
    assert run(models, "apex", pictures, video, "--annotate", tmp_path / name) == 2
    assert "a folder is needed" in capsys.readouterr().err
    assert not (tmp_path / name).exists()


def test_landmarks_go_out_as_openface_has_them_and_come_in_again(models, video, tmp_path):
    points, a, b = tmp_path / "points.csv", tmp_path / "a.csv", tmp_path / "b.csv"
    assert run(models, "compared", video, "--openface", points, "--out", a) == 0
    assert rows_of(points)[3]["frame"] == "4"
    assert run(models, "compared", video, "--landmarks", points, "--out", b) == 0
    one, other = rows_of(a), rows_of(b)
    assert [row["expression"] for row in one] == [row["expression"] for row in other]
    shares = [[float(row["probability_joy"]) for row in rows[1:]] for rows in (one, other)]
    np.testing.assert_allclose(*shares, atol=0.02)  # written with two digits after the point


def test_openface_goes_with_one_video_alone(models, pictures, video, tmp_path, capsys):
    points = tmp_path / "points.csv"
    assert run(models, "compared", video, "--openface", points) == 0
    assert run(models, "compared", pictures, "--landmarks", points) == 2
    assert run(models, "compared", video, video, "--openface", points) == 2
    assert capsys.readouterr().err.count("only input") == 2


def test_unsure_faces_are_uncertain(models, pictures, tmp_path):
    out = tmp_path / "out.csv"
    assert run(models, "apex", pictures, "--reject", 0.999999, "--out", out) == 0
    assert [row["expression"] for row in rows_of(out)] == ["uncertain", "uncertain", ""]
    assert rows_of(out)[0]["probability_joy"]


def test_ctrl_c_keeps_what_was_done(models, pictures, video, tmp_path, monkeypatch, capsys):
    out, drawn = tmp_path / "out.json", tmp_path / "drawn"
    real = Video.__iter__

    def interrupted(self):
        for frame in real(self):
            if frame.index == 5:
                raise KeyboardInterrupt
            yield frame

    monkeypatch.setattr(Video, "__iter__", interrupted)
    assert run(models, "apex", pictures, video, "--out", out, "--annotate", drawn) == 130
    assert str(out) in capsys.readouterr().err
    found = json.loads(out.read_text())
    assert len(found["rows"]) == 3 + 5
    assert len(found["clips"]) == 1
    assert sorted(p.suffix for p in drawn.iterdir()) == [".jpg", ".jpg", ".jpg", ".mp4"]


def test_a_camera_is_followed_until_ctrl_c(models, tmp_path, monkeypatch, capsys):
    frames = moving_clip(models["clips"][3])

    class Camera:
        at = -1

        def isOpened(self):
            return True

        def get(self, what):
            return 0.0

        def grab(self):
            self.at += 1
            if self.at == len(frames):
                raise KeyboardInterrupt
            return True

        def retrieve(self):
            return True, cv2.cvtColor(frames[self.at], cv2.COLOR_GRAY2BGR)

        def release(self):
            pass

    monkeypatch.setattr("fer_features.recognition.sources._opened", lambda what: Camera())
    out = tmp_path / "out.csv"
    assert run(models, "compared", "--camera", 0, "--out", out) == 0
    assert len(rows_of(out)) == 13
    assert "camera 0: face 0: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "inputs are needed"),
        (["a.png", "--camera", "0"], "not both"),
        (["a.png", "--every", "0"], "--every"),
        (["a.png", "--reject", "7"], "--reject"),
    ],
)
def test_wrong_command_lines(models, capsys, arguments, words):
    with pytest.raises(SystemExit) as ended:
        run(models, "apex", *arguments)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a.png", "--out", "rows.txt"], ".csv or .json"),
        (["a.png", "--fps", "-1"], "above 0"),
        (["a.png", "--landmarks", "nowhere.joblib"], "nowhere.joblib"),
        (["a.png", "--landmarks", __file__], "saved with this file beside it"),
        (["a.png", "--neutral", "nobody"], "nobody"),
    ],
)
def test_mistakes_are_one_line(models, capsys, monkeypatch, tmp_path, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert run(models, "apex", *arguments) == 2
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_model_without_a_landmarker_says_what_to_do(models, capsys):
    assert predict.main(["--model", str(models["apex"]), "a.png"]) == 2
    assert "fer_features landmarks train" in capsys.readouterr().err


def test_a_real_face_from_a_process_of_its_own(tmp_path):
    # The detector of the package, a model of cut-out stills, and a photograph that comes with scikit-image.
    model, _ = toy("hog_linear", still=True, align__method="none", align__size=48, features__hog__cell=8)
    save_model(model, tmp_path / "model.joblib", {"classes": NAMES})
    cv2.imwrite(str(tmp_path / "astronaut.png"), skimage.data.astronaut()[..., ::-1])
    cv2.imwrite(str(tmp_path / "moon.png"), skimage.data.moon())
    command = [sys.executable, "-m", "fer_features", "predict", "--model", "model.joblib", "astronaut.png", "moon.png"]
    done = subprocess.run(
        [*command, "--out", "out.csv"], cwd=tmp_path, capture_output=True, text=True, env={**os.environ}
    )
    assert (done.returncode, done.stderr) == (0, "")
    astronaut, moon = rows_of(tmp_path / "out.csv")
    assert (astronaut["status"], moon["status"]) == ("ok", "no face")
    # Her face is about at (224, 120).
    x, y = (float(astronaut[a]) + float(astronaut[b]) / 2 for a, b in (("x", "width"), ("y", "height")))
    assert abs(x - 224) < 30
    assert abs(y - 120) < 30
