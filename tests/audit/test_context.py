"""Tests of what checks share: results as text and JSON, and the samples that checks use."""

import json

import numpy as np

from fer_features.audit.context import STATUSES, Check, CurveFigure
from fer_features.pipelines import make_pipeline

from .toy_audits import context_of, small_clips


def test_a_check_is_one_line_of_text():
    assert str(Check("name", "pass", "message")) == "pass    name: message"
    assert {len(str(Check("", status, "")).split(":")[0]) for status in STATUSES} == {8}


def test_a_check_is_ready_for_json_without_its_figure():
    check = Check("name", "warning", "message", {"n": 1}, CurveFigure((2, 4), (0.5, 0.75)))
    assert json.loads(json.dumps(check.to_dict())) == {
        "name": "name",
        "status": "warning",
        "message": "message",
        "details": {"n": 1},
    }


def test_complete_subjects_are_drawn_if_there_are_too_many_samples():
    X = small_clips()
    context = context_of(make_pipeline("landmarks_svm"), X, max_samples=20)
    assert len(context.label) == 18
    assert np.unique(context.subject, return_counts=True)[1].tolist() == [6, 6, 6]
    np.testing.assert_array_equal(context.label, X.label_codes[context.X.indices])
    np.testing.assert_array_equal(context.subject, X.groups[context.X.indices])


def test_at_least_two_subjects_are_drawn():
    context = context_of(make_pipeline("landmarks_svm"), small_clips(), max_samples=1)
    assert np.unique(context.subject, return_counts=True)[1].tolist() == [6, 6]


def test_samples_are_drawn_if_subjects_are_unknown():
    X = small_clips()
    context = context_of(make_pipeline("landmarks_svm"), X.with_columns(subject=np.full(len(X), -1)), max_samples=20)
    assert (len(context.label), context.subject) == (20, None)
    assert len(np.unique(context.units)) == 20


def test_folds_are_grouped_by_subject_unless_asked_otherwise():
    context = context_of(make_pipeline("landmarks_svm"), small_clips())
    folds = context.folds(10)
    assert len(folds) == 6  # not more folds than subjects
    for train, test in folds:
        assert not np.intersect1d(context.subject[train], context.subject[test]).size
    random = context.folds(4, grouped=False)
    assert len(random) == 4
    assert all(np.intersect1d(context.subject[train], context.subject[test]).size for train, test in random)
