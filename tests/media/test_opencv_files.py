"""Files that OpenCV opens by name: any name that the file system allows."""

import os

import numpy as np
import pytest

from fer_features.media.opencv_files import count_frames, is_animated, is_image, opencv_path
from fer_features.recognition import FrameResult
from fer_features.recognition.annotation_writer import AnnotationWriter
from fer_features.recognition.frames import Frame
from fer_features.recognition.sources import ImageSource, VideoSource, source_from_file

from ..recognition.scenes import write_video

NAMES = ["plain", "a b", "%03d", "http:", "ä", os.fsdecode(b"\xff")]


@pytest.fixture(params=NAMES)
def video(request, tmp_path):
    """A video of 5 frames, with names of the folder and the file that are unusual."""
    path = write_video(tmp_path / "video.avi", [np.full((48, 64), 40 * i, np.uint8) for i in range(5)])
    folder = tmp_path / request.param
    folder.mkdir()
    return path.rename(folder / f"{request.param}.avi")


def test_videos_are_read(video):
    assert len(list(VideoSource(video))) == count_frames(video) == 5
    without_suffix = video.rename(video.with_suffix(""))
    assert not is_image(without_suffix)
    assert isinstance(source_from_file(without_suffix), VideoSource)


def test_videos_are_written(video):
    writer = AnnotationWriter(video.parent)
    with writer.open_video(str(video)) as annotated:
        for i in range(3):
            annotated.write(FrameResult(Frame(i, i / 10, np.full((48, 64), 200, np.uint8)), []), 10)
    assert count_frames(video.with_name(f"{video.stem}_faces.mp4")) == 3
    assert len(list(video.parent.iterdir())) == 2


def test_images_are_recognized_by_their_content(video):
    image = video.with_name(video.stem)
    image.write_bytes(b"P5 2 2 255\n" + bytes(4))
    assert is_image(image)
    assert not is_animated(image)
    assert isinstance(source_from_file(image), ImageSource)


def test_temporary_links_are_removed(tmp_path):
    path = tmp_path / os.fsdecode(b"\xff.mp4")
    path.touch()
    with opencv_path(path) as name:
        assert name.endswith("file.mp4")
        assert os.path.samefile(name, path)
    assert not os.path.lexists(name)
    with opencv_path(tmp_path / "a.mp4") as name:
        assert name == str(tmp_path / "a.mp4")
