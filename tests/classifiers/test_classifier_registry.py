"""The contract of every registered classifier, and the registration of further ones."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.pipeline import make_pipeline as make_sklearn_pipeline
from sklearn.preprocessing import StandardScaler

from fer_features import FerError, make_pipeline
from fer_features.classifiers import CLASSIFIERS, ClassifierSpec, SoftVoting, register_classifier

from .toy_features import CODES, separable_classes

every_classifier = pytest.mark.parametrize("name", CLASSIFIERS)


def make(name, random_state=0):
    """The steps of a classifier; boosting with few trees, which suffice for the toy data."""
    model = Pipeline(CLASSIFIERS[name].steps(random_state))
    few_trees = {"hgb": {"classifier__max_iter": 15}, "xgb": {"classifier__colsample_bytree": 0.5}}
    return model.set_params(**few_trees.get(name, {}))


@every_classifier
@pytest.mark.parametrize("codes", [CODES, [0, 3], [2, 0, 9, 5], ["joy", "anger", "fear"], [False, True]], ids=str)
def test_labels_of_any_type_are_returned_as_given(name, codes):
    X, y = separable_classes(codes)
    new_X, new_y = separable_classes(codes, seed=1)
    model = make(name).fit(X, y)
    predicted = model.predict(new_X)
    assert predicted.dtype == y.dtype
    assert model.classes_.tolist() == sorted(codes)
    assert (predicted == new_y).mean() > 0.85


@every_classifier
def test_class_absent_from_training_is_never_predicted(name):
    X, y = separable_classes()
    model = make(name).fit(X[y != 4], y[y != 4])
    assert set(model.predict(X)) == {1, 5}


@every_classifier
def test_result_depends_on_random_state_and_not_on_global_state(name):
    X, y = separable_classes()
    new = separable_classes(seed=1)[0]

    def scores(random_state, global_state):
        np.random.seed(global_state)  # noqa: NPY002
        model = make(name, random_state).fit(X, y)
        return model.predict_proba(new) if hasattr(model, "predict_proba") else model.decision_function(new)

    np.testing.assert_array_equal(scores(3, 1), scores(3, 2))


@every_classifier
def test_random_state_is_set_in_every_step(name):
    for _, step in CLASSIFIERS[name].steps(42):
        assert step.get_params().get("random_state", 42) == 42


@every_classifier
def test_steps_are_new_objects_and_end_with_classifier(name):
    first, second = CLASSIFIERS[name].steps(0), CLASSIFIERS[name].steps(0)
    assert first[-1][0] == "classifier"
    assert not {id(step) for _, step in first} & {id(step) for _, step in second}


@every_classifier
def test_scores_have_a_column_per_class_whose_largest_is_predicted(name):
    X, y = separable_classes()
    model = make(name).fit(X, y)
    scores = model.predict_proba(X) if hasattr(model, "predict_proba") else model.decision_function(X)
    assert scores.shape == (len(X), 3)
    np.testing.assert_array_equal(model.classes_[scores.argmax(1)], model.predict(X))


@every_classifier
def test_clone_and_pickle_predict_the_same(name):
    X, y = separable_classes()
    model = make(name).fit(X, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
    np.testing.assert_array_equal(clone(model).fit(X, y).predict(X), model.predict(X))


@pytest.mark.parametrize("name", [name for name in CLASSIFIERS if name not in ("lda", "hgb")])  # which accept it
def test_single_class_is_refused_in_one_line(name):
    with pytest.raises(ValueError, match="class") as raised:
        make(name).fit(separable_classes()[0], np.ones(60))
    assert "\n" not in str(raised.value)


@every_classifier
def test_grid_names_parameters_of_the_pipeline(name):
    valid = make_pipeline(f"landmarks_{name}").get_params()
    assert CLASSIFIERS[name].grid
    for key, values in CLASSIFIERS[name].grid.items():
        assert key in valid
        assert len(values) == len(set(map(str, values))) > 1


@every_classifier
def test_every_value_of_the_grid_can_be_fitted_and_the_default_is_within_its_range(name):
    X, y = separable_classes(per_class=8)
    model = make(name)
    for key, values in CLASSIFIERS[name].grid.items():
        for value in values:
            clone(model).set_params(**{key: value}).fit(X, y).predict(X)
        default, numbers = model.get_params()[key], [v for v in values if not isinstance(v, str)]
        assert isinstance(default, str) or min(numbers) <= default <= max(numbers)


@every_classifier
def test_fit_and_predict_issue_no_warning(name):
    X, y = separable_classes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(name).fit(X, y).predict(X)


@pytest.mark.parametrize("name", ["xgb", "hgb"])
@pytest.mark.parametrize("codes", [[1, 2], CODES], ids=str)
def test_tree_splits_use_the_features_that_separate_the_classes(name, codes):
    X, y = separable_classes(codes)
    X[:, [3, 5]] = 0
    model = make(name).fit(X, y)[-1]
    numbers, features, gains = zip(*model.tree_splits(), strict=True)
    assert all((gain > 0).all() for gain in gains)
    assert [len(gain) for gain in gains] == [len(feature) for feature in features]
    n_splits = np.bincount(np.concatenate(features), minlength=12)
    assert not n_splits[[3, 5]].any()
    assert (n_splits > 0).sum() >= 2
    n_trees = (model.n_estimators if name == "xgb" else model.max_iter) * (len(codes) if len(codes) > 2 else 1)
    assert sorted(set(numbers)) == list(numbers)
    assert n_trees / 4 < max(numbers) < n_trees


@every_classifier
def test_every_entry_has_description_and_reference_with_year(name):
    entry = CLASSIFIERS[name]
    assert entry.description
    assert any(character.isdigit() for character in entry.reference)


@pytest.fixture
def registry(monkeypatch):
    """Restores `CLASSIFIERS` after the test."""
    before = dict(CLASSIFIERS)
    yield CLASSIFIERS
    CLASSIFIERS.clear()
    CLASSIFIERS.update(before)


def boosted():
    """A factory."""
    return KNeighborsClassifier(2)


@pytest.mark.parametrize(
    "given", [KNeighborsClassifier(2), KNeighborsClassifier, boosted], ids=["instance", "class", "function"]
)
def test_registered_classifier_ends_pipelines(registry, given):
    spec = register_classifier("knn", given, {"n_neighbors": (1, 3)}, "nearest neighbors", "Cover and Hart, 1967")
    assert registry["knn"] == spec
    assert spec.grid == {"classifier__n_neighbors": [1, 3]}
    model = make_pipeline("landmarks_knn", classifier__n_neighbors=1)
    assert model.named_steps["classifier"].n_neighbors == 1
    assert model.calibration_cv == 5
    assert isinstance(make_pipeline("landmarks_knn+landmarks_svm"), SoftVoting)
    assert (spec.description, spec.reference) == ("nearest neighbors", "Cover and Hart, 1967")


def test_registered_estimator_is_cloned_and_its_random_states_are_set(registry):
    given = make_sklearn_pipeline(StandardScaler(), LogisticRegression(C=7, random_state=1))
    spec = register_classifier("scaledlr", given, {"classifier__logisticregression__C": [1, 7]}, calibration_cv=2)
    ((name, first),), ((_, second),) = spec.steps(5), spec.steps(6)
    assert name == "classifier"
    assert [model[-1].random_state for model in (first, second, given)] == [5, 6, 1]
    assert first[-1].C == 7
    assert spec.calibration_cv == 2
    assert make_pipeline("landmarks_scaledlr", random_state=3).named_steps["classifier"][-1].random_state == 3


def test_default_description_is_the_first_line_of_the_docstring(registry):
    spec = register_classifier("knn", KNeighborsClassifier)
    assert isinstance(spec, ClassifierSpec)
    assert spec.description == "Classifier implementing the k-nearest neighbors vote"
    assert spec.grid == {}


@pytest.mark.parametrize("name", ["my_knn", "a+b", "", "k n", "k=n", 3, None])
def test_names_that_a_specification_cannot_hold_are_refused(registry, name):
    with pytest.raises(FerError, match="letters, digits and hyphens"):
        register_classifier(name, KNeighborsClassifier)


@pytest.mark.parametrize(
    ("name", "given", "grid", "message"),
    [
        ("svm", KNeighborsClassifier, {}, "already taken"),
        ("regression", Ridge(), {}, "interface of a scikit-learn classifier"),
        ("five", 5, {}, "interface of a scikit-learn classifier"),
        ("none", lambda: None, {}, "interface of a scikit-learn classifier"),
        ("knn", KNeighborsClassifier, {"C": [1]}, "KNeighborsClassifier has no parameter 'classifier__C'"),
    ],
)
def test_unusable_registrations_are_refused_and_register_nothing(registry, name, given, grid, message):
    before = dict(registry)
    with pytest.raises(FerError, match=message):
        register_classifier(name, given, grid)
    assert registry == before
