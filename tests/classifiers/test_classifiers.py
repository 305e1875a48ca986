"""What every classifier promises: any codes as labels, the same result from the same seed, a grid that exists."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from fer_features.classifiers import CLASSIFIERS, XGB
from fer_features.pipelines import make_pipeline

every = pytest.mark.parametrize("name", CLASSIFIERS)
CODES = np.array([1, 4, 5])


def blobs(codes=CODES, per_class=20, seed=0):
    """Clouds of 12 features, of a total variance near 1, that overlap a little; rows in random order."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(7).normal(size=(len(codes), 12))
    y = rng.permutation(np.repeat(np.arange(len(codes)), per_class))
    X = 0.25 * (centres[y] + 0.6 * rng.normal(size=(len(y), 12)))
    return X.astype(np.float32), np.asarray(codes)[y]


def make(name, seed=0):
    return Pipeline(CLASSIFIERS[name].steps(seed))


@every
@pytest.mark.parametrize("codes", [CODES, [0, 3], [2, 0, 9, 5]], ids=str)
def test_labels_may_be_any_codes_and_come_back_as_they_were(name, codes):
    X, y = blobs(codes)
    new_X, new_y = blobs(codes, seed=1)
    model = make(name).fit(X, y)
    predicted = model.predict(new_X)
    assert set(predicted) <= set(codes)
    assert model.classes_.tolist() == sorted(codes)
    assert (predicted == new_y).mean() > 0.85


@every
def test_a_class_that_training_lacks_is_never_predicted(name):
    X, y = blobs()
    model = make(name).fit(X[y != 4], y[y != 4])
    assert set(model.predict(X)) == {1, 5}


@every
def test_the_same_seed_gives_the_same_result_and_the_global_state_does_not_matter(name):
    X, y = blobs()
    new = blobs(seed=1)[0]

    def scores(seed, state):
        np.random.seed(state)  # noqa: NPY002
        model = make(name, seed).fit(X, y)
        return model.predict_proba(new) if hasattr(model, "predict_proba") else model.decision_function(new)

    np.testing.assert_array_equal(scores(3, 1), scores(3, 2))


@every
def test_the_seed_reaches_every_step_that_has_one(name):
    for _, step in make(name, 42).steps:
        assert step.get_params().get("random_state", 42) == 42


@every
def test_steps_are_new_each_time_and_the_last_is_the_classifier(name):
    first, second = CLASSIFIERS[name].steps(0), CLASSIFIERS[name].steps(0)
    assert first[-1][0] == "classifier"
    assert not {id(step) for _, step in first} & {id(step) for _, step in second}


@every
def test_each_class_has_a_figure_in_the_order_of_classes(name):
    X, y = blobs()
    model = make(name).fit(X, y)
    scores = model.predict_proba(X) if hasattr(model, "predict_proba") else model.decision_function(X)
    assert scores.shape == (len(X), 3)
    np.testing.assert_array_equal(model.classes_[scores.argmax(1)], model.predict(X))


@every
def test_a_clone_and_a_pickle_predict_the_same(name):
    X, y = blobs()
    model = make(name).fit(X, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
    np.testing.assert_array_equal(clone(model).fit(X, y).predict(X), model.predict(X))


@every
def test_the_grid_names_parameters_of_a_pipeline_with_that_classifier(name):
    valid = make_pipeline(f"landmarks_{name}").get_params()
    assert CLASSIFIERS[name].grid
    for key, values in CLASSIFIERS[name].grid.items():
        assert key in valid
        assert len(values) == len(set(map(str, values))) > 1


@every
def test_every_value_of_the_grid_fits_and_the_default_is_one_of_them_or_between_them(name):
    X, y = blobs(per_class=8)
    model = make(name)
    for key, values in CLASSIFIERS[name].grid.items():
        for value in values:
            clone(model).set_params(**{key: value}).fit(X, y).predict(X)
        default, numbers = model.get_params()[key], [v for v in values if not isinstance(v, str)]
        assert isinstance(default, str) or min(numbers) <= default <= max(numbers)


@every
def test_fitting_and_predicting_warns_of_nothing(name):
    X, y = blobs()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(name).fit(X, y).predict(X)


@every
def test_every_entry_says_what_it_is_and_cites(name):
    entry = CLASSIFIERS[name]
    assert entry.about
    assert any(character.isdigit() for character in entry.cites)  # a year


def test_xgb_gives_probabilities_and_takes_labels_in_words():
    X, y = blobs()
    words = np.array(["joy", "fear", "anger"])[np.searchsorted(CODES, y)]
    model = XGB(n_estimators=20, random_state=0).fit(X, words)
    probability = model.predict_proba(X)
    np.testing.assert_allclose(probability.sum(1), 1, rtol=1e-5)
    assert (probability >= 0).all()
    assert (model.predict(X) == words).mean() > 0.9
    assert model.classes_.tolist() == ["anger", "fear", "joy"]


def test_xgb_hands_every_parameter_on():
    given = {
        "n_estimators": 7,
        "max_depth": 2,
        "learning_rate": 0.3,
        "max_bin": 16,
        "subsample": 0.5,
        "colsample_bytree": 0.4,
    }
    given |= {"reg_lambda": 2.0, "min_child_weight": 3.0, "random_state": 9}
    assert set(given) == set(XGB().get_params())
    model = XGB(**given).fit(*blobs())
    booster = model.booster_.get_params()
    assert {key: booster[key] for key in given} == given
    assert booster["n_jobs"] == 1
    assert len(model.booster_.get_booster().get_dump()) == 7 * 3
