"""Nested searches: no choice of an outer fold depends on its test subjects."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from fer_features import Samples, make_pipeline, search

from ..conftest import draw_clips
from .clips_table import clips_table


class SubjectRecorder(ClassifierMixin, BaseEstimator):
    """Keeps the subjects of its training and test samples, which must be different."""

    fits = []

    def __init__(self, value=0):
        self.value = value

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.subjects_ = set(X["subject"].tolist())
        return self

    def predict(self, X):
        test = set(X["subject"].tolist())
        assert not self.subjects_ & test
        SubjectRecorder.fits.append((self.value, frozenset(self.subjects_), frozenset(test)))
        return np.full(len(X), self.classes_[self.value % len(self.classes_)])


@pytest.mark.parametrize(("strategy", "n_iter"), [("grid", None), ("random", 4)])
def test_test_subjects_of_an_outer_fold_are_not_used_for_its_choice(strategy, n_iter):
    X = clips_table()
    SubjectRecorder.fits = []
    grid = {"value": list(range(6))}
    found = search(SubjectRecorder(), X, grid, cv="2fold", nested="3fold", strategy=strategy, n_iter=n_iter)
    subjects = set(X["subject"].tolist())
    outer = [frozenset(fold.subjects) for fold in found.nested.folds]
    assert frozenset().union(*outer) == subjects
    assert sum(map(len, outer)) == len(subjects)
    for fold in found.nested.folds:
        test = frozenset(fold.subjects)
        used = [train | validation for _, train, validation in SubjectRecorder.fits if validation != test]
        assert any(not one & test for one in used), "candidates were evaluated without the test subjects"
        final = [(value, train) for value, train, validation in SubjectRecorder.fits if validation == test]
        assert (fold.best_params["value"], subjects - test) in final
    assert found.nested.score == pytest.approx(np.mean([fold.accuracy for fold in found.nested.folds]))
    assert found.nested.optimism == pytest.approx(found.best_score - found.nested.score)
    assert len(found.table) == (n_iter or 6)


def test_shuffled_labels_show_the_optimism_of_the_selection():
    _, landmarks, label, subject = draw_clips(n_subjects=10, per_class=4, seed=5)
    label = np.random.default_rng(0).permutation(label)
    X = Samples.from_arrays(landmarks=landmarks, label=label, subject=subject)
    grid = {"classifier__C": [0.1, 1, 10, 100], "classifier__gamma": [0.03, 0.3, 3.0]}
    found = search(make_pipeline("landmarks_svm"), X, grid, cv="3fold", nested="3fold")
    assert abs(found.nested.pooled.accuracy - 1 / 3) < 0.12
    assert found.best_score >= found.nested.score
    assert "optimism (selection bias)" in str(found)


def test_searches_without_outer_folds_warn_of_optimism():
    found = search(make_pipeline("landmarks_lda"), clips_table(), {"classifier__shrinkage": [0.1, 0.9]}, cv="2fold")
    assert found.nested is None
    assert "the score of the selection is optimistic; nested='5fold' estimates" in str(found)
    assert found.summarize().nested is None
