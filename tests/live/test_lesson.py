"""Tests of lessons: a model of four expressions from a few clips, its estimate, and its files."""

import time
from collections import Counter

import cv2
import numpy as np
import pytest

from fer_features import FerError, Recognizer, load_dataset, load_model
from fer_features.faces import FaceDetector, default_landmarker
from fer_features.faces.face_search import FaceSearch
from fer_features.faces.localizer import FaceLocalizer, FaceView
from fer_features.live.lesson import LESSON_DATA, Lesson, checked_name
from fer_features.live.lesson_data import LICENCE, crop_view
from fer_features.recognition.frames import Frame
from fer_features.recognition.tracking import FaceTracker
from fer_features.vision.geometry import MEAN_FACE

from .conftest import EXPRESSIONS, clip_frames, neutral_frames

SEARCH = FaceSearch(FaceLocalizer(FaceDetector(), default_landmarker()), "detect", None)


def views_of(frames):
    """The face in frames (H, W), tracked."""
    tracker = FaceTracker(SEARCH)
    tracked = [tracker.update(frame, i) for i, frame in enumerate(frames)]
    return [view for faces in tracked for _, view in faces if view is not None]


def most_frequent_expression(lesson, subject, frames):
    """Expression of most frames, by the model of a lesson, relative to the neutral face of the lesson."""
    stream = Recognizer(lesson.model.model).stream((), neutral=lesson.neutral[subject])
    results = [stream.process(Frame(i, i / 25, frame)) for i, frame in enumerate(frames)]
    found = Counter(face.expression or face.status for result in results for face in result.faces)
    return found.most_common(1)[0][0]


@pytest.fixture(scope="module")
def lesson(taught_subject):
    """Four expressions of a rendered person, three clips of each; fitted."""
    lesson = Lesson()
    for number in range(3):
        lesson.add_clip("me", "neutral", views_of(neutral_frames(taught_subject, number)))
    for name in EXPRESSIONS:
        for number in range(3):
            lesson.add_clip("me", name, views_of(clip_frames(taught_subject, name, number)))
    start = time.process_time()  # depends less on other processes than the time of a clock
    lesson.fit()
    assert time.process_time() - start < 5
    return lesson


def test_four_expressions_are_recognized_in_other_clips(lesson, taught_subject):
    others = [(name, number) for name in EXPRESSIONS for number in (3, 4)]
    found = [most_frequent_expression(lesson, "me", clip_frames(taught_subject, *other)) for other in others]
    assert np.mean([found[i] == name for i, (name, _) in enumerate(others)]) >= 0.9


def test_the_neutral_face_gets_no_expression(lesson, taught_subject):
    assert most_frequent_expression(lesson, "me", neutral_frames(taught_subject, 3)) == "neutral"


def test_the_estimate(lesson):
    estimate = lesson.estimate
    assert (estimate.protocol, estimate.n_clips, estimate.classes) == (
        "leave-one-clip-out",
        15,
        ["neutral", *EXPRESSIONS],
    )
    assert np.sum(estimate.confusion, 1).tolist() == [3] * 5
    assert np.trace(estimate.confusion) == estimate.n_correct >= 12
    assert estimate.frame_accuracy == estimate.score.accuracy > 0.8
    assert estimate.chance == 0.2
    assert len(estimate.advice) == 5
    assert "training and evaluated clips show the same persons" in estimate.score.leakage


def test_labels_at_random_are_estimated_as_chance(lesson):
    shuffled = Lesson()
    shuffled.add_clip("me", "neutral", lesson.clips[0].views)
    order = np.random.default_rng(0).permutation(len(lesson.clips))
    for clip, other in zip(lesson.clips, order, strict=True):
        shuffled.add_clip("me", lesson.clips[other].expression, clip.views)
    estimate = shuffled.fit()
    assert estimate.n_correct <= 7
    assert "record more clips of both" in " ".join(estimate.advice)


def test_a_saved_lesson_is_a_run_and_a_data_set(lesson, taught_subject, tmp_path):
    folder = lesson.save(tmp_path / "runs" / "mine")
    X = load_dataset(folder / LESSON_DATA)
    assert (len(X), X["label"].tolist()[0], X.info.licence) == (15 * 3, "neutral", LICENCE)
    assert set(X["subject"]) == {"me"}
    model = load_model(folder)
    assert (model.predict_proba(X) == lesson.model.model.predict_proba(lesson.samples())).all()
    neutral = lesson.neutral["me"].image
    (face,) = Recognizer(folder, neutral=neutral).predict(clip_frames(taught_subject, EXPRESSIONS[0], 3)[-1])
    assert face.expression in EXPRESSIONS
    manifest = (folder / "model.json").read_text()
    assert "leave-one-clip-out" in manifest
    with pytest.raises(FerError, match="not empty"):
        lesson.save(folder)


def test_deletion_removes_everything(taught_subject, tmp_path):
    lesson = Lesson("landmarks_lda")
    views = views_of(clip_frames(taught_subject, EXPRESSIONS[0], 0))
    for name in ("neutral", "a", "b"):
        for _ in range(2):
            lesson.add_clip("me", name, views)
    lesson.fit()
    other = tmp_path / "other"
    other.mkdir()
    lesson.save(tmp_path / "mine")
    lesson.delete()
    assert list(tmp_path.iterdir()) == [other]
    assert (lesson.clips, lesson.neutral, lesson.model, lesson.estimate, lesson.saved) == ([], {}, None, None, [])
    lesson.delete()


def test_from_two_subjects_on_the_estimate_is_by_subject(lesson):
    two = Lesson("landmarks_lda")
    for subject in ("me", "you"):
        for clip in lesson.clips:
            two.add_clip(subject, clip.expression, clip.views)
    assert two.fit().protocol == "leave-one-subject-out"
    # An expression that one person alone shows has no fold without it.
    for clip in [clip for clip in two.clips if (clip.subject, clip.expression) == ("you", EXPRESSIONS[0])]:
        two.remove_clip(clip.number)
    assert two.fit().protocol == "leave-one-clip-out"
    assert two.fit().score.n_subjects == 2


def test_what_a_lesson_refuses(lesson):
    view = lesson.clips[0].views[0]
    one = Lesson()
    for call, text in [
        (lambda: one.add_clip("me", "joy", [view] * 3), "neutral face of me is needed first"),
        (lambda: one.add_clip("me", "neutral", [view] * 2), "visible in 2 frames"),
        (lambda: one.add_clip(" ", "neutral", [view] * 3), "name of the person"),
        (lambda: one.add_clip("me", " Neutral", [view] * 3), None),
        (lambda: one.add_clip("me", "uncertain", [view] * 3), "meaning of its own"),
        (lambda: one.add_clip("me", "x" * 41, [view] * 3), "1 to 40 characters"),
        (lambda: one.add_clip("me", "a\x00b", [view] * 3), "1 to 40 characters"),
        (lambda: one.add_clip("me", 5, [view] * 3), "1 to 40 characters"),
        (lambda: one.save("x"), "no model yet"),
        (lambda: one.fit(), "0 expressions: two are needed"),
        (lambda: one.add_clip("me", "joy", [view] * 3), None),
        (lambda: one.add_clip("me", "wink", [view] * 3), None),
        (lambda: one.fit(), "neutral, joy, wink: at least 2 clips"),
        (lambda: one.remove_clip(7), "no clip 7"),
    ]:
        if text is None:
            call()
            continue
        with pytest.raises(FerError, match=text):
            call()
    assert checked_name("  left\n wink", "expression") == "left wink"


@pytest.mark.parametrize("centre", [(320, 240), (30, 20), (620, 470)])
def test_only_the_surroundings_of_a_face_are_kept(centre):
    image = np.random.default_rng(0).integers(0, 256, (480, 640), dtype=np.uint8)
    landmarks = (MEAN_FACE * 40 + centre).astype(np.float32)
    view = FaceView(image, np.array([centre[0] - 60, centre[1] - 60, 120, 120], np.float32), 1.0, landmarks)
    cropped = crop_view(view)
    assert cropped.image.shape == (240, 240)
    for (x, y), (u, v) in zip(landmarks, cropped.landmarks, strict=True):
        if 0 <= x < 639 and 0 <= y < 479:
            patches = [
                cv2.getRectSubPix(one, (1, 1), (float(a), float(b)))
                for one, a, b in ((image, x, y), (cropped.image, u, v))
            ]
            assert patches[0] == patches[1]


def moved_photograph(photograph, rng, n_frames=4):
    """A photograph under a smooth random motion of the head and the light, in front of a wall."""
    start, end = (rng.normal(0, 1, 5) * [4, 4, 2, 0.02, 8] for _ in range(2))
    frames = []
    for t in np.linspace(0, 1, n_frames):
        dx, dy, angle, log_scale, light = (1 - t) * start + t * end + rng.normal(0, 1, 5) * [0.5, 0.5, 0.3, 0.003, 1]
        affine = cv2.getRotationMatrix2D((112, 112), angle, 1.3 * np.exp(log_scale))
        affine[:, 2] += [208 + dx, 128 + dy]
        frame = cv2.warpAffine(photograph, affine, (640, 480), borderValue=90) + rng.normal(light, 2, (480, 640))
        frames.append(np.clip(frame, 0, 255).astype(np.uint8))
    return frames


def test_photographs_that_move_are_recognized_in_other_clips(kdef):
    rng = np.random.default_rng(0)
    chosen = (kdef["subjects"] == "F05") & (kdef["session"] == "A")
    photographs = dict(zip(kdef["labels"][chosen], kdef["images"][chosen], strict=True))
    lesson = Lesson()
    labels = ("neutral", "joy", "surprise", "anger", "sadness")
    for label in labels:
        for _ in range(2):
            lesson.add_clip("F05", label, views_of(moved_photograph(photographs[label], rng)))
    lesson.fit()
    others = [label for label in labels for _ in range(2)]
    found = [most_frequent_expression(lesson, "F05", moved_photograph(photographs[one], rng)) for one in others]
    assert np.mean(np.array(found) == others) >= 0.9
