"""The learning curve: its end is the evaluation itself, its folds hold out the same rows, people stay whole."""

import numpy as np
import pytest

from fer_features import Samples, evaluate, make_pipeline
from fer_features.evaluation.learning_curve import DRAWS, learning_curve
from fer_features.samples.table import Info

from ..conftest import draw_clips


@pytest.fixture(scope="module")
def X():
    images, landmarks, label, subject = draw_clips(n_subjects=8)
    return Samples.from_arrays(images, landmarks, label, subject, info=Info(classes=("joy", "fear", "surprise")))


@pytest.mark.parametrize(("cv", "folds", "draws", "whole"), [("loso", 8, 1, 7), ("4fold", 4, DRAWS, 6)])
def test_its_end_is_the_evaluation(X, cv, folds, draws, whole):
    model = make_pipeline("landmarks_svm")
    result = evaluate(model, X, cv)
    curve = learning_curve(model, X, result.predictions, 3)
    assert (curve["unit"], curve["folds"], curve["draws"]) == ("subjects", folds, draws)
    assert curve["n"] == sorted(set(curve["n"]))
    assert curve["n"][-1] == whole
    assert curve["accuracy"][-1] == pytest.approx(result.accuracy)
    np.testing.assert_allclose(curve["ci95"][-1], result.scores["ci95"]["accuracy"], atol=0.03)
    assert curve == learning_curve(model, X, result.predictions, 3)


class Spy:
    """Notes what it is fitted to and judged on; says the first class."""

    def __init__(self, seen=None):
        self.seen = seen

    def fit(self, X, y):
        self.seen.append(["fit", set(np.asarray(X["subject"]).tolist()), len(X), set(np.asarray(y).tolist())])
        self.first = np.asarray(y)[0]
        return self

    def predict(self, X):
        self.seen[-1].append(set(np.asarray(X["subject"]).tolist()))
        return np.full(len(X), self.first)

    def get_params(self, deep=True):
        return {"seen": self.seen}

    def set_params(self, **params):
        return self

    def __sklearn_clone__(self):
        return Spy(self.seen)


def test_people_stay_whole_and_held_out(X):
    result = evaluate(make_pipeline("landmarks_svm"), X, "4fold", repeats=2)
    seen = []
    curve = learning_curve(Spy(seen), X, result.predictions, 3)
    assert len(seen) == 2 * DRAWS * 4  # of repeated folds the first
    assert {len(one[1]) for one in seen} == set(curve["n"][:-1])
    for _, learnt, n, classes, held_out in seen:
        assert not learnt & held_out
        assert n == 6 * len(learnt)
        assert classes == {0, 1, 2}


def test_rows_where_nobody_is_known(X):
    part = np.where(np.arange(len(X)) % 3, "train", "test")
    bare = Samples.from_arrays(landmarks=X["landmarks"], label=X["label"], split=part, info=X.info)
    model = make_pipeline("landmarks_svm")
    result = evaluate(model, bare)
    curve = learning_curve(model, bare, result.predictions, 4)
    assert curve["unit"] == "rows"
    assert curve["folds"] == 1
    assert curve["n"][-1] == (part == "train").sum()
    assert curve["accuracy"][-1] == pytest.approx(result.accuracy)
