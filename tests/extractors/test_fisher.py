"""Fisher vectors and VLAD as extractors: what they learn comes from the rows given to `fit`, and from nothing else."""

import pickle
import tracemalloc

import cv2
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline as sklearn_pipeline

from fer_features import FerError, Samples, make_pipeline
from fer_features.evaluation import evaluate
from fer_features.evaluation.cross_validation import describe_all
from fer_features.extractors import EXTRACTORS, base
from fer_features.vision.fisher import Mixture

N, SIZE = 22, 40
TRAIN, TEST = np.arange(0, N, 2), np.arange(1, N, 2)
SMALL = {"step": 5, "components": 6, "words": 3, "grid": 2, "n_sample": 600}

every = pytest.mark.parametrize("name", ["fv", "vlad"])
every_of = pytest.mark.parametrize("of", ["apex", "difference", "both"])


def make(name, **params):
    kind, given = EXTRACTORS[name]
    return kind(**{**given, **SMALL, **params})


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    smooth = [cv2.GaussianBlur(rng.normal(size=(SIZE, SIZE)), (0, 0), 1.5 + i % 2) for i in range(2 * N)]
    grey = np.array([np.clip(128 + 45 * s / s.std(), 0, 255) for s in smooth]).astype(np.uint8)
    return grey.reshape(N, 2, SIZE, SIZE)


@pytest.fixture
def X(images):
    return Samples.from_arrays(images=images, label=np.arange(N) // 2 % 2, subject=np.arange(N) % 6)


def learnt(extractor):
    words = extractor.words_
    parts = [words.weights, words.means, words.variances] if isinstance(words, Mixture) else [words]
    return [extractor.mean_, extractor.basis_, *parts]


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(learnt(a), learnt(b), strict=True))


@every
@every_of
def test_no_test_row_has_a_say_in_what_is_learnt(name, of, images):
    a = Samples.from_arrays(images=images)
    changed = images.copy()
    changed[TEST] = 255 - changed[TEST, :, ::-1] // 2
    b = Samples.from_arrays(images=changed)
    of_a, of_b = make(name, of=of).fit(a[TRAIN]), make(name, of=of).fit(b[TRAIN])
    assert same(of_a, of_b)
    np.testing.assert_array_equal(of_a.transform(a[TRAIN]), of_b.transform(b[TRAIN]))
    assert same(of_a, make(name, of=of).fit(images[TRAIN]))  # nor has the table that they are rows of
    assert not same(of_a, make(name, of=of).fit(a))
    assert not same(of_a, make(name, of=of).fit(b[TEST]))


@every
def test_each_fold_of_a_pipeline_learns_from_its_training_rows_alone(name, X, images):
    y = X["label"]
    params = {f"features__{name}__{k}": v for k, v in SMALL.items()}
    model = make_pipeline(f"{name}_svm", align__method="none", align__size=SIZE, **params)
    describe_all(model, X)  # as before any cross-validation: it must leave no trace
    changed = images.copy()
    changed[TEST] = changed[TEST, :, ::-1]
    other = Samples.from_arrays(images=changed, label=y)
    fitted, expected = clone(model).fit(X[TRAIN], y[TRAIN]), clone(model).fit(other[TRAIN], y[TRAIN])
    np.testing.assert_array_equal(fitted.decision_function(X[TEST]), expected.decision_function(X[TEST]))


@every
def test_nothing_is_kept_in_the_table_s_store_for_it_would_be_of_another_fold(name, X):
    make(name).fit(X).transform(X)
    params = {f"features__{name}__{k}": v for k, v in SMALL.items()}
    model = make_pipeline(f"hog_{name}_svm", align__method="none", align__size=SIZE, **params)
    assert evaluate(model, X, cv="3fold").scores["described"] == N  # HOG's rows, and no others
    X = Samples.from_arrays(images=X["images"], label=X["label"])
    pipeline = sklearn_pipeline(make(name), LogisticRegression())
    grid = {f"{type(make(name)).__name__.lower()}__words": [2, 3]}
    assert GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, X["label"]).predict(X).shape == (N,)
    assert X.store.described == 0


@every
def test_it_cannot_be_used_before_it_has_learnt(name, X):
    with pytest.raises(NotFittedError):
        make(name).transform(X)


@every
def test_equal_seeds_learn_the_same_and_others_do_not(name, X):
    assert same(make(name).fit(X), make(name).fit(X))
    assert not same(make(name).fit(X), make(name, seed=1).fit(X))


@every
@every_of
@pytest.mark.parametrize("batch", [1, 5, 1000])
def test_what_is_learnt_does_not_hang_on_the_size_of_a_batch(name, of, batch, X, monkeypatch):
    expected = make(name, of=of).fit(X)
    monkeypatch.setattr(base, "BATCH", batch)
    assert same(make(name, of=of).fit(X), expected)


@every
def test_the_sample_is_of_the_size_asked_for_and_spread_over_rows(name, X):
    for n_sample in (250, 600):
        extractor = make(name, n_sample=n_sample).fit(X)
        drawn = extractor._sample(X)
        assert n_sample <= len(drawn) <= n_sample + N
        assert drawn.shape[1] == 128


@every
def test_rows_without_landmarks_are_not_learnt_from(name, images):
    landmarks = np.zeros((N, 2, 68, 2), np.float32) + np.random.default_rng(0).uniform(0, SIZE, (68, 2))
    landmarks[[3, 4]] = np.nan
    X = Samples.from_arrays(images=images, landmarks=landmarks)
    model = make_pipeline(f"{name}_svm", align__method="procrustes")
    table = model.named_steps["align"].transform(X)
    extractor = make(name).fit(table)
    assert same(extractor, make(name).fit(table[np.delete(np.arange(N), [3, 4])]))
    assert np.flatnonzero(np.isnan(extractor.transform(table)).any(1)).tolist() == [3, 4]
    with pytest.raises(FerError, match="missing in every one"):
        make(name).fit(table[[3, 4]])


@every
def test_both_is_apex_and_difference_by_the_same_words(name, X, images):
    both = make(name, of="both").fit(X)
    apex, difference = (clone(both).set_params(of=of) for of in ("apex", "difference"))
    for other in (apex, difference):
        other.mean_, other.basis_, other.words_, other.shape_ = both.mean_, both.basis_, both.words_, both.shape_
    expected = np.concatenate([apex.transform(X), difference.transform(X)], 1)
    np.testing.assert_array_equal(both.transform(X), expected)
    np.testing.assert_allclose(np.linalg.norm(apex.transform(X), axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(difference.transform(images[:, ::-1]), -difference.transform(images), atol=1e-6)
    assert (difference.transform(np.repeat(images[:, :1], 2, 1)) == 0).all()
    assert len(set(both.get_feature_names_out())) == expected.shape[1]


@every
def test_differences_of_stills_are_refused_and_apexes_are_not(name, images):
    with pytest.raises(FerError, match="neutral frame and an apex"):
        make(name, of="difference").fit(images[:, -1])
    np.testing.assert_array_equal(
        make(name).fit(images[:, -1]).transform(images[:, -1]), make(name).fit(images).transform(images)
    )


@every
def test_no_rows_give_no_features_of_the_right_width(name, X):
    extractor = make(name).fit(X)
    assert extractor.transform(X[:0]).shape == (0, extractor.transform(X[:1]).shape[1])


@every
def test_a_pickle_carries_what_was_learnt_and_a_clone_does_not(name, X):
    extractor = make(name).fit(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(extractor)).transform(X), extractor.transform(X))
    with pytest.raises(NotFittedError):
        clone(extractor).transform(X)


@every
def test_memory_is_that_of_a_batch_whatever_the_number_of_rows(name, images):
    peaks = {}
    for times in (4, 16):
        many = Samples.from_arrays(images=np.tile(images, (times, 1, 1, 1)))
        extractor = make(name).fit(many[:N])
        for work in ("fit", "transform"):
            tracemalloc.start()
            result = getattr(extractor, work)(many)
            peaks[work, times] = tracemalloc.get_traced_memory()[1] - getattr(result, "nbytes", 0)
            tracemalloc.stop()
    for work in ("fit", "transform"):  # all rows' local descriptors would be 10 MB more
        assert peaks[work, 16] < peaks[work, 4] + 2**20


@pytest.mark.parametrize(
    "wrong",
    [
        *({"bins": bins} for bins in ((), 0, (4, -1), "4", (4, None), True, float("nan"))),
        {"components": 129},
        {"words": 0},
        {"seed": -1},
        {"seed": None},
        {"soft": 1},
        {"of": "onset"},
        {"encoding": "bag"},
        {"n_sample": 2, "words": 200},
    ],
)
def test_a_wrong_parameter_is_told_in_words(wrong, X):
    with pytest.raises(FerError, match="FisherVectors: "):
        make("fv", **wrong).fit(X)


def test_one_bin_size_may_be_given_as_a_number_and_numpy_numbers_mean_the_same(X):
    expected = make("fv", bins=(4,)).fit(X).transform(X)
    np.testing.assert_array_equal(make("fv", bins=4).fit(X).transform(X), expected)
    given = {k: np.int64(v) for k, v in SMALL.items()}
    other = make("fv", **{**given, "bins": [np.float32(4)], "soft": np.bool_(True), "seed": np.int64(0)})
    np.testing.assert_array_equal(other.fit(X).transform(X), expected)


def test_pictures_that_hold_no_patch_are_told_in_words(X):
    with pytest.raises(ValueError, match="picture of 40 x 40 holds no patch"):
        make("fv", bins=20).fit(X)


@every
@pytest.mark.parametrize("soft", [True, False])
def test_reduced_cells_are_projections_of_the_whole_vectors(name, soft, images):
    whole = make(name, soft=soft).fit(images)
    reduced = make(name, soft=soft, cell_components=5).fit(images)
    assert same(whole, reduced)
    found, cells = reduced.transform(images), whole.transform(images).reshape(len(images), 4, -1)
    assert found.shape == (len(images), 20) == (len(images), len(reduced.get_feature_names_out()))
    for c, part in enumerate(np.split(found, 4, 1)):
        centred = cells[:, c] - cells[:, c].mean(0)
        # Learnt from these rows: the best of five dimensions.
        left, values, _ = np.linalg.svd(centred, full_matrices=False)
        np.testing.assert_allclose(np.abs(part), np.abs(left[:, :5] * values[:5]), atol=3e-3)


def test_reduced_cells_are_learnt_from_training_rows_and_survive_a_pickle(images):
    model = make("fv", cell_components=5, cell_sample=8).fit(images[TRAIN])
    changed = images.copy()
    changed[TEST] = 255 - changed[TEST]
    again = make("fv", cell_components=5, cell_sample=8).fit(Samples.from_arrays(images=changed)[TRAIN])
    np.testing.assert_array_equal(model.transform(images), again.transform(images))
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.transform(images), model.transform(images))
    np.testing.assert_allclose(model.transform(images[:1]), model.transform(images)[:1], atol=1e-5)
    many = make("fv", cell_components=500, cell_sample=8).fit(images)
    assert many.transform(images).shape == (N, len(many.get_feature_names_out()))
    assert many.transform(images).shape[1] <= 4 * 8
    with pytest.raises(FerError, match="cell_components"):
        make("fv", cell_components=0.5).fit(images)


@every
def test_the_vectors_of_turns_are_their_mean(name, images):
    whole = make(name).fit(images)
    parts = []
    for degrees in (0, 7, -7):
        whole.turns = (degrees,)
        parts.append(whole.transform(images))
    whole.turns = (0, 7, -7)
    np.testing.assert_allclose(whole.transform(images), np.mean(parts, 0), atol=1e-6)
    assert not np.allclose(parts[0], parts[1], atol=0.01)
    whole.turns = ()
    with pytest.raises(FerError, match="turns"):
        whole.fit(images)
