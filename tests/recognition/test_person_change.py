"""A cut from one person to another starts a new face, and the motion of one person does not."""

import itertools

import cv2
import numpy as np
import pytest

from fer_features.datasets.openface_table import read_openface
from fer_features.faces.face_search import FaceSearch
from fer_features.faces.localizer import FaceLocalizer, FaceView, box_from_landmarks
from fer_features.recognition import Recognizer
from fer_features.recognition.openface import OpenFaceTracker
from fer_features.recognition.person_change import PersonChangeTracker
from fer_features.recognition.tracking import FaceTracker
from fer_features.vision.geometry import apply_affine

from ..conftest import draw_clips
from .scenes import (
    OPENFACE_LANDMARKS,
    PatchLandmarker,
    detect_patches,
    fit_toy,
    moving_clip,
    openface_line,
    scene,
    write_openface,
)

IMAGES, _, _, SUBJECTS = draw_clips()
#: A clip of each subject.
CLIPS = [IMAGES[np.flatnonzero(subject == SUBJECTS)[0]] for subject in range(4)]
PLACE = {"x": 40, "y": 60}


class KnownViews:
    """A tracker that returns given views of faces."""

    def __init__(self, frames):
        self.frames, self.ended_tracks = frames, []

    def update(self, image, index):
        return self.frames[index]


def numbers(frames, tracker=None):
    """Numbers of the faces in each frame, and the frame in which each number ended."""
    changes = PersonChangeTracker(tracker or FaceTracker(FaceSearch(FaceLocalizer(detect_patches))))
    found, ended = [], {}
    for i, frame in enumerate(frames):
        found.append([face_id for face_id, _ in changes.update(frame, i)])
        ended |= dict.fromkeys(changes.ended_tracks, i)
    return found, ended


def still(subject, n=5, **place):
    return [scene((CLIPS[subject][0], *{**PLACE, **place}.values()))] * n


@pytest.mark.parametrize("landmarker", [None, PatchLandmarker()])
@pytest.mark.parametrize("detect_interval", [1, 10])
def test_cut_between_two_subjects_starts_a_new_face(landmarker, detect_interval):
    tracker = FaceTracker(FaceSearch(FaceLocalizer(detect_patches, landmarker)), "largest", detect_interval)
    found, ended = numbers([*still(0), *still(1), *still(2), *still(0)], tracker)
    assert found == [[n] for n in np.repeat([0, 1, 2, 3], 5)]
    assert ended == {0: 5, 1: 10, 2: 15}


def test_person_who_appears_elsewhere_is_a_new_face():
    assert numbers([*still(0), *still(1, x=150, y=100)])[0] == [[0]] * 5 + [[1]] * 5


def test_person_who_appears_after_frames_without_a_face_is_a_new_face():
    black = [np.zeros((240, 320), np.uint8)] * 3
    assert numbers([*still(0), *black, *still(1)])[0] == [[0]] * 8 + [[1]] * 5
    assert numbers([*still(0), *black, *still(0)])[0] == [[0]] * 13


def test_only_one_of_two_faces_is_replaced():
    left, right = {"x": 10, "y": 20}, {"x": 180, "y": 100}
    frames = [still(0, 1, **left)[0] | still(k, 1, **right)[0] for k in (1, 1, 1, 2, 2)]
    found, _ = numbers(frames, FaceTracker(FaceSearch(FaceLocalizer(detect_patches)), "all"))
    (replaced,) = set(found[0]) - set(found[-1])
    assert sorted(found[-1]) == sorted({*found[0], 2} - {replaced})


def test_motion_of_one_person_is_not_a_cut():
    for clip in CLIPS:
        assert {tuple(ids) for ids in numbers(moving_clip(clip, 24, step=3))[0]} == {(0,)}


def test_expression_that_appears_within_one_frame_is_not_a_cut():
    for clip in IMAGES:
        frames = [scene((clip[t], 40, 60)) for t in (0, 0, 0, -1, -1, -1, 0, 0)]
        assert {tuple(ids) for ids in numbers(frames)[0]} == {(0,)}


def test_brightness_of_the_complete_image_is_not_a_cut():
    (frame,) = still(0, 1)
    frames = [frame, frame, frame, frame // 2, frame // 2, np.clip(frame * 1.3, 0, 255).astype(np.uint8), frame]
    assert {tuple(ids) for ids in numbers(frames)[0]} == {(0,)}


def test_first_frames_of_a_sequence_are_one_person():
    # A sequence of photographs may consist of a neutral face and an apex: there is no smooth motion to compare with.
    assert numbers([*still(0, 1), *still(1, 1)])[0] == [[0], [0]]


def test_numbers_of_the_tracker_are_kept_where_they_are_free(tmp_path):
    images = [scene((CLIPS[0][0], 40, 60)), scene((CLIPS[1][0], 40, 60))]
    view = [FaceView(image, np.float32([40, 60, 90, 100])) for image in images]
    frames = [[(7, view[0])], [(7, view[0])], [(7, view[1]), (8, view[0])], [(7, view[1])]]
    assert numbers(images * 2, KnownViews(frames))[0] == [[7], [7], [8, 9], [8]]


def test_known_landmarks_are_divided_at_a_cut_too(tmp_path):
    frames = [*still(0), *still(1)]
    landmarks = OPENFACE_LANDMARKS * 0.73 + [10, 30]
    table = read_openface(write_openface(tmp_path / "a.csv", [(openface_line(i + 1), landmarks) for i in range(10)]))
    assert numbers(frames, OpenFaceTracker(table))[0] == [[0]] * 5 + [[1]] * 5


def test_each_person_has_a_neutral_reference(tmp_path):
    model, _ = fit_toy("hogdiff_landmarks_linear", calibration_cv=0)
    frames = [*moving_clip(CLIPS[0]), *moving_clip(CLIPS[1])]
    stream = Recognizer(model, detector=detect_patches, landmarker=PatchLandmarker()).stream(frames)
    faces = [result.faces[0] for result in stream]
    assert [(face.face_id, face.status) for face in faces if face.status != "ok"] == [(0, "neutral"), (1, "neutral")]
    assert [faces[i].status for i in (0, 12)] == ["neutral", "neutral"]
    assert [summary.face_id for summary in stream.track_summaries] == [0, 1]


def test_most_cuts_between_real_faces_are_detected(kdef):
    chosen = np.flatnonzero((kdef["labels"] == "neutral") & (kdef["session"] == "A"))
    chosen = np.random.default_rng(0).permutation(chosen)
    views = [
        FaceView(image, box_from_landmarks(landmarks), 1.0, landmarks)
        for image, landmarks in zip(kdef["images"][chosen], kdef["landmarks68"][chosen], strict=True)
    ]
    n_cuts = 0
    for a, b in itertools.pairwise(views):
        found, _ = numbers([view.image for view in (a, a, a, b, b)], KnownViews([[(0, v)] for v in (a, a, a, b, b)]))
        assert found[:3] == [[0]] * 3
        assert found[3] == found[4]
        n_cuts += found[3] == [1]
    assert n_cuts >= 0.7 * (len(views) - 1)


def test_motion_of_real_faces_is_not_a_cut(kdef):
    chosen = np.flatnonzero((kdef["labels"] == "neutral") & (kdef["session"] == "A"))[:15]
    for image, landmarks in zip(kdef["images"][chosen], kdef["landmarks68"][chosen], strict=True):
        frames, boxes = [], []
        for i in range(8):
            turn = cv2.getRotationMatrix2D((112.0, 112.0), 3.0 * i, 1 + 0.03 * i) + [[0, 0, 3 * i], [0, 0, 2 * i]]
            frames.append(cv2.warpAffine(image, turn, (224, 224), borderMode=cv2.BORDER_REPLICATE))
            boxes.append(box_from_landmarks(apply_affine(turn, landmarks)))
        views = [[(0, FaceView(frame, box))] for frame, box in zip(frames, boxes, strict=True)]
        assert {tuple(ids) for ids in numbers(frames, KnownViews(views))[0]} == {(0,)}
