"""The pipeline step that locates faces: when it searches, how often, and with what."""

import dataclasses

import numpy as np
import pytest
from sklearn.base import clone

from fer_features import FerError, Samples, make_pipeline
from fer_features.datasets.landmark_files import with_landmarks_from_file
from fer_features.extractors import LocateFaces
from fer_features.front_end import check_faces, locate_faces
from fer_features.samples.data_info import DataInfo
from fer_features.vision.geometry import MEAN_FACE


class CountingLandmarker:
    """Landmarks in the middle of each box; counts its calls, and finds no face in dark images."""

    def __init__(self, offset=0.0):
        self.offset, self.n_calls = offset, 0

    def detect_landmarks(self, image, boxes):
        self.n_calls += 1
        shapes = [(MEAN_FACE + [1.375, 1.08]) / 2.75 * box[2] + box[:2] + self.offset for box in boxes]
        confidence = np.full(len(boxes), 0.9 if image.mean() > 50 else 0.0, np.float32)
        return np.array(shapes, np.float32).reshape(-1, 68, 2), confidence

    def track(self, image, landmarks):
        return landmarks, np.full(len(landmarks), 0.9 if image.mean() > 50 else 0.0, np.float32)


class MovingLandmarker(CountingLandmarker):
    """Landmarks at another place in each image."""

    def track(self, image, landmarks):
        points, confidence = super().track(image, landmarks)
        return points + np.float32(image[0, 0] % 7), confidence


def detector(image):
    height, width = image.shape
    return [[0.3 * width, 0.3 * height, 0.4 * width, 0.4 * width]]


@pytest.fixture
def landmarker():
    return CountingLandmarker()


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(60, 256, (12, 2, 60, 50)).astype(np.uint8)


def step_of(landmarker, method="detect"):
    return LocateFaces(method, landmarker, detector)


def test_each_frame_is_searched_once_for_all_slices_and_pipelines(images, landmarker):
    X = Samples.from_arrays(images)
    step = step_of(landmarker)
    first = step.transform(X)["landmarks"]
    assert first.shape == (12, 2, 68, 2)
    n_calls = landmarker.n_calls
    assert n_calls == 24
    np.testing.assert_array_equal(clone(step).fit(X[:6]).transform(X[[5, 2]])["landmarks"], first[[5, 2]])
    assert landmarker.n_calls == n_calls
    moved = step_of(CountingLandmarker(2.0)).transform(X)["landmarks"]
    np.testing.assert_allclose(moved, first + 2, atol=1e-4)


def test_missed_frames_are_those_of_a_file_with_detected_landmarks(tmp_path):
    """The pipeline gives the same numbers as landmarks that were detected, written and read."""
    images = np.random.default_rng(0).integers(60, 256, (6, 5, 60, 50)).astype(np.uint8)
    images[0, 1:3], images[1, 0], images[2, 3:], images[3] = 0, 0, 0, 0
    X = Samples.from_arrays(images)
    step = step_of(MovingLandmarker())
    located = step.fit(X).transform(X)["landmarks"]
    views = list(step.views(X))
    assert [sum(view is None for view in clip) for clip in views] == [2, 1, 2, 5, 0, 0]
    path = tmp_path / "faces.npz"
    found = [[np.full((68, 2), np.nan) if view is None else view.landmarks for view in clip] for clip in views]
    np.savez(path, landmarks=np.array(found, np.float32))
    given = with_landmarks_from_file(X, path)["landmarks"]
    np.testing.assert_array_equal(given, located)
    np.testing.assert_allclose(located[0, 1], (2 * located[0, 0] + located[0, 3]) / 3, rtol=1e-5)
    np.testing.assert_array_equal(located[2, 4], located[2, 2])


def test_landmarks_are_kept_on_disk(images, landmarker, tmp_path):
    expected = None
    for n_calls in (24, 24):
        X = Samples.from_arrays(images)
        X.feature_store.folder = tmp_path
        found = step_of(landmarker).transform(X)["landmarks"]
        assert landmarker.n_calls == n_calls
        expected = found if expected is None else expected
        np.testing.assert_array_equal(found, expected)


def test_threads_of_extractors_share_the_search(images, landmarker):
    X = Samples.from_arrays(np.repeat(images, 5, 0), label=np.arange(60) % 2)
    model = make_pipeline("lbp_lda", faces__method="detect", faces__landmarker=landmarker, faces__detector=detector)
    model.fit(X, X["label"])
    assert landmarker.n_calls == 120


def test_given_landmarks_are_used_unless_a_search_is_chosen(images, landmarker):
    points = np.broadcast_to(MEAN_FACE * 10 + 25, (12, 2, 68, 2)).astype(np.float32)
    X = Samples.from_arrays(images, points)
    for method in ("auto", "given", "none"):
        step = step_of(landmarker, method).fit(X)
        assert step.transform(X) is X
        assert step.method_ == ("none" if method == "none" else "given")
    assert landmarker.n_calls == 0
    assert not np.allclose(step_of(landmarker).transform(X)["landmarks"], points)


def test_landmarks_that_were_located_are_not_searched_again(images, landmarker):
    located = step_of(landmarker).fit_transform(Samples.from_arrays(images))
    assert located.info.landmarks_located
    assert step_of(CountingLandmarker(), "crop").transform(located) is located


def test_samples_without_a_face_are_refused_or_noted(images, landmarker):
    dark = images.copy()
    dark[3], dark[7, 1] = 20, 20
    X = Samples.from_arrays(dark, id=[f"{i}.png" for i in range(12)])
    model = make_pipeline("lbp_lda", faces__method="detect", faces__landmarker=landmarker, faces__detector=detector)
    located, settings = locate_faces(model, X)
    assert settings == {"faces__method": "detect"}
    assert np.flatnonzero(located.missing("landmarks")).tolist() == [3]
    np.testing.assert_array_equal(located["landmarks"][7, 1], located["landmarks"][7, 0])
    with pytest.raises(FerError, match=r"no face was found in 1 of 12 samples: 3\.png; .*on_error='skip'"):
        check_faces(located)
    assert "3.png" in check_faces(located, "skip").info.notes[-1]
    none = Samples.from_arrays(np.full_like(images, 20))
    with pytest.raises(FerError, match="12 of 12 samples"):
        check_faces(locate_faces(model, none)[0], "skip")


def test_auto_looks_at_some_images_and_states_what_it_found(images, landmarker):
    model = make_pipeline("lbp_lda", faces__landmarker=landmarker, faces__detector=detector)
    X = Samples.from_arrays(images[:, :1])
    located, settings = locate_faces(model, X)
    assert settings == {"faces__method": "detect"}
    assert "of 12 images, 12 have a face" in located.info.notes[-1]
    assert X.info.notes == ()
    nothing = Samples.from_arrays(np.full_like(images[:, :1], 20))
    fresh = make_pipeline("lbp_lda", faces__landmarker=landmarker, faces__detector=detector)
    assert locate_faces(fresh, nothing)[0].info.notes[-1].startswith("warning: faces: of 12 images, 0 have")
    cropped = Samples.from_arrays(images[:, :1], info=DataInfo(cropped=True))
    declared, settings = locate_faces(
        make_pipeline("lbp_lda", faces__landmarker=landmarker, faces__detector=detector), cropped
    )
    assert settings["faces__method"] == "crop"
    # The detector finds a small face in each image, but the data declare what is used.
    assert "12 have a face that the detector finds, and in 0 it fills the image" in declared.info.notes[-1]
    assert declared.info.notes[-1].endswith("each image is the crop of a face")


def test_members_of_an_ensemble_share_the_search(images, landmarker):
    model = make_pipeline(
        "lbp_lda+landmarks_lda", faces__method="detect", faces__landmarker=landmarker, faces__detector=detector
    )
    X, settings = locate_faces(model, Samples.from_arrays(images, label=np.arange(12) % 2))
    assert set(settings) == {"lbp_lda__faces__method", "landmarks_lda__faces__method"}
    model.set_params(calibration_cv=2).fit(X, X["label"])
    assert landmarker.n_calls == 24


@pytest.mark.parametrize(("params", "message"), [({"method": "all"}, "method"), ({"landmarker": 3}, "landmarker")])
def test_invalid_parameters_are_refused(images, params, message):
    with pytest.raises(FerError, match=message):
        LocateFaces(**params).fit(Samples.from_arrays(images))
    with pytest.raises(FerError, match=message):
        make_pipeline("hog_lda", **{f"faces__{name}": value for name, value in params.items()})


def test_tables_without_images_need_landmarks(landmarker):
    X = Samples.from_arrays(label=[0, 1])
    assert step_of(landmarker, "auto").fit(X).method_ == "given"
    with pytest.raises(FerError, match="'images'"):
        step_of(landmarker).transform(X)
    assert dataclasses.replace(X.info, landmarks_located=True) != X.info
