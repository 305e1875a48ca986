"""Fisher vectors and VLAD as extractors: all fitted attributes depend on the training samples only."""

import pickle
import tracemalloc

import cv2
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline as sklearn_pipeline
from sklearn.utils.validation import check_is_fitted

from fer_features import FerError, Samples, evaluate, make_pipeline
from fer_features.evaluation.fit_predict import precompute_features
from fer_features.extractors import EXTRACTORS, base, fisher
from fer_features.extractors.local_descriptors import sample_descriptors, usable_samples
from fer_features.samples.mirroring import mirror_samples
from fer_features.vision.codebook import DiagonalGMM
from fer_features.vision.sift import dense_sift

N, SIZE = 22, 40
TRAIN, TEST = np.arange(0, N, 2), np.arange(1, N, 2)
QUICK = {"step": 5, "n_pca": 6, "n_words": 3, "grid": 2, "n_train_descriptors": 600}

each_encoding = pytest.mark.parametrize("name", ["fv", "vlad"])
each_frame = pytest.mark.parametrize("frame", ["apex", "apex_minus_neutral", "both"])


def make(name, **params):
    return EXTRACTORS[name].make().set_params(**{**QUICK, **params})


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    smooth = [cv2.GaussianBlur(rng.normal(size=(SIZE, SIZE)), (0, 0), 1.5 + i % 2) for i in range(2 * N)]
    grey = np.array([np.clip(128 + 45 * s / s.std(), 0, 255) for s in smooth]).astype(np.uint8)
    return grey.reshape(N, 2, SIZE, SIZE)


@pytest.fixture
def X(images):
    return Samples.from_arrays(images=images, label=np.arange(N) // 2 % 2, subject=np.arange(N) % 6)


def fitted_arrays(extractor):
    words = extractor.codebook_
    arrays = [words.weights, words.means, words.variances] if isinstance(words, DiagonalGMM) else [words]
    return [extractor.pca_mean_, extractor.pca_components_, *arrays]


def equal_fits(a, b):
    return all(np.array_equal(x, y) for x, y in zip(fitted_arrays(a), fitted_arrays(b), strict=True))


@each_encoding
@each_frame
def test_fit_does_not_depend_on_test_samples(name, frame, images):
    a = Samples.from_arrays(images=images)
    changed = images.copy()
    changed[TEST] = 255 - changed[TEST, :, ::-1] // 2
    b = Samples.from_arrays(images=changed)
    on_a, on_b = make(name, frame=frame).fit(a[TRAIN]), make(name, frame=frame).fit(b[TRAIN])
    assert equal_fits(on_a, on_b)
    np.testing.assert_array_equal(on_a.transform(a[TRAIN]), on_b.transform(b[TRAIN]))
    assert equal_fits(on_a, make(name, frame=frame).fit(images[TRAIN]))  # nor on the table of a slice
    assert not equal_fits(on_a, make(name, frame=frame).fit(a))
    assert not equal_fits(on_a, make(name, frame=frame).fit(b[TEST]))


@each_encoding
def test_each_fold_of_a_pipeline_is_fitted_on_its_training_samples_only(name, X, images):
    y = X["label"]
    params = {f"features__{name}__{k}": v for k, v in QUICK.items()}
    model = make_pipeline(f"{name}_linear", align__method="none", align__size=SIZE, calibration_cv=0, **params)
    precompute_features(model, X)  # as before a cross-validation, without effect here
    changed = images.copy()
    changed[TEST] = changed[TEST, :, ::-1]
    other = Samples.from_arrays(images=changed, label=y)
    fitted, expected = clone(model).fit(X[TRAIN], y[TRAIN]), clone(model).fit(other[TRAIN], y[TRAIN])
    np.testing.assert_array_equal(fitted.decision_function(X[TEST]), expected.decision_function(X[TEST]))


@each_encoding
def test_features_are_not_kept_in_the_feature_store_since_they_depend_on_the_fold(name, X):
    make(name).fit(X).transform(X)
    assert X.feature_store.n_computed == 0
    params = {f"features__{name}__{k}": v for k, v in QUICK.items()}
    model = make_pipeline(f"hog_{name}_linear", align__method="none", align__size=SIZE, calibration_cv=0, **params)
    evaluate(model, X, cv="3fold")
    assert X.feature_store.n_computed == N  # those of HOG only
    X = Samples.from_arrays(images=X["images"], label=X["label"])
    pipeline = sklearn_pipeline(make(name), KNeighborsClassifier(3))
    grid = {"fishervectors__n_words": [2, 3]}
    assert GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, X["label"]).predict(X).shape == (N,)
    assert X.feature_store.n_computed == 0


@each_encoding
def test_use_before_fit_raises_not_fitted_error(name, X):
    with pytest.raises(NotFittedError):
        make(name).transform(X)
    with pytest.raises(NotFittedError):
        check_is_fitted(make(name))
    with pytest.raises(NotFittedError):
        make(name, n_pca_cell=3).get_feature_names_out()


@each_encoding
def test_equal_random_states_give_equal_fits_and_others_do_not(name, X):
    assert equal_fits(make(name).fit(X), make(name).fit(X))
    assert not equal_fits(make(name).fit(X), make(name, random_state=1).fit(X))


@each_encoding
@each_frame
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_fit_does_not_depend_on_the_batch_size(name, frame, size, X, monkeypatch):
    expected = make(name, frame=frame).fit(X)
    monkeypatch.setattr(base, "BATCH_SIZE", size)
    assert equal_fits(make(name, frame=frame).fit(X), expected)


@pytest.mark.parametrize("n_descriptors", [250, 600])
def test_sample_of_descriptors_has_the_requested_size_and_covers_many_samples(X, n_descriptors):
    def describe(images):
        return np.broadcast_to(images[:, :1, :1].astype(np.float32), (len(images), 49, 3))

    sample = sample_descriptors(X, np.arange(N), describe, (-1,), n_descriptors, 49, 0, 16, "")
    assert n_descriptors <= len(sample) <= n_descriptors + N
    assert len(np.unique(sample, axis=0)) >= 250 // 49


@each_encoding
def test_samples_without_landmarks_do_not_contribute_to_the_fit(name, images):
    landmarks = np.zeros((N, 2, 68, 2), np.float32) + np.random.default_rng(0).uniform(0, SIZE, (68, 2))
    landmarks[[3, 4]] = np.nan
    X = Samples.from_arrays(images=images, landmarks=landmarks)
    table = make_pipeline(f"{name}_svm", align__method="procrustes").named_steps["align"].transform(X)
    assert usable_samples(table, ("images",)).tolist() == np.delete(np.arange(N), [3, 4]).tolist()
    extractor = make(name).fit(table)
    assert equal_fits(extractor, make(name).fit(table[np.delete(np.arange(N), [3, 4])]))
    assert np.flatnonzero(np.isnan(extractor.transform(table)).any(1)).tolist() == [3, 4]
    with pytest.raises(FerError, match="missing in all"):
        make(name).fit(table[[3, 4]])


@each_encoding
def test_both_frames_are_apex_and_difference_with_the_same_codebook(name, X, images):
    both = make(name, frame="both").fit(X)
    apex, difference = (pickle.loads(pickle.dumps(both)).set_params(frame=f) for f in ("apex", "apex_minus_neutral"))
    expected = np.concatenate([apex.transform(X), difference.transform(X)], 1)
    np.testing.assert_array_equal(both.transform(X), expected)
    np.testing.assert_allclose(np.linalg.norm(apex.transform(X), axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(difference.transform(images[:, ::-1]), -difference.transform(images), atol=1e-6)
    assert (difference.transform(np.repeat(images[:, :1], 2, 1)) == 0).all()
    assert len(set(both.get_feature_names_out())) == expected.shape[1]


@each_encoding
def test_still_images_raise_for_differences_only(name, images):
    with pytest.raises(FerError, match="neutral frame and an apex"):
        make(name, frame="apex_minus_neutral").fit(images[:, -1])
    features = make(name).fit(images[:, -1]).transform(images[:, -1])
    np.testing.assert_array_equal(features, make(name).fit(images).transform(images))


@each_encoding
def test_empty_table_gives_no_rows_with_the_right_number_of_features(name, X):
    extractor = make(name).fit(X)
    assert extractor.transform(X[:0]).shape == (0, extractor.transform(X[:1]).shape[1])


@each_encoding
def test_pickle_keeps_the_fit_and_clone_does_not(name, X):
    extractor = make(name).fit(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(extractor)).transform(X), extractor.transform(X))
    with pytest.raises(NotFittedError):
        clone(extractor).transform(X)


@each_encoding
def test_memory_does_not_grow_with_the_number_of_samples(name, images):
    peaks = {}
    for times in (4, 12):
        many = Samples.from_arrays(images=np.tile(images, (times, 1, 1, 1)))
        extractor = make(name).fit(many[:N])
        for work in ("fit", "transform"):
            tracemalloc.start()
            result = getattr(extractor, work)(many)
            peaks[work, times] = tracemalloc.get_traced_memory()[1] - getattr(result, "nbytes", 0)
            tracemalloc.stop()
    for work in ("fit", "transform"):  # the local descriptors of all samples would add 6 MB
        assert peaks[work, 12] < peaks[work, 4] + 2**20


@pytest.mark.parametrize(
    "invalid",
    [
        *({"bin_sizes": sizes} for sizes in ((), 0, (4, -1), "4", (4, None), True, float("nan"))),
        {"n_pca": 129},
        {"n_words": 0},
        {"random_state": -1},
        {"random_state": None},
        {"soft_assignment": 1},
        {"frame": "onset"},
        {"encoding": "bag"},
        {"rotations": ()},
        {"rotations": (0, np.inf)},
        {"n_pca_cell": 0.5},
        {"n_train_descriptors": 2, "n_words": 200},
    ],
)
def test_invalid_parameter_raises(invalid, X):
    with pytest.raises(FerError, match="FisherVectors: "):
        make("fv", **invalid).fit(X)


def test_single_bin_size_and_numpy_scalars_are_equivalent_to_tuples_and_python_numbers(X):
    expected = make("fv", bin_sizes=(4,)).fit(X).transform(X)
    np.testing.assert_array_equal(make("fv", bin_sizes=4).fit(X).transform(X), expected)
    params = {k: np.int64(v) for k, v in QUICK.items()}
    other = make("fv", **params, bin_sizes=[np.float32(4)], soft_assignment=np.bool_(True), random_state=np.int64(0))
    np.testing.assert_array_equal(other.fit(X).transform(X), expected)


def test_images_smaller_than_a_patch_raise(X):
    with pytest.raises(ValueError, match="image of 40 x 40 pixels is too small for a patch"):
        make("fv", bin_sizes=20).fit(X)


@each_encoding
@pytest.mark.parametrize("soft_assignment", [True, False])
def test_reduced_cells_are_projections_of_the_complete_vectors(name, soft_assignment, images):
    complete = make(name, soft_assignment=soft_assignment).fit(images)
    reduced = make(name, soft_assignment=soft_assignment, n_pca_cell=5).fit(images)
    assert equal_fits(complete, reduced)
    features, cells = reduced.transform(images), complete.transform(images).reshape(len(images), 4, -1)
    assert features.shape == (len(images), 20) == (len(images), len(reduced.get_feature_names_out()))
    for c, part in enumerate(np.split(features, 4, 1)):
        centred = cells[:, c] - cells[:, c].mean(0)
        # Fitted on the same samples, the components are the leading singular vectors.
        left, values, _ = np.linalg.svd(centred, full_matrices=False)
        np.testing.assert_allclose(np.abs(part), np.abs(left[:, :5] * values[:5]), atol=3e-3)


def test_reduction_of_cells_depends_on_training_samples_only_and_is_pickled(images):
    model = make("fv", n_pca_cell=5, n_train_images=8).fit(images[TRAIN])
    changed = images.copy()
    changed[TEST] = 255 - changed[TEST]
    other = make("fv", n_pca_cell=5, n_train_images=8).fit(Samples.from_arrays(images=changed)[TRAIN])
    np.testing.assert_array_equal(model.transform(images), other.transform(images))
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.transform(images), model.transform(images))
    np.testing.assert_allclose(model.transform(images[:1]), model.transform(images)[:1], atol=1e-5)


def test_cells_have_no_more_components_than_training_vectors(images):
    model = make("fv", n_pca_cell=500, n_train_images=8).fit(images)
    features = model.transform(images)
    assert features.shape == (N, len(model.get_feature_names_out()))
    assert features.shape[1] <= 4 * 8


@each_encoding
def test_vectors_of_several_rotations_are_their_mean(name, images):
    extractor = make(name).fit(images)
    single = [extractor.set_params(rotations=(degrees,)).transform(images) for degrees in (0, 7, -7)]
    mean = extractor.set_params(rotations=(0, 7, -7)).transform(images)
    np.testing.assert_allclose(mean, np.mean(single, 0), atol=1e-6)
    assert not np.allclose(single[0], single[1], atol=0.01)


@pytest.mark.parametrize("params", [{}, {"grid": 1, "encoding": "vlad"}, {"n_pca_cell": 5, "bin_sizes": (2, 3)}])
@pytest.mark.parametrize("size", [(30, 40), (31, 37)])
def test_mirror_images_have_the_descriptors_of_the_images_in_another_order(params, size, monkeypatch):
    images = np.random.default_rng(3).integers(0, 256, (6, 1, *size)).astype(np.uint8)
    X = Samples.from_arrays(images)
    model = make("fv", **QUICK | params).fit(X)
    expected = np.stack([model.feature_array(X), model.feature_array(mirror_samples(X))], 1)
    n_described = []
    monkeypatch.setattr(fisher, "dense_sift", lambda x, *args: (n_described.append(len(x)), dense_sift(x, *args))[1])
    np.testing.assert_allclose(model.mirror_pairs(X), expected, atol=2e-3)
    assert sum(n_described) == len(X)
