"""Normalization of faces, crops, and the conversion of views to samples."""

import dataclasses

import numpy as np

from fer_features.faces.localizer import MEAN_FACE_IN_BOX, FaceView, box_from_landmarks
from fer_features.recognition.face_view import crop_face, face_distance, normalized_face, samples_from_views
from fer_features.recognition.input_spec import InputSpec

from ..conftest import draw_clips
from .scenes import scene, view_of


def test_distance_measures_expression_and_not_head_pose():
    neutral = normalized_face(view_of())
    # To first order a rotation of the head is an affine map: it changes width, height and roll.
    rotation = np.array([[40.0, 6, 300], [-4, 55, 20]])
    assert face_distance(normalized_face(view_of(0, rotation)), neutral) < 1e-4
    assert face_distance(normalized_face(view_of(0.5)), neutral) > 0.05
    assert face_distance(normalized_face(view_of(0.5, rotation)), normalized_face(view_of(0.5))) < 1e-4


def test_distance_without_landmarks_ignores_brightness(photographs):
    face = photographs[0]
    view = FaceView(face, np.float32([20, 20, 100, 100]))
    brighter = FaceView((face * 0.5 + 40).astype(np.uint8), view.box)
    other = FaceView(photographs[1][:170, :140], view.box)
    assert face_distance(normalized_face(brighter), normalized_face(view)) < 0.05
    assert face_distance(normalized_face(other), normalized_face(view)) > 0.5


def test_crop_of_a_pasted_face_has_its_pixels():
    image = draw_clips()[0][7][-1]
    canvas = scene((image, 50, 60))
    # The longer side of the box fills the crop.
    crop = crop_face(canvas, np.float32([50, 60, 90, 90]), (90, 90))
    np.testing.assert_array_equal(crop, np.maximum(image, 1)[:90])
    np.testing.assert_array_equal(crop_face(canvas[60:], np.float32([50, 0, 45, 45]), (45, 45)), canvas[60:105, 50:95])


def test_landmarks_are_mapped_into_the_crop():
    landmarks = np.float32([[60, 70], [95, 100]] * 34)
    view = FaceView(np.zeros((200, 200), np.uint8), np.float32([50, 60, 50, 50]), 1.0, landmarks)
    spec = InputSpec(("images", "landmarks"), 1, None)
    samples = samples_from_views([[view]], spec)
    np.testing.assert_array_equal(samples["landmarks"][0, 0], landmarks)
    samples = samples_from_views([[view]], dataclasses.replace(spec, crop_size=(100, 100)))
    np.testing.assert_allclose(samples["landmarks"][0, 0, :2], [[20.5, 20.5], [90.5, 80.5]])


def test_box_from_landmarks_inverts_the_mean_face_in_a_box():
    box = np.float32([30, 40, 200, 200])
    np.testing.assert_allclose(box_from_landmarks(MEAN_FACE_IN_BOX * 200 + [30, 40]), box, atol=1e-3)
