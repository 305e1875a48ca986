"""What is drawn shows what was found, and videos are written whatever frames come."""

import numpy as np

from fer_features.recognition import Face, Moment
from fer_features.recognition.annotation import annotated
from fer_features.recognition.output import Annotator, fitted, rows_of_moment
from fer_features.recognition.sources import Frame, Video


def face(x=100.0, y=60.0, side=80.0, **changes):
    given = {"expression": "joy", "probabilities": {"joy": 0.9, "fear": 0.1}, "confidence": 0.8}
    points = np.stack(np.meshgrid(np.arange(17) * 4 + x + 5, np.arange(4) * 10 + y + 20), -1).reshape(68, 2)
    return Face(np.float32([x, y, side, side]), points.astype(np.float32), **{**given, **changes})


def test_box_and_points_are_where_the_face_is():
    picture = np.full((240, 320), 100, np.uint8)
    out = annotated(picture, [face()])
    assert out.shape == (240, 320, 3)
    assert (picture == 100).all()
    changed = (out != 100).any(2)
    for y, x in ((100, 100), (100, 180), (60, 140), (140, 140)):  # the middles of the four sides
        assert changed[y - 2 : y + 3, x - 2 : x + 3].any()
    points = face().landmarks.round().astype(int)
    assert (out[points[:, 1], points[:, 0]] > 200).all()
    assert not changed[200:].any()


def test_bars_grow_with_the_probability():
    # Green less blue is nothing in what is grey, in the words and in the dark behind the bars.
    picture = np.full((480, 640), 100, np.uint8)
    widths = []
    for share in (0.2, 0.8):
        out = annotated(picture, [face(side=200, probabilities={"a": share})])
        coloured = out[62:72, 304:460].astype(int)
        widths.append(int(((coloured[..., 1] - coloured[..., 0]) > 20).any(0).sum()))
    assert 2.5 < widths[1] / widths[0] < 6


def test_faces_at_the_edge_and_outside_are_drawn_without_a_crash():
    picture = np.zeros((60, 80, 3), np.uint8)
    for x, y in ((-50, -50), (70, 50), (500, 500), (0, 0)):
        assert annotated(picture, [face(x, y)]).shape == picture.shape
    assert annotated(np.zeros((1, 1), np.uint8), [face()], "no face").shape == (1, 1, 3)
    assert not annotated(picture, [face(float("nan"))]).any()
    assert annotated(picture, [], "no face").any()


def test_a_frame_without_a_face_is_a_row_that_says_so():
    frame = Frame(7, 0.28, np.zeros((9, 9), np.uint8))
    assert rows_of_moment("a", Moment(frame, [])) == [{"file": "a", "frame": 7, "time": 0.28, "status": "no face"}]
    lost = Face(np.full(4, np.nan, np.float32), None, "", {}, 0.0, 2, "lost")
    (row,) = rows_of_moment("a", Moment(frame, [lost]))
    assert row == {"file": "a", "frame": 7, "time": 0.28, "face": 2, "status": "lost", "expression": ""}


def test_a_video_takes_frames_of_any_size(tmp_path):
    annotator = Annotator(tmp_path)
    with annotator.video("clip.avi") as file:
        for i, size in enumerate([(61, 81), (61, 81), (200, 100), (20, 300)]):
            file.write(Moment(Frame(i, i / 10, np.full(size, 200, np.uint8)), []), 10)
    frames = [frame.picture for frame in Video(tmp_path / "clip_faces.mp4")]
    assert [frame.shape for frame in frames] == [(60, 80, 3)] * 4
    assert frames[2][:, 40].mean() > 150
    assert frames[2][:, 2].mean() < 50  # black beside what is tall
    assert [path.name for path in tmp_path.iterdir()] == ["clip_faces.mp4"]


def test_fitted_cuts_a_pixel_and_no_more():
    frame = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    np.testing.assert_array_equal(fitted(frame, (6, 4)), frame[:4, :6])
