"""Contract of all extractors: samples are independent, and copies, names and errors follow scikit-learn."""

import functools
import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.utils import get_tags

from fer_features.exceptions import FerError
from fer_features.extractors import EXTRACTORS, Align, base
from fer_features.samples.columns import ConcatenatedColumn
from fer_features.samples.table import Samples

from .samples import N_SAMPLES, as_table, draw_arrays, make, texture

ARRAYS = draw_arrays()
ARRAYS_WITH_GAPS = {**ARRAYS, "landmarks": ARRAYS["landmarks"].copy()}
ARRAYS_WITH_GAPS["landmarks"][[2, 17]] = np.nan

#: Extractors that estimate nothing, so that their features do not depend on the fold.
STATELESS = [name for name in EXTRACTORS if not get_tags(make(name)).requires_fit]

each_extractor = pytest.mark.parametrize("name", EXTRACTORS)
each_stateless = pytest.mark.parametrize("name", STATELESS)
each_frame = pytest.mark.parametrize("frame", ["apex", "apex_minus_neutral", "both"])


@functools.cache
def fitted(name):
    """A fitted extractor and its features of all samples, computed once for all tests."""
    extractor = make(name).fit(as_table(ARRAYS))
    features = extractor.transform(as_table(ARRAYS))
    features.setflags(write=False)
    return extractor, features


def assert_close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@each_extractor
def test_features_of_a_sample_do_not_depend_on_the_other_samples(name):
    extractor, features = fitted(name)
    for i in (0, 7, N_SAMPLES - 1):
        assert_close(extractor.transform(as_table(ARRAYS, [i])), features[[i]])


@each_extractor
def test_permuted_and_repeated_samples_give_permuted_and_repeated_features(name):
    extractor, features = fitted(name)
    order = np.r_[np.random.default_rng(1).permutation(N_SAMPLES), 3, 3]
    assert_close(extractor.transform(as_table(ARRAYS, order)), features[order])
    assert_close(extractor.transform(as_table(ARRAYS)[order]), features[order])


@each_extractor
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_features_do_not_depend_on_the_batch_size(name, monkeypatch, size):
    extractor, features = fitted(name)
    monkeypatch.setattr(base, "BATCH_SIZE", size)
    assert_close(extractor.transform(as_table(ARRAYS)), features)


@each_extractor
def test_array_of_the_only_required_column_is_equivalent_to_a_table(name):
    extractor, features = fitted(name)
    if len(extractor.required_columns) > 1:
        with pytest.raises(FerError, match="array"):
            extractor.fit(ARRAYS["images"])
        return
    array = ARRAYS[extractor.required_columns[0]]
    np.testing.assert_array_equal(clone(extractor).fit(array).transform(array), features)


@each_extractor
def test_features_are_finite_float32_and_differ_between_samples(name):
    _, features = fitted(name)
    assert features.dtype == np.float32
    assert features.shape[0] == N_SAMPLES
    assert np.isfinite(features).all()
    assert np.unique(features, axis=0).shape[0] == N_SAMPLES


@each_extractor
def test_only_required_columns_are_needed_and_a_missing_one_raises(name):
    extractor, features = fitted(name)
    required = as_table({column: ARRAYS[column] for column in extractor.required_columns})
    np.testing.assert_array_equal(clone(extractor).fit(required).transform(required), features)
    with pytest.raises(FerError, match=r"needed|required"):
        extractor.transform(Samples.from_arrays(label=ARRAYS["label"]))


@each_extractor
def test_input_is_not_modified(name):
    X = as_table(ARRAYS)
    expected = {column: values.copy() for column, values in ARRAYS.items()}
    clone(fitted(name)[0]).fit(X).transform(X)
    for column, values in expected.items():
        np.testing.assert_array_equal(X[column], values)


@each_extractor
def test_clone_and_pickle_give_the_same_features(name):
    extractor, features = fitted(name)
    copy = clone(extractor)
    assert copy is not extractor
    assert copy.get_params() == extractor.get_params()
    np.testing.assert_array_equal(copy.fit(as_table(ARRAYS)).transform(as_table(ARRAYS)), features)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(extractor)).transform(as_table(ARRAYS)), features)


@each_extractor
def test_feature_names_are_unique_strings_one_per_column(name):
    extractor, features = fitted(name)
    names = extractor.get_feature_names_out()
    assert len(set(names)) == len(names) == features.shape[1]
    assert all(isinstance(feature, str) for feature in names)


@each_extractor
def test_feature_names_before_fit_are_available_or_raise_not_fitted_error(name):
    try:
        names = make(name).get_feature_names_out()
    except NotFittedError:
        return
    assert len(set(names)) == len(names) > 0


@each_extractor
def test_pandas_output_has_the_same_values_and_the_feature_names(name):
    extractor, features = fitted(name)
    frame = clone(extractor).set_output(transform="pandas").fit(as_table(ARRAYS)).transform(as_table(ARRAYS))
    assert isinstance(frame, pd.DataFrame)
    assert frame.columns.tolist() == extractor.get_feature_names_out().tolist()
    np.testing.assert_array_equal(frame.to_numpy(), features)
    with sklearn.config_context(transform_output="pandas"):
        assert isinstance(extractor.transform(as_table(ARRAYS, [0])), pd.DataFrame)


@each_frame
@pytest.mark.parametrize("name", ["hog", "lbp"])
def test_there_are_as_many_names_as_features_for_each_choice_of_frame(name, frame):
    extractor = make(name, frame=frame).fit(as_table(ARRAYS))
    names = extractor.get_feature_names_out()
    assert len(set(names)) == len(names) == extractor.transform(as_table(ARRAYS, [0])).shape[1]


@pytest.mark.parametrize("name", ["hog", "lbp"])
def test_both_frames_are_apex_and_difference_and_no_change_gives_zero(name):
    images = ARRAYS["images"]
    apex, difference, both = (
        make(name, frame=frame).transform(images) for frame in ("apex", "apex_minus_neutral", "both")
    )
    np.testing.assert_array_equal(both, np.concatenate([apex, difference], 1))
    reversed_clips = make(name, frame="apex_minus_neutral").transform(images[:, ::-1])
    np.testing.assert_allclose(reversed_clips, -difference, atol=1e-6)
    still = np.repeat(images[:, :1], 2, axis=1)
    assert (make(name, frame="apex_minus_neutral").transform(still) == 0).all()


@each_extractor
def test_samples_without_landmarks_are_nan_only_where_landmarks_are_required(name):
    extractor, features = fitted(name)
    found, expected = extractor.transform(as_table(ARRAYS_WITH_GAPS)), features.copy()
    if "landmarks" in extractor.required_columns:
        expected[[2, 17]] = np.nan
    np.testing.assert_array_equal(found, expected)


@each_extractor
def test_samples_without_landmarks_are_nan_after_alignment_and_others_are_unchanged(name):
    align, extractor = Align(size=64), make(name)
    complete = align.transform(as_table(ARRAYS))
    expected = extractor.fit(complete).transform(complete)
    expected[[2, 17]] = np.nan
    np.testing.assert_array_equal(extractor.transform(align.transform(as_table(ARRAYS_WITH_GAPS))), expected)


@each_extractor
def test_still_images_are_accepted_or_refused_with_a_reason(name):
    stills = as_table({column: ARRAYS[column][:, -1:] for column in ("images", "landmarks")})
    if getattr(make(name), "frame", "change") != "apex":
        with pytest.raises(FerError, match="still images"):
            make(name).fit(stills).transform(stills)
    else:
        assert np.isfinite(make(name).fit(stills).transform(stills)).all()


@pytest.mark.parametrize("name", ["landmarks", "hogdiff", "lbpdiff", "flow"])
def test_extractors_of_change_refuse_still_images(name):
    stills = as_table({column: ARRAYS[column][:, -1:] for column in ("images", "landmarks")})
    with pytest.raises(FerError, match="neutral frame and an apex"):
        make(name).fit(stills).transform(stills)


@pytest.mark.parametrize("name", ["hog", "lbp"])
def test_extractors_of_the_apex_accept_still_images_and_ignore_other_frames(name):
    _, features = fitted(name)
    np.testing.assert_array_equal(make(name).transform(ARRAYS["images"][:, -1]), features)
    np.testing.assert_array_equal(make(name).transform(ARRAYS["images"][:, -1:]), features)


@pytest.mark.parametrize("method", ["dis", "farneback"])
def test_flow_is_computed_from_neutral_to_apex_whatever_frames_lie_between(method):
    image = texture(np.random.default_rng(2), 80, 99)
    neutral, apex = image[:, 3:], image[:, :-3]  # the texture moves 3 pixels to the right
    clip = np.array([[neutral, texture(np.random.default_rng(3), 80, 96), apex]])
    extractor = make("flow", method=method).fit(clip)
    values = extractor.transform(clip).reshape(8, 8, 9)[2:-2, 2:-2] ** 2  # features are square roots
    names = extractor.get_feature_names_out()[:9].tolist()
    np.testing.assert_allclose(values[..., names.index("flow[cell=0,0 direction=0deg]")], 3, rtol=0.1)
    assert values[..., names.index("flow[cell=0,0 direction=180deg]")].max() < 0.1


@pytest.mark.parametrize(
    ("name", "invalid"),
    [
        ("landmarks", {"registration": "sideways"}),
        ("landmarks", {"registration_points": "ears"}),
        ("landmarks", {"n_apex_frames": 0}),
        ("hog", {"frame": "onset"}),
        ("hog", {"orientations": 0}),
        ("lbp", {"frame": "onset"}),
        ("lbp", {"radius": 0.5}),
        ("flow", {"method": "guess"}),
        ("flow", {"min_motion": "yes"}),
    ],
)
def test_invalid_parameter_raises_in_fit_and_in_transform(name, invalid):
    for method in ("fit", "transform"):
        with pytest.raises(FerError, match=next(iter(invalid))):
            getattr(make(name, **invalid), method)(as_table(ARRAYS))


@pytest.mark.parametrize(
    ("name", "invalid"),
    [
        ("hog", {"pixels_per_cell": 1000}),
        ("hog", {"cells_per_block": 50}),
        ("lbp", {"grid": 100}),
        ("flow", {"grid": 100}),
    ],
)
def test_parameter_too_large_for_the_image_raises(name, invalid):
    with pytest.raises(ValueError, match=r"image of \d+ x \d+"):
        make(name, **invalid).fit(as_table(ARRAYS)).transform(as_table(ARRAYS))


@pytest.mark.parametrize(
    ("name", "params", "numpy_params"),
    [
        (
            "hog",
            {"orientations": 8, "signed_gradients": True},
            {"orientations": np.int64(8), "signed_gradients": np.bool_(True)},
        ),
        ("lbp", {"grid": 4, "frame": "both"}, {"grid": np.int32(4), "frame": np.str_("both")}),
        ("flow", {"min_motion": 0.25}, {"min_motion": np.float32(0.25)}),
        (
            "landmarks",
            {"n_apex_frames": 2, "registration_points": "rigid"},
            {"n_apex_frames": np.int64(2), "registration_points": np.str_("rigid")},
        ),
    ],
)
def test_numpy_scalars_are_equivalent_to_python_numbers(name, params, numpy_params):
    # GridSearchCV passes the scalars of an array: {"hog__orientations": np.arange(6, 12)}.
    few = as_table(ARRAYS, slice(4))
    np.testing.assert_array_equal(make(name, **numpy_params).transform(few), make(name, **params).transform(few))
    assert base.cache_key(make(name, **numpy_params)) == base.cache_key(make(name, **params))


@each_stateless
def test_search_extracts_the_features_of_a_sample_once_and_gives_the_scores_of_precomputed_features(name):
    X = as_table(ARRAYS)
    model = make_pipeline(make(name), KNeighborsClassifier(3))
    grid = {"kneighborsclassifier__n_neighbors": [3, 1]}
    search = GridSearchCV(model, grid, cv=3, error_score="raise").fit(X, X["label"])
    assert X.feature_store.n_computed == N_SAMPLES
    assert search.predict(X[:3]).shape == (3,)
    assert X.feature_store.n_computed == N_SAMPLES
    expected = cross_val_score(KNeighborsClassifier(3), fitted(name)[1], X["label"], cv=3, error_score="raise")
    found = [search.cv_results_[f"split{k}_test_score"][0] for k in range(3)]
    np.testing.assert_array_equal(found, expected)


def test_search_over_a_parameter_of_an_extractor_extracts_features_once_per_value():
    X = as_table(ARRAYS)
    model = make_pipeline(make("hog"), KNeighborsClassifier(3))
    GridSearchCV(model, {"hog__orientations": [6, 9, 12]}, cv=3, error_score="raise").fit(X, X["label"])
    assert X.feature_store.n_computed == 3 * N_SAMPLES


def test_feature_union_of_scikit_learn_concatenates_extractors():
    union = FeatureUnion([(name, make(name)) for name in EXTRACTORS])
    features = union.fit_transform(as_table(ARRAYS))
    np.testing.assert_array_equal(features, np.hstack([fitted(name)[1] for name in EXTRACTORS]))
    assert len(set(union.get_feature_names_out())) == features.shape[1]


@each_extractor
def test_memory_layout_of_the_images_does_not_matter(name):
    extractor, _ = fitted(name)
    images = ARRAYS["images"][:4]
    expected = extractor.transform(as_table(ARRAYS, slice(4)))
    flipped = np.ascontiguousarray(images[..., ::-1])[..., ::-1]
    for other in (flipped, np.asfortranarray(flipped), np.pad(images, 3)[3:-3, 3:-3, 3:-3, 3:-3]):
        X = Samples.from_arrays(images=other, landmarks=ARRAYS["landmarks"][:4])
        np.testing.assert_array_equal(extractor.transform(X), expected)


@each_stateless
def test_aligned_features_are_extracted_once_over_folds_and_again_for_another_alignment(name):
    X = as_table(ARRAYS)
    model = make_pipeline(Align("none", size=48), make(name), KNeighborsClassifier(3))
    cross_val_score(model, X, X["label"], cv=2, error_score="raise")
    assert X.feature_store.n_computed == N_SAMPLES
    cross_val_score(model.set_params(align__size=56), X, X["label"], cv=2, error_score="raise")
    assert X.feature_store.n_computed == 2 * N_SAMPLES


@each_extractor
def test_colour_images_with_equal_channels_give_the_features_of_grey_images(name):
    extractor, features = fitted(name)
    if "images" in extractor.required_columns:
        colour = {**ARRAYS, "images": np.repeat(ARRAYS["images"][..., None], 3, -1)}
        np.testing.assert_array_equal(extractor.transform(as_table(colour)), features)


def several_sizes(images):
    return ConcatenatedColumn([images[:5], images[5:, :, :-2]])


DEGENERATE = {
    "blank": lambda arrays: {**arrays, "images": 0 * arrays["images"]},
    "equal": lambda arrays: {name: np.repeat(values[:1], len(values), 0) for name, values in arrays.items()},
    "tiny": lambda arrays: {**arrays, "images": arrays["images"][..., :9, :9], "landmarks": arrays["landmarks"] / 20},
    "several sizes": lambda arrays: {**arrays, "images": several_sizes(arrays["images"])},
    "no sample": lambda arrays: None,
}


@each_extractor
@pytest.mark.parametrize("kind", DEGENERATE)
def test_degenerate_samples_give_finite_features_or_an_error_of_one_line(name, kind):
    arrays = DEGENERATE[kind](ARRAYS)
    X = as_table(ARRAYS)[:0] if arrays is None else Samples(arrays, check_input=False)
    message = ""
    try:
        features = make(name).fit(X).transform(X)
        assert features.shape[0] == len(X)
        assert np.isfinite(features).all()
    except FerError as error:
        message = str(error)
    assert "\n" not in message
