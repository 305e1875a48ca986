"""Tests of the page about a data set."""

import base64

import cv2
import numpy as np

from fer_features import DataInfo, Samples, inspect_data
from fer_features.reports.data_profile import data_profile_page
from fer_features.samples.columns import ConcatenatedColumn

from ..html_pages import check_page


def test_page_of_still_images(defective_images):
    text = data_profile_page(inspect_data(defective_images))
    parsed = check_page(text)
    assert "<b>fear" not in text  # names are escaped
    assert "<b>fear</b>" in parsed.text
    # Examples of each class, mean faces, extremes, the blank image, duplicates.
    alts = [image["alt"] for image in parsed.all("img")]
    assert sum("mean face" in alt for alt in alts) == 3
    assert {"sample 30, test, angry", "sample 0, train, angry"} <= set(alts)
    assert text == data_profile_page(inspect_data(defective_images))
    assert text != data_profile_page(inspect_data(defective_images), seed=1)
    # A small image is embedded without scaling.
    source = next(p["src"] for p in parsed.all("img") if p["alt"] == "sample 30, test, angry")
    pixels = cv2.imdecode(np.frombuffer(base64.b64decode(source.split(",")[1]), np.uint8), 0)
    np.testing.assert_array_equal(pixels, defective_images["images"][30, 0])


def test_page_of_sequences(clips):
    X = Samples.from_arrays(*clips, info=DataInfo(classes=("joy", "fear", "surprise")))
    assert "Motion" in check_page(data_profile_page(inspect_data(X))).text


def test_page_of_landmarks_without_images(clips):
    X = Samples.from_arrays(landmarks=clips[1], label=clips[2], info=DataInfo(classes=("joy", "fear", "surprise")))
    assert "Motion" in check_page(data_profile_page(inspect_data(X))).text


def test_page_of_unlabelled_images(clips):
    check_page(data_profile_page(inspect_data(Samples.from_arrays(images=clips[0]))))


def test_page_of_images_of_several_sizes(small_faces):
    column = ConcatenatedColumn([small_faces[:12, None], small_faces[12:16, None, :20]])
    X = Samples({"images": column, "label": np.arange(16) % 2}, DataInfo(classes=("angry", "happy")))
    check_page(data_profile_page(inspect_data(X)))
