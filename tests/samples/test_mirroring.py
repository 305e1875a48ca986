"""Mirroring: an involution that keeps landmarks on their pixels, and by which mirror-invariant models do not change."""

import numpy as np
import pytest

from fer_features import FerError, Samples, make_pipeline
from fer_features.evaluation import evaluate_pipeline
from fer_features.extractors import HOG, Features, Landmarks
from fer_features.samples.columns import LazyColumn
from fer_features.samples.mirroring import mirror_samples


@pytest.fixture
def X(clips):
    images, landmarks, label, subject = clips
    return Samples.from_arrays(images=images, landmarks=landmarks, label=label, subject=subject)


def as_arrays(X):
    return Samples.from_arrays(images=X["images"], landmarks=X["landmarks"], label=X["label"], subject=X["subject"])


def test_mirroring_twice_is_the_identity(X):
    twice = mirror_samples(mirror_samples(X))
    np.testing.assert_array_equal(twice["images"], X["images"])
    np.testing.assert_allclose(twice["landmarks"], X["landmarks"], atol=1e-4)
    np.testing.assert_array_equal(mirror_samples(X)["images"], X["images"][..., ::-1])
    np.testing.assert_array_equal(mirror_samples(X).frame("images", -1), X.frame("images", -1)[..., ::-1])


def test_landmarks_stay_on_their_pixels_and_left_and_right_are_exchanged(X):
    mirrored, width = mirror_samples(X)["landmarks"], X["images"].shape[-1]
    np.testing.assert_allclose(mirrored[..., 8, 0], width - 1 - X["landmarks"][..., 8, 0], rtol=1e-5)  # the chin
    np.testing.assert_allclose(mirrored[..., 36, 1], X["landmarks"][..., 45, 1], rtol=1e-5)  # outer corners of the eyes
    alone = mirror_samples(Samples.from_arrays(landmarks=X["landmarks"]), ("landmarks",))
    np.testing.assert_allclose(
        mirrored - alone["landmarks"], np.broadcast_to([width - 1, 0], mirrored.shape), atol=1e-3
    )


def test_step_selects_samples_of_the_loaded_table_in_any_slice(X):
    half = mirror_samples(X, step=2)
    even = np.arange(len(X)) % 2 == 0
    np.testing.assert_array_equal(half[even]["images"], mirror_samples(X)[even]["images"])
    np.testing.assert_array_equal(half[~even]["images"], X[~even]["images"])
    np.testing.assert_array_equal(half[[3, 2]].frame("images", 0)[0], X[[3]].frame("images", 0)[0])
    np.testing.assert_array_equal(half[even]["landmarks"], mirror_samples(X)[even]["landmarks"])
    assert half["landmarks"][1].tolist() == X["landmarks"][1].tolist()


def test_images_of_different_sizes_are_mirrored_one_by_one():
    class Mixed(LazyColumn):
        shape = (2, 1, None, None)
        images = [np.arange(6, dtype=np.uint8).reshape(2, 3), np.arange(4, dtype=np.uint8).reshape(2, 2)]

        def __getitem__(self, indices):
            return [self.images[i][None] for i in indices]

    found = mirror_samples(Samples({"images": Mixed()})).frame("images", -1)
    assert [one.tolist() for one in found] == [[[2, 1, 0], [5, 4, 3]], [[1, 0], [3, 2]]]


def test_concatenated_features_of_a_mirrored_face_exchange_halves(X):
    features = Features([("hog", HOG(pixels_per_cell=20)), ("points", Landmarks())], mirror="concatenate").fit(X)
    found, mirrored = features.transform(X), features.transform(as_arrays(mirror_samples(X)))
    half = found.shape[1] // 2
    np.testing.assert_allclose(np.concatenate([found[:, half:], found[:, :half]], 1), mirrored, atol=1e-4)
    assert not np.allclose(found[:, half:], found[:, :half], atol=1e-3)
    # Both halves share one centre and one scale: together they have mean 0.
    both = features.fit_transform(X).reshape(2 * len(X), -1)
    np.testing.assert_allclose(both.mean(0), 0, atol=1e-5)
    assert both.var(0, dtype=float).sum() == pytest.approx(1, rel=0.01)


def test_mean_features_of_a_mirrored_face_are_the_same(X):
    features = Features([("hog", HOG(pixels_per_cell=20))], mirror="mean").fit(X)
    np.testing.assert_allclose(features.transform(X), features.transform(as_arrays(mirror_samples(X))), atol=1e-4)
    assert features.transform(X).shape == Features([("hog", HOG(pixels_per_cell=20))]).fit_transform(X).shape


def test_features_of_each_sample_and_its_mirror_are_extracted_once(X):
    features = Features([("hog", HOG(pixels_per_cell=20))], mirror="concatenate")
    for _ in range(2):
        features.fit(X).transform(X)
    assert X.feature_store.n_computed == 2 * len(X)


@pytest.mark.parametrize("name", ["hog_krr", "fv_krr"])
def test_mirror_invariant_pipeline_gives_a_mirrored_face_the_same_probabilities(name, X):
    small = {"features__fv__n_words": 4, "features__fv__n_pca_cell": 6, "features__fv__n_train_descriptors": 2000}
    model = make_pipeline(name, align__method="none", **(small if name == "fv_krr" else {})).fit(X, X["label"])
    assert model.named_steps["classifier"].mirror_invariant
    np.testing.assert_allclose(model.predict_proba(X), model.predict_proba(as_arrays(mirror_samples(X))), atol=1e-3)


def test_mirror_invariant_pipeline_in_cross_validation_with_alignment_and_landmarks(X):
    params = {"features__mirror": "concatenate", "classifier__mirror_invariant": True}
    assert evaluate_pipeline(make_pipeline("hogdiff_landmarks_krr", **params), X, "loso").accuracy > 0.7


def test_mirror_invariant_classifier_requires_concatenated_features():
    with pytest.raises(FerError, match="features__mirror=concatenate"):
        make_pipeline("hog_landmarks_krr", classifier__mirror_invariant=True)
    with pytest.raises(FerError, match="features__mirror=concatenate"):
        make_pipeline("hog_krr", features__mirror="none")
