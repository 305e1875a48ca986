"""Faces keep their numbers from frame to frame, are lost, and are found again."""

import cv2
import numpy as np
import pytest
import skimage.data

from fer_features.recognition.face_view import View
from fer_features.recognition.tracking import FORGET, Finder, Tracker, alike, shifted

from ..conftest import draw_clips
from .scenes import Landmarker, find, scene

CLIPS = draw_clips()[0]


class Counting:
    """A detector that counts how often it is asked."""

    def __init__(self):
        self.asked = 0

    def __call__(self, picture):
        self.asked += 1
        return find(picture)


def followed(frames, faces="largest", every=10, landmarker=None, detector=find):
    tracker = Tracker(Finder(detector, landmarker), faces, every)
    return [tracker.update(frame) for frame in frames]


def moving(n, step=2, x=20):
    return [scene((CLIPS[0][-1], x + step * i, 60)) for i in range(n)]


@pytest.mark.parametrize("landmarker", [None, Landmarker()])
@pytest.mark.parametrize("every", [1, 10])
def test_a_moving_face_is_followed(landmarker, every):
    detector = Counting()
    found = followed(moving(40), every=every, landmarker=landmarker, detector=detector)
    assert {number for faces in found for number, _ in faces} == {0}
    middles = np.array([faces[0][1].box[0] + faces[0][1].box[2] / 2 for faces in found])
    np.testing.assert_allclose(middles - middles[0], 2 * np.arange(40), atol=4)
    assert detector.asked == (40 if every == 1 else 4)


def test_a_growing_face_is_followed_without_landmarks():
    face = skimage.data.astronaut()[:, :, 0]
    frames = [cv2.resize(face, None, fx=1 + i / 50, fy=1 + i / 50) for i in range(12)]
    view = View(frames[0], np.float32([170, 65, 110, 110]))
    for i, frame in enumerate(frames[1:], 1):
        # Of one size, as frames of a video are.
        view = shifted(frame[:500, :500], View(frames[i - 1][:500, :500], view.box))
        assert view is not None
    scale = 1 + 11 / 50
    np.testing.assert_allclose(view.box, np.float32([170, 65, 110, 110]) * scale, rtol=0.06)


def test_a_box_that_shows_something_else_is_lost():
    view = View(scene((CLIPS[0][0], 60, 60)), np.float32([60, 60, 90, 100]))
    assert shifted(np.zeros((240, 320), np.uint8), view) is None
    noise = np.random.default_rng(0).integers(0, 256, (240, 320), dtype=np.uint8)
    assert shifted(noise, view) is None
    assert shifted(view.picture, view) is not None


def test_several_faces_keep_their_numbers_while_they_cross_frames():
    frames = [scene((CLIPS[0][-1], 10 + i, 10), (CLIPS[3][-1], 200 - i, 125)) for i in range(60)]
    for landmarker in (None, Landmarker()):
        found = followed(frames, "all", landmarker=landmarker)
        left = min(found[0], key=lambda face: face[1].box[0])[0]
        for number, step in ((left, 1), (1 - left, -1)):
            x = np.array([dict(faces)[number].box[0] for faces in found])
            np.testing.assert_allclose(x - x[0], step * np.arange(60), atol=6)


def test_a_face_that_comes_later_gets_the_next_number():
    frames = [scene((CLIPS[0][-1], 10, 10))] * 15 + [scene((CLIPS[0][-1], 10, 10), (CLIPS[3][-1], 200, 120))] * 15
    found = followed(frames, "all")
    assert [number for number, _ in found[0]] == [0]
    assert [number for number, _ in found[-1]] == [0, 1]
    assert len(followed(frames, "largest")[-1]) == 1


def test_a_lost_face_is_told_and_keeps_its_number_when_it_comes_back_soon():
    gap = [np.zeros((240, 320), np.uint8)] * 5
    found = followed([*moving(10), *gap, *moving(10, x=60)])
    assert [view is None for _, view in (faces[0] for faces in found)] == [False] * 10 + [True] * 5 + [False] * 10
    assert {number for faces in found for number, _ in faces} == {0}


def test_a_face_that_is_long_gone_is_forgotten():
    gap = [np.zeros((240, 320), np.uint8)] * (FORGET + 5)
    tracker = Tracker(Finder(find))
    gone = []
    for frame in [*moving(3), *gap]:
        tracker.update(frame)
        gone += tracker.forgotten
    assert gone == [0]
    assert tracker.update(gap[0]) == []
    assert [number for number, _ in tracker.update(moving(1)[0])] == [1]


def test_frames_may_change_their_size():
    frames = [scene((CLIPS[0][-1], 20, 20), size=size) for size in [(240, 320), (240, 320), (150, 150), (300, 200)]]
    found = followed(frames)
    assert all(faces[0][1] is not None for faces in found)


def test_a_face_whose_landmarks_are_not_sure_is_no_face():
    class Unsure(Landmarker):
        def locate(self, picture, boxes):
            points, sure = super().locate(picture, boxes)
            return points, sure * 0.3

    assert followed(moving(3), landmarker=Unsure()) == [[], [], []]


def test_landmarks_that_leave_the_box_are_of_no_face():
    class Shrinking(Landmarker):
        def locate(self, picture, boxes):
            points, sure = super().locate(picture, boxes)
            return points.mean(1, keepdims=True) + 0.4 * (points - points.mean(1, keepdims=True)), sure

    assert followed(moving(3), landmarker=Shrinking()) == [[], [], []]


def test_correlation():
    a = np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8)
    assert alike(a, a) == pytest.approx(1)
    assert alike(a, a // 2 + 30) > 0.99
    assert alike(a, 255 - a) == 0
    assert alike(a, np.full_like(a, 7)) == 0
