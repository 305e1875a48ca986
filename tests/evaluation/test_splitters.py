"""Splitters of scikit-learn as protocols."""

import numpy as np
import pytest
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    LeaveOneOut,
    RepeatedKFold,
    ShuffleSplit,
    StratifiedShuffleSplit,
)

from fer_features import FerError, Samples, make_pipeline
from fer_features.evaluation import choose_protocol, evaluate_pipeline
from fer_features.evaluation.learning_curve import learning_curve_of

from ..conftest import draw_clips

MODEL = make_pipeline("landmarks_lda", calibration_cv=0)


@pytest.fixture(scope="module")
def X():
    _, landmarks, label, subject = draw_clips(n_subjects=6, seed=3)
    return Samples.from_arrays(landmarks=landmarks, label=label, subject=subject)


def folds_of(result):
    return [set(rows["sample"]) for _, rows in result.predictions.groupby("fold")]


def test_leave_one_group_out_equals_loso(X):
    result, loso = evaluate_pipeline(MODEL, X, cv=LeaveOneGroupOut()), evaluate_pipeline(MODEL, X, cv="loso")
    assert result.predictions.equals(loso.predictions)
    assert result.scores.metrics == loso.scores.metrics
    assert result.scores.protocol == "LeaveOneGroupOut(), grouped by subject"
    assert result.scores.leakage == ""


def test_group_k_fold_gets_the_subjects_as_groups(X):
    result = evaluate_pipeline(MODEL, X, cv=GroupKFold(3))
    expected = [set(test) for _, test in GroupKFold(3).split(X, X["label"], X.groups)]
    assert folds_of(result) == expected
    assert [fold.subjects for fold in result.scores.folds] == [
        tuple(sorted({int(X["subject"][i]) for i in test})) for test in expected
    ]
    assert result.scores.leakage == ""
    assert "grouped by subject" in result.scores.protocol


def test_an_integer_draws_stratified_folds_grouped_by_subject(X):
    result = evaluate_pipeline(MODEL, X, cv=3)
    assert result.predictions.equals(evaluate_pipeline(MODEL, X, cv="3fold").predictions)
    assert result.scores.protocol == "stratified 3-fold grouped by subject, seed 0"


def test_folds_that_mix_subjects_give_a_leakage_warning(X):
    result = evaluate_pipeline(MODEL, X, cv=KFold(3, shuffle=True, random_state=0))
    assert "6 subject(s) are in both training and evaluated samples" in result.scores.leakage
    assert result.scores.protocol == "KFold(n_splits=3, random_state=0, shuffle=True), NOT grouped by subject"
    assert "warning: 6 subject(s)" in str(result)
    assert "<strong>Warning:</strong> 6 subject(s)" in result._repr_html_()


def test_splitters_without_subjects_warn_of_unknown_subjects(X):
    unknown = X.with_columns(subject=np.full(len(X), -1))
    result = evaluate_pipeline(MODEL, unknown, cv=KFold(3, shuffle=True, random_state=0))
    assert "subjects are unknown" in result.scores.leakage
    with pytest.raises(FerError, match=r"cv GroupKFold\(.*\) cannot split these samples: .*groups"):
        evaluate_pipeline(MODEL, unknown, cv=GroupKFold(3))


def test_samples_that_a_splitter_evaluates_more_than_once_are_counted_once(X):
    result = evaluate_pipeline(MODEL, X, cv=ShuffleSplit(4, test_size=0.5, random_state=0))
    assert len(result.predictions) == 4 * len(X) // 2
    assert result.scores.metrics.n_samples == result.predictions["sample"].nunique() <= len(X)
    with pytest.raises(FerError, match="evaluate each sample once"):
        learning_curve_of(MODEL, X, result.predictions, 2)


def test_repeats_of_a_splitter_are_all_evaluated(X):
    result = evaluate_pipeline(MODEL, X, cv=RepeatedKFold(n_splits=2, n_repeats=2, random_state=0))
    assert (len(result.predictions), result.scores.metrics.n_samples) == (2 * len(X), len(X))


def test_folds_are_those_of_one_call_of_the_splitter(X):
    # Without a random state each call of `split` draws other folds.
    protocol = choose_protocol(KFold(3, shuffle=True), X.label_codes, X["subject"])
    first, second = (list(protocol.split(X.label_codes, X["subject"])) for _ in range(2))
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(first, second, strict=True))


class EmptyFold:
    def split(self, X, y=None, groups=None):
        yield np.arange(len(X)), np.arange(0)


def test_descriptions_of_splitters_are_one_line_and_reproducible(X):
    # scikit-learn breaks the representation of splitters with many parameters into lines.
    name = choose_protocol(StratifiedShuffleSplit(3, random_state=0), X.label_codes, X["subject"]).name
    assert name.startswith("StratifiedShuffleSplit(n_splits=3, random_state=0")
    assert "\n" not in name

    class Half:
        def split(self, X, y=None, groups=None):
            yield np.arange(0, len(X), 2), np.arange(1, len(X), 2)

    assert choose_protocol(Half(), X.label_codes, X["subject"]).name == "Half"


@pytest.mark.parametrize(
    ("cv", "n_repeats", "message"),
    [
        (EmptyFold(), 1, "cv EmptyFold gives an empty fold"),
        (KFold(99), 1, "cannot split these samples"),
        ([(np.arange(10), np.arange(9, 20))], 1, "evaluates samples on which it trains"),
        ([(np.arange(10), np.arange(10, 99))], 1, "was made for other samples"),
        ([(np.arange(10), -np.arange(1, 9))], 1, "positions of training and of test samples"),
        ([(np.arange(24) < 9, np.arange(24) >= 9)], 1, "positions of training and of test samples"),
        ([1, 2], 1, "cv is of type list"),
        (0.2, 1, "cv is of type float"),
        (LeaveOneOut(), 2, "n_repeats goes with named protocols"),
    ],
)
def test_splitters_that_cannot_be_used_are_refused_in_one_line(X, cv, n_repeats, message):
    with pytest.raises(FerError, match=message) as error:
        evaluate_pipeline(MODEL, X, cv, n_repeats=n_repeats)
    assert "\n" not in str(error.value)
