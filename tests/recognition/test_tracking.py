"""Faces keep their numbers from frame to frame, are lost, and are found again."""

import numpy as np
import pytest

from fer_features.faces.face_search import FaceSearch
from fer_features.faces.localizer import FaceLocalizer
from fer_features.recognition.tracking import MAX_LOST_FRAMES, FaceTracker

from ..conftest import draw_clips
from .scenes import PatchLandmarker, detect_patches, scene

CLIPS = draw_clips()[0]


class CountingDetector:
    """A detector that counts its calls."""

    def __init__(self):
        self.n_calls = 0

    def __call__(self, image):
        self.n_calls += 1
        return detect_patches(image)


def track(frames, faces="largest", detect_interval=10, landmarker=None, detector=detect_patches):
    tracker = FaceTracker(FaceSearch(FaceLocalizer(detector, landmarker)), faces, detect_interval)
    return [tracker.update(frame) for frame in frames]


def moving_face(n, step=2, x=20):
    return [scene((CLIPS[0][-1], x + step * i, 60)) for i in range(n)]


@pytest.mark.parametrize("landmarker", [None, PatchLandmarker()])
@pytest.mark.parametrize("detect_interval", [1, 10])
def test_moving_face_is_tracked(landmarker, detect_interval):
    detector = CountingDetector()
    tracks = track(moving_face(40), detect_interval=detect_interval, landmarker=landmarker, detector=detector)
    assert {face_id for faces in tracks for face_id, _ in faces} == {0}
    centres = np.array([faces[0][1].box[0] + faces[0][1].box[2] / 2 for faces in tracks])
    np.testing.assert_allclose(centres - centres[0], 2 * np.arange(40), atol=4)
    # With landmarks a face is detected again only when it is lost.
    assert detector.n_calls == (40 if detect_interval == 1 else 4 if landmarker is None else 1)


@pytest.mark.parametrize("landmarker", [None, PatchLandmarker()])
def test_two_faces_that_move_in_opposite_directions_keep_their_numbers(landmarker):
    frames = [scene((CLIPS[0][-1], 10 + i, 10), (CLIPS[3][-1], 200 - i, 125)) for i in range(60)]
    tracks = track(frames, "all", landmarker=landmarker)
    left = min(tracks[0], key=lambda face: face[1].box[0])[0]
    for face_id, step in ((left, 1), (1 - left, -1)):
        x = np.array([dict(faces)[face_id].box[0] for faces in tracks])
        np.testing.assert_allclose(x - x[0], step * np.arange(60), atol=6)


def test_new_face_gets_the_next_number():
    frames = [scene((CLIPS[0][-1], 10, 10))] * 15 + [scene((CLIPS[0][-1], 10, 10), (CLIPS[3][-1], 200, 120))] * 15
    tracks = track(frames, "all")
    assert [face_id for face_id, _ in tracks[0]] == [0]
    assert [face_id for face_id, _ in tracks[-1]] == [0, 1]
    assert len(track(frames, "largest")[-1]) == 1


def test_lost_face_keeps_its_number_when_it_reappears_soon():
    gap = [np.zeros((240, 320), np.uint8)] * 5
    tracks = track([*moving_face(10), *gap, *moving_face(10, x=60)])
    assert [view is None for _, view in (faces[0] for faces in tracks)] == [False] * 10 + [True] * 5 + [False] * 10
    assert {face_id for faces in tracks for face_id, _ in faces} == {0}


def test_track_of_a_lost_face_ends():
    gap = [np.zeros((240, 320), np.uint8)] * (MAX_LOST_FRAMES + 5)
    tracker = FaceTracker(FaceSearch(FaceLocalizer(detect_patches)))
    ended = []
    for frame in [*moving_face(3), *gap]:
        tracker.update(frame)
        ended += tracker.ended_tracks
    assert ended == [0]
    assert tracker.update(gap[0]) == []
    assert [face_id for face_id, _ in tracker.update(moving_face(1)[0])] == [1]


def test_size_of_frames_may_change():
    frames = [scene((CLIPS[0][-1], 20, 20), size=size) for size in [(240, 320), (240, 320), (150, 150), (300, 200)]]
    assert all(faces[0][1] is not None for faces in track(frames))


def test_landmarks_of_low_confidence_are_not_a_face():
    class LowConfidenceLandmarker(PatchLandmarker):
        def detect_landmarks(self, image, boxes):
            landmarks, confidence = super().detect_landmarks(image, boxes)
            return landmarks, confidence * 0.3

    assert track(moving_face(3), landmarker=LowConfidenceLandmarker()) == [[], [], []]


def test_landmarks_that_leave_the_box_are_not_a_face():
    class ShrinkingLandmarker(PatchLandmarker):
        def detect_landmarks(self, image, boxes):
            landmarks, confidence = super().detect_landmarks(image, boxes)
            centre = landmarks.mean(1, keepdims=True)
            return centre + 0.4 * (landmarks - centre), confidence

    assert track(moving_face(3), landmarker=ShrinkingLandmarker()) == [[], [], []]
