"""Tests of rendering: escaped text, and images that are embedded without loss or made smaller."""

import base64

import cv2
import jinja2
import numpy as np
import pytest

from fer_features._markdown import escape_markdown
from fer_features.reports.html import embedded_image, render, sentence_case


def test_small_images_keep_their_pixels(small_faces):
    image = embedded_image(small_faces[0], "a")
    assert image.source.startswith("data:image/png")
    data = np.frombuffer(base64.b64decode(image.source.split(",")[1]), np.uint8)
    np.testing.assert_array_equal(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), small_faces[0])
    assert (image.width, image.height) == (25, 25)


def test_large_images_are_scaled_down(small_faces):
    image = embedded_image(np.kron(small_faces[0, :20], np.ones((8, 8), np.uint8)), "a", 100)
    assert (image.width, image.height) == (100, 80)
    assert image.source.startswith("data:image/jpeg")


def test_markdown_is_escaped():
    assert escape_markdown("a|b\n<b>*c*") == "a\\|b \\<b\\>\\*c\\*"


@pytest.mark.parametrize(("text", "expected"), [("macro-F1", "Macro-F1"), ("", ""), ("ECE", "ECE")])
def test_only_the_first_letter_is_changed(text, expected):
    assert sentence_case(text) == expected


def test_missing_content_is_an_error():
    with pytest.raises(jinja2.UndefinedError):
        render("comparison.html", title="a")
