"""Laws of the mirror: twice is once not at all, a face and its mirror change places, learning sees both sides."""

import numpy as np
import pytest

from fer_features import FerError, Samples, evaluate, make_pipeline
from fer_features.extractors import HOG, Features, Landmarks
from fer_features.samples.mirroring import mirrored


@pytest.fixture
def X(clips):
    images, landmarks, label, subject = clips
    return Samples.from_arrays(images=images, landmarks=landmarks, label=label, subject=subject)


def as_arrays(X):
    return Samples.from_arrays(images=X["images"], landmarks=X["landmarks"], label=X["label"], subject=X["subject"])


def test_mirroring_twice_is_the_identity(X):
    twice = mirrored(mirrored(X))
    np.testing.assert_array_equal(twice["images"], X["images"])
    np.testing.assert_allclose(twice["landmarks"], X["landmarks"], atol=1e-4)
    np.testing.assert_array_equal(mirrored(X)["images"], X["images"][..., ::-1])
    np.testing.assert_array_equal(mirrored(X).frame("images", -1), X.frame("images", -1)[..., ::-1])


def test_landmarks_stay_on_their_pixels_and_change_sides(X):
    turned, width = mirrored(X)["landmarks"], X["images"].shape[-1]
    np.testing.assert_allclose(turned[..., 8, 0], width - 1 - X["landmarks"][..., 8, 0], rtol=1e-5)  # the chin
    np.testing.assert_allclose(turned[..., 36, 1], X["landmarks"][..., 45, 1], rtol=1e-5)  # outer corners of the eyes
    alone = mirrored(Samples.from_arrays(landmarks=X["landmarks"]), ("landmarks",))
    np.testing.assert_allclose(turned - alone["landmarks"], np.broadcast_to([width - 1, 0], turned.shape), atol=1e-3)


def test_every_second_row_of_the_loaded_table_is_mirrored_whatever_the_slice(X):
    half = mirrored(X, every=2)
    even = np.arange(len(X)) % 2 == 0
    np.testing.assert_array_equal(half[even]["images"], mirrored(X)[even]["images"])
    np.testing.assert_array_equal(half[~even]["images"], X[~even]["images"])
    np.testing.assert_array_equal(half[[3, 2]].frame("images", 0)[0], X[[3]].frame("images", 0)[0])
    np.testing.assert_array_equal(half[even]["landmarks"], mirrored(X)[even]["landmarks"])
    assert half["landmarks"][1].tolist() == X["landmarks"][1].tolist()


def test_pictures_of_several_sizes_are_mirrored_one_by_one():
    class Several:
        shape = (2, 1, None, None)
        pictures = [np.arange(6, dtype=np.uint8).reshape(2, 3), np.arange(4, dtype=np.uint8).reshape(2, 2)]

        def __len__(self):
            return 2

        def frame(self, rows, t):
            return [self.pictures[i] for i in rows]

    found = mirrored(Samples({"images": Several()})).frame("images", -1)
    assert [one.tolist() for one in found] == [[[2, 1, 0], [5, 4, 3]], [[1, 0], [3, 2]]]


def test_a_face_and_its_mirror_change_places(X):
    features = Features([("hog", HOG(cell=20)), ("points", Landmarks())], mirror="beside").fit(X)
    found, turned = features.transform(X), features.transform(as_arrays(mirrored(X)))
    half = found.shape[1] // 2
    np.testing.assert_allclose(np.concatenate([found[:, half:], found[:, :half]], 1), turned, atol=1e-4)
    assert not np.allclose(found[:, half:], found[:, :half], atol=1e-3)
    # One centre and scale: both halves together have mean 0.
    both = features.fit_transform(X).reshape(2 * len(X), -1)
    np.testing.assert_allclose(both.mean(0), 0, atol=1e-5)
    assert both.var(0, dtype=float).sum() == pytest.approx(1, rel=0.01)


def test_the_mean_of_a_face_and_its_mirror_is_that_of_the_mirror(X):
    features = Features([("hog", HOG(cell=20))], mirror="mean").fit(X)
    np.testing.assert_allclose(features.transform(X), features.transform(as_arrays(mirrored(X))), atol=1e-4)
    assert features.transform(X).shape == Features([("hog", HOG(cell=20))]).fit_transform(X).shape


def test_each_row_and_its_mirror_are_described_once(X):
    features = Features([("hog", HOG(cell=20))], mirror="beside")
    for _ in range(2):
        features.fit(X).transform(X)
    assert X.store.described == 2 * len(X)


@pytest.mark.parametrize("name", ["hog_krr", "fv_krr"])
def test_a_mirrored_face_gets_the_same_probabilities(name, X):
    small = {"features__fv__words": 4, "features__fv__cell_components": 6, "features__fv__n_sample": 2000}
    model = make_pipeline(name, align__method="none", **(small if name == "fv_krr" else {})).fit(X, X["label"])
    assert model.named_steps["classifier"].mirror
    np.testing.assert_allclose(model.predict_proba(X), model.predict_proba(as_arrays(mirrored(X))), atol=1e-3)


def test_the_mirror_works_in_cross_validation_with_aligned_crops_and_landmarks(X):
    params = {"features__mirror": "beside", "classifier__mirror": True}
    assert evaluate(make_pipeline("hogdiff_landmarks_krr", **params), X, "loso").accuracy > 0.7


def test_a_classifier_that_takes_halves_wants_halves():
    with pytest.raises(FerError, match="features__mirror=beside"):
        make_pipeline("hog_landmarks_krr", classifier__mirror=True)
    with pytest.raises(FerError, match="features__mirror=beside"):
        make_pipeline("hog_krr", features__mirror="none")
