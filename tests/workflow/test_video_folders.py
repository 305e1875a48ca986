"""Folders of results of videos: files, continuation, failures, and equality for any number of processes."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_features import FerError, Recognizer
from fer_features.recognition.sources import VideoSource, sources_from_inputs
from fer_features.workflow.video_folders import FolderOptions, predict_videos

from ..recognition.scenes import PatchLandmarker, detect_patches, fit_toy, moving_clip, scene, write_video

NAMES = ["joy", "<b>fear", "surprise"]


@pytest.fixture(scope="module")
def recognizer():
    model, clips = fit_toy("hogdiff_landmarks_linear")
    found = Recognizer(model, landmarker=PatchLandmarker(), detector=detect_patches, class_names=NAMES)
    found.clips = clips[0]
    return found


@pytest.fixture
def videos(tmp_path, recognizer):
    """Two videos of the same stem, one of one frame with a hostile name, one without a face, and a broken one."""
    folder = tmp_path / "my videos"
    (folder / "a b").mkdir(parents=True)
    frames = moving_clip(recognizer.clips[3], n=10)
    write_video(folder / "clip.avi", frames)
    write_video(folder / "a b" / "clip.avi", moving_clip(recognizer.clips[1], n=8))
    write_video(folder / "x.avi", frames[:1]).rename(folder / "<i>one\nframe&.avi")
    write_video(folder / "nobody.avi", [np.zeros((120, 160), np.uint8)] * 4)
    (folder / "broken.mp4").write_text("no video")
    return folder


def sources(folder):
    return list(sources_from_inputs([str(folder)]))


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def read_rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_each_video_gets_a_table_and_a_timeline(recognizer, videos, tmp_path, capsys):
    cv2.imwrite(str(videos / "photo.png"), scene((recognizer.clips[0][-1], 60, 50)))
    out = tmp_path / "out"
    found = predict_videos(recognizer, sources(videos), out, FolderOptions(as_json=True))
    assert (found.n_videos, found.n_images, found.n_reused) == (5, 1, 0)
    assert len(found.errors) == 2  # the image has no neutral image
    assert "broken.mp4" in capsys.readouterr().err
    for name in ("clip.avi", "a b/clip.avi", "<i>one\nframe&.avi", "nobody.avi"):
        assert {path.name for path in (out / name).iterdir()} >= {
            "predictions.csv",
            "predictions.json",
            "timeline.html",
            "state.json",
        }
    assert not (out / "broken.mp4").exists()
    rows = {row["id"]: row for row in read_rows(out / "summary.csv")}
    assert list(rows) == [source.id for source in sources(videos) if not source.name.endswith("png")]
    table = read_rows(out / "clip.avi" / "predictions.csv")
    row, track = rows["clip.avi"], table[-1]
    assert track["status"] == "summary"
    assert (row["expression"], row["apex_frame"]) == (track["expression"], track["frame"])
    assert (row["frames"], row["frames_without_face"]) == ("10", "0")
    shares = {name: float(row[f"share_{name}"]) for name in ("neutral", "uncertain", *NAMES)}
    assert sum(shares.values()) == pytest.approx(1, abs=1e-3)
    counted = [frame["expression"] or frame["status"] for frame in table[:-1]]
    for name, share in shares.items():
        assert share == pytest.approx(counted.count(name) / 10, abs=0.02)
    assert rows["nobody.avi"]["frames_without_face"] == "4"
    assert rows["nobody.avi"]["status"] == "no face"
    assert rows["broken.mp4"]["status"] == "unreadable"
    page = (out / "clip.avi" / "timeline.html").read_text()
    assert "<b>fear" not in page
    assert "data:image/jpeg" in page
    assert "<i>one" not in (out / "<i>one\nframe&.avi" / "timeline.html").read_text()
    assert "<i>one" not in (out / "summary.html").read_text()
    assert "%3Ci%3Eone%0Aframe%26.avi/timeline.html" in (out / "summary.html").read_text()


def test_finished_videos_are_not_processed_again_unless_they_changed(recognizer, videos, tmp_path, monkeypatch):
    (videos / "broken.mp4").unlink()
    out, opened = tmp_path / "out", []
    predict_videos(recognizer, sources(videos), out)
    before = contents(out)
    iterate = VideoSource.__iter__
    monkeypatch.setattr(VideoSource, "__iter__", lambda self: opened.append(self.id) or iterate(self))
    assert predict_videos(recognizer, sources(videos), out).n_reused == 4
    assert opened == []
    assert contents(out) == before
    os.utime(videos / "clip.avi", (1, 1))
    predict_videos(recognizer, sources(videos), out)
    assert opened == ["clip.avi"]
    (out / "nobody.avi" / "timeline.html").unlink()
    predict_videos(recognizer, sources(videos), out)
    assert opened == ["clip.avi", "nobody.avi"]
    changed = Recognizer(
        recognizer.model, landmarker=PatchLandmarker(), detector=detect_patches, class_names=NAMES, reject_below=0.9
    )
    assert predict_videos(changed, sources(videos), out).n_reused == 0
    assert predict_videos(recognizer, sources(videos), out, overwrite=True).n_reused == 0
    same = contents(out)
    different = {name for name in before if before[name] != same[name] and not name.endswith("state.json")}
    assert different == set()


def test_two_processes_write_the_same_files(recognizer, videos, tmp_path):
    for n_jobs in (1, 2):
        found = predict_videos(recognizer, sources(videos), tmp_path / str(n_jobs), n_jobs=n_jobs)
        assert len(found.errors) == 1
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def test_folders_with_other_files_are_refused(recognizer, videos):
    before = contents(videos)
    with pytest.raises(FerError, match="is not empty"):
        predict_videos(recognizer, sources(videos), videos)
    assert contents(videos) == before


KILLED = """
import os, signal, sys
from tests.recognition.scenes import PatchLandmarker, detect_patches, fit_toy
from fer_features import Recognizer
from fer_features.recognition.sources import VideoSource, sources_from_inputs
from fer_features.workflow.video_folders import predict_videos
model, _ = fit_toy("hogdiff_landmarks_linear")
recognizer = Recognizer(model, landmarker=PatchLandmarker(), detector=detect_patches, class_names=["joy", "b", "c"])
iterate = VideoSource.__iter__
def frames(self):
    for frame in iterate(self):
        if sys.argv[3] == "kill" and self.id == "clip.avi" and frame.index == 4:
            os.kill(os.getpid(), signal.SIGKILL)
        yield frame
VideoSource.__iter__ = frames
found = predict_videos(recognizer, list(sources_from_inputs([sys.argv[1]])), sys.argv[2])
print("reused", found.n_reused)
"""


def test_a_killed_process_is_continued_with_the_same_files(videos, tmp_path):
    (videos / "broken.mp4").unlink()

    def run(out, mode):
        command = [sys.executable, "-c", KILLED, str(videos), str(tmp_path / out), mode]
        return subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)

    assert run("a", "kill").returncode == -signal.SIGKILL
    done = list((tmp_path / "a").rglob("state.json"))
    assert 0 < len(done) < 4
    assert not (tmp_path / "a" / "summary.csv").exists()
    assert f"reused {len(done)}" in run("a", "finish").stdout
    assert run("b", "finish").returncode == 0
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
