"""Drawing of predictions on frames."""

import numpy as np

from fer_features.recognition import FacePrediction
from fer_features.recognition.annotation import annotate_frame


def prediction(x=100.0, y=60.0, side=80.0, **changes):
    values = {"expression": "joy", "probabilities": {"joy": 0.9, "fear": 0.1}, "confidence": 0.8}
    landmarks = np.stack(np.meshgrid(np.arange(17) * 4 + x + 5, np.arange(4) * 10 + y + 20), -1).reshape(68, 2)
    return FacePrediction(np.float32([x, y, side, side]), landmarks.astype(np.float32), **{**values, **changes})


def test_box_and_landmarks_are_drawn_at_the_face():
    image = np.full((240, 320), 100, np.uint8)
    out = annotate_frame(image, [prediction()])
    assert out.shape == (240, 320, 3)
    assert (image == 100).all()
    changed = (out != 100).any(2)
    for y, x in ((100, 100), (100, 180), (60, 140), (140, 140)):  # centres of the four sides
        assert changed[y - 2 : y + 3, x - 2 : x + 3].any()
    landmarks = prediction().landmarks.round().astype(int)
    assert (out[landmarks[:, 1], landmarks[:, 0]] > 200).all()
    assert not changed[200:].any()


def test_bars_grow_with_the_probability():
    # Green minus blue is 0 in the grey image, in white text and in the darkened background of the bars.
    image = np.full((480, 640), 100, np.uint8)
    widths = []
    for probability in (0.2, 0.8):
        out = annotate_frame(image, [prediction(side=200, probabilities={"a": probability})])
        bars = out[62:72, 304:460].astype(int)
        widths.append(int(((bars[..., 1] - bars[..., 0]) > 20).any(0).sum()))
    assert 2.5 < widths[1] / widths[0] < 6


def test_faces_at_the_edge_and_outside_the_frame_are_accepted():
    image = np.zeros((60, 80, 3), np.uint8)
    for x, y in ((-50, -50), (70, 50), (500, 500), (0, 0)):
        assert annotate_frame(image, [prediction(x, y)]).shape == image.shape
    assert annotate_frame(np.zeros((1, 1), np.uint8), [prediction()], "no face").shape == (1, 1, 3)
    assert not annotate_frame(image, [prediction(float("nan"))]).any()
    assert annotate_frame(image, [], "no face").any()


def test_labels_are_readable_and_inside_images_of_any_size():
    for height, width in ((48, 48), (100, 90), (240, 320), (720, 1280), (2160, 3840)):
        image = np.full((height, width), 250, np.uint8)
        side = height * 0.6
        out = annotate_frame(image, [prediction(width - side, 0, side, expression="surprise")])
        white = (out[..., 0] > 60) & (out[..., 1] > 180) & (out[..., 2] < 120)  # text in the colour of the face
        rows = np.flatnonzero(white.any(1))
        assert rows.size > max(7, height // 60)
        written = out[: max(30, height // 20)]
        assert (written < 60).any()  # a dark background on a bright image


def test_long_names_do_not_leave_the_image():
    image = np.full((60, 60), 200, np.uint8)
    out = annotate_frame(image, [prediction(20, 20, 30, expression="a very long name of an expression")])
    assert (out != 200).any()
    assert out.shape == (60, 60, 3)
