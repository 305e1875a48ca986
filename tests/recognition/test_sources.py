"""Sources of frames: images, sequences, videos and cameras, one frame at a time."""

import os

import cv2
import numpy as np
import pytest
from PIL import Image

from fer_features import FerError
from fer_features.exceptions import FerWarning
from fer_features.media import video_frames
from fer_features.media.media_files import natural_sort_key
from fer_features.recognition.frames import FrameSampling
from fer_features.recognition.image_io import load_image
from fer_features.recognition.sources import (
    ImageSource,
    InvalidSource,
    SequenceSource,
    VideoSource,
    source_from_file,
    sources_from_inputs,
)

from .scenes import FakeCapture, write_video


@pytest.fixture
def video(tmp_path):
    """40 frames at 30 frames per second, whose grey value is 5 times their index."""
    return write_video(tmp_path / "video.avi", [np.full((48, 64), 5 * i, np.uint8) for i in range(40)], 30)


def content(source):
    """Index, timestamp and number of each frame."""
    return [(frame.index, round(frame.timestamp, 3), round(float(frame.image.mean()) / 5)) for frame in source]


@pytest.mark.parametrize(("name", "codec"), [("a.avi", "MJPG"), ("a.mp4", "mp4v"), ("a.mkv", "mp4v")])
def test_video_yields_all_frames_in_order(tmp_path, name, codec):
    path = write_video(tmp_path / name, [np.full((48, 64), 5 * i, np.uint8) for i in range(40)], 30, codec)
    found = np.array(content(VideoSource(path)))
    np.testing.assert_allclose(found[:, :2], [(i, i / 30) for i in range(40)], atol=1e-3)
    np.testing.assert_allclose(found[:, 2], np.arange(40), atol=1)  # the encoder rounds


def test_video_is_sampled(video):
    sampled = VideoSource(video, FrameSampling(frame_step=7))
    assert [index for index, _, _ in content(sampled)] == [0, 7, 14, 21, 28, 35]
    assert content(VideoSource(video, FrameSampling(fps=10))) == [(i, round(i / 30, 3), i) for i in range(0, 40, 3)]
    assert len(content(VideoSource(video, FrameSampling(fps=100)))) == 40
    assert len(content(VideoSource(video, FrameSampling(fps=7)))) == 10  # one per seventh of 1.3 seconds


def test_iteration_of_a_video_can_be_closed(video):
    frames = iter(VideoSource(video))
    assert next(frames).index == 0
    frames.close()


def test_animated_gif_is_a_video_and_a_static_one_an_image(tmp_path):
    frames = [Image.fromarray(np.full((20, 30), 90 * i, np.uint8)) for i in range(3)]
    frames[0].save(tmp_path / "animated.gif", save_all=True, append_images=frames[1:], duration=200)
    frames[1].save(tmp_path / "static.gif")
    animated, static = source_from_file(tmp_path / "animated.gif"), source_from_file(tmp_path / "static.gif")
    assert isinstance(animated, VideoSource)
    assert [round(t, 2) for _, t, _ in content(animated)] == [0, 0.2, 0.4]
    assert isinstance(static, ImageSource)
    assert content(static) == [(0, 0, 18)]


def test_sequence_is_ordered_by_the_numbers_in_file_names(tmp_path):
    for i in (1, 2, 10, 11, 100):
        cv2.imwrite(str(tmp_path / f"frame_{i}.png"), np.full((9, 9), i, np.uint8))
    assert [frame.image[0, 0] for frame in SequenceSource(tmp_path)] == [1, 2, 10, 11, 100]
    assert [frame.index for frame in SequenceSource(tmp_path, FrameSampling(2))] == [0, 2, 4]
    assert sorted(["b10", "b9", "a1", "10", "9"], key=natural_sort_key) == ["9", "10", "a1", "b9", "b10"]


def test_folder_is_a_set_of_images_and_videos_or_a_sequence(tmp_path, video):
    subfolder = tmp_path / "inputs" / "subfolder"
    subfolder.mkdir(parents=True)
    for path in (subfolder / "b.png", subfolder.parent / "a.jpg"):
        cv2.imwrite(str(path), np.zeros((9, 9), np.uint8))
    (subfolder / "c.avi").write_bytes(video.read_bytes())
    (subfolder.parent / "notes.txt").write_text("not an image")
    sources = list(sources_from_inputs([str(subfolder.parent), str(video)]))
    assert [type(source) for source in sources] == [ImageSource, ImageSource, VideoSource, VideoSource]
    (sequence,) = sources_from_inputs([str(subfolder)], sequence=True)
    assert isinstance(sequence, SequenceSource)


def test_invalid_inputs_do_not_stop_the_others(tmp_path, video):
    (tmp_path / "clip.mp4").mkdir()
    inputs = ["nowhere.png", str(tmp_path / "clip.mp4"), str(video)]
    sources = list(sources_from_inputs(inputs))
    assert [type(source) for source in sources] == [InvalidSource, InvalidSource, VideoSource]
    for source, message in zip(sources, ("does not exist", "folder without an image or video"), strict=False):
        with pytest.raises(FerError, match=message):
            list(source)


def test_invalid_videos_are_refused_in_one_line(tmp_path):
    files = {"empty.mp4": (b"", "is empty"), "text.mp4": (b"hello\n" * 100, "cannot be opened")}
    writer = cv2.VideoWriter(str(tmp_path / "none.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 30, (64, 48))
    writer.release()
    for name, (data, message) in files.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(FerError, match=f"{name} .*{message}") as error:
            list(VideoSource(tmp_path / name))
        assert "\n" not in str(error.value)
    with pytest.raises(FerError, match=r"none\.avi"):
        list(VideoSource(tmp_path / "none.avi"))
    with pytest.raises(FerError, match="does not exist"):
        list(VideoSource(tmp_path / "nowhere.mp4"))


def test_decoder_decides_which_frames_a_video_has(tmp_path, video):
    content = video.read_bytes()
    (tmp_path / "longer.avi").write_bytes(content + b"\0" * 5000)
    assert len(list(VideoSource(tmp_path / "longer.avi"))) == 40
    (tmp_path / "short.avi").write_bytes(content[: len(content) // 2])
    source = VideoSource(tmp_path / "short.avi")
    with pytest.warns(FerWarning, match=r"short\.avi ends after [0-9]+ of the 40 frames"):
        n_read = len(list(source))
    assert 0 < n_read == source.n_frames < 40


def test_number_of_frames_that_a_container_declares_does_not_matter(tmp_path, video):
    content = video.read_bytes()
    (tmp_path / "a.avi").write_bytes(content.replace((40).to_bytes(4, "little"), (90).to_bytes(4, "little")))
    with pytest.warns(FerWarning, match="of the 90 frames"):
        assert len(list(VideoSource(tmp_path / "a.avi"))) == 40


@pytest.mark.parametrize("suffix", ["", ".png", ".gif", ".mp4"])
@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_special_files_are_refused_without_waiting(tmp_path, kind, suffix):
    path = tmp_path / f"input{suffix}"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/null")
    message = "is a named pipe" if kind == "pipe" else "is a device"
    for given in [path, tmp_path] if suffix else [path]:
        (source,) = sources_from_inputs([str(given)])
        assert isinstance(source, InvalidSource)
        with pytest.raises(FerError, match=f"input{suffix} {message}"):
            list(source)
    for read in (source_from_file, lambda path: list(VideoSource(path)), load_image):
        with pytest.raises(FerError, match=message):
            read(path)


def test_files_of_a_folder_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "a.png").symlink_to(tmp_path / "nowhere.png")
    (source,) = sources_from_inputs([str(tmp_path)])
    with pytest.raises(FerError, match=r"a\.png does not exist"):
        list(source)


def test_camera_yields_frames_of_changing_size(monkeypatch):
    sizes = [(4, 6), (4, 6), (8, 10)]
    camera = FakeCapture([np.full((*size, 3), i, np.uint8) for i, size in enumerate(sizes)])
    monkeypatch.setattr(video_frames, "open_capture", lambda path_or_camera: camera)
    frames = list(VideoSource(0))
    assert [frame.image.shape[:2] for frame in frames] == sizes
    timestamps = [frame.timestamp for frame in frames]
    assert timestamps == sorted(timestamps)
    assert camera.released


def test_missing_camera_is_refused():
    with pytest.raises(FerError, match="camera 63 cannot be opened"):
        list(VideoSource(63))
