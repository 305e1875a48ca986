"""Concatenated features: means and scales come from training samples, and every block has the same total variance."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.validation import check_is_fitted

from fer_features import make_pipeline
from fer_features.exceptions import FerError
from fer_features.extractors import HOG, LBP, Align, Features, Landmarks
from fer_features.extractors.features import named_extractors
from fer_features.samples.table import Samples
from fer_features.vision.geometry import MEAN_FACE

from ..conftest import draw_clips

N = 24
each_scale = pytest.mark.parametrize("scale", ["standardize", "block"])
each_mirror = pytest.mark.parametrize("mirror", ["none", "mean", "concatenate"])


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {
        "images": rng.integers(0, 256, (N, 2, 32, 32)).astype(np.uint8),
        "landmarks": 8 * (MEAN_FACE + rng.normal(0, 0.03, (N, 2, 68, 2))) + 12,
    }


@pytest.fixture
def X(arrays):
    return Samples.from_arrays(**arrays)


def three_blocks(scale="standardize", weights=None, **params):
    # Of different size and variance: 36, 192 and 59 features.
    return Features([("hog", HOG()), ("points", Landmarks()), ("lbp", LBP(grid=1))], scale, weights, **params)


def total_variance(values):
    return values.var(0, dtype=np.float64).sum()


def split(values):
    return dict(zip(("hog", "points", "lbp"), np.split(values, [36, 36 + 192], 1), strict=True))


@each_scale
def test_total_variance_over_training_samples_is_1_with_equal_fractions_for_the_blocks(X, scale):
    features = three_blocks(scale).fit_transform(X)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features.mean(0), 0, atol=1e-5)
    for block in split(features).values():
        np.testing.assert_allclose(total_variance(block), 1 / 3, rtol=0.01)
    np.testing.assert_allclose(total_variance(features), 1, rtol=0.01)


@each_scale
def test_fractions_of_the_variance_are_squares_of_the_weights_and_the_total_is_1(X, scale):
    features = three_blocks(scale, {"hog": 3.0, "lbp": 2.0}).fit_transform(X)
    fractions = {name: total_variance(block) for name, block in split(features).items()}
    for name, weight in {"hog": 3, "points": 1, "lbp": 2}.items():
        np.testing.assert_allclose(fractions[name], weight**2 / (9 + 1 + 4), rtol=0.01)


def test_weight_of_zero_gives_a_block_of_zeros(X):
    blocks = split(three_blocks("standardize", {"lbp": 0.0}).fit_transform(X))
    assert (blocks["lbp"] == 0).all()
    assert blocks["hog"].any()


def test_without_scaling_features_are_those_of_the_extractors_times_the_weights(X):
    blocks = split(three_blocks("none", {"lbp": 2.0}).fit_transform(X))
    np.testing.assert_array_equal(blocks["hog"], HOG().transform(X))
    np.testing.assert_array_equal(blocks["points"], Landmarks().transform(X))
    np.testing.assert_array_equal(blocks["lbp"], 2 * LBP(grid=1).transform(X))


@each_scale
def test_mean_and_scale_are_fitted_on_training_samples_only(arrays, scale):
    other = {name: values.copy() for name, values in arrays.items()}
    other["images"][16:] //= 4
    other["landmarks"][16:] += np.random.default_rng(1).normal(0, 3, (N - 16, 2, 68, 2))
    fitted = [three_blocks(scale).fit(Samples.from_arrays(**a)[:16]) for a in (arrays, other)]
    for a, b in zip(*((*f.means_, *f.scales_) for f in fitted), strict=True):
        np.testing.assert_array_equal(a, b)
    X = Samples.from_arrays(**arrays)
    np.testing.assert_array_equal(fitted[0].transform(X), fitted[1].transform(X))
    np.testing.assert_allclose(fitted[0].transform(X)[:16], three_blocks(scale).fit_transform(X[:16]), atol=1e-6)
    hog = HOG().transform(X)
    std = hog[:16].std(0, dtype=np.float64)
    divisor = std * np.sqrt(36) if scale == "standardize" else np.sqrt((std**2).sum())
    expected = (hog - hog[:16].mean(0)) / divisor / np.sqrt(3)
    np.testing.assert_allclose(split(fitted[0].transform(X))["hog"], expected, atol=1e-4)


def test_samples_without_features_raise_with_their_numbers(arrays):
    arrays["landmarks"][[3, 11]] = np.nan
    X = Samples.from_arrays(**arrays)
    complete = np.setdiff1d(np.arange(N), [3, 11])
    model = three_blocks().fit(X[complete])
    for refused in (lambda: three_blocks().fit(X), lambda: model.transform(X)):
        with pytest.raises(FerError, match=r"2 sample\(s\).*: 3, 11; .*can_extract"):
            refused()
    with pytest.raises(FerError, match=r"1 sample\(s\).*: 1; "):
        model.transform(X[[0, 3]])
    assert np.isfinite(model.transform(X[complete])).all()


def test_message_lists_only_the_first_of_many_samples_without_features(arrays):
    arrays["landmarks"][5:] = np.nan
    with pytest.raises(FerError, match=r"19 sample\(s\).*: 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, \.\.\.; "):
        three_blocks().fit(Samples.from_arrays(**arrays))


def test_images_of_another_size_raise_where_the_number_of_features_differs(arrays):
    model = Features([("lbp", LBP(grid=1)), ("hog", HOG())]).fit(arrays["images"])
    with pytest.raises(FerError, match=r"'hog' computes 324 features .* 36 in fit"):
        model.transform(np.zeros((2, 2, 64, 64), np.uint8))


@each_mirror
def test_there_is_one_unique_name_per_feature_with_the_name_of_its_block(X, mirror):
    model = three_blocks(mirror=mirror).fit(X)
    names = model.get_feature_names_out()
    assert len(set(names)) == len(names) == model.n_features_out_ == model.transform(X).shape[1]
    assert [names[0].split("__")[0], names[40].split("__")[0], names[286].split("__")[0]] == ["hog", "points", "lbp"]
    if mirror == "concatenate":
        assert names[287] == f"mirrored__{names[0]}"


@each_mirror
def test_pandas_output_has_the_same_values_and_the_feature_names(X, mirror):
    model = three_blocks(mirror=mirror)
    expected = model.fit_transform(X)
    for frame in (
        clone(model).set_output(transform="pandas").fit_transform(X),
        clone(model).set_output(transform="pandas").fit(X).transform(X),
    ):
        assert isinstance(frame, pd.DataFrame)
        assert frame.columns.tolist() == model.get_feature_names_out().tolist()
        np.testing.assert_array_equal(frame.to_numpy(), expected)


def test_pandas_output_of_a_block_does_not_change_the_features(X):
    model = Features([("hog", HOG().set_output(transform="pandas"))])
    np.testing.assert_array_equal(model.fit_transform(X), Features([("hog", HOG())]).fit_transform(X))


def test_use_before_fit_raises_not_fitted_error(X):
    model = three_blocks()
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    with pytest.raises(NotFittedError):
        model.transform(X)
    check_is_fitted(model.fit(X))


class Weighted(HOG):
    """An extractor whose fit takes metadata."""

    def fit(self, X, y=None, importance=None):
        self.importance_ = importance
        return super().fit(X, y)


def test_metadata_is_routed_to_the_extractors_that_request_it(X):
    importance = np.arange(N)
    with sklearn.config_context(enable_metadata_routing=True):
        model = Features([("a", Weighted().set_fit_request(importance=True)), ("b", LBP(grid=1))])
        model.fit(X, importance=importance)
        assert model["a"].importance_ is importance
        model.fit_transform(X, importance=importance)
        pipeline = Pipeline([("features", clone(model)), ("last", "passthrough")])
        assert "features" in str(get_routing_for_object(pipeline))
        pipeline.fit(X, importance=importance)
        assert pipeline["features"]["a"].importance_ is importance
        with pytest.raises(TypeError, match="sample_weight"):
            model.fit(X, sample_weight=importance)
    with pytest.raises(TypeError, match="importance"):
        Features([("b", LBP(grid=1))]).fit(X, importance=importance)
    with pytest.raises(TypeError, match="importance"):
        model.transform(X, importance=importance)


def test_clone_and_pickle_give_the_same_features(X):
    model = three_blocks("block", {"hog": 2.0})
    expected = model.fit_transform(X)
    np.testing.assert_array_equal(clone(model).fit(X).transform(X), expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).transform(X), expected)
    assert clone(model).get_params()["transformer_weights"] == {"hog": 2.0}


def test_parameters_of_a_block_are_set_by_its_name(X):
    model = three_blocks().set_params(hog__orientations=12, scale="none")
    np.testing.assert_array_equal(model.fit_transform(X)[:, :48], HOG(orientations=12).transform(X))


@pytest.mark.parametrize(
    ("invalid", "words"),
    [({"scale": "row"}, "'standardize', 'block', 'none'"), ({"mirror": "beside"}, "'none', 'mean', 'concatenate'")],
)
def test_invalid_parameter_raises_with_the_allowed_values(X, invalid, words):
    with pytest.raises(FerError, match=words):
        three_blocks().set_params(**invalid).fit(X)


def test_weight_of_an_unknown_block_raises(X):
    with pytest.raises(ValueError, match="flow"):
        three_blocks("standardize", {"flow": 2.0}).fit(X)


def test_named_extractors_are_those_of_the_step_features(X):
    model = three_blocks()
    assert [name for name, _ in named_extractors(Pipeline([("features", model)]))] == ["hog", "points", "lbp"]
    assert named_extractors(Pipeline([("hog", HOG())])) == named_extractors(HOG()) == []


def test_features_of_a_block_do_not_depend_on_the_other_blocks():
    images, landmarks, _, _ = draw_clips(n_subjects=2)
    X = Align(size=48).transform(Samples.from_arrays(images=images, landmarks=landmarks))
    alone = Features([("hog", HOG())]).fit_transform(X)
    together = Features([("hog", HOG()), ("lbp", LBP(grid=1))]).fit_transform(X)
    np.testing.assert_allclose(together[:, : alone.shape[1]] * np.sqrt(2), alone, atol=1e-6)
    assert make_pipeline("hog_svm", align__size=48).named_steps["features"].scale == "standardize"
