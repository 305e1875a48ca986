"""One path from a face in a frame to the numbers of a row, whichever way the frame came."""

import dataclasses

import cv2
import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from fer_features import FerError, Samples, make_pipeline, save_model
from fer_features.classifiers import LateFusion
from fer_features.recognition import Recognizer
from fer_features.recognition.face_view import IN_BOX, View, box_of, crop_of, rows_of
from fer_features.recognition.input_spec import needs_of
from fer_features.recognition.neutral_reference import Baseline
from fer_features.recognition.sources import Video

from .scenes import Landmarker, find, moving_clip, scene, toy, write_video


@pytest.fixture(scope="module")
def apex():
    return toy("hog_linear")


@pytest.fixture(scope="module")
def compared():
    return toy("hogdiff_landmarks_linear")


@pytest.fixture(scope="module")
def crops():
    return toy("hog_linear", still=True, align__method="none", align__size=48, features__hog__cell=8)


def values(face):
    return np.array(list(face.probabilities.values()))


def recognizer(model, **options):
    return Recognizer(model, detector=find, landmarker=options.pop("landmarker", Landmarker()), **options)


def test_what_a_pipeline_needs_is_found_out(apex, compared, crops):
    assert needs_of(apex[0]).columns == ("images", "landmarks")
    assert (needs_of(apex[0]).frames, needs_of(apex[0]).crop) == (1, None)
    assert (needs_of(compared[0]).frames, needs_of(compared[0]).crop) == (2, None)
    assert (needs_of(crops[0]).columns, needs_of(crops[0]).frames) == (("images",), 1)
    assert needs_of(crops[0]).crop == (100, 90)  # of the training pictures, not of what they are scaled to


def test_pipelines_are_found_in_votes(apex, compared):
    images, landmarks, label, subject = apex[1]
    X = Samples.from_arrays(images, landmarks, label=label, subject=subject)
    vote = LateFusion([("a", make_pipeline("hog_linear")), ("b", make_pipeline("landmarks_svm"))], folds=2).fit(
        X, label
    )
    assert (needs_of(vote).columns, needs_of(vote).frames) == (("images", "landmarks"), 2)


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("hogtop_linear", {}, "clips of 3 frames"),
        ("hogdiff_linear", {"neutral__method": "median"}, "neutral__method=median"),
        ("hogdiff_linear", {"neutral__method": "subject"}, "neutral__method=subject"),
    ],
)
def test_what_needs_more_than_a_frame_is_refused(name, settings, words):
    with pytest.raises(FerError, match=words):
        needs_of(toy(name, **settings)[0])


def test_a_model_without_a_neutral_step_of_ours_takes_single_frames():
    assert needs_of(toy("hogdiff_linear", neutral__method="none")[0]).frames == 1


def test_what_is_no_pipeline_of_ours_is_refused():
    with pytest.raises(FerError, match="no pipeline"):
        needs_of(LogisticRegression())


@pytest.mark.parametrize("which", ["apex", "compared", "crops"])
def test_picture_video_stream_and_batch_give_the_same_numbers(which, tmp_path, request):
    model, (images, *_) = request.getfixturevalue(which)
    path = write_video(tmp_path / "clip.avi", moving_clip(images[3]))
    frames = [frame.picture for frame in Video(path)]
    neutral = frames[0]
    r = recognizer(model, neutral=neutral, every=1, landmarker=None if which == "crops" else Landmarker())
    alone = [r.predict(frame)[0] for frame in frames]
    video = [moment.faces[0] for moment in r.stream(path)]
    live = [moment.faces[0] for moment in r.stream(iter(frames))]
    assert len(alone) == len(video) == len(live) == 12
    assert np.ptp([values(face) for face in alone], axis=0).max() > 0.05
    for a, b, c in zip(alone, video, live, strict=True):
        np.testing.assert_array_equal(a.box, b.box)
        np.testing.assert_array_equal(values(a), values(b))
        np.testing.assert_array_equal(values(a), values(c))
        assert a.expression == b.expression == c.expression
    files = []
    for i, frame in enumerate(frames):
        cv2.imwrite(str(tmp_path / f"{i}.png"), frame)
        files.append(r.predict(tmp_path / f"{i}.png")[0])
    np.testing.assert_array_equal([values(a) for a in files], [values(a) for a in alone])
    # All frames as the rows of one table.
    views = [r.finder.find(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY))[0] for frame in frames]
    rows = r.describe(views, [r.finder.find(cv2.cvtColor(neutral, cv2.COLOR_BGR2GRAY))[0]] * len(views))
    np.testing.assert_allclose(model.predict_proba(rows), [values(a) for a in alone], atol=1e-5)


def test_rows_are_those_that_training_would_have_made(compared):
    # Whole frames and landmarks by hand, as a data set gives them: the recognizer adds nothing and leaves nothing out.
    model, (images, *_) = compared
    frames = np.stack(moving_clip(images[5]))
    r = recognizer(model, neutral=frames[0], every=1)
    points = np.stack([r.finder.find(frame)[0].points for frame in frames])
    clips, marks = np.stack([frames[:1].repeat(12, 0), frames], 1), np.stack([points[:1].repeat(12, 0), points], 1)
    expected = model.predict_proba(Samples.from_arrays(clips, marks))
    np.testing.assert_allclose([values(r.predict(frame)[0]) for frame in frames], expected, atol=1e-5)


def test_frames_of_other_sizes_are_no_matter(compared):
    model, (images, *_) = compared
    small, large = scene((images[0][-1], 20, 10), size=(130, 140)), scene((images[0][-1], 20, 10), size=(500, 400))
    r = recognizer(model, neutral=scene((images[0][0], 100, 90)))
    np.testing.assert_array_equal(values(r.predict(small)[0]), values(r.predict(large)[0]))


def test_a_crop_is_the_picture_that_was_cut_out(crops):
    _, (images, *_) = crops
    picture = images[7][-1]
    canvas = scene((picture, 50, 60))
    # The box is taller than wide: it is the longer side that fills the crop.
    crop = crop_of(canvas, np.float32([50, 60, 90, 90]), (90, 90))
    np.testing.assert_array_equal(crop, np.maximum(picture, 1)[:90])
    np.testing.assert_array_equal(crop_of(canvas[60:], np.float32([50, 0, 45, 45]), (45, 45)), canvas[60:105, 50:95])


def test_landmarks_follow_into_the_crop():
    points = np.float32([[60, 70], [95, 100]] * 34)
    view = View(np.zeros((200, 200), np.uint8), np.float32([50, 60, 50, 50]), 1.0, points)
    model, _ = toy("patches_hog_linear", still=True)
    needs = needs_of(model)
    assert needs.crop is None
    rows = rows_of([[view]], dataclasses.replace(needs, crop=(100, 100)))
    np.testing.assert_allclose(rows["landmarks"][0, 0, :2], [[20.5, 20.5], [90.5, 80.5]])


def test_no_face_is_an_empty_list_and_no_label(apex):
    r = recognizer(apex[0])
    assert r.predict(np.zeros((240, 320), np.uint8)) == []
    assert r.predict(np.zeros((1, 1), np.uint8)) == []
    assert [moment.faces for moment in r.stream([np.zeros((9, 9), np.uint8)] * 3)] == [[], [], []]


def test_without_a_neutral_face_there_is_no_label(compared):
    model, (images, *_) = compared
    (face,) = recognizer(model).predict(scene((images[0][-1], 40, 40)))
    assert (face.status, face.expression, face.probabilities) == ("no neutral", "", {})
    with pytest.raises(FerError, match="--neutral first, median or FILE"):
        recognizer(model, neutral="none")
    faces = [moment.faces[0] for moment in recognizer(model).stream(moving_clip(images[0]))]
    assert faces[0].status == "neutral"
    assert faces[0].expression == ""
    assert all(face.status == "ok" and face.expression for face in faces[1:])


def test_a_neutral_picture_without_a_face_is_told(compared, tmp_path):
    cv2.imwrite(str(tmp_path / "empty.png"), np.zeros((100, 100), np.uint8))
    with pytest.raises(FerError, match=r"empty\.png shows no face"):
        recognizer(compared[0], neutral=tmp_path / "empty.png")


def test_a_face_without_extent_is_not_described(apex):
    r = recognizer(apex[0])
    picture = scene((apex[1][0][0][-1], 40, 40))
    good = r.finder.find(picture)[0]
    bad = View(picture, good.box, 1.0, np.full((68, 2), 50, np.float32))
    faces, found = r.judge([(0, bad, Baseline("none"), None), (1, good, Baseline("none"), None)])
    assert [face.status for face in faces] == ["not described", "ok"]
    assert found[0] is None
    np.testing.assert_array_equal(values(faces[1]), values(r.predict(picture)[0]))


def test_largest_or_all(apex):
    model, (images, *_) = apex
    big = cv2.resize(images[1][-1], (135, 150))
    picture = scene((images[0][-1], 10, 20), (big, 150, 40))
    (one,) = recognizer(model).predict(picture)
    both = recognizer(model, faces="all").predict(picture)
    assert [face.number for face in both] == [0, 1]
    assert one.box[0] > 100
    np.testing.assert_allclose(values(both[0]), values(one), atol=1e-6)


def test_known_boxes_take_the_place_of_the_detector(apex):
    model, (images, *_) = apex
    picture = scene((images[0][-1], 10, 20), (images[1][-1], 150, 40))
    boxes, _ = find(picture)
    detected = recognizer(model, faces="all").predict(picture)
    known = Recognizer(model, detector=lambda picture: [], landmarker=Landmarker()).predict(picture, boxes)
    assert len(known) == len(detected) > 0
    for a, b in zip(known, detected, strict=True):
        assert np.array_equal(values(a), values(b))
    with pytest.raises(FerError, match="boxes"):
        recognizer(model).predict(picture, [[1, 2, 3]])


def test_unsure_faces_are_uncertain(apex):
    model, (images, *_) = apex
    picture = scene((images[0][-1], 40, 40))
    (sure,) = recognizer(model, classes=("a", "b", "c")).predict(picture)
    assert sure.expression in "abc"
    top = max(sure.probabilities.values())
    for threshold, expected in ((top - 1e-6, sure.expression), (min(top + 1e-6, 1.0), "uncertain")):
        (face,) = recognizer(model, classes=("a", "b", "c"), reject=threshold).predict(picture)
        assert face.expression == expected
        assert face.probabilities == sure.probabilities


def test_a_saved_model_brings_names_threshold_and_landmarker(apex, tmp_path):
    model, (images, *_) = apex
    model.landmarker_ = Landmarker()
    try:
        record = {"classes": {"0": "joy", "1": "fear", "2": "surprise"}, "reject_threshold": 1.0}
        path = save_model(model, tmp_path / "model.joblib", record)
    finally:
        del model.landmarker_
    picture = scene((images[0][-1], 40, 40))
    (face,) = Recognizer(path, detector=find).predict(picture)
    assert list(face.probabilities) == ["joy", "fear", "surprise"]
    assert face.expression == "uncertain"
    (other,) = Recognizer(joblib.load(path), detector=find).predict(picture)
    assert list(other.probabilities) == ["0", "1", "2"]
    np.testing.assert_array_equal(values(face), values(other))


def test_without_a_landmarker_the_line_says_what_to_do(apex):
    r = recognizer(apex[0], landmarker=None)
    with pytest.raises(FerError, match=r"fer_features\.landmarks train"):
        r.predict(np.zeros((99, 99), np.uint8))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"faces": "some"}, "'largest' or 'all'"),
        ({"reject": 2}, "reject=2"),
        ({"every": 0}, "every=0"),
        ({"classes": ["a"]}, "1 names of classes"),
        ({"neutral": "frist"}, "frist"),
        ({"landmarker": 3}, "int"),
    ],
)
def test_wrong_options_are_told(apex, options, words):
    with pytest.raises(FerError, match=words):
        recognizer(apex[0], **options)


def test_a_model_without_probabilities_gives_names_alone(apex):
    _, (images, landmarks, label, subject) = apex
    X = Samples.from_arrays(images, landmarks, label=label, subject=subject)
    model = make_pipeline("hog_linear", calibration=0).fit(X, label)
    r = recognizer(model)
    (face,) = r.predict(scene((images[0][-1], 40, 40)))
    assert face.expression in ("0", "1", "2")
    assert face.probabilities == {}
    clips = r.stream(moving_clip(images[0]))
    assert len(list(clips)) == 12
    assert clips.clips[0].expression in ("0", "1", "2")
    with pytest.raises(FerError, match="no probabilities"):
        recognizer(model, reject=0.5)


def test_box_of_landmarks_is_the_box_again():
    box = np.float32([30, 40, 200, 200])
    np.testing.assert_allclose(box_of(IN_BOX * 200 + [30, 40]), box, atol=1e-3)
