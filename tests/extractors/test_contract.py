"""What every extractor promises: each row alone, whatever its batch; copies, names, errors as scikit-learn has them."""

import pickle

import cv2
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.utils import get_tags

from fer_features.exceptions import FerError
from fer_features.extractors import EXTRACTORS, Align, base
from fer_features.samples.table import Samples
from fer_features.vision.geometry import MEAN_FACE

N, FRAMES, HEIGHT, WIDTH = 20, 3, 80, 96  # more rows than one batch has, and no square
BOTH = ("images", "landmarks")

every = pytest.mark.parametrize("name", EXTRACTORS)
every_method = pytest.mark.parametrize("method", ["eyes", "procrustes", "none"])


def make(name):
    kind, given = EXTRACTORS[name]
    return kind(**given)


#: Those that learn nothing, so that what they give does not hang on the fold.
STATELESS = [name for name in EXTRACTORS if not get_tags(make(name)).requires_fit]
every_stateless = pytest.mark.parametrize("name", STATELESS)


@pytest.fixture(scope="module")
def arrays():
    """Smooth textures that drift from frame to frame, with a face's landmarks that drift and jitter."""
    rng = np.random.default_rng(0)
    images, landmarks = [], []
    for _ in range(N):
        texture = cv2.GaussianBlur(rng.normal(size=(HEIGHT + 20, WIDTH + 20)), (0, 0), 2.5)
        texture = np.clip(128 + 50 * texture / texture.std(), 0, 255).astype(np.uint8)
        dy, dx = rng.integers(-3, 4, 2)
        places = [(10 + t * dy, 10 + t * dx) for t in range(FRAMES)]
        images.append([texture[y : y + HEIGHT, x : x + WIDTH] for y, x in places])
        face = 26 * (MEAN_FACE + rng.normal(0, 0.02, (68, 2))) + [WIDTH / 2, HEIGHT / 3]
        moves = np.linspace(0, 1, FRAMES)[:, None, None] * rng.normal(0, 2, (68, 2))
        landmarks.append(face + moves - [[(t * dx, t * dy)] for t in range(FRAMES)])
    return {"images": np.array(images), "landmarks": np.float32(landmarks), "label": np.arange(N) % 2}


def table(arrays, rows=slice(None)):
    """A table of some rows with a store of its own: nothing is known of what another described."""
    return Samples.from_arrays(**{name: values[rows] for name, values in arrays.items()})


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@every
def test_each_row_is_described_alone(name, arrays):
    extractor = make(name).fit(table(arrays))
    together = extractor.transform(table(arrays))
    for i in (0, 7, N - 1):
        close(extractor.transform(table(arrays, [i])), together[[i]])


@every
def test_features_follow_their_rows_when_rows_are_permuted_or_repeated(name, arrays):
    extractor = make(name).fit(table(arrays))
    order = np.r_[np.random.default_rng(1).permutation(N), 3, 3]
    together = extractor.transform(table(arrays))
    close(extractor.transform(table(arrays, order)), together[order])
    close(extractor.transform(table(arrays)[order]), together[order])


@every
@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_the_size_of_a_batch_does_not_matter(name, arrays, monkeypatch, batch):
    extractor = make(name).fit(table(arrays))
    expected = extractor.transform(table(arrays))
    monkeypatch.setattr(base, "BATCH", batch)
    close(extractor.transform(table(arrays)), expected)


@every
def test_a_plain_array_of_the_one_column_means_the_same_as_a_table(name, arrays):
    extractor = make(name)
    if len(extractor.reads) > 1:
        with pytest.raises(FerError, match="plain array"):
            extractor.fit(arrays["images"])
        return
    array = arrays[extractor.reads[0]]
    np.testing.assert_array_equal(
        extractor.fit(array).transform(array), extractor.fit(table(arrays)).transform(table(arrays))
    )


@every
def test_features_are_float32_finite_and_not_all_the_same(name, arrays):
    features = make(name).fit(table(arrays)).transform(table(arrays))
    assert features.dtype == np.float32
    assert features.shape[0] == N
    assert np.isfinite(features).all()
    assert np.unique(features, axis=0).shape[0] == N


@every
def test_only_the_columns_it_reads_are_needed_and_their_absence_is_told(name, arrays):
    extractor = make(name)
    only = Samples.from_arrays(**{column: arrays[column] for column in extractor.reads})
    np.testing.assert_array_equal(
        extractor.fit(only).transform(only), extractor.fit(table(arrays)).transform(table(arrays))
    )
    with pytest.raises(FerError, match="is needed and absent"):
        extractor.transform(Samples.from_arrays(label=arrays["label"]))


@every
def test_the_table_is_left_as_it_is(name, arrays):
    X = table(arrays)
    make(name).fit(X).transform(X)
    for column, values in arrays.items():
        np.testing.assert_array_equal(X[column], values)


@every
def test_a_clone_and_a_pickle_describe_the_same(name, arrays):
    extractor = make(name).fit(table(arrays))
    expected = extractor.transform(table(arrays))
    again = clone(extractor)
    assert again is not extractor
    assert again.get_params() == extractor.get_params()
    np.testing.assert_array_equal(again.fit(table(arrays)).transform(table(arrays)), expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(extractor)).transform(table(arrays)), expected)


@every
def test_every_feature_has_a_name_of_its_own(name, arrays):
    extractor = make(name).fit(table(arrays))
    names = extractor.get_feature_names_out()
    assert len(names) == extractor.transform(table(arrays)).shape[1]
    assert len(set(names)) == len(names)
    assert all(isinstance(feature, str) for feature in names)


@every
def test_names_asked_for_too_early_are_refused_as_scikit_learn_does_or_known(name):
    from sklearn.exceptions import NotFittedError

    try:
        names = make(name).get_feature_names_out()
    except NotFittedError:
        return
    assert len(set(names)) == len(names) > 0


@pytest.mark.parametrize("of", ["apex", "difference", "both"])
@pytest.mark.parametrize("name", ["hog", "lbp"])
def test_names_are_as_many_as_features_whatever_is_described(name, of, arrays):
    extractor = make(name).set_params(of=of).fit(table(arrays))
    names = extractor.get_feature_names_out()
    assert len(set(names)) == extractor.transform(table(arrays)).shape[1]


@pytest.mark.parametrize("name", ["hog", "lbp"])
def test_both_is_apex_and_difference_side_by_side_and_no_change_is_a_difference_of_zero(name, arrays):
    apex, difference, both = (
        make(name).set_params(of=of).transform(table(arrays)) for of in ("apex", "difference", "both")
    )
    np.testing.assert_array_equal(both, np.concatenate([apex, difference], 1))
    reverse = make(name).set_params(of="difference").transform(arrays["images"][:, ::-1])
    np.testing.assert_allclose(reverse, -difference, atol=1e-6)
    neutral = np.repeat(arrays["images"][:, :1], 2, axis=1)
    assert (make(name).set_params(of="difference").transform(neutral) == 0).all()


@every
def test_rows_without_landmarks_are_nan_for_those_who_read_them_and_others_are_not_touched(name, arrays):
    missing = {**arrays, "landmarks": arrays["landmarks"].copy()}
    missing["landmarks"][[2, 17]] = np.nan
    extractor = make(name)
    expected = extractor.fit(table(arrays)).transform(table(arrays))
    found = extractor.transform(table(missing))
    if "landmarks" in extractor.reads:
        assert np.isnan(found[[2, 17]]).all()
        expected[[2, 17]] = np.nan
    np.testing.assert_array_equal(found, expected)


@every
def test_aligned_rows_without_landmarks_are_nan_and_others_are_not_touched(name, arrays):
    missing = {**arrays, "landmarks": arrays["landmarks"].copy()}
    missing["landmarks"][[2, 17]] = np.nan
    align, extractor = Align(size=64), make(name)
    expected = extractor.fit(align.transform(table(arrays))).transform(align.transform(table(arrays)))
    found = extractor.transform(align.transform(table(missing)))
    assert np.isnan(found[[2, 17]]).all()
    expected[[2, 17]] = np.nan
    np.testing.assert_array_equal(found, expected)


@every
def test_stills_are_described_or_refused_in_words(name, arrays):
    stills = Samples.from_arrays(images=arrays["images"][:, -1:], landmarks=arrays["landmarks"][:, -1:])
    try:
        features = make(name).fit(stills).transform(stills)
    except FerError as error:
        words = str(error)
    else:
        words = "stills" if np.isfinite(features).all() else "not described"
    assert "stills" in words


@pytest.mark.parametrize("name", ["landmarks", "hogdiff", "lbpdiff", "flow"])
def test_those_that_need_two_frames_refuse_stills(name, arrays):
    stills = Samples.from_arrays(images=arrays["images"][:, -1:], landmarks=arrays["landmarks"][:, -1:])
    with pytest.raises(FerError, match="neutral frame and an apex"):
        make(name).fit(stills).transform(stills)


@pytest.mark.parametrize("name", ["hog", "lbp"])
def test_those_that_describe_the_apex_take_stills_and_see_no_other_frame(name, arrays):
    clips = make(name).transform(arrays["images"])
    np.testing.assert_array_equal(make(name).transform(arrays["images"][:, -1]), clips)
    np.testing.assert_array_equal(make(name).transform(arrays["images"][:, -1:]), clips)


@pytest.mark.parametrize("method", ["dis", "farneback"])
def test_flow_is_that_from_neutral_to_apex_whatever_lies_between(method, arrays):
    rng = np.random.default_rng(2)
    texture = cv2.GaussianBlur(rng.normal(size=(HEIGHT, WIDTH + 3)), (0, 0), 2.5)
    texture = np.clip(128 + 45 * texture / texture.std(), 0, 255).astype(np.uint8)
    neutral, apex = texture[:, 3:], texture[:, :-3]  # the pattern moves 3 pixels to the right
    clip = np.array([[neutral, arrays["images"][0, 0], apex]])
    extractor = make("flow").set_params(method=method).fit(clip)
    values = extractor.transform(clip).reshape(8, 8, 9)[2:-2, 2:-2] ** 2  # roots are given
    names = extractor.get_feature_names_out()[:9].tolist()
    np.testing.assert_allclose(values[..., names.index("flow[cell=0,0 direction=0deg]")], 3, rtol=0.1)
    assert values[..., names.index("flow[cell=0,0 direction=180deg]")].max() < 0.1


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("landmarks", {"register": "sideways"}),
        ("landmarks", {"on": "ears"}),
        ("landmarks", {"late": 0}),
        ("hog", {"of": "onset"}),
        ("hog", {"orientations": 0}),
        ("lbp", {"of": "onset"}),
        ("lbp", {"radius": 0.5}),
        ("flow", {"method": "guess"}),
        ("flow", {"still": "yes"}),
    ],
)
def test_a_wrong_parameter_is_told_in_words(name, wrong, arrays):
    with pytest.raises(FerError):
        make(name).set_params(**wrong).fit(table(arrays)).transform(table(arrays))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("hog", {"cell": 1000}), ("hog", {"block": 50}), ("lbp", {"grid": 100}), ("flow", {"grid": 100})],
)
def test_a_parameter_too_large_for_the_picture_is_told_in_words(name, wrong, arrays):
    with pytest.raises(ValueError, match=r"picture of \d+ x \d+"):
        make(name).set_params(**wrong).fit(table(arrays)).transform(table(arrays))


@pytest.mark.parametrize(
    ("name", "given", "numpy_given"),
    [
        ("hog", {"orientations": 8, "signed": True}, {"orientations": np.int64(8), "signed": np.bool_(True)}),
        ("lbp", {"grid": 4, "of": "both"}, {"grid": np.int32(4), "of": np.str_("both")}),
        ("flow", {"still": 0.25}, {"still": np.float32(0.25)}),
        ("landmarks", {"late": 2, "on": "rigid"}, {"late": np.int64(2), "on": np.str_("rigid")}),
    ],
)
def test_parameters_from_a_numpy_grid_mean_what_those_of_python_mean(name, given, numpy_given, arrays):
    # GridSearchCV passes the scalars of an array: {"hog__orientations": np.arange(6, 12)}.
    plain, numpy_like = (make(name).set_params(**p).transform(table(arrays)) for p in (given, numpy_given))
    np.testing.assert_array_equal(numpy_like, plain)


@every_stateless
def test_features_of_a_row_are_computed_once_over_the_folds_of_a_search(name, arrays):
    X = table(arrays)
    model = make_pipeline(make(name), LogisticRegression())
    search = GridSearchCV(model, {"logisticregression__C": [0.1, 1.0]}, cv=3, error_score="raise").fit(X, X["label"])
    assert X.store.described == N
    assert search.predict(X[:3]).shape == (3,)
    assert X.store.described == N


@every_stateless
def test_cross_validation_gives_the_scores_of_the_features_computed_beforehand(name, arrays):
    X = table(arrays)
    found = cross_val_score(make_pipeline(make(name), LogisticRegression()), X, X["label"], cv=4, error_score="raise")
    features = make(name).fit(X).transform(table(arrays))
    expected = cross_val_score(LogisticRegression(), features, X["label"], cv=4, error_score="raise")
    np.testing.assert_array_equal(found, expected)


def test_a_search_over_a_parameter_of_an_extractor_describes_once_a_value(arrays):
    X = table(arrays)
    model = make_pipeline(make("hog"), LogisticRegression())
    GridSearchCV(model, {"hog__orientations": [6, 9, 12]}, cv=3, error_score="raise").fit(X, X["label"])
    assert X.store.described == 3 * N


def test_extractors_stand_side_by_side_in_a_feature_union(arrays):
    union = FeatureUnion([(name, make(name)) for name in EXTRACTORS])
    X = table(arrays)
    found = union.fit_transform(X)
    alone = [make(name).fit(table(arrays)).transform(table(arrays)) for name in EXTRACTORS]
    np.testing.assert_array_equal(found, np.hstack(alone))
    assert len(set(union.get_feature_names_out())) == found.shape[1]


@every
def test_pixels_may_lie_in_memory_in_any_order(name, arrays):
    extractor = make(name)
    expected = extractor.fit(table(arrays)).transform(table(arrays))
    images = np.ascontiguousarray(arrays["images"][..., ::-1])[..., ::-1]
    for other in (images, np.asfortranarray(images), np.pad(images, 3)[3:-3, 3:-3, 3:-3, 3:-3]):
        X = table({**arrays, "images": other})
        np.testing.assert_array_equal(extractor.transform(X), expected)


@every_method
def test_each_row_is_aligned_alone_in_any_order(method, arrays):
    align = Align(method, size=48).fit(table(arrays))
    together = align.transform(table(arrays))
    for rows in ([4], [19, 0, 0, 7]):
        for part in (align.transform(table(arrays, rows)), align.transform(table(arrays)[rows]), together[rows]):
            for column in (*BOTH, "label"):
                np.testing.assert_array_equal(part[column], together[column][rows])


@every_method
def test_a_clone_and_a_pickle_align_the_same(method, arrays):
    align = Align(method, size=48, side=0.4)
    expected = align.fit(table(arrays)).transform(table(arrays))["images"]
    for again in (clone(align), pickle.loads(pickle.dumps(align))):
        assert again.get_params() == align.get_params()
        np.testing.assert_array_equal(again.transform(table(arrays))["images"], expected)


@every_method
@every_stateless
def test_aligned_rows_are_described_once_over_folds_and_again_for_another_alignment(name, method, arrays):
    X = table(arrays)
    model = make_pipeline(Align(method, size=48), make(name), LogisticRegression())
    cross_val_score(model, X, X["label"], cv=3, error_score="raise")
    assert X.store.described == N
    cross_val_score(model.set_params(align__size=56), X, X["label"], cv=3, error_score="raise")
    assert X.store.described == 2 * N
