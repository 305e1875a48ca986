"""Decoded images as they are stored: crop, grey values, size, and the part of the file that is shown."""

import cv2
import numpy as np
import pytest

from fer_features.datasets.grey_frames import BoxOutsideImage, grey_frame
from fer_features.media import decoding


@pytest.fixture
def photograph():
    """Noise of 180 x 200 pixels."""
    return np.random.default_rng(0).integers(0, 256, (200, 180), dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_images_above_the_limit_are_reduced_by_area(monkeypatch, photograph, channels):
    image = np.repeat(photograph[..., None], channels, -1).squeeze()
    frame = grey_frame(image)
    np.testing.assert_array_equal(frame.image, photograph)
    assert (frame.is_colour, frame.is_reduced) == (False, False)
    monkeypatch.setattr(decoding, "MAX_STORED_PIXELS", photograph.size // 4)
    frame = grey_frame(image)
    np.testing.assert_array_equal(frame.image, cv2.resize(photograph, (90, 100), interpolation=cv2.INTER_AREA))
    assert (frame.is_colour, frame.is_reduced) == (False, True)


@pytest.mark.parametrize(("x", "y", "width", "height"), [(10, 20, 30, 40), (-5, -5, 20, 20), (150, 170, 900, 900)])
def test_a_crop_is_the_part_of_the_image_within_the_box(photograph, x, y, width, height):
    colour = np.stack([photograph, photograph[::-1], photograph], -1)
    cropped, complete = grey_frame(colour, (x, y, width, height)), grey_frame(colour)
    part = complete.image[max(y, 0) : y + height, max(x, 0) : x + width]
    np.testing.assert_array_equal(cropped.image, part)
    assert cropped.is_colour


@pytest.mark.parametrize("box", [(500, 0, 9, 9), (0, 500, 9, 9), (-20, 0, 9, 9), (0, -20, 9, 9), (3, 3, 0, 9)])
def test_a_box_outside_of_the_image_is_a_fault(photograph, box):
    with pytest.raises(BoxOutsideImage, match="has 180 x 200 pixels, and the box is outside of it"):
        grey_frame(photograph, box)
