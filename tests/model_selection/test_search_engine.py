"""Search: honest folds inside and outside, nothing described or fitted twice, the same end however it was reached."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold

from fer_features import FerError, Samples, evaluate, make_pipeline
from fer_features.classifiers import CalibratedPipeline
from fer_features.model_selection.grids import default_grid, list_candidates
from fer_features.model_selection.search import Search, search
from fer_features.pipelines import PRESETS

from ..conftest import draw_clips

GRID = {"features__hog__orientations": [4, 9], "classifier__C": [0.01, 10], "classifier__gamma": [0.1, 1.0]}


def clips_table(n_subjects=6, seed=3):
    images, landmarks, label, subject = draw_clips(n_subjects=n_subjects, seed=seed)
    rng = np.random.default_rng(seed)
    landmarks = landmarks + rng.normal(0, 2.0, landmarks.shape)  # hard enough for candidates to differ
    return Samples.from_arrays(images=images, landmarks=landmarks, label=label, subject=subject)


@pytest.fixture
def X():
    return clips_table()


def untimed(found):
    """All that must not depend on how a search was run."""
    return found.table.drop(columns="seconds").to_json(), json.dumps(found.record()), repr(found.best)


def test_the_best_is_that_of_grid_search_cv_on_the_same_folds(X):
    found = search(make_pipeline("hog_svm"), X, GRID, cv="3fold", seed=5)
    folds = StratifiedGroupKFold(3, shuffle=True, random_state=5)
    reference = GridSearchCV(make_pipeline("hog_svm"), {k: GRID[k] for k in sorted(GRID)}, cv=folds, refit=False)
    reference.fit(X, X["label"], groups=X["subject"])
    theirs = {
        repr(sorted(p.items())): (m, s)
        for p, m, s in zip(
            reference.cv_results_["params"],
            reference.cv_results_["mean_test_score"],
            reference.cv_results_["std_test_score"],
            strict=True,
        )
    }
    for params, mean, spread in zip(
        list_candidates(GRID, "grid", None, 0), found.table["mean"], found.table["spread"], strict=True
    ):
        assert theirs[repr(sorted(params.items()))] == (pytest.approx(mean), pytest.approx(spread))
    assert found.score == pytest.approx(reference.best_score_)
    first = found.table[found.table["mean"] == found.table["mean"].max()].iloc[0]
    assert {k: first[k] for k in GRID} == found.best
    assert first["rank"] == 1


@pytest.mark.parametrize("score", ["accuracy", "balanced_accuracy", "macro_f1"])
def test_the_score_is_that_of_evaluate_for_the_chosen(X, score):
    found = search(make_pipeline("landmarks_lda"), X, {"classifier__shrinkage": [0.1, 0.9]}, cv="3fold", score=score)
    if score == "accuracy":
        folds = evaluate(found.model, X, "3fold").scores["folds"]
        assert np.mean([fold["accuracy"] for fold in folds]) == pytest.approx(found.score)
    assert found.table["mean"].max() == found.score
    assert found.score_name == score


@pytest.mark.parametrize(("nested", "strategy"), [(None, "grid"), ("3fold", "grid"), ("3fold", "halving")])
def test_each_row_is_described_once_in_each_setting(X, nested, strategy):
    found = search(make_pipeline("hog_svm"), X, GRID, cv="2fold", nested=nested, strategy=strategy)
    assert found.settings == 2
    # Halving may never ask for the people of all rows in each.
    assert len(X) < found.described == X.store.described <= 2 * len(X)
    assert strategy == "halving" or found.described == 2 * len(X)
    done = found.described
    model = found.model  # its features are still there
    evaluate(model, X, "2fold")
    model.fit(X, X["label"])
    assert X.store.described == done


def test_the_features_of_one_extractor_outlive_those_of_another(X):
    grid = {"features__hog__orientations": [4, 6, 9], "classifier__C": [1, 10]}
    found = search(make_pipeline("hog_lbp_svm"), X, grid, cv="3fold")
    assert found.settings == 3 + 1
    assert found.described == (3 + 1) * len(X)
    assert len(X.store.keys) <= 2  # of the best: what will not come again is forgotten


class Spy(ClassifierMixin, BaseEstimator):
    """Fails when judged on a subject it was fitted on; keeps who it was fitted on and judged on."""

    seen = []

    def __init__(self, value=0):
        self.value = value

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.fitted_ = set(X["subject"].tolist())
        return self

    def predict(self, X):
        judged = set(X["subject"].tolist())
        assert not self.fitted_ & judged
        Spy.seen.append((self.value, frozenset(self.fitted_), frozenset(judged)))
        return np.full(len(X), self.classes_[self.value % len(self.classes_)])


@pytest.mark.parametrize("strategy", ["grid", "random", "halving"])
def test_no_choice_of_an_outer_fold_has_seen_its_people(X, strategy):
    Spy.seen = []
    options = {"candidates": 4} if strategy == "random" else {}
    found = search(Spy(), X, {"value": list(range(6))}, cv="2fold", nested="3fold", strategy=strategy, **options)
    people = set(X["subject"].tolist())
    outer = [frozenset(fold["subjects"]) for fold in found.nested["folds"]]
    assert frozenset().union(*outer) == people
    assert sum(map(len, outer)) == len(people)
    for fold in found.nested["folds"]:
        test = frozenset(fold["subjects"])
        inner = [(v, fit | judged) for v, fit, judged in Spy.seen if not (fit | judged) & test and judged != test]
        assert inner, "the choice was made without the people of the fold"
        final = [(v, fit) for v, fit, judged in Spy.seen if judged == test and fit == people - test]
        assert (fold["chosen"]["value"], people - test) in final
    assert found.nested["score"] == pytest.approx(np.mean([fold["accuracy"] for fold in found.nested["folds"]]))
    assert found.nested["optimism"] == pytest.approx(found.score - found.nested["score"])


def test_shuffled_labels_show_their_optimism():
    _, landmarks, label, subject = draw_clips(n_subjects=10, per_class=4, seed=5)
    label = np.random.default_rng(0).permutation(label)
    X = Samples.from_arrays(landmarks=landmarks, label=label, subject=subject)
    grid = {"classifier__C": [0.1, 1, 10, 100], "classifier__gamma": [0.03, 0.1, 0.3, 1.0, 3.0]}
    found = search(make_pipeline("landmarks_svm"), X, grid, cv="5fold", nested="5fold")
    assert abs(found.nested["pooled"]["accuracy"] - 1 / 3) < 0.12
    assert found.score >= found.nested["score"]


@pytest.mark.parametrize("strategy", ["grid", "random", "halving"])
def test_one_and_two_jobs_and_a_second_run_agree_to_the_bit(strategy):
    options = {"cv": "2fold", "nested": "3fold", "strategy": strategy, "seed": 4, "candidates": 6}
    found = [search(make_pipeline("hog_svm"), clips_table(), GRID, jobs=jobs, **options) for jobs in (1, 2, 1)]
    assert len({untimed(one) for one in found}) == 1


class Stop(Exception):
    pass


@pytest.mark.parametrize(("strategy", "after"), [("grid", 1), ("grid", 17), ("grid", 66), ("halving", 40)])
def test_a_search_that_was_stopped_goes_on_and_ends_the_same(tmp_path, strategy, after):
    options = {"cv": "2fold", "nested": "3fold", "strategy": strategy}
    whole = search(make_pipeline("hog_svm"), clips_table(), GRID, **options)
    steps = 0

    def stop():
        nonlocal steps
        steps += 1
        if steps == after:
            raise Stop

    journal = tmp_path / "journal.jsonl"
    with pytest.raises(Stop):
        Search(make_pipeline("hog_svm"), clips_table(), GRID, **options).run(journal=journal, on_step=stop)
    assert len(journal.read_text().splitlines()) == 1 + after
    with open(journal, "a") as file:
        file.write('{"scope": "all", "sta')  # as if its writer had been killed in the middle of a line
    again = search(make_pipeline("hog_svm"), clips_table(), GRID, journal=journal, **options)
    assert untimed(again) == untimed(whole)
    assert (again.from_journal, again.fits) == (after, whole.fits)
    lines = [json.loads(line) for line in journal.read_text().splitlines()[1:]]
    assert len({(e["scope"], e["stage"], e["candidate"], e["fold"]) for e in lines}) == len(lines) == whole.fits
    done = search(make_pipeline("hog_svm"), clips_table(), GRID, journal=journal, **options)
    assert untimed(done) == untimed(whole)
    assert (done.from_journal, done.described) == (whole.fits, 0)


def test_the_journal_of_another_search_is_refused(tmp_path, X):
    journal = tmp_path / "journal.jsonl"
    model, grid = make_pipeline("landmarks_svm"), {"classifier__C": [1, 10]}
    other_model = make_pipeline("landmarks_svm", features__landmarks__late=1)
    search(model, X, grid, cv="2fold", journal=journal)
    for other, words in (
        (lambda: search(model, X, grid, cv="3fold", journal=journal), "another cv"),
        (lambda: search(model, X, {"classifier__C": [1, 3]}, cv="2fold", journal=journal), "another candidates"),
        (lambda: search(model, clips_table(seed=9), grid, cv="2fold", journal=journal), "another data"),
        (lambda: search(other_model, X, grid, cv="2fold", journal=journal), "another parameters"),
    ):
        with pytest.raises(FerError, match=words):
            other()
    journal.write_text("something else\n")
    with pytest.raises(FerError, match="not the journal of a search"):
        search(model, X, grid, cv="2fold", journal=journal)


def test_two_searches_do_not_write_one_journal(tmp_path, X):
    journal = tmp_path / "journal.jsonl"
    planned = Search(make_pipeline("landmarks_svm"), X, {"classifier__C": [1, 10]}, cv="2fold")

    def meanwhile():
        with pytest.raises(FerError, match="another search is writing"):
            search(make_pipeline("landmarks_svm"), X, {"classifier__C": [1, 10]}, cv="2fold", journal=journal)

    planned.run(journal=journal, on_step=meanwhile)


def test_a_candidate_that_fails_is_told_in_the_table_and_the_others_are_judged(X):
    grid = {"features__hog__cell": [8, 0, 500], "classifier__C": [1, -1]}
    found = search(make_pipeline("hog_svm"), X, grid, cv="2fold", nested="3fold")
    errors = dict(zip(found.table["candidate"], found.table["error"], strict=True))
    assert errors[0] == ""
    assert "'C'" in errors[1]
    assert "cell=0" in errors[2] == errors[3]
    assert "holds no block" in errors[4] == errors[5]
    assert found.best == {"features__hog__cell": 8, "classifier__C": 1}
    assert found.record()["failed"] == 5
    assert "5 candidate(s) failed" in str(found)


@pytest.mark.parametrize(
    ("grid", "options", "words"),
    [
        ({"features__hog__orientation": [9]}, {}, "did you mean 'features__hog__orientations'"),
        ({"classifier__C": 10}, {}, "a list of values is needed"),
        ({"classifier__C": []}, {}, "a list of values is needed"),
        ({}, {}, "a grid is a table"),
        ({"classifier__C": [-1, -2]}, {}, "every candidate failed"),
        ({"features__hog__cell": [0]}, {}, "cell=0"),
        ({"classifier__C": [1]}, {"cv": "9fold"}, "use --cv 6fold or fewer"),
        ({"classifier__C": [1]}, {"cv": "6fold", "nested": "3fold"}, "within outer fold 0 of --nested"),
        ({"classifier__C": [1]}, {"cv": "official"}, "official parts must not choose"),
        ({"classifier__C": [1]}, {"score": "auc"}, "no score 'auc'"),
        ({"classifier__C": [1]}, {"strategy": "bayes"}, "no strategy 'bayes'"),
    ],
)
def test_what_cannot_be_searched_is_told(X, grid, options, words):
    with pytest.raises(FerError, match=words):
        search(make_pipeline("hog_svm"), X, grid, **{"cv": "2fold", **options})


def test_halving_judges_all_on_few_people_and_the_last_on_all(X):
    grid = {"classifier__C": [0.001, 0.01, 0.1, 1, 10, 100, 1000, 1e4]}
    found = search(make_pipeline("landmarks_svm"), X, grid, cv="2fold", strategy="halving")
    people = found.table.set_index("candidate")["subjects"]
    assert people.value_counts().to_dict() == {3: 4, 6: 4} or people.value_counts().to_dict() == {2: 4, 3: 2, 6: 2}
    best = found.table.set_index("rank").loc[1]
    assert (best["subjects"], best["mean"]) == (6, found.score)


def test_a_budget_ends_the_search_after_a_whole_candidate_and_it_goes_on(X, tmp_path):
    journal = tmp_path / "journal.jsonl"
    options = {"cv": "2fold", "nested": "3fold"}
    part = search(make_pipeline("hog_svm"), X, GRID, budget=1e-9, journal=journal, **options)
    assert not part.finished
    assert part.table["mean"].notna().tolist() == [True]
    assert len(part.nested["folds"]) == 3
    whole = search(make_pipeline("hog_svm"), X, GRID, budget=60, journal=journal, **options)
    assert untimed(whole) == untimed(search(make_pipeline("hog_svm"), clips_table(), GRID, **options))


def test_rows_that_some_candidate_cannot_describe_are_left_out_for_all(X):
    landmarks = X["landmarks"].copy()
    landmarks[4] = np.nan
    label, subject = X["label"].copy(), X["subject"].copy()
    label[7], subject[9] = -1, -1
    gaps = Samples.from_arrays(images=X["images"], landmarks=landmarks, label=label, subject=subject)
    found = search(make_pipeline("hog_svm"), gaps, {"align__method": ["none", "procrustes"]}, cv="2fold")
    assert found.left_out == {"landmarks missing": 1, "subject unknown": 1}
    assert not {4, 7, 9} & set(found.rows.tolist())


def test_only_the_official_training_part_chooses(X):
    table = X.with_columns(split=np.where(X["subject"] < 4, "train", "test"))
    found = search(make_pipeline("landmarks_svm"), table, {"classifier__C": [1, 10]}, cv="2fold")
    assert set(table["split"][found.rows]) == {"train"}


def test_votes_and_classifiers_with_two_steps_are_searched(X):
    grid = {"hog_svm__classifier__C": [1, 10], "landmarks_lda__classifier__shrinkage": [0.1, 0.9]}
    found = search(make_pipeline("hog_svm+landmarks_lda"), X, grid, cv="2fold")
    assert found.described == 2 * len(X)
    assert len(found.table) == 4


@pytest.mark.parametrize("classifier", ["svm", "linear", "krr", "logreg", "lda", "xgb", "hgb"])
def test_sharing_scaled_features_changes_no_prediction(X, classifier):
    model = make_pipeline(f"landmarks_{classifier}")
    name, values = next(iter(default_grid(f"landmarks_{classifier}").items()))
    found = search(model, X, {name: values[:2], "features__scale": ["column", "block"]}, cv="3fold")
    for _, line in found.table.iterrows():
        one = make_pipeline(f"landmarks_{classifier}", **{name: line[name], "features__scale": line["features__scale"]})
        folds = evaluate(one, X, "3fold").scores["folds"]
        assert line["mean"] == pytest.approx(np.mean([fold["accuracy"] for fold in folds]))


@pytest.mark.parametrize("name", ["hog_svm", "lbpdiff_xgb", "landmarks_lda", "flow_linear", "hog_lbp_svm", "gabor_hgb"])
def test_default_grids_name_parameters_that_exist(name):
    grid = default_grid(name)
    model = make_pipeline(name)
    assert set(grid) <= set(model.get_params())
    for params in list_candidates(grid, "grid", None, 0):
        model.set_params(**params)


def test_presets_keep_their_features_and_votes_have_no_default_grid():
    alone = [name for name in PRESETS if "+" not in PRESETS[name].name]
    assert all(key.startswith("classifier__") for name in alone for key in default_grid(name))
    with pytest.raises(FerError, match="no default grid"):
        default_grid("best")


def test_drawn_candidates_are_different_ones_of_the_grid_and_the_same_for_a_seed():
    grid = {"b": [1, 2, 3], "a": ["x", (1, 2)], "c": list(range(10))}
    every = list_candidates(grid, "grid", None, 0)
    assert len(every) == 60
    assert every[0] == {"b": 1, "a": "x", "c": 0}
    assert every[1] == {"b": 1, "a": "x", "c": 1}
    drawn = list_candidates(grid, "random", 7, 3)
    assert drawn == list_candidates(grid, "random", 7, 3) != list_candidates(grid, "random", 7, 4)
    assert len(pd.DataFrame(drawn).astype(str).drop_duplicates()) == 7
    assert all(one in every for one in drawn)
    assert list_candidates(grid, "random", 1000, 0) == every


def test_candidates_are_judged_without_calibration_and_the_choice_has_it(X):
    fits = []

    class Counted(ClassifierMixin, BaseEstimator):
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

    for model in (CalibratedPipeline([("classifier", Counted())]), make_pipeline("hog_svm", classifier=Counted())):
        fits.clear()
        found = search(model, X, {"classifier__shift": [0, 1]}, cv="3fold")
        assert len(fits) == 6
        found.model.fit(X, X["label"])
        assert len(fits) == 6 + 1 + 5
