"""Results depend on which samples belong to the same subject, not on the names of the subjects."""

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold

from fer_features import Samples, check, compare, evaluate, make_pipeline, search
from fer_features.evaluation.cross_validation import evaluate_pipeline
from fer_features.evaluation.learning_curve import learning_curve_of
from fer_features.samples.fingerprint import fingerprint

from ..conftest import draw_clips

#: Names of the subjects 0 to 6, whose sorted order, as numbers and as text, differs.
NAMES = {
    "reversed": [6, 5, 4, 3, 2, 1, 0],
    "sparse": [1000, 3, 20, 100, 1, 30, 7],
    "text": ["z", "B", "10", "9", "a", "ü", "x y"],
}
MODEL = make_pipeline("landmarks_linear")
CHECK_OPTIONS = {"n_permutations": 9, "max_samples": 30}


def table(names=range(7)):
    _, landmarks, label, subject = draw_clips(n_subjects=7, seed=2)
    landmarks = landmarks + np.random.default_rng(2).normal(0, 1.5, landmarks.shape)  # errors are needed
    return Samples.from_arrays(landmarks=landmarks, label=label, subject=[names[s] for s in subject])


@pytest.fixture(scope="module")
def X():
    return table()


@pytest.fixture(scope="module")
def checks(X):
    """The checks of the subjects with the names 0 to 6."""
    return check(MODEL, X, **CHECK_OPTIONS)


@pytest.fixture(params=NAMES, scope="module")
def renamed(request):
    return table(NAMES[request.param])


def without_names(metrics):
    return {**vars(metrics), "per_subject": sorted(metrics.per_subject.values())}


@pytest.mark.parametrize("cv", ["loso", "3fold", GroupKFold(3)])
def test_an_evaluation_does_not_depend_on_names(X, renamed, cv):
    first, second = (evaluate_pipeline(MODEL, one, cv) for one in (X, renamed))
    assert 0 < first.accuracy < 1
    assert without_names(first.scores.metrics) == without_names(second.scores.metrics)
    for one, result in ((X, first), (renamed, second)):
        table_of_run = result.predictions
        accuracy = (table_of_run["true"] == table_of_run["predicted"]).groupby(table_of_run["subject"]).mean()
        assert result.scores.metrics.per_subject == {str(s): pytest.approx(a) for s, a in accuracy.items()}
        assert [set(fold.subjects) for fold in result.scores.folds] == [
            set(one["subject"][t["sample"]].tolist()) for _, t in result.predictions.groupby("fold")
        ]
    assert first.predictions.drop(columns="subject").equals(second.predictions.drop(columns="subject"))
    if cv == "3fold":
        curves = [learning_curve_of(MODEL, one, r.predictions, 2) for one, r in ((X, first), (renamed, second))]
        assert curves[0] == curves[1]


def test_a_search_does_not_depend_on_names(X, renamed, tmp_path):
    grid, options = {"classifier__C": [0.01, 1.0]}, {"cv": "3fold", "nested": "3fold"}
    first = search(MODEL, X, grid, journal=tmp_path / "journal", **options)
    second = search(MODEL, renamed, grid, journal=tmp_path / "journal", **options)
    assert (second.n_resumed, second.best_score) == (second.n_fits, first.best_score)
    assert without_names(first.nested.pooled) == without_names(second.nested.pooled)


def test_checks_do_not_depend_on_names(checks, renamed):
    assert [one.to_dict() for one in checks] == [one.to_dict() for one in check(MODEL, renamed, **CHECK_OPTIONS)]


def test_a_comparison_has_the_intervals_of_the_scores(renamed, tmp_path):
    runs = [evaluate(name, renamed, cv="3fold") for name in ("landmarks_linear", "landmarks_lda")]
    folders = [run.save(tmp_path / run.scores.pipeline) for run in runs]
    for found in (compare(runs), compare(folders)):
        for run in runs:
            assert found.accuracy[run.scores.pipeline] == (run.accuracy, *run.scores.metrics.ci95["accuracy"])


def test_the_fingerprint_is_that_of_the_loaded_table(X):
    split, label = np.array(["train"] * len(X)), X["label"].copy()
    split[::3], label[::3] = "test", -1
    partly = X.with_columns(split=split, label=label)
    assert evaluate_pipeline(MODEL, partly, "3fold").scores.data.fingerprint == fingerprint(partly)
