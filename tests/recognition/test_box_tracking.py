"""Tracking of boxes by optical flow."""

import itertools

import cv2
import numpy as np
import pytest
import skimage.data

from fer_features.faces.localizer import FaceView
from fer_features.recognition.box_tracking import clipped_correlation, track_box

from ..conftest import draw_clips
from .scenes import scene


def test_box_grows_with_the_face():
    face = skimage.data.astronaut()[:, :, 0]
    frames = [cv2.resize(face, None, fx=1 + i / 50, fy=1 + i / 50)[:500, :500] for i in range(12)]
    view = FaceView(frames[0], np.float32([170, 65, 110, 110]))
    for previous, frame in itertools.pairwise(frames):
        view = track_box(frame, FaceView(previous, view.box))
        assert view is not None
    scale = 1 + 11 / 50
    np.testing.assert_allclose(view.box, np.float32([170, 65, 110, 110]) * scale, rtol=0.06)


def test_box_with_other_content_is_lost():
    view = FaceView(scene((draw_clips()[0][0][0], 60, 60)), np.float32([60, 60, 90, 100]))
    assert track_box(np.zeros((240, 320), np.uint8), view) is None
    noise = np.random.default_rng(0).integers(0, 256, (240, 320), dtype=np.uint8)
    assert track_box(noise, view) is None
    assert track_box(view.image, view) is not None


def test_correlation():
    a = np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8)
    assert clipped_correlation(a, a) == pytest.approx(1)
    assert clipped_correlation(a, a // 2 + 30) > 0.99
    assert clipped_correlation(a, 255 - a) == 0
    assert clipped_correlation(a, np.full_like(a, 7)) == 0
