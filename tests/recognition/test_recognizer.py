"""Images, videos, streams and batches give the same predictions, since they share one code path."""

import cv2
import joblib
import numpy as np
import pytest

from fer_features import FerError, Samples, make_pipeline, save_model
from fer_features.faces import default_landmarker
from fer_features.faces.localizer import FaceView
from fer_features.recognition import Recognizer
from fer_features.recognition.neutral_reference import OnlineNeutralReference
from fer_features.recognition.sources import VideoSource
from fer_features.recognition.stream import TrackedFace

from .scenes import PatchLandmarker, detect_patches, fit_toy, moving_clip, scene, write_video


@pytest.fixture(scope="module")
def single_frame():
    """A model of aligned faces, and its clips."""
    return fit_toy("hog_linear")


@pytest.fixture(scope="module")
def neutral_to_apex():
    """A model that compares a face with the neutral reference, and its clips."""
    return fit_toy("hogdiff_landmarks_linear")


@pytest.fixture(scope="module")
def crops():
    """A model of face crops without landmarks, and its clips."""
    return fit_toy("hog_linear", still=True, align__method="none", align__size=48, features__hog__pixels_per_cell=8)


def values(face):
    return np.array(list(face.probabilities.values()))


def make_recognizer(model, **options):
    landmarker = options.pop("landmarker", PatchLandmarker())
    return Recognizer(model, detector=detect_patches, landmarker=landmarker, **options)


@pytest.mark.parametrize("which", ["single_frame", "neutral_to_apex", "crops"])
def test_image_video_stream_and_batch_give_the_same_numbers(which, tmp_path, request):
    model, (images, *_) = request.getfixturevalue(which)
    path = write_video(tmp_path / "clip.avi", moving_clip(images[3]))
    frames = [frame.image for frame in VideoSource(path)]
    neutral = frames[0]
    landmarker = None if which == "crops" else PatchLandmarker()
    recognizer = make_recognizer(model, neutral=neutral, detect_interval=1, landmarker=landmarker)
    single = [recognizer.predict(frame)[0] for frame in frames]
    video = [result.faces[0] for result in recognizer.stream(path)]
    arrays = [result.faces[0] for result in recognizer.stream(iter(frames))]
    assert len(single) == len(video) == len(arrays) == 12
    assert np.ptp([values(face) for face in single], axis=0).max() > 0.05
    for a, b, c in zip(single, video, arrays, strict=True):
        np.testing.assert_array_equal(a.box, b.box)
        np.testing.assert_array_equal(values(a), values(b))
        np.testing.assert_array_equal(values(a), values(c))
        assert a.expression == b.expression == c.expression
    files = []
    for i, frame in enumerate(frames):
        cv2.imwrite(str(tmp_path / f"{i}.png"), frame)
        files.append(recognizer.predict(tmp_path / f"{i}.png")[0])
    np.testing.assert_array_equal([values(a) for a in files], [values(a) for a in single])
    views = [recognizer.localizer.localize(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY))[0] for frame in (neutral, *frames)]
    batch = recognizer.make_samples(views[1:], views[:1] * 12)
    np.testing.assert_allclose(model.predict_proba(batch), [values(a) for a in single], atol=1e-5)


def test_samples_are_those_of_training(neutral_to_apex):
    # The expected samples are full frames and landmarks, as a data set provides them.
    model, (images, *_) = neutral_to_apex
    frames = np.stack(moving_clip(images[5]))
    recognizer = make_recognizer(model, neutral=frames[0], detect_interval=1)
    landmarks = np.stack([recognizer.localizer.localize(frame)[0].landmarks for frame in frames])
    clips = np.stack([frames[:1].repeat(12, 0), frames], 1)
    landmark_clips = np.stack([landmarks[:1].repeat(12, 0), landmarks], 1)
    expected = model.predict_proba(Samples.from_arrays(clips, landmark_clips))
    np.testing.assert_allclose([values(recognizer.predict(frame)[0]) for frame in frames], expected, atol=1e-5)


def test_size_of_the_frame_does_not_matter(neutral_to_apex):
    model, (images, *_) = neutral_to_apex
    small, large = scene((images[0][-1], 20, 10), size=(130, 140)), scene((images[0][-1], 20, 10), size=(500, 400))
    recognizer = make_recognizer(model, neutral=scene((images[0][0], 100, 90)))
    np.testing.assert_array_equal(values(recognizer.predict(small)[0]), values(recognizer.predict(large)[0]))


def test_frames_without_a_face_give_an_empty_list(single_frame):
    recognizer = make_recognizer(single_frame[0])
    assert recognizer.predict(np.zeros((240, 320), np.uint8)) == []
    assert recognizer.predict(np.zeros((1, 1), np.uint8)) == []
    assert [result.faces for result in recognizer.stream([np.zeros((9, 9), np.uint8)] * 3)] == [[], [], []]


def test_single_images_need_an_image_of_the_neutral_face(neutral_to_apex):
    model, (images, *_) = neutral_to_apex
    with pytest.raises(FerError, match=r"give an image of the neutral face.*neutral=PATH"):
        make_recognizer(model).predict(scene((images[0][-1], 40, 40)))
    with pytest.raises(FerError, match="neutral='first', neutral='median' or neutral=FILE"):
        make_recognizer(model, neutral="none")
    faces = [result.faces[0] for result in make_recognizer(model).stream(moving_clip(images[0]))]
    assert (faces[0].status, faces[0].expression) == ("neutral", "")
    assert all(face.status == "ok" and face.expression for face in faces[1:])


def test_neutral_image_without_a_face_is_refused(neutral_to_apex, tmp_path):
    cv2.imwrite(str(tmp_path / "empty.png"), np.zeros((100, 100), np.uint8))
    with pytest.raises(FerError, match=r"no face was detected in .*empty\.png"):
        make_recognizer(neutral_to_apex[0], neutral=tmp_path / "empty.png")


def test_landmarks_without_extent_do_not_affect_other_faces(single_frame):
    recognizer = make_recognizer(single_frame[0])
    image = scene((single_frame[1][0][0][-1], 40, 40))
    valid = recognizer.localizer.localize(image)[0]
    invalid = FaceView(image, valid.box, 1.0, np.full((68, 2), 50, np.float32))
    tracked = [TrackedFace(i, view, OnlineNeutralReference("none")) for i, view in enumerate((invalid, valid))]
    faces, probabilities = recognizer.classify(tracked)
    assert [face.status for face in faces] == ["invalid landmarks", "ok"]
    assert probabilities[0] is None
    np.testing.assert_array_equal(values(faces[1]), values(recognizer.predict(image)[0]))


def test_largest_face_or_all_faces(single_frame):
    model, (images, *_) = single_frame
    large = cv2.resize(images[1][-1], (135, 150))
    image = scene((images[0][-1], 10, 20), (large, 150, 40))
    (largest,) = make_recognizer(model).predict(image)
    both = make_recognizer(model, faces="all").predict(image)
    assert [face.face_id for face in both] == [0, 1]
    assert largest.box[0] > 100
    np.testing.assert_allclose(values(both[0]), values(largest), atol=1e-6)


def test_known_boxes_replace_the_detector(single_frame):
    model, (images, *_) = single_frame
    image = scene((images[0][-1], 10, 20), (images[1][-1], 150, 40))
    boxes, _ = detect_patches(image)
    detected = make_recognizer(model, faces="all").predict(image)
    known = Recognizer(model, detector=lambda image: [], landmarker=PatchLandmarker()).predict(image, boxes)
    assert len(known) == len(detected) > 0
    for a, b in zip(known, detected, strict=True):
        assert np.array_equal(values(a), values(b))
    with pytest.raises(FerError, match="boxes"):
        make_recognizer(model).predict(image, [[1, 2, 3]])


def test_reject_below_marks_faces_as_uncertain(single_frame):
    model, (images, *_) = single_frame
    image = scene((images[0][-1], 40, 40))
    (expected,) = make_recognizer(model, class_names=("a", "b", "c")).predict(image)
    assert expected.expression in "abc"
    top = max(expected.probabilities.values())
    for threshold, expression in ((top - 1e-6, expected.expression), (min(top + 1e-6, 1.0), "uncertain")):
        (face,) = make_recognizer(model, class_names=("a", "b", "c"), reject_below=threshold).predict(image)
        assert face.expression == expression
        assert face.probabilities == expected.probabilities


def test_saved_model_provides_class_names_threshold_and_landmarker(single_frame, tmp_path):
    model, (images, *_) = single_frame
    model.landmarker_ = PatchLandmarker()
    try:
        metadata = {"classes": {"0": "joy", "1": "fear", "2": "surprise"}, "reject_threshold": 1.0}
        path = save_model(model, tmp_path / "model.joblib", metadata)
    finally:
        del model.landmarker_
    image = scene((images[0][-1], 40, 40))
    for source in (path, str(tmp_path)):
        (face,) = Recognizer(source, detector=detect_patches).predict(image)
        assert list(face.probabilities) == ["joy", "fear", "surprise"]
        assert face.expression == "uncertain"
    (other,) = Recognizer(joblib.load(path), detector=detect_patches).predict(image)
    assert list(other.probabilities) == ["0", "1", "2"]
    np.testing.assert_array_equal(values(face), values(other))


def test_the_landmarker_of_the_package_is_used_by_models_without_one(single_frame):
    assert make_recognizer(single_frame[0], landmarker=None).landmarker is default_landmarker()


def test_crops_are_possible_for_models_without_landmarks(crops):
    model, (images, *_) = crops
    recognizer = Recognizer(model, faces_method="crop")
    assert recognizer.landmarker is default_landmarker()
    recognizer.predict(images[0, -1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"faces": "some"}, "'largest' or 'all'"),
        ({"reject_below": 2}, "reject_below=2"),
        ({"detect_interval": 0}, "detect_interval=0"),
        ({"class_names": ["a"]}, "1 class names"),
        ({"class_names": ["a", "b", "a"]}, "not distinct"),
        ({"class_names": ["a", "b", ""]}, "one is empty"),
        ({"neutral": "frist"}, "frist"),
        ({"landmarker": 3}, "int"),
    ],
)
def test_invalid_parameters_are_refused(single_frame, options, message):
    with pytest.raises(FerError, match=message):
        make_recognizer(single_frame[0], **options)


def test_model_without_probabilities(single_frame):
    _, (images, landmarks, label, subject) = single_frame
    X = Samples.from_arrays(images, landmarks, label=label, subject=subject)
    model = make_pipeline("hog_linear", calibration_cv=0).fit(X, label)
    recognizer = make_recognizer(model)
    (face,) = recognizer.predict(scene((images[0][-1], 40, 40)))
    assert face.expression in ("0", "1", "2")
    assert face.probabilities == {}
    stream = recognizer.stream(moving_clip(images[0]))
    assert len(list(stream)) == 12
    assert stream.track_summaries[0].expression in ("0", "1", "2")
    with pytest.raises(FerError, match="no probabilities"):
        make_recognizer(model, reject_below=0.5)
