"""``predict FOLDER --out DIR``: hostile inputs, messages, continuation, and the pages in a browser."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_features import save_model
from fer_features.recognition.sources import VideoSource

from ..recognition.scenes import fit_toy, moving_clip, write_video
from ..reports.browser import Browser, find_browser
from .test_predict import CLASSES, known_faces, models, read_rows, run  # noqa: F401 - fixtures

#: Names of files with characters that have a meaning in paths, HTML, CSV or formats of OpenCV.
HOSTILE_NAMES = ("a b.avi", "Grüße 喜び.avi", "two\nlines.avi", "=1+1.avi", "<b>&'\".avi", "100%d.avi", "-x.avi")


@pytest.fixture(scope="module")
def clips(models, tmp_path_factory):  # noqa: F811
    """Two videos; do not change them."""
    folder = tmp_path_factory.mktemp("videos")
    write_video(folder / "clip.avi", moving_clip(models["clips"][3], 6))
    write_video(folder / "other.avi", moving_clip(models["clips"][5], 4))
    return folder


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_videos_photographs_and_invalid_files_mixed(models, clips, tmp_path, capsys):  # noqa: F811
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    shutil.copy(clips / "clip.avi", folder / "clip.avi")
    cv2.imwrite(str(folder / "photo.png"), moving_clip(models["clips"][3])[-1])
    (folder / "aa.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(500))
    (folder / "notes.avi").write_text("a text\n" * 100)
    (folder / "empty.webm").touch()
    (folder / "text.jpg").write_text("no image")
    (folder / "readme.txt").write_text("not an input")
    os.mkfifo(folder / "pipe.mp4")
    assert run(models, "single_frame", folder, "--out", out, "--annotate", tmp_path / "faces") == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 6
    for name in ("aa.mp4", "notes.avi", "empty.webm", "text.jpg", "pipe.mp4"):
        (line,) = [line for line in errors if name in line]
        assert line.startswith("error: ")
    assert errors[-1] == "error: 5 of 7 inputs failed; the others were processed"
    rows = {row["id"]: row["status"] for row in read_rows(out / "summary.csv")}
    assert rows == {"clip.avi": "ok", **dict.fromkeys(("aa.mp4", "notes.avi", "empty.webm", "pipe.mp4"), "unreadable")}
    images = {row["id"]: row["status"] for row in read_rows(out / "images" / "predictions.csv")}
    assert images == {"photo.png": "ok", "text.jpg": "unreadable"}
    assert sorted(path.name for path in out.iterdir() if path.is_dir()) == ["clip.avi", "images"]
    assert sorted(path.name for path in (tmp_path / "faces").iterdir()) == ["clip_faces.mp4", "photo_faces.jpg"]
    # An input that failed is tried again, and what is finished is kept.
    shutil.copy(clips / "other.avi", folder / "aa.mp4")
    for name in ("notes.avi", "empty.webm", "text.jpg", "pipe.mp4"):
        (folder / name).unlink()
    assert run(models, "single_frame", folder, "--out", out) == 0
    assert [row["status"] for row in read_rows(out / "summary.csv")] == ["ok", "ok"]


def test_a_folder_without_an_input(models, tmp_path, capsys):  # noqa: F811
    (tmp_path / "empty" / "sub").mkdir(parents=True)
    assert run(models, "single_frame", tmp_path / "empty", "--out", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert "empty is a folder without an image or video" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_names_with_special_characters(models, clips, tmp_path):  # noqa: F811
    folder, out = tmp_path / "in\nput ü", tmp_path / "o u\nt ü"
    (folder / "sub folder").mkdir(parents=True)
    names = [*HOSTILE_NAMES, "sub folder/a b.avi", os.fsdecode(b"\xff.avi")]
    for name in names:
        shutil.copy(clips / "other.avi", folder / name)
    assert run(models, "single_frame", folder, "--out", out, "--elan", tmp_path / "elan") == 0
    assert all((out / name / "timeline.html").is_file() for name in names)
    assert len(list((tmp_path / "elan").iterdir())) == len(names)
    rows = read_rows(out / "summary.csv")
    assert {row["status"] for row in rows} == {"ok"}
    found = {row["id"].removeprefix("'") for row in rows}  # an apostrophe keeps a spreadsheet from computing a name
    assert found == {name.replace("\udcff", "\\udcff") for name in names}
    assert "'=1+1.avi" in {row["id"] for row in rows}


def test_output_inside_of_the_input(models, clips, tmp_path, capsys):  # noqa: F811
    folder = tmp_path / "in"
    shutil.copytree(clips, folder)
    before = contents(folder)
    assert run(models, "single_frame", folder, "--out", folder) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert run(models, "single_frame", folder, "--out", folder, "--overwrite") == 2
    assert contents(folder) == before
    # In a folder within the input, results of an earlier run are not taken for inputs.
    arguments = [folder, "--out", folder / "results", "--annotate", folder / "results_faces"]
    for done in (0, 2):
        assert run(models, "single_frame", *arguments) == 0
        assert f"2 videos, 0 images, {done} done before" in capsys.readouterr().out
    assert run(models, "single_frame", *arguments, "--overwrite") == 0
    assert [row["id"] for row in read_rows(folder / "results" / "summary.csv")] == ["clip.avi", "other.avi"]
    assert sorted(path.name for path in (folder / "results_faces").iterdir()) == ["clip_faces.mp4", "other_faces.mp4"]
    # A folder without anything else contains no input.
    capsys.readouterr()
    for name in before:
        (folder / name).rename(tmp_path / name)
    assert run(models, "single_frame", *arguments) == 2
    assert "contains no image or video but results" in capsys.readouterr().err
    for name in before:
        (tmp_path / name).rename(folder / name)
    assert {name: content for name, content in contents(folder).items() if name in before} == before


def test_an_interrupted_run_is_continued(models, clips, tmp_path, monkeypatch, capsys):  # noqa: F811
    iterate, opened = VideoSource.__iter__, []

    def frames(self):
        opened.append(self.id)
        for frame in iterate(self):
            if interrupts and self.id == "other.avi" and frame.index == 2:
                raise KeyboardInterrupt
            yield frame

    monkeypatch.setattr(VideoSource, "__iter__", frames)
    interrupts = True
    assert run(models, "single_frame", clips, "--out", tmp_path / "a") == 130
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert str(tmp_path / "a") in error
    assert (tmp_path / "a" / "clip.avi" / "state.json").exists()
    assert not (tmp_path / "a" / "other.avi").exists()
    assert not (tmp_path / "a" / "summary.csv").exists()
    interrupts = False
    opened.clear()
    assert run(models, "single_frame", clips, "--out", tmp_path / "a") == 0
    assert opened == ["other.avi"]
    assert "2 videos, 0 images, 1 done before" in capsys.readouterr().out
    assert run(models, "single_frame", clips, "--out", tmp_path / "b") == 0
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["IN", "--json"], "--json, --overwrite and --n-jobs need a folder as --out"),
        (["IN", "--out", "a.csv", "--n-jobs", "2"], "--json, --overwrite and --n-jobs need a folder as --out"),
        (["--camera", "0", "--out", "OUT"], "--camera needs a file as --out"),
        (["IN", "--out", "OUT", "--smooth", "-1"], "--smooth"),
        (["IN", "--out", "OUT", "--smooth", "nan"], "--smooth"),
        (["IN", "--out", "OUT", "--elan", "a.txt"], "the name of a folder is needed"),
        (["nowhere", "--out", "OUT"], "nowhere does not exist"),
    ],
)
def test_invalid_options(models, clips, tmp_path, monkeypatch, capsys, arguments, message):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    arguments = [clips if name == "IN" else name for name in arguments]
    assert run(models, "single_frame", *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_decoders_print_nothing_about_a_broken_video(tmp_path):
    """In a process of its own, because messages of FFmpeg do not pass Python, and another test may have hidden them."""
    model, clips = fit_toy("hog_linear", still=True, align__method="none", align__size=48)
    save_model(model, tmp_path / "model.joblib", {"classes": CLASSES})
    folder = tmp_path / "videos"
    folder.mkdir()
    whole = write_video(tmp_path / "whole.mp4", [clips[0][0][-1]] * 20, codec="mp4v").read_bytes()
    (folder / "0.mp4").write_bytes(whole[: len(whole) // 2])
    (folder / "1.avi").write_text("a text")
    write_video(folder / "2.avi", [clips[0][0][-1]] * 2)
    command = [sys.executable, "-m", "fer_features", "predict", "--model", "model.joblib", "videos", "--faces", "none"]
    command += ["--out", "out", "--annotate", "faces"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, env=without_log_level(Path(__file__))
    )
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: videos/0.mp4 cannot be opened: it is not a video of a known format",
        "error: videos/1.avi cannot be opened: it is not a video of a known format",
        "error: 2 of 3 inputs failed; the others were processed",
    ]
    assert done.stdout.splitlines()[-1] == "3 videos, 0 images, 0 done before; written to out"


def without_log_level(file):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENCV_")}
    return environment | {"PYTHONPATH": str(file.parents[2])}


@pytest.mark.skipif(find_browser() is None, reason="no Chromium or Chrome is installed")
def test_pages_in_a_browser(models, tmp_path):  # noqa: F811
    from ..reports.test_pages_in_browser import BACKGROUND, LOWEST_CONTRAST, SMALLEST_FONT

    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    frames = moving_clip(models["clips"][3], 10)
    write_video(folder / ("a long name " * 8 + ".avi"), [*frames, np.zeros_like(frames[0])])
    write_video(folder / "nobody.avi", [np.zeros_like(frames[0])] * 2)
    (folder / "broken.avi").write_text("a text")
    assert run(models, "neutral_to_apex", folder, "--out", out) == 2
    pages = [*out.rglob("timeline.html"), out / "summary.html"]
    assert len(pages) == 3
    with Browser() as browser:
        for page in pages:
            for width, dark in ((390, False), (1280, True)):
                browser.open(page, width, dark)
                assert browser.errors() == browser.requests() == []
                assert browser.value("document.documentElement.scrollWidth") <= width
                assert browser.value("getComputedStyle(document.body).backgroundColor") == BACKGROUND[dark]
                assert browser.value("[...document.images].every(i => i.naturalWidth > 0 && i.alt)")
                assert browser.value(SMALLEST_FONT) >= 12
                assert browser.value(LOWEST_CONTRAST) >= 4.5
            # On paper nothing is behind a scroll bar; a page of A4 without margins has 700 pixels.
            browser.open(page, 700)
            browser.call("Emulation.setEmulatedMedia", media="print")
            assert browser.value("document.documentElement.scrollWidth") <= 700
            assert browser.value("[...document.querySelectorAll('.scroll')].every(e => e.scrollWidth <= e.clientWidth)")
            assert browser.value("getComputedStyle(document.body).backgroundColor") == BACKGROUND[False]
            browser.call("Emulation.setEmulatedMedia", media="")
            assert browser.pdf().startswith(b"%PDF")
        links = browser.value("[...document.querySelectorAll('td a')].map(a => a.href)")
        for link in links:
            browser.open(link, 1280)
            assert browser.value("document.querySelector('h2').textContent")
        assert len(links) == 2
