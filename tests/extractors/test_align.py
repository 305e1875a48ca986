"""Alignment: crops do not depend on the position of the face, are made on access, and move the landmarks along."""

import pickle

import cv2
import numpy as np
import pytest
import sklearn
from sklearn.base import clone

from fer_features.exceptions import FerError
from fer_features.extractors import HOG, Align, Landmarks
from fer_features.samples.columns import ConcatenatedColumn, LazyColumn
from fer_features.samples.data_info import DataInfo
from fer_features.samples.table import Samples
from fer_features.vision.crop import face_template
from fer_features.vision.geometry import MEAN_FACE, apply_affine, estimate_similarity, eye_centres

from .samples import as_table, draw_arrays, texture

each_alignment = pytest.mark.parametrize("method", ["eyes", "procrustes"])
each_method = pytest.mark.parametrize("method", ["eyes", "procrustes", "none"])


def transformed(image, landmarks, scale, angle, dx, dy):
    """An image and its landmarks after a similarity."""
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    matrix = np.array([[c, -s, dx], [s, c, dy]])
    matrix[:, 2] += landmarks.mean(0) - matrix[:, :2] @ landmarks.mean(0)
    warped = cv2.warpAffine(image, matrix, image.shape[::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return warped, apply_affine(matrix, landmarks)


@pytest.fixture(scope="module")
def clips():
    """Clips of 3 faces that rotate, come nearer and drift: only the head moves."""
    images, landmarks = [], []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        image = texture(rng, 220, 220, sigma=5)
        points = 45 * (MEAN_FACE + rng.normal(0, 0.02, (68, 2))) + [110, 220 / 2.6]
        frames = [transformed(image, points, 1 + 0.1 * t, 0.15 * t, 4 * t, -3 * t) for t in range(3)]
        images.append([frame for frame, _ in frames])
        landmarks.append([moved for _, moved in frames])
    return Samples.from_arrays(images=np.array(images), landmarks=np.array(landmarks), label=np.arange(3))


@each_alignment
def test_all_frames_of_a_face_under_head_motion_give_the_same_crop(clips, method):
    crops = Align(method, size=64).fit(clips).transform(clips)["images"].astype(float)
    assert crops.shape == (3, 3, 80, 64)
    assert np.abs(crops[:, 1:] - crops[:, :1]).mean((2, 3)).max() < 1
    assert np.abs(crops[1:, 0] - crops[0, 0]).mean((1, 2)).min() > 15  # crops of other faces differ


def test_eye_centres_are_at_the_positions_of_the_template_in_each_frame(clips):
    aligned = Align("eyes", size=100, side_margin=0.5, top_margin=0.9).transform(clips)
    expected = eye_centres(face_template(100, 0.5, 0.9))
    np.testing.assert_allclose(eye_centres(aligned["landmarks"]), np.broadcast_to(expected, (3, 3, 2, 2)), atol=1e-3)


def test_procrustes_leaves_no_similarity_between_face_and_template(clips):
    aligned = Align("procrustes", size=100).transform(clips)["landmarks"]
    residual = estimate_similarity(aligned, face_template(100, 0.6, 0.8))
    np.testing.assert_allclose(residual, np.broadcast_to(np.eye(2, 3), residual.shape), atol=1e-3)


@each_alignment
def test_landmarks_are_in_pixels_of_the_crop(clips, method):
    """A dot at a landmark of the image is at the same landmark of the crop."""
    points = clips["landmarks"].astype(float)
    dots = np.zeros(clips["images"].shape, np.uint8)
    y, x = np.mgrid[: dots.shape[2], : dots.shape[3]]
    for i, t in np.ndindex(3, 3):
        centre = points[i, t, 30]
        dots[i, t] = np.round(250 * np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / 50))
    aligned = Align(method, size=80).transform(Samples.from_arrays(images=dots, landmarks=points))
    y, x = np.mgrid[:100, :80]
    for crop, point in zip(
        aligned["images"].reshape(-1, 100, 80), aligned["landmarks"][:, :, 30].reshape(-1, 2), strict=True
    ):
        weight = crop / crop.sum(dtype=float)
        np.testing.assert_allclose([(x * weight).sum(), (y * weight).sum()], point, atol=0.1)


def test_landmarks_are_in_pixels_of_the_resized_image_without_alignment(clips):
    points = clips["landmarks"]
    aligned = Align("none", size=55).transform(clips)  # 220 / 4
    np.testing.assert_allclose(aligned["landmarks"], (points + 0.5) / 4 - 0.5, atol=1e-3)


def test_without_alignment_no_landmarks_are_needed_and_an_array_is_accepted(clips):
    images = clips["images"]
    expected = images.reshape(3, 3, 44, 5, 44, 5).mean((3, 5))
    for X in (images, Samples.from_arrays(images=images)):
        crops = Align("none", size=44).fit(X).transform(X)["images"]
        assert np.abs(crops - expected).max() <= 1


def test_without_alignment_images_of_the_requested_size_are_unchanged(clips):
    np.testing.assert_array_equal(Align("none", size=220).transform(clips)["images"], clips["images"])


def test_fit_stores_the_size_of_the_images(clips):
    assert Align().fit(clips).image_size_ == (220, 220)
    assert Align("none").fit(clips["images"][:, :, :200]).image_size_ == (200, 220)


def test_other_columns_order_and_data_info_are_kept(clips):
    aligned = Align(size=32).transform(clips[[2, 0]])
    assert aligned["label"].tolist() == [2, 0]
    assert aligned.info is clips.info
    assert aligned.feature_store is clips.feature_store
    assert aligned.shape == (2,)


def test_crops_are_made_on_access_and_only_of_the_requested_frames():
    class FramesOnly(LazyColumn):
        shape = (5, 3, 90, 90)

        def __getitem__(self, indices):
            pytest.fail("complete clips are read")

        def frame(self, indices, t):
            accessed.append((indices.tolist(), t))
            return np.zeros((len(indices), 90, 90), np.uint8)

    accessed = []
    landmarks = np.broadcast_to(20 * MEAN_FACE + 40, (5, 3, 68, 2))
    aligned = Align(size=32).transform(Samples.from_arrays(images=FramesOnly(), landmarks=landmarks))[[4, 1]]
    assert accessed == []
    assert aligned.frame("images", -1).shape == (2, 40, 32)
    assert accessed == [([4, 1], -1)]


def test_clip_with_some_landmarks_is_aligned_and_clip_without_any_is_missing_and_black(clips):
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


def test_degenerate_landmarks_count_as_missing(clips):
    points = clips["landmarks"].copy()
    points[2] = 50
    aligned = Align(size=32).transform(Samples.from_arrays(images=clips["images"], landmarks=points))
    assert aligned.missing("images").tolist() == [False, False, True]


def test_missing_samples_stay_missing_in_a_table_of_aligned_samples(clips):
    points = clips["landmarks"].copy()
    points[1] = np.nan
    aligned = Align(size=32).transform(Samples.from_arrays(images=clips["images"], landmarks=points))
    subset = aligned[[1, 2]].with_columns(subject=np.array([0, 1]))
    assert subset.missing("images").tolist() == [True, False]
    assert np.isnan(HOG().transform(subset)).all(1).tolist() == [True, False]


def test_aligned_table_can_be_pickled(clips):
    aligned = Align(size=32).transform(clips)[[2, 1]]
    copy = pickle.loads(pickle.dumps(aligned))
    for column in ("images", "landmarks", "label"):
        np.testing.assert_array_equal(copy[column], aligned[column])


def test_images_of_different_sizes_give_crops_of_one_size(clips):
    images, points = clips["images"], clips["landmarks"]
    mixed = ConcatenatedColumn([images[:2], images[2:, :, :200, :210].copy()])
    expected = Align(size=48).transform(clips)["images"]
    crops = Align(size=48).transform(Samples.from_arrays(images=mixed, landmarks=points))["images"]
    np.testing.assert_array_equal(crops[:2], expected[:2])
    assert crops.shape == expected.shape


def test_absent_column_raises_with_the_file_and_the_option_that_needs_no_landmarks(clips):
    X = Samples.from_arrays(images=clips["images"], info=DataInfo(files={"landmarks": "data_train_landmarks.h5"}))
    with pytest.raises(FerError, match=r"data_train_landmarks\.h5.*align__method='none'"):
        Align().transform(X)
    with pytest.raises(FerError, match="array"):
        Align().transform(clips["images"])
    with pytest.raises(FerError, match="'images'"):
        Align().transform(Samples.from_arrays(landmarks=clips["landmarks"]))


@pytest.mark.parametrize(
    "invalid", [{"method": "ears"}, {"size": 0}, {"size": 12.5}, {"side_margin": -1}, {"top_margin": np.nan}]
)
def test_invalid_parameter_raises_in_fit_and_in_transform(clips, invalid):
    for step in ("fit", "transform"):
        with pytest.raises(FerError, match=next(iter(invalid))):
            getattr(Align(**invalid), step)(clips)


def test_numpy_scalars_are_equivalent_to_python_numbers(clips):
    crops = Align(np.str_("procrustes"), size=np.int64(40), top_margin=np.float64(0.7)).transform(clips)["images"]
    np.testing.assert_array_equal(crops, Align("procrustes", size=40, top_margin=0.7).transform(clips)["images"])


@pytest.mark.parametrize(("bottom_margin", "height"), [(1.4, 110), (1.95, 138), (3.0, 190)])
def test_bottom_margin_sets_the_height_of_the_crop(clips, bottom_margin, height):
    aligned = Align(size=110, bottom_margin=bottom_margin).transform(clips)
    assert aligned["images"].shape[2:] == (height, 110)
    unit = 110 / 2.2  # pixels between the eyes
    assert eye_centres(aligned["landmarks"])[..., 1].mean() == pytest.approx(0.8 * unit - 0.5, abs=0.3)


def test_default_crop_contains_an_open_mouth():
    face = face_template(128, Align().side_margin, Align().top_margin)
    lower_lip_of_open_mouth = face[57, 1] + 0.3 * 128 / 2.2
    assert lower_lip_of_open_mouth < round((Align().top_margin + Align().bottom_margin) / 2.2 * 128)


@each_method
def test_alignment_of_a_sample_does_not_depend_on_the_other_samples(method):
    arrays = draw_arrays()
    align = Align(method, size=48).fit(as_table(arrays))
    together = align.transform(as_table(arrays))
    for indices in ([4], [17, 0, 0, 7]):
        for subset in (
            align.transform(as_table(arrays, indices)),
            align.transform(as_table(arrays)[indices]),
            together[indices],
        ):
            for column in ("images", "landmarks", "label"):
                np.testing.assert_array_equal(subset[column], together[column][indices])


@each_method
def test_clone_and_pickle_give_the_same_crops(method, clips):
    align = Align(method, size=48, side_margin=0.4)
    expected = align.fit(clips).transform(clips)["images"]
    for copy in (clone(align), pickle.loads(pickle.dumps(align))):
        assert copy.get_params() == align.get_params()
        np.testing.assert_array_equal(copy.transform(clips)["images"], expected)


@each_method
@pytest.mark.parametrize("extractor", [HOG(), Landmarks()])
def test_features_of_another_alignment_are_extracted_again(method, extractor):
    X = as_table(draw_arrays(6))
    for size, expected in ((48, 6), (56, 12), (48, 12)):
        extractor.transform(Align(method, size=size).transform(X))
        assert X.feature_store.n_computed == expected


@pytest.mark.parametrize("output", ["pandas", "default"])
def test_output_is_a_table_for_every_setting_of_set_output(clips, output):
    with sklearn.config_context(transform_output=output):
        assert isinstance(Align(size=32).fit_transform(clips), Samples)
    assert isinstance(Align(size=32).set_output(transform=output).fit_transform(clips), Samples)
