"""Frames of videos: order, timestamps, rotation, and files that are not videos."""

import numpy as np
import pytest

from fer_features.media.video_frames import UnreadableVideo, VideoFrames

from ..recognition.scenes import write_video
from .mp4_files import rotated, with_durations


def grey_levels(n):
    return [np.full((48, 64), 5 * i, np.uint8) for i in range(n)]


def read(path):
    """Timestamp and mean grey value of each frame."""
    with VideoFrames(path) as video:
        return np.array([(seconds, video.image().mean()) for seconds in video])


@pytest.mark.parametrize(
    ("name", "codec"), [("a.avi", "MJPG"), ("a.mp4", "mp4v"), ("a.mkv", "mp4v"), ("a.mov", "mp4v")]
)
def test_all_frames_are_read_in_order(tmp_path, name, codec):
    path = write_video(tmp_path / name, grey_levels(40), 30, codec)
    found = read(path)
    np.testing.assert_allclose(found[:, 0], np.arange(40) / 30, atol=2e-3)
    np.testing.assert_allclose(found[:, 1], 5 * np.arange(40), atol=4)
    with VideoFrames(path) as video:
        assert video.n_declared == sum(1 for _ in video) == video.n_read
        assert not video.is_truncated


def test_timestamps_of_a_variable_rate_are_those_of_the_container(tmp_path):
    path = write_video(tmp_path / "a.mp4", grey_levels(8), 25, "mp4v")
    durations = [1, 1, 5, 1, 2, 10, 1, 1]
    path.write_bytes(with_durations(path.read_bytes(), durations))
    found = read(path)
    np.testing.assert_allclose(found[:, 0], np.cumsum([0, *durations[:-1]]) / 25, atol=1e-3)
    np.testing.assert_allclose(found[:, 1], 5 * np.arange(8), atol=4)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_rotation_in_the_metadata_is_applied(tmp_path, degrees):
    image = np.zeros((48, 64), np.uint8)
    image[:24, :32], image[:24, 32:], image[24:, :32] = 240, 160, 80
    path = write_video(tmp_path / "a.mp4", [image] * 3, 25, "mp4v")
    path.write_bytes(rotated(path.read_bytes(), degrees, 64, 48))
    with VideoFrames(path) as video:
        next(iter(video))
        shown = video.image()[..., 0]
    expected = np.rot90(image, -degrees // 90)
    assert shown.shape == expected.shape
    assert np.abs(shown.astype(int) - expected).mean() < 4


def test_a_part_of_a_video_is_truncated(tmp_path):
    path = write_video(tmp_path / "a.avi", grey_levels(40))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with VideoFrames(path) as video:
        n = sum(1 for _ in video)
        assert 0 < n < 40
        assert video.is_truncated


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "is empty"), (b"text" * 100, "cannot be opened"), (None, "does not exist")]
)
def test_other_files_are_refused(tmp_path, content, message):
    path = tmp_path / "a.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnreadableVideo, match=message):
        VideoFrames(path)
