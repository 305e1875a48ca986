"""Laws of the alignment step: crops do not move with the face, lazily cut, and landmarks go along."""

import pickle

import cv2
import numpy as np
import pytest

from fer_features.exceptions import FerError
from fer_features.extractors import HOG, Align
from fer_features.samples.table import Info, Samples
from fer_features.vision.crop import template
from fer_features.vision.geometry import MEAN_FACE, eye_centres, similarity, transform

ALIGNING = pytest.mark.parametrize("method", ["eyes", "procrustes"])


def face_and_landmarks(seed=0, size=220):
    rng = np.random.default_rng(seed)
    texture = cv2.GaussianBlur(rng.normal(size=(size, size)), (0, 0), 5)
    picture = np.clip(128 + 45 * texture / texture.std(), 0, 255).astype(np.uint8)
    return picture, 45 * (MEAN_FACE + rng.normal(0, 0.02, (68, 2))) + [size / 2, size / 2.6]


def moved(picture, landmarks, scale, angle, dx, dy):
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    matrix = np.array([[c, -s, dx], [s, c, dy]])
    matrix[:, 2] += landmarks.mean(0) - matrix[:, :2] @ landmarks.mean(0)
    warped = cv2.warpAffine(picture, matrix, picture.shape[::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return warped, transform(matrix, landmarks)


@pytest.fixture(scope="module")
def clips():
    """Clips of one face that turns in the picture, comes nearer and drifts: only the camera moves."""
    images, landmarks = [], []
    for seed in range(3):
        frames = [moved(*face_and_landmarks(seed), 1 + 0.1 * t, 0.15 * t, 4 * t, -3 * t) for t in range(3)]
        images.append([picture for picture, _ in frames])
        landmarks.append([points for _, points in frames])
    return Samples.from_arrays(images=np.array(images), landmarks=np.array(landmarks), label=np.arange(3))


@ALIGNING
def test_every_frame_of_a_face_that_only_moves_in_the_picture_becomes_the_same_crop(clips, method):
    crops = Align(method, size=64).fit(clips).transform(clips)["images"].astype(float)
    assert crops.shape == (3, 3, 80, 64)
    assert np.abs(crops[:, 1:] - crops[:, :1]).mean((2, 3)).max() < 1
    assert np.abs(crops[1:, 0] - crops[0, 0]).mean((1, 2)).min() > 15  # other faces are other crops


def test_eyes_of_every_frame_are_where_the_template_has_them(clips):
    aligned = Align("eyes", size=100, side=0.5, top=0.9).transform(clips)
    expected = eye_centres(template(100, 0.5, 0.9))
    np.testing.assert_allclose(eye_centres(aligned["landmarks"]), np.broadcast_to(expected, (3, 3, 2, 2)), atol=1e-3)


def test_procrustes_leaves_no_similarity_between_face_and_template(clips):
    aligned = Align("procrustes", size=100).transform(clips)["landmarks"]
    left = similarity(aligned, template(100, 0.6, 0.8))
    np.testing.assert_allclose(left, np.broadcast_to(np.eye(2, 3), left.shape), atol=1e-3)


@ALIGNING
def test_landmarks_are_in_pixels_of_the_crop(clips, method):
    """A dot drawn at a landmark of the picture is at that landmark of the crop."""
    points = clips["landmarks"].astype(float)
    dots = np.zeros(clips["images"].shape, np.uint8)
    y, x = np.mgrid[: dots.shape[2], : dots.shape[3]]
    for i, t in np.ndindex(3, 3):
        at = points[i, t, 30]
        dots[i, t] = np.round(250 * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / 50))
    aligned = Align(method, size=80).transform(Samples.from_arrays(images=dots, landmarks=points))
    y, x = np.mgrid[:100, :80]
    for crop, point in zip(
        aligned["images"].reshape(-1, 100, 80), aligned["landmarks"][:, :, 30].reshape(-1, 2), strict=True
    ):
        weight = crop / crop.sum(dtype=float)
        np.testing.assert_allclose([(x * weight).sum(), (y * weight).sum()], point, atol=0.1)


def test_landmarks_are_in_pixels_of_the_whole_picture_scaled(clips):
    points = clips["landmarks"]
    aligned = Align("none", size=55).transform(clips)  # 220 / 4
    np.testing.assert_allclose(aligned["landmarks"], (points + 0.5) / 4 - 0.5, atol=1e-3)


def test_whole_pictures_need_no_landmarks_and_may_be_a_plain_array(clips):
    images = clips["images"]
    expected = images.reshape(3, 3, 44, 5, 44, 5).mean((3, 5))
    for X in (images, Samples.from_arrays(images=images)):
        crops = Align("none", size=44).fit(X).transform(X)["images"]
        assert np.abs(crops - expected).max() <= 1


def test_pictures_of_the_size_asked_for_are_not_changed_without_alignment(clips):
    np.testing.assert_array_equal(Align("none", size=220).transform(clips)["images"], clips["images"])


def test_other_columns_rows_and_info_go_through(clips):
    aligned = Align(size=32).transform(clips[[2, 0]])
    assert aligned["label"].tolist() == [2, 0]
    assert aligned.info is clips.info
    assert aligned.store is clips.store
    assert aligned.shape == (2,)


def test_crops_are_cut_when_they_are_read_and_only_the_frames_asked_for():
    class Refuses:
        shape = (5, 3, 90, 90)
        __len__ = lambda self: 5  # noqa: E731

        def __getitem__(self, rows):
            pytest.fail("clips are read")

        def frame(self, rows, t):
            read.append((rows.tolist(), t))
            return np.zeros((len(rows), 90, 90), np.uint8)

    read = []
    landmarks = np.broadcast_to(20 * MEAN_FACE + 40, (5, 3, 68, 2))
    aligned = Align(size=32).transform(Samples.from_arrays(images=Refuses(), landmarks=landmarks))[[4, 1]]
    assert read == []
    assert aligned.frame("images", -1).shape == (2, 40, 32)
    assert read == [([4, 1], -1)]


def test_a_clip_with_landmarks_in_some_frames_is_aligned_and_one_without_any_is_missing_and_black(clips):
    points = clips["landmarks"].copy()
    points[0, 1] = np.nan
    points[1] = np.nan
    aligned = Align(size=32).transform(Samples.from_arrays(images=clips["images"], landmarks=points))
    for column in ("images", "landmarks"):
        assert aligned.missing(column).tolist() == [False, True, False]
        assert aligned[[1, 2]].missing(column).tolist() == [True, False]
    assert (aligned["images"][1] == 0).all()
    assert np.isnan(aligned["landmarks"][1]).all()
    assert aligned["images"][0].std() > 10


def test_eyes_in_one_point_count_as_missing(clips):
    points = clips["landmarks"].copy()
    points[2] = 50
    aligned = Align(size=32).transform(Samples.from_arrays(images=clips["images"], landmarks=points))
    assert aligned.missing("images").tolist() == [False, False, True]


def test_missing_rows_stay_missing_in_a_table_made_of_aligned_rows(clips):
    points = clips["landmarks"].copy()
    points[1] = np.nan
    aligned = Align(size=32).transform(Samples.from_arrays(images=clips["images"], landmarks=points))
    part = aligned[[1, 2]].with_columns(subject=np.array([0, 1]))
    assert part.missing("images").tolist() == [True, False]
    assert np.isnan(HOG().transform(part)).all(1).tolist() == [True, False]


def test_an_aligned_table_pickles(clips):
    aligned = Align(size=32).transform(clips)[[2, 1]]
    again = pickle.loads(pickle.dumps(aligned))
    for column in ("images", "landmarks", "label"):
        np.testing.assert_array_equal(again[column], aligned[column])


def test_pictures_of_different_size_become_crops_of_one(clips):
    from fer_features.samples.columns import Stacked

    images, points = clips["images"], clips["landmarks"]
    small = Stacked([images[:2], images[2:, :, :200, :210].copy()])
    uneven = Samples.from_arrays(images=small, landmarks=points)
    even = Align(size=48).transform(clips)["images"]
    found = Align(size=48).transform(uneven)["images"]
    np.testing.assert_array_equal(found[:2], even[:2])
    assert found.shape == even.shape


def test_absent_landmarks_are_told_with_the_way_to_do_without(clips):
    X = Samples.from_arrays(images=clips["images"], info=Info(files={"landmarks": "data_train_landmarks.h5"}))
    with pytest.raises(FerError, match=r"data_train_landmarks\.h5.*align__method=none"):
        Align().transform(X)
    with pytest.raises(FerError, match="plain array"):
        Align().transform(clips["images"])
    with pytest.raises(FerError, match="'images' is needed"):
        Align().transform(Samples.from_arrays(landmarks=clips["landmarks"]))


@pytest.mark.parametrize("wrong", [{"method": "ears"}, {"size": 0}, {"size": 12.5}, {"side": -1}, {"top": np.nan}])
def test_a_wrong_parameter_is_told_in_words_before_anything_is_read(clips, wrong):
    for step in ("fit", "transform"):
        with pytest.raises(FerError, match=next(iter(wrong))):
            getattr(Align(**wrong), step)(clips)


def test_parameters_from_a_numpy_grid_mean_what_those_of_python_mean(clips):
    found = Align(np.str_("procrustes"), size=np.int64(40), top=np.float64(0.7)).transform(clips)["images"]
    np.testing.assert_array_equal(found, Align("procrustes", size=40, top=0.7).transform(clips)["images"])


@pytest.mark.parametrize(("bottom", "height"), [(1.4, 110), (1.95, 138), (3.0, 190)])
def test_the_crop_reaches_as_far_below_the_eyes_as_asked(clips, bottom, height):
    aligned = Align(size=110, bottom=bottom).transform(clips)
    assert aligned["images"].shape[2:] == (height, 110)
    unit = 110 / 2.2  # pixels between the eyes
    assert eye_centres(aligned["landmarks"])[..., 1].mean() == pytest.approx(0.8 * unit - 0.5, abs=0.3)


def test_by_default_an_open_mouth_is_in_the_crop():
    face = template(128, Align().side, Align().top)
    gaping = face[57, 1] + 0.3 * 128 / 2.2
    assert gaping < round((Align().top + Align().bottom) / 2.2 * 128)
