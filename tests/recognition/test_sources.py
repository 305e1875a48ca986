"""Frames one at a time, skipped as asked; whatever cannot be read is told in one line, and the rest still comes."""

import cv2
import numpy as np
import pytest
from PIL import Image

from fer_features import FerError
from fer_features.recognition import sources as module
from fer_features.recognition.sources import Broken, Sequence, Skipping, Still, Video, file_source, natural, sources

from .scenes import write_video


@pytest.fixture
def video(tmp_path):
    """40 frames of 30 a second whose grey value is 5 times their number."""
    return write_video(tmp_path / "video.avi", [np.full((48, 64), 5 * i, np.uint8) for i in range(40)], 30)


def seen(source):
    return [(frame.index, round(frame.time, 3), round(float(frame.picture.mean()) / 5)) for frame in source]


@pytest.mark.parametrize(("name", "codec"), [("a.avi", "MJPG"), ("a.mp4", "mp4v"), ("a.mkv", "mp4v")])
def test_all_frames_of_a_video_in_order(tmp_path, name, codec):
    path = write_video(tmp_path / name, [np.full((48, 64), 5 * i, np.uint8) for i in range(40)], 30, codec)
    found = np.array(seen(Video(path)))
    np.testing.assert_allclose(found[:, :2], [(i, i / 30) for i in range(40)], atol=1e-3)
    np.testing.assert_allclose(found[:, 2], np.arange(40), atol=1)  # the encoder rounds


def test_frames_are_skipped(video):
    assert [index for index, _, grey in seen(Video(video, Skipping(every=7)))] == [0, 7, 14, 21, 28, 35]
    assert seen(Video(video, Skipping(fps=10))) == [(i, round(i / 30, 3), i) for i in range(0, 40, 3)]
    assert len(seen(Video(video, Skipping(fps=100)))) == 40
    assert len(seen(Video(video, Skipping(fps=7)))) == 10  # one in each seventh of 1.3 seconds
    assert Skipping(every=3).of(30) == 10
    assert Skipping(fps=12).of(30) == 12
    assert Skipping(fps=50).of(30) == 30


@pytest.mark.parametrize("wrong", [{"every": 0}, {"fps": 0}, {"fps": float("nan")}, {"every": 2, "fps": 5}])
def test_wrong_skipping_is_told(wrong):
    with pytest.raises(FerError):
        Skipping(**wrong)


def test_a_video_is_not_held_in_memory(video):
    frames = iter(Video(video))
    assert next(frames).index == 0
    frames.close()  # the file is closed with it


def test_an_animated_gif_is_a_video_and_a_plain_one_a_picture(tmp_path):
    frames = [Image.fromarray(np.full((20, 30), 90 * i, np.uint8)) for i in range(3)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:], duration=200)
    frames[1].save(tmp_path / "still.gif")
    moving, still = file_source(tmp_path / "moving.gif"), file_source(tmp_path / "still.gif")
    assert isinstance(moving, Video)
    assert [round(t, 2) for _, t, _ in seen(moving)] == [0, 0.2, 0.4]
    assert isinstance(still, Still)
    assert seen(still) == [(0, 0, 18)]


def test_a_sequence_is_in_the_order_of_its_numbers(tmp_path):
    for i in (1, 2, 10, 11, 100):
        cv2.imwrite(str(tmp_path / f"frame_{i}.png"), np.full((9, 9), i, np.uint8))
    assert [frame.picture[0, 0] for frame in Sequence(tmp_path)] == [1, 2, 10, 11, 100]
    assert [frame.index for frame in Sequence(tmp_path, Skipping(2))] == [0, 2, 4]
    assert sorted(["b10", "b9", "a1", "10", "9"], key=natural) == ["9", "10", "a1", "b9", "b10"]


def test_a_folder_is_pictures_or_a_sequence(tmp_path, video):
    below = tmp_path / "pictures" / "below"
    below.mkdir(parents=True)
    for path in (below / "b.png", below.parent / "a.jpg"):
        cv2.imwrite(str(path), np.zeros((9, 9), np.uint8))
    (below.parent / "notes.txt").write_text("not a picture")
    single = list(sources([str(below.parent), str(video)]))
    assert [type(source) for source in single] == [Still, Still, Video]
    (sequence,) = sources([str(below)], sequence=True)
    assert isinstance(sequence, Sequence)


def test_what_cannot_be_used_says_why_and_the_rest_comes(tmp_path, video):
    (tmp_path / "clip.mp4").mkdir()
    inputs = ["nowhere.png", str(tmp_path / "clip.mp4"), str(video)]
    found = list(sources(inputs))
    assert [type(source) for source in found] == [Broken, Broken, Video]
    for source, words in zip(found, ("does not exist", "folder without a picture"), strict=False):
        with pytest.raises(FerError, match=words):
            list(source)


def test_broken_videos_are_told(tmp_path, video, capfd):
    content = video.read_bytes()
    files = {
        "empty.mp4": (b"", "is empty"),
        "text.mp4": (b"hello\n" * 100, "cannot be opened"),
        "short.avi": (content[: len(content) // 2], "cut short: [0-9]+ of 40 frames"),
    }
    writer = cv2.VideoWriter(str(tmp_path / "none.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 30, (64, 48))
    writer.release()
    for name, (some, words) in files.items():
        (tmp_path / name).write_bytes(some)
        with pytest.raises(FerError, match=f"{name} .*{words}") as told:
            list(Video(tmp_path / name))
        assert "\n" not in str(told.value)
    with pytest.raises(FerError, match=r"none\.avi"):
        list(Video(tmp_path / "none.avi"))
    with pytest.raises(FerError, match="cannot be read"):
        list(Video(tmp_path / "nowhere.mp4"))


class Camera:
    """A camera that gives some frames, of changing size, and then none."""

    def __init__(self, sizes):
        self.sizes, self.at, self.released = sizes, -1, False

    def isOpened(self):
        return True

    def get(self, what):
        return 0.0

    def grab(self):
        self.at += 1
        return self.at < len(self.sizes)

    def retrieve(self):
        return True, np.full((*self.sizes[self.at], 3), self.at, np.uint8)

    def release(self):
        self.released = True


def test_a_camera_gives_frames_as_they_come(monkeypatch):
    camera = Camera([(4, 6), (4, 6), (8, 10)])
    monkeypatch.setattr(module, "_opened", lambda what: camera)
    frames = list(Video(0))
    assert [frame.picture.shape[:2] for frame in frames] == [(4, 6), (4, 6), (8, 10)]
    times = [frame.time for frame in frames]
    assert times == sorted(times)
    assert camera.released


def test_no_camera_is_told():
    with pytest.raises(FerError, match="camera 63 cannot be opened"):
        list(Video(63))
