"""Laws of blocks side by side: scales are learnt from training rows, and every block has the same say."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from fer_features.exceptions import FerError
from fer_features.extractors import HOG, LBP, Features, Landmarks
from fer_features.extractors.features import centre_and_scale, extractors_of
from fer_features.samples.table import Samples
from fer_features.vision.geometry import MEAN_FACE

N = 24
SCALED = pytest.mark.parametrize("scale", ["column", "block"])


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {
        "images": rng.integers(0, 256, (N, 2, 32, 32)).astype(np.uint8),
        "landmarks": 20 * (MEAN_FACE + rng.normal(0, 0.03, (N, 2, 68, 2))) + 40,
    }


@pytest.fixture
def X(arrays):
    return Samples.from_arrays(**arrays)


def blocks(scale="column", weights=None):
    # Of unlike widths and strengths: 36, 192 and 59 features.
    return Features([("hog", HOG()), ("points", Landmarks()), ("lbp", LBP(grid=1))], scale, weights)


def variance(values):
    return values.var(0, dtype=np.float64).sum()


def split(values):
    return dict(zip(("hog", "points", "lbp"), np.split(values, [36, 36 + 192], 1), strict=True))


@SCALED
def test_total_variance_over_the_training_rows_is_1_shared_evenly_by_the_blocks(X, scale):
    found = blocks(scale).fit_transform(X)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-5)
    for block in split(found).values():
        np.testing.assert_allclose(variance(block), 1 / 3, rtol=0.01)
    np.testing.assert_allclose(variance(found), 1, rtol=0.01)


@SCALED
def test_weights_share_the_variance_by_their_squares_and_the_total_stays_1(X, scale):
    found = blocks(scale, {"hog": 3.0, "lbp": 2.0}).fit_transform(X)
    shares = {name: variance(block) for name, block in split(found).items()}
    for name, weight in {"hog": 3, "points": 1, "lbp": 2}.items():
        np.testing.assert_allclose(shares[name], weight**2 / (9 + 1 + 4), rtol=0.01)


def test_a_weight_of_zero_silences_a_block(X):
    found = split(blocks("column", {"lbp": 0.0}).fit_transform(X))
    assert (found["lbp"] == 0).all()
    assert found["hog"].any()


def test_without_scaling_features_are_those_of_the_extractors_times_the_weights(X):
    found = split(blocks("none", {"lbp": 2.0}).fit_transform(X))
    np.testing.assert_array_equal(found["hog"], HOG().transform(X))
    np.testing.assert_array_equal(found["points"], Landmarks().transform(X))
    np.testing.assert_array_equal(found["lbp"], 2 * LBP(grid=1).transform(X))


@SCALED
def test_centre_and_scale_are_learnt_from_training_rows_only(arrays, scale):
    other = {name: values.copy() for name, values in arrays.items()}
    other["images"][16:] //= 4
    other["landmarks"][16:] += np.random.default_rng(1).normal(0, 3, (N - 16, 2, 68, 2))
    fitted = [blocks(scale).fit(Samples.from_arrays(**a)[:16]) for a in (arrays, other)]
    for a, b in zip(*((*f.means_, *f.scales_) for f in fitted), strict=True):
        np.testing.assert_array_equal(a, b)
    X = Samples.from_arrays(**arrays)
    np.testing.assert_array_equal(fitted[0].transform(X), fitted[1].transform(X))
    np.testing.assert_allclose(fitted[0].transform(X)[:16], blocks(scale).fit_transform(X[:16]), atol=1e-6)
    hog = HOG().transform(X)
    deviation = hog[:16].std(0, dtype=np.float64)
    divisor = deviation * np.sqrt(36) if scale == "column" else np.sqrt((deviation**2).sum())
    expected = (hog - hog[:16].mean(0)) / divisor / np.sqrt(3)
    np.testing.assert_allclose(split(fitted[0].transform(X))["hog"], expected, atol=1e-4)


@SCALED
def test_scaling_ignores_the_unit_of_a_block(scale):
    block = np.random.default_rng(0).normal(2, [1, 5, 0.5], (50, 3)).astype(np.float32)
    one, two = ((b - m) / s for b in (block, 1000 * block + 7) for m, s in [centre_and_scale(b, scale)])
    np.testing.assert_allclose(one, two, atol=1e-3)


def test_block_keeps_and_column_evens_out_the_relative_strength_of_columns():
    block = np.random.default_rng(0).normal(0, [1, 10], (500, 2)).astype(np.float32)
    ratios = {}
    for scale in ("column", "block"):
        mean, divisor = centre_and_scale(block, scale)
        deviations = ((block - mean) / divisor).std(0)
        ratios[scale] = deviations[1] / deviations[0]
    assert ratios["column"] == pytest.approx(1, rel=1e-4)
    assert ratios["block"] == pytest.approx(block[:, 1].std() / block[:, 0].std(), rel=1e-4)


@SCALED
@settings(deadline=None, max_examples=40, derandomize=True)
@given(rows=st.integers(3, 12), varying=st.integers(1, 8), constant=st.integers(1, 40), level=st.floats(0, 100))
def test_constant_columns_stay_zero_and_do_not_lessen_the_say_of_their_block(scale, rows, varying, constant, level):
    rng = np.random.default_rng(rows)
    block = np.concatenate([rng.normal(size=(rows, varying)), np.full((rows, constant), level)], 1).astype(np.float32)
    mean, divisor = centre_and_scale(block, scale)
    scaled = (block - mean) / divisor
    assert np.isfinite(scaled).all()
    assert (scaled[:, varying:] == 0).all()
    assert variance(scaled) == pytest.approx(1, rel=0.01)


@pytest.mark.parametrize("scale", ["column", "block", "none"])
@pytest.mark.parametrize("rows", [1, 5])
def test_a_block_that_does_not_vary_in_training_is_only_centred(scale, rows):
    mean, divisor = centre_and_scale(np.full((rows, 3), 0.1, np.float32), scale)
    assert (divisor == 1).all()
    assert (mean == np.float32(0 if scale == "none" else 0.1)).all()


def test_a_column_that_hardly_varies_in_training_is_not_blown_up():
    block = np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)
    block[:, 3] *= 1e-6
    mean, divisor = centre_and_scale(block, "column")
    assert abs((1.0 - mean[3]) / divisor[3]) < 101  # a test row that differs by 1, as other columns do


def test_rows_that_cannot_be_described_are_refused_with_their_numbers(arrays):
    arrays["landmarks"][[3, 11]] = np.nan
    X = Samples.from_arrays(**arrays)
    good = np.setdiff1d(np.arange(N), [3, 11])
    model = blocks().fit(X[good])
    for refused in (lambda: blocks().fit(X), lambda: model.transform(X)):
        with pytest.raises(FerError, match=r"2 row\(s\).*: 3, 11; .*describable"):
            refused()
    with pytest.raises(FerError, match=r"1 row\(s\).*: 1; "):
        model.transform(X[[0, 3]])
    assert np.isfinite(model.transform(X[good])).all()


def test_many_rows_that_cannot_be_described_are_not_all_listed(arrays):
    arrays["landmarks"][5:] = np.nan
    with pytest.raises(FerError, match=r"19 row\(s\).*: 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, \.\.\.; "):
        blocks().fit(Samples.from_arrays(**arrays))


def test_every_feature_has_a_name_of_its_own_that_tells_its_block(X):
    model = blocks().fit(X)
    names = model.get_feature_names_out()
    assert len(set(names)) == len(names) == model.transform(X).shape[1]
    assert [names[0].split("_")[0], names[40].split("_")[0], names[-1].split("_")[0]] == ["hog", "points", "lbp"]


def test_a_clone_and_a_pickle_are_the_same(X):
    model = blocks("block", {"hog": 2.0})
    expected = model.fit_transform(X)
    np.testing.assert_array_equal(clone(model).fit(X).transform(X), expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).transform(X), expected)
    assert clone(model).get_params()["transformer_weights"] == {"hog": 2.0}


def test_parameters_of_a_block_are_set_by_its_name(X):
    model = blocks().set_params(hog__orientations=12, scale="none")
    np.testing.assert_array_equal(model.fit_transform(X)[:, :48], HOG(orientations=12).transform(X))


def test_an_unknown_scale_is_told_with_those_there_are(X):
    with pytest.raises(FerError, match="'column', 'block', 'none'"):
        blocks("row").fit(X)


def test_a_weight_for_a_block_that_is_not_there_is_refused(X):
    with pytest.raises(ValueError, match="flow"):
        blocks("column", {"flow": 2.0}).fit(X)


def test_extractors_are_found_in_a_pipeline_and_none_elsewhere(X):
    model = blocks()
    assert [name for name, _ in extractors_of(Pipeline([("features", model)]))] == ["hog", "points", "lbp"]
    assert extractors_of(Pipeline([("hog", HOG())])) == extractors_of(HOG()) == []
