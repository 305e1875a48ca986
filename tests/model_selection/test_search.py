"""The search finds the best candidate, computes and fits nothing twice, and does not depend on how it is run."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold

from fer_features import FerError, Samples, make_pipeline, search
from fer_features.classifiers import CalibratedPipeline
from fer_features.evaluation import evaluate_pipeline
from fer_features.model_selection.grids import list_candidates

from .clips_table import GRID, clips_table, without_times


@pytest.fixture
def X():
    return clips_table()


def mean_accuracy(model, X, cv):
    return np.mean([fold.accuracy for fold in evaluate_pipeline(model, X, cv).scores.folds])


def test_the_best_candidate_is_that_of_grid_search_cv(X):
    found = search(make_pipeline("hog_svm"), X, GRID, cv="3fold", seed=5)
    folds = StratifiedGroupKFold(3, shuffle=True, random_state=5)
    model = make_pipeline("hog_svm", calibration_cv=0)
    reference = GridSearchCV(model, {k: GRID[k] for k in sorted(GRID)}, cv=folds, refit=False)
    reference.fit(X, X["label"], groups=X.groups)
    results = (reference.cv_results_[name] for name in ("params", "mean_test_score", "std_test_score"))
    expected = {repr(sorted(params.items())): (mean, std) for params, mean, std in zip(*results, strict=True)}
    candidates = list_candidates(GRID, "grid", None, 0)
    for params, mean, std in zip(candidates, found.table["mean"], found.table["std"], strict=True):
        assert expected[repr(sorted(params.items()))] == (pytest.approx(mean), pytest.approx(std))
    assert found.best_score == pytest.approx(reference.best_score_)
    first = found.table[found.table["mean"] == found.table["mean"].max()].iloc[0]
    assert {k: first[k] for k in GRID} == found.best_params
    assert first["rank"] == 1
    assert found.to_frame()["rank"].tolist() == list(range(1, len(found.table) + 1))


@pytest.mark.parametrize("scoring", ["accuracy", "balanced_accuracy", "macro_f1"])
def test_the_best_score_is_that_of_an_evaluation_on_the_same_folds(X, scoring):
    grid = {"classifier__shrinkage": [0.1, 0.9]}
    found = search(make_pipeline("landmarks_lda"), X, grid, cv="3fold", scoring=scoring)
    if scoring == "accuracy":
        assert mean_accuracy(found.model, X, "3fold") == pytest.approx(found.best_score)
    assert found.table["mean"].max() == found.best_score
    assert found.scoring == scoring


@pytest.mark.parametrize("nested", [None, "3fold"])
def test_features_are_computed_once_per_sample_and_setting(X, nested):
    found = search(make_pipeline("hog_svm"), X, GRID, cv="2fold", nested=nested)
    assert found.n_extractor_settings == 2
    assert found.n_features_computed == X.feature_store.n_computed == 2 * len(X)
    evaluate_pipeline(found.model, X, "2fold")  # the features of the best candidate are still stored
    found.model.fit(X, X["label"])
    assert X.feature_store.n_computed == 2 * len(X)


def test_features_that_are_not_needed_again_are_discarded(X):
    grid = {"features__hog__orientations": [4, 6, 9], "classifier__C": [1, 10]}
    found = search(make_pipeline("hog_lbp_svm"), X, grid, cv="3fold")
    assert found.n_extractor_settings == 3 + 1
    assert found.n_features_computed == (3 + 1) * len(X)
    assert len(X.feature_store.keys) <= 2  # those of the best candidate


@pytest.mark.parametrize("strategy", ["grid", "random"])
def test_results_do_not_depend_on_n_jobs_and_are_reproducible(strategy):
    options = {"cv": "2fold", "nested": "2fold", "strategy": strategy, "seed": 4, "n_iter": 4}
    found = [search(make_pipeline("hog_svm"), clips_table(), GRID, n_jobs=n_jobs, **options) for n_jobs in (1, 2, 1)]
    assert len({without_times(one) for one in found}) == 1


def test_candidates_that_fail_are_listed_and_the_others_are_evaluated(X):
    grid = {"features__hog__pixels_per_cell": [8, 0, 500], "classifier__C": [1, -1]}
    found = search(make_pipeline("hog_svm"), X, grid, cv="2fold", nested="3fold")
    errors = dict(zip(found.table["candidate"], found.table["error"], strict=True))
    assert errors[0] == ""
    assert "'C'" in errors[1]
    assert "pixels_per_cell=0" in errors[2] == errors[3]
    assert "is smaller than one block" in errors[4] == errors[5]
    assert found.best_params == {"features__hog__pixels_per_cell": 8, "classifier__C": 1}
    assert found.summarize().n_failed == 5
    assert "5 candidates failed" in str(found)


@pytest.mark.parametrize(
    ("grid", "options", "message"),
    [
        ({"features__hog__orientation": [9]}, {}, "did you mean 'features__hog__orientations'"),
        ({"classifier__C": 10}, {}, "a list of values is needed"),
        ({"classifier__C": []}, {}, "a list of values is needed"),
        ({}, {}, "a grid maps parameters to lists"),
        ({"classifier__C": [-1, -2]}, {}, "every candidate failed"),
        ({"features__hog__pixels_per_cell": [0]}, {}, "pixels_per_cell=0"),
        ({"classifier__C": [1]}, {"cv": "9fold"}, "use cv='6fold' or fewer"),
        ({"classifier__C": [1]}, {"cv": "6fold", "nested": "3fold"}, "within outer 0 of the nested search"),
        ({"classifier__C": [1]}, {"cv": "predefined"}, "predefined splits must not be used to choose"),
        ({"classifier__C": [1]}, {"nested": "predefined"}, "predefined splits must not be used to choose"),
        ({"align": [None, [1]]}, {}, "AttributeError: 'NoneType'"),
        ({"classifier": ["passthrough"]}, {}, "every candidate failed"),
        ({"classifier__C": [1]}, {"scoring": "auc"}, "unknown scoring 'auc'"),
        ({"classifier__C": [1]}, {"strategy": "bayes"}, "unknown strategy 'bayes': use grid or random"),
    ],
)
def test_invalid_searches_are_refused_in_one_line(X, grid, options, message):
    with pytest.raises(FerError, match=message) as error:
        search(make_pipeline("hog_svm"), X, grid, **{"cv": "2fold", **options})
    assert "\n" not in str(error.value)


def test_a_table_without_samples_is_refused(X):
    with pytest.raises(FerError, match="no sample has a label"):
        search(make_pipeline("hog_svm"), X[:0], GRID, cv="2fold")


def test_samples_that_a_candidate_cannot_use_are_excluded_for_all(X):
    landmarks = X["landmarks"].copy()
    landmarks[4] = np.nan
    label, subject = X["label"].copy(), X["subject"].copy()
    label[7], subject[9] = -1, -1
    gaps = Samples.from_arrays(images=X["images"], landmarks=landmarks, label=label, subject=subject)
    found = search(make_pipeline("hog_svm"), gaps, {"align__method": ["none", "procrustes"]}, cv="2fold")
    assert found.excluded == {"landmarks missing": 1, "subject unknown": 1}
    assert not {4, 7, 9} & set(found.indices.tolist())


def test_only_the_training_split_is_used(X):
    table = X.with_columns(split=np.where(X["subject"] < 4, "train", "test"))
    found = search(make_pipeline("landmarks_svm"), table, {"classifier__C": [1, 10]}, cv="2fold")
    assert set(table["split"][found.indices]) == {"train"}


def test_members_of_soft_voting_are_searched(X):
    grid = {"hog_svm__classifier__C": [1, 10], "landmarks_lda__classifier__shrinkage": [0.1, 0.9]}
    found = search(make_pipeline("hog_svm+landmarks_lda", calibration_cv=2), X, grid, cv="2fold")
    assert found.n_features_computed == 2 * len(X)
    assert len(found.table) == 4


@pytest.mark.parametrize(
    ("classifier", "parameter", "values", "fixed"),
    [
        ("svm", "C", [0.1, 10], {}),
        ("linear", "C", [0.1, 10], {}),
        ("krr", "alpha", [0.03, 0.3], {}),
        ("logreg", "C", [3, 30], {}),
        ("lda", "shrinkage", [0.1, 0.9], {}),
        ("xgb", "max_depth", [1, 3], {"classifier__n_estimators": 3}),
        ("hgb", "max_leaf_nodes", [2, 6], {"classifier__max_iter": 2}),
    ],
)
def test_shared_features_do_not_change_scores(X, classifier, parameter, values, fixed):
    name, parameter = f"landmarks_{classifier}", f"classifier__{parameter}"
    grid = {"features__scale": ["standardize", "block"], parameter: values}
    found = search(make_pipeline(name, **fixed), X, grid, cv="2fold")
    for _, row in found.table.iterrows():
        params = {parameter: row[parameter], "features__scale": row["features__scale"]}
        alone = make_pipeline(name, calibration_cv=0, **fixed, **params)
        assert row["mean"] == pytest.approx(mean_accuracy(alone, X, "2fold"))


def test_candidates_are_fitted_without_calibration_and_the_best_with_it(X):
    fits = []

    class CountingClassifier(ClassifierMixin, BaseEstimator):
        def __init__(self, shift=0):
            self.shift = shift

        def fit(self, X, y):
            fits.append(len(y))
            self.classes_ = np.unique(y)
            return self

        def predict(self, X):
            return self.classes_[self.decision_function(X).argmax(1)]

        def decision_function(self, X):
            return np.tile(np.arange(len(self.classes_)) == self.shift, (len(X), 1)).astype(float)

    classifier = CountingClassifier()
    for model in (CalibratedPipeline([("classifier", classifier)]), make_pipeline("hog_svm", classifier=classifier)):
        fits.clear()
        found = search(model, X, {"classifier__shift": [0, 1]}, cv="3fold")
        assert len(fits) == 6
        found.model.fit(X, X["label"])
        assert len(fits) == 6 + 1 + 5


def test_classifiers_can_be_values_of_a_parameter(X):
    grid = {"classifier": [LinearDiscriminantAnalysis(solver="lsqr", shrinkage=s) for s in (0.1, 0.9)]}
    found = search(make_pipeline("landmarks_lda"), X, grid, cv="2fold", nested="2fold")
    assert found.best_params["classifier"] in grid["classifier"]
    assert found.summarize().best_params["classifier"].startswith("LinearDiscriminantAnalysis(")


def test_class_names_give_the_same_result_as_codes():
    # The names sort in another order than the codes.
    grid = {"classifier__C": [0.1, 10]}
    coded, named = clips_table(), clips_table()
    named = named.with_columns(label=np.array(["joy", "fear", "anger"])[coded["label"]])
    order = np.argsort(["joy", "fear", "anger"]).argsort()
    coded = coded.with_columns(label=order[coded["label"]])
    found = [search(make_pipeline("landmarks_svm"), X, grid, cv="2fold", nested="2fold") for X in (coded, named)]
    assert found[0].table.drop(columns="seconds").equals(found[1].table.drop(columns="seconds"))
    assert found[0].nested.score == found[1].nested.score
    assert list(found[1].nested.pooled.per_class) == ["anger", "fear", "joy"]
    fitted = found[1].model.fit(named, named["label"])
    assert set(fitted.predict(named)) <= {"anger", "fear", "joy"}


def test_verbose_shows_progress(X, monkeypatch, capsys):
    monkeypatch.setattr("fer_features._progress.LOG_INTERVAL_SECONDS", -1.0)
    options = {"grid": {"classifier__C": [1, 10]}, "cv": "2fold"}
    search(make_pipeline("landmarks_svm"), X, **options)
    assert capsys.readouterr().err == ""
    search(make_pipeline("landmarks_svm"), X, **options, verbose=True)
    assert "fits, best score" in capsys.readouterr().err
