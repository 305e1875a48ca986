"""Drawing of predictions on frames."""

import numpy as np
import pytest

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
    image = np.zeros((240, 320, 3), np.uint8)
    for x, y in ((-50, -50), (310, 230), (500, 500), (0, 0)):
        assert annotate_frame(image, [prediction(x, y)]).shape == image.shape
    assert not annotate_frame(image, [prediction(float("nan"))]).any()
    assert annotate_frame(image, [], "no face").any()


def text_mask(out):
    """Pixels in the colour of the first face, without the dark background of the text."""
    blue, green, red = (out[..., channel].astype(int) for channel in range(3))
    return (green > 150) & (green - blue > 60) & (green - red > 60)


SIZES = [(1, 1), (20, 20), (48, 48), (99, 60), (100, 90), (240, 320), (4000, 3000)]


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_labels_are_readable_and_inside_images_of_any_size(height, width):
    image = np.full((height, width), 250, np.uint8)
    side = min(height, width) * 0.6
    out = annotate_frame(image, [prediction(width - side, 0, side, expression="surprise")])
    assert out.shape[0] / height == out.shape[1] / width == out.shape[0] // height
    assert min(out.shape[:2]) >= 240
    # The label is a band of dark background: high enough, and wide enough for its letters.
    rows = np.flatnonzero((out < 60).all(2).sum(1) > 40)
    assert rows.size >= max(8, min(out.shape[:2]) // 40)
    assert text_mask(out).any(1)[rows].sum() >= max(8, min(out.shape[:2]) // 60)


def test_small_images_are_enlarged_with_their_faces():
    image = np.zeros((48, 60), np.uint8)
    image[20:24, 30:34] = 200
    points = np.tile(np.float32([31.5, 21.5]), (68, 1))  # the centre of the bright square
    face = FacePrediction(np.float32([24, 12, 20, 20]), points, "", {}, 0.9, status="neutral")
    out = annotate_frame(image, [face])
    assert out.shape == (240, 300, 3)
    centre = np.argwhere(out.min(2) > 240).mean(0)
    np.testing.assert_allclose(centre, [21.5 * 5 + 2, 31.5 * 5 + 2], atol=0.6)
    left, right = np.flatnonzero(text_mask(out)[110:150].any(0))[[0, -1]]
    np.testing.assert_allclose([left, right], [24 * 5, 44 * 5], atol=2)


def test_long_names_are_shortened_before_their_probability():
    def label(name):
        return annotate_frame(image, [prediction(20, 100, 100, expression=name, probabilities={name: 0.87})])

    image = np.full((240, 240), 200, np.uint8)
    same = "a very long name of an expression that does not fit"
    a, b = (label(same + end) for end in ("", " into the image"))
    assert (a[70:99] != 200).any()
    np.testing.assert_array_equal(a[70:99], b[70:99])
    columns = np.flatnonzero(text_mask(a[70:99]).any(0))
    assert columns.max() < 240
    other = annotate_frame(image, [prediction(20, 100, 100, expression=same, probabilities={same: 0.12})])
    assert (other[70:99] != a[70:99]).any()
