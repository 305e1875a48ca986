"""Conversion to grey: OpenCV's weights, equal channels unchanged, transparency white, memory in blocks."""

import cv2
import numpy as np
import pytest

from fer_features.vision import grayscale
from fer_features.vision.grayscale import has_colour, to_grayscale


@pytest.fixture(params=[(7, 9), (3, 7, 9), (2, 3, 7, 9)], ids=["image", "stills", "clips"])
def grey(request):
    return np.random.default_rng(0).integers(0, 256, request.param).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_equal_channels_give_exactly_their_value(channels):
    every = np.arange(256, dtype=np.uint8).reshape(2, 16, 8)
    np.testing.assert_array_equal(to_grayscale(np.repeat(every[..., None], channels, -1)), every)


def test_weights_are_those_of_opencv(grey):
    colour = np.stack([grey, grey[..., ::-1], 255 - grey], -1)
    one_by_one = [
        cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_BGR2GRAY) for image in colour.reshape(-1, 7, 9, 3)
    ]
    np.testing.assert_array_equal(to_grayscale(colour), np.reshape(one_by_one, grey.shape))
    np.testing.assert_array_equal(to_grayscale(colour[..., ::-1], is_rgb=True), np.reshape(one_by_one, grey.shape))


@pytest.mark.parametrize("channels", [1, 3])
def test_opaque_pixels_are_unchanged_and_transparent_ones_white(grey, channels):
    colour = np.repeat(grey[..., None], channels, -1)
    alpha = np.full((*grey.shape, 1), 255, np.uint8)
    np.testing.assert_array_equal(to_grayscale(np.concatenate([colour, alpha], -1)), grey)
    alpha[..., :4, :] = 0
    blended = to_grayscale(np.concatenate([colour, alpha], -1))
    assert (blended[..., :4] == 255).all()
    np.testing.assert_array_equal(blended[..., 4:], grey[..., 4:])


def test_blocks_do_not_change_the_result(grey, monkeypatch):
    colour = np.stack([grey, grey[..., ::-1], 255 - grey], -1)
    expected = to_grayscale(colour)
    monkeypatch.setattr(grayscale, "PIXELS_PER_BLOCK", 20)
    np.testing.assert_array_equal(to_grayscale(colour), expected)


def test_has_colour_compares_channels_and_ignores_alpha(grey):
    colour = np.repeat(grey[..., None], 4, -1)
    colour[..., 3] = 200
    assert not has_colour(colour)
    colour[..., 2][..., -1, -1] ^= 1
    assert has_colour(colour)
