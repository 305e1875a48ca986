"""Apex and neutral frames that are found by motion, in rendered clips."""

import numpy as np
import pytest

from fer_features.datasets import clip_motion
from fer_features.datasets.clip_motion import FaceMotion
from fer_features.synthetic import generate

N_FRAMES = 8


@pytest.fixture(scope="module")
def sequences():
    """Clips of three expressions from the neutral face to the apex, (3, 8, H, W)."""
    return generate(n_subjects=1, n_test_subjects=0, n_repeats=1, n_frames=N_FRAMES).images[::2]


def motion_of(frames, offset=0):
    motion = FaceMotion()
    for number, frame in enumerate(frames):
        motion.add(number + offset, frame)
    return motion


def assert_apexes(frames):
    """All frames of the original clips are in the last part of the rise, and most of them at its end."""
    errors = N_FRAMES - 1 - np.array(frames)
    assert errors.max() <= 2
    assert np.median(errors) <= 1


def there_and_back(length=N_FRAMES):
    """Frames of a clip that returns to the neutral face, which it shows twice at the beginning."""
    return np.r_[0, 0, :length, length - 2 : -1 : -1]


def test_apex_of_a_clip_that_returns_to_neutral(sequences):
    order = there_and_back()
    assert_apexes([order[motion_of(clip[order]).find_apex(0)] for clip in sequences])


def test_apex_at_the_end_and_at_the_beginning(sequences):
    assert_apexes([motion_of(clip).find_apex(0) for clip in sequences])
    assert_apexes([N_FRAMES - 1 - motion_of(clip[::-1]).find_apex(N_FRAMES - 1) for clip in sequences])


def test_apex_relative_to_an_image_of_the_neutral_face(sequences):
    order = there_and_back()
    assert_apexes([order[motion_of(clip[order][2:]).find_apex(clip[0]) + 2] for clip in sequences])


def test_apex_under_head_motion(sequences):
    """The clip is shown through a window that moves by a tenth of the face."""
    order = there_and_back()
    found = []
    for clip in sequences:
        padded = np.pad(clip, ((0, 0), (20, 20), (20, 20)), mode="edge")[order]
        shift = np.rint(12 * np.sin(np.linspace(0, 5, len(order)))).astype(int)
        frames = [np.roll(frame, (s, -s), (0, 1)) for frame, s in zip(padded, shift, strict=True)]
        found.append(order[motion_of(frames).find_apex(0)])
    assert_apexes(found)


def test_neutral_face_of_a_clip_that_returns_to_neutral_is_before_the_apex(sequences):
    order = there_and_back()
    for clip in sequences:
        neutral = motion_of(clip[order]).find_neutral()
        assert order[neutral] <= 2
        assert neutral < len(order) // 2


def test_neutral_face_of_a_clip_that_begins_with_the_expression():
    clips = generate(n_subjects=2, n_test_subjects=0, n_repeats=1, n_frames=N_FRAMES).images
    found = [motion_of(clip[::-1]).find_neutral() for clip in clips]
    assert np.mean(np.array(found) >= N_FRAMES - 2) > 0.5  # others are taken for the opposite


def test_frame_numbers_are_those_that_were_given(sequences):
    clip = sequences[0]
    assert motion_of(clip, offset=40).find_apex(40) == 40 + motion_of(clip).find_apex(0)


def test_neutral_frame_is_not_the_apex():
    frames = np.full((5, 96, 96), 90, np.uint8)
    assert motion_of(frames).find_apex(0) != 0


def test_complete_images_are_compared_where_no_face_is_found():
    texture = np.random.default_rng(0).integers(0, 255, (12, 12)).astype(np.uint8).repeat(8, 0).repeat(8, 1)
    frames = np.stack([texture] * 6)
    frames[3:5, 40:70, 30:60] = 255 - frames[3:5, 40:70, 30:60]
    assert motion_of(frames).find_apex(0) in (3, 4)


def test_number_of_faces_in_memory_is_limited(monkeypatch, sequences):
    monkeypatch.setattr(clip_motion, "MAX_FACES", 8)
    clip = sequences[0]
    frames = np.concatenate([clip, np.repeat(clip[-1:], 6, 0), clip[::-1], np.repeat(clip[:1], 10, 0)])
    motion = motion_of(frames)
    assert len(motion._faces) <= 8
    assert N_FRAMES - 3 <= motion.find_apex(0) <= N_FRAMES + 8


def test_faces_are_rarely_searched_where_there_is_none(monkeypatch):
    n_searches = []
    original = clip_motion.FaceDetector.__call__
    monkeypatch.setattr(clip_motion.FaceDetector, "__call__", lambda self, i: n_searches.append(1) or original(self, i))
    motion_of(np.full((60, 48, 48), 90, np.uint8))
    assert 3 <= len(n_searches) <= 8
