"""Writing of annotated videos with frames of any size."""

import numpy as np

from fer_features.recognition import FrameResult
from fer_features.recognition.annotation_writer import AnnotationWriter, letterbox
from fer_features.recognition.frames import Frame
from fer_features.recognition.sources import VideoSource


def test_video_accepts_frames_of_any_size(tmp_path):
    writer = AnnotationWriter(tmp_path)
    with writer.open_video("clip.avi") as video:
        for i, size in enumerate([(241, 321), (241, 321), (400, 200), (40, 600)]):
            video.write(FrameResult(Frame(i, i / 10, np.full(size, 200, np.uint8)), []), 10)
    frames = [frame.image for frame in VideoSource(tmp_path / "clip_faces.mp4")]
    assert [frame.shape for frame in frames] == [(240, 320, 3)] * 4
    assert frames[2][:, 160].mean() > 150
    assert frames[2][:, 8].mean() < 50  # black margins of a frame in portrait format
    assert [path.name for path in tmp_path.iterdir()] == ["clip_faces.mp4"]


def test_letterbox_crops_one_pixel_and_scales_beyond():
    frame = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    np.testing.assert_array_equal(letterbox(frame, (6, 4)), frame[:4, :6])
    portrait = letterbox(np.full((20, 10, 3), 200, np.uint8), (20, 20))
    np.testing.assert_array_equal(portrait[:, 5:15], 200)
    assert not portrait[:, :5].any()
    assert not portrait[:, 15:].any()


def test_inputs_of_the_same_name_get_different_files(tmp_path):
    writer = AnnotationWriter(tmp_path)
    result = FrameResult(Frame(0, 0.0, np.zeros((9, 9), np.uint8)), [])
    for folder in "abc":
        writer.write_image(f"{folder}/photo.png", result)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "photo_faces-2.jpg",
        "photo_faces-3.jpg",
        "photo_faces.jpg",
    ]
