"""Faces at rest get no expression: the threshold is learned from training sequences and used for all inputs."""

import numpy as np
import pytest

from fer_features import DataInfo, Samples, evaluate, load_model, make_pipeline, run_experiment
from fer_features.recognition import Recognizer
from fer_features.recognition.face_view import face_distance, normalized_face
from fer_features.recognition.rest import RestThresholds, attach_rest_thresholds, rest_threshold

from ..conftest import draw_clips
from .scenes import PatchLandmarker, detect_patches, scene, view_of

CLASSES = ("joy", "fear", "surprise")


def clips_of(openings, noise=0.0, **columns):
    """Landmarks of two frames: the mouth opens by `openings`; the neutral mouth differs by `noise`."""
    rng = np.random.default_rng(0)
    neutral = rng.normal(0, noise, len(openings))
    frames = [(view_of(a).landmarks, view_of(a + b).landmarks) for a, b in zip(neutral, openings, strict=True)]
    label = columns.pop("label", np.zeros(len(openings), int))
    return Samples.from_arrays(landmarks=np.array(frames), label=label, **columns)


def distance_of(opening):
    return face_distance(normalized_face(view_of(opening)), normalized_face(view_of()))


def test_threshold_is_half_of_the_motion_of_the_weakest_class():
    label = np.repeat([0, 1], 40)
    openings = np.r_[np.full(40, 0.9), np.full(40, 0.3)]
    threshold = rest_threshold(clips_of(openings, label=label), "landmarks")
    assert threshold == pytest.approx(distance_of(0.3) / 2, rel=1e-3)
    # A single sequence without motion does not matter.
    openings[-1] = 0.0
    assert rest_threshold(clips_of(openings, label=label), "landmarks") == pytest.approx(distance_of(0.3) / 2, rel=1e-2)


def test_threshold_is_above_the_differences_of_neutral_frames():
    openings, subject = np.full(200, 0.9), np.repeat(np.arange(10), 20)
    still = rest_threshold(clips_of(openings, 0.0, subject=subject), "landmarks")
    noisy = rest_threshold(clips_of(openings, 0.1, subject=subject), "landmarks")
    unknown = rest_threshold(clips_of(openings, 0.1), "landmarks")
    assert still == pytest.approx(unknown, rel=1e-2)
    assert still < noisy < distance_of(0.9)


def test_landmarks_that_are_missing_are_ignored():
    X = clips_of(np.full(40, 0.3))
    landmarks = X["landmarks"].copy()
    landmarks[::2] = np.nan
    some = Samples.from_arrays(landmarks=landmarks, label=X["label"])
    assert rest_threshold(some, "landmarks") == pytest.approx(rest_threshold(X, "landmarks"))
    assert rest_threshold(Samples.from_arrays(landmarks=landmarks[::2], label=X["label"][::2]), "landmarks") is None


def test_images_and_stills(clips):
    images, landmarks, label, subject = clips
    X = Samples.from_arrays(images, landmarks, label=label, subject=subject)
    assert 0 < rest_threshold(X, "images") < 1
    stills = Samples.from_arrays(images[:, -1:], landmarks[:, -1:], label=label)
    assert rest_threshold(stills, "images") is None
    assert rest_threshold(stills, "landmarks") is None
    frozen = Samples.from_arrays(landmarks=landmarks[:, [0, 0]], label=label)
    assert rest_threshold(frozen, "landmarks") is None
    assert rest_threshold(frozen, "images") is None


@pytest.mark.parametrize(("names", "is_learned"), [(CLASSES, True), (("joy", "Neutral", "fear"), False)])
def test_models_with_a_neutral_class_need_no_threshold(clips, names, is_learned):
    images, landmarks, label, _ = clips
    X = Samples.from_arrays(images, landmarks, label=label, info=DataInfo(classes=names))
    model = make_pipeline("landmarks_lda", calibration_cv=0).fit(X, X["label"])
    attach_rest_thresholds(model, X)
    assert hasattr(model, "rest_thresholds_") == is_learned


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run on toy clips: its folder, and the clips of class 'surprise'."""
    images, landmarks, label, subject = draw_clips()
    X = Samples.from_arrays(images, landmarks, label=label, subject=subject, info=DataInfo(classes=CLASSES))
    folder = run_experiment("landmarks_lda", X, cv="2fold", settings={"calibration_cv": 0}).save(
        tmp_path_factory.mktemp("run") / "run"
    )
    return folder, images[label == 2]


def recognizer(folder, **options):
    return Recognizer(folder, detector=detect_patches, landmarker=PatchLandmarker(), **options)


def test_video_that_begins_and_ends_neutral(trained):
    folder, images = trained
    clip = [scene((images[0][t], 40, 60)) for t in (*[0] * 5, 1, *[2] * 5, 1, *[0] * 5)]
    stream = recognizer(folder).stream(clip)
    faces = [result.faces[0] for result in stream]
    assert [face.status for face in faces] == ["neutral"] * 5 + ["ok"] * 7 + ["neutral"] * 5
    assert all(face.expression and face.probabilities for face in faces[5:12])
    assert all((face.expression, face.probabilities) == ("", {}) for face in (*faces[:5], *faces[12:]))
    (summary,) = stream.track_summaries
    assert summary.n_frames == 7
    assert summary.apex.frame in range(6, 11)


def test_images_and_videos_agree(trained):
    folder, images = trained
    frames = [scene((images[0][t], 40, 60)) for t in (0, 0, 1, 2, 0)]
    model = recognizer(folder, neutral=frames[0], detect_interval=1)
    single = [model.predict(frame)[0].status for frame in frames]
    assert single == [result.faces[0].status for result in model.stream(frames)]
    assert single == ["neutral", "neutral", "ok", "ok", "neutral"]


def test_model_without_thresholds_gives_every_frame_an_expression(trained):
    folder, images = trained
    model = load_model(folder)
    assert isinstance(model.rest_thresholds_, RestThresholds)
    del model.rest_thresholds_
    faces = [result.faces[0] for result in recognizer(model).stream([scene((images[0][0], 40, 60))] * 4)]
    assert [face.status for face in faces] == ["neutral", "ok", "ok", "ok"]


def test_models_of_predefined_splits_have_thresholds(clips):
    _, landmarks, label, subject = clips
    split = np.where(subject == 0, "test", "train")
    X = Samples.from_arrays(landmarks=landmarks, label=label, subject=subject, split=split)
    assert evaluate("landmarks_lda", X).model.rest_thresholds_.landmarks > 0


def test_kind_of_the_view_selects_the_threshold():
    thresholds = RestThresholds(landmarks=0.1)
    with_landmarks, without = view_of(), view_of()
    object.__setattr__(without, "landmarks", None)
    assert thresholds.is_at_rest(with_landmarks, 0.05)
    assert not thresholds.is_at_rest(with_landmarks, 0.1)
    assert not thresholds.is_at_rest(without, 0.05)
